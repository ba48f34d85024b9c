"""Rules within one table of a network file: keys that exclude, demand or bound each other.

Satellites     a catalogue number or a planned orbit; a planned orbit is complete
Payloads       a divergence or an aperture, never both
Fibre links    a declared rate, or everything that a rate is computed from
Demands        bits per day or a use in words
Receivers      pass bands of one station do not overlap; detectors fit the basis choice; a field of
               view or a fibre
Air            an aerosol or an exponent; the wind aloft or at the ground
Spans          stop after start; warning age below the largest age
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from groundstation.config.faults import Finding
from groundstation.config.locator import KeyPath
from groundstation.config.tables import Document, number_of, table_of, tables_of

DIVERGENCE_KEYS = ("divergence_urad", "divergence_definition")
APERTURE_KEYS = (
    "transmit_aperture_m",
    "transmit_obscuration",
    "beam_radius_m",
    "photon_number_reference",
)
COMPUTED_RATE_KEYS = ("length_km", "loss_db_per_km", "extra_loss_db", "terminals")
DETECTORS_OF = {"passive": 4, "active": 2}


def _one_orbit(document: Document) -> Iterator[Finding]:
    for index, table in tables_of(document, "satellites"):
        yield from _exactly_one(table, ("norad_cat_id", "planned_orbit"), ("satellites", index))
        if isinstance(table.get("planned_orbit"), dict):
            path: KeyPath = ("satellites", index, "planned_orbit")
            yield from _complete_orbit(table["planned_orbit"], path)


def _complete_orbit(orbit: Mapping[str, Any], path: KeyPath) -> Iterator[Finding]:
    if orbit.get("sun_synchronous") is True:
        for key in ("inclination_deg", "raan_deg"):
            if key in orbit:
                yield (*path, key), "follows from sun_synchronous = true; leave one of them out"
        if "local_time_ascending_node" not in orbit:
            yield (*path, "local_time_ascending_node"), "is missing for a sun-synchronous orbit"
        return
    if "inclination_deg" not in orbit:
        yield (*path, "inclination_deg"), "is missing for an orbit that is not sun-synchronous"
    yield from _exactly_one(orbit, ("raan_deg", "local_time_ascending_node"), path)


def _one_beam(document: Document) -> Iterator[Finding]:
    for index, table in tables_of(document, "satellites"):
        payload = table_of(table, "payload")
        given = [key for key in DIVERGENCE_KEYS if key in payload]
        others = [key for key in APERTURE_KEYS if key in payload]
        if given and others:
            yield (
                ("satellites", index, "payload", others[0]),
                f"excludes {given[0]}: a beam is given by its divergence or by its aperture",
            )


def _one_rate(document: Document) -> Iterator[Finding]:
    for index, table in tables_of(document, "fibre_links"):
        path: KeyPath = ("fibre_links", index)
        computed = [key for key in COMPUTED_RATE_KEYS[1:] if key in table]
        if "key_rate_bps" in table:
            for key in computed:
                yield (*path, key), "excludes key_rate_bps: a rate is declared or computed"
        elif not computed:
            yield (
                (*path, "key_rate_bps"),
                f"is missing; declare it, or give {', '.join(COMPUTED_RATE_KEYS)}",
            )
        else:
            for key in COMPUTED_RATE_KEYS:
                if key not in table:
                    yield (*path, key), "is missing; the key rate is computed from it"


def _one_amount(document: Document) -> Iterator[Finding]:
    for index, table in tables_of(document, "demands"):
        yield from _exactly_one(table, ("bits_per_day", "use"), ("demands", index))


def _separate_filters(document: Document) -> Iterator[Finding]:
    """A pass must find one receiver, not two."""
    for index, station in tables_of(document, "stations"):
        bands: list[tuple[int, float, float]] = []
        for place, table in tables_of(station, "receivers"):
            centre, width = (
                number_of(table, "wavelength_nm"),
                number_of(table, "filter_bandwidth_nm"),
            )
            if centre is None:
                continue
            half = 0.0 if width is None else width / 2.0
            for other, low, high in bands:
                if centre - half <= high and low <= centre + half:
                    yield (
                        ("stations", index, "receivers", place, "wavelength_nm"),
                        f"{centre:g} nm lies in the pass band of receivers[{other}]",
                    )
            bands.append((place, centre - half, centre + half))


def _detectors_fit(document: Document) -> Iterator[Finding]:
    holders: list[tuple[KeyPath, Mapping[str, Any]]] = [
        (("stations", index, "receivers", place), table)
        for index, station in tables_of(document, "stations")
        for place, table in tables_of(station, "receivers")
    ]
    holders += [
        (("fibre_links", index, "terminals"), table_of(table, "terminals"))
        for index, table in tables_of(document, "fibre_links")
    ]
    for path, holder in holders:
        detector = table_of(holder, "detector")
        choice, count = detector.get("basis_choice"), detector.get("count")
        wanted = DETECTORS_OF.get(choice) if isinstance(choice, str) else None
        if wanted is not None and isinstance(count, int) and count != wanted:
            yield (
                (*path, "detector", "count"),
                f"{count} is not {wanted}, which {choice} basis choice needs",
            )


def _one_field(document: Document) -> Iterator[Finding]:
    for index, station in tables_of(document, "stations"):
        for place, table in tables_of(station, "receivers"):
            path: KeyPath = ("stations", index, "receivers", place)
            yield from _at_most_one(table, ("field_of_view_urad", "fibre"), path)


def _one_air(document: Document) -> Iterator[Finding]:
    for index, station in tables_of(document, "stations"):
        air, turbulence = table_of(station, "atmosphere"), table_of(station, "turbulence")
        path: KeyPath = ("stations", index)
        yield from _at_most_one(air, ("aerosol", "angstrom_exponent"), (*path, "atmosphere"))
        winds = ("rms_wind_m_s", "ground_wind_m_s")
        yield from _at_most_one(turbulence, winds, (*path, "turbulence"))


def _at_most_one(
    table: Mapping[str, Any], keys: tuple[str, str], path: KeyPath
) -> Iterator[Finding]:
    if all(key in table for key in keys):
        yield (*path, keys[1]), f"excludes {keys[0]}: give one of them"


def _spans_run_forward(document: Document) -> Iterator[Finding]:
    for kind, key in (("satellites", "unavailable"), ("stations", "maintenance")):
        for index, holder in tables_of(document, kind):
            for place, table in tables_of(holder, key):
                start, stop = _instant_of(table, "start"), _instant_of(table, "stop")
                if start is None or stop is None or stop > start:
                    continue
                yield (
                    (kind, index, key, place, "stop"),
                    f"{stop.isoformat()} is not after start {start.isoformat()}",
                )


def _instant_of(table: Mapping[str, Any], key: str) -> datetime | None:
    value = table.get(key)
    return value if isinstance(value, datetime) and value.tzinfo is not None else None


def _ages_in_order(document: Document) -> Iterator[Finding]:
    policies = table_of(document, "policies")
    warn, most = (
        number_of(policies, "warn_elements_age_d"),
        number_of(policies, "max_elements_age_d"),
    )
    if warn is not None and most is not None and warn > most:
        yield (
            ("policies", "warn_elements_age_d"),
            f"{warn:g} d is above max_elements_age_d, {most:g} d",
        )


def _cables_in_order(document: Document) -> Iterator[Finding]:
    for index, station in tables_of(document, "stations"):
        span = table_of(station, "mount").get("azimuth_range_deg")
        if isinstance(span, list) and len(span) == 2 and not span[0] < span[1]:
            path = ("stations", index, "mount", "azimuth_range_deg")
            yield path, f"{span[0]} to {span[1]} does not ascend"


def _exactly_one(
    table: Mapping[str, Any], keys: tuple[str, str], path: KeyPath
) -> Iterator[Finding]:
    given = [key for key in keys if key in table]
    if len(given) == 2:
        yield (*path, keys[1]), f"excludes {keys[0]}: give one of them"
    elif not given:
        yield (*path, keys[0]), f"is missing; give it or {keys[1]}"


ALTERNATIVE_RULES: tuple[Callable[[Document], Iterator[Finding]], ...] = (
    _one_orbit,
    _one_beam,
    _one_rate,
    _one_amount,
    _separate_filters,
    _detectors_fit,
    _one_field,
    _one_air,
    _spans_run_forward,
    _ages_in_order,
    _cables_in_order,
)

"""A network made on the spot from an element file and a list of sites: geometry, no links."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from groundstation.catalogue import read_element_file
from groundstation.errors import ConfigError, Fault, UsageError
from groundstation.network import KeyPolicy, Network, Policies, Satellite, Station
from passes.mount import MountLimits
from passes.site import Site
from tle.elements import ElementSet

COLUMNS = ("name", "lat_deg", "lon_deg", "alt_m")
_LIMITS = {"lat_deg": (-90.0, 90.0), "lon_deg": (-180.0, 360.0), "alt_m": (-500.0, 9_000.0)}
_YEAR_S = 366.0 * 86_400.0


@dataclass(frozen=True, slots=True)
class AdHoc:
    """A network without payloads and the element sets that its satellites use."""

    network: Network
    sets: tuple[ElementSet, ...]


def adhoc_network(elements: Path, sites: Path, min_elevation_rad: float) -> AdHoc:
    """Every object of an element file over every site of a CSV file, day and night.

    Parameters
    ----------
    elements : any format of element sets; of several sets of one object all are kept
    sites : CSV with the columns name, lat_deg, lon_deg, alt_m
    min_elevation_rad : of every site

    Raises
    ------
    UsageError
        a file cannot be read
    ConfigError
        the sites have faults; all of them are listed
    ElementsError
        the element file has a bad record
    """
    try:
        sets = read_element_file(elements)
    except OSError as error:
        raise UsageError(f"cannot read {elements}: {error.strerror}") from error
    places = _read_sites(sites)
    stations = tuple(_station(place, min_elevation_rad) for place in places)
    network = Network(
        name="ad hoc",
        title=f"{elements.name} over {sites.name}",
        file=str(sites),
        folder=".",
        digest="",
        elements=(),
        default_night=None,
        satellites=tuple(_satellites(sets)),
        stations=stations,
        fibre_nodes=(),
        fibre_links=(),
        sites=(),
        demands=(),
        key=KeyPolicy("tight", 1e-9, 1e-15, "logm", 1.16),
        policies=Policies(
            min_elevation_rad=min_elevation_rad,
            max_sun_elevation_rad=math.pi / 2.0,
            max_range_m=None,
            min_contact_s=0.0,
            warn_elements_age_s=3.0 * 86_400.0,
            max_elements_age_s=_YEAR_S,
            horizon_nights=1,
            max_satellite_hops=0,
            max_fibre_hops=0,
        ),
    )
    return AdHoc(network, tuple(sets))


def _satellites(sets: Sequence[ElementSet]) -> list[Satellite]:
    """One satellite per catalogue number, named as its newest set is."""
    names = {e.norad_cat_id: e.name or str(e.norad_cat_id) for e in sets}
    return [
        Satellite(
            name=name,
            norad_cat_id=number,
            planned_orbit=None,
            transmitter=None,
            source=None,
            missing=(),
            setup_s=0.0,
            is_trusted=False,
            note="",
        )
        for number, name in names.items()
    ]


def _station(site: Site, min_elevation_rad: float) -> Station:
    return Station(
        name=site.name,
        title=site.name,
        site=site,
        receivers=(),
        atmosphere=None,
        missing=(),
        mount=MountLimits(),
        min_elevation_rad=min_elevation_rad,
        max_sun_elevation_rad=math.pi / 2.0,
        shifts=(),
        maintenance=(),
        setup_s=0.0,
        note="",
    )


def _read_sites(path: Path) -> list[Site]:
    """Sites of a CSV file; every fault with its line, value and limit."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            header = tuple(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    absent = [column for column in COLUMNS if column not in header]
    if absent:
        raise UsageError(
            f"{path.name} has no column {', '.join(absent)}", hint=f"columns {', '.join(COLUMNS)}"
        )
    faults: list[Fault] = []
    sites = [_site(path.name, line, row, faults) for line, row in rows]
    if not sites and not faults:
        faults.append(Fault(path.name, 2, "name", "there is no site in this file"))
    if faults:
        raise ConfigError(f"{path.name} has {len(faults)} faults", faults)
    return [site for site in sites if site is not None]


def _site(file: str, line: int, row: dict[str, str], faults: list[Fault]) -> Site | None:
    values = {}
    for column, (low, high) in _LIMITS.items():
        text = (row[column] or "").strip()
        try:
            values[column] = float(text)
        except ValueError:
            faults.append(Fault(file, line, column, f"{text!r} is not a number"))
            continue
        if not low <= values[column] <= high:
            faults.append(Fault(file, line, column, f"{text} is outside {low:g}..{high:g}"))
    name = (row["name"] or "").strip()
    if not name:
        faults.append(Fault(file, line, "name", "is empty"))
    if any(fault.line == line for fault in faults):
        return None
    return Site(
        name,
        math.radians(values["lat_deg"]),
        math.radians(values["lon_deg"]),
        values["alt_m"],
    )

"""One night from element sets to a checked plan; nothing is read or written."""

import hashlib
import importlib.metadata
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from groundstation import __version__
from groundstation.catalogue import Selection
from groundstation.errors import PlanError
from groundstation.export.pass_rows import whole_bits
from groundstation.network import Network
from groundstation.night.pass_names import KnownPass
from groundstation.night.span import night_span, reference_longitude_rad
from groundstation.night.survey import Survey, survey
from groundstation.night_records import NightOutcome, NightPass
from groundstation.plan.check import check_plan
from groundstation.plan.planner import make_plan
from groundstation.plan.records import Candidate, Plan
from groundstation.plan.sky_check import sky_faults

# Libraries whose numbers a plan depends on.
_LIBRARIES = ("numpy", "scipy", "sgp4", "skyfield", "skyfield-data", "astropy-iers-data")


def library_versions() -> tuple[tuple[str, str], ...]:
    """Name and version of every library that a plan's numbers depend on."""
    return tuple((name, importlib.metadata.version(name)) for name in _LIBRARIES)


def input_hash(network: Network, selection: Selection, night: str) -> str:
    """SHA-256 over everything that a night is computed from."""
    document = {
        "program": __version__,
        "libraries": dict(library_versions()),
        "network": network.digest,
        "night": night,
        "elements": {satellite.name: elements.digest for satellite, elements in selection.chosen},
        # Older sets decide how sure a pass is and whether a manoeuvre is suspected.
        "ageing": {name: repr(ageing) for name, ageing in selection.ageing.items()},
        "warnings": selection.warnings,
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def compute_night(
    network: Network,
    selection: Selection,
    night: str,
    *,
    now: datetime,
    known: Sequence[KnownPass] = (),
    progress: Callable[[str], None] | None = None,
) -> NightOutcome:
    """Passes, forecasts and plan of a night.

    Raises
    ------
    PlanError
        the independent checker finds that the plan cannot be carried out
    """
    nights = network.policies.horizon_nights
    start, stop = night_span(night, reference_longitude_rad(network), nights)
    seen = survey(network, selection, start, stop, known, progress)
    if progress is not None:
        progress("plan")
    orbits = {used.satellite: (used.line1, used.line2) for used in seen.elements}
    plan, warnings = _checked_plan(
        network,
        seen,
        orbits,
        night=night,
        nights=nights,
        plan_id=input_hash(network, selection, night)[:12],
    )
    return NightOutcome(
        night=night,
        start=start,
        stop=stop,
        generated=now,
        network=network,
        passes=seen.passes,
        skies=seen.skies,
        elements=seen.elements,
        ground_tracks=seen.ground_tracks,
        plan=plan,
        warnings=(*seen.warnings, *warnings),
        version=__version__,
        libraries=library_versions(),
    )


def _checked_plan(
    network: Network,
    seen: Survey,
    orbits: Mapping[str, tuple[str, str]],
    *,
    night: str,
    nights: int,
    plan_id: str,
) -> tuple[Plan, list[str]]:
    """A plan that the referee accepts, and a sentence for every pass that had to be left out.

    A contact that the referee's own orbit and Sun contradict is refused and the rest planned
    again: one pass at the edge of a limit must not cost the network its night.
    """
    remarks = [f"{sky.station}: {sky.remark}" for sky in seen.skies if sky.remark]
    bits = {item.pass_id: whole_bits(item) for item in seen.passes}
    candidates = {item.pass_id: _candidate(item) for item in seen.passes}
    warnings: list[str] = []
    while True:
        plan = make_plan(
            network,
            list(candidates.values()),
            night=night,
            nights=nights,
            plan_id=plan_id,
            remarks=remarks,
        )
        doubtful = sky_faults(plan, network, orbits)
        if not doubtful:
            break
        for pass_id, texts in doubtful.items():
            reason = f"refused by the independent check: {texts[0].removeprefix(f'{pass_id}: ')}"
            candidates[pass_id] = replace(candidates[pass_id], refusal=reason)
            warnings.append(f"{pass_id} {reason}")
    faults = check_plan(plan, network, orbits, bits, nights)
    if faults:
        raise PlanError(
            "the plan does not hold: " + "; ".join(faults),
            where=f"night {night}",
            hint="this is a defect of the program; keep the network file and report it",
        )
    return plan, warnings


def _candidate(item: NightPass) -> Candidate:
    return Candidate(
        pass_id=item.pass_id,
        satellite=item.satellite,
        station=item.station,
        aos=item.aos,
        los=item.los,
        windows=item.windows,
        key_bits=whole_bits(item),
        refusal=item.refusal,
    )

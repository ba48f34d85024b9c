"""One night from element sets to a checked plan; nothing is read or written."""

import hashlib
import importlib.metadata
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from groundstation import __version__
from groundstation.catalogue import Selection
from groundstation.instants import utc_text
from groundstation.network import Network
from groundstation.night.cloud_outlook import cloud_outlooks
from groundstation.night.crew_nights import worked_document
from groundstation.night.decision import Circumstances, Decision, decide
from groundstation.night.forecasts import with_forecasts
from groundstation.night.offering import NamedPass, Offering, offering_of
from groundstation.night.pass_names import KnownPass, fresh_name
from groundstation.night.span import night_span, reference_longitude_rad
from groundstation.night.survey import Survey, find_night_passes
from groundstation.night.weather_step import NightWeather
from groundstation.night_records import NightOutcome
from groundstation.permission.evaluate import permissions_digest
from groundstation.plan.solver.solve import Progress
from groundstation.plan_policy import PlanPolicy
from groundstation.results.calibration import DatedCalibration

# Libraries whose numbers a plan depends on.
_LIBRARIES = ("numpy", "scipy", "sgp4", "skyfield", "skyfield-data", "astropy-iers-data")


def library_versions() -> tuple[tuple[str, str], ...]:
    """Name and version of every library that a plan's numbers depend on."""
    return tuple((name, importlib.metadata.version(name)) for name in _LIBRARIES)


def input_hash(
    network: Network,
    selection: Selection,
    night: str,
    further: Mapping[str, Any] | None = None,
) -> str:
    """SHA-256 over everything that a night is computed from.

    Parameters
    ----------
    further : what only some nights depend on, by name, as JSON; what is empty is left out
    """
    document = {
        "program": __version__,
        "libraries": dict(library_versions()),
        "network": network.digest,
        "night": night,
        "elements": {satellite.name: elements.digest for satellite, elements in selection.chosen},
        # Older sets decide how sure a pass is and whether a manoeuvre is suspected.
        "ageing": {name: repr(ageing) for name, ageing in selection.ageing.items()},
        "warnings": selection.warnings,
        **{name: value for name, value in (further or {}).items() if value},
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def plan_hash(
    network: Network,
    selection: Selection,
    night: str,
    passes: Iterable[NamedPass],
    circumstances: Circumstances,
    frozen: Mapping[str, bool],
    weather_digest: str = "",
    calibration_id: str = "",
) -> str:
    """SHA-256 over everything that a plan is made from; its first 12 digits are the plan's id."""
    fresh = {item.pass_id: fresh_name(item.satellite, item.station, item.tca) for item in passes}
    previous = circumstances.previous
    further = {
        "names": {name: new for name, new in fresh.items() if name != new},
        "permissions": permissions_digest(circumstances.permissions),
        "outages": [[o.station, utc_text(o.start), o.reason] for o in circumstances.outages],
        "previous": "" if previous is None else previous.plan.plan_id,
        "frozen": dict(frozen),
        "weather": weather_digest,
        "calibration": calibration_id,
        "wishes": dict(sorted(circumstances.wishes.items())),
        "within": [utc_text(instant) for instant in circumstances.within or ()],
        "pools": sorted([*ends, bits] for ends, bits in circumstances.held.pools.items()),
        "pairs": dict(sorted(circumstances.held.pairs.items())),
        "worked": worked_document(circumstances.worked),
        # The goal may be another than that of the network file.
        "plan": "" if network.plan == PlanPolicy() else repr(network.plan),
    }
    return input_hash(network, selection, night, further)


def span_of(network: Network, night: str) -> tuple[datetime, datetime]:
    """First and last instant of a night with its horizon."""
    return night_span(night, reference_longitude_rad(network), network.policies.horizon_nights)


def compute_night(
    network: Network,
    selection: Selection,
    night: str,
    *,
    now: datetime,
    known: Sequence[KnownPass] = (),
    progress: Callable[[str], None] | None = None,
) -> NightOutcome:
    """Passes, forecasts and first plan of a night, without permissions, weather or results.

    Raises
    ------
    PlanError
        the independent checker finds that the plan cannot be carried out
    """
    report = progress or _silent
    report("passes")
    seen = find_night_passes(network, selection, *span_of(network, night), known)
    report("forecast")
    seen = with_forecasts(network, seen, night)
    report("plan")
    around = Circumstances(now)
    decision = decide_night(network, selection, night, seen, around)
    return outcome_of(network, night, now, seen, decision, around)


def decide_night(
    network: Network,
    selection: Selection,
    night: str,
    seen: Survey | Offering,
    circumstances: Circumstances,
    weather_digest: str = "",
    calibration_id: str = "",
    *,
    weather: NightWeather | None = None,
    calibration: DatedCalibration | None = None,
    progress: Progress | None = None,
) -> Decision:
    """The plan of a night's passes, under the id that its inputs give it.

    Parameters
    ----------
    weather, calibration : that the digest and the id stand for
    progress : told stage, value and bound while the solver runs
    """
    offered = seen
    if not isinstance(offered, Offering):
        offered = offering_of(network, offered, night, weather, calibration)
    passes = offered.passes
    return decide(
        network,
        offered,
        circumstances,
        night=night,
        span=span_of(network, night),
        identity=lambda frozen: plan_hash(
            network, selection, night, passes, circumstances, frozen, weather_digest, calibration_id
        )[:12],
        progress=progress,
    )


def outcome_of(
    network: Network,
    night: str,
    now: datetime,
    seen: Survey | Offering,
    decision: Decision,
    circumstances: Circumstances,
    weather: NightWeather | None = None,
) -> NightOutcome:
    """Passes and plan put together with the weather, as reports and files want them.

    An offering has no tracks: of its passes the outcome knows the chance of a clear sky only.
    """
    start, stop = span_of(network, night)
    return NightOutcome(
        night=night,
        start=start,
        stop=stop,
        generated=now,
        network=network,
        passes=seen.passes if isinstance(seen, Survey) else (),
        skies=seen.skies,
        elements=seen.elements,
        ground_tracks=seen.ground_tracks,
        plan=decision.plan,
        warnings=(*seen.warnings, *decision.warnings),
        version=__version__,
        libraries=library_versions(),
        difference=decision.difference,
        frozen=tuple(decision.frozen),
        permissions=circumstances.permissions.origins,
        clouds=cloud_outlooks(network, weather, start, stop),
        chances={} if isinstance(seen, Survey) else {p.pass_id: p.clear for p in seen.passes},
    )


def _silent(stage: str) -> None:
    """Say nothing about a stage."""

"""A night as the next run would plan it; nothing is fetched, written or remembered."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from groundstation.catalogue import read_element_files
from groundstation.errors import GroundStationError
from groundstation.network import Network
from groundstation.night.crew_nights import worked_document, worked_evenings
from groundstation.night.decision import Circumstances
from groundstation.night.freeze import Outage
from groundstation.night.gathering import (
    choose_elements,
    forecast_passes,
    plan_of_text,
    weather_digest,
)
from groundstation.night.key_levels import have_pools_changed, held_from, held_of_network
from groundstation.night.offering import Offering
from groundstation.night.outcome import decide_night, outcome_of, span_of
from groundstation.night.record_codec import encode
from groundstation.night.run import basis_of
from groundstation.night.shining import permission_documents, permissions_of_network
from groundstation.night.state import (
    carried_plan_id,
    known_passes,
    outages_of,
    plan_origin,
    plan_text,
)
from groundstation.night.station_batches import Asked, offering_in_batches
from groundstation.night.survey import Survey, find_night_passes
from groundstation.night.weather_step import NightWeather, night_weather
from groundstation.night.workers import is_large, processes_for
from groundstation.night_records import NightOutcome
from groundstation.plan.solver.solve import Progress
from groundstation.results.calibration_store import calibration_for
from tle.archive import stored_elements


def present_outcome(
    network: Network,
    night: str,
    db: Database | None,
    *,
    now: datetime,
    progress: Callable[[str], None],
    outages: tuple[Outage, ...] | None = None,
    within: tuple[datetime, datetime] | None = None,
    wishes: Mapping[str, bool] | None = None,
    time_limit_s: float | None = None,
    solving: Progress | None = None,
    is_free: bool = False,
    only_plan: bool = False,
    warn: Callable[[str], None] | None = None,
) -> NightOutcome:
    """Passes, forecasts and plan of a night from what lies here.

    Parameters
    ----------
    db : the state for reading; None where there is none yet
    outages : instead of those on record
    within : first and last instant in which passes may rise; the whole night without it
    wishes : passes that must (True) or must not be taken
    time_limit_s : of the solver; without, the same night gives the same plan [s]
    solving : told stage, value and bound while the solver runs
    is_free : nothing is frozen: the plan is made as if none were published
    only_plan : the passes themselves are not wanted: those of a large network are not kept
    warn : told what is degraded on the way to the plan, weather and key, which the plan itself does
        not say
    """
    progress("elements")
    sets = read_element_files(network) + (stored_elements(db) if db is not None else [])
    selection = choose_elements(network, sets, night)
    span = span_of(network, night)
    progress("weather")
    weather, doubts = _weather(network, night, db, now)
    progress("passes")
    held_id = None if db is None or is_free else carried_plan_id(db, night, span[0], now)
    text = plan_text(db, held_id) if db is not None and held_id else None
    held = None if text is None else plan_of_text(text)
    permissions = permissions_of_network(
        network, permission_documents(network), now, None if held is None else held.plan
    )
    known = () if db is None else known_passes(db, *span)
    calibration = calibration_for(db, night)
    seen: Survey | Offering
    if only_plan and is_large(network):
        asked = Asked(known, permissions, night, calibration, weather)
        seen = offering_in_batches(
            network, selection, *span, asked, processes=processes_for(network)
        )
        progress("forecast")
    else:
        found = find_night_passes(network, selection, *span, known, permissions)
        progress("forecast")
        seen = forecast_passes(network, found, night, calibration, weather)
    progress("plan")
    if outages is None:
        outages = () if db is None else outages_of(db, night)
    seen = seen if within is None else seen.between(*within)
    key, low = held_of_network(network)
    if warn is not None:
        for sentence in dict.fromkeys((*doubts, *low)):
            warn(sentence)
    worked = worked_evenings(network, db, night)
    around = Circumstances(now, held, outages, permissions, held=key, worked=worked)
    origin = None if db is None or is_free else plan_origin(db, held_id)
    # What a run has published rests on whole passes; without them nothing tells whether they
    # changed, and the plan is made anew, frozen like any other.
    is_same = isinstance(seen, Survey) and origin is not None
    if is_same and origin is not None:
        is_same = origin.basis == basis_of(
            network, night, _digest(seen), outages
        ) and origin.inputs.get("worked", {}) == worked_document(worked)
    if is_same and origin is not None and held is not None:
        then = held_from(origin.inputs.get("held"))
        is_same = not have_pools_changed(network, held.plan, then, key, now)
    if db is not None and origin is not None and is_same:
        # Nothing changed: the plan is that of the run which made it, whatever the hour.
        before = plan_text(db, origin.previous) if origin.previous else None
        previous = None if before is None else plan_of_text(before)
        around = Circumstances(
            origin.run_at,
            previous,
            outages,
            permissions,
            held=held_from(origin.inputs.get("held")),
            worked=worked,
        )
    around = replace(around, wishes=dict(wishes or {}), within=within, time_limit_s=time_limit_s)
    name = "" if calibration is None else str(calibration.calibration_id)
    decision = decide_night(
        network,
        selection,
        night,
        seen,
        around,
        weather_digest(weather),
        name,
        weather=weather,
        calibration=calibration,
        progress=solving,
    )
    return outcome_of(network, night, now, seen, decision, around, weather)


def _digest(value: object) -> str:
    """SHA-256 of what would be kept of a record."""
    return hashlib.sha256(encode(value)).hexdigest()


def _weather(
    network: Network, night: str, db: Database | None, now: datetime
) -> tuple[NightWeather | None, tuple[str, ...]]:
    """The weather with its doubts; a night without it is degraded and not dead."""
    start, stop = span_of(network, night)
    try:
        weather = night_weather(network, db, start, stop, now=now, offline=True)
    except (GroundStationError, OSError, ValueError) as error:
        return None, (f"no weather: {error}",)
    return weather, weather.warnings

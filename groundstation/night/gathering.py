"""The steps that look at the world: elements, weather, passes with their permission, forecasts."""

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from groundstation.catalogue import Selection, select_elements
from groundstation.errors import GroundStationError
from groundstation.instants import utc_text
from groundstation.network import Network
from groundstation.night.decision import PreviousPlan, previous_plan
from groundstation.night.forecasts import with_forecasts
from groundstation.night.newer_elements import gather_elements
from groundstation.night.outcome import span_of
from groundstation.night.pass_names import KnownPass
from groundstation.night.pass_weather import attach_weather
from groundstation.night.record_codec import decode, encode
from groundstation.night.run import NightRun
from groundstation.night.selection_record import selection_bytes, selection_from
from groundstation.night.shining import permission_documents, permissions_of_network
from groundstation.night.span import night_span, reference_longitude_rad
from groundstation.night.state import (
    carried_plan_id,
    known_passes,
    plan_text,
    remember_passes,
)
from groundstation.night.steps import Step
from groundstation.night.survey import Survey, find_night_passes
from groundstation.night.weather_step import NightWeather, night_weather, replayed_weather
from groundstation.permission.evaluate import permissions_digest
from groundstation.results.calibration import DatedCalibration
from groundstation.results.calibration_store import calibration_for, update_calibration
from groundstation.results.errors import ResultError
from tle.elements import ElementSet


def make_elements(run: NightRun) -> None:
    """Fetch, read and choose the element set of every satellite."""
    sets, warnings = gather_elements(
        run.network,
        run.db,
        now=run.now,
        clock=run.clock,
        offline=run.request.offline,
        is_present=run.request.is_present,
    )
    run.warnings += warnings
    numbers = {s.norad_cat_id for s in run.network.satellites if s.norad_cat_id is not None}
    mine = {e.digest: e for e in sets if e.norad_cat_id in numbers}
    run.make(
        Step.ELEMENTS,
        run.hash_of("elements", sorted(mine)),
        lambda: selection_bytes(choose_elements(run.network, list(mine.values()), run.night)),
    )


def choose_elements(network: Network, sets: list[ElementSet], night: str) -> Selection:
    """The sets that a night uses, chosen for its middle."""
    return select_elements(network, sets, middle_of(network, night))


def middle_of(network: Network, night: str) -> datetime:
    """The instant for which a night's element sets are chosen."""
    start, stop = night_span(
        night, reference_longitude_rad(network), network.policies.horizon_nights
    )
    return start + (stop - start) / 2


def make_weather(run: NightRun) -> None:
    """Collect the weather; a night without it is degraded and not dead."""
    start, stop = span_of(run.network, run.night)
    try:
        run.weather = night_weather(
            run.network,
            run.db,
            start,
            stop,
            now=run.now,
            offline=run.request.offline,
            clock=run.clock,
        )
    except (GroundStationError, OSError, ValueError) as error:
        run.warnings.append(f"no weather: {error}")
    weather = run.weather
    run.make(
        Step.WEATHER,
        run.hash_of("weather", "" if weather is None else weather.digest),
        lambda: encode(_weather_record(run, weather)),
    )
    run.warnings += () if weather is None else weather.warnings


def _weather_record(run: NightRun, weather: NightWeather | None) -> dict[str, Any]:
    """What the weather is made from again: documents and the instant that ages count from."""
    documents = () if weather is None else weather.documents
    return {"documents": documents, "at": run.now}


def weather_from(network: Network, night: str, record: dict[str, Any]) -> NightWeather | None:
    """The weather of a record that the weather step made."""
    if not record["documents"]:
        return None
    start, stop = span_of(network, night)
    return replayed_weather(network, record["documents"], start, stop, now=record["at"])


def weather_of(run: NightRun) -> NightWeather | None:
    """The weather of the step's output, so that replay sees the same."""
    if run.weather is None:
        run.weather = weather_from(run.network, run.night, run.output(Step.WEATHER))
    return run.weather


def say_weather(run: NightRun) -> None:
    """Warn of what is doubtful in weather that an earlier run has stored."""
    weather = weather_of(run)
    run.warnings += () if weather is None else weather.warnings


def weather_digest(weather: NightWeather | None) -> str:
    """What a plan depends on; "" where no weather is known."""
    return "" if weather is None or not weather.records else weather.digest


def make_passes(run: NightRun) -> None:
    """Find the passes, cut to the permission that their links have now."""
    network, span = run.network, span_of(run.network, run.night)
    documents = permission_documents(network)
    held = held_plan(run)
    permissions = permissions_of_network(
        network, documents, run.now, None if held is None else held.plan
    )
    known = known_passes(run.db, *span)
    selection_hash, digest = run.outputs[Step.ELEMENTS], permissions_digest(permissions)
    passes: list[Survey] = []

    def inputs(names: tuple[KnownPass, ...]) -> str:
        return run.hash_of("passes", selection_hash, digest, names_digest(names))

    def work() -> bytes:
        selection = selection_from(run.output(Step.ELEMENTS), network)
        passes.append(find_night_passes(network, selection, *span, known, permissions))
        kept = {
            "known": run.store.keep(encode(known)),
            "documents": run.store.keep(encode(documents)),
            "previous": "" if held is None else held.plan.plan_id,
            # Ages of permissions count from here; without any the instant would say nothing.
            "at": run.now if documents else None,
        }
        return encode({"seen": passes[0], "permissions": permissions, "kept": kept})

    def settle() -> str:
        remember_passes(run.db, passes[0].passes)
        return inputs(known_passes(run.db, *span))

    run.make(Step.PASSES, inputs(known), work, settle)


def held_plan(run: NightRun) -> PreviousPlan | None:
    """The plan that people hold now, of this night or of an earlier one that still runs."""
    start, _ = span_of(run.network, run.night)
    return stored_plan(run, carried_plan_id(run.db, run.night, start, run.now))


def stored_plan(run: NightRun, plan_id: str | None) -> PreviousPlan | None:
    """A plan with its span, by its id."""
    text = plan_text(run.db, plan_id) if plan_id else None
    return None if text is None else plan_of_text(text)


def plan_of_text(text: str) -> PreviousPlan:
    """A plan with its span, from its document."""
    return previous_plan(json.loads(text))


def names_digest(known: tuple[KnownPass, ...]) -> str:
    """SHA-256 over known passes."""
    lines = (
        f"{item.pass_id} {item.satellite} {item.station} {utc_text(item.aos)} {utc_text(item.los)}"
        for item in known
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def make_forecast(run: NightRun) -> None:
    """Forecast light, counts and key of every pass, with the weather beside them."""
    weather, calibration = weather_of(run), calibration_of(run)

    def work() -> bytes:
        seen = run.output(Step.PASSES)["seen"]
        return encode(forecast_passes(run.network, seen, run.night, calibration, weather))

    name = "" if calibration is None else calibration.calibration_id
    run.make(
        Step.FORECAST,
        run.hash_of("forecast", run.outputs[Step.PASSES], weather_digest(weather), name),
        work,
    )


def forecast_passes(
    network: Network,
    seen: Survey,
    night: str,
    calibration: DatedCalibration | None,
    weather: NightWeather | None,
) -> Survey:
    """Passes with light, counts and key, and with the chance of a clear sky where one is known."""
    seen = with_forecasts(network, seen, night, calibration)
    if weather is None or not weather.records:
        return seen
    return replace(seen, passes=attach_weather(seen.passes, weather, network))


def calibration_of(run: NightRun) -> DatedCalibration | None:
    """The calibration in force, after what is newly recorded was fitted."""
    if run.calibration is None:
        try:
            update_calibration(run.db, now=run.now)
            run.calibration = calibration_for(run.db, run.night)
        except ResultError as error:
            run.warnings.append(f"results are not used: {error}")
    return run.calibration


def known_of(data: bytes) -> tuple[KnownPass, ...]:
    """Known passes that the passes step kept."""
    known: tuple[KnownPass, ...] = decode(data)
    return known

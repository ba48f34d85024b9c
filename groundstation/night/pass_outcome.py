"""One pass as its report wants it, from what lies here; nothing is fetched, written or planned."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

from sqlite_utils import Database

from groundstation import __version__
from groundstation.catalogue import read_element_files
from groundstation.errors import GroundStationError, UsageError
from groundstation.export.plan_document import plan_from_document
from groundstation.network import Network
from groundstation.night.cloud_outlook import cloud_outlooks
from groundstation.night.gathering import choose_elements, forecast_passes
from groundstation.night.issue import constants_for
from groundstation.night.link_detail import LinkDetail, link_detail
from groundstation.night.links import security_of
from groundstation.night.outcome import library_versions, span_of
from groundstation.night.shining import permission_documents, permissions_of_network
from groundstation.night.span import night_of, reference_longitude_rad
from groundstation.night.state import current_plan_id, known_passes, plan_text
from groundstation.night.survey import find_night_passes
from groundstation.night.weather_step import NightWeather, night_weather
from groundstation.night_records import NightPass
from groundstation.pass_records import PassDecision, PassLight, PassOutcome
from groundstation.plan.records import Plan
from groundstation.results.calibration import DatedCalibration
from groundstation.results.calibration_store import calibration_for
from groundstation.results.store import RecordedResult, has_results, results_of
from groundstation.suggest import did_you_mean
from passes.forecast import slot_s
from tle.archive import stored_elements

_STAMP = re.compile(r"-(\d{8}T\d{4})(?:-\d+)?$")


def pass_outcome(
    network: Network, pass_id: str, db: Database | None, *, now: datetime, night: str | None = None
) -> PassOutcome:
    """Geometry, light, weather, decision and result of one pass.

    Parameters
    ----------
    db : the state for reading; None where there is none yet
    night : date of its evening; that of the stamp in the pass id without it

    Raises
    ------
    UsageError
        there is no such pass; the nearest one is suggested
    """
    instant = _instant_in(pass_id, network)
    evening = night or night_of(instant, reference_longitude_rad(network))
    one = _network_of_pass(network, pass_id)
    span = span_of(network, evening)
    sets = read_element_files(network) + (stored_elements(db) if db is not None else [])
    selection = choose_elements(one, sets, evening)
    # Of a pass that is over, what was known when it began: today's forecasts say nothing of it.
    weather = _weather(network, db, span, min(now, instant))
    plan = _published(db, evening)
    permissions = permissions_of_network(one, permission_documents(one), now, plan)
    known = () if db is None else known_passes(db, *span)
    seen = find_night_passes(one, selection, *span, known, permissions)
    passes = {item.pass_id: item for item in seen.passes}
    if pass_id not in passes:
        raise UsageError(
            f"no pass {pass_id!r} in the night {evening}{did_you_mean(pass_id, passes)}",
            where=network.file,
            hint=f"groundstation passes --night {evening}",
        )
    calibration = calibration_for(db, evening)
    chosen = replace(seen, passes=(passes[pass_id],))
    chosen = forecast_passes(one, chosen, evening, calibration, weather)
    item = chosen.passes[0]
    clouds = cloud_outlooks(one, weather, *span)
    return PassOutcome(
        network=one,
        night=evening,
        generated=now,
        night_pass=item,
        elements=next(e for e in seen.elements if e.satellite == item.satellite),
        light=_light(one, item, evening, calibration),
        decision=None if plan is None else _decision(plan, item),
        cloud=next(iter(clouds), None),
        result=_result(db, evening, item),
        calibration_id="" if calibration is None else str(calibration.calibration_id),
        warnings=_warnings(chosen.warnings, weather, item),
        version=__version__,
        libraries=library_versions(),
    )


def _instant_in(pass_id: str, network: Network) -> datetime:
    """The minute in a pass id: that of the highest elevation when it was first seen."""
    found = _STAMP.search(pass_id)
    try:
        # A text without a stamp is not even tried: "" is no instant.
        stamp = "" if found is None else found.group(1)
        return datetime.strptime(stamp, "%Y%m%dT%H%M").replace(tzinfo=UTC)
    except ValueError as error:
        raise UsageError(
            f"{pass_id!r} is no pass id like {_like(network)}", hint="groundstation passes"
        ) from error


def _like(network: Network) -> str:
    satellite = next((s.name for s in network.satellites), "SATELLITE")
    station = next((s.name for s in network.stations), "STATION")
    return f"{satellite}-{station}-20260614T2043"


def _network_of_pass(network: Network, pass_id: str) -> Network:
    """The network with the satellite and the station of a pass alone."""
    ends = [
        (satellite, station)
        for satellite in network.satellites
        for station in network.stations
        if pass_id.startswith(f"{satellite.name}-{station.name}-")
    ]
    if not ends:
        near = did_you_mean(
            _STAMP.sub("", pass_id),
            [f"{a.name}-{b.name}" for a in network.satellites for b in network.stations],
        )
        raise UsageError(
            f"no satellite and station of the network have the pass {pass_id!r}{near}",
            where=network.file,
            hint="groundstation passes",
        )
    # A name may be the beginning of another one.
    satellite, station = max(ends, key=lambda pair: len(pair[0].name) + len(pair[1].name))
    return replace(network, satellites=(satellite,), stations=(station,))


def _weather(
    network: Network, db: Database | None, span: tuple[datetime, datetime], now: datetime
) -> NightWeather | None:
    try:
        return night_weather(network, db, *span, now=now, offline=True)
    except (GroundStationError, OSError, ValueError):
        return None


def _published(db: Database | None, night: str) -> Plan | None:
    """The plan that people hold for a night."""
    plan_id = None if db is None else current_plan_id(db, night)
    text = None if db is None or plan_id is None else plan_text(db, plan_id)
    return None if text is None else plan_from_document(json.loads(text))


def _decision(plan: Plan, item: NightPass) -> PassDecision:
    ends = {item.satellite, item.station}
    return PassDecision(
        plan_id=plan.plan_id,
        contact=next((c for c in plan.contacts if c.pass_id == item.pass_id), None),
        rejection=next((r for r in plan.rejections if r.pass_id == item.pass_id), None),
        relays=tuple(
            relay
            for relay in plan.carried
            if any(hop.satellite == item.satellite and ends & {hop.a, hop.b} for hop in relay.hops)
        ),
    )


def _light(
    network: Network, item: NightPass, night: str, calibration: DatedCalibration | None
) -> PassLight | None:
    if item.forecast is None:
        return None
    satellite, station = network.satellites[0], network.stations[0]
    constants = constants_for(calibration, satellite, station, night)
    detail = link_detail(
        item.pass_id,
        satellite,
        station,
        item.track,
        item.forecast,
        security_of(network.key),
        constants,
    )
    if detail is None:
        return None
    rates, seconds = item.forecast.rates, slot_s(item.track) * int(item.track.is_usable.sum())
    return PassLight(
        causes=detail.causes,
        qber_by_cause=detail.qber_by_cause(),
        steps=detail.waterfall,
        sent_pulses=detail.source.pulse_rate_hz * seconds,
        detected=float(detail.counted(rates.detected_hz)),
        signal=float(detail.counted(rates.signal_hz)),
        repeaterless_bits=detail.repeaterless_bits,
        terminal=_terminal(detail),
        remarks=detail.remarks,
    )


def _terminal(detail: LinkDetail) -> tuple[tuple[str, str], ...]:
    """Both ends of the link as a reader wants them."""
    sender, source, receiver = detail.transmitter, detail.source, detail.receiver
    detector = receiver.detector
    signal, decoy, vacuum = source.intensities
    shares = " / ".join(f"{100.0 * p:g}" for p in source.probabilities)
    return (
        ("Wavelength", f"{sender.wavelength_m * 1e9:g} nm"),
        ("Beam", sender.beam),
        ("Pointing jitter", f"{sender.pointing_jitter_rad * 1e6:g} µrad per axis"),
        ("Pulses", f"{source.pulse_rate_hz / 1e6:g} MHz"),
        ("Intensities", f"{signal:g} / {decoy:g} / {vacuum:g} in {shares} %"),
        ("Telescope", f"{receiver.aperture_m:g} m"),
        ("Filter", f"{receiver.filter_bandwidth_m * 1e9:g} nm"),
        ("Detectors", f"{detector.count}, efficiency {100.0 * detector.efficiency:g} %"),
        ("Dark counts", f"{detector.dark_count_rate_hz:g} Hz each"),
        ("Gate", f"{detector.gate_s * 1e9:g} ns"),
    )


def _result(db: Database | None, night: str, item: NightPass) -> RecordedResult | None:
    if db is None or not has_results(db):
        return None
    found = results_of(db, start=night, stop=night, stations=[item.station])
    return next((r for r in found if r.result.pass_id == item.pass_id), None)


def _warnings(
    seen: tuple[str, ...], weather: NightWeather | None, item: NightPass
) -> tuple[str, ...]:
    """What is degraded of this pass; what is said of other stations has no place here."""
    clouds = () if weather is None else weather.warnings
    return tuple(
        dict.fromkeys([*seen, *(line for line in clouds if line.startswith(f"{item.station}:"))])
    )

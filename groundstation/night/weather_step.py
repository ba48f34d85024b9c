"""The weather of a night: forecasts and sensors in, joint scenarios and go or no-go out.

The rules it keeps:

1. One source or station that fails stops no other; what is degraded is said in `warnings`.
2. The documents that it returns are its whole input: `replayed_weather` makes the same scenarios
   from them, whatever was fetched since.
3. Unknown stays unknown: a station without weather is in no scenario, and says why.
4. Nothing is drawn but with the network file's seed and the date of the night.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from sqlite_utils import Database

from groundstation.network import Network
from groundstation.night.weather_choice import StationChoice, choose_weather
from groundstation.night.weather_gather import gather_weather
from groundstation.night.weather_inputs import WeatherInputs, documents_of, inputs_of
from groundstation.weather.drawn_nights import distance_correlation, draw_nights
from groundstation.weather.records import SECONDS_PER_HOUR, Weather, WeatherKind
from groundstation.weather.safety import Safety
from groundstation.weather.scenarios import Scenarios, joint_scenarios, members_drawn

# Answers about one model run that came within this span are taken for the same run.
_SAME_RUN_S = SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True, eq=False)
class NightWeather:
    """The weather of a night at all stations.

    Parameters
    ----------
    scenarios : worlds that may come true, for all stations whose weather is known
    records : station -> its weather with all members of its own source
    unknown : station -> why its weather is not known, one sentence
    safety : station -> go or no-go at `now`, from sensors and reports
    warnings : what is degraded, one sentence each; empty where no weather is configured
    documents : names and bytes of everything that was used, for `replayed_weather`
    digest : SHA-256 over what the scenarios were made from; the same for the same scenarios
    """

    scenarios: Scenarios
    records: Mapping[str, Weather]
    unknown: Mapping[str, str]
    safety: Mapping[str, Safety]
    warnings: tuple[str, ...]
    documents: tuple[tuple[str, bytes], ...]
    digest: str


def night_weather(
    network: Network,
    db: Database | None,
    start: datetime,
    stop: datetime,
    *,
    now: datetime,
    offline: bool,
    is_fetching: bool = True,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> NightWeather:
    """Fetch, collect and judge the weather of the span [start, stop].

    Parameters
    ----------
    db : the state, with its tables; writable unless `offline`; None where there is none yet
    now : the present, aware
    offline : nothing is asked over any network; what was fetched before counts while it is fresh
    is_fetching : False leaves the providers of forecasts alone; `db` may then be read-only
    clock : the real time; where `now` is another, only servers on this machine are asked
    """
    inputs = gather_weather(
        network, db, now=now, offline=offline, is_fetching=is_fetching, clock=clock
    )
    return _weather_of(network, inputs, start, stop, now)


def replayed_weather(
    network: Network,
    documents: Sequence[tuple[str, bytes]],
    start: datetime,
    stop: datetime,
    *,
    now: datetime,
) -> NightWeather:
    """The weather that `night_weather` made from these documents at the same `now`.

    Raises
    ------
    WeatherError
        the documents are not complete
    """
    return _weather_of(network, inputs_of(tuple(documents)), start, stop, now)


def _weather_of(
    network: Network, inputs: WeatherInputs, start: datetime, stop: datetime, now: datetime
) -> NightWeather:
    choices = choose_weather(network, inputs, start, stop, now=now)
    drawn = _drawn(network, choices, start, stop)
    records = {c.station: c.weather for c in choices if c.weather is not None} | drawn
    unknown = {
        c.station: "; ".join(c.reasons) or "no source of weather is configured for it"
        for c in choices
        if c.station not in records
    }
    scenarios = _scenarios(network, records, start)
    return NightWeather(
        scenarios=scenarios,
        records={s.name: records[s.name] for s in network.stations if s.name in records},
        unknown=unknown,
        safety={choice.station: choice.safety for choice in choices},
        warnings=_warnings(network, inputs, choices, unknown),
        documents=documents_of(inputs),
        digest=_digest(records, scenarios, start, stop),
    )


def _warnings(
    network: Network,
    inputs: WeatherInputs,
    choices: Sequence[StationChoice],
    unknown: Mapping[str, str],
) -> tuple[str, ...]:
    """What a reader must know; nothing where the network file and the state know no weather."""
    if not (network.weather.sources or inputs.inputs or inputs.notes):
        return ()
    warnings = list(inputs.notes)
    for choice in choices:
        if choice.station in unknown:
            warnings.append(f"{choice.station}: weather unknown: {unknown[choice.station]}")
        elif choice.climatology is not None and choice.reasons:
            warnings.append(
                f"{choice.station}: climatology in place of a forecast: {'; '.join(choice.reasons)}"
            )
        else:
            warnings += [f"{choice.station}: {reason}" for reason in choice.reasons]
        warnings += [f"{choice.station}: {gap}" for gap in choice.gaps]
    return tuple(dict.fromkeys(warnings))


def _drawn(
    network: Network, choices: Sequence[StationChoice], start: datetime, stop: datetime
) -> dict[str, Weather]:
    """Nights drawn together for all stations that have only a climatology."""
    chosen = [(c.station, c.climatology) for c in choices if c.climatology is not None]
    if not chosen:
        return {}
    sites = {station.name: station.site for station in network.stations}
    policy = network.weather
    return draw_nights(
        [climatology for _, climatology in chosen],
        distance_correlation(
            np.array([sites[name].latitude_rad for name, _ in chosen]),
            np.array([sites[name].longitude_rad for name, _ in chosen]),
            policy.correlation_length_m,
        ),
        _names(_world_count(network, choices)),
        start,
        stop,
        np.random.default_rng([policy.seed, start.toordinal(), 0]),
    )


def _world_count(network: Network, choices: Sequence[StationChoice]) -> int:
    """As many nights are drawn as the leading ensemble has members."""
    records = [c.weather for c in choices if c.weather is not None]
    leading = _leading(records)
    return network.weather.scenarios if not leading else len(leading[0].members)


def _scenarios(network: Network, records: Mapping[str, Weather], start: datetime) -> Scenarios:
    """The members of the ensemble that most stations share; others have no tie to them."""
    known = [records[s.name] for s in network.stations if s.name in records]
    drawn = [r for r in known if r.provenance.kind is WeatherKind.CLIMATOLOGY]
    computed = [r for r in known if r.provenance.kind is not WeatherKind.CLIMATOLOGY]
    together = _leading(computed)
    if not together and not drawn:
        together = _largest_run(computed)
    if not known:
        return Scenarios(("unknown",), {}, ())
    members = (together or drawn)[0].members
    rng = np.random.default_rng([network.weather.seed, start.toordinal(), 1])
    tied = {record.station for record in together}
    alone = [members_drawn(r, members, rng) for r in computed if r.station not in tied]
    renamed = [replace(record, members=members) for record in drawn]
    return joint_scenarios([*together, *renamed], _SAME_RUN_S, alone=alone)


def _leading(records: Sequence[Weather]) -> list[Weather]:
    """The records of the ensemble run that most stations share."""
    return _largest_run([r for r in records if r.provenance.kind is WeatherKind.ENSEMBLE])


def _largest_run(records: Sequence[Weather]) -> list[Weather]:
    """The records of one run that most stations share; the first of those that tie."""
    groups: list[list[Weather]] = []
    for record in records:
        group = next((g for g in groups if _is_same_run(g[0], record)), None)
        if group is None:
            groups.append([record])
        else:
            group.append(record)
    return max(groups, key=len, default=[])


def _is_same_run(first: Weather, other: Weather) -> bool:
    one, two = first.provenance, other.provenance
    apart_s = abs((one.retrieved_at - two.retrieved_at).total_seconds())
    return (
        first.members == other.members
        and one.source == two.source
        and one.issued_at == two.issued_at
        and (one.issued_at is not None or apart_s <= _SAME_RUN_S)
    )


def _names(count: int) -> tuple[str, ...]:
    return tuple(f"night {i:0{len(str(count))}d}" for i in range(1, count + 1))


def _digest(
    records: Mapping[str, Weather], scenarios: Scenarios, start: datetime, stop: datetime
) -> str:
    """Over span, stations, sources and the bytes behind them; the seed is in the network file."""
    rows = [
        [name, r.provenance.source, str(r.provenance.issued_at), r.provenance.sha256]
        for name, r in sorted(records.items())
    ]
    text = json.dumps([start.isoformat(), stop.isoformat(), rows, scenarios.independent])
    return hashlib.sha256(text.encode()).hexdigest()

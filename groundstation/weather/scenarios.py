"""Worlds that may come true tonight, for all stations at once.

- A scenario is one member at every station: member i here and member i there are the same weather.
- Records of one model run fit together; records of different runs, models or numbers of members do
  not, and are refused rather than paired by chance.
- A station without a forecast may be filled in by nights drawn from its climatology. Its weather is
  then independent of the others' and `independent` names it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from groundstation.weather.clear_line_of_sight import (
    CloudFreeModel,
    KauthPenquite,
    Sightline,
    clear_by_member,
)
from groundstation.weather.errors import WeatherError
from groundstation.weather.records import SECONDS_PER_HOUR, Floats, Weather, WeatherKind

_DEFAULT = KauthPenquite()


@dataclass(frozen=True, slots=True, eq=False)
class Scenarios:
    """Weather of the stations in the same worlds, all equally likely.

    Parameters
    ----------
    members : names of the worlds
    weather : station -> record with exactly these members
    independent : stations whose worlds have no tie to those of the others
    """

    members: tuple[str, ...]
    weather: Mapping[str, Weather]
    independent: tuple[str, ...]


def joint_scenarios(
    records: Sequence[Weather],
    most_apart_s: float = SECONDS_PER_HOUR,
    *,
    alone: Sequence[Weather] = (),
) -> Scenarios:
    """Join records of several stations whose members are the same worlds.

    Parameters
    ----------
    most_apart_s : between two retrievals of records that do not say which run they are of
    alone : records that have no tie to any other, brought to the same members by
        `members_drawn`; they are named as independent

    Raises
    ------
    WeatherError
        two records do not fit together
    """
    if not records and not alone:
        raise WeatherError("there is no weather to make scenarios of")
    is_drawn = [record.provenance.kind is WeatherKind.CLIMATOLOGY for record in records]
    drawn = [record for record, is_one in zip(records, is_drawn, strict=True) if is_one]
    computed = [record for record, is_one in zip(records, is_drawn, strict=True) if not is_one]
    first = (computed or drawn or list(alone))[0]
    for record in (*records, *alone):
        if record.members != first.members:
            raise WeatherError(
                f"{record.station} has {len(record.members)} members, {first.station} has "
                f"{len(first.members)} others: they are not the same worlds"
            )
    for record in computed:
        _check_same_run(first, record, most_apart_s)
    together = (*records, *alone)
    stations = [record.station for record in together]
    if len(set(stations)) != len(stations):
        raise WeatherError("a station has two records of weather")
    untied = [record.station for record in alone]
    untied += [record.station for record in drawn] if computed else []
    return Scenarios(first.members, {record.station: record for record in together}, tuple(untied))


def members_drawn(record: Weather, members: Sequence[str], rng: np.random.Generator) -> Weather:
    """A record with other members, each of which is one of its own, drawn without favour.

    Every own member is taken as often as every other, but for one; in which world it comes true is
    drawn, since it has no tie to the worlds of other stations.
    """
    rows = rng.permutation(len(record.members))
    rows = rng.permutation(np.resize(rows, len(members)))
    series = {quantity: values[rows] for quantity, values in record.series.items()}
    return replace(record, members=tuple(members), series=series)


def clear_in_scenarios(
    scenarios: Scenarios, sights: Sequence[Sightline], model: CloudFreeModel = _DEFAULT
) -> Floats:
    """Chance that a pass is clear in every scenario, shape (members, passes).

    NaN where the cover is not known; a station without any weather gives a column of NaN.
    """
    table = np.full((len(scenarios.members), len(sights)), np.nan)
    for column, sight in enumerate(sights):
        weather = scenarios.weather.get(sight.station)
        if weather is not None:
            table[:, column] = clear_by_member(sight, weather, model)
    return table


def _check_same_run(first: Weather, record: Weather, most_apart_s: float) -> None:
    one, other = first.provenance, record.provenance
    if one.source != other.source:
        raise WeatherError(
            f"{first.station} is of {one.source}, {record.station} of {other.source}: "
            "their members are not the same worlds"
        )
    if (one.issued_at is None) != (other.issued_at is None) or one.issued_at != other.issued_at:
        raise WeatherError(
            f"{first.station} and {record.station} are of different runs of {one.source}"
        )
    apart_s = abs((one.retrieved_at - other.retrieved_at).total_seconds())
    if one.issued_at is None and apart_s > most_apart_s:
        raise WeatherError(
            f"{first.station} and {record.station} were fetched {apart_s / SECONDS_PER_HOUR:.1f} h "
            f"apart (limit {most_apart_s / SECONDS_PER_HOUR:g}): the run may have changed"
        )

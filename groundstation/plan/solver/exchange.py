"""Reads instances of the exchange format `satqkd-sched/1` (JSON).

An instance is checked field by field before anything is computed from it; the message names the
place and the value. The format: passes with sifted counts, window cuts in normalised pass time,
limits, pools, fibres, demands.
"""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from groundstation.plan.solver.errors import InstanceError
from groundstation.plan.solver.instance import Instance, InstanceLimits

FORMAT = "satqkd-sched/1"
_MAX_INDEX = 2**31
# Whole micro-kilobits up to this many bits are exact in a double.
_MAX_BITS = 1e12
_MAX_SECONDS, _MAX_WEIGHT, _MAX_TELESCOPES = 1e9, 1e6, 1_000
# Tables of satellites x stations and of demands x periods are laid out in full.
_MAX_POOLS, _MAX_PERIODS = 10_000_000, 1_000


def parse_instance(path: Path) -> tuple[dict[str, Any], Instance]:
    """The document in a file (`-` for standard input) and the instance that it describes.

    Raises
    ------
    InstanceError : naming the first thing that is wrong
    """
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        document = json.loads(text)
    except OSError as error:
        raise InstanceError(
            f"cannot read the instance: {error.strerror}", where=str(path)
        ) from None
    except (ValueError, RecursionError) as error:
        raise InstanceError(f"the instance is not JSON: {error}", where=str(path)) from None
    try:
        return document, instance_from(document)
    except InstanceError as error:
        raise InstanceError(str(error), where=str(path)) from None


def instance_from(document: Any) -> Instance:
    """The instance of a parsed document, every number checked."""
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise InstanceError(f"reading an instance: its format is not {FORMAT!r}")
    for key in ("stations", "windows", "passes"):
        if key not in document:
            raise InstanceError(f"reading an instance: it has no {key}")
    satellites = int(_number(document, "satellites", most=_MAX_INDEX))
    stations = _rows(document, "stations", 4)
    count = len(stations)
    if satellites * count > _MAX_POOLS:
        raise InstanceError(
            f"reading satellites: {satellites} for {count} stations are more than "
            f"{_MAX_POOLS:,} pairs"
        )
    for i, row in enumerate(stations):
        if row[3] != int(row[3]) or not 1 <= row[3] <= _MAX_TELESCOPES:
            raise InstanceError(
                f"reading stations[{i}]: {row[3]:g} telescopes, a whole number from 1 to "
                f"{_MAX_TELESCOPES} is expected"
            )
    horizon_s = _number(document, "horizon_s", least=1.0, most=_MAX_SECONDS)
    period_s = _number(document, "period_s", least=1.0, most=_MAX_SECONDS)
    if horizon_s > _MAX_PERIODS * period_s:
        raise InstanceError(
            f"reading period_s: {period_s:g} s are below a {_MAX_PERIODS}th of the horizon, "
            f"{horizon_s:g} s"
        )
    return Instance(
        name=str(document.get("name", "")),
        horizon_s=horizon_s,
        period_s=period_s,
        alpha=_number(document, "alpha", most=1e3),
        beta=_number(document, "beta", most=1e6),
        cuts=_cuts(document),
        setup_satellite_s=_number(document, "setup_sat_s", most=_MAX_SECONDS),
        setup_station_s=_number(document, "setup_station_s", most=_MAX_SECONDS),
        satellites=satellites,
        telescopes=tuple(int(row[3]) for row in stations),
        passes=_passes(document, satellites, count),
        clear_probability=_clear(document, count),
        fibres=_triples(document, "fibre", (count, count)),
        demands=_demands(document, count),
        stocks=_triples(document, "pool0", (satellites, count)),
        terminal_per_kbit=_number(
            document, "terminal_weight_per_kbit", most=_MAX_WEIGHT, missing=0.0
        ),
        limits=_limits(document),
    )


def _passes(
    document: Mapping[str, Any], satellites: int, stations: int
) -> tuple[tuple[int, int, float, float, float], ...]:
    rows = _rows(document, "passes", 5)
    for i, row in enumerate(rows):
        _indices(f"passes[{i}]", row[:2], (satellites, stations))
        _within(f"passes[{i}]", row[2], -_MAX_SECONDS, _MAX_SECONDS)
        _within(f"passes[{i}]", row[3], 1.0, _MAX_SECONDS)
        _within(f"passes[{i}]", row[4], 0.0, _MAX_BITS)
    return tuple((int(s), int(g), a, d, m) for s, g, a, d, m in rows)


def _cuts(document: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
    cuts = _rows(document, "windows", 2)
    for i, (u1, u2) in enumerate(cuts):
        if not 0.0 <= u1 < u2 <= 1.0:
            raise InstanceError(f"reading windows[{i}]: [{u1:g}, {u2:g}] is no part of [0, 1]")
    return tuple((u1, u2) for u1, u2 in cuts)


def _number(
    document: Mapping[str, Any],
    key: str,
    *,
    most: float,
    least: float = 0.0,
    missing: float | None = None,
) -> float:
    value = document.get(key, missing)
    if not _is_number(value):
        raise InstanceError(f"reading {key}: {_shown(value)} is not a number")
    _within(key, float(value), least, most)
    return float(value)


def _is_number(value: Any) -> bool:
    """Whether a value of a document is a finite number that a double can hold."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _shown(value: Any) -> str:
    """A value of a document, cut to a length that a message can bear."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _within(place: str, value: float, least: float, most: float) -> None:
    if value < least:
        raise InstanceError(f"reading {place}: {value:g} is below {least:g}")
    if value > most:
        raise InstanceError(f"reading {place}: {value:g} is above {most:g}")


def _rows(document: Mapping[str, Any], key: str, width: int) -> list[tuple[float, ...]]:
    rows = document.get(key, [])
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise InstanceError(f"reading {key}: a list of rows is expected")
    found = []
    for i, row in enumerate(rows):
        is_row = isinstance(row, Sequence) and len(row) == width and not isinstance(row, str)
        if not is_row or not all(_is_number(x) for x in row):
            raise InstanceError(
                f"reading {key}[{i}]: {_shown(row)} is not a row of {width} numbers"
            )
        found.append(tuple(float(x) for x in row))
    return found


def _indices(place: str, values: Sequence[float], limits: Sequence[int]) -> None:
    for value, limit in zip(values, limits, strict=True):
        if value != int(value) or not 0 <= value < limit:
            raise InstanceError(f"reading {place}: {value:g} is not an index below {limit}")


def _triples(
    document: Mapping[str, Any], key: str, limits: tuple[int, int]
) -> tuple[tuple[int, int, float], ...]:
    rows = _rows(document, key, 3)
    for i, row in enumerate(rows):
        _indices(f"{key}[{i}]", row[:2], limits)
        _within(f"{key}[{i}]", row[2], 0.0, _MAX_BITS)
    return tuple((int(a), int(b), bits) for a, b, bits in rows)


def _demands(
    document: Mapping[str, Any], stations: int
) -> tuple[tuple[int, int, float, float], ...]:
    rows = _rows(document, "demand", 4)
    for i, row in enumerate(rows):
        _indices(f"demand[{i}]", row[:2], (stations, stations))
        if row[0] == row[1]:
            raise InstanceError(f"reading demand[{i}]: from station {row[0]:g} to itself")
        _within(f"demand[{i}]", row[2], 0.0, _MAX_BITS)
        _within(f"demand[{i}]", row[3], 0.0, _MAX_WEIGHT)
    return tuple((int(a), int(b), bits, weight) for a, b, bits, weight in rows)


def _clear(document: Mapping[str, Any], stations: int) -> tuple[tuple[float, ...], ...] | None:
    if document.get("clear_prob") is None:
        return None
    rows = _rows(document, "clear_prob", stations)
    for i, row in enumerate(rows):
        if not all(0.0 <= p <= 1.0 for p in row):
            raise InstanceError(f"reading clear_prob[{i}]: a probability is outside 0..1")
    return tuple(rows)


def _limits(document: Mapping[str, Any]) -> InstanceLimits:
    limits = document.get("limits") or {}
    if not isinstance(limits, Mapping):
        raise InstanceError("reading limits: an object is expected")

    def of(key: str) -> float | None:
        if not limits.get(key):
            return None
        return _number(limits, key, most=_MAX_BITS)

    nights, most = of("operator_nights"), of("max_contacts_night")
    return InstanceLimits(
        operator_nights=None if nights is None else int(nights),
        max_contacts_night=None if most is None else int(most),
        duty_s_per_orbit=of("duty_s_per_orbit"),
        memory_kbit=of("memory_kbit"),
        rf_stations=int(of("rf_stations") or 0),
    )

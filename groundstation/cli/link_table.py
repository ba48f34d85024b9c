"""A link as people read it: a table of a few instants, then the whole pass in a few lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from groundstation.cli.link_rows import SCHEMA, arrays_of, column_of
from groundstation.cli.output import Column, write_listing
from groundstation.instants import after, utc_text
from groundstation.night.link_detail import LinkDetail
from groundstation.night_records import NightPass
from groundstation.results.spread import SEED
from passes.counts.source import sifted_fraction
from passes.counts.spread.forecast import Quantiles
from passes.track import Track

Floats = NDArray[np.float64]
Line = dict[str, Any]

# An error rate that three decimals of a percent show as nothing.
LEAST_SHOWN_QBER = 5e-6
SAME_INSTANT_S = 1.0

_CLICKS = {
    "detected": "clicks in gates, 1/s",
    "signal": "  from the source",
    "background": "  from background light",
    "dark": "  from dark counts",
    "afterpulse": "  afterpulses",
    "sifted": "sifted, 1/s",
    "sifted_errors": "  of these wrong",
}
_NOISE = {
    "dark": "dark counts before gate, 1/s",
    "sky": "night sky before gate, 1/s",
    "city": "city light before gate, 1/s",
    "twilight": "twilight before gate, 1/s",
    "moon": "moonlight before gate, 1/s",
    "satellite": "sunlit satellite before gate, 1/s",
}
_CAUSES = {
    "optical": "source and alignment",
    "dark": "dark counts",
    "sky": "night sky",
    "city": "city light",
    "twilight": "twilight",
    "moon": "moonlight",
    "satellite": "sunlit satellite",
    "afterpulse": "afterpulses",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant that the table shows: heading and time since the track's epoch [s]."""

    heading: str
    time_s: float


def moments_of_interest(item: NightPass) -> tuple[Moment, ...]:
    """Rise, 30 degrees, culmination, set and the ends of the window, in order."""
    track = item.track

    def seconds(instant: datetime) -> float:
        return (instant - track.epoch).total_seconds()

    first_s, last_s = float(track.times_s[0]), float(track.times_s[-1])
    chosen = [
        Moment("rise", first_s),
        Moment("culmination", float(np.clip(seconds(item.tca), first_s, last_s))),
        Moment("set", last_s),
    ]
    if item.start is not None and seconds(item.start) > first_s + SAME_INSTANT_S:
        chosen.append(Moment("window opens", seconds(item.start)))
    if item.stop is not None and seconds(item.stop) < last_s - SAME_INSTANT_S:
        chosen.append(Moment("window closes", seconds(item.stop)))
    climbs_s = _time_of_elevation(track, 30.0)
    if climbs_s is not None:
        chosen.append(Moment("30 degrees", climbs_s))
    return tuple(sorted(chosen, key=lambda moment: moment.time_s))


def _time_of_elevation(track: Track, elevation_deg: float) -> float | None:
    """When the satellite climbs through an elevation, linear between seconds; None if never."""
    degrees = np.degrees(track.elevation_rad)
    rising = np.flatnonzero((degrees[:-1] < elevation_deg) & (degrees[1:] >= elevation_deg))
    if not len(rising):
        return None
    before = int(rising[0])
    share = (elevation_deg - degrees[before]) / (degrees[before + 1] - degrees[before])
    return float(
        track.times_s[before] + share * (track.times_s[before + 1] - track.times_s[before])
    )


def print_link(detail: LinkDetail, moments: Sequence[Moment], title: str) -> None:
    """The table, with a column for the counts of the usable seconds where there are several."""
    track = detail.track
    has_whole = len(track.times_s) > 1
    arrays = arrays_of(detail)
    shown = {
        moment.heading: {
            name: float(np.interp(moment.time_s, track.times_s, values))
            for name, values in arrays.items()
        }
        for moment in moments
    }
    headings = [
        Column(m.heading, f"{m.heading}\n{_clock(track, m)}" if has_whole else m.heading, str, True)
        for m in moments
    ]
    if has_whole:
        headings.append(Column("whole", "window\ncounts", is_number=True))
    write_listing(
        [*_loss_lines(detail, shown), *_count_lines(detail, shown), *_qber_lines(detail, shown)],
        schema=SCHEMA,
        form=None,
        columns=(Column("name", "term"), *headings, Column("source", "from")),
        title=title,
    )


def _clock(track: Track, moment: Moment) -> str:
    return utc_text(after(track.epoch, moment.time_s))[11:21]


def _line(
    name: str,
    texts: dict[str, str],
    source: str = "",
    whole: str = "",
) -> Line:
    return {"name": name, "source": source, "whole": whole, **texts}


def _texts(shown: dict[str, dict[str, float]], key: str, form: str) -> dict[str, str]:
    return {heading: format(values[key], form) for heading, values in shown.items()}


def _loss_lines(detail: LinkDetail, shown: dict[str, dict[str, float]]) -> list[Line]:
    lines = [
        _line("elevation, degrees", _texts(shown, "elevation_deg", ".2f")),
        _line("range, km", _texts(shown, "range_km", ",.1f")),
    ]
    for term in detail.forecast.budget.terms:
        key = f"{column_of(term.name)}_db"
        lines.append(_line(f"{term.name}, dB", _texts(shown, key, ".2f"), term.source))
    lines.append(_line("total, dB", _texts(shown, "total_db", ".2f"), "sum of the terms"))
    random = [t.name for t in detail.forecast.budget.terms if t.spread_db is not None]
    if random:
        source = f"standard deviation within a second: {', '.join(random)}"
        lines.append(_line("  fluctuation, dB", _texts(shown, "total_spread_db", ".2f"), source))
    return lines


def _count_lines(detail: LinkDetail, shown: dict[str, dict[str, float]]) -> list[Line]:
    arrays = arrays_of(detail)
    lines = []
    for name, text in _CLICKS.items():
        key = f"{name}_gated_hz"
        whole = f"{float(detail.counted(arrays[key])):,.0f}"
        lines.append(_line(text, _texts(shown, key, ",.1f"), whole=whole))
    for name, text in _NOISE.items():
        lines.append(_line(text, _texts(shown, f"{name}_hz", ",.1f")))
    return lines


def _qber_lines(detail: LinkDetail, shown: dict[str, dict[str, float]]) -> list[Line]:
    by_cause = detail.qber_by_cause()
    lines = [
        _line(
            "QBER", _texts(shown, "qber", ".3%"), "sifted clicks", f"{sum(by_cause.values()):.3%}"
        )
    ]
    for name, text in _CAUSES.items():
        everywhere = [by_cause[name], *(values[f"qber_{name}"] for values in shown.values())]
        if max(everywhere) >= LEAST_SHOWN_QBER:
            texts = _texts(shown, f"qber_{name}", ".3%")
            lines.append(_line(f"  {text}", texts, whole=f"{by_cause[name]:.3%}"))
    return lines


def print_totals(detail: LinkDetail, usable_s: float) -> None:
    """Counts, key and uncertainty of the whole window."""
    rates, key = detail.forecast.rates, detail.forecast.key
    detected = float(detail.counted(rates.detected_hz))
    sifted = float(detail.counted(rates.sifted_hz))
    noiseless = sifted_fraction(detail.source, detail.receiver.detector.key_basis_probability)
    click.echo(f"window {usable_s:.1f} s, detections {detected:,.0f}")
    share = f"{sifted / detected:.4f}" if detected > 0.0 else "none"
    click.echo(
        f"sifted (signal states, matched bases) {sifted:,.0f}, "
        f"sifted/detected {share} ({noiseless:.4f} without noise)"
    )
    click.echo(
        f"secret key {int(key.secret_key_bits):,} bits ({key.proof} proof, one block), "
        f"key basis QBER {key.qber:.2%}, phase error at most {key.phase_error:.2%}, "
        f"asymptotic limit {key.asymptotic_bits:,.0f} bits"
    )


def print_spread(detail: LinkDetail) -> None:
    """What the counts may be on such a night, and on which parameter that hangs."""
    spread = detail.spread
    if spread is None:
        return
    most, constants = spread.contributions[0], detail.constants
    priors = "the default priors"
    if constants is not None:
        priors = f"calibration {constants.calibration_id}"
    click.echo(
        f"P10 / P50 / P90 on a clear night: detections {_three(spread.detected, ',.0f')}, sifted "
        f"{_three(spread.sifted, ',.0f')}, QBER {_three(spread.qber, '.2%')}"
    )
    click.echo(
        f"  ({spread.efficiency_scale.size:,} draws of {priors}, seed {SEED}; signal to "
        f"{spread.std_db:.1f} dB, of which {_plain(most.parameter)} alone {most.std_db:.1f} dB, "
        f"{most.share:.0%} of the variance)"
    )
    key = detail.key_spread
    # A single second is no block.
    if key is not None and detail.pass_id is not None:
        click.echo(
            f"  key in the same draws: {key.p10:,.0f} / {key.p50:,.0f} / {key.p90:,.0f} bits, "
            f"none in {key.no_key_probability:.1%} of them"
        )


def print_key_limits(detail: LinkDetail) -> None:
    """The two limits above the key, and what it loses on the way from the sifted bits."""
    key = detail.forecast.key
    click.echo(
        f"limits of the key: {key.asymptotic_bits:,.0f} bits for an infinite block, "
        f"{detail.repeaterless_bits:,.0f} without a repeater"
    )
    steps = detail.waterfall
    costs = ", ".join(f"{step.cause} {step.cost_bits:,.0f}" for step in steps[1:])
    click.echo(f"  from {steps[0].left_bits:,.0f} bits: {costs}")


def _plain(parameter: str) -> str:
    """A parameter's name in words: half_angle_rad is half angle."""
    words = parameter.removesuffix("_rad").removesuffix("_db").removesuffix("_m")
    return words.replace("_", " ")


def _three(quantiles: Quantiles, form: str) -> str:
    values = (quantiles.p10, quantiles.p50, quantiles.p90)
    return " / ".join(format(value, form) for value in values)

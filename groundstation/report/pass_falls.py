"""What becomes of a pass: its seconds from rise to contact, its light from pulses to key."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundstation.pass_records import PassOutcome
from groundstation.report.waterfall import Fall
from groundstation.report.wording import THIN, bits, degrees, percent
from passes.forecast import slot_s
from passes.track import Track


@dataclass(frozen=True, slots=True)
class PassTime:
    """Seconds of a pass that are left after one more condition, with the condition in words."""

    name: str
    seconds: float
    note: str


def pass_times(outcome: PassOutcome) -> tuple[PassTime, ...]:
    """Offered, high enough, dark, usable, taken; the chance of a clear sky is not in it."""
    item, station = outcome.night_pass, outcome.network.stations[0]
    track = item.track
    high = track.elevation_rad >= station.min_elevation_rad
    dark = high & (track.sun_elevation_rad < station.max_sun_elevation_rad)
    times = [
        PassTime("Offered", (item.los - item.aos).total_seconds(), "rise to set over the mask"),
        PassTime(
            "High enough", _seconds(track, high), f"above {degrees(station.min_elevation_rad)}"
        ),
        PassTime(
            "Dark",
            _seconds(track, dark),
            f"Sun below {degrees(station.max_sun_elevation_rad)}",
        ),
        PassTime("Usable", item.usable_s, "mount, range, shifts and permission"),
    ]
    if outcome.decision is not None:
        contact = outcome.decision.contact
        taken = 0.0
        if contact is not None:
            taken = sum((stop - start).total_seconds() for start, stop in contact.windows)
        times.append(PassTime("Taken", taken, _taken_note(outcome)))
    return tuple(times)


def pass_falls(outcome: PassOutcome) -> tuple[Fall, ...]:
    """Pulses sent, clicks, sifted, corrected, amplified; of the usable seconds, clear sky."""
    forecast, light = outcome.night_pass.forecast, outcome.light
    if forecast is None or light is None:
        return ()
    key = forecast.key
    corrected = max(key.sifted_bits - key.error_correction_bits, 0.0)
    falls = [
        _fall("Sent", light.sent_pulses, "pulses", "by the source in the usable seconds"),
        _fall(
            "Received",
            light.detected,
            "clicks",
            f"in the gates; {_share(light.signal, light.detected)} of them are the source's light",
        ),
        Fall(
            "Sifted",
            key.sifted_bits,
            bits(key.sifted_bits),
            f"both sides in the key basis; QBER {percent(key.qber, 2)}",
        ),
        Fall(
            "Corrected",
            corrected,
            bits(corrected),
            f"{bits(key.error_correction_bits)} disclosed to correct errors",
        ),
        Fall(
            "Amplified",
            key.secret_key_bits,
            bits(key.secret_key_bits),
            f"secret key under {key.proof}; phase error at most {percent(key.phase_error, 2)}",
        ),
    ]
    return tuple(falls)


def measured_rows(outcome: PassOutcome) -> Sequence[tuple[str, str, str, str]]:
    """Quantity, forecast P10 to P90, what came, and how that compares."""
    if outcome.result is None:
        return ()
    result, issued = outcome.result.result, outcome.result.forecast
    spread = None if issued is None else issued.spread
    counts = result.sifted
    if counts is None and result.counts is not None:
        counts = int(np.nansum(result.counts.sifted))
    qber = None if not counts or result.errors is None else result.errors / counts
    rows = []
    for name, came, quantiles, write in (
        ("Sifted", counts, None if spread is None else spread.sifted, bits),
        ("QBER", qber, None if spread is None else spread.qber, lambda q: percent(q, 2)),
        ("Secret key", result.key_bits, None if spread is None else spread.key_bits, bits),
    ):
        if came is None:
            continue
        if quantiles is None:
            rows.append((name, "none issued", write(came), ""))
            continue
        verdict = "below" if came < quantiles.p10 else "above" if came > quantiles.p90 else "within"
        promised = f"{write(quantiles.p10)} – {write(quantiles.p90)}"
        rows.append((name, promised, write(came), verdict))
    return rows


def _fall(name: str, amount: float, unit: str, note: str) -> Fall:
    return Fall(name, amount, f"{_counted(amount)}{THIN}{unit}", note)


def _counted(amount: float) -> str:
    """A count with three figures and a word for its size."""
    for limit, scale, word in (
        (1e9, 1e9, "billion"),
        (1e6, 1e6, "million"),
        (1e4, 1e3, "thousand"),
    ):
        if amount >= limit:
            return f"{amount / scale:.3g}{THIN}{word}"
    return f"{amount:.0f}"


def _share(part: float, whole: float) -> str:
    return percent(part / whole, 1) if whole > 0.0 else "none"


def _seconds(track: Track, chosen: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(chosen)) * slot_s(track)


def _taken_note(outcome: PassOutcome) -> str:
    decision = outcome.decision
    if decision is None:
        return ""
    if decision.contact is None:
        return "not taken" if decision.rejection is None else decision.rejection.reason
    return "the whole of it" if decision.contact.is_whole else "in part; the rest serves another"

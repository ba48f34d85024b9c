"""What an uncalibrated budget expects of a pass second by second, kept for the fit.

- Kept as single-precision numbers, compressed: a part in ten million, next to model errors of
  percent.
- Kept under the digest of its bytes: forecasts that expect the same share one.
"""

import hashlib
import zlib
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from groundstation.instants import utc_instant, utc_text
from groundstation.results.errors import ResultError
from passes.counts.calibration.measured import ReferenceCounts, reference_counts
from passes.counts.noise import Noise
from passes.counts.source import DecoySource
from passes.link.budget import LinkBudget
from passes.link.terminals import Receiver
from passes.track import Track

Floats = NDArray[np.float64]

_MAGIC = b"reference/1\n"


@dataclass(frozen=True, slots=True, eq=False)
class PassReference:
    """Expected counts of the usable slots of a pass; arrays of shape (n,).

    Parameters
    ----------
    epoch : aware UTC, of the times
    slot_s : length of a slot
    counts : sifted counts by origin, with the budget's own optical depth
    outside_light, outside_dark : clicks of all detectors outside the gates, in each slot
    """

    epoch: datetime
    slot_s: float
    counts: ReferenceCounts
    outside_light: Floats
    outside_dark: Floats


def pass_reference(
    track: Track,
    budget: LinkBudget,
    noise: Noise,
    *,
    source: DecoySource,
    receiver: Receiver,
    optical_depth: float,
    slot_s: float,
) -> PassReference:
    """What a budget without calibration expects of the usable slots.

    Parameters
    ----------
    track, budget, noise : of the same samples, uncalibrated
    source, receiver : as declared
    optical_depth : vertical aerosol depth at the laser's wavelength in the budget
    """
    use = track.is_usable
    live = noise.while_live(budget)
    # Gates longer than the period leave nothing outside.
    outside = slot_s * max(1.0 - receiver.detector.gate_s * source.pulse_rate_hz, 0.0)
    shape = track.times_s.shape
    return PassReference(
        epoch=track.epoch,
        slot_s=slot_s,
        counts=reference_counts(
            track,
            budget,
            noise,
            source=source,
            receiver=receiver,
            optical_depth=optical_depth,
            slot_s=slot_s,
        ),
        outside_light=outside * np.broadcast_to(live.light_hz, shape)[use],
        outside_dark=outside * np.broadcast_to(live.dark_hz, shape)[use],
    )


def packed(reference: PassReference) -> bytes:
    """The bytes under which a reference is kept."""
    counts = reference.counts
    head = f"{utc_text(reference.epoch)} {reference.slot_s!r} {counts.optical_depth!r}\n"
    columns = (
        counts.signal,
        counts.light,
        counts.dark,
        counts.low_airmass,
        reference.outside_light,
        reference.outside_dark,
    )
    body = counts.times_s.astype("<f8").tobytes()
    body += np.stack(columns).astype("<f4").tobytes()
    return _MAGIC + head.encode() + zlib.compress(body, 6)


def unpacked(content: bytes, where: str) -> PassReference:
    """The reference of bytes that `packed` made.

    Raises
    ------
    ResultError : the bytes are damaged
    """
    try:
        head, body = content.removeprefix(_MAGIC).split(b"\n", 1)
        epoch, slot, depth = head.decode().split(" ")
        raw = zlib.decompress(body)
        size = len(raw) // (8 + 6 * 4)
        times_s = np.frombuffer(raw, "<f8", count=size).astype(np.float64)
        columns = np.frombuffer(raw, "<f4", offset=8 * size).reshape(6, size)
        signal, light, dark, airmass, outside_light, outside_dark = columns.astype(np.float64)
    except (ValueError, zlib.error) as error:
        raise ResultError(
            f"expected counts that were kept with a forecast are damaged: {error}",
            where=where,
            hint="restore the state database from a backup",
        ) from error
    return PassReference(
        epoch=utc_instant(epoch),
        slot_s=float(slot),
        counts=ReferenceCounts(times_s, signal, light, dark, airmass, float(depth)),
        outside_light=outside_light,
        outside_dark=outside_dark,
    )


def digest_of(content: bytes) -> str:
    """SHA-256 of packed bytes, hexadecimal."""
    return hashlib.sha256(content).hexdigest()

"""A recorded result next to what the budget expects, as the fit of `passes` takes it."""

import numpy as np
from numpy.typing import NDArray

from groundstation.results.records import Sky, SlotCounts
from groundstation.results.reference import PassReference
from groundstation.results.store import RecordedResult
from passes.counts.calibration.measured import MeasuredPass, ReferenceCounts

Floats = NDArray[np.float64]


def can_teach(item: RecordedResult) -> bool:
    """Whether a result says anything of its link: a clear pass, counted, with a reference."""
    counts, sifted = item.result.counts, item.result.sifted
    has_counts = counts is not None and bool(np.isfinite(counts.sifted).any())
    return (
        item.result.sky is Sky.CLEAR
        and item.forecast is not None
        and (has_counts or sifted is not None)
    )


def measured_pass(item: RecordedResult, satellite: str, station: str) -> MeasuredPass | None:
    """The counts of a result beside those that its uncalibrated budget expects.

    Slots outside the usable seconds are left out; None if none is left. A total without slots is
    one slot: it teaches what one block teaches.

    Parameters
    ----------
    satellite, station : names under which constants are shared
    """
    if item.forecast is None:
        return None
    reference, counts = item.forecast.reference, item.result.counts
    if counts is None:
        return _total(item, reference, satellite, station)
    times_s = counts.times_s + (counts.epoch - reference.epoch).total_seconds()
    inside = _is_expected(times_s, reference)
    if not inside.any():
        return None
    expected = reference.counts
    share = counts.slot_s / reference.slot_s

    def along(values: Floats) -> Floats:
        return np.asarray(np.interp(times_s[inside], expected.times_s, values))

    def counted(name: str) -> Floats | None:
        values: Floats | None = getattr(counts, name)
        return None if values is None else values[inside]

    return MeasuredPass(
        satellite,
        station,
        item.night,
        ReferenceCounts(
            times_s=times_s[inside],
            signal=share * along(expected.signal),
            light=share * along(expected.light),
            dark=share * along(expected.dark),
            low_airmass=along(expected.low_airmass),
            optical_depth=expected.optical_depth,
        ),
        sifted=counts.sifted[inside],
        errors=_errors(counts, inside),
        background=counted("background"),
        background_light=share * along(reference.outside_light),
        background_dark=share * along(reference.outside_dark),
    )


def _errors(counts: SlotCounts, inside: NDArray[np.bool_]) -> Floats | None:
    """Errors of slots whose clicks are known, too."""
    if counts.errors is None:
        return None
    return np.asarray(np.where(np.isfinite(counts.sifted), counts.errors, np.nan)[inside])


def _is_expected(times_s: Floats, reference: PassReference) -> NDArray[np.bool_]:
    """Whether a slot lies on a usable second: windows may have gaps."""
    expected_s = reference.counts.times_s
    after = np.clip(np.searchsorted(expected_s, times_s), 0, expected_s.size - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.minimum(np.abs(expected_s[after] - times_s), np.abs(expected_s[before] - times_s))
    return np.asarray(nearest <= 0.5 * reference.slot_s + 1e-6)


def _total(
    item: RecordedResult, reference: PassReference, satellite: str, station: str
) -> MeasuredPass | None:
    """A pass of one slot, its airmass weighted with the signal."""
    if item.result.sifted is None:
        return None
    expected = reference.counts

    def summed(values: Floats) -> Floats:
        return np.array([values.sum()])

    weighted = expected.signal @ expected.low_airmass / expected.signal.sum()
    return MeasuredPass(
        satellite,
        station,
        item.night,
        ReferenceCounts(
            times_s=np.array([expected.times_s.mean()]),
            signal=summed(expected.signal),
            light=summed(expected.light),
            dark=summed(expected.dark),
            low_airmass=np.array([weighted]),
            optical_depth=expected.optical_depth,
        ),
        sifted=np.array([float(item.result.sifted)]),
        errors=None if item.result.errors is None else np.array([float(item.result.errors)]),
    )

"""A measured pass summed into blocks, next to what constants make of its budget."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.counts.calibration.measured import MeasuredPass, ReferenceCounts
from passes.counts.calibration.unknowns import Constant, Unknown, unknowns_of
from passes.link.air.extinction import DB_PER_NEPER

Floats = NDArray[np.float64]
Values = dict[Constant, float]
PerSlot = dict[Constant, Floats]


@dataclass(frozen=True, slots=True)
class PassBlocks:
    """Counts of one pass in b blocks; the slots without a count are left out.

    Parameters
    ----------
    unknowns : the constants of the pass
    reference : what the budget expects of the n slots with a count
    starts : first of these slots in each block, shape (b,)
    sifted : shape (b,)
    errors : shape (b,); NaN where a block was not compared throughout
    outside, outside_light, outside_dark : clicks outside the gates, measured and expected, in
        blocks of their own, shape (c,)
    """

    unknowns: dict[Constant, Unknown]
    reference: ReferenceCounts
    starts: NDArray[np.intp]
    sifted: Floats
    errors: Floats
    outside: Floats
    outside_light: Floats
    outside_dark: Floats

    def sifted_db(self, values: Values) -> Floats:
        """Measured sifted counts over expected ones, half a count added to both, shape (b,)."""
        return np.asarray(10.0 * np.log10((self.sifted + 0.5) / (self._sifted(values) + 0.5)))

    def _sifted(self, values: Values) -> Floats:
        return summed(signal_counts(self.reference, values) + self._noise(values), self.starts)

    def _noise(self, values: Values) -> Floats:
        return np.asarray(values[Constant.BACKGROUND] * self.reference.light + self.reference.dark)


def signal_counts(reference: ReferenceCounts, values: Values | PerSlot) -> Floats:
    """Signal of each slot under a loss constant and an optical depth, shape (n,)."""
    loss_db = values[Constant.LOSS] + DB_PER_NEPER * reference.low_airmass * (
        values[Constant.DEPTH] - reference.optical_depth
    )
    return np.asarray(reference.signal * 10.0 ** (-loss_db / 10.0))


def pass_blocks(measured: MeasuredPass, block_s: float) -> PassBlocks:
    """Blocks of one pass, counted from its first slot."""
    reference = measured.reference
    block = np.floor((reference.times_s - reference.times_s[0]) / block_s)
    known = np.isfinite(measured.sifted)
    starts = _starts(block[known])
    errors = np.full(known.shape, np.nan) if measured.errors is None else measured.errors
    outside, light, dark = _outside(measured, block)
    return PassBlocks(
        unknowns=unknowns_of(measured.satellite, measured.station, measured.night),
        reference=reference.where(known),
        starts=starts,
        sifted=summed(measured.sifted[known], starts),
        errors=summed(errors[known], starts),
        outside=outside,
        outside_light=light,
        outside_dark=dark,
    )


def _outside(measured: MeasuredPass, block: Floats) -> tuple[Floats, Floats, Floats]:
    """Clicks outside the gates by block: measured, expected of light and of darkness."""
    none = np.zeros(0)
    counted, light, dark = (
        measured.background,
        measured.background_light,
        measured.background_dark,
    )
    if counted is None or light is None or dark is None:
        return none, none, none
    known = np.isfinite(counted)
    starts = _starts(block[known])
    return (
        summed(counted[known], starts),
        summed(light[known], starts),
        summed(dark[known], starts),
    )


def _starts(block: Floats) -> NDArray[np.intp]:
    return np.flatnonzero(np.diff(block, prepend=-1.0))


def summed(values: Floats, starts: NDArray[np.intp]) -> Floats:
    """Sums of the slots of each block, from the first slot of each, shape (b,)."""
    return np.asarray(np.add.reduceat(values, starts)) if starts.size else np.zeros(0)

"""Blocks of all passes of a fit, one behind the other, so that no loop runs over passes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.counts.calibration.measured import ReferenceCounts
from passes.counts.calibration.residuals import PassBlocks, signal_counts, summed
from passes.counts.calibration.unknowns import Constant
from passes.link.air.extinction import DB_PER_NEPER

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class JoinedBlocks:
    """Counts of m passes in b blocks from n slots, and in c blocks outside the gates.

    Parameters
    ----------
    reference : of all slots, for air without aerosol, shape (n,)
    slot_pass, block_pass, outside_pass : pass that each belongs to, shapes (n,), (b,), (c,)
    starts : first slot of each block, shape (b,)
    sifted, errors : shape (b,), as in `PassBlocks`
    outside, outside_light, outside_dark : shape (c,)
    """

    reference: ReferenceCounts
    slot_pass: Indices
    block_pass: Indices
    outside_pass: Indices
    starts: Indices
    sifted: Floats
    errors: Floats
    outside: Floats
    outside_light: Floats
    outside_dark: Floats

    @property
    def residual_pass(self) -> Indices:
        """Pass that each of the residuals belongs to."""
        compared = self.block_pass[self._compared()]
        return np.concatenate([self.block_pass, self.outside_pass, compared])

    def residuals(self, values: dict[Constant, Floats], model_error_db: float) -> Floats:
        """Measured against expected counts, background and errors, each of unit variance.

        Counts M with Poisson noise and a relative model error r have the variance M + r^2 M^2, and
        2/r arsinh(r sqrt(M)) has 1: a root where counts are few, a logarithm where they are many.
        The mean of this transform at a count and at one more is nearly free of bias down to no
        count at all. Of the errors the share is compared, on which the model error has no bearing,
        as an angle.

        Parameters
        ----------
        values : of each constant in each pass, shape (m,)
        model_error_db : of a block

        References
        ----------
        F. J. Anscombe, Biometrika 35, 246 (1948): both transforms. M. F. Freeman and J. W. Tukey,
        Ann. Math. Stat. 21, 607 (1950): the mean of two.
        """
        own = {constant: value[self.slot_pass] for constant, value in values.items()}
        noise = own[Constant.BACKGROUND] * self.reference.light + self.reference.dark
        expected = summed(signal_counts(self.reference, own) + noise, self.starts)
        scale = values[Constant.BACKGROUND][self.outside_pass]
        background = scale * self.outside_light + self.outside_dark
        return np.concatenate(
            [
                _distance(self.sifted, expected, model_error_db),
                _distance(self.outside, background, model_error_db),
                self._error_residuals(values[Constant.ERROR], summed(noise, self.starts)),
            ]
        )

    def _compared(self) -> NDArray[np.bool_]:
        return np.isfinite(self.errors) & (self.sifted > 0.0)

    def _error_residuals(self, error: Floats, noise: Floats) -> Floats:
        known = self._compared()
        errors, sifted = self.errors[known], self.sifted[known]
        # The signal is what was measured less the noise: what the budget makes of it errs by 20 %.
        noise_share = np.minimum(noise[known] / sifted, 1.0)
        own = error[self.block_pass[known]]
        expected = own * (1.0 - noise_share) + noise_share / 2.0
        share = (errors + 0.375) / (sifted + 0.75)
        # A fit on its way may try an error probability above 1.
        distance = np.arcsin(np.sqrt(share)) - np.arcsin(np.sqrt(np.minimum(expected, 1.0)))
        return np.asarray(2.0 * np.sqrt(sifted) * distance)


def joined(parts: list[PassBlocks]) -> JoinedBlocks:
    """The blocks of passes, one behind the other."""
    slots = [part.reference.times_s.size for part in parts]
    offsets = np.cumsum([0, *slots[:-1]])
    each = np.arange(len(parts))

    def together(name: str) -> Floats:
        return np.concatenate([getattr(part, name) for part in parts])

    def of_reference(name: str) -> Floats:
        return np.concatenate([getattr(part.reference, name) for part in parts])

    depth = np.repeat([part.reference.optical_depth for part in parts], slots)
    airmass = of_reference("low_airmass")
    return JoinedBlocks(
        reference=ReferenceCounts(
            times_s=of_reference("times_s"),
            signal=of_reference("signal") * np.exp(depth * airmass),
            light=of_reference("light"),
            dark=of_reference("dark"),
            low_airmass=airmass,
            optical_depth=0.0,
        ),
        slot_pass=np.repeat(each, slots),
        block_pass=np.repeat(each, [part.sifted.size for part in parts]),
        outside_pass=np.repeat(each, [part.outside.size for part in parts]),
        starts=np.concatenate(
            [part.starts + offset for part, offset in zip(parts, offsets, strict=True)]
        ).astype(np.intp),
        sifted=together("sifted"),
        errors=together("errors"),
        outside=together("outside"),
        outside_light=together("outside_light"),
        outside_dark=together("outside_dark"),
    )


def _distance(counted: Floats, expected: Floats, model_error_db: float) -> Floats:
    relative = model_error_db / DB_PER_NEPER
    seen = np.arcsinh(relative * np.sqrt(counted)) + np.arcsinh(relative * np.sqrt(counted + 1.0))
    believed = 2.0 * np.arcsinh(relative * np.sqrt(expected + 0.25))
    return np.asarray((seen - believed) / relative)

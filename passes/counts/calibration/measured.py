"""Measured counts of passes next to what their budgets expect."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from passes.counts.expected import expected_rates
from passes.counts.noise import Noise
from passes.counts.source import DecoySource
from passes.errors import LinkError
from passes.link.budget import LinkBudget
from passes.link.terminals import Receiver
from passes.sky.airmass import gueymard_1995_water
from passes.track import Track

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ReferenceCounts:
    """Sifted counts that an uncalibrated budget expects in each slot; arrays of shape (n,).

    Parameters
    ----------
    times_s : instants, ascending
    signal : from photons of the source
    light, dark : from noise light and from dark counts
    low_airmass : of the aerosol
    optical_depth : vertical aerosol depth at the laser's wavelength with which `signal` was made
    """

    times_s: Floats
    signal: Floats
    light: Floats
    dark: Floats
    low_airmass: Floats
    optical_depth: float

    def __post_init__(self) -> None:
        for name in ("signal", "light", "dark", "low_airmass"):
            values = getattr(self, name)
            if values.shape != self.times_s.shape:
                raise LinkError(f"{name} has shape {values.shape}, times_s {self.times_s.shape}")
            if not np.all(np.isfinite(values) & (values >= 0.0)):
                raise LinkError(f"{name} of the reference counts is below 0 or not finite")
        if not np.all(self.signal > 0.0):
            raise LinkError("signal of the reference counts is not above 0 in every slot")
        if not 0.0 <= self.optical_depth < np.inf:
            raise LinkError(f"optical_depth {self.optical_depth:g} is below 0 or not finite")

    def where(self, chosen: NDArray[np.bool_]) -> "ReferenceCounts":
        """The slots that are chosen."""
        return ReferenceCounts(
            times_s=self.times_s[chosen],
            signal=self.signal[chosen],
            light=self.light[chosen],
            dark=self.dark[chosen],
            low_airmass=self.low_airmass[chosen],
            optical_depth=self.optical_depth,
        )


@dataclass(frozen=True, slots=True)
class MeasuredPass:
    """What one pass delivered, slot by slot; NaN where nothing is known.

    Parameters
    ----------
    satellite, station, night : names under which constants are shared
    reference : what the budget expects of the same slots, shape (n,)
    sifted : sifted counts of each slot, shape (n,)
    errors : of the sifted counts, shape (n,); None if they were not compared
    background : clicks outside the gates, shape (n,); None if they were not recorded
    background_light, background_dark : what the model expects of them, shape (n,)
    """

    satellite: str
    station: str
    night: str
    reference: ReferenceCounts
    sifted: Floats
    errors: Floats | None = None
    background: Floats | None = None
    background_light: Floats | None = None
    background_dark: Floats | None = None

    def __post_init__(self) -> None:
        where = f"pass of {self.satellite} over {self.station}, {self.night}"
        for name in ("sifted", "errors", "background", "background_light", "background_dark"):
            values = getattr(self, name)
            if values is None:
                continue
            if values.shape != self.reference.times_s.shape:
                raise LinkError(f"{where}: {name} has shape {values.shape}")
            if np.any(values < 0.0) or np.any(np.isinf(values)):
                raise LinkError(f"{where}: {name} is below 0 or infinite")
        if self.errors is not None and np.any(self.errors > self.sifted):
            raise LinkError(f"{where}: errors exceed sifted")
        known = self.background_light is not None and self.background_dark is not None
        if self.background is not None and not known:
            raise LinkError(f"{where}: background without background_light and background_dark")


def reference_counts(
    track: Track,
    budget: LinkBudget,
    noise: Noise,
    *,
    source: DecoySource,
    receiver: Receiver,
    optical_depth: float,
    slot_s: float,
) -> ReferenceCounts:
    """What a budget expects of the usable slots of a pass, split by origin.

    Parameters
    ----------
    track, budget, noise : of the same samples
    source, receiver : of the budget
    optical_depth : vertical aerosol depth at the laser's wavelength in the budget
    slot_s : length of one sample

    Raises
    ------
    LinkError : no second is usable
    """
    use = track.is_usable
    if not np.any(use):
        raise LinkError("pass has no usable second to compare")
    none = np.zeros_like(noise.dark_hz)
    silent = Noise(none, none, none, none, none)
    signal, dark, total = (
        slot_s * expected_rates(budget, level, source, receiver).sifted_hz[use]
        for level in (silent, replace(silent, dark_hz=noise.dark_hz), noise)
    )
    return ReferenceCounts(
        times_s=track.times_s[use],
        signal=signal,
        light=np.maximum(total - dark, 0.0),
        dark=np.maximum(dark - signal, 0.0),
        low_airmass=gueymard_1995_water(track.elevation_rad[use]),
        optical_depth=optical_depth,
    )

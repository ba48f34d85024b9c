"""The usable seconds of a pass gathered into a few classes of airmass."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.counts.noise import Noise
from passes.errors import LinkError
from passes.link.budget import NEPERS_PER_DB, LinkBudget
from passes.sky.airmass_table import airmasses
from passes.track import Track

Floats = NDArray[np.float64]

CLASSES = 16


@dataclass(frozen=True, slots=True)
class AirmassClasses:
    """A pass as a few stretches of nearly the same airmass; every array has shape (k,).

    Parameters
    ----------
    seconds : length of each class
    efficiency : mean over its seconds
    range_m, airmass, low_airmass : means weighted with the efficiency; the second airmass is that
        of water and aerosol
    aerosol_db, cirrus_db, water_db : terms of the budget, weighted in the same way
    dark_hz, light_hz : mean noise rates before gating
    scintillation : variance of the logarithm of what scintillation does within a second
    """

    seconds: Floats
    efficiency: Floats
    range_m: Floats
    airmass: Floats
    low_airmass: Floats
    aerosol_db: Floats
    cirrus_db: Floats
    water_db: Floats
    dark_hz: Floats
    light_hz: Floats
    scintillation: Floats


def airmass_classes(
    track: Track, budget: LinkBudget, noise: Noise, *, slot_s: float, count: int = CLASSES
) -> AirmassClasses:
    """Classes of equal length, from the lowest usable second of a pass to the highest.

    Parameters
    ----------
    track : samples of the pass; the usable ones count
    budget, noise : of the same samples
    slot_s : length of one sample
    count : number of classes; a shorter pass has one for each sample

    Returns
    -------
    Means from which the change of an optical depth follows to second order in its product with the
    spread of airmass within a class: 2,000 draws of an uncalibrated link, passes above 10 deg, are
    right to 0.003 dB in the sum of the efficiency and to 0.02 dB in that of its square.

    Raises
    ------
    LinkError : no second of the pass is usable
    """
    usable = np.flatnonzero(track.is_usable)
    if usable.size == 0:
        raise LinkError("pass has no usable second to forecast")
    order = usable[np.argsort(track.elevation_rad[usable], kind="stable")]
    starts = np.unique(np.arange(min(count, order.size)) * order.size // min(count, order.size))
    sizes = np.diff(np.append(starts, order.size))
    efficiency = budget.efficiency[order]
    summed = np.add.reduceat(efficiency, starts)

    def mean(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values, starts) / sizes)

    # A class that no light comes through counts its seconds alike.
    weight = efficiency + np.repeat(summed == 0.0, sizes)

    def weighted(values: Floats) -> Floats:
        return np.asarray(
            np.add.reduceat(weight * values, starts) / np.add.reduceat(weight, starts)
        )

    noise = noise.while_live(budget)
    airmass, low_airmass = airmasses(track.elevation_rad[order])
    return AirmassClasses(
        seconds=slot_s * sizes.astype(np.float64),
        efficiency=summed / sizes,
        range_m=weighted(track.range_m[order]),
        airmass=weighted(airmass),
        low_airmass=weighted(low_airmass),
        aerosol_db=weighted(budget.term("aerosol").loss_db[order]),
        cirrus_db=weighted(budget.term("cirrus").loss_db[order]),
        water_db=weighted(budget.term("water").loss_db[order]),
        dark_hz=mean(noise.dark_hz[order]),
        light_hz=mean(noise.light_hz[order]),
        scintillation=weighted(_log_variance(budget)[order]),
    )


def _log_variance(budget: LinkBudget) -> Floats:
    """Variance of the logarithm of scintillation, shape (n,); zero where it is not known."""
    spread_db = next(
        (term.spread_db for term in budget.terms if term.name == "scintillation"), None
    )
    if spread_db is None:
        return np.zeros_like(budget.total_db)
    return np.asarray((NEPERS_PER_DB * spread_db) ** 2)

"""The constants of one station at one wavelength, from all its measured passes.

- The fit is that of `passes.counts.calibration`: one loss constant a pair, one depth a night.
- What the fit takes as given (how deep the air is on a mean night, how much nights differ, how
  much blocks differ from the model) is estimated from the same passes, in turns with the fit; one
  night and a few blocks of belief keep few passes from proving too much.
- How deep the air is on a mean night is not known exactly either: a constant is as sure as it is
  when that is left open.
- What no count speaks of is marked, and is later forecast as if there were no calibration.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from groundstation.results.errors import ResultError
from passes.counts.calibration.fit import (
    BLOCK_S,
    MODEL_ERROR_DB,
    Calibration,
    fit_calibration,
)
from passes.counts.calibration.measured import MeasuredPass
from passes.counts.calibration.residuals import PassBlocks, pass_blocks
from passes.counts.calibration.unknowns import CalibrationPriors, Constant, Unknown
from passes.counts.spread.distributions import Lognormal, Normal
from passes.errors import LinkError
from passes.link.air.extinction import DB_PER_NEPER

Floats = NDArray[np.float64]

TURNS = 4
# Belief about the spread of nights and of blocks, in nights and in blocks that it is worth.
_NIGHTS_OF_BELIEF = 1.0
_BLOCKS_OF_BELIEF = 10.0
# No budget is better than two percent.
_LEAST_MODEL_ERROR_DB = 0.1
_LARGEST_MODEL_ERROR_DB = 5.0
# What a depth must at least be to have a logarithm.
_LEAST_DEPTH = 1e-3
# Lognormal accepts factors up to this one.
_LARGEST_FACTOR = 10.0
# A posterior this close to its prior was taught nothing.
_UNTAUGHT = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class FittedBand:
    """A fit with what it took as given.

    Parameters
    ----------
    fit : of `passes.counts.calibration.fit`, its covariance that of `open_covariance`
    depth : of a night to come: mean, and standard deviation from night to night
    model_error_db : of a block
    """

    fit: Calibration
    depth: Normal
    model_error_db: float


def fit_band(passes: Sequence[MeasuredPass], depth: Normal) -> FittedBand:
    """Fit passes of one station at one wavelength.

    Parameters
    ----------
    passes : all of one station name
    depth : what is believed of the depth of a night before any count

    Returns
    -------
    Most likely constants given the most likely spread of nights and blocks, which are found by
    expectation and maximisation (A. P. Dempster, N. M. Laird and D. B. Rubin, J. R. Stat. Soc. B
    39, 1 (1977)) with a few turns: the likelihood is flat near its top.

    Raises
    ------
    ResultError : the fit does not converge, or no pass has a count
    """
    measured = list(passes)
    blocks = [pass_blocks(item, BLOCK_S) for item in measured]
    night, model_error_db = depth, MODEL_ERROR_DB
    try:
        fit = fit_calibration(measured, CalibrationPriors(optical_depth=night))
        for _ in range(TURNS):
            night = night_to_night(fit, depth)
            model_error_db = block_error_db(fit, blocks)
            priors = CalibrationPriors(optical_depth=night)
            fit = fit_calibration(measured, priors, model_error_db=model_error_db, start=fit)
    except LinkError as error:
        names = ", ".join(sorted({item.station for item in measured}))
        raise ResultError(f"no calibration of {names}: {error}") from error
    return FittedBand(replace(fit, covariance=open_covariance(fit)), night, model_error_db)


def open_covariance(fit: Calibration) -> Floats:
    """Covariance of the scores where the mean depth is known no better than from these nights.

    The fit takes the mean m of the nights' depths as given, while loss and depth are nearly
    exchangeable: its own covariance C is too small, for the loss of a link by up to a half. With
    m normal about what was believed, one night of belief wide, C becomes

        C + v v' / (b + u' v),    v = (1 - C) u,

    where u is 1 for a depth and 0 for all else, and b are the nights of belief. It is the block
    inverse of the joint curvature of scores and m.

    References
    ----------
    R. E. Kass and D. Steffey, J. Am. Stat. Assoc. 84, 717 (1989): what is estimated and then taken
    as given adds its own variance, times how much the rest follows it.
    """
    is_depth = np.array([u.constant is Constant.DEPTH for u in fit.unknowns], dtype=np.float64)
    follows = is_depth - fit.covariance @ is_depth
    spread = np.outer(follows, follows) / (_NIGHTS_OF_BELIEF + is_depth @ follows)
    return np.asarray(fit.covariance + spread)


def night_to_night(fit: Calibration, believed: Normal) -> Normal:
    """Mean and spread of the depth of nights, those of the fit and one of belief.

    The variance is that of the most likely depths plus their mean posterior variance: depths that
    counts know little of would otherwise shrink towards each other with every turn.
    """
    nights = [u for u in fit.unknowns if u.constant is Constant.DEPTH]
    depths = [_normal(fit, unknown) for unknown in nights]
    total = len(depths) + _NIGHTS_OF_BELIEF
    mean = (sum(d.mean for d in depths) + _NIGHTS_OF_BELIEF * believed.mean) / total
    variance = sum((d.mean - mean) ** 2 + d.sigma**2 for d in depths)
    variance += _NIGHTS_OF_BELIEF * ((believed.mean - mean) ** 2 + believed.sigma**2)
    return Normal(mean, sqrt(variance / total), f"{len(depths)} nights")


def depth_to_come(fit: Calibration, believed: Normal) -> Lognormal:
    """Depth of a night that has not been measured, from all that have and one night of belief.

    The lognormal has the median and, on each side as far as it can, the P10 and P90 of the mixture
    of all nights with their uncertainties: what the forecast promises are quantiles, and a single
    night of haze, which makes a standard deviation, moves them little.
    """
    depths = [_normal(fit, u) for u in fit.unknowns if u.constant is Constant.DEPTH]
    weights = np.append(np.ones(len(depths)), _NIGHTS_OF_BELIEF)
    mean = np.array([d.mean for d in depths] + [believed.mean])
    sigma = np.maximum([d.sigma for d in depths] + [believed.sigma], _LEAST_DEPTH)
    grid = np.linspace(float((mean - 4.0 * sigma).min()), float((mean + 4.0 * sigma).max()), 4_001)
    share = weights @ ndtr((grid - mean[:, None]) / sigma[:, None]) / weights.sum()
    low, median, high = np.maximum(np.interp((0.1, 0.5, 0.9), share, grid), _LEAST_DEPTH)
    upwards = log(high / median) / ndtri(0.9)
    downwards = log(median / low) / ndtri(0.9) if low > _LEAST_DEPTH else upwards
    factor = min(exp(0.5 * (upwards + downwards)), _LARGEST_FACTOR)
    return Lognormal(float(median), float(factor), f"{len(depths)} nights")


def block_error_db(fit: Calibration, blocks: Sequence[PassBlocks]) -> float:
    """Standard deviation of a block from the model [dB], Poisson noise taken off."""
    left, noise = [], []
    for part in blocks:
        values = {
            constant: float(fit.priors.of(unknown).at(_score(fit, unknown)))
            for constant, unknown in part.unknowns.items()
        }
        # A block of a few clicks says how many clicks it has, not how good the model is.
        known = part.sifted >= 10.0
        left.append(part.sifted_db(values)[known])
        noise.append(DB_PER_NEPER**2 / part.sifted[known])
    squares, poisson = np.concatenate(left) ** 2, np.concatenate(noise)
    spent = float(np.sum(1.0 - np.diag(fit.covariance)))
    free = max(squares.size - spent, 1.0)
    excess = max(float(squares.sum()) - float(poisson.sum()) * free / max(squares.size, 1), 0.0)
    variance = (excess + _BLOCKS_OF_BELIEF * MODEL_ERROR_DB**2) / (free + _BLOCKS_OF_BELIEF)
    return float(np.clip(sqrt(variance), _LEAST_MODEL_ERROR_DB, _LARGEST_MODEL_ERROR_DB))


def is_taught(fit: Calibration, unknown: Unknown) -> bool:
    """Whether counts know a constant better than it was believed before."""
    if unknown not in fit.unknowns:
        return False
    index = fit.unknowns.index(unknown)
    return bool(fit.covariance[index, index] < _UNTAUGHT**2)


def lasting(fit: Calibration) -> tuple[tuple[Unknown, ...], Floats]:
    """The constants that outlive a night, and their covariance in decibels and logarithms."""
    chosen = [i for i, u in enumerate(fit.unknowns) if u.constant is not Constant.DEPTH]
    unknowns = tuple(fit.unknowns[i] for i in chosen)
    scale = np.array([_sigma(fit.priors, unknown) for unknown in unknowns])
    return unknowns, fit.covariance[np.ix_(chosen, chosen)] * np.outer(scale, scale)


def _sigma(priors: CalibrationPriors, unknown: Unknown) -> float:
    prior = priors.of(unknown)
    return prior.sigma if isinstance(prior, Normal) else log(prior.factor)


def _score(fit: Calibration, unknown: Unknown) -> float:
    return float(fit.scores[fit.unknowns.index(unknown)])


def _normal(fit: Calibration, unknown: Unknown) -> Normal:
    found = fit.posterior(unknown)
    if not isinstance(found, Normal):
        raise ResultError(f"{unknown} is not normal")
    return found

"""Maximum a posteriori fit of the constants of links to measured counts.

- Each satellite-station pair has one loss constant, in decibels beyond its budget; each station one
  optical depth a night and one background scale; each pair one error probability of a photon.
- Counts are compared in blocks of ten seconds, each with a model error of its own: what fades
  slowly is one observation a block, however many photons it holds.
- Loss and depth are nearly exchangeable within one pass (correlation about -0.9), so that a depth
  is never fitted without a prior.
- What no count says anything about comes back as it was believed before.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from passes.counts.calibration.joined import JoinedBlocks, joined
from passes.counts.calibration.measured import MeasuredPass
from passes.counts.calibration.residuals import PassBlocks, pass_blocks
from passes.counts.calibration.unknowns import CalibrationPriors, Constant, Unknown
from passes.counts.spread.distributions import Lognormal, Normal
from passes.errors import LinkError

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

BLOCK_S = 10.0
MODEL_ERROR_DB = 0.9
# Of a score, for a derivative: the root of the rounding of its residual.
_STEP = float(np.sqrt(np.finfo(np.float64).eps))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Constants after a fit; the scores are those of the priors, standard normal before it.

    Parameters
    ----------
    priors : what was believed before
    unknowns : the p constants of the passes, in the order of the arrays
    scores : most likely score of each, shape (p,)
    covariance : of the scores, Laplace's approximation, shape (p, p): of the constant itself over
        the sigma of a normal prior, of its logarithm over that of a lognormal one
    residual_rms_db : of the sifted counts by block; NaN without any
    blocks : of sifted counts
    """

    priors: CalibrationPriors
    unknowns: tuple[Unknown, ...]
    scores: Floats
    covariance: Floats
    residual_rms_db: float
    blocks: int

    def posterior(self, unknown: Unknown) -> Normal | Lognormal:
        """One constant with its marginal uncertainty; one that was not fitted as believed."""
        prior = self.priors.of(unknown)
        if unknown not in self.unknowns:
            return prior
        index = self.unknowns.index(unknown)
        value, spread = self.scores[index], float(np.sqrt(self.covariance[index, index]))
        source = f"fit to {self.blocks} blocks"
        if isinstance(prior, Normal):
            return Normal(float(prior.at(value)), prior.sigma * spread, source)
        return Lognormal(float(prior.at(value)), float(prior.factor**spread), source)

    def loss_constant_db(self, satellite: str, station: str) -> Normal:
        """Loss of a pair beyond its budget, as `Priors.loss_constant_db` takes it."""
        return cast("Normal", self.posterior(Unknown(Constant.LOSS, satellite, station, "")))

    def correlation(self, first: Unknown, second: Unknown) -> float:
        """Correlation of two fitted constants, in [-1, 1]."""
        pair = [self.unknowns.index(first), self.unknowns.index(second)]
        within = self.covariance[np.ix_(pair, pair)]
        return float(within[0, 1] / np.sqrt(within[0, 0] * within[1, 1]))


def uncalibrated(priors: CalibrationPriors) -> Calibration:
    """What is believed before any count."""
    return Calibration(priors, (), np.zeros(0), np.zeros((0, 0)), float("nan"), 0)


def fit_calibration(
    passes: list[MeasuredPass],
    priors: CalibrationPriors,
    *,
    block_s: float = BLOCK_S,
    model_error_db: float = MODEL_ERROR_DB,
    start: Calibration | None = None,
) -> Calibration:
    """Fit the constants of all passes at once, any number of nights and pairs.

    Levenberg and Marquardt's form of Gauss-Newton on counts transformed to unit variance (the
    logarithm, where they are many), with the priors as residuals of their own.

    Parameters
    ----------
    passes : measured next to expected
    priors : what is believed before
    block_s : length over which what the model lacks stays the same
    model_error_db : its standard deviation
    start : an earlier fit to begin from, which saves turns

    Returns
    -------
    Most likely constants with Laplace's covariance. On synthetic passes of this very model the
    interval from 10 to 90 % holds the truth as often as it should; real nights have haze that is
    no function of elevation, for which the model error stands only on average. With less than a
    click in a block a constant may be off by its sigma: take longer blocks.

    Raises
    ------
    LinkError : no pass, none with a count, a length or an error not above 0, no convergence
    """
    if not (block_s > 0.0 and model_error_db > 0.0):
        raise LinkError(
            f"blocks of {block_s:g} s with a model error of {model_error_db:g} dB: "
            "both must be above 0"
        )
    if not passes:
        raise LinkError("no pass to calibrate from")
    blocks = [pass_blocks(measured, block_s) for measured in passes]
    count = sum(part.sifted.size for part in blocks)
    if count == 0:
        names = ", ".join(f"{p.satellite} over {p.station}, {p.night}" for p in passes)
        raise LinkError(f"sifted is not known in any slot of {names}")
    unknowns = tuple(sorted({unknown for part in blocks for unknown in part.unknowns.values()}))
    together, columns = joined(blocks), _columns(blocks, unknowns)

    def residuals(scores: Floats) -> Floats:
        values = _by_pass(unknowns, columns, scores, priors)
        return np.concatenate([together.residuals(values, model_error_db), scores])

    def jacobian(scores: Floats) -> Floats:
        return _jacobian(together, unknowns, columns, scores, priors, model_error_db)

    first = np.zeros(len(unknowns)) if start is None else _first_scores(start, unknowns, priors)
    found = least_squares(residuals, first, jacobian, method="lm")
    if not found.success:
        raise LinkError(f"calibration did not converge: {found.message}")
    values = _values(unknowns, found.x, priors)
    left_db = np.concatenate([part.sifted_db(_own(part, values)) for part in blocks])
    return Calibration(
        priors=priors,
        unknowns=unknowns,
        scores=np.asarray(found.x),
        covariance=np.asarray(np.linalg.inv(found.jac.T @ found.jac)),
        residual_rms_db=float(np.sqrt(np.mean(left_db**2))),
        blocks=count,
    )


def _columns(blocks: list[PassBlocks], unknowns: tuple[Unknown, ...]) -> dict[Constant, Indices]:
    """Which of the unknowns each constant of each pass is, shape (m,)."""
    index = {unknown: i for i, unknown in enumerate(unknowns)}
    return {
        constant: np.array([index[part.unknowns[constant]] for part in blocks], dtype=np.intp)
        for constant in Constant
    }


def _by_pass(
    unknowns: tuple[Unknown, ...],
    columns: dict[Constant, Indices],
    scores: Floats,
    priors: CalibrationPriors,
) -> dict[Constant, Floats]:
    """Value of each constant in each pass, shape (m,)."""
    values = np.array(list(_values(unknowns, scores, priors).values()))
    return {constant: values[column] for constant, column in columns.items()}


def _jacobian(
    together: JoinedBlocks,
    unknowns: tuple[Unknown, ...],
    columns: dict[Constant, Indices],
    scores: Floats,
    priors: CalibrationPriors,
    model_error_db: float,
) -> Floats:
    """Derivative of the residuals by the scores, forward differences.

    A residual knows one unknown of each kind, so that all of a kind are moved at once: five
    evaluations, however many nights there are.
    """
    base = together.residuals(_by_pass(unknowns, columns, scores, priors), model_error_db)
    step = _STEP * np.maximum(np.abs(scores), 1.0)
    kind = np.array([unknown.constant.value for unknown in unknowns])
    rows, owner = np.arange(base.size), together.residual_pass
    matrix = np.zeros((base.size, len(unknowns)))
    for constant, column in columns.items():
        moved = np.where(kind == constant.value, scores + step, scores)
        values = _by_pass(unknowns, columns, moved, priors)
        own = column[owner]
        matrix[rows, own] = (together.residuals(values, model_error_db) - base) / step[own]
    return np.concatenate([matrix, np.eye(len(unknowns))])


def _first_scores(
    start: "Calibration", unknowns: tuple[Unknown, ...], priors: CalibrationPriors
) -> Floats:
    """Scores under these priors of what another fit found; 0 for what it did not know."""
    return np.array([priors.of(u).score_of(_value(start, u)) for u in unknowns])


def _value(start: "Calibration", unknown: Unknown) -> float:
    prior = start.priors.of(unknown)
    score = dict(zip(start.unknowns, start.scores, strict=True)).get(unknown, 0.0)
    return float(prior.at(score))


def _values(
    unknowns: tuple[Unknown, ...], scores: Floats, priors: CalibrationPriors
) -> dict[Unknown, float]:
    return {u: float(priors.of(u).at(score)) for u, score in zip(unknowns, scores, strict=True)}


def _own(part: PassBlocks, values: dict[Unknown, float]) -> dict[Constant, float]:
    """The constants of one pass."""
    return {constant: values[unknown] for constant, unknown in part.unknowns.items()}

"""Counts of a coming pass from constants that were fitted to earlier ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.counts.calibration.fit import BLOCK_S, MODEL_ERROR_DB, Calibration
from passes.counts.calibration.measured import ReferenceCounts
from passes.counts.calibration.unknowns import Constant, unknowns_of
from passes.counts.spread.forecast import DRAWS, Quantiles, quantiles
from passes.errors import LinkError
from passes.link.air.extinction import DB_PER_NEPER

Floats = NDArray[np.float64]

CLASSES = 32


@dataclass(frozen=True, slots=True)
class CountPrediction:
    """What a pass will deliver.

    Parameters
    ----------
    sifted : counts as they will be measured, Poisson noise and model error included
    qber : expected error rate of them
    """

    sifted: Quantiles
    qber: Quantiles


def predict_counts(
    calibration: Calibration,
    reference: ReferenceCounts,
    *,
    satellite: str,
    station: str,
    night: str,
    generator: np.random.Generator,
    draws: int = DRAWS,
    block_s: float = BLOCK_S,
    model_error_db: float = MODEL_ERROR_DB,
) -> CountPrediction:
    """P10, P50 and P90 of the sifted counts and of the QBER of one pass.

    Fitted constants are drawn together with their covariance, those of other links and nights as
    they are believed without counts. The model error of the blocks enters as one factor of the
    whole pass with the mean and the variance of the sum of independent lognormal blocks.

    Parameters
    ----------
    calibration : of `fit_calibration`, or `uncalibrated`
    reference : what the budget expects of the usable slots
    satellite, station, night : whose constants apply
    generator : the same state gives the same prediction
    draws : 2..1e6
    block_s, model_error_db : as in the fit

    Raises
    ------
    LinkError : too few draws, or no slot
    """
    if draws < 2 or reference.times_s.size == 0:
        raise LinkError(f"{draws} draws over {reference.times_s.size} slots: 2 and 1 at least")
    values = _drawn_constants(calibration, satellite, station, night, generator, draws)
    signal = _drawn_signal(reference, values[Constant.LOSS], values[Constant.DEPTH])
    noise = values[Constant.BACKGROUND] * reference.light.sum() + reference.dark.sum()
    expected = signal + noise
    factor = _model_error_factor(reference, block_s, model_error_db, generator, draws)
    return CountPrediction(
        sifted=quantiles(generator.poisson(expected * factor).astype(np.float64)),
        qber=quantiles((values[Constant.ERROR] * signal + noise / 2.0) / expected),
    )


def _drawn_constants(
    calibration: Calibration,
    satellite: str,
    station: str,
    night: str,
    generator: np.random.Generator,
    draws: int,
) -> dict[Constant, Floats]:
    """Values of the four constants of a pass, each of shape (draws,)."""
    own = unknowns_of(satellite, station, night)
    root = np.linalg.cholesky(calibration.covariance)
    fitted = calibration.scores[:, None] + root @ generator.standard_normal((len(root), draws))
    scores = dict(zip(calibration.unknowns, fitted, strict=True))
    return {
        constant: calibration.priors.of(unknown).at(
            scores[unknown] if unknown in scores else generator.standard_normal(draws)
        )
        for constant, unknown in own.items()
    }


def _drawn_signal(reference: ReferenceCounts, loss_db: Floats, depth: Floats) -> Floats:
    """Signal counts of the whole pass in every draw, from classes of airmass, shape (draws,)."""
    order = np.argsort(reference.low_airmass, kind="stable")
    parts = np.array_split(order, min(CLASSES, order.size))
    signal = np.array([reference.signal[part].sum() for part in parts])
    weighted = reference.signal * reference.low_airmass
    airmass = np.array([weighted[part].sum() for part in parts]) / signal
    extinct = np.exp(-np.multiply.outer(depth - reference.optical_depth, airmass)) @ signal
    return np.asarray(10.0 ** (-loss_db / 10.0) * extinct)


def _model_error_factor(
    reference: ReferenceCounts,
    block_s: float,
    model_error_db: float,
    generator: np.random.Generator,
    draws: int,
) -> Floats:
    """Measured over expected counts of a pass whose blocks err independently, shape (draws,)."""
    block = np.floor((reference.times_s - reference.times_s[0]) / block_s).astype(np.intp)
    counts = np.bincount(block, weights=reference.signal)
    variance = (model_error_db / DB_PER_NEPER) ** 2
    relative = np.expm1(variance) * np.sum(counts**2) / np.sum(counts) ** 2
    spread = np.log1p(relative)
    score = generator.standard_normal(draws)
    return np.asarray(np.exp((variance - spread) / 2.0 + np.sqrt(spread) * score))

"""The ageing of one object, learnt from how its successive element sets disagree."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tle.ageing import (
    EPOCH_ALONG_SIGMA_M,
    HALF_NORMAL_MEDIAN,
    MEASURED_AGES_D,
    Ageing,
    LearntAgeing,
    TableAgeing,
    default_ageing,
)
from tle.comparison import FLAG_SIGMAS, differences_m
from tle.elements import SECONDS_PER_DAY, ElementSet

Floats = NDArray[np.float64]

FEWEST_SETS = 4
MOST_SETS = 30
# Sets closer than this share their tracking data and agree more than two independent ones would.
SHORTEST_GAP_D = 0.25
# Beyond, the density of the air has changed so often that the error no longer grows as a power.
LONGEST_GAP_D = 20.0

# Standard deviations of the logarithms before any set is seen. Growth: debris at 600 to 900 km,
# which cannot manoeuvre, has 90th percentiles of 3 to 6 medians where one sigma for all would give
# 2.44; objects whose sigma varies by exp(0.9) give 4.7. Scatter: the quoted 0.1 to 1 km at epoch.
_GROWTH_SPREAD = 0.9
_SCATTER_SPREAD = 0.7
# Student's t with few degrees of freedom, so that a storm or a burn too small for a flag pulls
# less than in a normal law; the factor makes its scale the sigma of normal data.
_FREEDOM = 5.0
_NORMAL_TO_T = 0.8566
_GRID_SPREADS = 5.0
_GRID_POINTS = 81


def learn_ageing(sets: Sequence[ElementSet]) -> LearntAgeing | None:
    """Along-track scatter and growth of one object; None with fewer than four useful sets.

    Every pair of sets up to 20 days apart, with no manoeuvre between them, is one sample of
    sigma = hypot(scatter, c age^p), where p is that of the object's group in the measured table.
    The estimate is the posterior mean of the logarithms, from a broad prior around the table: few
    sets leave the table's numbers nearly as they were, many replace them.

    Parameters
    ----------
    sets : of one object, in any order; the latest 30 are used, copies of an epoch once

    Notes
    -----
    Pairs share sets, so n sets count as n - 1 samples, whatever the number of pairs. With ten sets
    a day apart c comes out within about a quarter of the truth (one standard deviation).
    """
    history = _distinct(sets)
    if len(history) < FEWEST_SETS:
        return None
    table = default_ageing(history[-1])
    places_m = np.stack([_along_m(history, j) for j in range(len(history))])
    epochs_d = np.array([history[0].age_s(e.epoch) for e in history]) / SECONDS_PER_DAY
    gaps_d = epochs_d[:, None] - epochs_d
    segment = _segments(places_m, gaps_d, table)
    is_pair = (
        np.isfinite(places_m)
        & (segment[:, None] == segment)
        & (gaps_d >= SHORTEST_GAP_D)
        & (gaps_d <= LONGEST_GAP_D)
    )
    useful = int(np.count_nonzero(is_pair.any(axis=0) | is_pair.any(axis=1)))
    if useful < FEWEST_SETS:
        return None
    samples = int(np.count_nonzero(is_pair.any(axis=0)))
    scatter_m, growth_m = _fit(places_m[is_pair], gaps_d[is_pair], samples, table)
    return LearntAgeing(
        scatter_m=scatter_m,
        after_one_day_m=growth_m,
        exponent=table.group.exponent,
        sets=useful,
        pairs=int(np.count_nonzero(is_pair)),
    )


def prior_growth_m(table: TableAgeing) -> float:
    """Growth after one day [m] that a row of the table amounts to: the geometric mean from 1 d."""
    group = table.group
    logs = [
        np.log(median_km * 1e3 / HALF_NORMAL_MEDIAN / age_d**group.exponent)
        for age_d, median_km in zip(MEASURED_AGES_D[1:], group.median_km[1:], strict=True)
    ]
    return float(np.exp(np.mean(logs)))


def ageing_of(sets: Sequence[ElementSet], elements: ElementSet) -> Ageing:
    """What is learnt from an object's sets, else the table's row for `elements`."""
    return learn_ageing(sets) or default_ageing(elements)


def _distinct(sets: Sequence[ElementSet]) -> list[ElementSet]:
    """The latest sets in the order of their epochs, one per epoch."""
    by_epoch = {e.epoch: e for e in sorted(sets, key=lambda e: (e.epoch, e.digest))}
    return list(by_epoch.values())[-MOST_SETS:]


def _along_m(history: list[ElementSet], newer: int) -> Floats:
    """Along-track places of all sets against set `newer`, shape (n,); NaN from `newer` on."""
    row = np.full(len(history), np.nan)
    row[:newer] = differences_m(history[:newer], history[newer])[:, 1]
    return row


def _segments(places_m: Floats, gaps_d: Floats, table: TableAgeing) -> NDArray[np.intp]:
    """Number of the stretch between manoeuvres to which every set belongs, shape (n,).

    An object that ages ten times faster than the table does not manoeuvre at every set: the
    table is first scaled to the median of the neighbours' disagreement.
    """
    order = np.arange(len(places_m) - 1)
    sigmas = np.abs(places_m[order + 1, order]) / [
        table.along_track_sigma_m(gap_d * SECONDS_PER_DAY) for gap_d in gaps_d[order + 1, order]
    ]
    known = sigmas[np.isfinite(sigmas)]
    scale = max(1.0, float(np.median(known)) / HALF_NORMAL_MEDIAN) if known.size else 1.0
    is_cut = ~(sigmas <= FLAG_SIGMAS * scale)
    return np.concatenate([[0], np.cumsum(is_cut)]).astype(np.intp)


def _fit(along_m: Floats, gaps_d: Floats, samples: int, table: TableAgeing) -> tuple[float, float]:
    """Posterior means of scatter [m] and growth after one day [m], on a grid of logarithms."""
    offsets = np.linspace(-_GRID_SPREADS, _GRID_SPREADS, _GRID_POINTS)
    log_scatter = np.log(EPOCH_ALONG_SIGMA_M) + _SCATTER_SPREAD * offsets
    log_growth = np.log(prior_growth_m(table)) + _GROWTH_SPREAD * offsets
    grown_m2 = np.exp(2.0 * log_growth)[:, None] * gaps_d ** (2.0 * table.group.exponent)
    weight = samples / len(along_m)
    log_posterior = np.empty((_GRID_POINTS, _GRID_POINTS))
    for i, scatter_m2 in enumerate(np.exp(2.0 * log_scatter)):
        scale_m2 = _NORMAL_TO_T**2 * (scatter_m2 + grown_m2)
        log_posterior[i] = -weight * np.sum(
            0.5 * np.log(scale_m2)
            + 0.5 * (_FREEDOM + 1.0) * np.log1p(along_m**2 / (_FREEDOM * scale_m2)),
            axis=1,
        )
    log_posterior -= 0.5 * (offsets[:, None] ** 2 + offsets**2)
    density = np.exp(log_posterior - log_posterior.max())
    density /= density.sum()
    return (
        float(np.exp(density.sum(axis=1) @ log_scatter)),
        float(np.exp(density.sum(axis=0) @ log_growth)),
    )

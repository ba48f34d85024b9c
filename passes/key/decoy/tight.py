"""The `tight` proof mode: exact statistics in the inequalities of Lim et al. 2014.

What differs from the printed paper, and why it may:

- Counts by intensity are bounded by Clopper and Pearson instead of Hoeffding. Given the total, a
  count is a sum of independent, not identical trials, for which the binomial interval holds
  (Hoeffding, Ann. Math. Stat. 27, 713, 1956; used for this by Mannalath, Zapatero, Curty, Phys.
  Rev. Lett. 135, 020803, 2025).
- The phase error follows from the exact hypergeometric distribution at the square of its share,
  which smoothing needs, instead of a normal approximation that fails for few errors.
- Errors of single photons are bounded by every pair of intensities, and the smallest bound counts;
  each one-sided bound that any of them uses has its share in the budget.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from scipy.special import betaincinv

from passes.counts.source import DecoySource
from passes.key.decoy.bounds import ScaledLimits, photon_number_probability
from passes.key.hypergeometric import remaining_errors


def clopper_pearson_limits(
    counts: Sequence[float], source: DecoySource, share: float
) -> ScaledLimits:
    """Limits on e^{mu_k} E[n_k] / p_k by intensity, each one-sided with probability `share`.

    Clopper and Pearson, Biometrika 26, 404 (1934), for n_k out of the total; counts may be real
    numbers, which planning needs.
    """
    n = np.asarray(counts, dtype=np.float64)
    total = float(n.sum())
    if total <= 0.0:
        return ScaledLimits((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    rest = np.maximum(total - n, 0.0)
    # Where a count is nothing its lower limit is nothing; where it is all, its upper limit is all.
    lower = np.where(n > 0.0, betaincinv(np.maximum(n, 1e-9), rest + 1.0, share), 0.0)
    # 1 - I_p(a, b) = I_{1-p}(b, a): the upper limit by its distance from one keeps all digits.
    missing = np.where(rest > 0.0, betaincinv(np.maximum(rest, 1e-9), n + 1.0, share), 0.0)
    scale = np.exp(np.array(source.intensities)) / np.array(source.probabilities) * total
    low, high = scale * lower, scale * (1.0 - missing)
    return ScaledLimits(
        (float(low[0]), float(low[1]), float(low[2])),
        (float(high[0]), float(high[1]), float(high[2])),
    )


def smallest_single_photon_errors(limits: ScaledLimits, source: DecoySource, total: float) -> float:
    """Upper bound on errors of single photons: eq. (4) for every pair of intensities, or all.

    For mu_i > mu_j the difference of the scaled error counts is a sum over photon numbers with
    coefficients (mu_i^n - mu_j^n) / n!, none negative, of which the single photons' is kept.
    """
    tau_1 = photon_number_probability(1, source)
    bounds = [
        tau_1
        * (limits.upper[i] - limits.lower[j])
        / (source.intensities[i] - source.intensities[j])
        for i, j in itertools.combinations(range(3), 2)
    ]
    return max(min(*bounds, total), 0.0)


def exact_phase_error_rate(
    test_errors: float, test_detections: float, key_detections: float, failure: float
) -> float:
    """Upper bound on the phase error rate of single-photon key events, at most 0.5.

    Parameters
    ----------
    test_errors : upper bound v_Z1
    test_detections, key_detections : lower bounds s_Z1 and s_X1
    failure : alpha_1, the share of the smoothing parameter; the bound fails with its square

    Notes
    -----
    The test basis is a random sample of all single-photon events (Lim et al. 2014, appendix B).
    Without a single test error the bound is still above zero.
    """
    key = math.floor(key_detections)
    if key <= 0 or test_detections < 1.0:
        return 0.5
    errors = remaining_errors(test_errors, test_detections, key, 2.0 * math.log(failure))
    return min(errors / key, 0.5)

"""Key length of a pass the straightforward way: every second summed anew at every evaluation.

Written from the published description, for comparison only: decoy-state BB84 with three intensities
(Lim et al., Phys. Rev. A 89, 022307, 2014), counting statistics of Yin et al. (Sci. Rep. 10, 14312,
2020), the vacuum bound and the sharing out of test errors by detections as in SatQuMA (Sidhu et
al., arXiv:2109.01686), error correction after Tomamichel et al. (Quantum Inf. Process. 16, 280,
2017) but no less than `f n h(Q)`. The search is scipy's COBYLA on one over the clipped key from
random places. Nothing here comes from `passes`.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.stats import binom

EPSILON_SECRECY = 1e-9
EPSILON_CORRECTNESS = 1e-15
EFFICIENCY = 1.16
AFTERPULSE = 1e-3
SHARES = 21
# What a bound that is no number of photons is set to, as in the published program.
NONE = 1e-10


@dataclass(frozen=True)
class Pass:
    """What the search needs to know; `efficiency` and `noise` per second and per gate."""

    efficiency: np.ndarray
    pulses_per_second: float
    noise: float
    intrinsic_qber: float


@dataclass(frozen=True)
class Search:
    """What all restarts found: lengths [bits] with their settings, best first; evaluations."""

    lengths: list
    settings: list
    evaluations: int


def key_length(x, observed):
    """Clipped key length [bits] of settings (key basis, p1, p2, mu1, mu2); third intensity 0."""
    basis, p1, p2, mu1, mu2 = (float(value) for value in x)
    share = np.array([p1, p2, 1.0 - p1 - p2])
    mu = np.array([mu1, mu2, 0.0])
    if share.min() <= 0.0 or mu1 <= mu2 or mu2 <= 0.0:
        return 0.0
    key, test, key_errors, test_errors = _counts(basis, share, mu, observed)
    tau_0 = float((share * np.exp(-mu)).sum())
    tau_1 = float((share * np.exp(-mu) * mu).sum())

    s_x0, s_x1 = _vacuum_and_single(key, share, mu, tau_0, tau_1)
    _, s_z1 = _vacuum_and_single(test, share, mu, tau_0, tau_1)
    low, high = _limits(test_errors, share, mu)
    v_z1 = min(max(tau_1 * (high[1] - low[2]) / mu2, NONE), float(test_errors.sum()))
    phase_error = _phase_error(v_z1, s_z1, s_x1)

    n_x = float(key.sum())
    length = s_x0 + s_x1 * (1.0 - _entropy(phase_error)) - _disclosed(n_x, key_errors / n_x)
    length -= 6.0 * math.log2(SHARES / EPSILON_SECRECY) + math.log2(2.0 / EPSILON_CORRECTNESS)
    return max(length, 0.0)


def search(observed, box, restarts, generator):
    """COBYLA on one over the key from random places in the box (lows, highs)."""
    lows, highs = (np.array(side) for side in box)
    evaluations = 0

    def cost(x):
        nonlocal evaluations
        evaluations += 1
        length = key_length(x, observed)
        return 1.0 / length if length > 0.0 else np.finfo(float).max

    inside = [
        *({"type": "ineq", "fun": lambda x, i=i: x[i] - lows[i]} for i in range(5)),
        *({"type": "ineq", "fun": lambda x, i=i: highs[i] - x[i]} for i in range(5)),
        {"type": "ineq", "fun": lambda x: 1.0 - x[1] - x[2]},
        {"type": "ineq", "fun": lambda x: x[3] - x[4]},
    ]
    found = []
    for _ in range(restarts):
        start = generator.uniform(lows, highs)
        while start[1] + start[2] >= 1.0 or start[3] <= start[4]:
            start = generator.uniform(lows, highs)
        result = minimize(
            cost,
            start,
            method="COBYLA",
            constraints=inside,
            options={"rhobeg": 0.1, "maxiter": 1000},
        )
        x = np.clip(result.x, lows, highs)
        found.append((key_length(x, observed), tuple(x)))
    found.sort(reverse=True)
    return Search([length for length, _ in found], [x for _, x in found], evaluations)


def _counts(basis, share, mu, observed):
    """Detections by intensity in both bases, errors of the key basis, test errors by intensity."""
    empty = np.exp(-mu[:, None] * observed.efficiency)
    click = (1.0 + AFTERPULSE) * (1.0 - (1.0 - 2.0 * observed.noise) * empty)
    wrong = observed.noise + 0.5 * AFTERPULSE * click + observed.intrinsic_qber * (1.0 - empty)
    click, wrong = share[:, None] * click, share[:, None] * wrong
    both_key = basis**2 * observed.pulses_per_second
    both_test = (1.0 - basis) ** 2 * observed.pulses_per_second
    rate = wrong.sum(axis=0) / click.sum(axis=0)
    detections = click.sum(axis=1)
    return (
        both_key * detections,
        both_test * detections,
        both_key * float(wrong.sum()),
        both_test * (click * rate).sum(axis=1),
    )


def _limits(counts, share, mu):
    """Yin's limits of the expected counts, per pulse that was sent with each intensity."""
    b = math.log(SHARES / EPSILON_SECRECY)
    scale = np.exp(mu) / share
    low = scale * (counts - 0.5 * b - np.sqrt(2.0 * b * counts + 0.25 * b * b))
    return low, scale * (counts + b + np.sqrt(2.0 * b * counts + b * b))


def _vacuum_and_single(counts, share, mu, tau_0, tau_1):
    """Eqs. (2) and (3) with the third intensity zero."""
    low, high = _limits(counts, share, mu)
    vacuum = max(tau_0 * low[2], NONE)
    many = (mu[1] / mu[0]) ** 2 * (high[0] - vacuum / tau_0)
    single = tau_1 * mu[0] * (low[1] - high[2] - many) / (mu[0] * mu[1] - mu[1] ** 2)
    return vacuum, max(single, NONE)


def _phase_error(errors, tested, rest):
    """Eq. (5)."""
    ratio = min(errors / tested, 1.0 - np.finfo(float).eps)
    scaled = (tested + rest) * (1.0 - ratio) * ratio / (tested * rest * math.log(2.0))
    inside = (tested + rest) / (tested * rest * (1.0 - ratio) * ratio)
    inside *= (SHARES / EPSILON_SECRECY) ** 2
    return min(ratio + math.sqrt(max(scaled, 0.0) * math.log2(max(inside, 1.0))), 0.5)


def _disclosed(n, qber):
    """Bits that error correction gives away."""
    model = n * _entropy(qber)
    quantile = binom.ppf(EPSILON_CORRECTNESS * (1.0 + 1.0 / math.sqrt(n)), int(n), 1.0 - qber)
    one_way = model + (n * (1.0 - qber) - quantile - 1.0) * math.log((1.0 - qber) / qber)
    one_way -= 0.5 * math.log(n) + math.log(1.0 / EPSILON_CORRECTNESS)
    return max(EFFICIENCY * model, float(one_way))


def _entropy(p):
    return -p * math.log2(p) - (1.0 - p) * math.log2(1.0 - p)

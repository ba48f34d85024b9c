"""Key length of many settings of the source at once, smooth and without clipping, for planning.

The optimiser climbs on this function; what it finds is then counted by `passes.key.decoy.proof`.
The mode `satquma` is exact here for expected counts. For `tight` the binomial and hypergeometric
quantiles are replaced by smooth ones that lie within 1 % of a deviation (Wilson and Hilferty, Proc.
Natl. Acad. Sci. 17, 684 (1931); `remaining_errors_estimate`).
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from passes.key.decoy.proof import fixed_cost_bits
from passes.key.hypergeometric import remaining_errors_estimate
from passes.key.records import CountBound, ErrorCorrection, Proof, SecurityParameters

Floats = NDArray[np.float64]

_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class PlanningBlock:
    """What does not depend on the settings of the source, for b blocks.

    Parameters
    ----------
    moments : power sums of efficiency, noise in the key basis, noise in the test basis;
        shape (3, b, orders)
    intrinsic_qber : one for all, or one for each, shape (b, 1)
    afterpulse_probability : one for all
    receiver_key_basis : None where the receiver follows the sender
    vacuum_intensity : the third intensity
    security, proof, count_bound : as in `secret_key`
    """

    moments: Floats
    intrinsic_qber: float | Floats
    afterpulse_probability: float
    receiver_key_basis: float | None
    vacuum_intensity: float
    security: SecurityParameters
    proof: Proof
    count_bound: CountBound = CountBound.CHERNOFF


def planned_length(
    block: PlanningBlock, settings: Floats, *, intensity_uncertainty: float = 0.0
) -> Floats:
    """Unclipped key length [bits], shape (b, p), of p settings for each of b blocks.

    Parameters
    ----------
    settings : key basis probability, probabilities and intensities of signal and decoy,
        shape (5, b, p)
    intensity_uncertainty : relative; the length is the least over the corners of the intensities

    Notes
    -----
    Eq. (1) of Lim et al. 2014 where it promises something. Where it has no single photons or a
    phase error above one half it goes on falling, so that the way to key is always uphill.
    """
    counts = _expected(block, settings)
    fixed = _fixed_bits(block)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if intensity_uncertainty == 0.0:
            return _length(block, settings, counts) - fixed
        corners = []
        for signal, decoy in itertools.product((-1.0, 1.0), repeat=2):
            moved = np.array(settings)
            moved[3] *= 1.0 + signal * intensity_uncertainty
            moved[4] *= 1.0 + decoy * intensity_uncertainty
            corners.append(_length(block, moved, counts))
        return np.asarray(np.min(corners, axis=0)) - fixed


def _fixed_bits(block: PlanningBlock) -> float:
    """What every block costs, whatever its size [bits]."""
    is_tight = block.proof is Proof.TIGHT
    if block.count_bound is CountBound.ASYMPTOTIC and not is_tight:
        return 0.0
    parts = 23 if is_tight and block.vacuum_intensity > 0.0 else 21
    return fixed_cost_bits(block.security, parts)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Expected counts by intensity: key basis, test basis, errors in the test basis.

    `by_intensity` has shape (3, 3, b, p), kind first; `key_errors` (b, p).
    """

    by_intensity: Floats
    key_errors: Floats


def _expected(block: PlanningBlock, settings: Floats) -> _Counts:
    """Counts as in `passes.key.decoy.counts.decoy_counts_from_moments`."""
    basis, signal_share, decoy_share, signal, decoy = settings
    shares = np.stack([signal_share, decoy_share, 1.0 - signal_share - decoy_share])
    clicked, empty = _clicked_and_empty(block, signal, decoy)
    after = block.afterpulse_probability
    receiver = basis if block.receiver_key_basis is None else block.receiver_key_basis
    both = np.stack([basis * receiver, (1.0 - basis) * (1.0 - receiver)])[:, None] * shares
    clicks = (1.0 + after) * (clicked + 2.0 * empty)
    noise = block.moments[1:, None, :, 0, None]
    wrong = noise + 0.5 * after * clicks + block.intrinsic_qber * clicked
    counts = np.empty((3, *clicks.shape[1:]))
    np.multiply(both, clicks, out=counts[:2])
    np.multiply(both[1], wrong[1], out=counts[2])
    return _Counts(counts, (both[0] * wrong[0]).sum(axis=0))


def _clicked_and_empty(
    block: PlanningBlock, signal: Floats, decoy: Floats
) -> tuple[Floats, Floats]:
    """Pulses that click by light, (3, b, p), and noise in those that do not, (2, 3, b, p)."""
    moments = block.moments
    rate = moments[1:, :, :1] / np.maximum(moments[:1, :, :1], _TINY)
    is_constant = np.allclose(rate * moments[0], moments[1:], rtol=1e-12, atol=0.0)
    bright = np.stack([signal, decoy])
    if block.vacuum_intensity > 0.0:
        bright = np.concatenate([bright, np.full((1, *signal.shape), block.vacuum_intensity)])
    clicked = np.zeros((3, *signal.shape))
    clicked[: len(bright)] = -_series(moments[:1], bright, first=1)[0]
    if is_constant:  # noise that does not change along the pass: what is not clicked is empty
        pulses = moments[0, :, :1]
        return clicked, rate[:, None] * (pulses - clicked)
    empty = np.broadcast_to(moments[1:, None, :, :1], (2, *clicked.shape)).copy()
    empty[:, : len(bright)] = _series(moments[1:], bright, first=0)
    return clicked, empty


def _series(moments: Floats, intensities: Floats, *, first: int) -> Floats:
    """Sums of (-mu)^j M_j from j = first; (k, b, orders) and (m, b, p) give (k, m, b, p)."""
    fall = -intensities
    total = np.zeros((len(moments), *intensities.shape))
    for order in range(moments.shape[-1] - 1, 0, -1):
        total += moments[:, None, :, None, order]
        total *= fall
    if first == 0:
        total += moments[:, None, :, None, 0]
    return total


def _length(block: PlanningBlock, settings: Floats, counts: _Counts) -> Floats:
    """Eq. (1) from expected counts; the settings' intensities are those the proof assumes."""
    _, signal_share, decoy_share, mu1, mu2 = settings
    mu3 = block.vacuum_intensity
    mu = np.stack([mu1, mu2, np.full_like(mu1, mu3)])
    pulse_share = np.stack([signal_share, decoy_share, 1.0 - signal_share - decoy_share])
    pulse_share *= np.exp(-mu)
    tau_0, tau_1 = pulse_share.sum(axis=0), (pulse_share * mu).sum(axis=0)
    is_tight = block.proof is Proof.TIGHT
    parts = 23.0 if is_tight and mu3 > 0.0 else 21.0
    below, above = _limits(block, counts.by_intensity, parts / block.security.epsilon_secrecy)
    low, high = below / pulse_share, above / pulse_share

    other = (low if block.proof is Proof.SATQUMA else high)[:2, 1]
    empty = np.maximum(tau_0 * (mu2 * low[:2, 2] - mu3 * other) / (mu2 - mu3), 0.0)
    many = (mu2 * mu2 - mu3 * mu3) / (mu1 * mu1) * (high[:2, 0] - empty / tau_0)
    one = tau_1 * mu1 / (mu1 * (mu2 - mu3) - mu2 * mu2 + mu3 * mu3)
    s_x1, s_z1 = one * (low[:2, 1] - high[:2, 2] - many)

    low, high = low[2], high[2]
    wrong = np.minimum(tau_1 * (high[1] - low[2]) / (mu2 - mu3), counts.by_intensity[2].sum(axis=0))
    if is_tight:
        wrong = np.minimum(wrong, tau_1 * (high[0] - low[2]) / (mu1 - mu3))
        wrong = np.minimum(wrong, tau_1 * (high[0] - low[1]) / (mu1 - mu2))
    wrong = np.maximum(wrong, 1e-10)
    sampled, rest = np.maximum(s_z1, 1.0), np.maximum(s_x1, 1.0)
    if is_tight:
        failure = 2.0 * math.log(block.security.epsilon_secrecy / parts)
        phase_error = remaining_errors_estimate(wrong, sampled, rest, failure) / rest
    else:
        phase_error = _printed_phase_error(wrong, sampled, rest, block)
    n = counts.by_intensity[0].sum(axis=0)
    phase_entropy, bit_entropy = _entropy(
        np.stack([np.minimum(phase_error, 0.5), np.clip(counts.key_errors / n, 1e-15, 0.5)])
    )
    gain = s_x1 * (1.0 - phase_entropy)
    # Beyond what promises anything: downhill, away from key.
    hopeless = (s_x1 < 1.0) | (s_z1 < 1.0) | (phase_error >= 0.5)
    if hopeless.any():
        slope = np.minimum(s_x1, 0.0) + np.minimum(s_z1, 0.0)
        slope -= np.where(s_z1 < 1.0, 0.0, n * np.maximum(phase_error - 0.5, 0.0))
        gain = np.where(hopeless, slope, gain)
    gain += empty[0]
    return np.asarray(gain - _disclosed(n, counts.key_errors / n, bit_entropy, block.security))


def _limits(block: PlanningBlock, counts: Floats, inverse_share: float) -> tuple[Floats, Floats]:
    """Lower and upper limits of the expectation behind counts, shapes (3, 3, b, p)."""
    depth = math.log(inverse_share)
    if block.proof is Proof.TIGHT:
        return _wilson_hilferty_limits(counts, depth)
    if block.proof is Proof.LIM2014 or block.count_bound is CountBound.HOEFFDING:
        deviation = np.sqrt(0.5 * depth * counts.sum(axis=1, keepdims=True))
        return counts - deviation, counts + deviation
    if block.count_bound is CountBound.ASYMPTOTIC:
        return counts, counts
    twice = 2.0 * depth * counts
    below = 0.5 * depth + np.sqrt(twice + 0.25 * depth * depth)
    return counts - below, counts + depth + np.sqrt(twice + depth * depth)


def _wilson_hilferty_limits(counts: Floats, depth: float) -> tuple[Floats, Floats]:
    """Clopper and Pearson's limits: gamma quantiles with the variance of a binomial."""
    z = -float(ndtri(math.exp(-depth)))
    spread = z * np.sqrt(
        np.maximum(1.0 - counts / np.maximum(counts.sum(axis=1, keepdims=True), _TINY), 0.0)
    )
    n = np.maximum(counts, 1e-3)
    low = np.maximum(1.0 - 1.0 / (9.0 * n) - spread / (3.0 * np.sqrt(n)), 0.0)
    high = 1.0 - 1.0 / (9.0 * (n + 1.0)) + spread / (3.0 * np.sqrt(n + 1.0))
    return n * (low * low * low), (n + 1.0) * (high * high * high)


def _printed_phase_error(
    wrong: Floats, sampled: Floats, rest: Floats, block: PlanningBlock
) -> Floats:
    """Eq. (5) as `passes.key.decoy.bounds.phase_error_rate`."""
    ratio = wrong / sampled
    if block.count_bound is CountBound.ASYMPTOTIC and block.proof is Proof.SATQUMA:
        return ratio
    inside = np.clip(ratio, 1e-15, 1.0 - 1e-15)
    variance = inside * (1.0 - inside)
    both = (sampled + rest) / (sampled * rest)
    bits = np.log2(both / variance) + 2.0 * math.log2(21.0 / block.security.epsilon_secrecy)
    return np.asarray(ratio + np.sqrt(both * variance / math.log(2.0) * np.maximum(bits, 0.0)))


def _disclosed(n: Floats, qber: Floats, entropy: Floats, security: SecurityParameters) -> Floats:
    """Error correction as in `passes.key.error_correction`, its quantile smooth."""
    if security.error_correction is ErrorCorrection.NONE:
        return np.zeros_like(n)
    if security.error_correction is ErrorCorrection.DISCLOSED:
        return np.full_like(n, security.disclosed_bits or 0.0)
    model = security.error_correction_efficiency * n * entropy
    if security.error_correction is ErrorCorrection.BLOCK:
        return np.asarray(model)
    q = np.clip(qber, 1e-15, 0.5)
    z = -float(ndtri(security.epsilon_correctness))
    excess = z * np.sqrt(n * q * (1.0 - q)) + (z * z - 1.0) * (1.0 - 2.0 * q) / 6.0
    one_way = n * entropy + (excess - 1.0) * np.log((1.0 - q) / q)
    one_way += math.log(security.epsilon_correctness) - 0.5 * np.log(np.maximum(n, 1.0))
    return np.asarray(np.maximum(model, one_way))


def _entropy(p: Floats) -> Floats:
    """Binary entropy [bits]."""
    inside = np.clip(p, 1e-300, 1.0 - 1e-16)
    return np.asarray(
        -(inside * np.log(inside) + (1.0 - inside) * np.log1p(-inside)) / math.log(2.0)
    )

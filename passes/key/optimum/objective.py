"""Key length of many settings of the source at once, smooth and without clipping, for planning.

The optimiser climbs on this function; what it finds is then counted by `passes.key.decoy.proof`.
The mode `satquma` is exact here for expected counts. For `tight` the binomial and hypergeometric
quantiles are replaced by smooth ones that lie within 1 % of a deviation (Wilson and Hilferty, Proc.
Natl. Acad. Sci. 17, 684 (1931); `remaining_errors_estimate`).
"""

import itertools
import math
from dataclasses import dataclass, replace

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
    shares = _shares(settings)
    fixed = _fixed_bits(block)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        counts = _expected(block, settings, shares)
        if intensity_uncertainty == 0.0:
            return _length(block, settings, shares, counts) - fixed
        corners = []
        # With a third intensity above zero its nominal value may be the worst.
        thirds = (-1.0, 1.0, 0.0) if block.vacuum_intensity > 0.0 else (0.0,)
        for signal, decoy, third in itertools.product((-1.0, 1.0), (-1.0, 1.0), thirds):
            moved = np.array(settings)
            moved[3] *= 1.0 + signal * intensity_uncertainty
            moved[4] *= 1.0 + decoy * intensity_uncertainty
            vacuum = block.vacuum_intensity * (1.0 + third * intensity_uncertainty)
            corner = replace(block, vacuum_intensity=vacuum)
            corners.append(_length(corner, moved, shares, counts))
        return np.asarray(np.min(corners, axis=0)) - fixed


def _shares(settings: Floats) -> Floats:
    """Probabilities of the three intensities, shape (3, b, p)."""
    shares = np.empty((3, *settings.shape[1:]))
    shares[:2] = settings[1:3]
    np.subtract(1.0 - shares[0], shares[1], out=shares[2])
    return shares


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


def _expected(block: PlanningBlock, settings: Floats, shares: Floats) -> _Counts:
    """Counts as in `passes.key.decoy.counts.decoy_counts_from_moments`."""
    basis, after = settings[0], block.afterpulse_probability
    receiver = basis if block.receiver_key_basis is None else block.receiver_key_basis
    both_key, both_test = basis * receiver, (1.0 - basis) * (1.0 - receiver)
    clicked, clicks = _clicked_and_empty(block, settings[3:])
    clicks *= 2.0
    clicks += clicked
    clicks *= (1.0 + after) * shares
    counts = np.empty((3, *clicked.shape))
    np.multiply(both_key, clicks[0], out=counts[0])
    np.multiply(both_test, clicks[1], out=counts[1])
    noise = block.moments[1:, :, :1]
    lit = block.intrinsic_qber * clicked
    key_errors = 0.5 * after * counts[0].sum(axis=0)
    key_errors += both_key * (noise[0] + (shares * lit).sum(axis=0))
    lit += noise[1]
    lit *= both_test * shares
    np.multiply(0.5 * after, counts[1], out=counts[2])
    counts[2] += lit
    return _Counts(counts, key_errors)


def _clicked_and_empty(block: PlanningBlock, bright: Floats) -> tuple[Floats, Floats]:
    """Pulses that click by light, (3, b, p), and noise in those that do not, (2, 3, b, p)."""
    moments = block.moments
    if block.vacuum_intensity > 0.0:
        bright = np.concatenate([bright, np.full((1, *bright.shape[1:]), block.vacuum_intensity)])
    clicked = np.zeros((3, *bright.shape[1:]))
    np.negative(_series(moments[:1], bright, first=1)[0], out=clicked[: len(bright)])
    pulses = np.maximum(moments[0, :, :1], _TINY)
    rate = moments[1:, :, :1] / pulses
    if (np.abs(rate * moments[0] - moments[1:]) <= 1e-12 * moments[1:]).all():
        # Noise that does not change along the pass: what is not clicked is empty.
        return clicked, rate[:, None] * (pulses - clicked)
    empty = np.empty((2, *clicked.shape))
    empty[:] = moments[1:, None, :, :1]
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


def _length(block: PlanningBlock, settings: Floats, shares: Floats, counts: _Counts) -> Floats:
    """Eq. (1) from expected counts; the settings' intensities are those the proof assumes."""
    mu1, mu2 = settings[3:]
    mu3 = block.vacuum_intensity
    # Pulses of each intensity, relative to those that held no photon.
    weights = np.empty_like(shares)
    np.exp(-settings[3:], out=weights[:2])
    weights[2] = math.exp(-mu3)
    weights *= shares
    tau_0 = weights.sum(axis=0)
    tau_1 = weights[0] * mu1 + weights[1] * mu2 + weights[2] * mu3
    is_tight = block.proof is Proof.TIGHT
    parts = 23.0 if is_tight and mu3 > 0.0 else 21.0
    low, high = _limits(block, counts.by_intensity, parts / block.security.epsilon_secrecy)
    np.divide(1.0, weights, out=weights)
    low *= weights[1:]
    high *= weights

    empty = mu2 * low[:2, 1]
    if mu3 > 0.0:
        other = low[:2, 0] if block.proof is Proof.SATQUMA else high[:2, 1]
        empty -= mu3 * other
    empty *= tau_0 / (mu2 - mu3)
    empty = np.maximum(empty, 0.0, out=empty)
    many = (mu2 * mu2 - mu3 * mu3) / (mu1 * mu1) * (high[:2, 0] - empty / tau_0)
    one = tau_1 * mu1 / (mu1 * (mu2 - mu3) - mu2 * mu2 + mu3 * mu3)
    s_x1, s_z1 = one * (low[:2, 0] - high[:2, 2] - many)

    wrong = tau_1 * (high[2, 1] - low[2, 1]) / (mu2 - mu3)
    wrong = np.minimum(wrong, counts.by_intensity[2].sum(axis=0))
    if is_tight:
        wrong = np.minimum(wrong, tau_1 * (high[2, 0] - low[2, 1]) / (mu1 - mu3))
        wrong = np.minimum(wrong, tau_1 * (high[2, 0] - low[2, 0]) / (mu1 - mu2))
    wrong = np.maximum(wrong, 1e-10)
    sampled, rest = np.maximum(s_z1, 1.0), np.maximum(s_x1, 1.0)
    if is_tight:
        failure = 2.0 * math.log(block.security.epsilon_secrecy / parts)
        phase_error = remaining_errors_estimate(wrong, sampled, rest, failure) / rest
    else:
        phase_error = _printed_phase_error(wrong, sampled, rest, block)
    n = counts.by_intensity[0].sum(axis=0)
    qber = counts.key_errors / n
    gain = s_x1 * (1.0 - _entropy(phase_error))
    # Beyond what promises anything: downhill, away from key.
    hopeless = (s_x1 < 1.0) | (s_z1 < 1.0) | (phase_error >= 0.5)
    if hopeless.any():
        slope = np.minimum(s_x1, 0.0) + np.minimum(s_z1, 0.0)
        slope -= np.where(s_z1 < 1.0, 0.0, n * np.maximum(phase_error - 0.5, 0.0))
        gain = np.where(hopeless, slope, gain)
    gain += empty[0]
    return np.asarray(gain - _disclosed(n, qber, block.security))


def _limits(block: PlanningBlock, counts: Floats, inverse_share: float) -> tuple[Floats, Floats]:
    """Limits of the expectation behind counts: lower (3, 2, b, p), upper (3, 3, b, p).

    Nobody asks how few signals there may have been.
    """
    depth = math.log(inverse_share)
    faint = counts[:, 1:]
    if block.proof is Proof.TIGHT:
        return _wilson_hilferty_limits(counts, depth)
    if block.proof is Proof.LIM2014 or block.count_bound is CountBound.HOEFFDING:
        deviation = np.sqrt(0.5 * depth * counts.sum(axis=1, keepdims=True))
        return faint - deviation, counts + deviation
    if block.count_bound is CountBound.ASYMPTOTIC:
        return faint.copy(), counts.copy()
    twice = 2.0 * depth * counts
    low = twice[:, 1:] + 0.25 * depth * depth
    np.subtract(faint, np.sqrt(low, out=low), out=low)
    low -= 0.5 * depth
    twice += depth * depth
    high = np.sqrt(twice, out=twice)
    high += counts
    high += depth
    return low, high


def _wilson_hilferty_limits(counts: Floats, depth: float) -> tuple[Floats, Floats]:
    """Clopper and Pearson's limits: gamma quantiles with the variance of a binomial."""
    z = -float(ndtri(math.exp(-depth)))
    spread = counts / np.maximum(counts.sum(axis=1, keepdims=True), _TINY)
    np.subtract(1.0, spread, out=spread)
    np.maximum(spread, 0.0, out=spread)
    np.sqrt(spread, out=spread)
    spread *= z
    n, more = np.maximum(counts[:, 1:], 1e-3), counts + 1.0
    n *= _cube_of_gap(n, spread[:, 1:], 1.0)
    more *= _cube_of_gap(more, spread, -1.0)
    return n, more


def _cube_of_gap(n: Floats, spread: Floats, sign: float) -> Floats:
    """(1 - u^2 - sign u spread)^3 with u = 1 / (3 sqrt n), none below zero; in few arrays."""
    third = np.sqrt(n)
    np.divide(1.0 / 3.0, third, out=third)
    gap = sign * spread
    gap += third
    gap *= third
    np.subtract(1.0, gap, out=gap)
    np.maximum(gap, 0.0, out=gap)
    np.multiply(gap, gap, out=third)
    third *= gap
    return third


def _printed_phase_error(
    wrong: Floats, sampled: Floats, rest: Floats, block: PlanningBlock
) -> Floats:
    """Eq. (5) as `passes.key.decoy.bounds.phase_error_rate`."""
    ratio = wrong / sampled
    if block.count_bound is CountBound.ASYMPTOTIC and block.proof is Proof.SATQUMA:
        return ratio
    inside = np.minimum(np.maximum(ratio, 1e-15), 1.0 - 1e-15)
    variance = inside * (1.0 - inside)
    both = (sampled + rest) / (sampled * rest)
    bits = np.log2(both / variance) + 2.0 * math.log2(21.0 / block.security.epsilon_secrecy)
    return np.asarray(ratio + np.sqrt(both * variance / math.log(2.0) * np.maximum(bits, 0.0)))


def _disclosed(n: Floats, qber: Floats, security: SecurityParameters) -> Floats:
    """Error correction as in `passes.key.error_correction`, its quantile smooth."""
    if security.error_correction is ErrorCorrection.NONE:
        return np.zeros_like(n)
    if security.error_correction is ErrorCorrection.DISCLOSED:
        return np.full_like(n, security.disclosed_bits or 0.0)
    shannon = n * _entropy(qber)
    model = security.error_correction_efficiency * shannon
    if security.error_correction is ErrorCorrection.BLOCK:
        return np.asarray(model)
    q = np.minimum(np.maximum(qber, 1e-15), 0.5)
    z = -float(ndtri(security.epsilon_correctness))
    excess = z * np.sqrt(n * q * (1.0 - q)) + (z * z - 1.0) * (1.0 - 2.0 * q) / 6.0
    one_way = shannon + (excess - 1.0) * np.log((1.0 - q) / q)
    one_way += math.log(security.epsilon_correctness) - 0.5 * np.log(np.maximum(n, 1.0))
    return np.asarray(np.maximum(model, one_way))


def _entropy(p: Floats) -> Floats:
    """Binary entropy [bits]; that of one half beyond."""
    inside = np.minimum(np.maximum(p, 1e-15), 0.5)
    return np.asarray(
        (inside * np.log(inside) + (1.0 - inside) * np.log1p(-inside)) / -math.log(2.0)
    )

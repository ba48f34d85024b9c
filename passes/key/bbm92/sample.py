"""Key from a block of which a random part is disclosed as a test, with the best such part."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from passes.key.entropy import binary_entropy
from passes.key.error_correction import disclosed_bits
from passes.key.hypergeometric import log_tail_at_most, remaining_errors
from passes.key.records import SecurityParameters

# Test share of the block, and what of the secrecy goes to the test, where the searches start.
_STARTS = ((0.45, 0.85), (0.12, 0.99))


@dataclass(frozen=True, slots=True)
class SampledBlock:
    """A block divided into key and test.

    Parameters
    ----------
    key_bits, test_bits : n and k
    phase_error : upper bound for the key bits, at most 0.5
    epsilon_pe, epsilon_pa : of the test and of hashing; 2 eps_pe + eps_pa is the secrecy
    unclipped_bits : key
    """

    key_bits: float
    test_bits: float
    phase_error: float
    epsilon_pe: float
    epsilon_pa: float
    unclipped_bits: float


def lim_2021_sample(block_bits: float, qber: float, security: SecurityParameters) -> SampledBlock:
    """Best division of a block by Lim, Xu, Pan, Ekert, Phys. Rev. Lett. 126, 100501 (2021).

    Parameters
    ----------
    block_bits : m, sifted bits of both bases
    qber : delta, error rate that the test tolerates
    security : promises, and the cost of error correction

    Notes
    -----
    With k test bits and n = m - k the phase error is delta + nu unless the test fails with

        eps_pe^2 = exp[-2 m k xi^2 / (n+1)] + exp[-2 Gamma (n^2 (nu - xi)^2 - 1)],
        Gamma = 1/(m (delta + xi) + 1) + 1/(m - m (delta + xi) + 1).

    Instead of searching for xi and nu under the constraint, we search for eps_pe and the part of
    eps_pe^2 that is the first term, from which both follow. No constraint is left, and the length
    is smooth.
    """
    if block_bits < 2.0:
        return _nothing(block_bits, security)

    def divided(shares: Sequence[float]) -> SampledBlock:
        test, spent, first = shares
        return _lim_2021(block_bits, qber, security, test, spent, first)

    best = _nothing(block_bits, security)
    for start in _STARTS:
        found = divided(_climb(lambda x: divided(x).unclipped_bits, (*start, 0.6)))
        best = max(best, found, key=lambda block: block.unclipped_bits)
    return best


def _lim_2021(
    m: float, delta: float, security: SecurityParameters, test: float, spent: float, first: float
) -> SampledBlock:
    k = test * m
    n = m - k
    epsilon_pe, epsilon_pa = _divided_secrecy(security, spent)
    log_square = 2.0 * math.log(epsilon_pe)
    xi = math.sqrt((n + 1.0) * -(log_square + math.log(first)) / (2.0 * m * k))
    phase_error = 0.5
    if delta + xi < 0.5:
        gamma = 1.0 / (m * (delta + xi) + 1.0) + 1.0 / (m - m * (delta + xi) + 1.0)
        second = -(log_square + math.log1p(-first))
        nu = xi + math.sqrt(1.0 + second / (2.0 * gamma)) / n
        phase_error = min(delta + nu, 0.5)
    length = _length(n, phase_error, delta, security, epsilon_pa)
    return SampledBlock(n, k, phase_error, epsilon_pe, epsilon_pa, length)


def exact_sample(block_bits: float, qber: float, security: SecurityParameters) -> SampledBlock:
    """Best division with the hypergeometric distribution in place of both inequalities.

    Takes what `lim_2021_sample` takes. The test passes with at most the whole part of delta k
    errors. For each size of the test and each number c of errors in the key, eps_pe^2 is the
    probability that a block with so many errors passes; the phase error is c / n.
    """
    m = math.floor(block_bits)
    best = _nothing(block_bits, security)
    if m < 2 or qber >= 0.5:
        return best
    for k in sorted(set(_test_sizes(m, qber, security))):
        best = max(best, _exact(m, k, qber, security), key=lambda block: block.unclipped_bits)
    return best


def _test_sizes(m: int, qber: float, security: SecurityParameters) -> Iterator[int]:
    """Sizes about the best one, and next to each the largest that tolerates no more errors."""
    near = _roughly_best_share(m, qber, security) * m
    for offset in range(-4, 5):
        k = min(max(round(near * 1.03**offset), 1), m - 1)
        yield k
        tolerated = math.floor(qber * k)
        if qber * (m - 1) > tolerated + 1:
            largest = math.floor((tolerated + 1) / qber)
            yield largest if qber * largest < tolerated + 1 else largest - 1


def _roughly_best_share(m: int, qber: float, security: SecurityParameters) -> float:
    """Share of the test for which Bernstein's inequality, a poorer bound, leaves most key."""
    share = np.geomspace(1e-5, 0.8, 400)
    k, n = share * m, (1.0 - share) * m
    deep = -2.0 * math.log(security.epsilon_secrecy / 2.0)
    variance = np.maximum(qber * (1.0 - qber), deep / (3.0 * k))
    excess = np.sqrt(2.0 * deep * variance * (1.0 / k + 1.0 / n)) + deep / (3.0 * k)
    phase_error = np.clip(qber + excess, 1e-12, 0.5)
    entropy = -(
        phase_error * np.log2(phase_error) + (1.0 - phase_error) * np.log2(1.0 - phase_error)
    )
    leak = disclosed_bits(float(m), qber, security) / m
    return float(share[np.argmax(n * (1.0 - entropy - leak))])


def _exact(m: int, k: int, qber: float, security: SecurityParameters) -> SampledBlock:
    """The best number of ruled-out errors for one size of the test; few more are worth a try."""
    n, tolerated = m - k, math.floor(qber * k)
    best = _nothing(m, security)
    secrecy = security.epsilon_secrecy
    errors = remaining_errors(tolerated, k, n, 2.0 * math.log(secrecy / 2.0))
    while 2 * errors < n:
        log_square = log_tail_at_most(tolerated, k, tolerated + errors, m)
        epsilon_pe = math.exp(log_square / 2.0)
        epsilon_pa = secrecy - 2.0 * epsilon_pe
        if epsilon_pa > 0.0:
            length = _length(n, errors / n, qber, security, epsilon_pa)
            if length < best.unclipped_bits:
                break
            best = SampledBlock(float(n), float(k), errors / n, epsilon_pe, epsilon_pa, length)
        errors += 1
    return best


def _length(
    n: float, phase_error: float, qber: float, security: SecurityParameters, epsilon_pa: float
) -> float:
    """Length l in eps_pa = 2^{-(n [1 - h(phi)] - leak - t - l) / 2} / 2, t = log2(1/eps_cor)."""
    entropy = n * (1.0 - binary_entropy(phase_error))
    verification = -math.log2(security.epsilon_correctness)
    hashing = -2.0 * math.log2(2.0 * epsilon_pa)
    return entropy - disclosed_bits(n, qber, security) - verification - hashing


def _divided_secrecy(security: SecurityParameters, spent: float) -> tuple[float, float]:
    """eps_pe and eps_pa, where the test takes the part `spent` of the secrecy."""
    return security.epsilon_secrecy * spent / 2.0, security.epsilon_secrecy * (1.0 - spent)


def _nothing(block_bits: float, security: SecurityParameters) -> SampledBlock:
    """All bits are disclosed; the length is what the promises alone cost."""
    epsilon_pe, epsilon_pa = _divided_secrecy(security, 0.5)
    length = _length(0.0, 0.5, 0.5, security, epsilon_pa)
    return SampledBlock(0.0, block_bits, 0.5, epsilon_pe, epsilon_pa, length)


def _climb(
    objective: Callable[[Sequence[float]], float], start: Sequence[float]
) -> tuple[float, ...]:
    """Maximum over shares in (0, 1), by Nelder and Mead in their log odds."""

    def shares(odds: NDArray[np.float64]) -> tuple[float, ...]:
        return tuple((1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0)))).tolist())

    x = np.asarray(start)
    found = minimize(
        lambda odds: -objective(shares(odds)),
        np.log(x / (1.0 - x)),
        method="Nelder-Mead",
        options={"xatol": 1e-5, "fatol": 1e-6, "maxiter": 1000},
    )
    return shares(found.x)

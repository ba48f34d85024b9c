"""Bounds on what single photons and empty pulses contributed to decoy-state counts.

Equation numbers are those of Lim, Curty, Walenta, Xu, Zbinden, Phys. Rev. A 89, 022307 (2014),
arXiv:1311.7129. Where the SatQuMA program departs from the paper, the docstring says how.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from passes.counts.source import DecoySource
from passes.key.records import CountBound

Triple = tuple[float, float, float]

# SatQuMA's floor for yields; ratios of two floored bounds stay defined.
SMALLEST_COUNT = 1e-10
_LARGEST_RATIO = 1.0 - 2.0**-52


@dataclass(frozen=True, slots=True)
class ScaledLimits:
    """Lower and upper limits of e^{mu_k} n_k / p_k by intensity, n^- and n^+ of eq. (2)."""

    lower: Triple
    upper: Triple


def scaled_limits(
    counts: Sequence[float], source: DecoySource, log_inverse_share: float, bound: CountBound
) -> ScaledLimits:
    """Limits on the expectation behind each count, scaled to what one intensity alone would give.

    Parameters
    ----------
    counts : by intensity; expected or observed
    source : intensities and probabilities
    log_inverse_share : ln(1/eps) of one deviation, ln(21/eps_sec) in Lim et al.
    bound : how far an observed count may lie from its expectation
    """
    total = sum(counts)
    lower, upper = [], []
    for count, mu, share in zip(counts, source.intensities, source.probabilities, strict=True):
        below, above = _deviations(count, total, log_inverse_share, bound)
        scale = math.exp(mu) / share
        lower.append(scale * (count - below))
        upper.append(scale * (count + above))
    return ScaledLimits((lower[0], lower[1], lower[2]), (upper[0], upper[1], upper[2]))


def _deviations(
    count: float, total: float, log_inverse_share: float, bound: CountBound
) -> tuple[float, float]:
    if bound is CountBound.CHERNOFF:
        return yin_2020_deviations(count, log_inverse_share)
    if bound is CountBound.HOEFFDING:
        deviation = math.sqrt(total * log_inverse_share / 2.0)
        return deviation, deviation
    return 0.0, 0.0


def yin_2020_deviations(count: float, log_inverse_share: float) -> tuple[float, float]:
    """How far the expectation may lie below and above an observed count (Chernoff).

    Yin et al., Sci. Rep. 10, 14312 (2020), as coded in SatQuMA: with b = ln(1/eps) the
    expectation lies between x - b/2 - sqrt(2bx + b^2/4) and x + b + sqrt(2bx + b^2).
    """
    b = log_inverse_share
    below = b / 2.0 + math.sqrt(2.0 * count * b + b * b / 4.0)
    above = b + math.sqrt(2.0 * count * b + b * b)
    return below, above


def photon_number_probability(photons: int, source: DecoySource) -> float:
    """tau_n = sum_k p_k e^{-mu_k} mu_k^n / n!, the share of pulses with n photons."""
    return sum(
        share * math.exp(-mu) * mu**photons / math.factorial(photons)
        for mu, share in zip(source.intensities, source.probabilities, strict=True)
    )


def vacuum_detections(limits: ScaledLimits, source: DecoySource, total: float) -> float:
    """Lower bound s_0 on detections of empty pulses, eq. (2), as SatQuMA codes it.

    SatQuMA has n^-_2 where eq. (2) has n^+_2. With a third intensity of zero this is the same;
    above zero it is larger than the paper's bound.
    """
    _, mu2, mu3 = source.intensities
    tau_0 = photon_number_probability(0, source)
    bound = tau_0 * (mu2 * limits.lower[2] - mu3 * limits.lower[1]) / (mu2 - mu3)
    return _within(bound, total)


def vacuum_detections_as_printed(limits: ScaledLimits, source: DecoySource, total: float) -> float:
    """Lower bound s_0 on detections of empty pulses, eq. (2) of the paper."""
    _, mu2, mu3 = source.intensities
    tau_0 = photon_number_probability(0, source)
    bound = tau_0 * (mu2 * limits.lower[2] - mu3 * limits.upper[1]) / (mu2 - mu3)
    return max(min(bound, total), 0.0)


def single_photon_detections(
    limits: ScaledLimits, source: DecoySource, vacuum: float, total: float
) -> float:
    """Lower bound s_1 on detections of single-photon pulses, eq. (3).

    Parameters
    ----------
    limits : of the detections in one basis
    source : intensities and probabilities
    vacuum : lower bound s_0 in the same basis
    total : detections in this basis; only counts that no source can produce reach it
    """
    mu1, mu2, mu3 = source.intensities
    tau_0 = photon_number_probability(0, source)
    tau_1 = photon_number_probability(1, source)
    multi_photon = (mu2**2 - mu3**2) / mu1**2 * (limits.upper[0] - vacuum / tau_0)
    bound = (
        tau_1
        * mu1
        * (limits.lower[1] - limits.upper[2] - multi_photon)
        / (mu1 * (mu2 - mu3) - mu2**2 + mu3**2)
    )
    return _within(bound, total)


def single_photon_errors(limits: ScaledLimits, source: DecoySource, total: float) -> float:
    """Upper bound v_1 on errors in single-photon detections, eq. (4), never above all errors."""
    _, mu2, mu3 = source.intensities
    tau_1 = photon_number_probability(1, source)
    bound = tau_1 * (limits.upper[1] - limits.lower[2]) / (mu2 - mu3)
    return min(max(bound, SMALLEST_COUNT), total)


def _within(bound: float, total: float) -> float:
    return max(min(bound, total), SMALLEST_COUNT)


def phase_error_rate(
    test_errors: float, test_detections: float, key_detections: float, secrecy: float | None
) -> float:
    """Upper bound on the phase error rate of single-photon key events, eq. (5), at most 0.5.

    Parameters
    ----------
    test_errors, test_detections : v_Z1 and s_Z1
    key_detections : s_X1
    secrecy : eps_sec; None for an infinite block, where the sample is the rate

    Notes
    -----
    Without a single test error the printed formula is 0 times infinity with the limit 0: no
    margin at all. The result is then 0.5, the value that promises nothing.

    The printed gamma rests on a normal approximation and is not conservative for small samples:
    5 errors among 500 test events against 2000 key events give 0.0588 with a true failure
    probability of 10^-6.7, where the proof books 10^-10.3; from about 30 errors on it holds.
    """
    if test_errors <= 0.0:
        return 0.5
    ratio = min(test_errors / test_detections, _LARGEST_RATIO)
    gamma = 0.0
    if secrecy is not None:
        gamma = fung_2010_deviation(ratio, test_detections, key_detections, secrecy)
    return min(ratio + gamma, 0.5)


def fung_2010_deviation(
    ratio: float, test_detections: float, key_detections: float, secrecy: float
) -> float:
    """gamma(a, b, c, d) of eq. (5), after Fung, Ma, Chau, Phys. Rev. A 81, 012318 (2010).

    a is `secrecy`, b `ratio` in (0, 1), c `test_detections`, d `key_detections`. The argument of
    the logarithm carries 21^2/a^2, because smoothing needs the square of one share as failure
    probability.
    """
    c, d = test_detections, key_detections
    spread = (c + d) * (1.0 - ratio) * ratio / (c * d * math.log(2.0))
    bits = math.log2((c + d) / (c * d * (1.0 - ratio) * ratio)) + 2.0 * math.log2(21.0 / secrecy)
    return math.sqrt(spread * max(bits, 0.0))

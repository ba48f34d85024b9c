"""Key from both bases, where the errors of each bound the phase errors of the other."""

import math
from dataclasses import dataclass

from passes.key.entropy import binary_entropy
from passes.key.epsilon import EpsilonTerm
from passes.key.error_correction import disclosed_bits
from passes.key.hypergeometric import remaining_errors
from passes.key.records import ErrorCorrection, SecurityParameters


@dataclass(frozen=True, slots=True)
class Basis:
    """One basis: its bits, and what the other basis says about them.

    Parameters
    ----------
    sifted, qber : bits and their error rate, 0.5 without bits
    observed_phase_error : error rate of the other basis, corrected for the detectors
    sampling_deviation : by how much the errors of the sifted bits may be more than seen [rate]
    phase_error : upper bound, at most 0.5
    share : of the bits disclosed for error correction, what counts here
    disclosed_bits, unclipped_bits : for error correction; key that is left
    """

    sifted: float
    qber: float
    observed_phase_error: float
    sampling_deviation: float
    phase_error: float
    share: float
    disclosed_bits: float
    unclipped_bits: float


@dataclass(frozen=True, slots=True)
class BothBases:
    """Both bases, the fixed cost of each of them, and how the secrecy is divided."""

    bases: tuple[Basis, Basis]
    unclipped_bits: float
    fixed_cost_bits: float
    epsilon_terms: tuple[EpsilonTerm, ...]


def both_bases(
    sifted: tuple[float, float],
    errors: tuple[float, float],
    detector_mismatch: float,
    security: SecurityParameters,
    *,
    is_exact: bool,
) -> BothBases:
    """Key of each basis with the other as its sample.

    Parameters
    ----------
    sifted, errors : by basis
    detector_mismatch : Delta
    security : promises, halved for each basis
    is_exact : hypergeometric distribution instead of Serfling's inequality

    Notes
    -----
    After Yin et al., Nature 582, 501 (2020), with n bits here and k in the other basis:

        phi = [E' + sqrt((n + 1) ln(1/eps) / (2 k (n + k)))] / (1 - 2 Delta)
        l = n [1 - h(phi)] - leak - log2(2 / (eps_cor eps_sec^2))

    with eps and eps_sec a quarter of the secrecy, once for sampling and once for hashing in each
    basis. The methods section was not at hand; for n = k, which is how we have the formula, it
    gives 377 bits where the paper has 372. Being the deviation of a sample from all n + k bits,
    where the other n deviate (n + k) / n times as much, it would say nearly nothing about a few
    bits next to a large sample; for n < k we let it grow by (n + k) / (2 n).

    Exact: alpha is a third of the half that a basis gets, twice for smoothing and once for hashing,
    which takes 2 log2(1 / (2 alpha)) bits; the number of phase errors is exceeded with probability
    alpha^2.

    A basis that yields nothing is left out; the bits of the other stay. Where only the sum of the
    disclosed bits is known, both are taken or none.
    """
    terms = _EXACT_TERMS if is_exact else _YIN_TERMS
    share = security.epsilon_secrecy / sum(count for _, count, _ in terms)
    fixed_cost = math.log2(2.0 / security.epsilon_correctness) - 2.0 * math.log2(share)
    fixed_cost += -2.0 if is_exact else 1.0
    first, second = (
        _basis(sifted, errors, this, detector_mismatch, security, share, fixed_cost, is_exact)
        for this in (0, 1)
    )
    parts = (first.unclipped_bits, second.unclipped_bits)
    total = sum(parts)
    if security.error_correction is not ErrorCorrection.DISCLOSED:
        kept = [part for part in parts if part > 0.0]
        total = sum(kept) if kept else max(parts)
    return BothBases(
        bases=(first, second),
        unclipped_bits=total,
        fixed_cost_bits=fixed_cost,
        epsilon_terms=tuple(EpsilonTerm(symbol, n, text, share) for symbol, n, text in terms),
    )


def _basis(
    sifted: tuple[float, float],
    errors: tuple[float, float],
    this: int,
    detector_mismatch: float,
    security: SecurityParameters,
    share: float,
    fixed_cost: float,
    is_exact: bool,
) -> Basis:
    n, k, wrong, found = sifted[this], sifted[1 - this], errors[this], errors[1 - this]
    qber = wrong / n if n > 0.0 else 0.5
    observed = found / k if k > 0.0 else 0.5
    deviation = (_exact_deviation if is_exact else _serfling_deviation)(n, k, found, share)
    scale = 1.0 / (1.0 - 2.0 * detector_mismatch)
    phase_error = min((observed + deviation) * scale, 0.5)
    part = 1.0
    if security.error_correction is ErrorCorrection.DISCLOSED:
        part = n / sum(sifted) if n > 0.0 else 0.0
    disclosed = part * disclosed_bits(n, qber, security)
    return Basis(
        sifted=n,
        qber=qber,
        observed_phase_error=min(observed * scale, 0.5),
        sampling_deviation=deviation,
        phase_error=phase_error,
        share=part,
        disclosed_bits=disclosed,
        unclipped_bits=n * (1.0 - binary_entropy(phase_error)) - disclosed - fixed_cost,
    )


def _serfling_deviation(n: float, k: float, _found: float, share: float) -> float:
    if n <= 0.0 or k <= 0.0:
        return 0.5
    of_all = math.sqrt((n + 1.0) * -math.log(share) / (2.0 * k * (n + k)))
    return of_all * max((n + k) / (2.0 * n), 1.0)


def _exact_deviation(n: float, k: float, found: float, share: float) -> float:
    """Smallest excess that the sample rules out.

    Measured errors are whole. Expected ones lie between the bounds of the whole numbers around
    them, so that a plan does not jump by an error's worth.
    """
    whole = math.floor(n)
    if whole <= 0 or k < 1.0:
        return 0.5
    below, above = math.floor(found), math.ceil(found)
    at_least, at_most = (
        remaining_errors(errors, k, n, 2.0 * math.log(share)) for errors in (below, above)
    )
    ruled_out = at_least + (found - below) * (at_most - at_least)
    return ruled_out / whole - found / k


_YIN_TERMS = (
    ("eps", 2, "phase error estimate, by basis"),
    ("eps_sec", 2, "privacy amplification, by basis"),
)
_EXACT_TERMS = (
    ("alpha", 4, "smoothing, phase error estimate, by basis"),
    ("nu", 2, "privacy amplification, by basis"),
)

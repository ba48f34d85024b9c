"""Secret key length of BBM92, entangled pairs to two receivers: counts in, key and its audit out.

Neither receiver nor the planner has to trust the source. Both measure in one of two bases; what
they measured in the same basis is sifted. The proofs differ in how they learn the phase errors:

- `both-bases`, `both-bases-exact`: key is made from all bits of both bases, and the errors that
  error correction found in one basis bound the phase errors of the other. No bit is given away for
  a test. The two keys can be used together: each is secret from someone who knows all bits of the
  other basis.
- `lim2021`, `lim2021-exact`: part of the block is disclosed as a random test sample.
"""

import dataclasses
import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from passes.errors import KeyLengthError
from passes.key.audit import KeyAudit
from passes.key.bbm92.bases import BothBases, both_bases
from passes.key.bbm92.sample import SampledBlock, exact_sample, lim_2021_sample
from passes.key.count_checks import check_detections, check_errors
from passes.key.entropy import binary_entropy
from passes.key.epsilon import EpsilonBudget, EpsilonTerm
from passes.key.error_correction import disclosed_bits
from passes.key.records import ErrorCorrection, SecurityParameters
from passes.key.validity import check_security

Floats = NDArray[np.float64]


class Bbm92Proof(StrEnum):
    """Named proofs of BBM92; what they promise stands in the notes of `bbm92_key`."""

    BOTH_BASES = "both-bases"
    BOTH_BASES_EXACT = "both-bases-exact"
    LIM2021 = "lim2021"
    LIM2021_EXACT = "lim2021-exact"


@dataclass(frozen=True, slots=True)
class Bbm92Counts:
    """Sifted bits of one block and their errors by basis; arrays of shape (2,).

    Floats when expected, whole numbers when measured.

    Parameters
    ----------
    sifted : coincidences where both receivers chose the same basis
    errors : of these, bits that differ
    detector_mismatch : Delta, by how much the efficiencies of the detectors differ relatively, in
        [0, 0.5); phase errors may be 1 / (1 - 2 Delta) times as many
    """

    sifted: Floats
    errors: Floats
    detector_mismatch: float = 0.0


def bbm92_key(
    counts: Bbm92Counts,
    security: SecurityParameters,
    *,
    proof: Bbm92Proof | str = Bbm92Proof.BOTH_BASES_EXACT,
) -> KeyAudit:
    """Secret key length of one block.

    Parameters
    ----------
    counts : sifted bits and errors of the block, expected or measured
    security : promises for all of the block, and the cost of error correction. Bits that were
        really disclosed (`disclosed`) are those of both bases together
    proof : `both-bases`, `both-bases-exact`, `lim2021` or `lim2021-exact`

    Returns
    -------
    The length and every bound that led to it. `phase_error` is the larger one of the two bases.

    Raises
    ------
    KeyLengthError : names the setting or count that is out of range

    Notes
    -----
    `both-bases` follows Yin et al., Nature 582, 501 (2020), 377 bits for their published 372. To
    the error rate of the other basis it adds Serfling's deviation of a sample from the population
    it was drawn from; from the rest of the population the deviation is twice as large, and
    smoothing would need the square of the probability. As errors are rare, this still holds for
    long blocks with few of them, but with 6 % errors in two bases of 500 bits it fails with
    10^-7.4 where 10^-10 is booked.

    `both-bases-exact` takes the hypergeometric distribution itself at the square of its share:
    less key at the limit (63 bits instead of the 372 of the paper), more of it in long blocks with
    less than 1 % errors.

    `lim2021`: Lim, Xu, Pan, Ekert, Phys. Rev. Lett. 126, 100501 (2021), arXiv:2009.04882, as coded
    in JSS-root/BBM92_Finite_Key, optimised over the sample size and two deviations. The error
    rate of the counts takes the place of the tolerated one, which has to be fixed beforehand.
    `lim2021-exact` has the hypergeometric distribution in place of the paper's two inequalities.
    """
    if proof not in set(Bbm92Proof):
        known = ", ".join(f"'{mode.value}'" for mode in Bbm92Proof)
        raise KeyLengthError(f"proof '{proof}' does not exist; there is {known}")
    check_security(security)
    _check_counts(counts)
    mode = Bbm92Proof(proof)
    if mode in {Bbm92Proof.BOTH_BASES, Bbm92Proof.BOTH_BASES_EXACT}:
        found = both_bases(
            _pair(counts.sifted),
            _pair(counts.errors),
            counts.detector_mismatch,
            security,
            is_exact=mode is Bbm92Proof.BOTH_BASES_EXACT,
        )
        return _both_bases_audit(mode, counts, security, found)
    if counts.detector_mismatch != 0.0:
        raise KeyLengthError(
            f"detector_mismatch = {counts.detector_mismatch:g} is not part of proof '{mode.value}'"
        )
    block, qber = _total(counts)
    sample = (lim_2021_sample if mode is Bbm92Proof.LIM2021 else exact_sample)(
        block, qber, security
    )
    return _sampled_audit(mode, block, qber, security, sample)


def _both_bases_audit(
    mode: Bbm92Proof, counts: Bbm92Counts, security: SecurityParameters, found: BothBases
) -> KeyAudit:
    sifted, qber = _total(counts)
    first, second = found.bases
    bounds = {"fixed_cost_bits": found.fixed_cost_bits}
    for index, basis in enumerate(found.bases):
        bounds[f"phase_error[{index}]"] = basis.phase_error
        bounds[f"sampling_deviation[{index}]"] = basis.sampling_deviation
        bounds[f"unclipped_bits[{index}]"] = basis.unclipped_bits
    free = _without_finite_size(security)
    asymptotic = sum(
        basis.sifted * (1.0 - binary_entropy(basis.observed_phase_error))
        - basis.share * disclosed_bits(basis.sifted, basis.qber, free)
        for basis in found.bases
    )
    return KeyAudit(
        protocol="bbm92",
        proof=mode.value,
        secret_key_bits=min(max(found.unclipped_bits, 0.0), sifted),
        unclipped_bits=found.unclipped_bits,
        qber=qber,
        phase_error=max(first.phase_error, second.phase_error),
        sifted_bits=sifted,
        error_correction_bits=first.disclosed_bits + second.disclosed_bits,
        bounds=bounds,
        budget=EpsilonBudget(
            security.epsilon_secrecy, security.epsilon_correctness, found.epsilon_terms
        ),
        asymptotic_bits=max(asymptotic, 0.0),
    )


def _sampled_audit(
    mode: Bbm92Proof, block: float, qber: float, security: SecurityParameters, sample: SampledBlock
) -> KeyAudit:
    terms = (
        EpsilonTerm("eps_pe", 2, "smoothing, phase error estimate", sample.epsilon_pe),
        EpsilonTerm("eps_pa", 1, "privacy amplification", sample.epsilon_pa),
    )
    free = _without_finite_size(security)
    asymptotic = block * (1.0 - binary_entropy(min(qber, 0.5))) - disclosed_bits(block, qber, free)
    return KeyAudit(
        protocol="bbm92",
        proof=mode.value,
        secret_key_bits=min(max(sample.unclipped_bits, 0.0), sample.key_bits),
        unclipped_bits=sample.unclipped_bits,
        qber=qber,
        phase_error=sample.phase_error,
        sifted_bits=sample.key_bits,
        error_correction_bits=disclosed_bits(sample.key_bits, qber, security),
        bounds={"block_bits": block, "test_bits": sample.test_bits},
        budget=EpsilonBudget(security.epsilon_secrecy, security.epsilon_correctness, terms),
        asymptotic_bits=max(asymptotic, 0.0),
    )


def _without_finite_size(security: SecurityParameters) -> SecurityParameters:
    if security.error_correction is ErrorCorrection.LOGM:
        return dataclasses.replace(security, error_correction=ErrorCorrection.BLOCK)
    return security


def _total(counts: Bbm92Counts) -> tuple[float, float]:
    """Sifted bits of both bases and their error rate; 0.5 where there is none."""
    sifted = float(sum(counts.sifted))
    return sifted, float(sum(counts.errors)) / sifted if sifted > 0.0 else 0.5


def _pair(counts: Floats) -> tuple[float, float]:
    first, second = counts
    return float(first), float(second)


def _check_counts(counts: Bbm92Counts) -> None:
    check_detections("sifted", counts.sifted, 2, "basis")
    check_errors("errors", counts.errors, counts.sifted)
    mismatch = counts.detector_mismatch
    if not (math.isfinite(mismatch) and 0.0 <= mismatch < 0.5):
        raise KeyLengthError(f"detector_mismatch = {mismatch:g} is outside 0..0.5 (exclusive)")

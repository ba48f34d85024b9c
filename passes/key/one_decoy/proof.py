"""Secret key length of BB84 with two intensities: counts in, key and its audit out.

Without a vacuum state the empty pulses are bounded from above by the errors in each basis, because
half of their bits are wrong. So the errors of the key basis must be known by intensity, which they
are once error correction has found them.
"""

import dataclasses
import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from passes.errors import KeyLengthError
from passes.key.audit import KeyAudit
from passes.key.count_checks import check_detections, check_errors
from passes.key.error_correction import disclosed_bits
from passes.key.one_decoy.bounds import (
    RUSCA_2018,
    WIESEMANN_2026,
    WIESEMANN_2026_EXACT,
    block_bounds,
)
from passes.key.records import ErrorCorrection, SecurityParameters
from passes.key.validity import check_fraction, check_security

Floats = NDArray[np.float64]

_ROUNDING = 1e-9
# No source sends it; beyond it exp(mu) leaves the range of doubles sooner or later.
_LARGEST_INTENSITY = 100.0


class OneDecoyProof(StrEnum):
    """Named proofs of one-decoy BB84; they are told apart in the notes of `one_decoy_key`."""

    WIESEMANN2026 = "wiesemann2026"
    WIESEMANN2026_EXACT = "wiesemann2026-exact"
    RUSCA2018 = "rusca2018"


@dataclass(frozen=True, slots=True)
class OneDecoySource:
    """A weak-coherent-pulse source with two intensities, neither of them zero.

    Parameters
    ----------
    pulse_rate_hz : pulses per second
    intensities : mean photon numbers (signal, decoy), where the channel efficiency starts
    probabilities : of the two intensities, summing to 1
    key_basis_probability : share of pulses that the sender prepares in the key basis
    intrinsic_qber : error probability of a signal photon (polarisation contrast, alignment)
    """

    pulse_rate_hz: float
    intensities: tuple[float, float]
    probabilities: tuple[float, float]
    key_basis_probability: float
    intrinsic_qber: float


@dataclass(frozen=True, slots=True)
class OneDecoyCounts:
    """Detections and errors of one block by intensity (signal, decoy); arrays of shape (2,).

    Floats when expected, whole numbers when measured.

    Parameters
    ----------
    key, test : detections where both sides chose the key (test) basis
    key_errors, test_errors : of these, wrong bits
    """

    key: Floats
    test: Floats
    key_errors: Floats
    test_errors: Floats


def one_decoy_key(
    counts: OneDecoyCounts,
    source: OneDecoySource,
    security: SecurityParameters,
    *,
    proof: OneDecoyProof | str = OneDecoyProof.WIESEMANN2026_EXACT,
) -> KeyAudit:
    """Secret key length of one block.

    Parameters
    ----------
    counts : detections and errors of the block, expected or measured
    source : intensities and their probabilities, which the decoy method has to know
    security : promises and the cost of error correction
    proof : `wiesemann2026`, `wiesemann2026-exact` or `rusca2018`

    Returns
    -------
    The length and every bound that led to it. Where nothing was detected, and in `rusca2018`
    where no single-photon error is left, the phase error is 0.5, the value that promises nothing.
    `asymptotic_bits` is this method on the same counts without deviations and fixed cost.

    Raises
    ------
    KeyLengthError : names the setting or count that is out of range

    Notes
    -----
    `rusca2018`: Rusca, Boaron, Grünenfelder, Martin, Zbinden, Appl. Phys. Lett. 112, 171104 (2018),
    19 equal shares, phase error after Fung et al. as printed, which is not conservative for few
    errors (`passes.key.decoy.bounds.phase_error_rate`). Equal to the machine-checked evaluation in
    adomasbaliuka/formal-qkd (Lean) to 1e-9.

    `wiesemann2026`: Wiesemann, Krause, Tupkary, Lütkenhaus, Rusca, Walenta, Quantum 10, 2037
    (2026), arXiv:2405.16578, with the constants of a co-author's program
    (jankhg/Quantum-key-distribution-secure-key-rate-simulation-1-decoy-BB84): 15 equal shares,
    empty pulses give no key, the smaller of two bounds on them, Serfling's inequality for the phase
    error. Limits of counts are cut to what is possible, as there, and single-photon errors to all
    errors in addition. The paper itself was not at hand; how the shares are spent is inferred
    (`passes.key.one_decoy.bounds.WIESEMANN_2026`).

    `wiesemann2026-exact` has the hypergeometric distribution in place of Serfling's inequality, at
    the same probability: 2 to 16 % more key on typical passes.
    """
    if proof not in set(OneDecoyProof):
        known = ", ".join(f"'{mode.value}'" for mode in OneDecoyProof)
        raise KeyLengthError(f"proof '{proof}' does not exist; there is {known}")
    check_one_decoy_source(source)
    check_security(security)
    _check_counts(counts)
    mode = OneDecoyProof(proof)
    theory = _THEORIES[mode]
    share = security.epsilon_secrecy / theory.shares
    found, infinite = (
        block_bounds(
            (_pair(counts.key), _pair(counts.key_errors)),
            (_pair(counts.test), _pair(counts.test_errors)),
            source.intensities,
            source.probabilities,
            theory,
            failure,
        )
        for failure in (share, None)
    )
    sifted = float(sum(counts.key))
    qber = min(float(sum(counts.key_errors)) / sifted, 1.0) if sifted > 0.0 else 0.5
    disclosed = disclosed_bits(sifted, qber, security)
    fixed_cost = theory.fixed_cost_bits(share) + math.log2(2.0 / security.epsilon_correctness)
    unclipped = theory.bits(found) - disclosed - fixed_cost
    least_disclosed = disclosed_bits(sifted, qber, _without_finite_size(security))
    return KeyAudit(
        protocol="one-decoy-bb84",
        proof=mode.value,
        secret_key_bits=min(max(unclipped, 0.0), sifted),
        unclipped_bits=unclipped,
        qber=qber,
        phase_error=found.phase_error,
        sifted_bits=sifted,
        error_correction_bits=disclosed,
        bounds={**dataclasses.asdict(found), "fixed_cost_bits": fixed_cost},
        budget=theory.budget(security.epsilon_secrecy, security.epsilon_correctness),
        asymptotic_bits=max(theory.bits(infinite) - least_disclosed, 0.0),
    )


_THEORIES = {
    OneDecoyProof.WIESEMANN2026: WIESEMANN_2026,
    OneDecoyProof.WIESEMANN2026_EXACT: WIESEMANN_2026_EXACT,
    OneDecoyProof.RUSCA2018: RUSCA_2018,
}


def _without_finite_size(security: SecurityParameters) -> SecurityParameters:
    if security.error_correction is ErrorCorrection.LOGM:
        return dataclasses.replace(security, error_correction=ErrorCorrection.BLOCK)
    return security


def _pair(counts: Floats) -> tuple[float, float]:
    first, second = counts
    return float(first), float(second)


def check_one_decoy_source(source: OneDecoySource) -> None:
    """Refuse intensities other than mu1 > mu2 > 0, or probabilities that are none."""
    for name in ("intensities", "probabilities"):
        values = getattr(source, name)
        if len(values) != 2:
            raise KeyLengthError(f"{name} has {len(values)} values, not one per intensity (2)")
    signal, decoy = source.intensities
    if not (math.isfinite(decoy) and decoy > 0.0):
        raise KeyLengthError(f"intensities[1] = {decoy:g} is not a mean photon number > 0")
    if not signal <= _LARGEST_INTENSITY:
        raise KeyLengthError(f"intensities[0] = {signal:g} is above {_LARGEST_INTENSITY:g}")
    if signal <= decoy:
        raise KeyLengthError(
            f"intensities[0] = {signal:g} must be larger than intensities[1] = {decoy:g}"
        )
    for index, probability in enumerate(source.probabilities):
        if not 0.0 < probability < 1.0:
            raise KeyLengthError(
                f"probabilities[{index}] = {probability:g} is not between 0 and 1 (exclusive)"
            )
    total = math.fsum(source.probabilities)
    if abs(total - 1.0) > _ROUNDING:
        raise KeyLengthError(f"probabilities sum to {total:.10g}, not to 1")
    check_fraction("key_basis_probability", source.key_basis_probability)
    check_fraction("intrinsic_qber", source.intrinsic_qber, highest=0.5)


def _check_counts(counts: OneDecoyCounts) -> None:
    check_detections("key", counts.key, 2, "intensity")
    check_detections("test", counts.test, 2, "intensity")
    check_errors("key_errors", counts.key_errors, counts.key)
    check_errors("test_errors", counts.test_errors, counts.test)

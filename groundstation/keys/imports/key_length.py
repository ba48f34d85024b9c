"""The proven length of an observed block, part by part, under a station's promise."""

from dataclasses import dataclass

from groundstation.keys.imports.errors import KeyImportError
from groundstation.keys.imports.plausibility import blocks_of
from groundstation.keys.imports.records import Reconciliation
from passes.counts.source import DecoySource
from passes.key.audit import KeyAudit
from passes.key.bbm92.proof import Bbm92Counts, Bbm92Proof, bbm92_key
from passes.key.decoy.robust import worst_case_key
from passes.key.one_decoy.proof import (
    OneDecoyCounts,
    OneDecoyProof,
    OneDecoySource,
    one_decoy_key,
)
from passes.key.records import DecoyCounts, ErrorCorrection, Proof, SecurityParameters

_FOR_PLANS_ONLY = {Proof.SATQUMA, Bbm92Proof.LIM2021, Bbm92Proof.LIM2021_EXACT}


@dataclass(frozen=True, slots=True)
class DistillationPolicy:
    """What a station promises of key that it makes itself.

    Parameters
    ----------
    epsilon_secrecy, epsilon_correctness : of each block
    decoy_proof, one_decoy_proof, bbm92_proof : by protocol; those for plans only are refused
    intensity_uncertainty : relative, for three intensities; the worst case counts
    """

    epsilon_secrecy: float
    epsilon_correctness: float
    decoy_proof: Proof = Proof.TIGHT
    one_decoy_proof: OneDecoyProof = OneDecoyProof.WIESEMANN2026_EXACT
    bbm92_proof: Bbm92Proof = Bbm92Proof.BOTH_BASES_EXACT
    intensity_uncertainty: float = 0.0

    def __post_init__(self) -> None:
        """Refuse formulas that are good for plans only."""
        for proof in (self.decoy_proof, self.bbm92_proof):
            if proof in _FOR_PLANS_ONLY:
                raise KeyImportError(
                    f"'{proof}' is good for plans, not for making key",
                    hint=f"use '{Proof.TIGHT}' or '{Bbm92Proof.BOTH_BASES_EXACT}'",
                )


def proven_parts(
    block: Reconciliation, policy: DistillationPolicy
) -> tuple[KeyAudit, tuple[tuple[int, float], ...]]:
    """The audit, and of every part its bits and the secret ones among them.

    One part, for BBM92 one per basis in the order of the key. Lengths may be negative.

    Raises
    ------
    KeyLengthError : counts or a source from which nothing is proved
    """
    security = SecurityParameters(
        policy.epsilon_secrecy,
        policy.epsilon_correctness,
        ErrorCorrection.DISCLOSED,
        error_correction_efficiency=1.0,
        disclosed_bits=float(sum(block.leak_ec_bits)),
    )
    counts, source = block.counts, block.source
    if isinstance(counts, Bbm92Counts):
        audit = bbm92_key(counts, security, proof=policy.bbm92_proof)
        return audit, _by_basis(block, audit)
    if isinstance(counts, OneDecoyCounts) and isinstance(source, OneDecoySource):
        audit = one_decoy_key(counts, source, security, proof=policy.one_decoy_proof)
    elif isinstance(counts, DecoyCounts) and isinstance(source, DecoySource):
        result, _ = worst_case_key(
            counts,
            source,
            security,
            intensity_uncertainty=policy.intensity_uncertainty,
            proof=policy.decoy_proof,
        )
        audit = result.audit()
    else:
        raise KeyImportError(f"{type(counts).__name__} do not go with a {type(source).__name__}")
    ((bits, _),) = blocks_of(block)
    return audit, ((bits, audit.unclipped_bits),)


def _by_basis(block: Reconciliation, audit: KeyAudit) -> tuple[tuple[int, float], ...]:
    """The audit shares out what was disclosed by the bits of a basis; here each has its own."""
    blocks = blocks_of(block)
    total_bits, total_leak = sum(bits for bits, _ in blocks), sum(block.leak_ec_bits)
    return tuple(
        (
            bits,
            audit.bounds[f"unclipped_bits[{index}]"]
            + (total_leak * bits / total_bits if total_bits else 0.0)
            - block.leak_ec_bits[index],
        )
        for index, (bits, _) in enumerate(blocks)
    )

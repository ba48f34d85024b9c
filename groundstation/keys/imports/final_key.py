"""What distillation gives: how much key, why, and the public record of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from groundstation.keys.amplification.toeplitz import seed_bits_needed
from groundstation.keys.imports.seed import Seed, seed_document
from passes.key.audit import KeyAudit


@dataclass(frozen=True, slots=True)
class HashPart:
    """A stretch of the reconciled key that is hashed by itself: first bit, bits in, bits out."""

    first: int
    input_bits: int
    output_bits: int

    @property
    def seed_bits(self) -> int:
        """Seed that it takes."""
        return seed_bits_needed(self.input_bits, self.output_bits)


@dataclass(frozen=True, slots=True)
class DistillationPlan:
    """How long the key will be and why, before a seed is drawn.

    Parameters
    ----------
    parts : to hash; those without secret bits are left out
    audit : the proof's bounds on the observed counts
    tag_deduction_bits : taken off each part for verification tags, beyond what the proof takes
    epsilon_correctness : that the tags really give, at most the promised one
    """

    parts: tuple[HashPart, ...]
    audit: KeyAudit
    tag_deduction_bits: float
    epsilon_correctness: float

    @property
    def secret_bits(self) -> int:
        """Length of the final key."""
        return sum(part.output_bits for part in self.parts)

    @property
    def seed_bits(self) -> int:
        """Length of the seed for all parts, one after the other."""
        return sum(part.seed_bits for part in self.parts)


@dataclass(frozen=True, slots=True)
class FinalKey:
    """Secret key with everything that led to it.

    Parameters
    ----------
    segment_id : of the block
    key : the bits, most significant first, filled with zeros
    n_bits : length
    plan : parts, audit, deductions
    seed : the public one
    error_bound, rounding_distance : of the hashing, the worst of its parts
    """

    segment_id: UUID
    key: bytes = field(repr=False)
    n_bits: int
    plan: DistillationPlan
    seed: Seed
    error_bound: float
    rounding_distance: float


def result_document(final: FinalKey) -> Mapping[str, Any]:
    """The public record of a result as JSON values: lengths, bounds, epsilons and the seed."""
    plan, audit = final.plan, final.plan.audit
    return {
        "schema": "groundstation-final-key/1",
        "segment_id": str(final.segment_id),
        "secret_bits": final.n_bits,
        "protocol": audit.protocol,
        "proof": audit.proof,
        "sifted_bits": audit.sifted_bits,
        "qber": audit.qber,
        "phase_error": audit.phase_error,
        "error_correction_bits": audit.error_correction_bits,
        "secret_key_bits": audit.secret_key_bits,
        "tag_deduction_bits": plan.tag_deduction_bits,
        "bounds": dict(audit.bounds),
        "epsilon": {
            "secrecy": audit.budget.secrecy,
            "correctness": plan.epsilon_correctness,
            "terms": [
                {"symbol": t.symbol, "count": t.count, "probability": t.probability}
                for t in audit.budget.terms
            ],
        },
        "amplification": {
            "parts": [
                {"first": p.first, "input_bits": p.input_bits, "output_bits": p.output_bits}
                for p in plan.parts
            ],
            "seed": seed_document(final.seed),
            "error_bound": final.error_bound,
            "rounding_distance": final.rounding_distance,
        },
    }

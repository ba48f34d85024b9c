"""From a reconciled key to the final one: length, verification, privacy amplification.

Rules:
- The length is that of `passes.key` on the observed counts, with the bits that were really
  disclosed; the planner's formula, with what happened in place of what was expected.
- The promise is the station's. A manifest that was made for another one is refused.
- Verification tags that went over the public channel are taken off, as far as the proof's own
  log2(2 / eps_cor) does not pay for them already. As many tags are needed as meet eps_cor.
- Bits are made only by a proof. A program's formula that departs from its paper (satquma), or one
  that has to fix its sample before the counts are known (lim2021), is good for plans only.
- For BBM92 each basis is hashed by itself: its key is secret from someone who knows all bits of
  the other.
- The seed is drawn after the block is fixed, once; the other station repeats the same seed. It is
  public and goes into the record of the result.
"""

import math

import numpy as np

from groundstation.keys.amplification.bit_order import check_packed, pack, unpack
from groundstation.keys.amplification.toeplitz import toeplitz_hash
from groundstation.keys.authentication.verification_tag import (
    TAG_BITS,
    collision_probability,
    tags_agree,
    tags_needed,
    verification_tag,
)
from groundstation.keys.imports.final_key import DistillationPlan, FinalKey, HashPart
from groundstation.keys.imports.key_length import DistillationPolicy, proven_parts
from groundstation.keys.imports.promise import broken_promise
from groundstation.keys.imports.records import (
    ImportedKey,
    Reconciliation,
    Refusal,
    RefusalKind,
)
from groundstation.keys.imports.seed import Seed
from passes.errors import KeyLengthError
from passes.key.audit import whole_bits


def plan_distillation(
    imported: ImportedKey, policy: DistillationPolicy
) -> DistillationPlan | Refusal:
    """Compare the tags and compute how many bits may be made.

    Raises
    ------
    ValueError : a final key (tier 1) has nothing to distil
    """
    block = imported.reconciliation
    if block is None:
        raise ValueError(f"segment {imported.segment.segment_id} is a final key already")
    refusal = (
        broken_promise(imported.segment, policy)
        or _too_few_tags(imported, block, policy)
        or _uncorrected(imported, block)
    )
    if refusal is not None:
        return refusal
    tags = len(block.tags)
    paid = math.log2(2.0 / policy.epsilon_correctness)
    deduction = max(TAG_BITS * tags - paid, 0.0)
    try:
        audit, proven = proven_parts(block, policy)
    except KeyLengthError as error:
        return _refused(imported, RefusalKind.UNBELIEVABLE, f"no key length: {error}")
    first, parts = 0, []
    for bits, length in proven:
        made = min(whole_bits(length - deduction), bits)
        if made > 0:
            parts.append(HashPart(first, bits, made))
        first += bits
    if not parts:
        left = max(length for _, length in proven) - deduction
        return _refused(
            imported, RefusalKind.NO_KEY, f"no secret bit is left ({left:.1f} by the proof)"
        )
    correctness = collision_probability(imported.segment.n_bits, tags)
    return DistillationPlan(tuple(parts), audit, deduction, correctness)


def distil(imported: ImportedKey, policy: DistillationPolicy, seed: Seed) -> FinalKey | Refusal:
    """Verify, compute the length, and hash.

    Parameters
    ----------
    imported : a tier-2 file that was read
    policy : what this station promises
    seed : exactly `plan_distillation(...).seed_bits` bits

    Raises
    ------
    AmplificationError : a seed of another length, or a hashing that is not proved right
    """
    plan = plan_distillation(imported, policy)
    if isinstance(plan, Refusal):
        return plan
    check_packed(seed.material, plan.seed_bits)
    key_bits = unpack(imported.key, imported.segment.n_bits)
    seed_bits = unpack(seed.material, plan.seed_bits)
    hashed, used = [], 0
    for part in plan.parts:
        of_part = seed_bits[used : used + part.seed_bits]
        bits = key_bits[part.first : part.first + part.input_bits]
        hashed.append(toeplitz_hash(bits, of_part, part.output_bits))
        used += part.seed_bits
    return FinalKey(
        segment_id=imported.segment.segment_id,
        key=pack(np.concatenate([each.bits for each in hashed])),
        n_bits=plan.secret_bits,
        plan=plan,
        seed=seed,
        error_bound=max(each.error_bound for each in hashed),
        rounding_distance=max(each.rounding_distance for each in hashed),
    )


def _too_few_tags(
    imported: ImportedKey, block: Reconciliation, policy: DistillationPolicy
) -> Refusal | None:
    n_bits, found = imported.segment.n_bits, len(block.tags)
    needed = tags_needed(n_bits, policy.epsilon_correctness)
    if found >= needed:
        return None
    return _refused(
        imported,
        RefusalKind.POLICY,
        f"{found} verification tags of {n_bits} bits do not give a correctness of "
        f"{policy.epsilon_correctness:g}, which takes {needed}",
    )


def _uncorrected(imported: ImportedKey, block: Reconciliation) -> Refusal | None:
    if len(set(block.points)) < len(block.points):
        return _refused(
            imported, RefusalKind.UNBELIEVABLE, "verification tags are at the same point twice"
        )
    ours = [
        verification_tag(imported.key, imported.segment.n_bits, point) for point in block.points
    ]
    if tags_agree(ours, block.tags):
        return None
    return _refused(
        imported,
        RefusalKind.UNCORRECTED,
        "verification tags differ: both ends hold different keys",
    )


def _refused(imported: ImportedKey, kind: RefusalKind, reason: str) -> Refusal:
    identity = imported.segment.segment_id
    return Refusal(kind, f"segment {identity}: {reason}", identity)

"""Tallies that no link can have produced."""

from groundstation.keys.imports.records import Reconciliation
from passes.key.bbm92.proof import Bbm92Counts
from passes.key.entropy import binary_entropy
from passes.key.one_decoy.proof import OneDecoyCounts

# Error correction cannot disclose less than the errors' entropy. What is publicly known of a bit,
# as its intensity, lowers that by some per cent; a tenth is more than it can be.
_LEAST_OF_SHANNON = 0.9


def blocks_of(block: Reconciliation) -> tuple[tuple[int, int], ...]:
    """Bits and errors of every part of the key that error correction treated by itself."""
    counts = block.counts
    if isinstance(counts, Bbm92Counts):
        pairs = zip(counts.sifted, counts.errors, strict=True)
        return tuple((int(bits), int(wrong)) for bits, wrong in pairs)
    if isinstance(counts, OneDecoyCounts):
        return ((int(counts.key.sum()), int(counts.key_errors.sum())),)
    return ((int(counts.key.sum()), int(counts.key_errors)),)


def implausibility(block: Reconciliation) -> str | None:
    """Why these tallies cannot be true, or None.

    A disclosure below the Shannon limit means that not everything was counted that went over the
    public channel, and a key from it would be too long.
    """
    counts = block.counts
    detections = (
        counts.sifted.sum()
        if isinstance(counts, Bbm92Counts)
        else counts.key.sum() + counts.test.sum()
    )
    if detections > block.pulses:
        return f"{int(detections)} detections exceed {block.pulses} pulses"
    for (bits, wrong), leak in zip(blocks_of(block), block.leak_ec_bits, strict=True):
        if bits == 0:
            continue
        least = _LEAST_OF_SHANNON * bits * binary_entropy(min(wrong / bits, 0.5))
        if leak < least:
            return (
                f"{leak} bits disclosed for error correction cannot correct {wrong} errors in "
                f"{bits} bits, which takes {least:.0f}"
            )
    return None

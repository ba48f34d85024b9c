"""Who knows a key.

- The two ends of a pool know its key; a label names the others.
- A key may be made of shares. A coalition knows a share if one of its members does, and the key if
  it knows `threshold` shares: all of them for XOR, t of n for Shamir's scheme.
- Where a label cannot say exactly who knows the key it says too much, never too little.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

from groundstation.keys.ledger.records import TrustLabel

NOBODY_ELSE = TrustLabel((frozenset(),), 1)


def knows(label: TrustLabel, coalition: Iterable[str]) -> bool:
    """Whether nodes that put together what they know have the key; the ends are not asked."""
    members = frozenset(coalition)
    return sum(not members.isdisjoint(share) for share in label.shares) >= label.threshold


def knowing_names(label: TrustLabel) -> frozenset[str]:
    """Everybody who knows at least one share."""
    return frozenset().union(*label.shares)


def smallest_coalition(label: TrustLabel) -> int | None:
    """Fewest nodes beside the ends that together know the key; None if no coalition does."""
    names = sorted(knowing_names(label))
    # One member per share is always enough.
    for size in range(1, label.threshold + 1):
        if any(knows(label, members) for members in combinations(names, size)):
            return size
    return None


def relayed(hops: Sequence[TrustLabel], intermediates: Iterable[str]) -> TrustLabel:
    """Label of a key that was passed on from hop to hop by the XOR of adjacent hop keys.

    With the public announcements the key of any hop gives the key, so whoever knows the key of one
    hop knows it, and so does every intermediate. Exact unless two hops are split differently;
    then the label of the smaller threshold is kept and the names of the other join every share.
    """
    label = TrustLabel((frozenset(intermediates),), 1)
    for hop in hops:
        label = _either(label, hop)
    return label


def _either(one: TrustLabel, other: TrustLabel) -> TrustLabel:
    """A label that covers every coalition that either label covers."""
    if other.threshold > one.threshold:
        one, other = other, one
    if (len(one.shares), one.threshold) == (len(other.shares), other.threshold):
        pairs = zip(one.shares, other.shares, strict=True)
        return TrustLabel(tuple(a | b for a, b in pairs), one.threshold)
    names = knowing_names(other)
    return TrustLabel(tuple(share | names for share in one.shares), one.threshold)


def combined(shares: Sequence[TrustLabel], threshold: int) -> TrustLabel:
    """Label of a key made of shares that were delivered separately.

    A share that is itself split counts as known to everybody who knows a part of it.

    Raises
    ------
    ValueError
        If the threshold is not between 1 and the number of shares.
    """
    if not 1 <= threshold <= len(shares):
        raise ValueError(f"a threshold of {threshold} of {len(shares)} shares is impossible")
    return TrustLabel(tuple(knowing_names(share) for share in shares), threshold)

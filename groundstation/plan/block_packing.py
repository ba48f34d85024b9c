"""The best blocks for contacts that are chosen already, and which others would be better."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from groundstation.plan.blocks import Block, BlockValues, Members
from groundstation.plan.solver.model import Ints


def best_blocks(
    values: BlockValues, chosen: Ints, offered: Mapping[Members, Block]
) -> tuple[Block, ...]:
    """The blocks, each contact in one at most, that bring most to some contacts; exact."""
    taken = {int(i) for i in chosen}
    mine = [block for members, block in offered.items() if taken.issuperset(members)]
    found: list[Block] = []
    for group in sorted({block.group for block in mine}):
        here = [block for block in mine if block.group == group]
        members = frozenset(i for block in here for i in block.members)
        found += _packed(values, sorted(here, key=lambda b: b.members), members, {})[1]
    return tuple(sorted(found, key=lambda block: block.members))


def exchanges(
    values: BlockValues,
    chosen: Ints,
    offered: Mapping[Members, Block],
    more: Mapping[Members, Block],
) -> list[Ints]:
    """Contacts with one of further blocks in which there is more key; those with most first.

    No contact of another pass is displaced. Contacts that are the same are there once.

    Parameters
    ----------
    chosen : contacts of a plan
    offered : blocks that it could have taken
    more : blocks that it could not
    """
    every = {**offered, **more}
    candidate = [offer.candidate for offer in values.problem.offers]
    taken = frozenset(int(i) for i in chosen)
    before = _key(values, taken, offered)
    found: dict[frozenset[int], int] = {}
    for block in more.values():
        passes = {candidate[i] for i in block.members}
        others = {i for i in taken if candidate[i] not in passes}
        after = frozenset(others.union(block.members))
        if after in found or any(
            _excludes(values, i, others) for i in block.members if i not in taken
        ):
            continue
        bits = _key(values, after, every)
        if bits > before:
            found[after] = bits
    order = sorted(found, key=lambda after: (-found[after], sorted(after)))
    return [np.array(sorted(after), dtype=np.int64) for after in order]


def _excludes(values: BlockValues, offer: int, others: Collection[int]) -> bool:
    """Whether an offer cannot be taken beside others, on its satellite or at its station."""
    w = values.problem.model.windows
    for other in others:
        first, second = sorted((offer, other), key=lambda i: float(w.start_s[i]))
        for place, until in ((w.satellite, w.satellite_until_s), (w.station, w.station_until_s)):
            if place[first] == place[second] and w.start_s[second] < until[first]:
                return True
    return False


def _key(values: BlockValues, taken: Collection[int], offered: Mapping[Members, Block]) -> int:
    """Bits that a plan counts on of contacts in their best blocks."""
    blocks = best_blocks(values, np.array(sorted(taken), dtype=np.int64), offered)
    alone = sum(values.problem.counted_bits[i] for i in taken)
    return alone + sum(values.gain_bits(block.members) for block in blocks)


def _packed(
    values: BlockValues,
    blocks: Sequence[Block],
    left: frozenset[int],
    known: dict[frozenset[int], tuple[int, tuple[Block, ...]]],
) -> tuple[int, tuple[Block, ...]]:
    """Largest gain of blocks of the offers that are left, and these blocks."""
    if not left:
        return 0, ()
    if left not in known:
        one = min(left)
        best = _packed(values, blocks, left - {one}, known)
        for block in blocks:
            if one in block.members and left.issuperset(block.members):
                gain, rest = _packed(values, blocks, left.difference(block.members), known)
                gain += values.gain_bits(block.members)
                if gain > best[0]:
                    best = gain, (*rest, block)
        known[left] = best
    return known[left]

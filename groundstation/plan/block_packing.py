"""The best blocks for contacts that are chosen already."""

from collections.abc import Mapping, Sequence

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

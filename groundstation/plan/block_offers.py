"""Which blocks a plan may choose from.

The rules it keeps:

1. A block is offered if it brings more than its contacts by themselves, and a bit to each of them.
2. Where all of them are too many to count the key of, blocks of whole passes go first, then those
   of larger parts; a group of more passes than can be joined is cut into runs, in order of time.
3. Near a plan, blocks of fewer of its contacts are offered, and those with one offer exchanged or
   more, in whatever run it lies.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from groundstation.plan.blocks import MOST_JOINED, Block, BlockValues, Members
from groundstation.plan.solver.model import Ints

# Key of a block takes 2.5 ms, and every block is a column of the programme.
MOST_COUNTED = 500


def first_blocks(values: BlockValues, most: int = MOST_COUNTED) -> dict[Members, Block]:
    """Blocks to begin with, by their members; all that bring something if they are few enough."""
    groups = values.groups
    found: dict[Members, Block] = {}
    if not groups:
        return found
    share = max(4, most // len(groups))
    for group, passes in groups.items():
        for run in _runs(passes, share):
            widths = _widths(run, share)
            choices = [(None, *parts[:n]) for parts, n in zip(run, widths, strict=True)]
            found |= _worthwhile(values, group, itertools.product(*choices))
    return found


def _runs(passes: Sequence[Members], share: int) -> Iterator[Sequence[Members]]:
    """Passes cut into runs of nearly equal length of which all whole sets can be counted."""
    longest = min(MOST_JOINED, max(2, int(math.log2(share))))
    count = math.ceil(len(passes) / longest)
    edges = np.linspace(0, len(passes), count + 1).round().astype(int)
    for begin, end in itertools.pairwise(edges.tolist()):
        yield passes[begin:end]


def _widths(run: Sequence[Members], share: int) -> list[int]:
    """How many parts of each pass, so that all sets of them are not more than a share."""
    widths = [1] * len(run)
    grows = True
    while grows:
        grows = False
        for k in sorted(range(len(run)), key=lambda k: (widths[k], k)):
            wider = math.prod(n + 1 for n in widths) // (widths[k] + 1) * (widths[k] + 2)
            if widths[k] < len(run[k]) and wider <= share:
                widths[k] += 1
                grows = True
                break
    return widths


def nearby_blocks(
    values: BlockValues, chosen: Ints, known: Mapping[Members, Block], most: int = MOST_COUNTED
) -> dict[Members, Block]:
    """Further blocks like those of a plan: of fewer of its contacts, or with one offer exchanged.

    Parameters
    ----------
    chosen : offers of the plan
    known : blocks that are offered already
    """
    taken = {int(i) for i in chosen}
    found: dict[Members, Block] = {}
    limit = values.counted + most
    for group, passes in values.groups.items():
        here = [next((i for i in parts if i in taken), None) for parts in passes]
        exchanged = (
            (*here[:k], i, *here[k + 1 :])
            for k, parts in enumerate(passes)
            for i in parts
            if i not in taken
        )
        found |= _worthwhile(
            values, group, itertools.chain(_subsets(here), exchanged), known, limit
        )
    return found


def _subsets(here: Sequence[int | None]) -> Iterator[tuple[int | None, ...]]:
    members = [i for i in here if i is not None][:MOST_JOINED]
    for kept in itertools.product((True, False), repeat=len(members)):
        yield tuple(itertools.compress(members, kept))


def _worthwhile(
    values: BlockValues,
    group: str,
    choices: Iterable[tuple[int | None, ...]],
    known: Mapping[Members, Block] | None = None,
    limit: int | None = None,
) -> dict[Members, Block]:
    """Blocks that bring more than their members alone, of choices of an offer or none per pass."""
    start = values.problem.model.windows.start_s
    until = values.problem.model.windows.satellite_until_s
    found: dict[Members, Block] = {}
    for choice in choices:
        if limit is not None and values.counted >= limit:
            break
        members = values.in_order(i for i in choice if i is not None)
        if not 2 <= len(members) <= MOST_JOINED or members in (known or ()):
            continue
        if any(start[b] < until[a] for a, b in itertools.pairwise(members)):
            continue
        if values.gain_bits(members) > 0 and values.has_shares(members):
            found[members] = values.block(group, members)
    return found

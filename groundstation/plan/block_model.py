"""Blocks as columns of the model that chooses contacts, and a choice of them as a problem again.

The rules it keeps:

1. A block is a window that occupies nobody and brings key. It needs its contacts, and a contact
   belongs to one block at most: for every contact, the blocks taken that hold it are no more than
   the contact itself. That is one row of the model's capacities, and nothing else in the solver
   knows of blocks; a bound of this model holds for every choice of the blocks offered.
2. Where all contacts of a group bring their key in the same period, they keep what they bring by
   themselves, and a block brings what it adds. Otherwise a contact by itself is a block, too: its
   key must not be there before its block closes.
3. Of a block's key each contact gets a share in proportion to its detections in the key basis, in
   whole bits that add up to the block's; of what is counted on, a share in proportion to that and
   to its own chance of a clear sky.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from groundstation.plan.blocks import Block, BlockValues, Members
from groundstation.plan.network_model import BITS_PER_KBIT, Problem
from groundstation.plan.solver.model import Flags, Floats, Ints, Limits, Model, Windows


@dataclass(frozen=True, slots=True)
class _Carrier:
    """A column that brings key of some offers to their pool."""

    members: Members
    bits: int
    period: int


@dataclass(frozen=True, slots=True)
class BlockModel:
    """A model whose first windows are the offers of a problem; the others stand for blocks.

    Parameters
    ----------
    model : of offers and blocks
    offers : how many
    members : offers of each window that stands for a block
    blocks : block of each of these; None for a contact by itself
    delayed : offers that bring their key through such a window only
    """

    model: Model
    offers: int
    members: tuple[Members, ...]
    blocks: tuple[Block | None, ...]
    delayed: frozenset[int]

    def brings(self, values: BlockValues, clear: Flags) -> Floats:
        """Key of every window in skies in which offers are clear or not, shape (skies, windows).

        Parameters
        ----------
        clear : shape (skies, offers)

        Returns
        -------
        kbit; of a block that loses by pooling in some sky less than nothing
        """
        key = np.zeros((len(clear), self.model.windows.count))
        own = np.array([offer.key_bits for offer in values.problem.offers], dtype=np.float64)
        own[list(self.delayed)] = 0.0
        key[:, : self.offers] = clear * own
        for column, members in enumerate(self.members, self.offers):
            for sky, through in enumerate(clear[:, list(members)]):
                left = tuple(itertools.compress(members, through))
                bits = values.key_bits(left)
                key[sky, column] = bits - key[sky, list(left)].sum()
        return key / BITS_PER_KBIT

    def contacts_of(self, chosen: Ints) -> Ints:
        """Offers among chosen windows."""
        return chosen[chosen < self.offers]

    def blocks_of(self, chosen: Ints) -> tuple[Block, ...]:
        """Blocks among chosen windows, in order of their contacts."""
        found = (self.blocks[i - self.offers] for i in chosen if i >= self.offers)
        return tuple(sorted((b for b in found if b is not None), key=lambda b: b.members))


def block_model(problem: Problem, blocks: Sequence[Block]) -> BlockModel:
    """The model of a problem in which these blocks may be taken, too."""
    w = problem.model.windows
    carriers: list[_Carrier] = []
    owners: list[Block | None] = []
    key, delayed = w.key_kbit.copy(), set[int]()
    for _, group in itertools.groupby(sorted(blocks, key=lambda b: b.group), lambda b: b.group):
        offered = list(group)
        members = sorted({i for block in offered for i in block.members})
        is_delayed = len({int(w.period[i]) for i in members}) > 1
        if is_delayed:
            key[members] = 0.0
            delayed |= set(members)
            carriers += [_Carrier((i,), problem.counted_bits[i], int(w.period[i])) for i in members]
            owners += [None] * len(members)
        for block in offered:
            own = 0 if is_delayed else sum(problem.counted_bits[i] for i in block.members)
            last = max(int(w.period[i]) for i in block.members)
            carriers.append(_Carrier(block.members, block.counted_bits - own, last))
            owners.append(block)
    return BlockModel(
        _joined(problem.model, key, carriers),
        w.count,
        tuple(carrier.members for carrier in carriers),
        tuple(owners),
        frozenset(delayed),
    )


def _joined(model: Model, key_kbit: Floats, carriers: Sequence[_Carrier]) -> Model:
    """The model with carriers behind its windows, which bring this key."""
    windows = replace(model.windows, key_kbit=key_kbit)
    if not carriers:
        return replace(model, windows=windows)
    none = np.zeros(len(carriers), dtype=bool)
    satellites = 1 + max(
        int(windows.satellite.max(initial=0)), int(model.relay.pool_satellite.max(initial=0))
    )
    return Model(
        _with_carriers(windows, carriers, satellites, len(model.limits.telescopes)),
        _with_rows(model.limits, carriers, windows.count),
        model.relay,
        np.concatenate([model.forced, none]),
        np.concatenate([model.forbidden, none]),
    )


def _with_carriers(
    w: Windows, carriers: Sequence[_Carrier], satellite: int, station: int
) -> Windows:
    """Windows of a satellite and a station of their own, one after the other, behind all others."""
    count = len(carriers)
    number = np.arange(count)
    begin = 1.0 + max(w.satellite_until_s.max(initial=0.0), w.station_until_s.max(initial=0.0))
    start = begin + 2.0 * number
    bits = np.array([c.bits for c in carriers], dtype=np.float64)
    first = np.array([c.members[0] for c in carriers], dtype=np.int64)
    return Windows(
        satellite=np.concatenate([w.satellite, np.full(count, satellite)]),
        station=np.concatenate([w.station, np.full(count, station)]),
        start_s=np.concatenate([w.start_s, start]),
        stop_s=np.concatenate([w.stop_s, start + 1.0]),
        satellite_until_s=np.concatenate([w.satellite_until_s, start + 1.0]),
        station_until_s=np.concatenate([w.station_until_s, start + 1.0]),
        worth=np.concatenate([w.worth, np.zeros(count)]),
        key_kbit=np.concatenate([w.key_kbit, bits / BITS_PER_KBIT]),
        pool=np.concatenate([w.pool, w.pool[first]]),
        period=np.concatenate([w.period, np.array([c.period for c in carriers], np.int64)]),
        night=np.concatenate([w.night, np.zeros(count, np.int64)]),
        pass_index=np.concatenate([w.pass_index, w.pass_index.max(initial=-1) + 1 + number]),
    )


def _with_rows(limits: Limits, carriers: Sequence[_Carrier], windows: int) -> Limits:
    """A row for each offer in a carrier: the carriers taken less the offer are at most nothing."""
    held = sorted({i for carrier in carriers for i in carrier.members})
    row = {i: n for n, i in enumerate(held)}
    entries = [(row[i], i, -1.0) for i in held]
    entries += [
        (row[i], windows + n, 1.0) for n, carrier in enumerate(carriers) for i in carrier.members
    ]
    rows, columns, values = zip(*entries, strict=True)
    more = csr_array((values, (rows, columns)), shape=(len(held), windows + len(carriers)))
    none = csr_array((limits.capacity_use.shape[0], len(carriers)))
    wide = hstack([limits.capacity_use, none], format="csr")
    return Limits(
        np.append(limits.telescopes, 1),
        np.append(limits.crew_nights, -1),
        vstack([wide, more], format="csr"),
        np.concatenate([limits.capacity, np.zeros(len(held))]),
    )


def settled(problem: Problem, values: BlockValues, blocks: Sequence[Block]) -> Problem:
    """The problem in which contacts of these blocks bring their shares, when their block closes."""
    w = problem.model.windows
    offers, counted = list(problem.offers), list(problem.counted_bits)
    key, period = w.key_kbit.copy(), w.period.copy()
    for block in blocks:
        last = max(int(w.period[i]) for i in block.members)
        for i, bits, expected in zip(block.members, *shares_of(values, block), strict=True):
            offers[i] = replace(offers[i], key_bits=bits)
            counted[i] = expected
            key[i], period[i] = expected / BITS_PER_KBIT, last
    return replace(
        problem,
        offers=tuple(offers),
        counted_bits=tuple(counted),
        model=replace(problem.model, windows=replace(w, key_kbit=key, period=period)),
    )


def shares_of(values: BlockValues, block: Block) -> tuple[list[int], list[int]]:
    """Each contact's whole bits of a block's key, and of what is counted on of it."""
    sifted = [values.sifted(i) for i in block.members]
    key = whole_shares(block.key_bits, sifted, [block.key_bits] * len(sifted))
    if block.counted_bits == block.key_bits:
        return key, key
    likely = [bits * values.chance(i) for bits, i in zip(key, block.members, strict=True)]
    return key, whole_shares(block.counted_bits, likely, key)


def whole_shares(total: int, weights: Sequence[float], most: Sequence[int]) -> list[int]:
    """Whole numbers in proportion to weights that add up to a total, none above its own limit.

    What rounding leaves goes to the largest remainders, and what a limit cuts off to the others.

    >>> whole_shares(10, [1.0, 1.0, 1.0], [10, 10, 2])
    [4, 4, 2]
    """
    if total > sum(most):
        raise ValueError(f"{total} bits are more than {sum(most)} allow")
    shares = [0] * len(weights)
    left, free = total, [k for k in range(len(weights)) if most[k]]
    while left:
        weight = sum(weights[k] for k in free)
        wanted = [left * weights[k] / weight if weight > 0.0 else left / len(free) for k in free]
        order = sorted(range(len(free)), key=lambda n: (int(wanted[n]) - wanted[n], n))
        give = [int(share) for share in wanted]
        for n in order[: left - sum(give)]:
            give[n] += 1
        for k, bits in zip(free, give, strict=True):
            shares[k] += min(bits, most[k] - shares[k])
        left = total - sum(shares)
        free = [k for k in free if shares[k] < most[k]]
    return shares

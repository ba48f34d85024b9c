"""Key of planned blocks counted second by second, and what of it the weather leaves in the mean.

Neither the running sums nor the choice of blocks that planned them have a part in it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import add

import numpy as np

from groundstation.network import KeyPolicy
from groundstation.night.pass_slots import PassSlots
from groundstation.night.window_check import moments_of_contact
from groundstation.night.window_keys import bits_of
from groundstation.plan.block_check import MOST_CONTACTS, BlockBits
from groundstation.plan.records import Contact
from groundstation.plan.sky import Sky
from passes.counts.moments import Moments

_Counted = tuple[Moments, PassSlots]


def block_bits(
    policy: KeyPolicy,
    slots: Mapping[str, PassSlots],
    contacts: Iterable[Contact],
    sky: Sky | None = None,
) -> dict[str, BlockBits]:
    """Key of all contacts that name a block, by that name; nothing for one that cannot be.

    Parameters
    ----------
    slots : usable seconds of the passes, by their ids
    sky : chances of a clear sky; what is not in it counts as clear
    """
    named: dict[str, list[Contact]] = {}
    for contact in contacts:
        if contact.block is not None:
            named.setdefault(contact.block, []).append(contact)
    found = {}
    for name, mine in named.items():
        counted = {
            contact.pass_id: (moments, slots[contact.pass_id])
            for contact in mine
            if (moments := moments_of_contact(slots, contact)) is not None
        }
        if len(counted) == len(mine) <= MOST_CONTACTS:
            found[name] = _bits(mine, counted, policy, sky)
    return found


def _bits(
    mine: Sequence[Contact],
    counted: Mapping[str, _Counted],
    policy: KeyPolicy,
    sky: Sky | None,
) -> BlockBits:
    names = [contact.pass_id for contact in mine]
    known: dict[frozenset[str], int] = {}

    def key_of(through: frozenset[str]) -> int:
        if through not in known:
            known[through] = _pooled([counted[name] for name in sorted(through)], policy)
        return known[through]

    every = frozenset(names)
    expected = None
    if sky is not None:
        rows = _chances(names, sky)
        expected = float(
            np.mean([sum(p * key_of(t) for t, p in _outcomes(names, row)) for row in rows])
        )
    return BlockBits(key_of(every), expected, {name: key_of(every - {name}) for name in names})


def _pooled(parts: Sequence[_Counted], policy: KeyPolicy) -> int:
    """Key of what was counted in one block; 0 where sources or detectors differ."""
    if not parts:
        return 0
    _, first = parts[0]
    for _, slots in parts:
        if slots.source != first.source or slots.receiver.detector != first.receiver.detector:
            return 0
    return bits_of(reduce(add, (moments for moments, _ in parts)), first, policy)


def _chances(names: Sequence[str], sky: Sky) -> list[list[float]]:
    """Of every pass in every member; 1 where one member does not know it."""
    columns = []
    for name in names:
        column = sky.clear[:, sky.pass_ids.index(name)] if name in sky.pass_ids else None
        known = column is not None and bool(np.isfinite(column).all())
        columns.append(
            [float(p) for p in column] if column is not None and known else [1.0] * len(sky.members)
        )
    return [list(row) for row in zip(*columns, strict=True)]


def _outcomes(
    names: Sequence[str], chances: Sequence[float]
) -> Iterator[tuple[frozenset[str], float]]:
    """What may come through in one member, with its probability; pass by pass."""
    if not names:
        yield frozenset(), 1.0
        return
    for through, probability in _outcomes(names[1:], chances[1:]):
        if chances[0] > 0.0:
            yield through | {names[0]}, probability * chances[0]
        if chances[0] < 1.0:
            yield through, probability * (1.0 - chances[0])

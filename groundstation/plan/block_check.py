"""What an independent referee says against the blocks of a plan.

It shares no code with what plans them. What it checks:

1. A block lists two to eight contacts of the plan in order of time, and these name it; a contact is
   in one block or none.
2. Its contacts are of one satellite and one station, in one night or in one run of as many nights
   as the network file allows: local noon to noon, runs counted from a Monday. The satellite's
   memory for key is not limited.
3. The shares of its contacts add up to its key, which is no more than that of the detections of
   all its seconds together; what is counted on is no more than the mean over what may come through.
4. What is told of a contact, by itself and in its block, is so.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import pi

from groundstation.network import Network
from groundstation.plan.records import Contact, Plan, PlannedBlock

MOST_CONTACTS = 8
# Sums of moments in another order may round another way.
KEY_TOLERANCE_BITS = 1
_MONDAY = datetime(1, 1, 1, tzinfo=UTC)
_SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class BlockBits:
    """Key of the contacts that name a block, counted anew.

    Parameters
    ----------
    key_bits : whole secret bits of all of them together
    expected_bits : mean over the weather, not rounded; None where it is not known
    without_bits : of the others together, by the pass that is left out
    """

    key_bits: int
    expected_bits: float | None
    without_bits: Mapping[str, int]


def block_faults(
    plan: Plan,
    network: Network,
    contact_bits: Mapping[str, int] | None,
    block_bits: Mapping[str, BlockBits] | None,
) -> Iterator[str]:
    """Every violation as one sentence.

    Parameters
    ----------
    contact_bits : whole secret bits of each contact by itself, by pass id
    block_bits : of all contacts that name a block, by that name
    """
    for name, count in Counter(block.name for block in plan.blocks).items():
        if count > 1:
            yield f"block {name}: told {count} times"
    told = {block.name for block in plan.blocks}
    for contact in plan.contacts:
        if contact.block is not None and contact.block not in told:
            yield f"{contact.pass_id}: its block {contact.block} is not told"
    for block in plan.blocks:
        mine = sorted((c for c in plan.contacts if c.block == block.name), key=lambda c: c.start)
        yield from _member_faults(block, mine, network)
        if block_bits is None or contact_bits is None or block.name not in block_bits:
            yield f"block {block.name}: its key is not known"
        else:
            yield from _key_faults(block, mine, contact_bits, block_bits[block.name])


def _member_faults(block: PlannedBlock, mine: Sequence[Contact], network: Network) -> Iterator[str]:
    name, nights = f"block {block.name}", network.key.block_nights
    if block.pass_ids != tuple(c.pass_id for c in mine):
        yield f"{name}: does not list its contacts in order of time"
    if not 2 <= len(mine) <= MOST_CONTACTS:
        yield f"{name}: {len(mine)} contacts, not 2 to {MOST_CONTACTS}"
    ends = {(c.satellite, c.station) for c in mine}
    if len(ends) > 1:
        yield f"{name}: contacts of {len(ends)} satellites and stations"
    limited = {s.name for s in network.satellites if s.limits.key_memory_bits is not None}
    if limited & {c.satellite for c in mine}:
        yield f"{name}: the satellite's memory for key is limited, it cannot wait for a block"
    if not nights:
        yield f"{name}: every contact is to be a block of its own"
        return
    place = {s.name: s.site.longitude_rad for s in network.stations}
    runs = {
        _evening(instant, place.get(c.station, 0.0)) // nights
        for c in mine
        for instant in (c.start, c.stop)
    }
    if len(runs) > 1:
        yield f"{name}: over more than {nights} night{'s' if nights > 1 else ''}"


def _evening(instant: datetime, longitude_rad: float) -> int:
    """Days from a Monday to the local mean noon before an instant."""
    days = (instant - _MONDAY).total_seconds() / _SECONDS_PER_DAY
    return int((days + longitude_rad / (2.0 * pi) - 0.5) // 1)


def _key_faults(
    block: PlannedBlock,
    mine: Sequence[Contact],
    contact_bits: Mapping[str, int],
    found: BlockBits,
) -> Iterator[str]:
    name = f"block {block.name}"
    shares, counted = sum(c.key_bits for c in mine), sum(c.counted_bits for c in mine)
    if block.key_bits != shares:
        yield f"{name}: {block.key_bits} bits, shares of {shares}"
    if shares > found.key_bits + KEY_TOLERANCE_BITS:
        yield f"{name}: plans {shares} bits, its seconds bring {found.key_bits}"
    if block.expected_bits not in {None, counted} or (
        block.expected_bits is None and any(c.expected_bits is not None for c in mine)
    ):
        yield f"{name}: expects {block.expected_bits} bits, its contacts {counted}"
    most = found.key_bits if found.expected_bits is None else found.expected_bits
    if counted > most + KEY_TOLERANCE_BITS:
        yield f"{name}: counts on {counted} bits, its weather brings {most:.0f}"
    for contact in mine:
        if contact.counted_bits > contact.key_bits:
            yield f"{contact.pass_id}: counts on more than its share of block {block.name}"
    yield from _told_faults(block, contact_bits, found)


def _told_faults(
    block: PlannedBlock, contact_bits: Mapping[str, int], found: BlockBits
) -> Iterator[str]:
    told = zip(block.pass_ids, block.alone_bits, block.added_bits, strict=False)
    for pass_id, alone, added in told:
        without = found.key_bits - found.without_bits.get(pass_id, 0)
        if abs(alone - contact_bits.get(pass_id, 0)) > KEY_TOLERANCE_BITS:
            yield f"{pass_id}: {alone} bits alone, its seconds {contact_bits.get(pass_id, 0)}"
        if abs(added - without) > 2 * KEY_TOLERANCE_BITS:
            yield f"{pass_id}: adds {added} bits to block {block.name}, its seconds {without}"
    if not len(block.pass_ids) == len(block.alone_bits) == len(block.added_bits):
        yield f"block {block.name}: does not tell what each contact brings"

"""Blocks of a plan as records, and what people are told of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from groundstation.plan.blocks import Block, BlockValues
from groundstation.plan.records import Contact, Plan, PlannedBlock


def planned_blocks(
    values: BlockValues, blocks: Sequence[Block], *, has_weather: bool
) -> tuple[PlannedBlock, ...]:
    """Blocks with names: that of their group, and a number where it has several."""
    found = []
    used: dict[str, int] = {}
    for block in blocks:
        used[block.group] = number = used.get(block.group, 0) + 1
        members = block.members
        found.append(
            PlannedBlock(
                block.group if number == 1 else f"{block.group}-{number}",
                tuple(values.pass_id(i) for i in members),
                block.key_bits,
                block.counted_bits if has_weather else None,
                tuple(values.key_bits((i,)) for i in members),
                tuple(
                    block.key_bits - values.key_bits(members[:k] + members[k + 1 :])
                    for k in range(len(members))
                ),
            )
        )
    return tuple(found)


def labelled(contacts: Sequence[Contact], blocks: Sequence[PlannedBlock]) -> tuple[Contact, ...]:
    """The contacts with the blocks that they belong to."""
    name = {pass_id: block.name for block in blocks for pass_id in block.pass_ids}
    return tuple(replace(c, block=name.get(c.pass_id)) for c in contacts)


def ready_at(plan: Plan) -> Mapping[str, datetime]:
    """From when on key of each contact can be relayed, by pass id; of a block all at once."""
    closes: dict[str, datetime] = {}
    for contact in plan.contacts:
        if contact.block is not None:
            before = closes.get(contact.block, contact.counts_from)
            closes[contact.block] = max(contact.counts_from, before)
    return {
        contact.pass_id: contact.counts_from if contact.block is None else closes[contact.block]
        for contact in plan.contacts
    }


def block_sentence(plan: Plan, contact: Contact) -> str | None:
    """What a contact is worth in its block and by itself; None for a block of its own."""
    block = next((b for b in plan.blocks if contact.pass_id in b.pass_ids), None)
    if block is None:
        return None
    place = block.pass_ids.index(contact.pass_id)
    others = len(block.pass_ids) - 1
    mates = "1 other contact" if others == 1 else f"{others} other contacts"
    return (
        f"joins the block of {contact.satellite} and {contact.station} with {mates}: "
        f"{block.added_bits[place] / 1e3:+,.1f} kbit there, {block.alone_bits[place] / 1e3:,.1f} "
        "alone"
    )

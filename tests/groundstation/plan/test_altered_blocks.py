"""A plan whose blocks are altered in one place is refused; untouched it holds."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from groundstation.plan.block_check import BlockBits
from groundstation.plan.check import check_plan
from groundstation.plan.sky import Sky

DAY_S = 86_400.0


def bits_of(keys, plan, rows=None):
    """What a referee counts of the contacts that name a block, outcome by outcome."""
    named: dict[str, list[Any]] = {}
    for contact in plan.contacts:
        if contact.block is not None:
            named.setdefault(contact.block, []).append(contact)
    found = {}
    for name, mine in named.items():
        parts = {c.pass_id: (c.pass_id, c.windows) for c in mine}
        mean = None
        if rows is not None:
            mean = 0.0
            for mask in range(2 ** len(mine)):
                there = [c for i, c in enumerate(mine) if mask >> i & 1]
                key = keys.bits([parts[c.pass_id] for c in there])
                chance = [np.prod([row[c.pass_id] if c in there else 1.0 - row[c.pass_id]
                                   for c in mine]) for row in rows]  # fmt: skip
                mean += key * float(np.mean(chance))
        without = {
            gone: keys.bits([part for name, part in parts.items() if name != gone])
            for gone in parts
        }
        found[name] = BlockBits(keys.bits(list(parts.values())), mean, without)
    return found


@pytest.fixture(scope="module")
def made(tiny, counted):
    """Two blocks of matera in two nights, one of helmos, and a contact by itself at graz."""
    rows = [
        ("a", "matera", 0.0, 90_000), ("b", "matera", 5_000.0, 50_000),
        ("c", "helmos", 1_000.0, 90_000), ("d", "helmos", 6_000.0, 30_000),
        ("e", "matera", DAY_S, 40_000), ("f", "matera", DAY_S + 5_000.0, 40_000),
        ("g", "graz", 3_000.0, 60_000),
    ]  # fmt: skip
    passes = [tiny.candidate(n, "sat-1", station, at, 200, 0) for n, station, at, _ in rows]
    keys = counted(passes, {row[0]: row[3] for row in rows})
    passes = [replace(c, key_bits=keys.key_of(c.pass_id, c.windows)) for c in passes]
    net = tiny.network([tiny.demand("trunk", "grid", "carrier", 40_000, 2.0)])
    net = replace(net, key=replace(net.key, block_nights=1))
    names = tuple(row[0] for row in rows)
    clear = np.full((2, len(names)), 0.75)
    clear[0] = 1.0
    sky = Sky(("m0", "m1"), names, clear)
    plan = tiny.plan(net, passes, 2, blocks=keys, sky=sky)
    assert [block.pass_ids for block in plan.blocks] == [("a", "b"), ("c", "d"), ("e", "f")]
    members = [dict(zip(names, row, strict=True)) for row in clear]
    return net, plan, {c.pass_id: c.key_bits for c in passes}, keys, sky.chance(), members


def faults(made, plan):
    net, _, bits, keys, chance, members = made
    return check_plan(
        plan, net, {}, bits, 2,
        contact_bits={c.pass_id: keys.key_of(c.pass_id, c.windows) for c in plan.contacts},
        block_bits=bits_of(keys, plan, members),
        chance=chance,
    )  # fmt: skip


def with_contact(plan, name, **changes):
    return replace(
        plan,
        contacts=tuple(replace(c, **changes) if c.pass_id == name else c for c in plan.contacts),
    )


def with_block(plan, number, **changes):
    blocks = list(plan.blocks)
    blocks[number] = replace(blocks[number], **changes)
    return replace(plan, blocks=tuple(blocks))


def contact(plan, name):
    return next(c for c in plan.contacts if c.pass_id == name)


def more_bits(plan, by, *, expected=0):
    """A block that is told to bring more, its contact and its own record alike."""
    a = contact(plan, "a")
    altered = with_contact(
        plan, "a", key_bits=a.key_bits + by, expected_bits=a.expected_bits + expected
    )
    first = plan.blocks[0]
    return with_block(
        altered, 0, key_bits=first.key_bits + by, expected_bits=first.expected_bits + expected
    )


def moved(plan, name, number):
    """A contact in another block, both records told."""
    blocks = [
        replace(
            block,
            pass_ids=tuple(
                sorted({*block.pass_ids, name} if i == number else {*block.pass_ids} - {name})
            ),
        )
        for i, block in enumerate(plan.blocks)
    ]
    return replace(with_contact(plan, name, block=plan.blocks[number].name), blocks=tuple(blocks))


def one_of_two_nights(plan):
    """Both blocks of matera as one: more key than the two, but not of one night."""
    first, second = plan.blocks[0], plan.blocks[2]
    joined = replace(
        first,
        pass_ids=first.pass_ids + second.pass_ids,
        key_bits=first.key_bits + second.key_bits,
        expected_bits=first.expected_bits + second.expected_bits,
        alone_bits=first.alone_bits + second.alone_bits,
        added_bits=first.added_bits + second.added_bits,
    )
    contacts = tuple(
        replace(c, block=first.name) if c.block == second.name else c for c in plan.contacts
    )
    return replace(plan, contacts=contacts, blocks=(joined, plan.blocks[1]))


ALTERED = {
    "bits more than the seconds bring": lambda p: more_bits(p, 2),
    "more counted on than the weather leaves": lambda p: more_bits(p, 0, expected=2),
    "a share without a bit": lambda p: with_contact(p, "b", key_bits=0),
    "more counted on than the share": lambda p: with_contact(
        p, "a", expected_bits=contact(p, "a").key_bits + 1
    ),
    "shares that do not add up": lambda p: with_contact(
        p, "b", key_bits=contact(p, "b").key_bits - 3
    ),
    "a sum that is not that of the shares": lambda p: with_block(
        p, 0, key_bits=p.blocks[0].key_bits - 3
    ),
    "a contact of another station": lambda p: moved(p, "d", 0),
    "a contact of another night": lambda p: moved(p, "f", 0),
    "a block over two nights": one_of_two_nights,
    "a contact of another satellite": lambda p: with_contact(p, "b", satellite="sat-2"),
    "a block without its closing contact": lambda p: replace(
        p, contacts=tuple(c for c in p.contacts if c.pass_id != "b")
    ),
    "a block of one contact": lambda p: with_contact(p, "b", block=None),
    "a block that nobody tells of": lambda p: with_contact(p, "g", block="another"),
    "a contact by itself in a block": lambda p: with_contact(p, "g", block=p.blocks[0].name),
    "a block that is not told": lambda p: replace(p, blocks=p.blocks[1:]),
    "a block told twice": lambda p: replace(p, blocks=(*p.blocks, p.blocks[0])),
    "contacts out of order": lambda p: with_block(p, 0, pass_ids=("b", "a")),
    "a contact cut by a minute": lambda p: with_contact(
        p, "b", windows=((contact(p, "b").start, contact(p, "b").stop - timedelta(minutes=1)),)
    ),
    "worth more alone than it is": lambda p: with_block(
        p, 0, alone_bits=(p.blocks[0].alone_bits[0] + 2, p.blocks[0].alone_bits[1])
    ),
    "worth more to the block than it is": lambda p: with_block(
        p, 0, added_bits=(p.blocks[0].added_bits[0] + 3, p.blocks[0].added_bits[1])
    ),
    "no word on a contact": lambda p: with_block(p, 0, alone_bits=(), added_bits=()),
    "no weather told": lambda p: with_block(p, 0, expected_bits=None),
}  # fmt: skip


def test_the_plan_itself_holds(made):
    assert faults(made, made[1]) == []
    assert any(c.expected_bits < c.key_bits for c in made[1].contacts)


@pytest.mark.parametrize("what", ALTERED)
def test_a_plan_with_an_altered_block_is_refused(made, what):
    altered = ALTERED[what](made[1])
    assert altered != made[1]
    assert faults(made, altered)


def test_the_fault_names_the_block(made):
    plan = made[1]
    (fault,) = [f for f in faults(made, one_of_two_nights(plan)) if "over more than" in f]
    assert fault == f"block {plan.blocks[0].name}: over more than 1 night"


def test_a_network_file_that_joins_no_passes_refuses_every_block(made):
    net = made[0]
    alone = replace(net, key=replace(net.key, block_nights=0))
    found = faults((alone, *made[1:]), made[1])
    assert sum("a block of its own" in text for text in found) == 3


def test_two_nights_may_share_a_block_where_the_network_file_says_so(made):
    """The 14th and 15th of June 2026 are a pair counted from a Monday; no fault is of nights."""
    net = made[0]
    joined = one_of_two_nights(made[1])
    two = replace(net, key=replace(net.key, block_nights=2))
    assert not [text for text in faults((two, *made[1:]), joined) if "over more than" in text]


def test_a_satellite_with_little_memory_waits_for_no_block(made):
    net = made[0]
    limits = replace(net.satellites[0].limits, key_memory_bits=10**9)
    small = replace(net, satellites=tuple(replace(s, limits=limits) for s in net.satellites))
    found = faults((small, *made[1:]), made[1])
    assert sum("cannot wait for a block" in text for text in found) == 3


def test_key_of_a_block_is_not_spent_before_it_closes(tiny, counted):
    """Relays of the first night from a block that closes in the second are refused."""
    rows = [("matera", 0.0), ("helmos", 1_000.0), ("matera", DAY_S), ("helmos", DAY_S + 1_000.0)]
    passes = [
        tiny.candidate(f"p{i}", "sat-1", station, at, 200, 0)
        for i, (station, at) in enumerate(rows)
    ]
    keys = counted(passes, {f"p{i}": 100_000 for i in range(4)}, nights=2)
    passes = [replace(c, key_bits=keys.key_of(c.pass_id, c.windows)) for c in passes]
    net = tiny.network([tiny.demand("trunk", "grid", "carrier", 100_000, 2.0)])
    net = replace(net, key=replace(net.key, block_nights=2))
    plan = tiny.plan(net, passes, 2, blocks=keys)
    told = {
        "contact_bits": {c.pass_id: keys.key_of(c.pass_id, c.windows) for c in plan.contacts},
        "block_bits": bits_of(keys, plan),
    }
    bits = {c.pass_id: c.key_bits for c in passes}
    assert check_plan(plan, net, {}, bits, 2, **told) == []
    (relay,) = plan.later
    early = replace(plan, relays=(replace(relay, night=0),), later=())
    found = check_plan(early, net, {}, bits, 2, **told)
    assert any("up to night 0, contacts bring 0" in text for text in found)

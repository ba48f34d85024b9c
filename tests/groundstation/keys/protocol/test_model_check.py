"""Every interleaving of two stations, by breadth-first search over the real rules.

Three requests (two at Matera, one at Tenerife), each perhaps given up, and every key fetched at any
time and again; at most two crashes, before or after any commit. The network keeps every message
that was ever sent and may deliver it at any time, any number of times or never: loss, duplication,
delay and reordering in one. The step and the rules are the shipped ones; only the order in which a
host commits and lets bytes out is modelled here, because the broken variants break just that.
"""

import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from uuid import UUID

import pytest

from groundstation.keys.errors import KeyLedgerError
from groundstation.keys.ledger.clock import Clock
from groundstation.keys.ledger.history import check_invariants
from groundstation.keys.ledger.memory import Ledger, applied
from groundstation.keys.ledger.records import (
    AllocationState,
    Extent,
    Origin,
    OriginKind,
    Pool,
    Purpose,
    Role,
    Segment,
)
from groundstation.keys.ledger.rules import decide_agree, decide_fast_forward, decide_import
from groundstation.keys.ledger.trust import NOBODY_ELSE
from groundstation.keys.ledger.views import Request, Restriction
from groundstation.keys.protocol.agreement import ask_marks
from groundstation.keys.protocol.events import (
    Asked,
    Envelope,
    Event,
    Fetched,
    GaveUp,
    Learned,
    Outcome,
    Received,
    Release,
    Retried,
    Started,
    Station,
)
from groundstation.keys.protocol.machine import step

NODES = ("matera", "tenerife")
POOL = Pool(*NODES)
CLOCK = Clock(1000.0, 1000.0)
SESSION, LATER_SESSION = UUID(int=99), UUID(int=100)
REQUESTS = {UUID(int=1): 0, UUID(int=2): 0, UUID(int=3): 1}
# Before and after a loss of memory; the two ends are mirror images.
BOTH_OF_ONE = {UUID(int=1): 0, UUID(int=2): 0}
SEGMENT = Segment(
    UUID(int=77), POOL, Origin(OriginKind.FIBRE, "link"), NOBODY_ELSE, 48, "d1", 1000.0, None
)

Stepper = Callable[[Ledger, Station, Event, Clock], Outcome]


class World(NamedTuple):
    """Two node states by number; sets of messages sent, askers and bytes let out as bit masks."""

    nodes: tuple[int, int]
    sent: int
    asked: int
    released: int
    crashes_left: int
    restores_left: int


class Result(NamedTuple):
    """What one event does to one node: the state it commits, what it sends and lets out."""

    state: int
    sent: int
    released: tuple[UUID, ...]
    asked: int


@dataclass
class Model:
    """Node states and messages under small numbers, each step computed once.

    Parameters
    ----------
    stepper : `step`, or a broken variant
    lets_out_first : events on which the host lets bytes out before it commits
    restores : how often a node may lose its memory back to when both ends had agreed
    catches_up : whether a node knows that it was restored
    requests : who asks for key under which identity
    """

    stepper: Stepper = step
    lets_out_first: tuple[type[Event], ...] = ()
    crashes: int = 2
    restores: int = 0
    catches_up: bool = True
    requests: Mapping[UUID, int] = field(default_factory=lambda: REQUESTS)
    states: list[tuple[Ledger, Station]] = field(default_factory=list)
    state_numbers: dict[object, int] = field(default_factory=dict)
    messages: list[tuple[int, Received]] = field(default_factory=list)
    released: list[tuple[int, UUID, tuple[Extent, ...]]] = field(default_factory=list)
    local: dict[int, list[tuple[int, Event, Result]]] = field(default_factory=dict)
    results: dict[tuple[int, Event | int], Result | None] = field(default_factory=dict)
    restarts: dict[int, Result] = field(default_factory=dict)
    violations: Counter[str] = field(default_factory=Counter)
    worlds: set[World] = field(default_factory=set)

    def number(self, ledger: Ledger, station: Station) -> int:
        lanes = frozenset(ledger.lanes_by_place.values())
        allocations = frozenset(ledger.allocations.values())
        key = (ledger.node, lanes, allocations, station, ledger.is_behind)
        if key not in self.state_numbers:
            check_invariants(ledger)
            self.state_numbers[key] = len(self.states)
            self.states.append((ledger, station))
        return self.state_numbers[key]

    def computed(self, state: int, event: Event) -> Result | None:
        ledger, station = self.states[state]
        try:
            outcome = self.stepper(ledger, station, event, CLOCK)
        except KeyLedgerError:
            return None
        after = applied(ledger, outcome.decision)
        for effect in outcome.effects:
            if isinstance(effect, Learned) and after.is_behind:
                after = applied(after, decide_fast_forward(after, effect.marks, CLOCK))
        state = self.number(after, outcome.station)
        sent = sum({1 << self.message(ledger.node, each) for each in outcome.messages})
        released = tuple(e.allocation_id for e in outcome.effects if isinstance(e, Release))
        asked = event.request.allocation_id.int if isinstance(event, Asked) else 0
        return Result(state, sent, released, 1 << asked >> 1)

    def message(self, sender: str, envelope: Envelope) -> int:
        received = NODES.index(envelope.recipient), Received(sender, envelope.message)
        if received not in self.messages:
            self.messages.append(received)
        return self.messages.index(received)

    def on_message(self, state: int, number: int) -> Result | None:
        """What the message does; None if nothing, as with most that come again."""
        if (state, number) not in self.results:
            result = self.computed(state, self.messages[number][1])
            self.results[state, number] = result
        return self.results[state, number]

    def here(self, state: int) -> list[tuple[int, Event, Result]]:
        """What may happen at a node without a message, with who must not have asked before."""
        if state not in self.local:
            ledger, station = self.states[state]
            events: list[Event] = [Retried()]
            for identity, asker in self.requests.items():
                request = Request(identity, POOL, Purpose.DELIVERY, f"pair {identity.int}", 8)
                if NODES[asker] == ledger.node:
                    events.append(Asked(request, Restriction()))
                events.append(Fetched(identity))
            events.extend(GaveUp(identity) for identity in station.waiting)
            results = ((event, self.computed(state, event)) for event in events)
            self.local[state] = [(r.asked, event, r) for event, r in results if r is not None]
        return self.local[state]

    def successors(self, world: World) -> Iterator[World]:
        for node in range(2):
            state = world.nodes[node]
            happening: list[tuple[Event, Result | None]] = [
                (e, r) for asked, e, r in self.here(state) if not asked & world.asked
            ]
            for number, (recipient, received) in enumerate(self.messages):
                if recipient == node and world.sent >> number & 1:
                    happening.append((received, self.on_message(state, number)))
            for event, result in happening:
                # Most that comes again changes nothing; a crash then is a crash now.
                if result is not None and (result.state != state or result[2:] != ((), 0)):
                    yield from self.hosted(world, node, event, result)
                elif result is not None and result.sent & ~world.sent:
                    yield world._replace(sent=world.sent | result.sent)
            if world.crashes_left:
                yield self.crashed(world, node)
            if world.restores_left:
                yield self.restored(world, node)

    def restored(self, world: World, node: int) -> World:
        """Started from the backup in which nothing had been allocated, asking for marks."""
        backup = replace(agreed(NODES[node]), is_behind=self.catches_up)
        station = Station(LATER_SESSION)
        query = ask_marks(backup, station, POOL)
        return world._replace(
            nodes=with_node(world, node, self.number(backup, station)),
            sent=world.sent | 1 << self.message(NODES[node], query),
            restores_left=world.restores_left - 1,
        )

    def hosted(self, world: World, node: int, event: Event, result: Result) -> Iterator[World]:
        """The event carried out whole, and with a crash between commit and letting out."""
        sent, asked = world.sent | result.sent, world.asked | result.asked
        committed = world._replace(nodes=with_node(world, node, result.state), asked=asked)
        if isinstance(event, self.lets_out_first):
            out = self.let_out(world._replace(sent=sent, asked=asked), node, result)
            yield out._replace(nodes=committed.nodes)
            if world.crashes_left:
                yield self.crashed(out, node)
            return
        yield self.let_out(committed._replace(sent=sent), node, result, was_committed=True)
        if world.crashes_left:
            yield self.crashed(committed, node)

    def crashed(self, world: World, node: int) -> World:
        """Stopped and started again: what was waiting is forgotten, what was committed is there."""
        state = world.nodes[node]
        if state not in self.restarts:
            ledger, station = self.states[state]
            cold = self.number(ledger, Station(station.session))
            result = self.computed(cold, Started(station.session))
            assert result is not None
            self.restarts[state] = result
        result = self.restarts[state]
        nodes, sent = with_node(world, node, result.state), world.sent | result.sent
        return world._replace(nodes=nodes, sent=sent, crashes_left=world.crashes_left - 1)

    def let_out(
        self, world: World, node: int, result: Result, *, was_committed: bool = False
    ) -> World:
        """Bytes leave; every promise about that is judged here."""
        for identity in result.released:
            extents = self.states[result.state][0].allocations[identity].extents
            out = (node, identity, extents)
            before = [o for n, o in enumerate(self.released) if world.released >> n & 1]
            self.violations.update(faults_of(out, before))
            if was_committed and not self.restores:
                mine, theirs = (self.states[world.nodes[n]][0] for n in (node, 1 - node))
                self.violations.update(order_faults(mine, theirs, identity))
            if out not in self.released:
                self.released.append(out)
            world = world._replace(released=world.released | 1 << self.released.index(out))
        return world

    def explore(self, *, until_found: str = "") -> None:
        first, second = (self.number(agreed(node), Station(SESSION)) for node in NODES)
        start = World((first, second), 0, 0, 0, self.crashes, self.restores)
        self.worlds = {start}
        queue = deque([start])
        while queue and until_found not in self.violations:
            for world in self.successors(queue.popleft()):
                if world not in self.worlds:
                    self.worlds.add(world)
                    queue.append(world)


def with_node(world: World, node: int, state: int) -> tuple[int, int]:
    return (state, world.nodes[1]) if node == 0 else (world.nodes[0], state)


def faults_of(
    out: tuple[int, UUID, tuple[Extent, ...]],
    before: Iterable[tuple[int, UUID, tuple[Extent, ...]]],
) -> Iterator[str]:
    """I1 and I3 from what got out alone."""
    for earlier in before:
        if earlier[:2] == out[:2]:
            yield "delivered twice"
        if earlier[1] != out[1] and overlap(earlier[2], out[2]):
            yield "same bits under two identities"
        if earlier[1] == out[1] and earlier[2] != out[2]:
            yield "the two ends hold different bits"


def order_faults(mine: Ledger, theirs: Ledger, identity: UUID) -> Iterator[str]:
    """I4 and I7: consumed here first; held by the other end before who asked gets it."""
    allocation, copy = mine.allocations.get(identity), theirs.allocations.get(identity)
    if allocation is None or allocation.state is not AllocationState.CONSUMED:
        yield "let out before it was consumed"
    elif allocation.role is Role.OURS and (
        copy is None or copy.state is AllocationState.BURNED or copy.extents != allocation.extents
    ):
        yield "given to who asked while the other end does not hold it"


def overlap(one: Iterable[Extent], other: Iterable[Extent]) -> bool:
    return any(
        (a.segment_id, a.lane) == (b.segment_id, b.lane) and a.start < b.stop and b.start < a.stop
        for a in one
        for b in other
    )


def agreed(node: str) -> Ledger:
    ledger = Ledger(node, 1000.0)
    ledger = applied(ledger, decide_import(ledger, SEGMENT, NODES, CLOCK))
    return applied(ledger, decide_agree(ledger, SEGMENT.segment_id, "d1", "peer", CLOCK))


def tell(model: Model, what: str) -> None:
    """How much was searched, for whoever reads the log of the tests."""
    sys.stdout.write(
        f"{what}: {len(model.worlds)} worlds of {len(model.states)} node states,"
        f" violations {dict(model.violations)}\n"
    )


@pytest.fixture(scope="module")
def ours() -> Model:
    model = Model()
    model.explore()
    return model


def test_no_interleaving_breaks_a_promise(ours):
    tell(ours, "as shipped")
    assert ours.violations == Counter()
    # Fewer would mean that part of the search has been lost, more that the protocol has grown.
    assert len(ours.worlds) == 48_494


def test_the_search_reaches_every_fate_of_a_key(ours):
    """A search that never lets anything out or never burns could not find a fault."""
    fates = Counter(
        (ledger.node, allocation.role, allocation.state)
        for ledger, _ in ours.states
        for allocation in ledger.allocations.values()
    )
    for node in NODES:
        assert {fate[1:] for fate in fates if fate[0] == node} == {
            (role, state) for role in Role for state in AllocationState
        }
    assert {(node, identity.int) for node, identity, _ in ours.released} == {
        (node, number) for node in (0, 1) for number in (1, 2, 3)
    }


@pytest.mark.parametrize("crashes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_slave_that_answers_before_it_consumes_delivers_twice(crashes):
    broken = Model(lets_out_first=(Fetched,), crashes=crashes)
    broken.explore(until_found="delivered twice" if crashes == 1 else "")
    tell(broken, "slave answers before it consumes")
    assert set(broken.violations) == {"delivered twice"}


def answers_at_once(ledger: Ledger, station: Station, event: Event, clock: Clock) -> Outcome:
    """A master that answers when it is asked, before its reservation is durable."""
    outcome = step(ledger, station, event, clock)
    if isinstance(event, Asked):
        return replace(outcome, effects=(Release(event.request.allocation_id),))
    return outcome


@pytest.mark.parametrize("crashes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_master_that_answers_before_it_commits_gives_the_same_bits_twice(crashes):
    fault = "same bits under two identities"
    broken = Model(answers_at_once, (Asked,), crashes)
    broken.explore(until_found=fault if crashes == 1 else "")
    tell(broken, "master answers before it commits")
    assert fault in broken.violations


def test_a_master_that_answers_before_it_asks_the_other_end_breaks_the_order():
    fault = "let out before it was consumed"
    broken = Model(answers_at_once, crashes=0)
    broken.explore(until_found=fault)
    assert fault in broken.violations


@pytest.mark.parametrize("crashes", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_node_that_lost_its_memory_and_caught_up_gives_no_bit_twice(crashes):
    """Messages of before the loss may still come; marks may be told long before they arrive."""
    model = Model(crashes=crashes, restores=1, requests=BOTH_OF_ONE)
    model.explore()
    tell(model, "one end restored from a backup")
    assert model.violations == Counter()


def test_a_node_that_does_not_know_that_it_was_restored_delivers_twice():
    broken = Model(crashes=0, restores=1, catches_up=False, requests=BOTH_OF_ONE)
    broken.explore(until_found="delivered twice")
    tell(broken, "restored and not caught up")
    assert "delivered twice" in broken.violations


def settled(model: Model, world: World) -> World:
    """Everything delivered, both ends reminded and started anew, until nothing changes."""
    while True:
        before = world
        for node in range(2):
            world = model.crashed(world._replace(crashes_left=1), node)
            for number, (recipient, received) in enumerate(model.messages):
                result = model.on_message(world.nodes[node], number)
                if recipient == node and world.sent >> number & 1 and result is not None:
                    *_, world = list(
                        model.hosted(world._replace(crashes_left=0), node, received, result)
                    )
        if world == before:
            return world


def test_once_messages_arrive_no_reservation_is_left_of_what_nobody_waits_for(ours):
    """Whatever happened before: burned at both ends, or consumed by who asked."""
    pairs = {(world.nodes, world.sent) for world in ours.worlds}
    violations = ours.violations.copy()
    for nodes, sent in sorted(pairs)[::37]:
        end = settled(ours, World(nodes, sent, 0b111, 0, 0, 0))
        ends = [ours.states[state][0].allocations for state in end.nodes]
        for node, identity in ((NODES[asker], identity) for identity, asker in REQUESTS.items()):
            asker, other = ends if node == NODES[0] else reversed(ends)
            if identity in asker:
                assert asker[identity].state is not AllocationState.RESERVED
                if asker[identity].state is AllocationState.BURNED and identity in other:
                    assert other[identity].state is not AllocationState.RESERVED
    assert ours.violations == violations

"""Two stations agree on a key or on none, message by message."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from groundstation.keys.errors import (
    KeyConflictError,
    KeyExpiredError,
    KeyShortageError,
    KeyStaleError,
    KeyStateError,
    KeyUnknownError,
)
from groundstation.keys.ledger.history import check_invariants
from groundstation.keys.ledger.memory import Ledger, applied
from groundstation.keys.ledger.records import (
    Extent,
    Origin,
    OriginKind,
    Pool,
    Purpose,
    Segment,
    SegmentStage,
)
from groundstation.keys.ledger.rules import (
    decide_agree,
    decide_burn,
    decide_fast_forward,
    decide_import,
    decide_reserve,
    read_clock,
)
from groundstation.keys.ledger.trust import NOBODY_ELSE
from groundstation.keys.ledger.views import Proposal, Request, Restriction
from groundstation.keys.protocol.events import (
    Asked,
    Envelope,
    Event,
    Failed,
    Fetched,
    GaveUp,
    Imported,
    Learned,
    Outcome,
    Received,
    Release,
    Retried,
    Started,
    Station,
)
from groundstation.keys.protocol.machine import step
from groundstation.keys.protocol.messages import (
    Ack,
    Cancel,
    DigestAnswer,
    DigestQuery,
    MarksAnswer,
    MarksQuery,
    Message,
    Nak,
    Sync,
)

POOL = Pool("matera", "tenerife")
K1, K2 = UUID(int=11), UUID(int=12)


@dataclass
class Node:
    """A station whose outcomes are committed; messages wait in `out` until they are carried."""

    name: str
    now: float = 1000.0
    runs: int = 0
    ledger: Ledger = field(init=False)
    station: Station = field(init=False)
    out: list[Envelope] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.name, self.now)
        self.start()

    def start(self) -> Outcome:
        self.runs += 1
        number = UUID(int=(1 if self.name == "matera" else 2) * 1000 + self.runs)
        self.station = Station(number)
        return self.do(Started(number))

    def do(self, event: Event) -> Outcome:
        outcome = step(self.ledger, self.station, event, read_clock(self.now, self.ledger.latest))
        self.ledger = applied(self.ledger, outcome.decision)
        self.station = outcome.station
        self.out.extend(outcome.messages)
        check_invariants(self.ledger)
        return outcome

    def ask(self, identity: UUID, n_bits: int = 8, pool: Pool = POOL) -> Outcome:
        request = Request(identity, pool, Purpose.DELIVERY, "alice-bob", n_bits)
        return self.do(Asked(request, Restriction()))

    def hear(self, sender: str, message: Message) -> Outcome:
        return self.do(Received(sender, message))

    def bring(
        self,
        number: int = 1,
        *,
        digest: str = "d1",
        pool: Pool = POOL,
        owners: Sequence[str] = ("matera", "tenerife"),
        expires_at: float | None = None,
    ) -> None:
        origin = Origin(OriginKind.FIBRE, "link-1")
        segment = Segment(UUID(int=number), pool, origin, NOBODY_ELSE, 64, digest, 0.0, expires_at)
        clock = read_clock(self.now, self.ledger.latest)
        self.ledger = applied(self.ledger, decide_import(self.ledger, segment, owners, clock))

    def state(self, identity: UUID) -> str:
        return self.ledger.allocations[identity].state.value

    def stage(self, number: int = 1) -> SegmentStage:
        return self.ledger.segments[UUID(int=number)].stage


def carry(*nodes: Node) -> list[Message]:
    """Deliver every message, and what they lead to, in order; the messages that were carried."""
    by_name = {node.name: node for node in nodes}
    carried = []
    while any(node.out for node in nodes):
        for node in nodes:
            while node.out:
                envelope = node.out.pop(0)
                carried.append(envelope.message)
                by_name[envelope.recipient].hear(node.name, envelope.message)
    return carried


def kinds(messages: Sequence[object]) -> list[type]:
    return [type(message) for message in messages]


def told(outcome: Outcome) -> list[type]:
    return [type(envelope.message) for envelope in outcome.messages]


@pytest.fixture
def pair():
    """Two stations that share an agreed segment of 64 bits, 32 for each to allocate."""
    nodes = Node("matera"), Node("tenerife")
    for node in nodes:
        node.bring()
        node.do(Imported(UUID(int=1)))
    carry(*nodes)
    return nodes


def test_a_key_gets_out_at_both_ends_once(pair):
    matera, tenerife = pair
    outcome = matera.ask(K1)
    assert (told(outcome), outcome.effects) == ([Sync], ())
    (sync,) = (matera.out.pop().message,)
    (ack,) = tenerife.hear("matera", sync).messages
    assert ack == Envelope("matera", Ack(sync.proposal))
    assert matera.hear("tenerife", ack.message).effects == (Release(K1),)
    assert matera.hear("tenerife", ack.message) == Outcome(
        matera.station, matera.hear("tenerife", ack.message).decision
    )
    assert tenerife.do(Fetched(K1)).effects == (Release(K1),)
    with pytest.raises(KeyStateError, match="consumed already"):
        tenerife.do(Fetched(K1))
    extents = matera.ledger.allocations[K1].extents
    assert tenerife.ledger.allocations[K1].extents == extents == (Extent(UUID(int=1), 0, 0, 8),)


def test_each_end_asks_in_its_own_lane(pair):
    matera, tenerife = pair
    tenerife.ask(K1, 32)
    matera.ask(K2, 32)
    assert kinds(carry(matera, tenerife)) == [Sync, Sync, Ack, Ack]
    assert (matera.state(K1), tenerife.state(K1)) == ("reserved", "consumed")
    assert (matera.state(K2), tenerife.state(K2)) == ("consumed", "reserved")
    with pytest.raises(KeyShortageError):
        matera.ask(UUID(int=13))
    assert matera.station.waiting == frozenset()


def test_who_gives_up_gets_nothing_and_both_ends_burn(pair):
    matera, tenerife = pair
    matera.ask(K1)
    outcome = matera.do(GaveUp(K1))
    assert outcome.effects == (Failed(K1, "who asked has given up"),)
    assert told(outcome) == [Cancel]
    carry(matera, tenerife)
    assert (matera.state(K1), tenerife.state(K1)) == ("burned", "burned")
    again = matera.do(GaveUp(K1))
    assert (again.messages, again.effects, again.decision.entries) == ((), (), ())
    with pytest.raises(KeyStateError, match="never asked for"):
        matera.do(GaveUp(K2))
    with pytest.raises(KeyStateError, match="never asked for"):
        tenerife.do(GaveUp(K1))


def test_giving_up_after_the_key_was_consumed_changes_nothing(pair):
    matera, tenerife = pair
    matera.ask(K1)
    carry(matera, tenerife)
    assert matera.do(GaveUp(K1)).messages == ()
    assert matera.state(K1) == "consumed"


def test_an_ack_that_comes_after_who_asked_has_gone_burns(pair):
    matera, tenerife = pair
    matera.ask(K1)
    sync = matera.out.pop().message
    ack = tenerife.hear("matera", sync).messages[0].message
    matera.start()
    outcome = matera.hear("tenerife", ack)
    assert (outcome.effects, told(outcome)) == ((), [Cancel])
    assert told(matera.hear("tenerife", ack)) == [Cancel]
    matera.out.clear()
    tenerife.out.clear()
    # The cancels were lost; a new run of the other end asks for one.
    assert told(tenerife.start()) == [Ack]
    carry(matera, tenerife)
    assert tenerife.state(K1) == "burned"


def test_a_new_run_asks_again_for_every_reservation_of_ours(pair):
    matera, tenerife = pair
    matera.ask(K1)
    matera.ask(K2)
    matera.out.clear()
    assert told(matera.do(Retried())) == [Sync, Sync]
    assert told(matera.start()) == [Sync, Sync]
    assert matera.station.waiting == frozenset()
    carry(matera, tenerife)
    assert [node.state(key) for node in pair for key in (K1, K2)] == ["burned"] * 4


def test_what_is_not_free_at_the_other_end_is_refused_and_burned(pair):
    matera, tenerife = pair
    tenerife.hear("matera", Sync(proposal_of(K2, (0, 0, 16))))
    tenerife.out.clear()
    matera.ask(K1)
    sync = matera.out.pop().message
    outcome = tenerife.hear("matera", sync)
    assert told(outcome) == [Nak]
    assert "not all of these bits are there" in outcome.messages[0].message.reason
    assert outcome.decision.alarms[0].startswith("refused matera: ")
    failed = matera.hear("tenerife", outcome.messages[0].message)
    assert isinstance(failed.effects[0], Failed)
    assert failed.effects[0].reason.startswith("refused by tenerife: ")
    assert matera.state(K1) == "burned"
    again = matera.hear("tenerife", outcome.messages[0].message)
    assert (again.messages, again.effects) == ((), ())


def proposal_of(
    identity: UUID,
    place: tuple[int, int, int],
    reference: str = "alice-bob",
    purpose: Purpose = Purpose.DELIVERY,
) -> Proposal:
    return Proposal(identity, POOL, purpose, reference, (Extent(UUID(int=1), *place),))


def test_a_refusal_without_danger_raises_no_alarm(pair):
    _, tenerife = pair
    unknown = Proposal(K1, POOL, Purpose.DELIVERY, "alice-bob", (Extent(UUID(int=9), 0, 0, 8),))
    outcome = tenerife.hear("matera", Sync(unknown))
    assert told(outcome) == [Nak]
    assert outcome.decision.alarms == ()


def test_an_ack_of_what_we_have_forgotten_is_cancelled(pair):
    matera, tenerife = pair
    ack = Ack(proposal_of(K1, (0, 0, 8)))
    outcome = matera.hear("tenerife", ack)
    assert outcome.messages == (Envelope("tenerife", Cancel(ack.proposal)),)
    assert matera.hear("tenerife", Nak(K1, POOL, "why")).messages == ()
    tenerife.hear("matera", Sync(ack.proposal))
    tenerife.out.clear()
    carry(matera, tenerife)
    assert tenerife.state(K1) == "burned"


@pytest.mark.parametrize(
    "answered",
    [
        proposal_of(K1, (0, 8, 8)),
        proposal_of(K1, (0, 0, 8), reference="carol-dan"),
        proposal_of(K1, (0, 0, 8), purpose=Purpose.RELAY),
    ],
)
def test_an_ack_of_something_else_is_not_believed(pair, answered):
    matera, _ = pair
    matera.ask(K1)
    with pytest.raises(KeyConflictError, match="other bits or uses than we proposed"):
        matera.hear("tenerife", Ack(answered))
    assert matera.state(K1) == "reserved"


def test_answers_to_what_we_did_not_propose_are_not_believed(pair):
    matera, tenerife = pair
    matera.ask(K1)
    carry(matera, tenerife)
    proposal = proposal_of(K1, (0, 0, 8))
    for message in (Ack(proposal), Nak(K1, POOL, "no")):
        with pytest.raises(KeyConflictError, match="did not propose"):
            tenerife.hear("matera", message)


@pytest.mark.parametrize("sender", ["graz", "matera"])
def test_only_the_other_end_of_a_pool_speaks_about_it(pair, sender):
    matera, _ = pair
    with pytest.raises(KeyConflictError, match=f"{sender} tells matera about key of matera"):
        matera.hear(sender, MarksQuery(K1, POOL))
    with pytest.raises(KeyConflictError, match="tells matera about key of graz"):
        matera.hear("tenerife", MarksQuery(K1, Pool("graz", "tenerife")))


def test_our_own_key_is_not_fetched(pair):
    matera, tenerife = pair
    matera.ask(K1)
    with pytest.raises(KeyStateError, match="given in the answer only"):
        matera.do(Fetched(K1))
    with pytest.raises(KeyUnknownError):
        tenerife.do(Fetched(K1))


def test_key_that_expires_before_the_ack_burns_at_both_ends():
    matera, tenerife = Node("matera"), Node("tenerife")
    for node in (matera, tenerife):
        node.bring(expires_at=2000.0)
    matera.do(Retried())
    tenerife.do(Retried())
    carry(matera, tenerife)
    matera.ask(K1)
    sync = matera.out.pop().message
    ack = tenerife.hear("matera", sync).messages[0].message
    matera.now = 2000.0
    outcome = matera.hear("tenerife", ack)
    assert isinstance(outcome.effects[0], Failed)
    assert "expired 0 s ago" in outcome.effects[0].reason
    assert told(outcome) == [Cancel]
    tenerife.now = 2000.0
    with pytest.raises(KeyExpiredError):
        tenerife.do(Fetched(K1))


def test_key_of_a_segment_that_comes_to_be_disputed_is_not_let_out(pair):
    matera, tenerife = pair
    matera.ask(K1)
    sync = matera.out.pop().message
    ack = tenerife.hear("matera", sync).messages[0].message
    matera.hear("tenerife", DigestQuery(K2, POOL, UUID(int=1), "d2"))
    outcome = matera.hear("tenerife", ack)
    assert outcome.effects == (Failed(K1, "consuming key of a segment that is disputed"),)
    assert (told(outcome), matera.state(K1)) == ([Cancel], "burned")


def test_a_satellite_pool_is_not_asked_about_and_what_was_left_burns():
    matera = Node("matera")
    pool = Pool("matera", "sat-1")
    matera.bring(pool=pool, owners=["matera"])
    clock = read_clock(1000.0, 1000.0)
    agreed = decide_agree(matera.ledger, UUID(int=1), "d1", "producer", clock)
    matera.ledger = applied(matera.ledger, agreed)
    with pytest.raises(KeyStateError, match="a satellite cannot answer"):
        matera.ask(K1, pool=pool)
    request = Request(K1, pool, Purpose.RELAY, "relay 7", 8)
    decision = decide_reserve(matera.ledger, request, Restriction(), clock)
    matera.ledger = applied(matera.ledger, decision)
    assert matera.do(Retried()).messages == ()
    assert matera.state(K1) == "reserved"
    assert matera.start().messages == ()
    assert matera.state(K1) == "burned"


def test_a_segment_is_usable_once_both_ends_hold_the_same_digest():
    matera, tenerife = Node("matera"), Node("tenerife")
    matera.bring()
    assert told(matera.do(Imported(UUID(int=1)))) == [DigestQuery]
    assert kinds(carry(matera, tenerife)) == [DigestQuery]
    assert matera.stage() is SegmentStage.WAITING
    tenerife.bring()
    tenerife.do(Imported(UUID(int=1)))
    carried = kinds(carry(matera, tenerife))
    assert set(carried) == {DigestQuery, DigestAnswer}
    assert matera.stage() is tenerife.stage() is SegmentStage.USABLE
    assert matera.do(Retried()).messages == matera.do(Imported(UUID(int=1))).messages == ()
    with pytest.raises(KeyUnknownError, match="no such segment"):
        matera.do(Imported(UUID(int=5)))


def test_a_question_alone_makes_nothing_usable(pair):
    matera, _ = pair
    matera.bring(2)
    outcome = matera.hear("tenerife", DigestQuery(K1, POOL, UUID(int=2), "d1"))
    assert told(outcome) == [DigestQuery, DigestAnswer]
    assert matera.stage(2) is SegmentStage.WAITING
    known = matera.hear("tenerife", DigestQuery(K1, POOL, UUID(int=1), "d1"))
    assert told(known) == [DigestAnswer]


def test_different_digests_are_disputed_at_both_ends():
    matera, tenerife = Node("matera"), Node("tenerife")
    matera.bring(digest="d1")
    tenerife.bring(digest="d2")
    matera.do(Retried())
    carry(matera, tenerife)
    assert matera.stage() is tenerife.stage() is SegmentStage.DISPUTED


def test_an_answer_to_another_run_is_not_believed():
    matera = Node("matera")
    matera.bring()
    old = matera.station.session
    matera.start()
    matera.hear("tenerife", DigestAnswer(old, POOL, UUID(int=1), "d1", (0, 0)))
    assert matera.stage() is SegmentStage.WAITING
    session = matera.station.session
    matera.hear("tenerife", DigestAnswer(session, POOL, UUID(int=9), "d1", (0, 0)))
    matera.hear("tenerife", DigestAnswer(session, POOL, UUID(int=1), "d1", (8, 16)))
    assert matera.stage() is SegmentStage.USABLE
    assert (matera.ledger.totals().available, matera.ledger.totals().burned) == (40, 24)


@pytest.mark.parametrize("kind", [DigestQuery, DigestAnswer])
def test_a_digest_of_a_segment_of_another_pool_is_not_compared(pair, kind):
    matera, _ = pair
    matera.bring(2, pool=Pool("graz", "matera"), owners=["graz", "matera"])
    rest = ((0, 0),) if kind is DigestAnswer else ()
    message = kind(matera.station.session, POOL, UUID(int=2), "d1", *rest)
    with pytest.raises(KeyConflictError, match="key of graz and matera"):
        matera.hear("tenerife", message)


def test_agreeing_burns_nothing_even_if_key_is_wanted_at_once():
    matera, tenerife = Node("matera"), Node("tenerife")
    matera.bring()
    matera.do(Imported(UUID(int=1)))
    tenerife.bring()
    tenerife.hear("matera", matera.out.pop(0).message)
    while tenerife.out:
        matera.hear("tenerife", tenerife.out.pop(0).message)
        if matera.stage() is SegmentStage.USABLE and K1 not in matera.ledger.allocations:
            matera.ask(K1)
    carry(matera, tenerife)
    assert (matera.state(K1), tenerife.state(K1)) == ("consumed", "reserved")
    assert matera.ledger.totals().burned == tenerife.ledger.totals().burned == 0


def test_a_reservation_in_a_segment_that_still_waits_is_asked_about():
    matera, tenerife = Node("matera"), Node("tenerife")
    for node in (matera, tenerife):
        node.bring()
    session = matera.station.session
    matera.hear("tenerife", DigestAnswer(session, POOL, UUID(int=1), "d1", (0, 0)))
    matera.ask(K1)
    sync = matera.out.pop().message
    assert told(tenerife.hear("matera", sync)) == [DigestQuery]
    carry(matera, tenerife)
    assert tenerife.stage() is SegmentStage.USABLE
    matera.do(Retried())
    carry(matera, tenerife)
    # The other end could not know whether it had used these bits before it lost its memory.
    assert matera.state(K1) == "burned"
    matera.ask(K2)
    carry(matera, tenerife)
    assert (matera.state(K2), tenerife.state(K2)) == ("consumed", "reserved")


def test_expired_segments_are_not_asked_about():
    matera = Node("matera")
    matera.bring(expires_at=2000.0)
    matera.now = 1999.0
    assert told(matera.do(Retried())) == [DigestQuery]
    matera.now = 2000.0
    assert matera.do(Retried()).messages == ()


def test_a_restored_backup_is_silent_until_it_has_caught_up(pair):
    matera, tenerife = pair
    backup = matera.ledger
    matera.ask(K1)
    tenerife.ask(K2)
    carry(matera, tenerife)
    matera.ledger = replace(backup, is_behind=True)
    matera.bring(2)
    # It asks how far its key was used, once for the pool, and again until it is told.
    session = matera.start().station.session
    asked = Envelope("tenerife", MarksQuery(session, POOL))
    assert matera.do(Retried()).messages == (asked,)
    matera.out.clear()
    for message in (
        MarksQuery(K1, POOL),
        DigestQuery(K1, POOL, UUID(int=1), "d1"),
        DigestAnswer(matera.station.session, POOL, UUID(int=2), "d1", (0, 0)),
    ):
        silent = matera.hear("tenerife", message)
        assert (silent.messages, silent.effects, silent.decision.entries) == ((), (), ())
    assert matera.do(Imported(UUID(int=2))).messages == ()
    matera.out.append(asked)
    stale = tenerife.hear("matera", MarksQuery(UUID(int=5), POOL)).messages[0].message
    assert matera.hear("tenerife", stale).effects == ()
    query = matera.out.pop().message
    answer = tenerife.hear("matera", query).messages[0].message
    (learned,) = matera.hear("tenerife", answer).effects
    assert learned == Learned(POOL, answer.marks)
    assert sorted((mark.lane, mark.stop) for mark in answer.marks) == [(0, 8), (1, 8)]
    clock = read_clock(1000.0, 1000.0)
    matera.ledger = applied(matera.ledger, decide_fast_forward(matera.ledger, learned.marks, clock))
    assert matera.ledger.totals(POOL).burned == 16
    assert told(matera.do(Retried())) == [DigestQuery]
    matera.out.clear()
    tenerife.out.clear()
    fresh = UUID(int=20)
    matera.ask(fresh)
    carry(matera, tenerife)
    assert tenerife.ledger.allocations[fresh].extents == (Extent(UUID(int=1), 0, 8, 8),)
    assert matera.state(fresh) == "consumed"


def test_a_restored_backup_asks_of_pools_that_another_station_shares_only():
    matera = Node("matera")
    matera.bring(pool=Pool("matera", "spoqc"), owners=("matera",))
    matera.ledger = replace(matera.ledger, is_behind=True)
    assert matera.do(Retried()).messages == ()


def test_a_restored_backup_does_not_follow_and_does_not_refuse_for_good(pair):
    matera, tenerife = pair
    tenerife.ledger = replace(tenerife.ledger, is_behind=True)
    matera.ask(K1)
    sync = matera.out.pop().message
    with pytest.raises(KeyStaleError):
        tenerife.hear("matera", sync)


def test_marks_are_told_of_our_pool_only(pair):
    matera, _ = pair
    matera.bring(2, pool=Pool("graz", "matera"), owners=["graz", "matera"])
    answer = matera.hear("tenerife", MarksQuery(K1, POOL)).messages[0].message
    assert isinstance(answer, MarksAnswer)
    assert {mark.segment_id for mark in answer.marks} == {UUID(int=1)}


def test_a_burned_copy_does_not_stop_who_asked(pair):
    """The other end may give up what nobody fetched; who asked has its key already."""
    matera, tenerife = pair
    matera.ask(K1)
    carry(matera, tenerife)
    clock = read_clock(1000.0, 1000.0)
    tenerife.ledger = applied(
        tenerife.ledger, decide_burn(tenerife.ledger, K1, "nobody fetched it", clock)
    )
    nak = tenerife.hear("matera", Sync(proposal_of(K1, (0, 0, 8)))).messages[0].message
    assert isinstance(nak, Nak)
    assert matera.hear("tenerife", nak).messages == ()
    assert matera.state(K1) == "consumed"

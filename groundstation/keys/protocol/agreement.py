"""Digests are compared before a segment is used; marks are told to who lost its memory.

- An answer counts only if it repeats the session of the question, hence was asked in this run.
- A node whose memory is itself a restored backup answers neither.
"""

from collections.abc import Iterable, Iterator
from uuid import UUID

from groundstation.keys.errors import KeyConflictError, KeyUnknownError
from groundstation.keys.ledger.clock import Clock
from groundstation.keys.ledger.records import Pool, Segment, SegmentStage
from groundstation.keys.ledger.rules import decide_agree
from groundstation.keys.ledger.views import Decision, LedgerView, Mark
from groundstation.keys.protocol.events import Envelope, Imported, Learned, Outcome, Station
from groundstation.keys.protocol.messages import (
    DigestAnswer,
    DigestQuery,
    MarksAnswer,
    MarksQuery,
)


def other_end(view: LedgerView, pool: Pool) -> str:
    """The party of a pool that is not this node."""
    return pool.b if pool.a == view.node else pool.a


def questions(view: LedgerView, station: Station, clock: Clock) -> Iterator[Envelope]:
    """One question for every segment that waits; a restored backup asks for marks instead."""
    if view.is_behind:
        yield from (ask_marks(view, station, pool) for pool in _followed_pools(view))
        return
    for segment in view.waiting_segments():
        if segment.expires_at is None or clock.now < segment.expires_at:
            yield _question(view, station, segment)


def _followed_pools(view: LedgerView) -> Iterable[Pool]:
    """Pools with unspent key that another ground node has, too, each once."""
    segment_ids = dict.fromkeys(lane.segment_id for lane in view.unspent_lanes())
    shared = (name for name in segment_ids if len(view.lanes(name)) == 2)
    segments = (view.segment(name) for name in shared)
    return dict.fromkeys(segment.pool for segment in segments if segment is not None)


def ask_digests(
    view: LedgerView, station: Station, segment_ids: Iterable[UUID], clock: Clock
) -> Outcome:
    """Ask the other end about segments that have just come or are being used there already."""
    asked = []
    for segment_id in dict.fromkeys(segment_ids):
        segment = view.segment(segment_id)
        if segment is None:
            raise KeyUnknownError("comparing digests: no such segment", where=f"{segment_id}")
        if segment.stage is SegmentStage.WAITING and not view.is_behind:
            asked.append(_question(view, station, segment))
    return Outcome(station, Decision(clock.latest), tuple(asked))


def answer_digest(
    view: LedgerView, station: Station, message: DigestQuery, sender: str, clock: Clock
) -> Outcome:
    """Tell our digest and marks, if the segment is here; another digest than ours is disputed.

    An equal digest in a question does not make the segment usable here: who asks may be asking
    again after having lost its memory. Our own question does, once it is answered.
    """
    segment = view.segment(message.segment_id)
    decision = Decision(clock.latest)
    if segment is None or view.is_behind:
        return Outcome(station, decision)
    _check_pool(segment, message.pool)
    lanes = view.lanes(message.segment_id)
    answer = DigestAnswer(
        message.session,
        message.pool,
        message.segment_id,
        segment.digest,
        tuple(lane.high_water for lane in lanes),
    )
    if message.digest != segment.digest:
        decision = decide_agree(view, message.segment_id, message.digest, sender, clock)
        return Outcome(station, decision, (Envelope(sender, answer),))
    if segment.stage is SegmentStage.WAITING:
        # Our question goes first: it is answered before the segment becomes usable there, hence
        # before any of it is allocated and would count as used before a loss of memory here.
        question = _question(view, station, segment)
        return Outcome(station, decision, (question, Envelope(sender, answer)))
    return Outcome(station, decision, (Envelope(sender, answer),))


def take_digest(
    view: LedgerView, station: Station, message: DigestAnswer, sender: str, clock: Clock
) -> Outcome:
    """Make the segment usable, or dispute it, if this answers a question of this run."""
    segment = view.segment(message.segment_id)
    if segment is None or message.session != station.session or view.is_behind:
        return Outcome(station, Decision(clock.latest))
    _check_pool(segment, message.pool)
    decision = decide_agree(
        view,
        message.segment_id,
        message.digest,
        sender,
        clock,
        high_water=message.high_water,
    )
    return Outcome(station, decision)


def ask_digest(view: LedgerView, station: Station, event: Imported, clock: Clock) -> Outcome:
    """Ask the other end about a segment that has just come."""
    return ask_digests(view, station, [event.segment_id], clock)


def ask_marks(view: LedgerView, station: Station, pool: Pool) -> Envelope:
    """The question of a restored backup; nothing is decided by asking."""
    return Envelope(other_end(view, pool), MarksQuery(station.session, pool))


def answer_marks(
    view: LedgerView, station: Station, message: MarksQuery, sender: str, clock: Clock
) -> Outcome:
    """Tell how far every lane of the pool was allocated here; silence if this node is behind."""
    decision = Decision(clock.latest)
    if view.is_behind:
        return Outcome(station, decision)
    marks = tuple(
        Mark(lane.segment_id, lane.index, lane.high_water) for lane in view.pool_lanes(message.pool)
    )
    answer = MarksAnswer(message.session, message.pool, marks)
    return Outcome(station, decision, (Envelope(sender, answer),))


def take_marks(
    _view: LedgerView, station: Station, message: MarksAnswer, _sender: str, clock: Clock
) -> Outcome:
    """Hand the marks on; `decide_fast_forward` takes those of all pools at once."""
    decision = Decision(clock.latest)
    if message.session != station.session:
        return Outcome(station, decision)
    return Outcome(station, decision, (), (Learned(message.pool, message.marks),))


def _question(view: LedgerView, station: Station, segment: Segment) -> Envelope:
    query = DigestQuery(station.session, segment.pool, segment.segment_id, segment.digest)
    return Envelope(other_end(view, segment.pool), query)


def _check_pool(segment: Segment, pool: Pool) -> None:
    if segment.pool != pool:
        raise KeyConflictError(
            f"comparing digests: the segment is key of {segment.pool.a} and {segment.pool.b},"
            f" not of {pool.a} and {pool.b}",
            where=f"segment {segment.segment_id}",
        )

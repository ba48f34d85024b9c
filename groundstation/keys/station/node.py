"""A node without its network: what it does about messages, answers and the passing of time.

Every method commits before it returns; only then may what it returned be sent. Key leaves through
the futures of `ask` and through `fetch`, nowhere else.
"""

import threading
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any, cast
from uuid import UUID

from groundstation.keys.errors import KeyLedgerError, KeyMessageError, KeyStaleError
from groundstation.keys.ledger.records import Allocation, Pool, Purpose, Role
from groundstation.keys.ledger.views import LedgerView, Mark, Request, Restriction
from groundstation.keys.protocol.agreement import other_end
from groundstation.keys.protocol.events import (
    Asked,
    Event,
    Failed,
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
from groundstation.keys.protocol.messages import Sync
from groundstation.keys.protocol.wire import document_of, message_of
from groundstation.keys.relay import custody
from groundstation.keys.relay.errors import RelayNotYetError
from groundstation.keys.relay.records import Announcement, Order
from groundstation.keys.station.dialogue import Dialogue
from groundstation.keys.station.errors import TagShortageError
from groundstation.keys.station.progress import Patience, go_on, open_orders
from groundstation.keys.station.tags import is_genuine, parse, tagged
from groundstation.keys.store.errors import StoreError
from groundstation.keys.store.store import Store
from groundstation.keys.store.unit import Unit

Messages = list[tuple[str, dict[str, Any]]]


class _DeliveriesOnly:
    """A view without the reservations of relays, which the dialogue takes up by itself.

    The protocol burns at its start what it finds reserved for a satellite's pool; a relay may wait
    for a satellite for days and knows by its documents what has left.
    """

    def __init__(self, view: LedgerView) -> None:
        self._view = view

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    def reserved(self, role: Role | None = None) -> Iterable[Allocation]:
        return (a for a in self._view.reserved(role) if a.purpose is not Purpose.RELAY)


class Node:
    """One node's part in the protocol and in relays.

    Parameters
    ----------
    store : its ledger, open
    dialogue : how it speaks about relays
    peers : nodes that it talks to
    patience_s, long_patience_s : an order that is not committed, or not done, after so long is
        given up
    """

    def __init__(
        self,
        store: Store,
        dialogue: Dialogue,
        peers: Iterable[str],
        *,
        patience_s: float = 3600.0,
        long_patience_s: float = 5 * 86400.0,
    ) -> None:
        self.store = store
        self.dialogue = dialogue
        self.peers = frozenset(peers)
        self._patience = Patience(patience_s, long_patience_s)
        self._state = Station(dialogue.tagging.new_id())
        self._waiting: dict[UUID, Future[bytes]] = {}
        # How far the other ends have seen key of a pool allocated; a restored backup asks them.
        self.learned: dict[Pool, tuple[Mark, ...]] = {}
        self._gate = threading.Lock()

    # The protocol of deliveries and digests.

    def start(self) -> Messages:
        """Take up what the last run left."""
        return self._happen(Started(self._state.session))

    def remind(self) -> Messages:
        """Say again what was not answered, and ask about what waits for a digest."""
        return self._happen(Retried())

    def receive(self, sender: str, document: object) -> Messages:
        """What to answer to one message of the protocol.

        Raises
        ------
        KeyLedgerError
            It cannot be read or speaks of key that is not shared with the sender.
        """
        message = message_of(document)
        if isinstance(message, Sync) and message.proposal.purpose is Purpose.RELAY:
            raise KeyMessageError("a relay is not asked for by SYNC")
        return self._happen(Received(sender, message), sender)

    def ask(self, request: Request, restriction: Restriction) -> "tuple[Future[bytes], Messages]":
        """Reserve key for somebody here; the future gives it once the other end holds it too."""
        future: Future[bytes] = Future()
        with self._gate:
            self._waiting[request.allocation_id] = future
        try:
            messages = self._happen(Asked(request, restriction))
        except BaseException:
            with self._gate:
                self._waiting.pop(request.allocation_id, None)
            raise
        return future, messages

    def give_up(self, allocation_id: UUID) -> Messages:
        """Who asked does not wait any more."""
        return self._happen(GaveUp(allocation_id))

    def fetch(self, allocation_id: UUID) -> bytes:
        """The copy of key that the other end reserved; once."""
        outcome, keys = self._step(Fetched(allocation_id), "")
        del outcome
        return keys[allocation_id]

    def _happen(self, event: Event, sender: str = "") -> Messages:
        outcome, keys = self._step(event, sender)
        for effect in outcome.effects:
            if isinstance(effect, Learned):
                self.learned[effect.pool] = effect.marks
            else:
                self._settle(effect, keys)
        return [(each.recipient, document_of(each.message)) for each in outcome.messages]

    def _settle(self, effect: Release | Failed, keys: dict[UUID, bytes]) -> None:
        with self._gate:
            future = self._waiting.pop(effect.allocation_id, None)
        if future is None:
            return
        if isinstance(effect, Release):
            future.set_result(keys[effect.allocation_id])
        else:
            future.set_exception(KeyLedgerError(effect.reason))

    def _step(self, event: Event, sender: str) -> tuple[Outcome, dict[UUID, bytes]]:
        def work(unit: Unit) -> tuple[Outcome, dict[UUID, bytes]]:
            view = cast("LedgerView", _DeliveriesOnly(unit.view))
            outcome = step(view, self._state, event, unit.clock())
            keys = unit.carry_out(outcome.decision)
            for segment in outcome.decision.segments:
                told_by = sender or other_end(unit.view, segment.pool)
                payload = {
                    "segment": str(segment.segment_id),
                    "with": told_by,
                    "stage": segment.stage.value,
                }
                unit.audit("agree", payload)
            # If the commit fails, somebody may be believed to wait who does not: that burns key
            # and never gives it away twice.
            self._state = outcome.station
            return outcome, keys

        return self.store.transact(work)

    # Relays.

    def begin(self, order: Order) -> None:
        """Take up an order that this node leads."""
        self.store.transact(lambda unit: self.dialogue.begin(unit, order))

    def announced(self, order_id: UUID, announcement: Announcement) -> None:
        """Take a satellite's announcement whose file was believed."""

        def work(unit: Unit) -> None:
            order = custody.known_order(unit, order_id)
            self.dialogue.announced(unit, order, announcement)

        self.store.transact(work)

    def orders(self) -> tuple[Order, ...]:
        """Orders that are neither done nor ended as far as this node knows."""
        return open_orders(self.store.reader)

    def go_on(self, now: float) -> dict[UUID, str]:
        """Take the next steps of all orders; by order, why it cannot go on at the moment."""
        return go_on(self.store, self.dialogue, self._patience, now)

    def outbox(self, peer: str) -> list[str]:
        """Relay messages to a peer that were not answered yet."""
        return [message.payload for message in self.store.reader.outbox(peer)]

    def told(self, sender: str, text: object) -> str:
        """The answer to a relay message, the same one each time.

        Raises
        ------
        KeyLedgerError
            It cannot be judged now, or is not genuine; there is no answer then.
        """
        document = parse(text)
        name = document["body"]["id"]
        known = self.store.reader.answered(sender, name)
        if known is not None:
            return known
        self._judge(sender, document, "message")
        body = document["body"]
        try:
            return self.store.transact(lambda unit: self._answer(unit, sender, body))
        except KeyLedgerError as error:
            if not _is_final(error):
                raise
            refusal = {"refused": f"{error}"[:400]}
            return self.store.transact(
                lambda unit: self._remember(unit, sender, body["id"], refusal)
            )

    def _answer(self, unit: Unit, sender: str, body: dict[str, Any]) -> str:
        answer = self.dialogue.handle(unit, sender, body)
        return self._remember(unit, sender, body["id"], answer)

    def _remember(self, unit: Unit, sender: str, name: str, answer: dict[str, Any]) -> str:
        full = {"id": name, "kind": "answer", "answer": answer}
        text = tagged(unit, sender, full, self.dialogue.tagging)
        unit.answer(sender, name, text)
        return text

    def take_answer(self, peer: str, text: object) -> None:
        """What a peer answered to a relay message; a second time nothing happens.

        Raises
        ------
        KeyLedgerError
            It is no answer, or not genuine.
        """
        document = parse(text)
        body = document["body"]
        if body["kind"] != "answer" or not isinstance(body.get("answer"), dict):
            raise KeyMessageError("reading an answer: it is none")
        waiting = {message.message_id for message in self.store.reader.outbox(peer)}
        if body["id"] not in waiting:
            return
        self._judge(peer, document, "answer")
        try:
            self.store.transact(
                lambda unit: self.dialogue.answered(unit, peer, body["id"], body["answer"])
            )
        except (KeyLedgerError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, KeyLedgerError) and not _is_final(error):
                raise
            reason = _reason(error)
            self.store.transact(lambda unit: self._fail(unit, peer, body["id"], reason))

    def _fail(self, unit: Unit, peer: str, message_id: str, reason: str) -> None:
        unit.settle(peer, message_id)
        order = custody.known_order(unit, UUID(message_id.split(maxsplit=1)[0]))
        if order.a == unit.view.node:
            self.dialogue.give_up(unit, order, f"after the answer of {peer}: {reason}")

    def _judge(self, peer: str, document: dict[str, Any], role: str) -> None:
        """Spend the one-time key of a message in a transaction of its own, whatever it says."""
        tagging = self.dialogue.tagging
        if not self.store.transact(lambda unit: is_genuine(unit, peer, document, tagging, role)):
            raise KeyMessageError(f"a relay {role} of {peer} is not genuine")


def _is_final(error: KeyLedgerError) -> bool:
    """Whether trying again later is of no use."""
    return not isinstance(error, StoreError | KeyStaleError | TagShortageError | RelayNotYetError)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, KeyLedgerError) else type(error).__name__

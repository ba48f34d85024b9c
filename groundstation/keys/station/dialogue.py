"""What two stations say to each other to carry out an order.

The leading end A drives; everybody else answers.

1. PREPARE: reserve what you lead. The answer names the bits. Then, to those who follow: reserve
   these, too.
2. COMMIT, once every end of every link has named the same bits: all bits, listed. Ground nodes in
   between spend their two links and answer with the XOR. Satellites' announcements come as files,
   and ANNOUNCED passes them on to A.
3. A takes in its key, then FINISH brings all announcements to B, which takes in the same key. Both
   then compare digests by the protocol of `groundstation.keys.protocol`.
4. Whoever refuses ends the order: CANCEL burns what is still reserved, everywhere.

Every step is written down in the transaction that makes it, every message waits in the outbox until
it is answered, and every answer is remembered: after a crash the dialogue goes on where it was.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from groundstation.keys.errors import KeyMessageError
from groundstation.keys.relay import closing, custody
from groundstation.keys.relay.documents import (
    extents_of,
    held_document,
    held_of,
    order_document,
    order_of,
)
from groundstation.keys.relay.errors import RelayError
from groundstation.keys.relay.records import Announcement, Held, Order
from groundstation.keys.station.errors import TagShortageError
from groundstation.keys.station.tags import Tagging, tagged
from groundstation.keys.store.documents import Document
from groundstation.keys.store.unit import Unit

SENT, HELD, COMMITTED = "relay-sent", "relay-held", "relay-committed"


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What the dialogue needs beside the ledger.

    Parameters
    ----------
    pair_secrets : by the name of the other end, 32 bytes each
    random_bytes : for keys that are drawn here
    """

    tagging: Tagging
    pair_secrets: dict[str, bytes] = field(repr=False)
    random_bytes: Callable[[int], bytes]

    def begin(self, unit: Unit, order: Order) -> None:
        """Take up an order that this node leads; the same again changes nothing.

        Raises
        ------
        RelayError
            This node does not lead it, or has no way to one of its nodes.
        """
        node = unit.view.node
        if order.a != node:
            raise RelayError(f"the order is led by {order.a}, not by {node}")
        custody.prepare(unit, order, {})
        self.advance(unit, order)

    def advance(self, unit: Unit, order: Order) -> None:
        """At the leading end: take the next steps that are possible."""
        if unit.document(custody.DONE, str(order.order_id)) is not None:
            return
        if custody.has_ended(unit, order.order_id) is not None:
            return
        held = self._gathered(unit, order)
        if held is None:
            return
        if unit.document(custody.COMMIT, str(order.order_id)) is None:
            custody.commit(unit, order, held)
        listed = [held_document(each) for each in held]
        for node in _others(order):
            body = {"order": str(order.order_id), "held": listed}
            self._tell(unit, order, node, "commit", body)
        self._close(unit, order)

    def _gathered(self, unit: Unit, order: Order) -> list[Held] | None:
        """The bits of all links, once both ends of each have reported them."""
        for node in _others(order):
            body = {"order": order_document(order), "offered": []}
            self._tell(unit, order, node, "prepare", body)
        first = {node: _report(unit, order, node, 1) for node in _others(order)}
        if any(report is None for report in first.values()):
            return None
        first[order.a] = custody.held_here(unit, order)
        offered = {
            index: report[index]
            for index, link in enumerate(order.links)
            if (report := first[link.leader]) is not None and index in report
        }
        if len(offered) < len(order.links):
            raise RelayError("a leader has not reserved its links", where=f"{order.order_id}")
        reports = dict(first)
        for node in sorted({link.follower for link in order.links if link.follower is not None}):
            report = self._followed(unit, order, node, offered)
            if report is None:
                return None
            reports[node] = report
        for index, link in enumerate(order.links):
            for node in link.holders:
                report = reports[node]
                if report is None or report.get(index) is None:
                    return None
                if report[index].extents != offered[index].extents:
                    raise RelayError(
                        f"{node} has reserved other bits of link {index} than {link.leader}",
                        where=f"order {order.order_id}",
                    )
        return [offered[index] for index in range(len(order.links))]

    def _followed(
        self, unit: Unit, order: Order, node: str, offered: dict[int, Held]
    ) -> dict[int, Held] | None:
        """What a follower holds; it is told what to follow first."""
        theirs = {i: each for i, each in offered.items() if order.links[i].follower == node}
        if node == order.a:
            extents = {index: each.extents for index, each in theirs.items()}
            return custody.prepare(unit, order, extents)
        rows = [[index, held_document(each)["extents"]] for index, each in sorted(theirs.items())]
        body = {"order": order_document(order), "offered": rows}
        self._tell(unit, order, node, "follow", body)
        return _report(unit, order, node, 2)

    def _close(self, unit: Unit, order: Order) -> None:
        """Take in the key and let the other end do so, once everything is announced."""
        if any(unit.document(COMMITTED, f"{order.order_id} {n}") is None for n in _others(order)):
            return
        found = [custody.announcement_here(unit, order, each) for each in order.announcers]
        if any(each is None for each in found):
            return
        closing.finish(unit, order, self._secret(order.b), random_bytes=self.random_bytes)
        pads = unit.document(custody.PADS, str(order.order_id))
        body = {
            "order": str(order.order_id),
            "announcements": [_announcement_row(each) for each in found if each is not None],
            "pads": None if pads is None else json.loads(pads.payload),
        }
        self._tell(unit, order, order.b, "finish", body)

    def give_up(self, unit: Unit, order: Order, reason: str) -> None:
        """End an order here and everywhere."""
        custody.end(unit, order.order_id, reason)
        unit.audit("relay-ended", {"order": str(order.order_id), "reason": reason[:400]})
        for node in _others(order):
            body = {"order": str(order.order_id), "reason": reason[:400]}
            try:
                self._tell(unit, order, node, "cancel", body)
            except (RelayError, TagShortageError) as error:
                # The others give it up by themselves after their patience.
                unit.audit("relay-untold", {"order": str(order.order_id), "why": str(error)[:400]})

    def announced(self, unit: Unit, order: Order, announcement: Announcement) -> None:
        """A satellite's announcement has come here: keep it, tell the leading end."""
        custody.take_announcement(unit, order, announcement)
        if unit.view.node == order.a:
            self.advance(unit, order)
            return
        body = {"order": str(order.order_id), "announcement": _announcement_row(announcement)}
        self._tell(unit, order, order.a, f"announced {announcement.name}", body)

    def _secret(self, peer: str) -> bytes:
        if peer not in self.pair_secrets:
            raise RelayError(
                f"no secret is shared with {peer}", hint="add it as a peer to the network file"
            )
        return self.pair_secrets[peer]

    def _tell(self, unit: Unit, order: Order, node: str, kind: str, body: dict[str, Any]) -> None:
        """Put a message into the outbox, once."""
        place = f"{order.order_id} {node} {kind}"
        if unit.document(SENT, place) is not None:
            return
        self._secret(node)  # a node that is no peer cannot be told anything
        message_id = f"{order.order_id} {kind}"
        full = {"id": message_id, "kind": kind.split(maxsplit=1)[0], **body}
        unit.send(node, message_id, tagged(unit, node, full, self.tagging))
        unit.attach(Document(SENT, place, "{}"))

    # What the others do when they are told something.

    def handle(self, unit: Unit, sender: str, body: dict[str, Any]) -> dict[str, Any]:
        """Do what a genuine message asks; the body of the answer.

        Raises
        ------
        KeyLedgerError
            It is refused; nothing of it was done.
        """
        handler = {
            "prepare": self._prepare,
            "follow": self._prepare,
            "commit": self._commit,
            "announced": self._announced,
            "finish": self._finish,
            "cancel": self._cancel,
        }.get(body["kind"])
        if handler is None:
            raise KeyMessageError(f"a relay message of kind {body['kind']!r}: there is none")
        try:
            return handler(unit, sender, body)
        except (KeyError, TypeError, ValueError) as error:
            raise KeyMessageError(
                f"reading a relay message {body['kind']}: {type(error).__name__}"
            ) from error

    def _prepare(self, unit: Unit, sender: str, body: dict[str, Any]) -> dict[str, Any]:
        order = order_of(body["order"])
        if order.a != sender:
            raise RelayError(f"{sender} does not lead this order", where=f"{order.order_id}")
        offered = {int(index): extents_of(rows) for index, rows in body["offered"]}
        held = custody.prepare(unit, order, offered)
        return {"held": [[index, held_document(each)] for index, each in sorted(held.items())]}

    def _commit(self, unit: Unit, sender: str, body: dict[str, Any]) -> dict[str, Any]:
        order = _led_by(unit, sender, body)
        made = custody.commit(unit, order, [held_of(each) for each in body["held"]])
        return {"announcements": [_announcement_row(each) for each in made]}

    def _announced(self, unit: Unit, sender: str, body: dict[str, Any]) -> dict[str, Any]:
        order = custody.known_order(unit, UUID(body["order"]))
        announcement = _announcement(body["announcement"])
        vias = {announcer.name: announcer.via for announcer in order.announcers}
        if vias.get(announcement.name) != sender:
            raise RelayError(f"{sender} does not speak for {announcement.name}")
        custody.take_announcement(unit, order, announcement)
        self.advance(unit, order)
        return {}

    def _finish(self, unit: Unit, sender: str, body: dict[str, Any]) -> dict[str, Any]:
        order = _led_by(unit, sender, body)
        if unit.view.node != order.b:
            raise RelayError(f"{unit.view.node} is no end of this order")
        for row in body["announcements"]:
            custody.take_announcement(unit, order, _announcement(row))
        if body["pads"] is not None:
            text = json.dumps([str(each) for each in body["pads"]])
            unit.attach(Document(custody.PADS, str(order.order_id), text))
        segment = closing.finish(unit, order, self._secret(sender))
        return {"n_bits": segment.n_bits}

    def _cancel(self, unit: Unit, sender: str, body: dict[str, Any]) -> dict[str, Any]:
        order_id = UUID(body["order"])
        document = unit.document(custody.ORDER, str(order_id))
        if document is not None:
            _led_by(unit, sender, body)
        return {"burned_bits": custody.end(unit, order_id, f"{sender}: {body['reason']}")}

    # What the leading end does with an answer.

    def answered(self, unit: Unit, peer: str, message_id: str, answer: dict[str, Any]) -> None:
        """Write down an answer and go on; a refusal ends the order."""
        order_id, kind = message_id.split(maxsplit=1)
        order = custody.known_order(unit, UUID(order_id))
        unit.settle(peer, message_id)
        if "refused" in answer:
            if kind != "cancel" and order.a == unit.view.node:
                self.give_up(unit, order, f"{peer} refuses: {answer['refused']}")
            return
        if order.a != unit.view.node or custody.has_ended(unit, order.order_id) is not None:
            return
        place = f"{order_id} {peer}"
        if kind in {"prepare", "follow"}:
            text = json.dumps(answer["held"])
            unit.attach(Document(HELD, f"{place} {1 if kind == 'prepare' else 2}", text))
        elif kind == "commit":
            for row in answer["announcements"]:
                self._check_speaker(order, peer, row)
                custody.take_announcement(unit, order, _announcement(row))
            unit.attach(Document(COMMITTED, place, "{}"))
        elif kind == "finish":
            unit.attach(Document(custody.DONE, str(order.order_id), "{}"))
            unit.audit("relay", {"order": order_id, "demand": order.demand, "peer": peer})
            return
        self.advance(unit, order)

    @staticmethod
    def _check_speaker(order: Order, peer: str, row: Any) -> None:
        if row[0] != peer:
            raise RelayError(f"{peer} announces for {row[0]}", where=f"order {order.order_id}")


def _others(order: Order) -> list[str]:
    return [node for node in order.nodes if node != order.a]


def _report(unit: Unit, order: Order, node: str, number: int) -> dict[int, Held] | None:
    document = unit.document(HELD, f"{order.order_id} {node} {number}")
    if document is None:
        return None
    return {int(index): held_of(each) for index, each in json.loads(document.payload)}


def _led_by(unit: Unit, sender: str, body: dict[str, Any]) -> Order:
    order = custody.known_order(unit, UUID(body["order"]))
    if order.a != sender:
        raise RelayError(f"{sender} does not lead this order", where=f"order {order.order_id}")
    return order


def _announcement_row(announcement: Announcement) -> list[str]:
    return [announcement.name, base64.b64encode(announcement.xor).decode("ascii")]


def _announcement(row: Any) -> Announcement:
    name, text = row
    return Announcement(str(name), base64.b64decode(text, validate=True))

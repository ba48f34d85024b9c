"""Orders as time passes: the next steps of each, and which are given up.

Rules:
- The leading end takes an order's next steps whenever it looks, and gives it up after a patience
  that is longer once the order is committed: a satellite may answer days later.
- A follower gives up by itself after twice that: the word of the leading end may have been lost.
- Shares that have come are combined; a set that can never become one key is given up.
"""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from groundstation.keys.errors import KeyLedgerError
from groundstation.keys.relay import custody
from groundstation.keys.relay.documents import order_of_text
from groundstation.keys.relay.errors import RelayError, RelayNotYetError
from groundstation.keys.relay.records import Order
from groundstation.keys.relay.shares import ShareSet, combination_of_set, open_sets
from groundstation.keys.station.dialogue import Dialogue
from groundstation.keys.store.queries import Reader
from groundstation.keys.store.store import Store
from groundstation.keys.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds after which an order that is not committed, or not done, is given up."""

    uncommitted_s: float
    committed_s: float


def open_orders(reader: Reader) -> tuple[Order, ...]:
    """Orders that are neither done nor ended as far as this node knows."""
    over = {
        document.reference
        for kind in (custody.DONE, custody.END)
        for document in reader.documents(kind)
    }
    orders = (order_of_text(document.payload) for document in reader.documents(custody.ORDER))
    return tuple(order for order in orders if str(order.order_id) not in over)


def go_on(store: Store, dialogue: Dialogue, patience: Patience, now: float) -> dict[UUID, str]:
    """Take the next steps of all orders and sets of shares; give up those that take too long.

    Returns
    -------
    by order or set, why it cannot go on at the moment
    """
    stuck = {}
    for order in open_orders(store.reader):
        try:
            store.transact(
                partial(_go_on, order=order, dialogue=dialogue, patience=patience, now=now)
            )
        except KeyLedgerError as error:
            stuck[order.order_id] = str(error)
    for shares in open_sets(store.reader):
        try:
            store.transact(partial(_combine, shares=shares, dialogue=dialogue, now=now))
        except RelayNotYetError as error:
            stuck[shares.set_id] = str(error)
        except RelayError as error:
            # They can never become one key; each stays what its label says.
            store.transact(partial(_end_set, shares=shares, reason=str(error)))
        except KeyLedgerError as error:
            stuck[shares.set_id] = str(error)
    return stuck


def _go_on(unit: Unit, order: Order, dialogue: Dialogue, patience: Patience, now: float) -> None:
    is_committed = unit.document(custody.COMMIT, str(order.order_id)) is not None
    limit = patience.committed_s if is_committed else patience.uncommitted_s
    age_s = now - order.created_at
    if order.a == unit.view.node:
        if age_s > limit:
            dialogue.give_up(unit, order, f"not done after {limit:.0f} s")
        else:
            dialogue.advance(unit, order)
    elif age_s > 2.0 * limit and custody.has_reserved(unit, order):
        custody.end(unit, order.order_id, f"nothing came of it in {2.0 * limit:.0f} s")


def _combine(unit: Unit, shares: ShareSet, dialogue: Dialogue, now: float) -> None:
    """Make one key of shares, once all of them have come or are given up."""
    order = combination_of_set(unit, shares, now)
    if order is not None:
        dialogue.begin(unit, order)


def _end_set(unit: Unit, shares: ShareSet, reason: str) -> None:
    custody.end(unit, shares.set_id, reason)
    unit.audit("shares-ended", {"set": str(shares.set_id), "reason": reason[:400]})

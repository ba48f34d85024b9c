"""The account of a month: every pool's bits in, out and left, and how demands were met.

Opening + imported - spent = closing, bit by bit: the rows are sums over the ledger's entries, and
are checked against the accounts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from groundstation.errors import UsageError
from groundstation.keys.ledger.records import Account, OriginKind, Pool
from groundstation.keys.store.movements import Movement, read_movements
from groundstation.network import Network

SCHEMA = "key-month/1"
_SPENT = {
    Account.DELIVERED: "delivered_bits",
    Account.RELAYED: "relayed_away_bits",
    Account.AUTHENTICATION: "authentication_bits",
    Account.EXPIRED: "expired_bits",
    Account.BURNED: "burned_bits",
}


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month, UTC: first instant and the first after it, seconds since 1970."""

    name: str
    start: float
    stop: float


def month_of(text: str) -> Month:
    """The month of YYYY-MM; UsageError for anything else."""
    try:
        start = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(f"{text!r} is no month like 2026-06") from None
    stop = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return Month(text, start.timestamp(), stop.timestamp())


def month_account(network: Network, folder: Path, node: str, month: Month) -> dict[str, Any]:
    """A month of a node's ledger, one row per pool.

    Columns: opening and closing (all that is not spent: available, reserved, quarantined),
    imported from passes and fibres, received by relay (combinations included), delivered, relayed
    away, authentication, expired, burned; for a pair with demands what they wanted in the month,
    what was brought for them and what share that is.
    """
    rows = [
        _row(network, pool, movements, month)
        for pool, movements in sorted(read_movements(folder).items())
    ]
    return {"schema": SCHEMA, "node": node, "month": month.name, "rows": rows}


def _row(
    network: Network, pool: Pool, movements: Iterable[Movement], month: Month
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "a": pool.a,
        "b": pool.b,
        "opening_bits": 0,
        "imported_bits": 0,
        "received_by_relay_bits": 0,
        **dict.fromkeys(_SPENT.values(), 0),
        "closing_bits": 0,
    }
    for movement in movements:
        change = _change(movement)
        if movement.at < month.stop:
            row["closing_bits"] += change
        if movement.at < month.start:
            row["opening_bits"] += change
        elif movement.at < month.stop:
            _count(row, movement)
    return {**row, **_demand(network, pool, row, month)}


def _change(movement: Movement) -> int:
    """How a movement changes what a pool has that is not spent."""
    came = movement.bits if movement.source is Account.OUTSIDE else 0
    return came - (movement.bits if movement.target in _SPENT else 0)


def _count(row: dict[str, Any], movement: Movement) -> None:
    if movement.source is Account.OUTSIDE:
        is_relay = movement.origin in {OriginKind.RELAY, OriginKind.COMBINATION}
        row["received_by_relay_bits" if is_relay else "imported_bits"] += movement.bits
    if movement.target in _SPENT:
        row[_SPENT[movement.target]] += movement.bits


def _demand(network: Network, pool: Pool, row: Mapping[str, Any], month: Month) -> dict[str, Any]:
    node = {site.name: site.node for site in network.sites}
    days = (month.stop - month.start) / 86_400.0
    demands = [d for d in network.demands if Pool(*sorted((node[d.a], node[d.b]))) == pool]
    if not demands:
        return {"demands": "", "wanted_bits": None, "demand_met": None}
    wanted = sum(demand.bits_per_day for demand in demands) * days
    brought = row["imported_bits"] + row["received_by_relay_bits"]
    return {
        "demands": ", ".join(demand.name for demand in demands),
        "wanted_bits": int(wanted),
        "demand_met": min(brought / wanted, 1.0) if wanted > 0 else 1.0,
    }

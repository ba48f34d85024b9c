"""What is in the pools, for the planner and for the night's report."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundstation.keys.errors import KeyLedgerError
from groundstation.keys.ledger.records import Pool
from groundstation.keys.store.answers import PoolLevel
from groundstation.keys.store.queries import Reader, open_reader
from groundstation.keys_policy import KeyStorePolicy
from groundstation.network import Network
from groundstation.plan.paths import Pool as StockPool

STATUS_SCHEMA = "key-pools/1"


@dataclass(frozen=True, slots=True)
class Stocks:
    """Key in the pools of a network, as far as it is known here.

    Parameters
    ----------
    links : satellite-station pools, for `make_plan(stocks=...)`, bits
    pairs : pools of two ground nodes, bits available to both ends together
    warnings : what could not be read
    """

    links: Mapping[StockPool, float]
    pairs: Mapping[Pool, int]
    warnings: tuple[str, ...]


def status_document(reader: Reader) -> dict[str, Any]:
    """The levels of a node's pools as JSON values, without anything secret."""
    return {
        "schema": STATUS_SCHEMA,
        "node": reader.node(),
        "is_behind": reader.is_behind(),
        "rows": [level_row(level) for level in reader.levels()],
    }


def level_row(level: PoolLevel) -> dict[str, Any]:
    """One pool: its accounts in bits, and instants in seconds since 1970."""
    totals = level.totals
    return {
        "a": level.pool.a,
        "b": level.pool.b,
        "available_bits": totals.available,
        "own_available_bits": level.own_available_bits,
        "reserved_bits": totals.reserved,
        "delivered_bits": totals.delivered,
        "relayed_bits": totals.relayed,
        "authentication_bits": totals.authentication,
        "expired_bits": totals.expired,
        "burned_bits": totals.burned,
        "quarantined_bits": totals.quarantined,
        "imported_bits": sum(
            (
                totals.available,
                totals.reserved,
                totals.delivered,
                totals.relayed,
                totals.authentication,
                totals.expired,
                totals.burned,
                totals.quarantined,
            )
        ),
        "oldest_available_s": level.oldest_available,
        "next_expiry_s": level.next_expiry,
    }


def read_stocks(network: Network, policy: KeyStorePolicy) -> Stocks:
    """Levels of this node's ledger and of the status documents of the others.

    Of a pool that two nodes report, the smaller level counts: only what both have can be used.
    """
    rows: list[Mapping[str, Any]] = []
    warnings = []
    if (Path(policy.folder) / "ledger.db").exists():
        try:
            with open_reader(Path(policy.folder)) as reader:
                rows += status_document(reader)["rows"]
        except KeyLedgerError as error:
            warnings.append(f"key pools of {policy.node}: {error}")
    for name in policy.levels:
        try:
            document = json.loads(Path(name).read_text(encoding="utf-8"))
            is_ours = document["schema"] == STATUS_SCHEMA
            if is_ours and document["node"] != policy.node:
                rows += [dict(row) for row in document["rows"]]
            elif not is_ours:
                warnings.append(f"{Path(name).name} is no document of key pools")
        except (OSError, ValueError, KeyError, TypeError) as error:
            warnings.append(f"key pools of {Path(name).name} cannot be read: {error}")
    return _stocks(network, rows, warnings)


def _stocks(network: Network, rows: Iterable[Mapping[str, Any]], warnings: list[str]) -> Stocks:
    satellites = {satellite.name for satellite in network.satellites}
    links: dict[StockPool, float] = {}
    pairs: dict[Pool, int] = {}
    for row in rows:
        a, b, bits = str(row["a"]), str(row["b"]), int(row["available_bits"])
        if a in satellites or b in satellites:
            satellite, station = (a, b) if a in satellites else (b, a)
            if bits:
                links[StockPool(satellite, station)] = float(bits)
        else:
            pool = Pool(a, b)
            pairs[pool] = min(bits, pairs.get(pool, bits))
    return Stocks(links, pairs, tuple(warnings))


def low_water_alarms(network: Network, stocks: Stocks) -> tuple[str, ...]:
    """One sentence for every demand whose pair's pool is below the demand's reserve.

    Pools that no known node is a party to are not judged.
    """
    node = {site.name: site.node for site in network.sites}
    known = {name for pool in stocks.pairs for name in (pool.a, pool.b)}
    if network.key_store is not None:
        known.add(network.key_store.node)
    alarms = []
    for demand in network.demands:
        a, b = sorted((node[demand.a], node[demand.b]))
        if demand.minimum_reserve_bits <= 0 or not {a, b} & known:
            continue
        bits = stocks.pairs.get(Pool(a, b), 0)
        if bits < demand.minimum_reserve_bits:
            alarms.append(
                f"key of {demand.name} ({a} - {b}) is low: {bits} bits,"
                f" reserve {demand.minimum_reserve_bits:.0f} bits"
            )
    return tuple(alarms)


def demand_levels(network: Network, stocks: Stocks) -> list[dict[str, Any]]:
    """For every demand, what its pair has and for how many days that lasts."""
    node = {site.name: site.node for site in network.sites}
    rows = []
    for demand in network.demands:
        a, b = sorted((node[demand.a], node[demand.b]))
        bits = stocks.pairs.get(Pool(a, b), 0)
        rows.append(
            {
                "demand": demand.name,
                "a": a,
                "b": b,
                "available_bits": bits,
                "reserve_bits": int(demand.minimum_reserve_bits),
                "wanted_bits_per_day": demand.bits_per_day,
                "days": bits / demand.bits_per_day if demand.bits_per_day > 0 else None,
            }
        )
    return rows

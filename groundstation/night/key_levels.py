"""What the key ledger tells a night: key that is there already, and pools that run low.

Without a `[keys]` table a night knows of no key and says nothing. What a plan was made from is kept
with it as plain values, so that the night can be computed again when the pools have changed.
"""

from collections.abc import Mapping
from typing import Any

from groundstation.network import Network
from groundstation.night.decision import NOTHING_HELD, KeyHeld


def held_of_network(network: Network) -> tuple[KeyHeld, tuple[str, ...]]:
    """Key in the pools, as far as this machine knows, and sentences on low or unread ones."""
    if network.key_store is None:
        return NOTHING_HELD, ()
    # Only a night that has a ledger pays for loading it.
    from groundstation.keys.ledger.records import Pool  # noqa: PLC0415
    from groundstation.keys.operations.levels import (  # noqa: PLC0415
        low_water_alarms,
        read_stocks,
    )

    stocks = read_stocks(network, network.key_store)
    node = {site.name: site.node for site in network.sites}
    pairs = {
        demand.name: float(stocks.pairs[pool])
        for demand in network.demands
        if (pool := Pool(*sorted((node[demand.a], node[demand.b])))) in stocks.pairs
    }
    links = {(pool.satellite, pool.station): bits for pool, bits in stocks.links.items()}
    return KeyHeld(links, pairs), (*low_water_alarms(network, stocks), *stocks.warnings)


def held_document(held: KeyHeld) -> dict[str, Any]:
    """Held key as JSON values."""
    return {
        "pools": sorted([*ends, bits] for ends, bits in held.pools.items()),
        "pairs": dict(sorted(held.pairs.items())),
    }


def held_from(document: Mapping[str, Any] | None) -> KeyHeld:
    """What `held_document` wrote; nothing for a plan that was made without."""
    if document is None:
        return NOTHING_HELD
    pools = {(satellite, station): bits for satellite, station, bits in document["pools"]}
    return KeyHeld(pools, dict(document["pairs"]))

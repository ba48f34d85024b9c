"""What the key ledger tells a night: key that is there already, and pools that run low.

The rules it keeps:

1. Without a `[keys]` table a night knows of no key and says nothing. What a plan was made from is
   kept with it as plain values, so that the night can be computed again.
2. Pools that have changed are a reason for a new plan until its first contact begins. From then on
   they change by the night's own key, which the plan counts already.
3. One-time tags and small deliveries nibble at pools all day and are no reason for a new plan.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from groundstation.network import Demand, Network
from groundstation.night.decision import NOTHING_HELD, KeyHeld
from groundstation.plan.records import Plan

# A change of a level, or of what lacks to a reserve, that makes a new plan: a hundredth.
NOTICED_SHARE = 0.01


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
    pairs = {}
    for demand in network.demands:
        pool = Pool(*sorted((node[demand.a], node[demand.b])))
        # A pool of this machine's node that never had key is empty; others are not known.
        if pool in stocks.pairs or network.key_store.node in (pool.a, pool.b):
            pairs[demand.name] = float(stocks.pairs.get(pool, 0))
    links = {(pool.satellite, pool.station): bits for pool, bits in stocks.links.items()}
    return KeyHeld(links, pairs), (*low_water_alarms(network, stocks), *stocks.warnings)


def pool_levels(network: Network) -> dict[str, int]:
    """Bits at hand in every pool that is known here, by the names of its ends.

    A pair of a demand that has no pool yet stands with 0, so that an alarm on it has a series.
    """
    if network.key_store is None:
        return {}
    from groundstation.keys.operations.levels import demand_levels, read_stocks  # noqa: PLC0415

    stocks = read_stocks(network, network.key_store)
    levels = {f"{row['a']}/{row['b']}": 0 for row in demand_levels(network, stocks)}
    levels |= {f"{pool.a}/{pool.b}": bits for pool, bits in stocks.pairs.items()}
    return levels | {f"{p.satellite}/{p.station}": int(b) for p, b in stocks.links.items()}


def have_pools_changed(
    network: Network, plan: Plan, before: KeyHeld, held: KeyHeld, now: datetime
) -> bool:
    """Whether a plan has to be made again because of what is in the pools.

    Parameters
    ----------
    before, held : when the plan was made, and at `now`
    """
    begins = min((contact.start for contact in plan.contacts), default=None)
    if begins is not None and now >= begins:
        return False
    links = {*before.pools, *held.pools}
    if any(_differ(before.pools.get(ends, 0.0), held.pools.get(ends, 0.0)) for ends in links):
        return True
    return any(
        abs(_lacking(demand, before) - _lacking(demand, held))
        > NOTICED_SHARE * demand.minimum_reserve_bits
        for demand in network.demands
    )


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > NOTICED_SHARE * max(one, other)


def _lacking(demand: Demand, held: KeyHeld) -> float:
    """What a pair's pool lacks of the demand's reserve; nothing where the pool is not known."""
    if demand.name not in held.pairs:
        return 0.0
    return max(0.0, demand.minimum_reserve_bits - held.pairs[demand.name])


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

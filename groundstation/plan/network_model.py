"""From a network, parts of passes and demands to the arrays that the solver decides about.

The rules it keeps:

1. Every night of the horizon is a delivery period: key of a contact serves deliveries of its own
   night and of later ones.
2. Key of a part is multiplied with the chance of a clear sky where that is known, and rounded down
   to whole bits.
3. What must be kept is forced; of two that must and exclude each other, the one with more key is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from groundstation.network import Network
from groundstation.plan.announcements import Announcements
from groundstation.plan.horizon import Horizon
from groundstation.plan.limit_rows import contact_limits
from groundstation.plan.limits import ContactLimits, LimitRow, Roster, Usage
from groundstation.plan.paths import Pool
from groundstation.plan.records import Candidate, Hop
from groundstation.plan.shares import demand_paths
from groundstation.plan.solver.model import Floats, Ints, Model, Relay, Windows
from groundstation.plan.wants import Wants
from groundstation.plan.windows import Offer

SECONDS_PER_DAY = 86_400.0
BITS_PER_KBIT = 1_000.0

Path = tuple[Hop, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A model, with what its indices stand for.

    Parameters
    ----------
    able, offers : passes that can be contacts, and the parts of them; a window of the model is an
        offer
    counted_bits : key that the plan counts on, of each offer
    pools : in the order of the model
    paths : in the order of the model, sorted by demand; where a demand wants bits of two kinds
        its paths are there twice
    owner : demand of each path, shape (paths,)
    wanted_bits : of each demand in each night, shape (demands, nights with those ahead)
    fibres : the two ends of each fibre, sorted
    horizon : the nights
    remarks : demands of which not all paths are considered
    limit_rows : what the model's capacities stand for, in their order
    rosters : what the model's stations stand for
    """

    able: tuple[Candidate, ...]
    offers: tuple[Offer, ...]
    counted_bits: tuple[int, ...]
    pools: tuple[Pool, ...]
    paths: tuple[Path, ...]
    owner: Ints
    wanted_bits: Ints
    fibres: tuple[tuple[str, str], ...]
    horizon: Horizon
    model: Model
    remarks: tuple[str, ...]
    limit_rows: tuple[LimitRow, ...] = ()
    rosters: tuple[Roster, ...] = ()

    def delivered_bits(self, flow_bits: Ints) -> list[int]:
        """Of each demand over the nights of the span, from bits of shape (paths, periods)."""
        total = np.zeros(len(self.wanted_bits), dtype=np.int64)
        np.add.at(total, self.owner, flow_bits[:, : self.horizon.nights].sum(axis=1))
        return [int(bits) for bits in total]


def make_problem(
    network: Network,
    able: Sequence[Candidate],
    offers: Sequence[Offer],
    *,
    horizon: Horizon,
    stocks: Mapping[Pool, float],
    wants: Wants,
    chance: Mapping[str, float],
    previous: frozenset[str] | None = None,
    usage: Usage | None = None,
) -> Problem:
    """The model of one horizon, nothing forced yet.

    Parameters
    ----------
    wants : of every demand in each night
    chance : of a clear sky, by pass id; what is missing counts as clear
    previous : passes that the plan before takes; changes cost what the policy says
    usage : what limits of contacts are counted with
    """
    pools = sorted(
        {*(Pool(c.satellite, c.station) for c in able), *stocks},
        key=lambda pool: (pool.satellite, pool.station),
    )
    bits = [int(o.key_bits * chance.get(able[o.candidate].pass_id, 1.0) + 1e-9) for o in offers]
    remarks: list[str] = []
    paths: list[Path] = []
    owners: list[int] = []
    for k, demand in enumerate(network.demands):
        found, complete = demand_paths(network, demand, pools)
        for part in np.flatnonzero(wants.owner == k):
            paths += found
            owners += [int(part)] * len(found)
        if not complete:
            remarks.append(f"{demand.name}: only the {len(found)} shortest paths are considered")
    fibre_bits = fibre_capacity_bits(network)
    fibres = sorted(fibre_bits)
    relay = _relay(network, pools, paths, owners, fibre_bits, stocks, wants)
    counted = usage or Usage()
    limited = contact_limits(network, able, offers, counted)
    windows = _windows(
        network, able, offers, bits, pools, previous, horizon, limited, counted.announcements
    )
    none = np.zeros(len(offers), dtype=bool)
    return Problem(
        able=tuple(able),
        offers=tuple(offers),
        counted_bits=tuple(bits),
        pools=tuple(pools),
        paths=tuple(paths),
        owner=wants.owner[owners] if owners else np.zeros(0, np.int64),
        wanted_bits=_by_demand(wants, len(network.demands)),
        fibres=tuple(fibres),
        horizon=horizon,
        model=Model(windows, limited.limits, relay, none, none.copy()),
        remarks=tuple(remarks),
        limit_rows=limited.rows,
        rosters=limited.rosters,
    )


def fibre_capacity_bits(network: Network) -> dict[tuple[str, str], float]:
    """Whole secret bits that two fibre ends can share in a day; parallel links add."""
    capacity: dict[tuple[str, str], float] = {}
    for link in network.fibre_links:
        ends = (link.a, link.b) if link.a <= link.b else (link.b, link.a)
        capacity[ends] = capacity.get(ends, 0.0) + link.key_rate_bps * SECONDS_PER_DAY
    return {ends: float(np.floor(bits)) for ends, bits in capacity.items()}


def _windows(
    network: Network,
    able: Sequence[Candidate],
    offers: Sequence[Offer],
    bits: Sequence[int],
    pools: Sequence[Pool],
    previous: frozenset[str] | None,
    horizon: Horizon,
    limited: ContactLimits,
    announcements: Announcements,
) -> Windows:
    satellites = {s.name: (i, s.setup_s) for i, s in enumerate(network.satellites)}
    setup_at = {s.name: s.setup_s for s in network.stations}
    number = {pool: i for i, pool in enumerate(pools)}
    items = [able[o.candidate] for o in offers]
    # Counted from the first, so that microseconds are not lost in the size of an epoch.
    zero = min((o.start_s for o in offers), default=0.0)
    start = np.array([o.start_s - zero for o in offers])
    stop = np.array([o.stop_s - zero for o in offers])
    period = np.array(
        [
            announcements.period_of(horizon, c.satellite, o.windows[-1][1])
            for c, o in zip(items, offers, strict=True)
        ],
        dtype=np.int64,
    )
    per_change = network.plan.stability_per_change_kbit if previous is not None else 0.0
    kept = previous or frozenset()
    worth = [per_change if c.pass_id in kept else -per_change for c in items]
    return Windows(
        satellite=np.array([satellites[c.satellite][0] for c in items], dtype=np.int64),
        station=limited.station,
        start_s=start,
        stop_s=stop,
        satellite_until_s=stop + np.array([satellites[c.satellite][1] for c in items]),
        station_until_s=stop + np.array([setup_at[c.station] for c in items]),
        worth=np.array(worth, dtype=np.float64),
        key_kbit=np.array(bits, dtype=np.float64) / BITS_PER_KBIT,
        pool=np.array([number[Pool(c.satellite, c.station)] for c in items], dtype=np.int64),
        period=period,
        night=limited.night,
        pass_index=np.array([o.candidate for o in offers], dtype=np.int64),
    )


def _relay(
    network: Network,
    pools: Sequence[Pool],
    paths: Sequence[Path],
    owners: Sequence[int],
    fibre_bits: Mapping[tuple[str, str], float],
    stocks: Mapping[Pool, float],
    wants: Wants,
) -> Relay:
    """Pools, fibres, demands, and the paths between them with what they use."""
    fibres = sorted(fibre_bits)
    pool_number = {pool: i for i, pool in enumerate(pools)}
    fibre_number = {ends: i for i, ends in enumerate(fibres)}
    satellites = {s.name: i for i, s in enumerate(network.satellites)}
    pool_use: list[Counter[int]] = []
    fibre_use: list[Counter[int]] = []
    for path in paths:
        used, carried = Counter[int](), Counter[int]()
        for hop in path:
            if hop.satellite is None:
                carried[fibre_number[min(hop.a, hop.b), max(hop.a, hop.b)]] += 1
            else:
                used.update(pool_number[Pool(hop.satellite, end)] for end in (hop.a, hop.b))
        pool_use.append(used)
        fibre_use.append(carried)
    costs = [network.plan.hop_cost_per_kbit * len(path) for path in paths]
    return Relay(
        stock_kbit=np.array([stocks.get(p, 0.0) for p in pools], np.float64) / BITS_PER_KBIT,
        pool_satellite=np.array([satellites[p.satellite] for p in pools], dtype=np.int64),
        terminal_per_kbit=np.full(len(pools), network.plan.pool_worth_per_kbit),
        fibre_kbit=np.tile(
            np.array([fibre_bits[ends] for ends in fibres], np.float64).reshape(-1, 1),
            (1, wants.bits.shape[1]),
        )
        / BITS_PER_KBIT,
        demand_kbit=wants.bits.astype(np.float64) / BITS_PER_KBIT,
        weight_per_kbit=wants.worth_per_kbit,
        path_demand=np.array(owners, dtype=np.int64),
        # A path may run over several satellites: no two stations stand for it.
        path_ends=np.full((len(paths), 2), -1, np.int64),
        path_cost_per_kbit=np.array(costs, dtype=np.float64),
        pool_use=_matrix(pool_use, len(pools)),
        fibre_use=_matrix(fibre_use, len(fibres)),
        lifetime_periods=network.key_lifetime_nights,
    )


def _by_demand(wants: Wants, demands: int) -> Ints:
    """Whole bits that each demand wants in each night, all its parts together."""
    total = np.zeros((demands, wants.bits.shape[1]), dtype=np.int64)
    np.add.at(total, wants.owner, wants.bits)
    return total


def _matrix(rows: Sequence[Counter[int]], columns: int) -> csr_array:
    row = [i for i, used in enumerate(rows) for _ in used]
    column = [j for used in rows for j in used]
    values = [float(n) for used in rows for n in used.values()]
    return csr_array((values, (row, column)), shape=(len(rows), columns))


def whole_bits_of(flow_kbit: Floats) -> Ints:
    """Flows in whole bits, rounded down so that nothing is overdrawn, shape (paths, periods)."""
    bits: Ints = np.maximum(np.floor(flow_kbit * BITS_PER_KBIT + 1e-6), 0.0).astype(np.int64)
    return bits

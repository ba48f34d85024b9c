"""A night as it came: relays made in the morning with the key that is there, and what stays.

The rules it keeps:

1. A contact under cloud brings nothing, one under a clear sky all its key.
2. Relays are the best for what came and, where a way looks further, for what it expects of the
   contacts that it has planned for later nights. Those of tonight are carried out.
3. Key of a pair is used evenly, as `pair_outlook` says, and its level carries over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from planner_comparison.evening import Evening
from planner_comparison.ways import Stocks, Way

from groundstation.network import Network
from groundstation.plan.choosing import problem_of
from groundstation.plan.delivering import relays_of
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.network_model import BITS_PER_KBIT, whole_bits_of
from groundstation.plan.outlook import pair_outlook
from groundstation.plan.records import Candidate, Contact, Delivery, Plan, Relay
from groundstation.plan.sky import Sky
from groundstation.plan.solver.delivery import deliver
from groundstation.plan.solver.lagrangian import structure_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a night brought.

    Parameters
    ----------
    kbit : delivered to each demand [kbit]
    starved_h : how long the pair of each demand was without key [h]
    held_bits : that each pair has left
    stocks : that pools have left [bit]
    contacts, clear : number of tonight's, and of those under a clear sky
    """

    kbit: Mapping[str, float]
    starved_h: Mapping[str, float]
    held_bits: Mapping[str, float]
    stocks: Stocks
    contacts: int
    clear: int


def carried_out(
    network: Network,
    way: Way,
    evening: Evening,
    contacts: Sequence[Contact],
    stocks: Stocks,
    held_bits: Mapping[str, float],
) -> Outcome:
    """Tonight with the sky that came.

    Parameters
    ----------
    contacts : of all nights that the way has planned
    """
    is_clear, ahead_of = evening.is_clear(), evening.ahead_of
    tonight = [c for c in contacts if ahead_of[c.pass_id] == 0]
    came = [c for c in tonight if is_clear[c.pass_id]]
    later = [c for c in contacts if ahead_of[c.pass_id] > 0]
    # Tonight's have no column: they count as clear.
    given = PlanInputs(sky=_columns(way.forecast(evening, 0), later), stocks=stocks)
    network = way.network(network)
    passes = [_whole(c) for c in (*came, *later)]
    problem, _ = problem_of(network, passes, way.horizon(network, evening), given)
    relay, structure = problem.model.relay, structure_of(problem.model)
    chosen = np.arange(problem.model.windows.count)
    flow = deliver(structure, chosen, structure.useful).flow_kbit[:, :1]
    relays = relays_of(network, problem, whole_bits_of(flow))
    mine = problem.model.windows.period == 0
    left = relay.stock_kbit - relay.pool_use.T @ flow[:, 0]
    left += np.bincount(
        problem.model.windows.pool[mine],
        problem.model.windows.key_kbit[mine],
        minlength=len(left),
    )
    starved_h, level = _lasting(network, evening, came, relays, held_bits)
    return Outcome(
        {
            d.name: sum(r.bits for r in relays if r.demand == d.name) / BITS_PER_KBIT
            for d in network.demands
        },
        starved_h,
        level,
        {
            pool: BITS_PER_KBIT * max(0.0, float(k))
            for pool, k in zip(problem.pools, left, strict=True)
        },
        len(tonight),
        len(came),
    )


def _whole(contact: Contact) -> Candidate:
    """A contact as a pass of its own."""
    return Candidate(
        contact.pass_id,
        contact.satellite,
        contact.station,
        contact.start,
        contact.stop,
        contact.windows,
        contact.key_bits,
        None,
    )


def _columns(sky: Sky, contacts: Sequence[Contact]) -> Sky:
    place = {name: i for i, name in enumerate(sky.pass_ids)}
    names = tuple(c.pass_id for c in contacts)
    return Sky(sky.members, names, sky.clear[:, [place[name] for name in names]])


def _lasting(
    network: Network,
    evening: Evening,
    came: Sequence[Contact],
    relays: Sequence[Relay],
    held_bits: Mapping[str, float],
) -> tuple[dict[str, float], dict[str, float]]:
    """Hours without key and what each pair has left, from one noon to the next."""
    night = evening.tonight
    held = tuple(
        Delivery(d.name, d.a, d.b, 0, 0, "", held_bits=int(held_bits.get(d.name, 0.0)))
        for d in network.demands
    )
    plan = Plan("", night.name, tuple(came), tuple(relays), held, (), 0.0, 0.0, "", ())
    outlooks = pair_outlook(plan, network, night.start, night.stop)
    return (
        {o.demand: o.starved_s / 3600.0 for o in outlooks},
        {o.demand: o.level_bits[-1][1] for o in outlooks},
    )

"""The plan of a night: what is chosen, what could not be changed, what changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from groundstation.export.plan_document import plan_from_document
from groundstation.instants import utc_instant
from groundstation.network import Network
from groundstation.night.block_keys import BlockKeys
from groundstation.night.decision_check import Referee, checked_plan
from groundstation.night.freeze import (
    Outage,
    frozen_assignments,
    lost_promises,
    without_outages,
)
from groundstation.night.offering import Offering
from groundstation.night.radio import announcements_of
from groundstation.night.usage import orbit_periods
from groundstation.night.window_keys import SlotKeys
from groundstation.night.workers import processes_for
from groundstation.permission.records import NOTHING_REQUIRED, Permissions
from groundstation.plan.difference import PlanDifference, plan_difference
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.limits import Usage
from groundstation.plan.paths import Pool
from groundstation.plan.records import Plan
from groundstation.plan.solver.solve import Progress


@dataclass(frozen=True, slots=True)
class PreviousPlan:
    """The plan that people hold, with the span that it looked at."""

    plan: Plan
    start: datetime
    stop: datetime


@dataclass(frozen=True, slots=True)
class KeyHeld:
    """Key that is there before the night.

    Parameters
    ----------
    pools : bits that a satellite and a station share, by their names
    pairs : bits that the two sites of a demand share, by demand
    """

    pools: Mapping[tuple[str, str], float] = field(default_factory=dict)
    pairs: Mapping[str, float] = field(default_factory=dict)


NOTHING_HELD = KeyHeld()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a plan depends on beside its passes.

    Parameters
    ----------
    now : from which the freeze counts, aware
    previous : the plan that this one replaces; None for a first one
    outages : stations that are out
    permissions : that the passes were cut to
    wishes : passes that somebody wants taken (True) or left out
    held : key that is there already
    worked : evenings before the night in which each station was used, where its crew is limited
    within : first and last instant in which passes were looked for; None for the whole night
    time_limit_s : stop after about this time; without, the same circumstances give the same plan
    """

    now: datetime
    previous: PreviousPlan | None = None
    outages: tuple[Outage, ...] = ()
    permissions: Permissions = NOTHING_REQUIRED
    wishes: Mapping[str, bool] = field(default_factory=dict)
    held: KeyHeld = NOTHING_HELD
    worked: Mapping[str, frozenset[date]] = field(default_factory=dict)
    within: tuple[datetime, datetime] | None = None
    time_limit_s: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A plan that holds, with what led to it.

    Parameters
    ----------
    frozen : passes that kept their assignment, True for taken
    warnings : a sentence for every contact that was refused or lost
    """

    plan: Plan
    difference: PlanDifference | None
    frozen: Mapping[str, bool]
    warnings: tuple[str, ...]


def previous_plan(document: Mapping[str, Any]) -> PreviousPlan:
    """The plan of a document, with its span."""
    return PreviousPlan(
        plan_from_document(dict(document)),
        utc_instant(document["start_utc"]),
        utc_instant(document["stop_utc"]),
    )


def decide(
    network: Network,
    offered: Offering,
    circumstances: Circumstances,
    *,
    night: str,
    span: tuple[datetime, datetime],
    identity: Callable[[Mapping[str, bool]], str],
    progress: Progress | None = None,
) -> Decision:
    """Choose contacts and relays.

    Parameters
    ----------
    offered : the passes; without a sky the plan is for a clear one
    span : first and last instant of the night
    identity : id of the plan, from what is frozen
    progress : told stage, value and bound while the solver runs

    Raises
    ------
    PlanError
        the independent checker finds that the plan cannot be carried out
    """
    previous = circumstances.previous
    before = None if previous is None else previous.plan
    candidates = without_outages(offered.candidates, circumstances.outages)
    freeze_s = network.policies.freeze_s
    frozen = frozen_assignments(before, candidates, circumstances.now, freeze_s)
    lost = lost_promises(before, candidates, circumstances.now, freeze_s)
    remarks = [f"{sky.station}: {sky.remark}" for sky in offered.skies if sky.remark]
    remarks += [
        f"{o.station} is out from {o.start:%H:%M}Z: {o.reason}" for o in circumstances.outages
    ]
    keys = SlotKeys(network.key, offered.slots, processes=processes_for(network))
    known = PlanInputs(
        key_of=keys.bits,
        foresee=keys.foresee,
        blocks=BlockKeys(network, offered.candidates, offered.slots)
        if network.key.block_nights
        else None,
        sky=offered.sky,
        stocks={Pool(*ends): bits for ends, bits in circumstances.held.pools.items()},
        pair_bits=circumstances.held.pairs,
        previous=before,
        fixed=frozen,
        wishes=circumstances.wishes,
        usage=Usage(
            orbit_periods(offered.elements),
            circumstances.worked,
            announcements_of(network, offered.elements, *span),
        ),
    )
    referee = Referee(
        network,
        offered,
        night,
        circumstances.permissions,
        span[0],
        known,
        circumstances.held.pools,
    )
    plan, refused = checked_plan(
        referee,
        candidates,
        plan_id=identity(frozen),
        remarks=remarks,
        time_limit_s=circumstances.time_limit_s,
        progress=progress,
    )
    difference = None
    if previous is not None:
        start, stop = max(span[0], previous.start), min(span[1], previous.stop)
        difference = plan_difference(previous.plan, plan, start, stop)
    return Decision(plan, difference, frozen, (*lost, *refused))

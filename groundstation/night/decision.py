"""The plan of a night: what is chosen, what could not be changed, what changed.

The rules it keeps:

1. A plan that the independent checker rejects is never returned.
2. A contact that the referee's own orbit and Sun contradict is refused and the rest planned again:
   one pass at the edge of a limit must not cost the network its night.
3. No second of a contact lies outside somebody's permission, whatever is frozen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from groundstation.errors import PlanError
from groundstation.export.pass_rows import whole_bits
from groundstation.export.plan_document import plan_from_document
from groundstation.instants import utc_instant
from groundstation.network import Network
from groundstation.night.freeze import (
    Outage,
    frozen_assignments,
    lost_promises,
    without_outages,
)
from groundstation.night.survey import Survey
from groundstation.night_records import NightPass
from groundstation.permission.check import unpermitted
from groundstation.permission.records import NOTHING_REQUIRED, Permissions
from groundstation.plan.check import check_plan
from groundstation.plan.difference import PlanDifference, plan_difference
from groundstation.plan.planner import make_plan
from groundstation.plan.records import Candidate, Plan
from groundstation.plan.sky_check import sky_faults


@dataclass(frozen=True, slots=True)
class PreviousPlan:
    """The plan that people hold, with the span that it looked at."""

    plan: Plan
    start: datetime
    stop: datetime


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a plan depends on beside its passes.

    Parameters
    ----------
    now : from which the freeze counts, aware
    previous : the plan that this one replaces; None for a first one
    outages : stations that are out
    permissions : that the passes were cut to
    """

    now: datetime
    previous: PreviousPlan | None = None
    outages: tuple[Outage, ...] = ()
    permissions: Permissions = NOTHING_REQUIRED


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
    seen: Survey,
    circumstances: Circumstances,
    *,
    night: str,
    span: tuple[datetime, datetime],
    identity: Callable[[Mapping[str, bool]], str],
) -> Decision:
    """Choose contacts and relays.

    Parameters
    ----------
    span : first and last instant of the night
    identity : id of the plan, from what is frozen

    Raises
    ------
    PlanError
        the independent checker finds that the plan cannot be carried out
    """
    previous = circumstances.previous
    before = None if previous is None else previous.plan
    every = [candidate_of(item) for item in seen.passes]
    candidates = without_outages(every, circumstances.outages)
    freeze_s = network.policies.freeze_s
    frozen = frozen_assignments(before, candidates, circumstances.now, freeze_s)
    lost = lost_promises(before, candidates, circumstances.now, freeze_s)
    remarks = [f"{sky.station}: {sky.remark}" for sky in seen.skies if sky.remark]
    remarks += [
        f"{o.station} is out from {o.start:%H:%M}Z: {o.reason}" for o in circumstances.outages
    ]
    plan, refused = _checked_plan(
        network,
        seen,
        candidates,
        circumstances.permissions,
        night=night,
        plan_id=identity(frozen),
        fixed=frozen,
        remarks=remarks,
    )
    difference = None
    if previous is not None:
        start, stop = max(span[0], previous.start), min(span[1], previous.stop)
        difference = plan_difference(previous.plan, plan, start, stop)
    return Decision(plan, difference, frozen, (*lost, *refused))


def candidate_of(item: NightPass) -> Candidate:
    """A pass as the planner sees it."""
    return Candidate(
        pass_id=item.pass_id,
        satellite=item.satellite,
        station=item.station,
        aos=item.aos,
        los=item.los,
        windows=item.windows,
        key_bits=whole_bits(item),
        refusal=item.refusal,
    )


def _checked_plan(
    network: Network,
    seen: Survey,
    candidates: Sequence[Candidate],
    permissions: Permissions,
    *,
    night: str,
    plan_id: str,
    fixed: Mapping[str, bool],
    remarks: Sequence[str],
) -> tuple[Plan, list[str]]:
    """A plan that the referee accepts, and a sentence for every pass that had to be left out."""
    nights = network.policies.horizon_nights
    orbits = {used.satellite: (used.line1, used.line2) for used in seen.elements}
    left = {item.pass_id: item for item in candidates}
    warnings: list[str] = []
    while True:
        plan = make_plan(
            network,
            list(left.values()),
            night=night,
            nights=nights,
            plan_id=plan_id,
            fixed=fixed,
            remarks=remarks,
        )
        doubtful = sky_faults(plan, network, orbits)
        if not doubtful:
            break
        for pass_id, texts in doubtful.items():
            reason = f"refused by the independent check: {texts[0].removeprefix(f'{pass_id}: ')}"
            left[pass_id] = replace(left[pass_id], refusal=reason)
            warnings.append(f"{pass_id} {reason}")
    bits = {item.pass_id: whole_bits(item) for item in seen.passes}
    faults = check_plan(plan, network, orbits, bits, nights)
    for contact in plan.contacts:
        said = unpermitted(permissions, contact.satellite, contact.station, contact.windows)
        faults += [f"{contact.pass_id}: {text}" for text in said]
    if faults:
        raise PlanError(
            "the plan does not hold: " + "; ".join(faults),
            where=f"night {night}",
            hint="this is a defect of the program; keep the network file and report it",
        )
    return plan, warnings


def freeze_limit(network: Network, now: datetime) -> datetime:
    """Passes that start before this keep their assignment."""
    return now + timedelta(seconds=network.policies.freeze_s)

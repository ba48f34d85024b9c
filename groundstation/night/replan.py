"""A station that is out during the night: what is left is planned again, in seconds.

The rules it keeps:

1. The outage is written down first: every later run of this night honours it.
2. Elements and weather are taken as the last run left them; permission is looked at again.
3. What has begun goes on, what is frozen stays, but the station takes nothing that starts from
   then on: under cloud it would receive nothing.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from groundstation.errors import UsageError
from groundstation.export.plan_document import plan_document, plan_from_document
from groundstation.network import Network
from groundstation.night.freeze import Outage
from groundstation.night.lock import held_lock
from groundstation.night.nightly import (
    NightlyResult,
    open_for_reading,
    open_state,
    run_nightly,
)
from groundstation.night.notifier import Notifier
from groundstation.night.present import present_outcome
from groundstation.night.state import (
    current_plan_id,
    lift_outages,
    outages_of,
    plan_text,
    record_outage,
)
from groundstation.night.steps import Step
from groundstation.plan.difference import PlanDifference, plan_difference


@dataclass(frozen=True, slots=True)
class DemandAtRisk:
    """A pair that gets less than before.

    Parameters
    ----------
    before_bits, after_bits : delivered by the plan before and by this one
    """

    demand: str
    a: str
    b: str
    wanted_bits: int
    before_bits: int
    after_bits: int


@dataclass(frozen=True, slots=True)
class Replan:
    """What an outage changes.

    Parameters
    ----------
    result : the run, or the dry run
    difference : against the plan that was published before
    at_risk : demands that get less, the largest loss first
    """

    result: NightlyResult
    difference: PlanDifference
    at_risk: tuple[DemandAtRisk, ...]


def replan(
    network: Network,
    night: str,
    *,
    now: datetime,
    out: tuple[Outage, ...] = (),
    back: tuple[str, ...] = (),
    dry_run: bool = False,
    notifiers: Sequence[Notifier] = (),
    progress: Callable[[str], None] | None = None,
) -> Replan:
    """Plan the rest of a night again.

    Parameters
    ----------
    out : stations that are out from an instant on
    back : stations that work again
    notifiers : who is told what changes; nobody of a dry run

    Raises
    ------
    UsageError
        nothing is published for this night
    """
    before = _published(network, night)
    if dry_run:
        result = _tried(network, night, now, out, back, progress)
    else:
        with held_lock(Path(network.folder) / "state" / "lock"):
            db = open_state(network)
            for outage in out:
                record_outage(db, night, outage, now)
            for station in back:
                lift_outages(db, night, station, now)
            db.close()
        result = run_nightly(
            network,
            night,
            now=now,
            first=Step.PASSES,
            notifiers=notifiers,
            progress=progress,
            offline=True,
        )
    return Replan(result, _difference(before, result.summary), at_risk(before, result.summary))


def at_risk(before: dict[str, Any], after: dict[str, Any]) -> tuple[DemandAtRisk, ...]:
    """Demands that a plan serves less than the plan before, the largest loss first."""
    old = {d["demand"]: d["delivered_bits"] for d in before["deliveries"]}
    found = [
        DemandAtRisk(
            demand=d["demand"],
            a=d["a"],
            b=d["b"],
            wanted_bits=d["wanted_bits"],
            before_bits=old[d["demand"]],
            after_bits=d["delivered_bits"],
        )
        for d in after["deliveries"]
        if d["delivered_bits"] < old.get(d["demand"], 0)
    ]
    return tuple(sorted(found, key=lambda d: d.after_bits - d.before_bits))


def _published(network: Network, night: str) -> dict[str, Any]:
    """The plan document that people hold now."""
    db = open_for_reading(network)
    plan_id = None if db is None else current_plan_id(db, night)
    text = None if db is None or plan_id is None else plan_text(db, plan_id)
    if text is None:
        raise UsageError(
            f"no plan is published for the night {night}",
            where=network.folder,
            hint="groundstation nightly makes one",
        )
    document: dict[str, Any] = json.loads(text)
    return document


def _tried(
    network: Network,
    night: str,
    now: datetime,
    out: tuple[Outage, ...],
    back: tuple[str, ...],
    progress: Callable[[str], None] | None,
) -> NightlyResult:
    """The plan that a run would publish."""
    db = open_for_reading(network)
    known = () if db is None else outages_of(db, night)
    outages = (*(o for o in known if o.station not in back), *out)
    said: list[str] = []
    outcome = present_outcome(
        network,
        night,
        db,
        now=now,
        progress=progress or _silent,
        outages=outages,
        warn=said.append,
    )
    return NightlyResult(
        outcome,
        Path(network.folder) / "nights" / night,
        is_unchanged=False,
        summary=plan_document(outcome),
        warnings=tuple(dict.fromkeys((*outcome.warnings, *said))),
    )


def _difference(before: dict[str, Any], after: dict[str, Any]) -> PlanDifference:
    return plan_difference(plan_from_document(before), plan_from_document(after))


def _silent(step: str) -> None:
    """Say nothing about a step."""

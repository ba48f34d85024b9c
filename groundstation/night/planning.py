"""The step that decides: whether anything changed, and the plan where it did.

The rules it keeps:

1. Passes and outages of the plan that is published, and the key that was in the pools, tell
   whether anything changed. If nothing did, the plan stays, whatever the hour: the freeze binds a
   new plan and never makes one.
2. A new plan replaces the one that people hold and is frozen against it, from `now` on.
3. What a plan was made from is kept with it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from groundstation.errors import StateError
from groundstation.night.crew_nights import worked_document, worked_evenings
from groundstation.night.decision import Circumstances, Decision
from groundstation.night.freeze import Outage, frozen_assignments, without_outages
from groundstation.night.gathering import (
    calibration_of,
    held_plan,
    stored_plan,
    weather_digest,
    weather_of,
)
from groundstation.night.key_levels import (
    have_pools_changed,
    held_document,
    held_from,
    held_of_network,
)
from groundstation.night.offering import candidate_of
from groundstation.night.outcome import decide_night, outcome_of, plan_hash
from groundstation.night.record_codec import encode
from groundstation.night.run import NightRun, basis_of
from groundstation.night.selection_record import selection_from
from groundstation.night.state import PlanOrigin, current_plan_id, outages_of, plan_origin
from groundstation.night.steps import Step
from groundstation.night.survey import Survey
from groundstation.night_records import NightOutcome
from groundstation.plan.records import Plan


def make_plan_step(run: NightRun) -> None:
    """Decide, unless the published plan already rests on the same passes."""
    outages = outages_of(run.db, run.night)
    held, low = held_of_network(run.network)
    run.warnings.extend(low)
    worked = worked_evenings(run.network, run.db, run.night)
    basis = basis_of(run.network, run.night, run.outputs[Step.FORECAST], outages)
    current = plan_origin(run.db, current_plan_id(run.db, run.night))
    is_same = current is not None and current.basis == basis
    if current is not None and is_same:
        is_same = worked_document(worked) == current.inputs.get("worked", {})
    if current is not None and is_same:
        published = stored_plan(run, current.plan_id)
        is_same = published is None or not have_pools_changed(
            run.network, published.plan, held_from(current.inputs.get("held")), held, run.now
        )
    if current is not None and is_same:
        previous, now = stored_plan(run, current.previous), current.run_at
        held = held_from(current.inputs.get("held"))
        started, made = run.timer(), str(current.inputs["decision"])
        if run.store.holds(made):
            run.skip(Step.PLAN, made, started)
            return
    else:
        previous, now = held_plan(run), run.now
    passes = run.output(Step.PASSES)
    around = Circumstances(now, previous, outages, passes["permissions"], held=held, worked=worked)
    seen: Survey = run.output(Step.FORECAST)
    selection = selection_from(run.output(Step.ELEMENTS), run.network)
    weather, calibration = weather_digest(weather_of(run)), _calibration_id(run)
    # Looked at here: work() has only what the step's inputs name.
    clouds, taught = weather_of(run), calibration_of(run)
    before = None if previous is None else previous.plan
    candidates = without_outages([candidate_of(item) for item in seen.passes], outages)
    frozen = frozen_assignments(before, candidates, now, run.network.policies.freeze_s)
    identity = plan_hash(
        run.network, selection, run.night, seen.passes, around, frozen, weather, calibration
    )
    step_input = run.hash_of("plan", basis, identity)

    def work() -> bytes:
        decision = decide_night(
            run.network,
            selection,
            run.night,
            seen,
            around,
            weather,
            calibration,
            weather=clouds,
            calibration=taught,
        )
        origin = {
            "forecast": run.outputs[Step.FORECAST],
            "basis": basis,
            "step_input": step_input,
            "previous": "" if previous is None else previous.plan.plan_id,
            "run_at": now,
            "inputs": {
                **_kept_inputs(run, passes["kept"], outages),
                "held": held_document(held),
                "worked": worked_document(worked),
            },
        }
        return encode(
            {
                "decision": decision,
                "origins": around.permissions.origins,
                "identity": identity,
                "origin": origin,
            }
        )

    run.make(Step.PLAN, step_input, work)


def _calibration_id(run: NightRun) -> str:
    calibration = calibration_of(run)
    return "" if calibration is None else str(calibration.calibration_id)


def _kept_inputs(run: NightRun, kept: dict[str, Any], outages: Sequence[Outage]) -> dict[str, Any]:
    """Digests of everything that the plan is computed from, for replay."""
    at = kept["at"]
    return {
        "network": run.store.keep(_network_bytes(run)),
        "network_file": Path(run.network.file).name,
        "selection": run.outputs[Step.ELEMENTS],
        "weather": run.outputs[Step.WEATHER],
        "known": kept["known"],
        "permissions": kept["documents"],
        "permissions_at": None if at is None else at.isoformat(),
        "permissions_previous": kept["previous"],
        "calibration": _calibration_id(run),
        "outages": run.store.keep(encode(tuple(outages))),
    }


def _network_bytes(run: NightRun) -> bytes:
    """The network file as this run has read it."""
    path = Path(run.network.file)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StateError(
            f"cannot keep the network file: {error.strerror}", where=str(path)
        ) from error
    if hashlib.sha256(data).hexdigest() != run.network.digest:
        raise StateError(
            "the network file changed while the night ran", where=str(path), hint="run again"
        )
    return data


def planned_outcome(run: NightRun) -> NightOutcome:
    """Passes and plan of this run put together."""
    made = run.output(Step.PLAN)
    decision: Decision = made["decision"]
    around = Circumstances(run.now, permissions=run.output(Step.PASSES)["permissions"])
    outcome = outcome_of(
        run.network,
        run.night,
        run.now,
        run.output(Step.FORECAST),
        decision,
        around,
        weather_of(run),
    )
    return replace(outcome, permissions=made["origins"])


def planned_origin(run: NightRun) -> tuple[Plan, PlanOrigin]:
    """The plan of this run, and what it was made from."""
    made = run.output(Step.PLAN)
    plan, origin = made["decision"].plan, made["origin"]
    return plan, PlanOrigin(
        plan_id=plan.plan_id,
        night=run.night,
        previous=origin["previous"],
        forecast=origin["forecast"],
        basis=origin["basis"],
        step_input=origin["step_input"],
        inputs={**origin["inputs"], "decision": run.outputs[Step.PLAN]},
        run_at=origin["run_at"],
    )

"""The plan of a night: what is chosen, what could not be changed, what changed.

The rules it keeps:

1. A plan that the independent checker rejects is never returned.
2. A contact that the referee's own orbit and Sun contradict is refused and the rest planned again:
   one pass at the edge of a limit must not cost the network its night.
3. No second of a contact lies outside somebody's permission, whatever is frozen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from groundstation.night.pass_weather import scenario_table
from groundstation.night.survey import Survey
from groundstation.night.weather_step import NightWeather
from groundstation.night.window_check import contact_bits
from groundstation.night.window_keys import WindowKeys
from groundstation.night_records import NightPass
from groundstation.permission.check import unpermitted
from groundstation.permission.records import NOTHING_REQUIRED, Permissions
from groundstation.plan.check import check_plan
from groundstation.plan.difference import PlanDifference, plan_difference
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.paths import Pool
from groundstation.plan.planner import make_plan
from groundstation.plan.records import Candidate, Plan
from groundstation.plan.sky import Sky
from groundstation.plan.sky_check import sky_faults
from groundstation.plan.solver.solve import Progress
from groundstation.results.calibration import DatedCalibration


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
    time_limit_s : stop after about this time; without, the same circumstances give the same plan
    """

    now: datetime
    previous: PreviousPlan | None = None
    outages: tuple[Outage, ...] = ()
    permissions: Permissions = NOTHING_REQUIRED
    wishes: Mapping[str, bool] = field(default_factory=dict)
    held: KeyHeld = NOTHING_HELD
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
    seen: Survey,
    circumstances: Circumstances,
    *,
    night: str,
    span: tuple[datetime, datetime],
    identity: Callable[[Mapping[str, bool]], str],
    weather: NightWeather | None = None,
    calibration: DatedCalibration | None = None,
    progress: Progress | None = None,
) -> Decision:
    """Choose contacts and relays.

    Parameters
    ----------
    span : first and last instant of the night
    identity : id of the plan, from what is frozen
    weather : whose chances of a clear sky the plan counts on; None plans for a clear sky
    calibration : that the passes were forecast with
    progress : told stage, value and bound while the solver runs

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
    known = PlanInputs(
        key_of=WindowKeys(network, seen, night, calibration).bits,
        sky=_sky(seen.passes, weather, network),
        stocks={Pool(*ends): bits for ends, bits in circumstances.held.pools.items()},
        pair_bits=circumstances.held.pairs,
        previous=before,
        fixed=frozen,
        wishes=circumstances.wishes,
    )
    plan, refused = _checked_plan(
        network,
        candidates,
        known,
        lambda made: _faults(network, seen, made, circumstances, known, night, calibration),
        {used.satellite: (used.line1, used.line2) for used in seen.elements},
        night=night,
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


def _sky(passes: Sequence[NightPass], weather: NightWeather | None, network: Network) -> Sky | None:
    """Chances of a clear sky in every member of the forecast; None where none is known."""
    if weather is None or not weather.records:
        return None
    sky = Sky(*scenario_table(passes, weather, network))
    return sky if sky.chance() else None


def _checked_plan(
    network: Network,
    candidates: Sequence[Candidate],
    known: PlanInputs,
    faults_of: Callable[[Plan], list[str]],
    orbits: Mapping[str, tuple[str, str]],
    *,
    night: str,
    plan_id: str,
    remarks: Sequence[str],
    time_limit_s: float | None,
    progress: Progress | None,
) -> tuple[Plan, list[str]]:
    """A plan that the referee accepts, and a sentence for every pass that had to be left out."""
    left = {item.pass_id: item for item in candidates}
    warnings: list[str] = []
    while True:
        plan = make_plan(
            network,
            list(left.values()),
            night=night,
            nights=network.policies.horizon_nights,
            plan_id=plan_id,
            inputs=known,
            time_limit_s=time_limit_s,
            progress=progress,
            remarks=remarks,
        )
        doubtful = sky_faults(plan, network, orbits)
        if not doubtful:
            break
        for pass_id, texts in doubtful.items():
            reason = f"refused by the independent check: {texts[0].removeprefix(f'{pass_id}: ')}"
            left[pass_id] = replace(left[pass_id], refusal=reason)
            warnings.append(f"{pass_id} {reason}")
    faults = faults_of(plan)
    if faults:
        raise PlanError(
            "the plan does not hold: " + "; ".join(faults),
            where=f"night {night}",
            hint="this is a defect of the program; keep the network file and report it",
        )
    return plan, warnings


def _faults(
    network: Network,
    seen: Survey,
    plan: Plan,
    circumstances: Circumstances,
    known: PlanInputs,
    night: str,
    calibration: DatedCalibration | None,
) -> list[str]:
    """What the referee has against a plan: feasibility, key, value, permission."""
    held, previous = circumstances.held, circumstances.previous
    lacking = {
        d.name: max(0.0, d.minimum_reserve_bits - held.pairs[d.name])
        for d in network.demands
        if d.name in held.pairs
    }
    faults = check_plan(
        plan,
        network,
        {used.satellite: (used.line1, used.line2) for used in seen.elements},
        {item.pass_id: whole_bits(item) for item in seen.passes},
        network.policies.horizon_nights,
        contact_bits=contact_bits(network, seen, plan.contacts, night, calibration),
        chance={} if known.sky is None else known.sky.chance(),
        stocks={ends: int(bits) for ends, bits in held.pools.items()},
        lacking_bits=lacking,
        previous=None if previous is None else [c.pass_id for c in previous.plan.contacts],
    )
    for contact in plan.contacts:
        said = unpermitted(
            circumstances.permissions, contact.satellite, contact.station, contact.windows
        )
        faults += [f"{contact.pass_id}: {text}" for text in said]
    return faults


def freeze_limit(network: Network, now: datetime) -> datetime:
    """Passes that start before this keep their assignment."""
    return now + timedelta(seconds=network.policies.freeze_s)

"""The nightly run: from elements to a published plan, step by step.

The rules it keeps:

1. One run at a time: a second one ends at once and touches nothing.
2. Same inputs, nothing to do: the run says "unchanged" and makes no step again.
3. A plan that the independent checker rejects is never published.
4. Plans are kept by their inputs and never changed; what is published is one link that moves
   last, so that a run which is killed leaves the previous files or the new ones, never a mixture.
5. What is degraded (old elements, no weather, a satellite left out) is said in the result, not
   hidden; it does not stop the rest.
6. Every input is kept under the plan's id, so that the night can be computed again.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from groundstation.catalogue import Selection, read_element_files, select_elements
from groundstation.database import claim, open_database, open_if_present
from groundstation.errors import StateError
from groundstation.export.plan_document import plan_document
from groundstation.network import Network
from groundstation.night import gathering, planning, publishing, steps, telling
from groundstation.night.gathering import middle_of
from groundstation.night.lock import held_lock
from groundstation.night.notifier import Notifier
from groundstation.night.pass_names import KnownPass
from groundstation.night.present import present_outcome
from groundstation.night.publishing import FILES
from groundstation.night.run import NightRequest, NightRun
from groundstation.night.state import known_passes
from groundstation.night.steps import Step, StepLog, StepResult
from groundstation.night.store import Store
from groundstation.night.tidying import drop_outdated
from groundstation.night_records import NightOutcome
from groundstation.results import tables
from tle.archive import stored_elements

__all__ = ["FILES", "NightlyResult", "middle_of", "night_inputs", "run_nightly"]

_LONGEST_HORIZON = timedelta(days=31)

_MAKERS: dict[Step, Callable[[NightRun], None]] = {
    Step.ELEMENTS: gathering.make_elements,
    Step.WEATHER: gathering.make_weather,
    Step.PASSES: gathering.make_passes,
    Step.FORECAST: gathering.make_forecast,
    Step.PLAN: planning.make_plan_step,
    Step.EXPORT: publishing.make_export,
    Step.REPORT: publishing.make_report,
    Step.NOTIFY: telling.make_notify,
}


@dataclass(frozen=True, slots=True)
class NightlyResult:
    """How a run ended.

    Parameters
    ----------
    outcome : the night, of a dry run; else None
    folder : where the night's files lie (would lie, for a dry run)
    is_unchanged : True if no step had anything to do
    summary : the plan document that is published; empty where nothing is published yet
    warnings : what is degraded, one sentence each; those of the plan among them
    remarks : what failed without harm to the night (a notification)
    steps : how each step went, in order; empty for a dry run
    """

    outcome: NightOutcome | None
    folder: Path
    is_unchanged: bool
    summary: dict[str, Any]
    warnings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    steps: tuple[StepResult, ...] = ()


def run_nightly(
    network: Network,
    night: str,
    *,
    now: datetime,
    dry_run: bool = False,
    offline: bool = True,
    is_present: bool = True,
    first: Step = Step.ELEMENTS,
    last: Step = Step.NOTIFY,
    notifiers: Sequence[Notifier] = (),
    progress: Callable[[str], None] | None = None,
    begun: Callable[[], None] | None = None,
    ended: Callable[[StepResult], None] | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    timer: Callable[[], float] = time.perf_counter,
) -> NightlyResult:
    """Plan a night and publish it under the network file's folder.

    Parameters
    ----------
    now : what the freeze and the ages of permissions and weather count from
    offline : nothing is asked over any network
    is_present : False if `now` was chosen; then only servers on this machine are asked
    first, last : steps before `first` are taken as they are stored, steps after `last` left out
    progress : called with the name of each step that is made
    begun : called once when the lock is held; never for a dry run
    ended : called with the result of each step when it ends well
    clock : the real present, for rows and for providers' intervals
    timer : seconds, for the durations of steps

    Raises
    ------
    BusyError, StateError, ElementsAgeError, PlanError
    """
    folder, talk = Path(network.folder), progress or _silent
    if dry_run:
        said: list[str] = []
        outcome = present_outcome(
            network, night, open_for_reading(network), now=now, progress=talk, warn=said.append
        )
        return NightlyResult(
            outcome,
            folder / "nights" / night,
            is_unchanged=False,
            summary=plan_document(outcome),
            warnings=tuple(dict.fromkeys((*outcome.warnings, *said))),
        )
    with held_lock(folder / "state" / "lock"):
        run = _prepared(
            NightRequest(network, night, now, offline, is_present, first, last),
            notifiers,
            talk,
            ended or _untold,
            clock,
            timer,
        )
        try:
            if begun is not None:
                begun()
            return _run_steps(run)
        except sqlite3.Error as error:
            raise _unusable(folder, error) from error
        finally:
            run.db.close()


def _prepared(
    request: NightRequest,
    notifiers: Sequence[Notifier],
    talk: Callable[[str], None],
    ended: Callable[[StepResult], None],
    clock: Callable[[], datetime],
    timer: Callable[[], float],
) -> NightRun:
    """Open the state and clear away what a killed run has left; the lock is held."""
    network, folder = request.network, Path(request.network.folder)
    db = open_state(network)
    try:
        log, store = StepLog(db, request.night, clock), Store(folder / "state" / "store")
        log.settle_interrupted()
        store.clear_temporary()
        publishing.clear_staging(folder / "nights")
    except (sqlite3.Error, OSError) as error:
        raise _unusable(folder, error) from error
    return NightRun(
        request=request,
        folder=folder,
        db=db,
        store=store,
        log=log,
        clock=clock,
        timer=timer,
        notifiers=notifiers,
        talk=talk,
        ended=ended,
    )


def open_state(network: Network) -> Database:
    """The state of a network with the tables of its nights; the lock is held.

    Raises
    ------
    StateError
        it cannot be written, or belongs to another network
    """
    folder = Path(network.folder)
    further = (steps.migrations, tables.migrations)
    db = open_database(folder / "state" / "groundstation.db", further)
    try:
        claim(db, network.name, folder)
    except (sqlite3.Error, OSError) as error:
        raise _unusable(folder, error) from error
    return db


def open_for_reading(network: Network) -> Database | None:
    """The state of a network as it is; None where there is none yet."""
    return open_if_present(Path(network.folder) / "state" / "groundstation.db")


def _unusable(folder: Path, error: Exception) -> StateError:
    return StateError(
        f"cannot write the state: {error}",
        where=str(folder / "state"),
        hint="check that the folder is writable and that the disk is not full",
    )


def _run_steps(run: NightRun) -> NightlyResult:
    order = list(Step)
    for step in order[: order.index(run.request.last) + 1]:
        if order.index(step) < order.index(run.request.first):
            run.take(step)
            if step is Step.WEATHER:
                gathering.say_weather(run)
        else:
            _MAKERS[step](run)
    drop_outdated(run.db, run.store)
    target = run.folder / "nights" / run.night
    summary = _published(target)
    warnings = (*summary.get("warnings", ()), *run.warnings)
    return NightlyResult(
        outcome=None,
        folder=target,
        is_unchanged=all(r.is_unchanged for r in run.results) and not run.is_republished,
        summary=summary,
        warnings=tuple(dict.fromkeys(warnings)),
        remarks=tuple(run.remarks),
        steps=tuple(run.results),
    )


def _published(target: Path) -> dict[str, Any]:
    """The plan document of a night; empty where there is none."""
    try:
        document: dict[str, Any] = json.loads((target / "plan.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return document


def night_inputs(network: Network, instant: datetime) -> tuple[Selection, list[KnownPass]]:
    """Element sets for an instant and known passes, from files and state, for reading only."""
    db = open_for_reading(network)
    sets = read_element_files(network)
    known: list[KnownPass] = []
    if db is not None:
        sets += stored_elements(db)
        known = list(known_passes(db, instant - _LONGEST_HORIZON, instant + _LONGEST_HORIZON))
    return select_elements(network, sets, instant), known


def _silent(step: str) -> None:
    """Say nothing about a step."""


def _untold(result: StepResult) -> None:
    """Say nothing about how a step went."""

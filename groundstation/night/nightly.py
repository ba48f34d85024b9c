"""The nightly run: from the elements in the folder to a published plan.

The rules it keeps:

1. One run at a time: a second one ends at once and touches nothing.
2. Same inputs, nothing to do: the run says "unchanged" and writes nothing.
3. A plan that the independent checker rejects is never published.
4. Plans are kept by their inputs and never changed; what is published is one link that moves
   last, so that a run which is killed leaves the previous files or the new ones, never a mixture.
5. What is degraded (old elements, a satellite left out) is said in the result, not hidden.
"""

import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from groundstation.atomic import write_atomically
from groundstation.catalogue import Selection, read_element_files, select_elements
from groundstation.database import claim, open_database, open_if_present
from groundstation.errors import StateError
from groundstation.export.delimited import delimited
from groundstation.export.pass_rows import SCHEMA as PASSES_SCHEMA
from groundstation.export.pass_rows import pass_rows
from groundstation.export.plan_document import plan_document
from groundstation.instants import utc_instant, utc_text
from groundstation.network import Network
from groundstation.night.lock import held_lock
from groundstation.night.outcome import compute_night, input_hash
from groundstation.night.pass_names import KnownPass
from groundstation.night.span import night_span, reference_longitude_rad
from groundstation.night_records import NightOutcome
from tle.archive import add_elements, stored_elements

FILES = ("passes.csv", "passes.json", "plan.json", "night.html")


@dataclass(frozen=True, slots=True)
class NightlyResult:
    """How a run ended.

    Parameters
    ----------
    outcome : the night; None if nothing changed
    folder : where the night's files lie (would lie, for a dry run)
    is_unchanged : True if the inputs are those of the plan that is already published
    summary : the published plan document
    """

    outcome: NightOutcome | None
    folder: Path
    is_unchanged: bool
    summary: dict[str, Any]


def run_nightly(
    network: Network,
    night: str,
    *,
    now: datetime,
    dry_run: bool = False,
    progress: Callable[[str], None] | None = None,
) -> NightlyResult:
    """Plan a night and publish it under the network file's folder.

    Raises
    ------
    BusyError, StateError, ElementsAgeError, PlanError
    """
    folder = Path(network.folder)
    if dry_run:
        db = open_if_present(folder / "state" / "groundstation.db")
        selection, known = _inputs(network, middle_of(network, night), db)
        outcome = compute_night(network, selection, night, now=now, known=known, progress=progress)
        return NightlyResult(
            outcome, folder / "nights" / night, is_unchanged=False, summary=plan_document(outcome)
        )
    with held_lock(folder / "state" / "lock"):
        db = open_database(folder / "state" / "groundstation.db")
        claim(db, network.name, folder)
        add_elements(db, [e for e in read_element_files(network) if e.text], now)
        return _run_locked(network, folder, db, night, now, progress)


def _run_locked(
    network: Network,
    folder: Path,
    db: Database,
    night: str,
    now: datetime,
    progress: Callable[[str], None] | None,
) -> NightlyResult:
    selection, known = _inputs(network, middle_of(network, night), db)
    inputs = input_hash(network, selection, night)
    target = folder / "nights" / night
    published = _published(db, night, inputs, target)
    if published is not None:
        return NightlyResult(None, target, is_unchanged=True, summary=published)
    started = now
    outcome = compute_night(network, selection, night, now=now, known=known, progress=progress)
    if progress is not None:
        progress("report")
    files = night_files(outcome)
    _publish(folder, night, outcome.plan.plan_id, files)
    summary = plan_document(outcome)
    _remember(db, outcome, inputs, files, started)
    return NightlyResult(outcome, target, is_unchanged=False, summary=summary)


def night_inputs(network: Network, instant: datetime) -> tuple[Selection, list[KnownPass]]:
    """Element sets for an instant and known passes, from files and state, for reading only."""
    return _inputs(
        network, instant, open_if_present(Path(network.folder) / "state" / "groundstation.db")
    )


def middle_of(network: Network, night: str) -> datetime:
    """The instant for which a night's element sets are chosen."""
    start, stop = night_span(
        night, reference_longitude_rad(network), network.policies.horizon_nights
    )
    return start + (stop - start) / 2


def night_files(outcome: NightOutcome) -> dict[str, str]:
    """The files of a night by name."""
    from groundstation.report.night_page import render_night  # noqa: PLC0415  matplotlib: 0.6 s

    rows = pass_rows(outcome.passes, outcome.network, outcome.plan)
    document = {"schema": PASSES_SCHEMA, "night": outcome.night, "rows": rows}
    return {
        "passes.csv": delimited(rows),
        "passes.json": json.dumps(document, indent=1) + "\n",
        "plan.json": json.dumps(plan_document(outcome), indent=1) + "\n",
        "night.html": render_night(outcome),
    }


def _inputs(
    network: Network, instant: datetime, db: Database | None
) -> tuple[Selection, list[KnownPass]]:
    sets = read_element_files(network)
    known: list[KnownPass] = []
    if db is not None:
        sets += stored_elements(db)
        known = [
            KnownPass(
                row["pass_id"],
                row["satellite"],
                row["station"],
                utc_instant(row["aos"]),
                utc_instant(row["los"]),
            )
            for row in db.table("known_pass").rows_where(order_by="aos, pass_id")
        ]
    return select_elements(network, sets, instant), known


def _published(db: Database, night: str, inputs: str, target: Path) -> dict[str, Any] | None:
    """The plan document if this night is already published from the same inputs, files intact."""
    rows = list(db.table("night").rows_where("night = ? and input_hash = ?", [night, inputs]))
    if not rows:
        return None
    try:
        texts = {name: (target / name).read_text(encoding="utf-8") for name in FILES}
    except OSError:
        return None
    if _digest(texts) != rows[0]["output_hash"]:
        return None
    document: dict[str, Any] = json.loads(texts["plan.json"])
    return document


def _publish(folder: Path, night: str, plan_id: str, files: dict[str, str]) -> None:
    """Write the files into a folder of their own, then move the links to it.

    A folder that is published is never touched: files that replace damaged ones get a new one.
    """
    nights = folder / "nights"
    plans = nights / "plans"
    staging = plans / f".{night}-{plan_id}.{os.getpid()}"
    try:
        plans.mkdir(parents=True, exist_ok=True)
        # We hold the lock: whatever is staged here was left by a run that was killed.
        for left in plans.glob(".*"):
            shutil.rmtree(left)
        staging.mkdir()
        for name, text in files.items():
            write_atomically(staging / name, text)
        kept = next(path for path in _names(plans / f"{night}-{plan_id}") if not path.exists())
        staging.replace(kept)
        _link(nights / night, Path("plans") / kept.name)
        _link(nights / "latest", Path(night))
    except OSError as error:
        raise StateError(
            f"cannot write the night's files: {error.strerror}",
            where=str(error.filename or nights),
            hint="check that the folder is writable and that the disk is not full",
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _names(path: Path) -> Iterator[Path]:
    """The path itself, then with -2, -3 and so on."""
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.name}-{number}")


def _link(link: Path, target: Path) -> None:
    """Point a symbolic link somewhere else in one step."""
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)


def _remember(
    db: Database, outcome: NightOutcome, inputs: str, files: dict[str, str], started: datetime
) -> None:
    """Record plan, night, passes and step in one transaction."""
    plan, finished = outcome.plan, utc_text(outcome.generated)
    with db.atomic():
        db.table("plan").upsert(
            {
                "plan_id": plan.plan_id,
                "night": plan.night,
                "created_at": finished,
                "document": files["plan.json"],
            },
            pk="plan_id",
        )
        db.table("night").upsert(
            {
                "night": plan.night,
                "plan_id": plan.plan_id,
                "input_hash": inputs,
                "output_hash": _digest(files),
                "status": "degraded" if outcome.warnings else "done",
                "finished_at": finished,
            },
            pk="night",
        )
        db.table("known_pass").upsert_all(
            (
                {
                    "pass_id": item.pass_id,
                    "satellite": item.satellite,
                    "station": item.station,
                    "aos": utc_text(item.aos),
                    "los": utc_text(item.los),
                }
                for item in outcome.passes
            ),
            pk="pass_id",
        )
        db.table("step").upsert(
            {
                "night": plan.night,
                "step": "night",
                "input_hash": inputs,
                "status": "done",
                "output_hash": _digest(files),
                "started_at": utc_text(started),
                "finished_at": finished,
            },
            pk=("night", "step", "input_hash"),
        )


def _digest(files: dict[str, str]) -> str:
    """SHA-256 over names and contents."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0".encode() + files[name].encode() + b"\0")
    return total.hexdigest()

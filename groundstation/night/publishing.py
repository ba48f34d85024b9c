"""The steps that tell people: files, page, what is published, notifications.

The rules it keeps:

1. A folder that is published is never touched: files that replace damaged ones get a new one.
2. The folder is whole before the database names its plan as current, and the database before the
   links move: a run that is killed in between is finished by the next one, which finds the same
   plan current and only moves the links.
"""

import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from groundstation.atomic import write_atomically
from groundstation.errors import StateError
from groundstation.export.delimited import delimited
from groundstation.export.pass_rows import SCHEMA as PASSES_SCHEMA
from groundstation.export.pass_rows import pass_rows
from groundstation.export.plan_document import plan_document
from groundstation.instants import utc_text
from groundstation.night.further_exports import MISSING, further_files
from groundstation.night.gathering import calibration_of
from groundstation.night.issue import issued_forecasts
from groundstation.night.planning import planned_origin, planned_outcome
from groundstation.night.record_codec import encode
from groundstation.night.run import NightRun
from groundstation.night.state import insert_origin
from groundstation.night.steps import Step
from groundstation.night_records import NightOutcome
from groundstation.results.store import add_forecasts

FILES = ("passes.csv", "passes.json", "plan.json", "night.html")


def export_files(outcome: NightOutcome) -> dict[str, str]:
    """The files of a night for machines, by name."""
    rows = pass_rows(outcome.passes, outcome.network, outcome.plan)
    document = {"schema": PASSES_SCHEMA, "night": outcome.night, "rows": rows}
    return {
        "passes.csv": delimited(rows),
        "passes.json": json.dumps(document, indent=1) + "\n",
        "plan.json": json.dumps(plan_document(outcome), indent=1) + "\n",
    }


def make_export(run: NightRun) -> None:
    """Write the night down for machines."""

    def work() -> bytes:
        outcome = planned_outcome(run)
        further = further_files(outcome, run.folder / "nights" / "latest")
        return encode({**further, **export_files(outcome)})

    inputs = run.hash_of("export", run.outputs[Step.FORECAST], run.outputs[Step.PLAN])
    run.make(Step.EXPORT, inputs, work)
    run.warnings.extend(run.output(Step.EXPORT).get(MISSING, "").splitlines())


def make_report(run: NightRun) -> None:
    """Write the night down for people, and publish."""

    def work() -> bytes:
        from groundstation.report.night_page import render_night  # noqa: PLC0415  0.2 s

        outcome = planned_outcome(run)
        # What failed on the way is for the page only: the plan does not rest on it.
        said = (*outcome.warnings, *run.warnings)
        return encode({"night.html": render_night(replace(outcome, warnings=said))})

    # A page that tells of a failure is made again when that is over.
    said = list(dict.fromkeys(run.warnings))
    inputs = run.hash_of("report", run.outputs[Step.FORECAST], run.outputs[Step.PLAN], said)
    run.make(Step.REPORT, inputs, work)
    publish(run)


def publish(run: NightRun) -> None:
    """Make what the steps have written the night's current plan; nothing if it is already."""
    files: dict[str, str] = {**run.output(Step.EXPORT), **run.output(Step.REPORT)}
    plan_id = json.loads(files["plan.json"])["plan_id"]
    rows = list(run.db.table("night").rows_where("night = ?", [run.night]))
    nights = run.folder / "nights"
    is_current = bool(rows) and rows[0]["plan_id"] == plan_id
    is_current = is_current and rows[0]["output_hash"] == digest_of(files)
    if not (is_current and _holds(nights / run.night, files)):
        run.is_republished = True
        kept = keep_folder(nights, run.night, plan_id, files)
        _remember(run, files)
        _link(nights / run.night, Path("plans") / kept.name)
    _link(nights / "latest", Path(run.night))


def _remember(run: NightRun, files: Mapping[str, str]) -> None:
    """Plan, origin, night and issued forecasts in one transaction: from here on it is current."""
    plan, origin = planned_origin(run)
    outcome = planned_outcome(run)
    finished = utc_text(run.now)
    with run.db.atomic():
        run.db.table("plan").insert(
            {
                "plan_id": plan.plan_id,
                "night": plan.night,
                "created_at": finished,
                "document": files["plan.json"],
            },
            ignore=True,
        )
        insert_origin(run.db, origin)
        run.db.table("night").upsert(
            {
                "night": plan.night,
                "plan_id": plan.plan_id,
                "input_hash": origin.step_input,
                "output_hash": digest_of(files),
                "status": "degraded" if outcome.warnings or run.warnings else "done",
                "finished_at": finished,
            },
            pk="night",
        )
        add_forecasts(
            run.db,
            issued_forecasts(
                outcome.passes,
                run.network.satellites,
                run.network.stations,
                outcome.elements,
                night=run.night,
                plan_id=plan.plan_id,
                contacts=frozenset(contact.pass_id for contact in plan.contacts),
                issued_at=run.now,
                calibration=calibration_of(run),
            ),
        )


def keep_folder(nights: Path, night: str, plan_id: str, files: Mapping[str, str]) -> Path:
    """The folder that holds these files and nothing else, written if there is none yet."""
    plans = nights / "plans"
    staging = plans / f".{night}-{plan_id}.{os.getpid()}"
    try:
        plans.mkdir(parents=True, exist_ok=True)
        for path in _names(plans / f"{night}-{plan_id}"):
            if not path.exists():
                break
            if _holds(path, files):
                return path
        staging.mkdir()
        for name, text in files.items():
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            write_atomically(staging / name, text)
        staging.replace(path)
    except OSError as error:
        raise StateError(
            f"cannot write the night's files: {error.strerror}",
            where=str(error.filename or nights),
            hint="check that the folder is writable and that the disk is not full",
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return path


def clear_staging(nights: Path) -> None:
    """Remove what a killed run has staged; only while the lock is held."""
    for left in (nights / "plans").glob(".*"):
        shutil.rmtree(left)


def digest_of(files: Mapping[str, str]) -> str:
    """SHA-256 over names and contents."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0".encode() + files[name].encode() + b"\0")
    return total.hexdigest()


def _holds(folder: Path, files: Mapping[str, str]) -> bool:
    try:
        # As bytes: reading text would turn the line ends of a calendar.
        return all((folder / name).read_bytes() == files[name].encode() for name in files)
    except OSError:
        return False


def _names(path: Path) -> Iterator[Path]:
    """The path itself, then with -2, -3 and so on."""
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.name}-{number}")


def _link(link: Path, target: Path) -> None:
    """Point a symbolic link somewhere else in one step, if it points elsewhere."""
    if link.is_symlink() and link.readlink() == target:
        return
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target)
        temporary.replace(link)
    except OSError as error:
        raise StateError(
            f"cannot publish the night: {(error.strerror or str(error)).lower()}", where=str(link)
        ) from error

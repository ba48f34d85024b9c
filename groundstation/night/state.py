"""What the state database knows of a night: known passes, the current plan, outages, origins."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from groundstation.instants import utc_instant, utc_text
from groundstation.night.freeze import Outage
from groundstation.night.pass_names import KnownPass
from groundstation.night_records import NightPass

# Names hold the minute of culmination: passes further away cannot share one.
_MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PlanOrigin:
    """What a plan was made from.

    Parameters
    ----------
    plan_id, night : of the plan
    previous : id of the plan that it replaced, or ""
    forecast : digest of its passes with their forecasts
    basis : digest of those and of the outages, by which a run tells that nothing changed
    step_input : input hash of its plan step
    inputs : digests of kept bytes and short facts, by name
    run_at : the `now` of the run that made it
    """

    plan_id: str
    night: str
    previous: str
    forecast: str
    basis: str
    step_input: str
    inputs: Mapping[str, Any]
    run_at: datetime


def known_passes(db: Database, start: datetime, stop: datetime) -> tuple[KnownPass, ...]:
    """Passes near a span that earlier runs have named, in order of rise."""
    rows = db.table("known_pass").rows_where(
        "los > ? and aos < ?",
        [utc_text(start - _MARGIN), utc_text(stop + _MARGIN)],
        order_by="aos, pass_id",
    )
    return tuple(
        KnownPass(
            row["pass_id"],
            row["satellite"],
            row["station"],
            utc_instant(row["aos"]),
            utc_instant(row["los"]),
        )
        for row in rows
    )


def remember_passes(db: Database, passes: Iterable[NightPass]) -> None:
    """Keep the names of passes with their newest times; inside a transaction of the caller."""
    db.table("known_pass").upsert_all(
        (
            {
                "pass_id": item.pass_id,
                "satellite": item.satellite,
                "station": item.station,
                "aos": utc_text(item.aos),
                "los": utc_text(item.los),
            }
            for item in passes
        ),
        pk="pass_id",
    )


def current_plan_id(db: Database, night: str) -> str | None:
    """The plan that is published for a night."""
    rows = db.table("night").rows_where("night = ?", [night])
    return next((str(row["plan_id"]) for row in rows), None)


def carried_plan_id(db: Database, night: str, start: datetime, now: datetime) -> str | None:
    """The current plan of a night, else the newest of an earlier night that reaches into it.

    Parameters
    ----------
    start : first instant of the night
    now : a plan that is over binds nobody
    """
    current = current_plan_id(db, night)
    if current is not None:
        return current
    for row in db.table("night").rows_where("night < ?", [night], order_by="night desc", limit=31):
        document = plan_text(db, row["plan_id"])
        if document is not None and utc_instant(json.loads(document)["stop_utc"]) > max(start, now):
            return str(row["plan_id"])
    return None


def plan_text(db: Database, plan_id: str) -> str | None:
    """The document of a plan, as it was published."""
    rows = db.table("plan").rows_where("plan_id = ?", [plan_id])
    return next((str(row["document"]) for row in rows), None)


def plan_origin(db: Database, plan_id: str | None) -> PlanOrigin | None:
    """What a plan was made from; None for a plan of a former version."""
    if plan_id is None or not db.table("plan_origin").exists():
        return None
    rows = db.table("plan_origin").rows_where("plan_id = ?", [plan_id])
    for row in rows:
        return PlanOrigin(
            plan_id=row["plan_id"],
            night=row["night"],
            previous=row["previous"] or "",
            forecast=row["forecast"],
            basis=row["basis"],
            step_input=row["step_input"],
            inputs=json.loads(row["inputs"]),
            run_at=datetime.fromisoformat(row["run_at"]),
        )
    return None


def insert_origin(db: Database, origin: PlanOrigin) -> None:
    """Keep what a plan was made from; inside a transaction of the caller."""
    row = {
        "plan_id": origin.plan_id,
        "night": origin.night,
        "previous": origin.previous,
        "forecast": origin.forecast,
        "basis": origin.basis,
        "step_input": origin.step_input,
        "inputs": json.dumps(dict(origin.inputs)),
        "run_at": origin.run_at.isoformat(),
    }
    db.table("plan_origin").insert(row, ignore=True)


def outages_of(db: Database, night: str) -> tuple[Outage, ...]:
    """Stations that are out for a night, as far as nobody took it back."""
    if not db.table("outage").exists():
        return ()
    rows = db.table("outage").rows_where(
        "night = ? and lifted_at is null", [night], order_by="start, id"
    )
    return tuple(Outage(r["station"], utc_instant(r["start"]), r["reason"]) for r in rows)


def record_outage(db: Database, night: str, outage: Outage, now: datetime) -> None:
    """Add an outage; one that is known already is not added again."""
    if outage in outages_of(db, night):
        return
    with db.atomic():
        db.table("outage").insert(
            {
                "night": night,
                "station": outage.station,
                "start": utc_text(outage.start),
                "reason": outage.reason,
                "recorded_at": utc_text(now),
            }
        )


def lift_outages(db: Database, night: str, station: str, now: datetime) -> int:
    """Take back every outage of a station; how many there were."""
    with db.atomic():
        rows = list(
            db.table("outage").rows_where(
                "night = ? and station = ? and lifted_at is null", [night, station]
            )
        )
        for row in rows:
            db.table("outage").update(row["id"], {"lifted_at": utc_text(now)})
    return len(rows)

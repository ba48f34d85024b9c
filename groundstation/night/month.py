"""One month out of the state: published plans, recorded results, calibration."""

import calendar
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from groundstation import __version__
from groundstation.errors import UsageError
from groundstation.export.own_night import own_night
from groundstation.month_records import MonthOutcome, PlannedNight
from groundstation.network import Network
from groundstation.results.calibration_store import latest_calibration
from groundstation.results.store import results_of
from groundstation.results.verification import verify

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def is_month(text: str) -> bool:
    """Whether a text is a month like 2026-06."""
    return _MONTH.fullmatch(text) is not None


def month_outcome(
    network: Network,
    month: str,
    db: Database | None,
    *,
    now: datetime,
    accounts: Sequence[Mapping[str, Any]] = (),
    missing: Sequence[str] = (),
) -> MonthOutcome:
    """What is on record of a month; empty where there is no state yet.

    Parameters
    ----------
    accounts : of the key ledgers, for the same month
    missing : what the caller could not read

    Raises
    ------
    UsageError
        the text is no month
    """
    found = _MONTH.fullmatch(month)
    if found is None:
        raise UsageError(f"{month!r} is no month like 2026-06")
    days = calendar.monthrange(int(found.group(1)), int(found.group(2)))[1]
    first, last = f"{month}-01", f"{month}-{days:02d}"
    has_results = db is not None and db.table("result").exists()
    results = results_of(db, start=first, stop=last) if db is not None and has_results else []
    return MonthOutcome(
        network=network,
        month=month,
        days=days,
        generated=now,
        nights=() if db is None else _nights(db, first, last),
        results=tuple(results),
        scores=verify(results),
        calibration=latest_calibration(db) if has_results else None,
        accounts=tuple(accounts),
        missing=tuple(missing),
        version=__version__,
    )


def _nights(db: Database, first: str, last: str) -> tuple[PlannedNight, ...]:
    """The current plan of every night of the month."""
    if not db.table("night").exists():
        return ()
    rows = db.query(
        "SELECT night.night AS night, plan.document AS document FROM night "
        "JOIN plan ON plan.plan_id = night.plan_id "
        "WHERE night.night >= ? AND night.night <= ? ORDER BY night.night",
        [first, last],
    )
    return tuple(PlannedNight(row["night"], own_night(json.loads(row["document"]))) for row in rows)

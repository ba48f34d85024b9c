"""What was asked of providers and what came back, in SQLite; whoever asks too early is stopped.

- A request is written down before it is sent, in the transaction that finds it allowed. A run that
  is killed leaves the row, and the row counts: no restart can ask twice.
- After an answer the provider's interval runs, for the query or for the whole address. After a
  failure on the way it is 15 minutes for the whole address. A connection that never stood costs
  nothing.
- An address that moved or refused is blocked until a person lifts it. An object that the provider
  does not have is asked for once a day.
- Of every query the newest accepted answer is kept, and the newest refused one.
"""

import hashlib
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from tle.provider.providers import Rules, outside_full_hour

FAILURE_PAUSE_S = 900.0
NOT_FOUND_PAUSE_S = 86_400.0

migrations = Migrations("sources")


class Outcome(StrEnum):
    """How a request ended; `SENT` is one that is under way or was cut short.

    `TOO_EARLY` is never stored: nothing was sent.
    """

    SENT = "sent"
    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    NOT_FOUND = "not found"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    TOO_EARLY = "too early"


_ANSWERED = (Outcome.SENT, Outcome.ACCEPTED, Outcome.UNCHANGED, Outcome.REJECTED)
_CONCLUSIVE = (*_ANSWERED[1:], Outcome.NOT_FOUND, Outcome.BLOCKED)
_HELD = (Outcome.ACCEPTED, Outcome.UNCHANGED)


@migrations()
def create_fetch(db: Database) -> None:
    """One row per request; what it brought stands once per content."""
    db.table("fetch_payload").create({"sha256": str, "data": bytes}, pk="sha256", not_null={"data"})
    db.table("fetch").create(
        {
            "id": int,
            "source": str,
            "address": str,
            "url": str,
            "status": int,
            "retrieved_at": str,
            "sha256": str,
            "etag": str,
            "last_modified": str,
            "bytes": int,
            "rows": int,
            "objects": int,
            "outcome": str,
            "reason": str,
        },
        pk="id",
        not_null={"source", "address", "url", "retrieved_at", "outcome"},
    )
    db.table("fetch").create_index(["url", "outcome"])
    db.table("fetch").create_index(["address", "outcome"])


@dataclass(frozen=True, slots=True)
class Request:
    """What is about to be asked: by which source, of which address, exactly what."""

    source: str
    address: str
    url: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Why nothing may be sent: until when (None: until a person lifts it), and the reason."""

    outcome: Outcome
    until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """The newest accepted answer to a query."""

    sha256: str
    etag: str | None
    last_modified: str | None
    objects: int


def reserve(
    db: Database, request: Request, rules: Rules, now: datetime, minute: int, *, force: bool
) -> int | Stop:
    """Write down a request that may be sent and return its row, or why it may not.

    Parameters
    ----------
    now : aware
    minute : of the hour, for a provider that avoids the full hour
    force : a person lifts a block
    """
    # The write lock comes first: two runs at once cannot both find the request allowed.
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        stop = _stop(db, request, rules, now, minute, force=force)
        row = None if stop else _insert(db, request, now)
    except BaseException:
        db.conn.rollback()
        raise
    db.conn.commit()
    return stop if row is None and stop is not None else int(row or 0)


def finish(db: Database, row: int, outcome: Outcome, **values: Any) -> None:
    """Complete the row of a request; `values` are columns of the table."""
    db.table("fetch").update(row, {"outcome": outcome.value, **values})


def record(db: Database, request: Request, now: datetime) -> int:
    """Write down that something was read that no provider has to be asked for."""
    with db.atomic():
        return _insert(db, request, now)


def keep_payload(db: Database, body: bytes) -> str:
    """Store a content once; its SHA-256."""
    sha256 = hashlib.sha256(body).hexdigest()
    db.table("fetch_payload").insert({"sha256": sha256, "data": zlib.compress(body)}, ignore=True)
    return sha256


def payload(db: Database, sha256: str) -> bytes:
    """A content that was kept."""
    data: bytes = db.table("fetch_payload").get(sha256)["data"]
    return zlib.decompress(data)


# Contents that are neither the newest accepted nor the newest refused of a query.
_OLD = """
    from fetch_payload where sha256 not in (
        select sha256 from fetch where sha256 is not null and id in (
            select max(id) from fetch where outcome in ('accepted', 'unchanged') group by url
            union select max(id) from fetch where outcome = 'rejected' group by url))
"""


def old_payloads(db: Database) -> list[tuple[str, int]]:
    """Digest and stored bytes of every content that `drop_old_payloads` would forget."""
    rows = db.query(f"select sha256, length(data) as size {_OLD} order by sha256")
    return [(str(row["sha256"]), int(row["size"])) for row in rows]


def drop_old_payloads(db: Database) -> None:
    """Forget contents that are neither the newest accepted nor the newest refused of a query."""
    db.execute(f"delete {_OLD}")


def held_answer(db: Database, url: str) -> Held | None:
    """The newest accepted answer to a query whose content is kept."""
    row = _newest(db, "url", url, _HELD)
    if row is None or row["sha256"] is None:
        return None
    return Held(row["sha256"], row["etag"], row["last_modified"], row["objects"] or 0)


def kept_rejection(db: Database, url: str) -> tuple[int, bytes, datetime] | None:
    """Row, content and time of the last answer to a query, if it was refused and is kept."""
    row = _newest(db, "url", url, _CONCLUSIVE)
    if row is None or row["outcome"] != Outcome.REJECTED or row["sha256"] is None:
        return None
    return int(row["id"]), payload(db, row["sha256"]), _instant(row["retrieved_at"])


def _insert(db: Database, request: Request, now: datetime) -> int:
    values = {
        "source": request.source,
        "address": request.address,
        "url": request.url,
        "retrieved_at": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "outcome": Outcome.SENT.value,
    }
    return int(str(db.table("fetch").insert(values).last_pk))


def _stop(
    db: Database, request: Request, rules: Rules, now: datetime, minute: int, *, force: bool
) -> Stop | None:
    blocked = _newest(db, "address", request.address, _CONCLUSIVE)
    if blocked is not None and blocked["outcome"] == Outcome.BLOCKED and not force:
        since = blocked["retrieved_at"]
        return Stop(Outcome.BLOCKED, None, f"blocked since {since[:16]}Z: {blocked['reason']}")
    scope = ("address", request.address) if rules.is_per_address else ("url", request.url)
    pauses = (
        (_newest(db, *scope, _ANSWERED), rules.interval_s),
        (_newest(db, "url", request.url, (Outcome.NOT_FOUND,)), NOT_FOUND_PAUSE_S),
        (_newest(db, "address", request.address, (Outcome.FAILED,)), FAILURE_PAUSE_S),
    )
    starts = [(_instant(row["retrieved_at"]), pause_s) for row, pause_s in pauses if row]
    if force:
        # A clock that once ran ahead must not lock a source for years.
        starts = [(start, pause_s) for start, pause_s in starts if start <= now]
    allowed = max([now, *(start + timedelta(seconds=pause_s) for start, pause_s in starts)])
    if rules.avoids_full_hour:
        allowed = outside_full_hour(allowed, minute)
    if allowed == now:
        return None
    is_ahead = any(start > now for start, _ in starts)
    reason = "the last request is dated after now; check the clock" if is_ahead else ""
    return Stop(Outcome.TOO_EARLY, allowed, reason)


def _newest(
    db: Database, column: str, value: str, outcomes: tuple[Outcome, ...]
) -> dict[str, Any] | None:
    marks = ", ".join("?" for _ in outcomes)
    rows = db.table("fetch").rows_where(
        f"{column} = ? and outcome in ({marks})",
        [value, *(outcome.value for outcome in outcomes)],
        order_by="id desc",
        limit=1,
    )
    return next(iter(rows), None)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)

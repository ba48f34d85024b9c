"""One query to a provider of weather, by the rules of `tle.provider.fetches`.

- It is written down before it is sent, and is sent with the validators of the answer that is held.
- Nothing is asked again after a refusal. An address that moved or forbids is left alone until a
  person lifts it; a query that is malformed is not the address's fault.
- An answer is read whole before it is believed; one that is refused takes no good one's place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.documents import shown
from groundstation.weather.records import sha256_of
from tle.errors import SourceError, UnreachableError
from tle.provider import fetches
from tle.provider.fetches import Outcome, Request, Stop
from tle.provider.providers import Rules, quiet_minute, unsafe_reason
from tle.provider.transport import Answer, Transport

TOO_MANY = 429
_OK, _NO_CONTENT, _NOT_MODIFIED, _BAD_REQUEST, _TIMEOUT = 200, 204, 304, 400, 408
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """How one query ended.

    Parameters
    ----------
    body : of an answer that was believed, else None
    until : when it may be asked again, where it had to wait
    reason : why nothing new came, or empty
    """

    outcome: Outcome
    body: bytes | None = None
    until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """An answer as it came, and when its content first came."""

    body: bytes
    retrieved_at: datetime


def check_address(name: str, address: str) -> None:
    """Refuse the address of a source that must not be asked.

    Raises
    ------
    WeatherError
        with the reason; the address is not quoted, as it may hold a password
    """
    unsafe = unsafe_reason(address)
    if unsafe is not None:
        raise WeatherError(f"{name}: its address {unsafe}")


def ask(
    db: Database,
    request: Request,
    rules: Rules,
    at: datetime,
    transport: Transport,
    judge: Callable[[bytes], int],
    *,
    force: bool,
) -> Asked:
    """Send a query, as far as the rules allow, and write down how it ended.

    Parameters
    ----------
    db : with the tables of `tle.provider.fetches`
    at : the present, aware
    judge : how many objects an answer holds; raises WeatherError if it is not to be believed
    force : a person lifts a block; intervals still hold
    """
    row = fetches.reserve(db, request, rules, at, quiet_minute(request.address), force=force)
    if isinstance(row, Stop):
        return Asked(row.outcome, until=row.until, reason=row.reason)
    values: dict[str, Any]
    body = None
    try:
        answer = transport.get(request.url, _validators(db, request.url))
    except SourceError as error:
        is_lost = isinstance(error, UnreachableError)
        outcome = Outcome.UNREACHABLE if is_lost else Outcome.FAILED
        values = {"reason": str(error)}
    else:
        outcome, values = _judged(db, request.url, answer, judge)
        body = answer.body if values.get("status") == _OK else None
    with db.atomic():
        if body is not None:
            values["sha256"] = fetches.keep_payload(db, body)
        fetches.finish(db, row, outcome, **values)
    believed = None if outcome is Outcome.REJECTED else body
    return Asked(outcome, believed, reason=str(values["reason"] or ""))


def held_document(db: Database, url: str) -> HeldDocument | None:
    """The last good answer to a query, dated by when its content first came.

    An answer that comes again unchanged is not younger for it. None where there never was one.
    """
    held = fetches.held_answer(db, url)
    if held is None:
        return None
    rows = db.table("fetch").rows_where(
        "url = ? and sha256 = ? and outcome = ?",
        [url, held.sha256, Outcome.ACCEPTED.value],
        order_by="id",
        limit=1,
    )
    first = datetime.fromisoformat(next(iter(rows))["retrieved_at"])
    return HeldDocument(fetches.payload(db, held.sha256), first)


def _validators(db: Database, url: str) -> dict[str, str]:
    """Headers that ask only for what is newer than what is held."""
    held = fetches.held_answer(db, url)
    if held is None:
        return {}
    pairs = {"If-None-Match": held.etag, "If-Modified-Since": held.last_modified}
    return {name: value for name, value in pairs.items() if value}


def _judged(
    db: Database, url: str, answer: Answer, judge: Callable[[bytes], int]
) -> tuple[Outcome, dict[str, Any]]:
    """What an answer is worth, and the columns of its row."""
    status = answer.status
    values: dict[str, Any] = {"status": status, "reason": None}
    held = fetches.held_answer(db, url)
    if status == _NOT_MODIFIED and held is not None:
        kept = {"sha256": held.sha256, "etag": held.etag, "last_modified": held.last_modified}
        return Outcome.UNCHANGED, {**values, **kept, "objects": held.objects}
    if status != _OK:
        outcome, reason = _refusal(answer)
        return outcome, {**values, "reason": reason}
    values["bytes"] = len(answer.body)
    try:
        values["objects"] = judge(answer.body)
    except WeatherError as error:
        return Outcome.REJECTED, {**values, "reason": said(error)}
    validators = {
        name: answer.headers.get(name.replace("_", "-")) for name in ("etag", "last_modified")
    }
    is_same = held is not None and held.sha256 == sha256_of(answer.body)
    outcome = Outcome.UNCHANGED if is_same else Outcome.ACCEPTED
    return outcome, {**values, **validators}


def said(error: WeatherError) -> str:
    """Place and reason of a refusal in one line."""
    return f"{error.where}: {error}" if error.where else str(error)


def _refusal(answer: Answer) -> tuple[Outcome, str]:
    """What an answer without weather means."""
    text = shown(answer.body.decode("utf-8", "replace"))
    status = answer.status
    if status >= _SERVER_ERROR:
        return Outcome.FAILED, f"the server failed (status {status})"
    if 300 <= status < 400 and status != _NOT_MODIFIED:
        target = shown(answer.headers.get("location", "an unnamed place"))
        return Outcome.BLOCKED, f"the address has changed to {target} (status {status})"
    if status == _NO_CONTENT:
        return Outcome.REJECTED, f"status {status}: the server has nothing of what was asked"
    is_passing = status in {_BAD_REQUEST, _TIMEOUT, TOO_MANY, _NOT_MODIFIED} or status < 300
    return Outcome.REJECTED if is_passing else Outcome.BLOCKED, f"status {status}: {text!r}"

"""Fetch element sets from a source: ask what may be asked, judge the answer, store what is good.

- Nothing is sent that `tle.provider.fetches` does not allow; after a refusal or failure the rest of
  the source's queries stay unsent.
- An answer is judged as a whole (`tle.provider.acceptance`). What is refused is recorded with its
  reason and never becomes an element set; the sets of an accepted answer and the record that it
  was accepted are one transaction.
- User and password are taken out of everything that is stored or said.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from tle.archive import add_elements
from tle.errors import SourceError, UnreachableError
from tle.provider import fetches
from tle.provider.acceptance import Expectation, is_not_found, is_not_updated, judge, shown_text
from tle.provider.credentials import Credentials
from tle.provider.fetches import Outcome, Request, Stop
from tle.provider.providers import (
    RULES,
    ElementSource,
    Query,
    SourceKind,
    login_url,
    queries_of,
    quiet_minute,
    shown,
    unsafe_reason,
)
from tle.provider.source_result import SourceResult, Step, summary_of
from tle.provider.transport import Answer, Transport

OK, NOT_MODIFIED, NOT_FOUND, SERVER_ERROR = 200, 304, 404, 500
# Request Timeout and Too Many Requests: the address is right, the moment is not.
PASSING_REFUSALS = (408, 429)
LEAST_SECRET = 6

_STOPS = (Outcome.BLOCKED, Outcome.FAILED, Outcome.UNREACHABLE)


@dataclass(slots=True)
class _Visit:
    """One visit to a source: what it may use, and the session once there is one."""

    db: Database
    source: ElementSource
    now: Callable[[], datetime]
    transport: Transport
    credentials: Credentials | None
    accept: bool
    force: bool
    cookies: dict[str, str] = field(default_factory=dict)

    def clean(self, text: str) -> str:
        """A foreign text as it may be shown and stored."""
        for cookie in self.cookies.values():
            text = text.replace(cookie, "***") if len(cookie) >= LEAST_SECRET else text
        return self.credentials.redact(text) if self.credentials else text


def fetch_source(
    db: Database,
    source: ElementSource,
    *,
    now: Callable[[], datetime],
    transport: Transport,
    credentials: Credentials | None = None,
    accept: bool = False,
    force: bool = False,
) -> SourceResult:
    """Bring the newest element sets of a source into the archive.

    Parameters
    ----------
    db : with the tables of `tle.archive` and `tle.provider.fetches`
    now : the present, aware; asked before every request
    credentials : for Space-Track
    accept : a person accepts an answer whose number of objects changed; one that was refused for
        it and is kept is taken without a new request
    force : a person lifts a block; intervals still hold

    Raises
    ------
    SourceError
        the source cannot be asked: no login, too many satellites
    """
    is_folder = source.kind is SourceKind.FOLDER
    unsafe = None if is_folder else unsafe_reason(source.address)
    if unsafe is not None:
        raise SourceError(f"{source.name}: address {shown(source.address)} {unsafe}")
    if source.kind is SourceKind.SPACE_TRACK and credentials is None:
        raise SourceError(f"{source.name}: Space-Track asks for a login and none is given")
    visit = _Visit(db, source, now, transport, credentials, accept, force)
    steps = list(_folder_steps(visit) if is_folder else _network_steps(visit))
    fetches.drop_old_payloads(db)
    return summary_of(source, steps)


def _network_steps(visit: _Visit) -> Iterator[Step]:
    for query in queries_of(visit.source):
        step = _ask(visit, query)
        yield step
        if step.outcome in _STOPS:
            return


def _ask(visit: _Visit, query: Query) -> Step:
    """One query, from the question whether it may be sent to what is stored of its answer."""
    db, source = visit.db, visit.source
    if visit.accept:
        kept = fetches.kept_rejection(db, query.url)
        if kept is not None:
            row, body, retrieved_at = kept
            return _settle_body(visit, query, row, body, retrieved_at, {})
    retrieved_at = visit.now()
    identity = visit.credentials.user if visit.credentials else source.address
    row_or_stop = fetches.reserve(
        db,
        Request(source.name, source.address, query.url),
        RULES[source.kind],
        retrieved_at,
        quiet_minute(identity),
        force=visit.force,
    )
    if isinstance(row_or_stop, Stop):
        stop = row_or_stop
        return Step(stop.outcome, query, until=stop.until, reason=stop.reason)
    try:
        refusal = _log_in(visit)
        if refusal:
            return _end(visit, query, row_or_stop, Outcome.BLOCKED, refusal)
        answer = _get(visit, query)
    except SourceError as error:
        is_lost = isinstance(error, UnreachableError)
        outcome = Outcome.UNREACHABLE if is_lost else Outcome.FAILED
        return _end(visit, query, row_or_stop, outcome, str(error))
    return _settle(visit, query, row_or_stop, answer, retrieved_at)


def _log_in(visit: _Visit) -> str | None:
    """Open a session where the provider wants one; why it was refused, or None."""
    if visit.source.kind is not SourceKind.SPACE_TRACK or visit.credentials is None:
        return None
    fields = {"identity": visit.credentials.user, "password": visit.credentials.password}
    answer = visit.transport.post(login_url(visit.source), fields)
    if answer.status >= SERVER_ERROR:
        raise SourceError(f"the login was answered with status {answer.status}")
    # A wrong password is answered with status 200, a text about it and no session.
    is_open = answer.status == OK and answer.cookies and b"failed" not in answer.body.lower()
    if not is_open:
        return f"the login was refused (status {answer.status}); check user and password"
    visit.cookies = dict(answer.cookies)
    return None


def _get(visit: _Visit, query: Query) -> Answer:
    """Send the query, conditional on what is held; without the login in what comes back."""
    headers: dict[str, str] = {}
    held = fetches.held_answer(visit.db, query.url)
    if held is not None and held.etag:
        headers["If-None-Match"] = held.etag
    if held is not None and held.last_modified:
        headers["If-Modified-Since"] = held.last_modified
    if visit.cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in visit.cookies.items())
    answer = visit.transport.get(query.url, headers)
    if visit.credentials is None:
        return answer
    body = answer.body
    for secret in (visit.credentials.password, *visit.cookies.values()):
        # A shorter one could stand in any number of an element set; it protects nothing either.
        body = body.replace(secret.encode(), b"***") if len(secret) >= LEAST_SECRET else body
    return Answer(answer.status, answer.headers, {}, body)


def _settle(visit: _Visit, query: Query, row: int, answer: Answer, at: datetime) -> Step:
    """What an answer means, by its status."""
    status, body = answer.status, answer.body
    held = fetches.held_answer(visit.db, query.url)
    if status == NOT_MODIFIED or is_not_updated(body):
        if held is None:
            words = f"nothing new (status {status}), but no earlier answer is held"
            return _end(visit, query, row, Outcome.REJECTED, words, status)
        kept = fetches.payload(visit.db, held.sha256)
        validators = {"etag": held.etag, "last_modified": held.last_modified}
        return _settle_body(visit, query, row, kept, at, {"status": status, **validators})
    if status == OK and not is_not_found(body):
        headers = answer.headers
        validators = {"etag": headers.get("etag"), "last_modified": headers.get("last-modified")}
        return _settle_body(visit, query, row, body, at, {"status": status, **validators})
    return _end(visit, query, row, *_refusal(answer), status)


def _refusal(answer: Answer) -> tuple[Outcome, str]:
    """What an answer without element sets means."""
    status, body = answer.status, answer.body
    if status in {OK, NOT_FOUND} and is_not_found(body):
        return Outcome.NOT_FOUND, ""
    if status >= SERVER_ERROR:
        return Outcome.FAILED, f"the server failed (status {status})"
    if 300 <= status < 400:
        target = shown_text(answer.headers.get("location", "an unnamed place"))
        return Outcome.BLOCKED, f"the address has changed to {target} (status {status})"
    is_passing = status in PASSING_REFUSALS or status < 300
    said = shown_text(body.decode("utf-8", "replace"))
    return (Outcome.REJECTED if is_passing else Outcome.BLOCKED), f"status {status}: {said!r}"


def _settle_body(
    visit: _Visit,
    query: Query,
    row: int,
    body: bytes,
    at: datetime,
    values: dict[str, str | int | None],
) -> Step:
    """Judge a content; store its sets with the record that it was accepted, or only the reason."""
    db, source = visit.db, visit.source
    held = fetches.held_answer(db, query.url)
    expected = Expectation(
        wanted=query.wanted,
        needs_wanted=source.kind is not SourceKind.FOLDER,
        previous_objects=None if held is None or visit.accept else held.objects,
        now=at,
        most_future_s=RULES[source.kind].most_future_s,
    )
    verdict = judge(body, source.name, expected)
    with db.atomic():
        sha256 = fetches.keep_payload(db, body)
        counts = {
            "sha256": sha256,
            "bytes": len(body),
            "rows": verdict.records,
            "objects": verdict.objects,
        }
        if verdict.reason is not None:
            reason = visit.clean(f"the answer {verdict.reason}")
            fetches.finish(db, row, Outcome.REJECTED, reason=reason, **counts, **values)
            return Step(Outcome.REJECTED, query, verdict, reason=reason)
        is_same = held is not None and held.sha256 == sha256
        outcome = Outcome.UNCHANGED if is_same else Outcome.ACCEPTED
        new_sets = add_elements(db, verdict.elements, at)
        fetches.finish(db, row, outcome, reason=None, **counts, **values)
    return Step(outcome, query, verdict, new_sets)


def _end(
    visit: _Visit, query: Query, row: int, outcome: Outcome, reason: str, status: int | None = None
) -> Step:
    """Close a request that brought no content."""
    reason = visit.clean(reason)
    fetches.finish(visit.db, row, outcome, reason=reason, status=status)
    return Step(outcome, query, reason=reason)


def _folder_steps(visit: _Visit) -> Iterator[Step]:
    """Every file of a folder, judged like an answer; nobody is asked and nothing has to wait."""
    source = visit.source
    folder = Path(source.address)
    try:
        files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    except OSError as error:
        reason = f"cannot read folder {folder}: {(error.strerror or str(error)).lower()}"
        yield Step(Outcome.REJECTED, Query(source.address, source.norad_cat_ids), reason=reason)
        return
    if not files:
        yield Step(Outcome.NOT_FOUND, Query(source.address, source.norad_cat_ids))
    for file in files:
        yield _read_file(visit, file)


def _read_file(visit: _Visit, file: Path) -> Step:
    source, limit = visit.source, visit.transport.limits.size_bytes
    query = Query(str(file), source.norad_cat_ids)
    try:
        size = file.stat().st_size
        body = file.read_bytes() if size <= limit else b""
    except OSError as error:
        reason = f"cannot be read: {(error.strerror or str(error)).lower()}"
        return Step(Outcome.REJECTED, query, reason=reason)
    if size > limit:
        reason = f"has {size / 1e6:.1f} MB (limit {limit / 1e6:g})"
        return Step(Outcome.REJECTED, query, reason=reason)
    at = visit.now()
    row = fetches.record(visit.db, Request(source.name, source.address, query.url), at)
    return _settle_body(visit, query, row, body, at, {})

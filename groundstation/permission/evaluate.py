"""Rules and files -> what every link is allowed at one instant.

The rules it keeps:

1. Unknown, unreadable, stale or dated in the future is no permission.
2. Every rule that is about a link has to allow it.
3. Sentences hold instants, never ages: the same files say the same until they turn stale.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from groundstation.instants import utc_text
from groundstation.permission.errors import PermissionFileError
from groundstation.permission.formats import read_permission
from groundstation.permission.records import (
    Grant,
    LinkPermission,
    Origin,
    PermissionDocument,
    PermissionKind,
    PermissionRule,
    Permissions,
    Span,
)

# A file server's clock may be a little ahead of ours.
CLOCK_TOLERANCE = timedelta(minutes=1)

Links = Iterable[tuple[str, int | None, str]]


def permissions_at(
    rules: Sequence[PermissionRule],
    documents: Sequence[PermissionDocument],
    links: Links,
    now: datetime,
) -> Permissions:
    """What every link is allowed.

    Parameters
    ----------
    documents : every file that the rules name, found or not
    links : satellite, its catalogue number or None, station
    now : the instant against which ages count, aware
    """
    found = {document.path: document for document in documents}
    by_link: dict[tuple[str, str], tuple[LinkPermission, ...]] = {}
    origins: dict[tuple[str, str], Origin] = {}
    warnings: dict[str, None] = {}
    for satellite, number, station in links:
        said = []
        for rule in rules:
            if not rule.is_about(satellite, station):
                continue
            path = rule.path_for(satellite, station)
            document = found.get(path, PermissionDocument(path, None, None, "was not looked for"))
            permission = _permission(rule, document, _names(satellite, number), now)
            said.append(permission)
            origins.setdefault((rule.name, path), _origin(rule, document, now))
            if permission.is_doubtful:
                warnings[f"permission {rule.name}: {permission.reason}"] = None
        if said:
            by_link[satellite, station] = tuple(said)
    return Permissions(by_link, tuple(origins.values()), tuple(warnings))


def permissions_digest(permissions: Permissions) -> str:
    """SHA-256 over what is allowed and what is said; "" where nothing is required."""
    if not permissions.by_link:
        return ""
    document = [
        [list(link), [_plain(permission) for permission in said]]
        for link, said in sorted(permissions.by_link.items())
    ]
    return hashlib.sha256(json.dumps(document).encode()).hexdigest()


def _plain(permission: LinkPermission) -> list[object]:
    spans = permission.spans
    times = None if spans is None else [[a.isoformat(), b.isoformat()] for a, b in spans]
    return [permission.rule, times, permission.reason, permission.is_doubtful]


def _names(satellite: str, number: int | None) -> frozenset[str]:
    return frozenset({satellite} if number is None else {satellite, str(number)})


def _permission(
    rule: PermissionRule, document: PermissionDocument, names: frozenset[str], now: datetime
) -> LinkPermission:
    """What one file of a rule says about one satellite."""
    try:
        grants = _grants(rule, document)
    except PermissionFileError as error:
        return LinkPermission(rule.name, (), f"no permission to shine: {error}", is_doubtful=True)
    if rule.kind is PermissionKind.GO_FLAG and not grants:
        reason = f"no permission to shine: {document.path} says nogo"
        return LinkPermission(rule.name, (), reason)
    own = [g for g in grants if g.target is None or g.target in names]
    fresh = [g for g in own if _is_fresh(g, document, rule, now)]
    if own and not fresh:
        latest = max(_dated(g, document) for g in own)
        return LinkPermission(rule.name, (), _stale(rule, document, latest, now), is_doubtful=True)
    if rule.kind is PermissionKind.GO_FLAG:
        return LinkPermission(rule.name, None, "")
    return LinkPermission(
        rule.name,
        _joined(fresh),
        f"no permission to shine: no window of {document.path} covers it",
    )


def _grants(rule: PermissionRule, document: PermissionDocument) -> tuple[Grant, ...]:
    """The grants of a file that is there and is understood."""
    if document.content is None or document.dated is None:
        raise PermissionFileError(f"{document.path} {document.fault}")
    try:
        return read_permission(document.content, document.path, rule.kind)
    except PermissionFileError as error:
        raise PermissionFileError(f"{document.path} is refused: {error}") from error


def _dated(grant: Grant, document: PermissionDocument) -> datetime:
    dated = grant.issued or document.dated
    if dated is None:
        raise PermissionFileError(f"{document.path} has no date")
    return dated


def _is_fresh(
    grant: Grant, document: PermissionDocument, rule: PermissionRule, now: datetime
) -> bool:
    age = now - _dated(grant, document)
    return -CLOCK_TOLERANCE <= age <= rule.longest_age


def _stale(
    rule: PermissionRule, document: PermissionDocument, latest: datetime, now: datetime
) -> str:
    """Why the latest grant of a file does not count."""
    text = f"no permission to shine: {document.path} of {utc_text(latest)}"
    if latest > now:
        return f"{text} is dated in the future"
    return f"{text} is older than {_span_text(rule.longest_age)}"


def _span_text(age: timedelta) -> str:
    hours = age.total_seconds() / 3_600.0
    return f"{hours:g} h" if hours >= 2.0 else f"{hours * 60.0:g} min"


def _joined(grants: Iterable[Grant]) -> tuple[Span, ...]:
    """The spans of grants in order, those that touch made one."""
    spans: list[Span] = []
    pairs = [(g.start, g.stop) for g in grants if g.start is not None and g.stop is not None]
    for start, stop in sorted(pairs):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], stop))
        else:
            spans.append((start, stop))
    return tuple(spans)


def _origin(rule: PermissionRule, document: PermissionDocument, now: datetime) -> Origin:
    return Origin(
        rule=rule.name,
        kind=rule.kind,
        path=document.path,
        sha256=document.sha256,
        dated=document.dated,
        says=_says(rule, document, now),
    )


def _says(rule: PermissionRule, document: PermissionDocument, now: datetime) -> str:
    """A file in a few words: go, nogo, so many windows, or why it does not count."""
    try:
        grants = _grants(rule, document)
    except PermissionFileError as error:
        return str(error)
    if rule.kind is PermissionKind.GO_FLAG:
        if not grants:
            return "nogo"
        is_fresh = _is_fresh(grants[0], document, rule, now)
        latest = _dated(grants[0], document)
        return "go" if is_fresh else _stale(rule, document, latest, now)
    fresh = sum(_is_fresh(grant, document, rule, now) for grant in grants)
    return f"{fresh} of {len(grants)} windows fresh"


def wanted_paths(rules: Sequence[PermissionRule], links: Links) -> Mapping[str, PermissionRule]:
    """Every file that the rules name for some link, with the rule that names it first."""
    wanted: dict[str, PermissionRule] = {}
    for satellite, _, station in links:
        for rule in rules:
            if rule.is_about(satellite, station):
                wanted.setdefault(rule.path_for(satellite, station), rule)
    return wanted

"""Whether an answer of a provider is a catalogue that may be stored.

- It is text, neither a page nor a message, and at least 99 % of its records can be read.
- A wanted satellite is among them, and no wanted epoch lies in the future.
- It holds as many objects as the previous answer to the same query, within 20 %.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tle.elements import ElementSet
from tle.formats import read_elements
from tle.lines import LineFault

LEAST_PARSED = 0.99
MOST_CHANGE = 0.20

_NOT_UPDATED = b"GP data has not updated"
_NOT_FOUND = b"No GP data found"
_HEAD_BYTES = 2_000
_SHOWN_CHARACTERS = 120
# A comment ends at its first end mark: `.*?` would try every longer reading as well.
_PAGE = re.compile(
    r"\s*(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer holds, and why it was refused.

    Parameters
    ----------
    reason : why nothing of it may be stored; None if it was accepted
    elements : the sets of wanted satellites
    records : records that could be read
    objects : different catalogue numbers among them
    """

    reason: str | None
    elements: tuple[ElementSet, ...]
    records: int
    objects: int

    @property
    def present(self) -> frozenset[int]:
        """Catalogue numbers of the wanted satellites that are there."""
        return frozenset(elements.norad_cat_id for elements in self.elements)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an answer is held against.

    Parameters
    ----------
    wanted : catalogue numbers
    needs_wanted : True if an answer without any wanted satellite is refused
    previous_objects : in the previous answer to the same query; None for the first, or where a
        person accepts the change
    now : the present
    most_future_s : largest distance of an epoch from now
    """

    wanted: tuple[int, ...]
    needs_wanted: bool
    previous_objects: int | None
    now: datetime
    most_future_s: float


def judge(body: bytes, source: str, expected: Expectation) -> Verdict:
    """Accept an answer or say why not."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _refused(f"is not text (byte {body[error.start]:#04x} at {error.start})")
    if "\0" in text:
        return _refused("is not text (it holds a zero byte)")
    message = _message_in(text)
    if message is not None:
        return _refused(message)
    elements, faults = read_elements(text, source)
    wanted = tuple(e for e in elements if e.norad_cat_id in expected.wanted)
    objects = len({e.norad_cat_id for e in elements})
    reason = (
        _unreadable(elements, faults)
        or _absent(wanted, expected)
        or _ahead(wanted, expected)
        or _changed(objects, expected)
    )
    return Verdict(reason, () if reason else wanted, len(elements), objects)


def is_not_updated(body: bytes) -> bool:
    """True for CelesTrak's message that nothing changed since the last download."""
    return _NOT_UPDATED in body[:_HEAD_BYTES]


def is_not_found(body: bytes) -> bool:
    """True for CelesTrak's message that it has no set of an object."""
    return _NOT_FOUND in body[:_HEAD_BYTES]


def shown_text(text: str) -> str:
    """The start of a foreign text on one line, without control characters."""
    printable = "".join(c if c.isprintable() else " " for c in text[:_HEAD_BYTES])
    words = " ".join(printable.split())
    cut = words[:_SHOWN_CHARACTERS]
    return cut if len(cut) == len(words) else cut + "..."


def _refused(reason: str) -> Verdict:
    return Verdict(reason, (), 0, 0)


def _message_in(text: str) -> str | None:
    """What a page or an error object says, where an answer is one."""
    if not text.strip():
        return "is empty"
    if _PAGE.match(text[:_HEAD_BYTES]):
        title = _TITLE.search(text[:_HEAD_BYTES])
        return f"is a web page: {shown_text(title[1] if title else text)!r}"
    if text.lstrip().startswith("{") and '"error"' in text[:_HEAD_BYTES]:
        try:
            document = json.loads(text)
        except ValueError:
            return None
        if isinstance(document, dict) and "error" in document:
            return f"is an error: {shown_text(str(document['error']))!r}"
    return None


def _unreadable(elements: Sequence[ElementSet], faults: Sequence[LineFault]) -> str | None:
    total = len(elements) + len(faults)
    if faults and not elements:
        return f"holds no element set: {shown_text(faults[0].reason)}"
    if total and len(elements) < LEAST_PARSED * total:
        first = f"line {faults[0].line}: {shown_text(faults[0].reason)}"
        return (
            f"has {len(faults)} bad records of {total} "
            f"(limit {100 * (1 - LEAST_PARSED):.0f} %), the first in {first}"
        )
    return None


def _absent(wanted: Sequence[ElementSet], expected: Expectation) -> str | None:
    if wanted or not expected.needs_wanted:
        return None
    return f"holds none of the {len(expected.wanted)} wanted satellites"


def _ahead(wanted: Sequence[ElementSet], expected: Expectation) -> str | None:
    for elements in wanted:
        ahead_s = -elements.age_s(expected.now)
        if ahead_s > expected.most_future_s:
            return (
                f"has an epoch {ahead_s / 86_400:.1f} days ahead for {elements.norad_cat_id} "
                f"(limit {expected.most_future_s / 86_400:g}); or this clock is wrong"
            )
    return None


def _changed(objects: int, expected: Expectation) -> str | None:
    """One object more or less is never too much: small networks gain and lose satellites."""
    previous = expected.previous_objects
    if previous is None or abs(objects - previous) <= max(1.0, MOST_CHANGE * previous):
        return None
    return (
        f"holds {objects} objects, the previous answer held {previous} "
        f"(limit {100 * MOST_CHANGE:.0f} %)"
    )

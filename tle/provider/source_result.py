"""What came of asking a source, from its single queries to one result."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tle.provider.acceptance import Verdict
from tle.provider.fetches import Outcome
from tle.provider.providers import ElementSource, Query, shown

_WORST_FIRST = (
    Outcome.BLOCKED,
    Outcome.REJECTED,
    Outcome.FAILED,
    Outcome.UNREACHABLE,
    Outcome.ACCEPTED,
    Outcome.UNCHANGED,
    Outcome.NOT_FOUND,
    Outcome.TOO_EARLY,
)


@dataclass(frozen=True, slots=True)
class SourceResult:
    """What came of one source.

    Parameters
    ----------
    source : its name
    outcome : of its queries, the one that a person must know of first
    has_answer : True if a provider's answer was accepted, or is still the newest one
    records : records in the accepted answers
    wanted_sets : sets of wanted satellites among them
    new_sets : those that were not known yet
    missing : wanted catalogue numbers that the answers do not hold
    next_fetch : when the next query may be sent, where one had to wait
    reasons : a sentence for everything that was not accepted
    """

    source: str
    outcome: Outcome
    has_answer: bool
    records: int
    wanted_sets: int
    new_sets: int
    missing: tuple[int, ...]
    next_fetch: datetime | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What came of one query."""

    outcome: Outcome
    query: Query
    verdict: Verdict | None = None
    new_sets: int = 0
    until: datetime | None = None
    reason: str = ""


def summary_of(source: ElementSource, steps: Sequence[Step]) -> SourceResult:
    """One result of all queries that were looked at."""
    outcomes = [step.outcome for step in steps]
    verdicts = [step.verdict for step in steps if step.verdict and step.verdict.reason is None]
    asked = {
        number
        for step in steps
        if step.verdict is not None or step.outcome is Outcome.NOT_FOUND
        for number in step.query.wanted
    }
    present = {number for verdict in verdicts for number in verdict.present}
    waits = [step.until for step in steps if step.until is not None]
    return SourceResult(
        source=source.name,
        outcome=min(outcomes, key=_WORST_FIRST.index, default=Outcome.NOT_FOUND),
        has_answer=bool(verdicts),
        records=sum(verdict.records for verdict in verdicts),
        wanted_sets=sum(len(verdict.elements) for verdict in verdicts),
        new_sets=sum(step.new_sets for step in steps),
        missing=tuple(sorted(asked - present)) if verdicts or Outcome.NOT_FOUND in outcomes else (),
        next_fetch=min(waits, default=None),
        reasons=tuple(_sentence(step) for step in steps if step.reason),
    )


def _sentence(step: Step) -> str:
    """A reason, with the satellite where a query is about one."""
    about = f" ({step.query.wanted[0]})" if len(step.query.wanted) == 1 else ""
    return f"{shown(step.query.url)}{about}: {step.reason}"

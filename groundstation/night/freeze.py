"""What can no longer be changed: passes that start soon, and stations that are out.

The rules it keeps:

1. A pass that starts before `now` plus the freeze keeps its assignment from the plan that people
   hold in their hands: taken stays taken, not taken stays not taken.
2. A pass that this plan does not know starts too soon to be taken.
3. No freeze keeps what must not or cannot be: a pass without permission, without elements, or
   refused for any other reason is dropped, and a sentence says so.
4. A station that is out takes nothing that starts from then on; what has begun goes on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from groundstation.plan.records import Candidate, Plan


@dataclass(frozen=True, slots=True)
class Outage:
    """A station that takes nothing from an instant on, for one night."""

    station: str
    start: datetime
    reason: str


def frozen_assignments(
    previous: Plan | None, candidates: Iterable[Candidate], now: datetime, freeze_s: float
) -> dict[str, bool]:
    """Pass ids that keep their assignment: True taken, False not; empty without a plan before."""
    if previous is None:
        return {}
    taken = {contact.pass_id for contact in previous.contacts}
    limit = now + timedelta(seconds=freeze_s)
    return {
        item.pass_id: item.pass_id in taken for item in candidates if first_instant(item) < limit
    }


def first_instant(candidate: Candidate) -> datetime:
    """When a contact would begin; the rise of a pass that has no usable window."""
    return candidate.windows[0][0] if candidate.windows else candidate.aos


def without_outages(
    candidates: Sequence[Candidate], outages: Sequence[Outage]
) -> tuple[Candidate, ...]:
    """The same passes, those of stations that are out refused with a sentence."""
    since: dict[str, Outage] = {}
    for earlier in sorted(outages, key=lambda outage: outage.start):
        since.setdefault(earlier.station, earlier)
    kept = []
    for item in candidates:
        outage = since.get(item.station)
        if outage is None or item.refusal is not None or first_instant(item) < outage.start:
            kept.append(item)
            continue
        reason = f"{item.station} is out from {outage.start:%H:%M}Z: {outage.reason}"
        kept.append(replace(item, refusal=reason))
    return tuple(kept)


def lost_promises(
    previous: Plan | None, candidates: Iterable[Candidate], now: datetime, freeze_s: float
) -> list[str]:
    """A sentence for every contact that was to be kept and cannot be."""
    if previous is None:
        return []
    by_id = {item.pass_id: item for item in candidates}
    limit = now + timedelta(seconds=freeze_s)
    sentences = []
    for contact in previous.contacts:
        if not contact.start < limit or contact.stop <= now:
            continue
        item = by_id.get(contact.pass_id)
        reason = "it is no pass of this night any more" if item is None else item.refusal
        if reason is not None:
            sentences.append(f"{contact.pass_id} was to be kept but is dropped: {reason}")
    return sentences

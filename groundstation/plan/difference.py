"""What a plan changes against the plan that it replaces, for people who follow it tonight.

Only contacts that both plans could hold are compared: those that start where both look.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from groundstation.plan.records import Contact, Plan

# A shift that nobody has to act on, and the share of key that only tells of newer elements.
LEAST_SHIFT_S = 1.0
LEAST_KEY_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class MovedContact:
    """A contact that both plans have at other times.

    Parameters
    ----------
    start_shift_s, stop_shift_s : later is positive
    """

    pass_id: str
    start_shift_s: float
    stop_shift_s: float


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A contact that both plans have and that brings more or less key now."""

    pass_id: str
    before_bits: int
    after_bits: int


@dataclass(frozen=True, slots=True)
class PlanDifference:
    """One plan against the one before.

    Parameters
    ----------
    previous : id of the plan before
    added, dropped : pass ids in order of start
    moved : those whose start or stop moved by LEAST_SHIFT_S or more
    key_changed : those whose key changed by LEAST_KEY_SHARE or more
    """

    previous: str
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    moved: tuple[MovedContact, ...]
    key_changed: tuple[KeyChange, ...]

    @property
    def is_nothing(self) -> bool:
        """True if nobody has to do anything else than before."""
        return not (self.added or self.dropped or self.moved or self.key_changed)


def plan_difference(
    before: Plan, after: Plan, start: datetime | None = None, stop: datetime | None = None
) -> PlanDifference:
    """Contacts of `after` against those of `before` that start in [start, stop)."""

    def seen(contacts: Iterable[Contact]) -> dict[str, Contact]:
        return {
            c.pass_id: c
            for c in sorted(contacts, key=lambda c: (c.start, c.pass_id))
            if (start is None or c.start >= start) and (stop is None or c.start < stop)
        }

    old, new = seen(before.contacts), seen(after.contacts)
    # A contact that newer elements shift over an edge of the span is not dropped for that.
    everywhere = {c.pass_id for c in after.contacts}, {c.pass_id for c in before.contacts}
    both = [(old[name], new[name]) for name in new if name in old]
    return PlanDifference(
        previous=before.plan_id,
        added=tuple(name for name in new if name not in everywhere[1]),
        dropped=tuple(name for name in old if name not in everywhere[0]),
        moved=tuple(shift for a, b in both if (shift := _moved(a, b)) is not None),
        key_changed=tuple(
            KeyChange(a.pass_id, a.key_bits, b.key_bits)
            for a, b in both
            if abs(b.key_bits - a.key_bits) >= LEAST_KEY_SHARE * max(a.key_bits, 1)
        ),
    )


def _moved(before: Contact, after: Contact) -> MovedContact | None:
    start_s = (after.start - before.start).total_seconds()
    stop_s = (after.stop - before.stop).total_seconds()
    if max(abs(start_s), abs(stop_s)) < LEAST_SHIFT_S:
        return None
    return MovedContact(after.pass_id, start_s, stop_s)


def difference_sentences(difference: PlanDifference) -> tuple[str, ...]:
    """What changed, one sentence for each kind of change; one sentence if nothing did."""
    about = f"against plan {difference.previous}"
    if difference.is_nothing:
        return (f"{about}: the same contacts",)
    lines = []
    for word, names in (("added", difference.added), ("dropped", difference.dropped)):
        if names:
            lines.append(f"{about}, {word}: {', '.join(names)}")
    if difference.moved:
        moves = (f"{m.pass_id} by {_shift(m)}" for m in difference.moved)
        lines.append(f"{about}, moved: {', '.join(moves)}")
    if difference.key_changed:
        changes = (
            f"{k.pass_id} {k.before_bits / 1e3:,.1f} to {k.after_bits / 1e3:,.1f} kbit"
            for k in difference.key_changed
        )
        lines.append(f"{about}, key changed: {', '.join(changes)}")
    return tuple(lines)


def _shift(moved: MovedContact) -> str:
    start, stop = round(moved.start_shift_s), round(moved.stop_shift_s)
    return f"{start:+d} s" if start == stop else f"{start:+d} s (start), {stop:+d} s (stop)"

"""The axis of a timeline: from before the first darkness to after the last, and bars on it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from groundstation.night_records import NightOutcome

Span = tuple[datetime, datetime]

AROUND_DARKNESS = timedelta(minutes=45)
TICK_HOURS = (1, 2, 3, 6)
MOST_TICKS = 14


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: kind (a CSS class), place on the axis, tooltip, link and number of a contact."""

    kind: str
    left_percent: float
    width_percent: float
    tooltip: str
    target: str = ""
    number: str = ""
    is_raised: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """A full hour on the axis; minor ticks lose their label on a narrow screen."""

    left_percent: float
    label: str
    is_minor: bool


@dataclass(frozen=True, slots=True)
class Axis:
    """A span of time that bars are placed on, in per cent of it."""

    start: datetime
    stop: datetime

    @property
    def length_s(self) -> float:
        """Of the whole axis."""
        return (self.stop - self.start).total_seconds()

    def percent(self, instant: datetime) -> float:
        """Where an instant lies, at an end if it lies outside."""
        inside = min(max(instant, self.start), self.stop)
        return 100.0 * (inside - self.start).total_seconds() / self.length_s

    def shows(self, span: Span) -> bool:
        """Whether any of a span lies on the axis."""
        return span[0] < self.stop and span[1] > self.start

    def bar(self, kind: str, span: Span, tooltip: str) -> Bar:
        """A bar over a span, cut at the ends of the axis."""
        left = self.percent(span[0])
        return Bar(kind, left, self.percent(span[1]) - left, tooltip)


def axis_of(outcome: NightOutcome) -> Axis:
    """From before the first to after the last darkness and contact, in full hours."""
    spans = [span for sky in outcome.skies for span in sky.dark]
    spans += [(contact.start, contact.stop) for contact in outcome.plan.contacts]
    if not spans:
        return Axis(outcome.start, max(outcome.stop, outcome.start + timedelta(hours=1)))
    first = min(start for start, _ in spans) - AROUND_DARKNESS
    last = max(stop for _, stop in spans) + AROUND_DARKNESS
    start = first.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    stop = (last.astimezone(UTC) + timedelta(minutes=59, seconds=59)).replace(
        minute=0, second=0, microsecond=0
    )
    return Axis(start, stop)


def ticks_of(axis: Axis) -> tuple[Tick, ...]:
    """Full hours, as many as can be read."""
    hours = axis.length_s / 3600.0
    step = next((step for step in TICK_HOURS if hours / step <= MOST_TICKS), TICK_HOURS[-1])
    at = axis.start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    ticks = []
    while at <= axis.stop:
        if at >= axis.start and at.hour % step == 0:
            minor = (at.hour // step) % 2 == 1
            ticks.append(Tick(axis.percent(at), at.strftime("%H:%M"), minor))
        at += timedelta(hours=1)
    return tuple(ticks)

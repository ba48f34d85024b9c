"""The night of every station as bars on one UTC axis, in per cent of the axis."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from groundstation.network import Station
from groundstation.night_records import NightOutcome, NightPass, StationNight
from groundstation.report.wording import bits, clock, degrees

Span = tuple[datetime, datetime]

AROUND_DARKNESS = timedelta(minutes=45)
# Numbers above contacts closer than this share of the axis stand on two levels.
CLOSE_PERCENT = 4.0
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
class Row:
    """One station: what the sky allows, when it is closed, which passes there are."""

    title: str
    summary: str
    bands: tuple[Bar, ...]
    closed: tuple[Bar, ...]
    others: tuple[Bar, ...]
    taken: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """All rows on one axis, and how many passes lie outside of it."""

    start: datetime
    stop: datetime
    ticks: tuple[Tick, ...]
    rows: tuple[Row, ...]
    outside: int

    def shows(self, night_pass: NightPass) -> bool:
        """Whether any of the pass lies on the axis."""
        return night_pass.aos < self.stop and night_pass.los > self.start


@dataclass(frozen=True, slots=True)
class _Axis:
    start: datetime
    stop: datetime

    @property
    def length_s(self) -> float:
        return (self.stop - self.start).total_seconds()

    def percent(self, instant: datetime) -> float:
        inside = min(max(instant, self.start), self.stop)
        return 100.0 * (inside - self.start).total_seconds() / self.length_s

    def shows(self, span: Span) -> bool:
        return span[0] < self.stop and span[1] > self.start

    def bar(self, kind: str, span: Span, tooltip: str) -> Bar:
        left = self.percent(span[0])
        return Bar(kind, left, self.percent(span[1]) - left, tooltip)


def night_timeline(outcome: NightOutcome, numbers: dict[str, int]) -> Timeline:
    """The timeline of a night.

    Parameters
    ----------
    outcome : the night
    numbers : pass id of each contact to its number in the report, which is also its anchor
    """
    axis = _axis_of(outcome)
    skies = {sky.station: sky for sky in outcome.skies}
    rows = []
    for station in outcome.network.stations:
        passes = [p for p in outcome.passes if p.station == station.name]
        rows.append(_row(axis, outcome, station, skies.get(station.name), passes, numbers))
    outside = sum(not axis.shows((p.aos, p.los)) for p in outcome.passes)
    return Timeline(axis.start, axis.stop, _ticks(axis), tuple(rows), outside)


def _axis_of(outcome: NightOutcome) -> _Axis:
    """From before the first to after the last darkness and contact, in full hours."""
    spans = [span for sky in outcome.skies for span in sky.dark]
    spans += [(contact.start, contact.stop) for contact in outcome.plan.contacts]
    if not spans:
        return _Axis(outcome.start, max(outcome.stop, outcome.start + timedelta(hours=1)))
    first = min(start for start, _ in spans) - AROUND_DARKNESS
    last = max(stop for _, stop in spans) + AROUND_DARKNESS
    start = first.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    stop = (last.astimezone(UTC) + timedelta(minutes=59, seconds=59)).replace(
        minute=0, second=0, microsecond=0
    )
    return _Axis(start, stop)


def _ticks(axis: _Axis) -> tuple[Tick, ...]:
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


def _row(
    axis: _Axis,
    outcome: NightOutcome,
    station: Station,
    sky: StationNight | None,
    passes: Sequence[NightPass],
    numbers: dict[str, int],
) -> Row:
    reasons = {rejection.pass_id: rejection.reason for rejection in outcome.plan.rejections}
    shown = [p for p in passes if axis.shows((p.aos, p.los))]
    others = [_other(axis, p, reasons) for p in shown if p.pass_id not in numbers]
    taken = len([p for p in passes if p.pass_id in numbers])
    return Row(
        title=station.title or station.name,
        summary=f"{taken} of {len(passes)} taken" if passes else "no pass",
        bands=tuple(_bands(axis, sky)),
        closed=tuple(_closed(axis, station)),
        others=tuple(others),
        taken=tuple(_taken(axis, outcome, station, numbers)),
    )


def _bands(axis: _Axis, sky: StationNight | None) -> Iterable[Bar]:
    if sky is None:
        return
    for kind, spans, name in (
        ("dusk", sky.dark, "dark enough for this station"),
        ("nautical", sky.nautical, "Sun below -12°"),
        ("night", sky.astronomical, "Sun below -18°"),
    ):
        for span in spans:
            if axis.shows(span):
                yield axis.bar(kind, span, f"{name}: {clock(span[0])} to {clock(span[1])} UTC")


def _closed(axis: _Axis, station: Station) -> Iterable[Bar]:
    for closure in station.maintenance:
        span = (closure.start, closure.stop)
        if axis.shows(span):
            yield axis.bar("closed", span, f"closed: {closure.reason}")
    for span in _outside_shifts(axis, station):
        yield axis.bar("closed", span, "outside the station's shifts")


def _outside_shifts(axis: _Axis, station: Station) -> list[Span]:
    """Spans of the axis in which nobody works; none where no shift is declared."""
    if not station.shifts:
        return []
    open_spans = []
    day = axis.start.astimezone(UTC).date() - timedelta(days=1)
    while day <= axis.stop.astimezone(UTC).date():
        for shift in station.shifts:
            start = datetime.combine(day, shift.start.replace(tzinfo=None), UTC)
            stop = datetime.combine(day, shift.stop.replace(tzinfo=None), UTC)
            open_spans.append((start, stop if stop > start else stop + timedelta(days=1)))
        day += timedelta(days=1)
    closed, at = [], axis.start
    for start, stop in sorted(open_spans):
        if start > at and at < axis.stop:
            closed.append((at, min(start, axis.stop)))
        at = max(at, stop)
    if at < axis.stop:
        closed.append((at, axis.stop))
    return closed


def _other(axis: _Axis, night_pass: NightPass, reasons: dict[str, str]) -> Bar:
    reason = reasons.get(night_pass.pass_id) or night_pass.refusal or "not taken"
    tooltip = (
        f"{night_pass.satellite}, {clock(night_pass.tca)} UTC, "
        f"{degrees(night_pass.max_elevation_rad)}: {reason}"
    )
    return axis.bar("other", (night_pass.aos, night_pass.los), tooltip)


def _taken(
    axis: _Axis, outcome: NightOutcome, station: Station, numbers: dict[str, int]
) -> Iterable[Bar]:
    chosen = sorted(
        (c for c in outcome.plan.contacts if c.station == station.name), key=lambda c: c.start
    )
    previous, raised = -100.0, False
    for contact in chosen:
        plain = axis.bar("taken", (contact.start, contact.stop), "")
        raised = not raised and plain.left_percent - previous < CLOSE_PERCENT
        previous = plain.left_percent
        number = numbers[contact.pass_id]
        yield Bar(
            plain.kind,
            plain.left_percent,
            plain.width_percent,
            f"contact {number}: {contact.satellite}, {clock(contact.start)} to "
            f"{clock(contact.stop)} UTC, {bits(contact.key_bits)}",
            target=f"contact-{number}",
            number=str(number),
            is_raised=raised,
        )

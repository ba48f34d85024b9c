"""The night of every station as bars on one UTC axis, in per cent of the axis."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from math import isnan

from groundstation.network import Station
from groundstation.night_records import NightOutcome, NightPass, StationNight
from groundstation.report.timeline_axis import Axis, Bar, Span, Tick, axis_of, ticks_of
from groundstation.report.wording import THIN, bits, clock, degrees

# Numbers above contacts closer than this share of the axis stand on two levels.
CLOSE_PERCENT = 4.0
# Of the strip of clouds, in units of its own.
STRIP_WIDTH, STRIP_HEIGHT = 1_000, 9
# Passes not taken up to which each bar says why.
MOST_REASONS = 200


@dataclass(frozen=True, slots=True)
class CloudBar:
    """A stretch of mean cloud cover; None where the weather is not known."""

    left_percent: float
    width_percent: float
    cover: float | None
    tooltip: str


@dataclass(frozen=True, slots=True)
class Row:
    """One station: what the sky allows, when it is closed, which passes there are."""

    title: str
    summary: str
    clouds: tuple[CloudBar, ...]
    bands: tuple[Bar, ...]
    closed: tuple[Bar, ...]
    others: tuple[Bar, ...]
    taken: tuple[Bar, ...]

    @property
    def strip(self) -> tuple[tuple[float | None, str], ...]:
        """Each cover with the path of its stretches, STRIP_WIDTH wide; one path for all of them."""
        paths: dict[float | None, str] = {}
        for bar in self.clouds:
            left = round(STRIP_WIDTH * bar.left_percent / 100.0)
            width = round(STRIP_WIDTH * (bar.left_percent + bar.width_percent) / 100.0) - left
            # What is not known is a thin line in the middle.
            top, height = (0, STRIP_HEIGHT) if bar.cover is not None else (STRIP_HEIGHT // 2, 1)
            path = f"M{left} {top}h{width}v{height}h-{width}z"
            paths[bar.cover] = paths.get(bar.cover, "") + path
        return tuple(paths.items())


@dataclass(frozen=True, slots=True)
class Timeline:
    """All rows on one axis, and how many passes lie outside of it.

    `has_clouds` tells whether the weather of any station is known.
    """

    start: datetime
    stop: datetime
    ticks: tuple[Tick, ...]
    rows: tuple[Row, ...]
    outside: int
    has_clouds: bool

    def shows(self, night_pass: NightPass) -> bool:
        """Whether any of the pass lies on the axis."""
        return night_pass.aos < self.stop and night_pass.los > self.start


def night_timeline(outcome: NightOutcome, numbers: dict[str, int]) -> Timeline:
    """The timeline of a night.

    Parameters
    ----------
    outcome : the night
    numbers : pass id of each contact to its number in the report, which is also its anchor
    """
    axis = axis_of(outcome)
    skies = {sky.station: sky for sky in outcome.skies}
    rows = []
    for station in outcome.network.stations:
        passes = [p for p in outcome.passes if p.station == station.name]
        rows.append(_row(axis, outcome, station, skies.get(station.name), passes, numbers))
    outside = sum(not axis.shows((p.aos, p.los)) for p in outcome.passes)
    has_clouds = bool(outcome.clouds)
    return Timeline(axis.start, axis.stop, ticks_of(axis), tuple(rows), outside, has_clouds)


def _row(
    axis: Axis,
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
        clouds=tuple(_clouds(axis, outcome, station)),
        bands=tuple(_bands(axis, sky)),
        closed=tuple(_closed(axis, station)),
        others=tuple(others),
        taken=tuple(_taken(axis, outcome, station, numbers)),
    )


def _bands(axis: Axis, sky: StationNight | None) -> Iterable[Bar]:
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


def _clouds(axis: Axis, outcome: NightOutcome, station: Station) -> Iterable[CloudBar]:
    """Mean cover in tenths; neighbours of one tenth are one bar."""
    if not outcome.clouds:
        return
    cloud = next((c for c in outcome.clouds if c.station == station.name), None)
    if cloud is None:
        yield CloudBar(0.0, 100.0, None, "cloud: not known")
        return
    edges = [cloud.epoch + timedelta(seconds=second) for second in cloud.times_s]
    # A sample stands for the span around it, up to half way to its neighbours.
    middles = [a + (b - a) / 2 for a, b in pairwise(edges)]
    tenths = [None if isnan(mean) else round(10.0 * mean) for mean in cloud.mean]
    spans = zip(tenths, [edges[0], *middles], [*middles, edges[-1]], strict=True)
    for tenth, group in groupby(spans, key=lambda item: item[0]):
        found = list(group)
        span = (found[0][1], found[-1][2])
        if axis.shows(span):
            bar = axis.bar("cloud", span, "")
            when = f"{clock(span[0])} to {clock(span[1])} UTC"
            words = "not known" if tenth is None else f"{10 * tenth}{THIN}% on average"
            yield CloudBar(
                bar.left_percent,
                bar.width_percent,
                None if tenth is None else tenth / 10.0,
                f"cloud {when}: {words}",
            )


def _closed(axis: Axis, station: Station) -> Iterable[Bar]:
    for closure in station.maintenance:
        span = (closure.start, closure.stop)
        if axis.shows(span):
            yield axis.bar("closed", span, f"closed: {closure.reason}")
    for span in _outside_shifts(axis, station):
        yield axis.bar("closed", span, "outside the station's shifts")


def _outside_shifts(axis: Axis, station: Station) -> list[Span]:
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


def _other(axis: Axis, night_pass: NightPass, reasons: dict[str, str]) -> Bar:
    # The table has the whole reason; here its first clause is enough, and a page with many passes
    # would say all of them twice.
    tooltip = (
        f"{night_pass.satellite}, {clock(night_pass.tca)} UTC, "
        f"{degrees(night_pass.max_elevation_rad)}"
    )
    if len(reasons) <= MOST_REASONS:
        reason = reasons.get(night_pass.pass_id) or night_pass.refusal or "not taken"
        tooltip += f": {reason.split(';')[0]}"
    return axis.bar("other", (night_pass.aos, night_pass.los), tooltip)


def _taken(
    axis: Axis, outcome: NightOutcome, station: Station, numbers: dict[str, int]
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

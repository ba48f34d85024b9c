"""The timeline: bars where the clock says, shifts that wrap, numbers that keep apart."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from groundstation.network import Shift
from groundstation.report.timeline import night_timeline


@pytest.fixture(scope="module")
def numbers(night):
    return {c.pass_id: n for n, c in enumerate(night.plan.contacts, start=1)}


@pytest.fixture(scope="module")
def timeline(night, numbers):
    return night_timeline(night, numbers)


def row_of(timeline, title):
    return next(row for row in timeline.rows if row.title == title)


def test_the_axis_runs_over_full_hours_around_the_darkness(night, timeline):
    spans = [span for sky in night.skies for span in sky.dark]
    assert timeline.start <= min(start for start, _ in spans)
    assert timeline.stop >= max(stop for _, stop in spans)
    assert (timeline.start.minute, timeline.stop.minute) == (0, 0)
    assert timeline.ticks[0].left_percent == 0.0
    assert timeline.ticks[-1].left_percent == 100.0


def test_a_contact_stands_where_the_clock_says(night, timeline):
    contact = night.plan.contacts[0]
    bars = [bar for row in timeline.rows for bar in row.taken]
    bar = next(bar for bar in bars if bar.number == "1")
    length_s = (timeline.stop - timeline.start).total_seconds()
    begins = 100.0 * (contact.start - timeline.start).total_seconds() / length_s
    lasts = 100.0 * (contact.stop - contact.start).total_seconds() / length_s
    assert (bar.left_percent, bar.width_percent) == pytest.approx((begins, lasts), rel=1e-9)
    assert bar.target == "contact-1"


def test_every_pass_is_a_bar_or_counted_as_outside(night, timeline):
    shown = sum(len(row.taken) + len(row.others) for row in timeline.rows)
    assert shown + timeline.outside == len(night.passes)


def test_darker_bands_lie_within_lighter_ones(timeline):
    row = row_of(timeline, "Skinakas")
    dusk, nautical, dark = row.bands
    assert [band.kind for band in row.bands] == ["dusk", "nautical", "night"]
    for outer, inner in ((dusk, nautical), (nautical, dark)):
        assert outer.left_percent < inner.left_percent
        outer_end = outer.left_percent + outer.width_percent
        assert inner.left_percent + inner.width_percent < outer_end


def test_a_shift_over_midnight_closes_the_rest_of_the_day(night, numbers):
    # Calern works from 19:00 to 03:00 UTC.
    timeline = night_timeline(night, numbers)
    before, after = row_of(timeline, "Calern").closed
    length_h = (timeline.stop - timeline.start).total_seconds() / 3600.0
    opens = datetime(2026, 6, 14, 19, tzinfo=UTC)
    closes = datetime(2026, 6, 15, 3, tzinfo=UTC)
    per_hour = 100.0 / length_h
    assert before.left_percent == 0.0
    assert before.width_percent == pytest.approx(
        per_hour * (opens - timeline.start).total_seconds() / 3600.0
    )
    assert after.left_percent == pytest.approx(
        per_hour * (closes - timeline.start).total_seconds() / 3600.0
    )
    assert after.left_percent + after.width_percent == pytest.approx(100.0)


def test_a_station_without_shifts_is_open(night, numbers):
    assert row_of(night_timeline(night, numbers), "Skinakas").closed == ()


def test_shifts_that_meet_leave_no_gap(night, numbers):
    stations = tuple(
        replace(s, shifts=(Shift(time(12), time(0)), Shift(time(0), time(12))), maintenance=())
        for s in night.network.stations
    )
    outcome = replace(night, network=replace(night.network, stations=stations))
    assert all(row.closed == () for row in night_timeline(outcome, numbers).rows)


def test_numbers_of_close_contacts_stand_on_two_levels(night):
    first, step = night.plan.contacts[0], timedelta(minutes=10)
    others = [
        replace(
            first,
            pass_id=f"p{k}",
            windows=((first.start + k * step, first.stop + k * step),),
        )
        for k in range(3)
    ]
    outcome = replace(night, plan=replace(night.plan, contacts=tuple(others)))
    timeline = night_timeline(outcome, {f"p{k}": k + 1 for k in range(3)})
    raised = [bar.is_raised for row in timeline.rows for bar in row.taken]
    assert raised == [False, True, False]


def test_without_darkness_the_whole_night_is_shown(empty_night):
    bright = replace(
        empty_night,
        skies=tuple(replace(s, dark=(), nautical=(), astronomical=()) for s in empty_night.skies),
    )
    timeline = night_timeline(bright, {})
    assert (timeline.start, timeline.stop) == (bright.start, bright.stop)
    assert all(row.summary == "no pass" for row in timeline.rows)

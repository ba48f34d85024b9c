"""`groundstation` alone says what is on, what comes next and how fresh the plan is."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from groundstation.cli.main import groundstation
from groundstation.cli.tonight import in_words, status_lines
from groundstation.errors import StateError

DOCUMENT = {
    "warnings": ["no weather"],
    "contacts": [
        {
            "satellite": "qube-2", "station": "graz",
            "start_utc": "2026-06-14T22:00:00.000Z", "stop_utc": "2026-06-14T22:04:00.000Z",
        },
        {
            "satellite": "spoqc", "station": "matera",
            "start_utc": "2026-06-14T20:00:00.000Z", "stop_utc": "2026-06-14T20:05:00.000Z",
        },
    ],
    "elements": [
        {"epoch_utc": "2026-06-13T12:00:00.000Z"},
        {"epoch_utc": "2026-06-12T12:00:00.000Z"},
    ],
}  # fmt: skip


def said(hour, minute=0, **changes):
    now = datetime(2026, 6, 14, hour, minute, tzinfo=UTC)
    return list(status_lines(DOCUMENT | changes, now))


def test_the_next_contact_is_the_earliest_that_is_not_over():
    assert said(12) == [
        "degraded: no weather",
        "next: spoqc over matera at 20:00:00 UTC, in 8 h 0 min",
        "elements: the oldest are 2.0 d old",
    ]
    assert said(20, 5)[1] == "next: qube-2 over graz at 22:00:00 UTC, in 1 h 55 min"


def test_a_contact_that_runs_is_now():
    assert said(20, 0)[1] == "now: spoqc over matera until 20:05:00 UTC"
    assert said(22, 3)[1] == "now: qube-2 over graz until 22:04:00 UTC"


def test_a_night_that_is_over_says_so_and_an_empty_one_says_nothing():
    assert said(22, 4)[1] == "next: nothing, all contacts of this night are over"
    assert said(12, warnings=[], contacts=[], elements=[]) == []


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=59), "59 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=23, minutes=59), "23 h 59 min"),
        (timedelta(days=2, hours=3, minutes=4), "2 d 3 h"),
    ],
)
def test_spans_are_told_in_two_parts_at_most(span, text):
    assert in_words(span) == text


def test_a_damaged_plan_is_an_error_with_a_way_out(tmp_path):
    CliRunner().invoke(groundstation, ["init", str(tmp_path), "--example", "micius-2016"])
    night = tmp_path / "nights" / "2016-12-19"
    night.mkdir(parents=True)
    (night / "plan.json").write_text("{", encoding="utf-8")
    called = CliRunner().invoke(groundstation, ["-c", str(tmp_path / "groundstation.toml")])
    assert isinstance(called.exception, StateError)
    assert "cannot be read" in str(called.exception)
    assert called.exception.hint == "groundstation nightly writes it again"

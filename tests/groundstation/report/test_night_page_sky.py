"""What the page of a night says of the sky, of permission and of what is degraded."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from groundstation.night_records import PassWeather
from groundstation.permission.records import Origin, PermissionKind
from groundstation.report.night_page import render_night
from groundstation.weather.clear_line_of_sight import ClearChance


def chance(item, probability, reason=""):
    return ClearChance(
        pass_id=item.pass_id,
        station=item.station,
        probability=probability,
        by_member=np.full(20, probability),
        member_p10=probability,
        member_p90=probability,
        low=probability - 0.125,
        high=probability + 0.125,
        model_low=probability - 0.0625,
        model_high=probability + 0.0625,
        model="Kauth and Penquite",
        source="icon_d2",
        reason=reason,
    )


@pytest.fixture
def under_sky(night):
    """The first pass with a known chance, the second with one that is not known."""
    first, second, *others = night.passes
    known = chance(first, 0.625)
    unknown = chance(second, float("nan"), "forecast is 14 h old")
    passes = (
        replace(first, clear=PassWeather(known, (known,))),
        replace(second, clear=PassWeather(unknown, (unknown,))),
        *(replace(item, clear=None) for item in others),
    )
    return replace(night, passes=passes)


def plain(page):
    """The text of a page without its tags, blanks as one."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("<script")[0]).replace("\u202f", "").split())


def test_the_chance_of_a_clear_sky_stands_beside_the_key_with_its_interval(under_sky, night):
    page = render_night(under_sky)
    assert "P(clear)" in page
    # 62.5 % with the wider of both intervals, 50 to 75 %.
    assert "62% 50% – 75%" in plain(page)
    assert 'title="forecast is 14 h old">unknown</td>' in page
    assert "is never multiplied into its key" in page
    without = render_night(
        replace(night, passes=tuple(replace(p, clear=None) for p in night.passes))
    )
    assert "P(clear)" not in without
    assert "of the weather nothing is known here" in without


def test_a_pass_that_is_frozen_says_so(night):
    contact = night.plan.contacts[0]
    assert "within the freeze" not in render_night(replace(night, frozen=()))
    page = render_night(replace(night, frozen=(contact.pass_id,)))
    assert page.count("kept as it was: it starts within the freeze") == 1


def test_permission_is_shown_with_its_origin(night):
    dated = datetime(2026, 6, 14, 9, 30, tzinfo=UTC)
    origins = (
        Origin("lch", PermissionKind.WINDOWS, "windows.csv", "ab" * 32, dated, "2 windows <b>"),
        Origin("flag", PermissionKind.GO_FLAG, "go.txt", "", None, "no: it is not there"),
    )
    assert "Permission to shine" not in render_night(replace(night, permissions=()))
    page = render_night(replace(night, permissions=origins))
    assert "Permission to shine" in page
    assert "2 windows &lt;b&gt;" in page
    assert "ab" * 32 in page
    assert "no: it is not there" in page
    assert "could not be read" in page


def test_a_degraded_night_says_so_before_anything_else(night):
    warnings = ("matera: weather unknown: forecast is 14 h old", "elements of x are 4 days old")
    text = plain(render_night(replace(night, warnings=warnings)))
    said = text.index("This night is degraded: 2 things are missing, old or left out.")
    assert said < text.index("matera: weather unknown") < text.index("Key, clear sky")
    assert "This night is degraded" not in render_night(replace(night, warnings=()))

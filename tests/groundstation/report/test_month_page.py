"""The month's page: sums by hand, what is missing first, names that break nothing."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from groundstation.errors import UsageError
from groundstation.export.plan_document import plan_document
from groundstation.month_records import MonthOutcome, PlannedNight
from groundstation.night.month import is_month, month_outcome
from groundstation.report.figures.month import drift_figure, nights_figure, results_figure
from groundstation.report.month_numbers import month_numbers
from groundstation.report.month_page import render_month
from groundstation.results.records import Result, Sky
from groundstation.results.store import RecordedResult

NOW = datetime(2026, 7, 1, 6, tzinfo=UTC)
HOSTILE = 'Löwe "A" & <script>alert(1)</script> 東京' + "x" * 200


def result_of(contact, sky, key_bits):
    return RecordedResult(
        version=1,
        night="2026-06-14",
        satellite=contact.satellite,
        station=contact.station,
        result=Result(contact.pass_id, sky, key_bits=key_bits),
        forecast=None,
        is_hindsight=False,
        file="x.json",
        recorded_at=NOW,
    )


@pytest.fixture(scope="module")
def month(night):
    document = json.loads(json.dumps(plan_document(night)))
    contacts = night.plan.contacts
    return MonthOutcome(
        network=night.network,
        month="2026-06",
        days=30,
        generated=NOW,
        nights=(PlannedNight("2026-06-14", document), PlannedNight("2026-06-15", document)),
        results=(
            result_of(contacts[0], Sky.CLEAR, 12_345),
            result_of(contacts[1], Sky.CLOUDED_OUT, None),
        ),
        scores=(),
        calibration=None,
        accounts=(
            {
                "schema": "key-month/1",
                "node": "graz",
                "month": "2026-06",
                "rows": [
                    {
                        "a": "graz", "b": "matera", "opening_bits": 0, "imported_bits": 4096,
                        "received_by_relay_bits": 1024, "delivered_bits": 256,
                        "relayed_away_bits": 1024, "authentication_bits": 512,
                        "expired_bits": 0, "burned_bits": 8, "closing_bits": 3320,
                        "demands": "bank", "wanted_bits": 5120, "demand_met": 1.0,
                    }
                ],
            },
        ),
        missing=("the ledger of matera could not be read",),
        version="0.1.0",
    )  # fmt: skip


def test_sums_are_those_of_both_nights(month, night):
    numbers = month_numbers(month)
    head = numbers["headline"]
    assert head["contacts_planned"] == 2 * len(night.plan.contacts)
    assert head["key_planned_bits"] == 2 * sum(c.key_bits for c in night.plan.contacts)
    assert head["key_received_bits"] == 12_345
    assert (head["contacts_recorded"], head["contacts_with_key"]) == (2, 1)
    assert head["contacts_clouded_out"] == 1
    for row, delivery in zip(numbers["pairs"], night.plan.deliveries, strict=True):
        assert row["planned_bits"] == 2 * delivery.delivered_bits
        assert row["wanted_bits"] == 2 * delivery.wanted_bits
        share = min(delivery.delivered_bits / delivery.wanted_bits, 1.0)
        assert row["worst_night_fraction"] == pytest.approx(share)


def test_more_than_was_asked_for_one_pair_does_not_hide_what_another_lacks(month, night):
    head = month_numbers(month)["headline"]
    useful = sum(min(d.delivered_bits, d.wanted_bits) for d in night.plan.deliveries)
    wanted = sum(d.wanted_bits for d in night.plan.deliveries)
    assert head["fraction_of_demand_planned"] == pytest.approx(useful / wanted)


def test_a_station_is_busy_in_its_windows_only(month, night):
    rows = {row["station"]: row for row in month_numbers(month)["stations"]}
    for station in night.network.stations:
        mine = [c for c in night.plan.contacts if c.station == station.name]
        seconds = sum(((b - a) for c in mine for a, b in c.windows), timedelta())
        # Instants of a plan are written to the millisecond.
        assert rows[station.name]["busy_h"] == pytest.approx(
            2 * seconds.total_seconds() / 3_600.0, abs=1e-5
        )


def test_what_is_missing_stands_first(month, night):
    page = render_month(month)
    notice = page.index('id="notices"')
    assert notice < page.index('aria-label="Headline"')
    assert "the ledger of matera could not be read" in page
    assert "28 of 30 nights have no published plan on record" in page
    count = len(night.plan.contacts)
    assert f"{count - 2} of {count} planned contacts have no result on record" in page


def test_the_ledger_of_the_page_is_that_of_the_account(month):
    page = render_month(month)
    (row,) = re.findall(r"graz – matera.*?</tr>", page, re.DOTALL)
    for text in ("4.10\u202fkbit", "256\u202fbit", "512\u202fbit", "8\u202fbit", "3.32\u202fkbit"):
        assert text in row


def test_the_json_in_the_page_is_the_numbers(month):
    page = render_month(month)
    (data,) = re.findall(r'id="month-data">(.*?)</script>', page, re.DOTALL)
    assert json.loads(data) == json.loads(json.dumps(month_numbers(month)))


def test_the_page_asks_for_nothing_and_is_the_same_every_time(month):
    page = render_month(month)
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert page == render_month(month)


def test_hostile_names_break_nothing(month):
    network = replace(
        month.network,
        title=HOSTILE,
        stations=tuple(replace(s, title=HOSTILE) for s in month.network.stations),
        sites=tuple(replace(s, title=HOSTILE) for s in month.network.sites),
    )
    page = render_month(replace(month, network=network, missing=(HOSTILE,)))
    assert "<script>alert" not in page

    still_open = []

    class Strict(HTMLParser):
        def handle_starttag(self, tag, attrs):
            del attrs
            if tag not in {"meta", "br", "path", "rect", "circle", "use", "link"}:
                still_open.append(tag)

        def handle_startendtag(self, tag, attrs):
            del tag, attrs

        def handle_endtag(self, tag):
            assert still_open.pop() == tag

    Strict().feed(page)
    assert not still_open


def test_a_month_without_state_says_so(night):
    outcome = month_outcome(night.network, "2026-02", None, now=NOW)
    assert outcome.days == 28
    page = render_month(outcome)
    assert "28 of 28 nights have no published plan" in page
    assert "No result is on record." in page


@pytest.mark.parametrize("text", ["2026-13", "2026-6", "2026-06-14", "june"])
def test_what_is_no_month_is_refused(night, text):
    assert not is_month(text)
    with pytest.raises(UsageError, match="is no month"):
        month_outcome(night.network, text, None, now=NOW)


def drawn(results):
    return results_figure(tuple(results))


def clear(key_bits, p10, p50, p90, *, sky=Sky.CLEAR, is_hindsight=False):
    spread = SimpleNamespace(key_bits=SimpleNamespace(p10=p10, p50=p50, p90=p90))
    return SimpleNamespace(
        result=SimpleNamespace(sky=sky, key_bits=key_bits),
        forecast=SimpleNamespace(spread=spread),
        is_hindsight=is_hindsight,
    )


def test_what_came_outside_its_bar_is_a_ring_and_inside_a_dot():
    body = drawn([clear(50e3, 40e3, 50e3, 60e3), clear(70e3, 40e3, 50e3, 60e3)]).body
    assert body.count('fill="var(--good)"') == 1
    assert body.count('stroke="var(--taken)"') == 1


def test_clouds_and_hindsight_are_not_drawn():
    assert drawn([clear(0, 1e3, 2e3, 3e3, sky=Sky.CLOUDED_OUT)]) is None
    assert drawn([clear(2e3, 1e3, 2e3, 3e3, is_hindsight=True)]) is None


def test_the_highest_bar_of_the_nights_is_the_largest_night():
    rows = [
        {"night": "2026-06-01", "key_planned_bits": 4_000_000, "key_received_bits": 1_000_000},
        {"night": "2026-06-30", "key_planned_bits": 2_000_000, "key_received_bits": 0},
    ]
    body = nights_figure(rows, 30).body
    heights = [int(h) for h in re.findall(r'height="(\d+)" fill="var\(--(?:pass|taken)\)"', body)]
    assert heights[0] == max(heights)
    assert heights[1] == pytest.approx(heights[0] / 4, abs=1)
    assert heights[2] == pytest.approx(heights[0] / 2, abs=1)


def test_a_station_is_used_as_often_as_it_could_have_been(month):
    document = {
        "contacts": [{**month.nights[0].document["contacts"][0], "station": "graz"}],
        "rejections": [
            # One that could have been taken, one that could not, one of a station that is gone.
            {"pass_id": "SPOQC-graz-20260614T2043", "regret_kbit": 3.5},
            {"pass_id": "SPOQC-graz-20260614T1043", "regret_kbit": None},
            {"pass_id": "SPOQC-atlantis-20260614T2143", "regret_kbit": 1.0},
        ],
        "deliveries": [],
        "warnings": [],
        "plan_id": "0123456789ab",
    }
    single = replace(month, nights=(PlannedNight("2026-06-14", document),), results=())
    rows = {row["station"]: row for row in month_numbers(single)["stations"]}
    assert (rows["graz"]["usable_passes"], rows["graz"]["utilisation"]) == (2, 0.5)
    assert (rows["matera"]["usable_passes"], rows["matera"]["utilisation"]) == (0, None)
    assert "Of its passes" in render_month(single)


def drift_row(losses, *, is_flagged=False):
    periods = [{"loss_db": loss, "sigma_db": 0.2} for loss in losses]
    return {
        "station": "graz", "satellite": "SPOQC", "is_flagged": is_flagged, "periods": periods,
    }  # fmt: skip


def test_drift_is_drawn_period_by_period():
    drawn = drift_figure([drift_row([1.0, 1.5, 3.0], is_flagged=True), drift_row([0.0, 0.1])])
    assert drawn is not None
    assert drawn.body.count('fill="var(--taken)"') == 3
    assert drawn.body.count('fill="var(--good)"') == 2
    heights = [float(y) for y in re.findall(r'<circle cx="\d+" cy="(\d+)"', drawn.body)]
    # More loss stands higher, and y runs down: 1.0, 1.5 and 3.0 dB are in the ratio 1 to 3.
    assert heights[0] > heights[1] > heights[2]
    assert (heights[1] - heights[2]) / (heights[0] - heights[1]) == pytest.approx(3.0, rel=0.02)


def test_one_period_alone_has_no_drift_to_draw():
    assert drift_figure([drift_row([1.0])]) is None
    assert drift_figure([]) is None

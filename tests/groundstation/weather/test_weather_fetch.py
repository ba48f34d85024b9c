"""A provider that behaves badly neither fools a station nor is asked more often than it allows."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlite_utils import Database

from groundstation.weather.errors import WeatherError
from groundstation.weather.fetch import fetch_weather, held_weather
from groundstation.weather.open_meteo_source import (
    ADDRESSES,
    MEMBERS,
    WeatherApi,
    WeatherSource,
    query_url,
)
from groundstation.weather.records import Quantity, StationPoint
from groundstation.weather.scenarios import joint_scenarios
from tle.provider import fetches
from tle.provider.fetches import Outcome
from tle.provider.transport import Limits, Transport

NOW = datetime(2026, 6, 14, 12, 10, tzinfo=UTC)
MIDNIGHT = datetime(2026, 6, 14, tzinfo=UTC)
QUICK = Limits(connect_s=0.5, read_s=0.3, total_s=3.0, size_bytes=200_000, pauses_s=(0.5, 1.0))
MATERA = StationPoint("matera", 40.6486, 16.7046)
CALERN = StationPoint("calern", 43.7537, 6.9230)
HOUR = timedelta(hours=1)


def document(path, cover=40, members=20, start=MIDNIGHT, hours=72):
    """What the ensemble API answers to a query, with the same cover in every hour."""
    query = parse_qs(urlsplit(path).query)
    times = [f"{start + i * HOUR:%Y-%m-%dT%H:%M}" for i in range(hours)]
    names = ["cloud_cover", *(f"cloud_cover_member{i:02d}" for i in range(1, members))]
    return {
        "latitude": float(query["latitude"][0]) + 0.01,
        "longitude": float(query["longitude"][0]) - 0.01,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "hourly_units": {"time": "iso8601"} | dict.fromkeys(names, "%"),
        "hourly": {"time": times} | {name: [cover] * hours for name in names},
    }


class Desk:
    """A database on disk, a clock that is set by hand, and one source."""

    def __init__(self, folder, provider, reply):
        self.path = folder / "state.db"
        self.provider, self.reply = provider, reply
        self.source = WeatherSource("om", WeatherApi.ENSEMBLE, provider.url, "icon_d2")
        self.now = NOW
        self.pauses_s: list[float] = []

    def open(self):
        db = Database(self.path)
        fetches.migrations.apply(db)
        return db

    def fetch(self, *points, force=False):
        """As a fresh process would: a new connection, a new transport."""
        db = self.open()
        try:
            return fetch_weather(
                db,
                self.source,
                points or (MATERA,),
                now=lambda: self.now,
                transport=Transport("test", QUICK, sleep=self.pauses_s.append),
                force=force,
            )
        finally:
            db.close()

    def says(self, **changes):
        headers = changes.pop("headers", {})
        self.provider.answer = lambda path: self.reply(
            json.dumps(document(path, **changes)), headers=headers
        )

    def rows(self):
        db = self.open()
        try:
            return list(db.table("fetch").rows_where(order_by="id"))
        finally:
            db.close()

    def refusal(self):
        """Reason of an answer that is not believed."""
        (result,) = self.fetch()
        assert result.outcome is Outcome.REJECTED
        assert result.weather is None
        assert self.rows()[-1]["reason"] == result.reason
        return result.reason


@pytest.fixture
def desk(tmp_path, provider, reply):
    made = Desk(tmp_path, provider, reply)
    made.says()
    return made


def cover_of(result):
    return result.weather.series[Quantity.CLOUD_TOTAL][0, 0]


def test_a_good_answer_is_stored_with_its_source_and_time(desk):
    (result,) = desk.fetch()
    assert result.outcome is Outcome.ACCEPTED
    assert result.weather.provenance.retrieved_at == NOW
    assert len(result.weather.members) == 20
    (row,) = desk.rows()
    assert (row["status"], row["objects"], row["outcome"]) == (200, 20, "accepted")
    assert row["sha256"] == result.weather.provenance.sha256
    assert row["retrieved_at"] == "2026-06-14T12:10:00Z"


def test_the_query_asks_for_utc_and_metres_per_second():
    source = WeatherSource("om", WeatherApi.ENSEMBLE, ADDRESSES[WeatherApi.ENSEMBLE], "icon_d2")
    parts = urlsplit(query_url(source, MATERA))
    assert (parts.scheme, parts.netloc) == ("https", "ensemble-api.open-meteo.com")
    assert parts.path == "/v1/ensemble"
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert query["timezone"] == "GMT"
    assert query["wind_speed_unit"] == "ms"
    assert query["models"] == "icon_d2"
    assert (query["latitude"], query["longitude"]) == ("40.6486", "16.7046")
    forecast = replace(source, api=WeatherApi.FORECAST)
    assert urlsplit(query_url(forecast, MATERA)).path == "/v1/forecast"
    assert "cloud_cover_high" in query_url(forecast, MATERA)
    assert (source.members, forecast.members) == (MEMBERS["icon_d2"], 1)


def test_stations_that_were_asked_together_are_the_same_worlds(desk):
    results = desk.fetch(MATERA, CALERN)
    assert [result.station for result in results] == ["matera", "calern"]
    joint = joint_scenarios([result.weather for result in results])
    assert len(joint.members) == 20


def test_nothing_is_asked_twice_within_an_hour(desk):
    desk.fetch()
    desk.now = NOW + timedelta(minutes=59)
    (result,) = desk.fetch(force=True)
    assert result.outcome is Outcome.TOO_EARLY
    assert result.until == NOW + HOUR
    # What is held is still there, and as old as it is.
    assert result.weather.provenance.retrieved_at == NOW
    assert len(desk.provider.paths) == 1
    desk.now = NOW + HOUR
    assert desk.fetch()[0].outcome is Outcome.UNCHANGED
    assert len(desk.provider.paths) == 2


def test_an_answer_that_has_not_changed_is_not_younger_for_it(desk):
    desk.says(headers={"ETag": '"a"', "Last-Modified": "Sun, 14 Jun 2026 12:00:00 GMT"})
    desk.fetch()
    desk.provider.answer = lambda _: desk.reply(status=304)
    desk.now = NOW + 2 * HOUR
    (result,) = desk.fetch()
    assert result.outcome is Outcome.UNCHANGED
    assert desk.provider.headers[1]["if-none-match"] == '"a"'
    assert desk.provider.headers[1]["if-modified-since"] == "Sun, 14 Jun 2026 12:00:00 GMT"
    assert result.weather.provenance.retrieved_at == NOW
    assert desk.rows()[-1]["retrieved_at"] == "2026-06-14T14:10:00Z"
    # And once more: the validators are those of the answer that is held.
    desk.now = NOW + 4 * HOUR
    assert desk.fetch()[0].outcome is Outcome.UNCHANGED
    assert desk.provider.headers[2]["if-none-match"] == '"a"'


def test_an_old_answer_that_comes_back_is_as_old_as_it_is(desk):
    for hours, cover in ((0, 40), (2, 70), (4, 40)):
        desk.now = NOW + hours * HOUR
        desk.says(cover=cover)
        (result,) = desk.fetch()
        assert result.outcome is Outcome.ACCEPTED
    assert cover_of(result) == pytest.approx(0.4)
    assert result.weather.provenance.retrieved_at == NOW


def test_a_truncated_answer_is_refused_and_asked_again_only_after_a_pause(desk):
    body = json.dumps(document(query_url(desk.source, MATERA)))
    desk.provider.answer = lambda _: desk.reply(body[:500], length=len(body))
    (result,) = desk.fetch()
    assert result.outcome is Outcome.FAILED
    assert "bytes of the answer are missing" in result.reason
    assert len(desk.provider.paths) == 3
    assert desk.pauses_s == [0.5, 1.0]
    assert desk.fetch()[0].outcome is Outcome.TOO_EARLY
    assert len(desk.provider.paths) == 3


def test_an_answer_that_is_cut_and_claims_to_be_whole_is_refused(desk):
    body = json.dumps(document(query_url(desk.source, MATERA)))
    desk.provider.answer = lambda _: desk.reply(body[:500])
    assert "om matera: line 1, column " in desk.refusal()


def test_an_error_page_with_status_200_is_refused(desk):
    desk.provider.answer = lambda _: desk.reply("<!DOCTYPE html><title>Bad gateway</title>")
    assert "is a web page, not JSON" in desk.refusal()


def test_an_error_document_with_status_200_is_refused_with_its_reason(desk):
    said = json.dumps({"error": True, "reason": "Daily API request limit exceeded."})
    desk.provider.answer = lambda _: desk.reply(said)
    assert "'Daily API request limit exceeded.'" in desk.refusal()


def test_wrong_units_are_refused(desk):
    def answer(path):
        made = document(path)
        made["hourly_units"]["cloud_cover_member07"] = "okta"
        return desk.reply(json.dumps(made))

    desk.provider.answer = answer
    assert desk.refusal() == "om matera: hourly_units.cloud_cover_member07: 'okta' is not %"


def test_members_that_are_missing_are_refused(desk):
    desk.says(members=19)
    assert "has 19 members, icon_d2 has 20" in desk.refusal()


@pytest.mark.parametrize("days", [-30, 30])
def test_a_forecast_that_does_not_cover_the_present_is_refused(desk, days):
    desk.says(start=MIDNIGHT + timedelta(days=days))
    reason = desk.refusal()
    assert "not the present; or this clock is wrong" in reason


def test_a_request_that_is_dated_after_now_shows_that_the_clock_was_wrong(desk):
    desk.now = NOW + timedelta(days=400)
    desk.fetch()
    desk.now = NOW
    (result,) = desk.fetch()
    assert result.outcome is Outcome.TOO_EARLY
    assert result.reason == "the last request is dated after now; check the clock"
    assert desk.fetch(force=True)[0].outcome is Outcome.ACCEPTED


def test_a_flood_is_cut_off(desk):
    desk.provider.answer = lambda _: desk.reply(b" " * 300_000)
    (result,) = desk.fetch()
    assert result.outcome is Outcome.FAILED
    assert "is larger than 0.2 MB" in result.reason


@pytest.mark.parametrize("status", [400, 403, 404, 429])
def test_a_refusal_is_never_asked_again_at_once(desk, status):
    said = json.dumps({"error": True, "reason": "no"})
    desk.provider.answer = lambda _: desk.reply(said, status=status)
    (result,) = desk.fetch()
    assert result.outcome in {Outcome.REJECTED, Outcome.BLOCKED}
    assert result.reason.startswith(f"status {status}: ")
    assert len(desk.provider.paths) == 1
    assert desk.pauses_s == []
    desk.now = NOW + timedelta(minutes=30)
    assert desk.fetch()[0].outcome in {Outcome.TOO_EARLY, Outcome.BLOCKED}
    assert len(desk.provider.paths) == 1


def test_an_address_that_forbids_or_moved_is_left_alone_until_a_person_lifts_it(desk):
    for status, headers in ((403, {}), (301, {"Location": "https://elsewhere.example/v2"})):
        desk.provider.answer = lambda _, s=status, h=headers: desk.reply("no", status=s, headers=h)
        first, second = desk.fetch(MATERA, CALERN, force=True)
        assert first.outcome is second.outcome is Outcome.BLOCKED
        assert second.reason.startswith("not asked: ")
        asked = len(desk.provider.paths)
        desk.now += timedelta(days=3)
        assert desk.fetch()[0].outcome is Outcome.BLOCKED
        assert len(desk.provider.paths) == asked
    desk.says(start=desk.now.replace(hour=0, minute=0))
    assert desk.fetch(force=True)[0].outcome is Outcome.ACCEPTED


def test_a_query_that_is_malformed_stops_nobody_else(desk):
    good = desk.provider.answer

    def answer(path):
        if "40.6486" in path:
            return desk.reply('{"error": true, "reason": "no such place"}', status=400)
        return good(path)

    desk.provider.answer = answer
    first, second = desk.fetch(MATERA, CALERN)
    assert (first.outcome, second.outcome) == (Outcome.REJECTED, Outcome.ACCEPTED)


def test_after_too_many_requests_the_other_stations_stay_unasked(desk):
    desk.provider.answer = lambda _: desk.reply("slow down", status=429)
    first, second = desk.fetch(MATERA, CALERN)
    assert (first.outcome, second.outcome) == (Outcome.REJECTED, Outcome.REJECTED)
    assert second.reason.startswith("not asked: status 429")
    assert len(desk.provider.paths) == 1


def test_a_failing_server_is_tried_three_times_and_the_last_good_answer_stays(desk):
    desk.fetch()
    desk.provider.answer = lambda _: desk.reply(status=503)
    desk.now = NOW + 2 * HOUR
    (result,) = desk.fetch()
    assert result.outcome is Outcome.FAILED
    assert len(desk.provider.paths) == 1 + 3
    assert cover_of(result) == pytest.approx(0.4)
    assert result.weather.provenance.retrieved_at == NOW


def test_a_bad_answer_does_not_take_the_place_of_a_good_one(desk):
    desk.fetch()
    desk.says(cover=101)
    desk.now = NOW + 2 * HOUR
    (result,) = desk.fetch()
    assert result.outcome is Outcome.REJECTED
    assert "101 % is not possible" in result.reason
    assert cover_of(result) == pytest.approx(0.4)
    desk.says(cover=70)
    desk.now = NOW + 4 * HOUR
    assert cover_of(desk.fetch()[0]) == pytest.approx(0.7)


def test_a_provider_that_is_out_of_reach_costs_no_interval(desk):
    gone = replace(desk.source, address="http://127.0.0.1:9")
    there, desk.source = desk.source, gone
    (result,) = desk.fetch()
    assert result.outcome is Outcome.UNREACHABLE
    assert result.weather is None
    desk.source = there
    assert desk.fetch()[0].outcome is Outcome.ACCEPTED


def test_a_source_that_is_described_anew_no_longer_fits_what_is_held(desk):
    desk.source = replace(desk.source, model="unheard_of")
    desk.says(members=7)
    assert desk.fetch()[0].outcome is Outcome.ACCEPTED
    db = desk.open()
    moved = replace(MATERA, latitude_deg=10.0)
    assert held_weather(db, desk.source, MATERA) is not None
    assert held_weather(db, desk.source, moved) is None
    db.close()


@pytest.mark.parametrize("address", ["http://api.open-meteo.com", "https://me:secret@example.org"])
def test_an_unsafe_address_is_never_asked(desk, address):
    desk.source = replace(desk.source, address=address)
    with pytest.raises(WeatherError, match="om: its address") as caught:
        desk.fetch()
    assert "secret" not in str(caught.value)
    assert desk.rows() == []

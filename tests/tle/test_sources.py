"""A provider that behaves badly harms neither the archive nor our standing with it."""

import gzip
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from tle import archive
from tle.archive import stored_elements
from tle.elements import ElementSet
from tle.errors import SourceError
from tle.lines import format_lines
from tle.provider import fetches
from tle.provider.credentials import Credentials
from tle.provider.fetches import Outcome
from tle.provider.providers import ElementSource, Rules, SourceKind, quiet_minute
from tle.provider.source_result import SourceResult
from tle.provider.sources import fetch_source
from tle.provider.transport import Limits, Transport

NOW = datetime(2026, 6, 14, 12, 10, tzinfo=UTC)
QUICK = Limits(connect_s=0.5, read_s=0.15, total_s=3.0, size_bytes=200_000, pauses_s=(2.0, 8.0))
NUMBERS = (25544, 41731, 60476)
HOUR = timedelta(hours=1)


def text_of(numbers: Iterable[int], day: float = 165.25) -> str:
    """Two-line sets of made-up satellites; day 165.25 of 2026 is 14 June, 6 h."""
    lines: list[str] = []
    for number in numbers:
        elements = ElementSet(
            norad_cat_id=number,
            name="",
            object_id="2016-051A",
            epoch_year=2026,
            epoch_day=day,
            mean_motion_rev_per_day=15.2,
            eccentricity=0.0012,
            inclination_deg=97.4,
            raan_deg=12.0,
            argument_of_perigee_deg=80.0,
            mean_anomaly_deg=280.0,
            bstar=1e-4,
        )
        lines += format_lines(elements)
    return "".join(f"{line}\n" for line in lines)


class Desk:
    """A database on disk, a clock that is set by hand, and one source."""

    def __init__(self, folder: Path, source: ElementSource) -> None:
        self.path = folder / "state.db"
        self.source = source
        self.now = NOW
        self.pauses_s: list[float] = []
        self.credentials: Credentials | None = None
        self.limits = QUICK

    def open(self) -> Database:
        db = Database(self.path)
        archive.migrations.apply(db)
        fetches.migrations.apply(db)
        return db

    def fetch(self, *, accept: bool = False, force: bool = False) -> SourceResult:
        """As a fresh process would: a new connection, a new transport."""
        db = self.open()
        try:
            return fetch_source(
                db,
                self.source,
                now=lambda: self.now,
                transport=Transport("test", self.limits, sleep=self.pauses_s.append),
                credentials=self.credentials,
                accept=accept,
                force=force,
            )
        finally:
            db.close()

    def stored(self) -> list[int]:
        db = self.open()
        try:
            return [elements.norad_cat_id for elements in stored_elements(db)]
        finally:
            db.close()

    def rows(self) -> list[dict[str, Any]]:
        db = self.open()
        try:
            return list(db.table("fetch").rows_where(order_by="id"))
        finally:
            db.close()


def source_of(kind, address, numbers=NUMBERS):
    return ElementSource("here", SourceKind(kind), address, None, tuple(numbers))


@pytest.fixture
def mirror(provider, tmp_path):
    return Desk(tmp_path, source_of("mirror", provider.url + "/gp.txt"))


@pytest.fixture
def celestrak(provider, tmp_path):
    return Desk(tmp_path, source_of("celestrak", provider.url))


def test_a_good_answer_is_stored_with_its_source_and_time(provider, mirror, reply):
    provider.says(reply(text_of(NUMBERS), headers={"ETag": '"a"'}))
    result = mirror.fetch()
    assert result.outcome is Outcome.ACCEPTED
    assert (result.records, result.wanted_sets, result.new_sets, result.missing) == (3, 3, 3, ())
    assert mirror.stored() == sorted(NUMBERS)
    (row,) = mirror.rows()
    assert (row["status"], row["rows"], row["objects"]) == (200, 3, 3)
    assert (row["etag"], row["outcome"]) == ('"a"', "accepted")
    assert row["retrieved_at"] == "2026-06-14T12:10:00Z"
    assert row["bytes"] == len(text_of(NUMBERS))
    assert provider.seen[0].headers["user-agent"] == "test"


def test_the_json_that_is_asked_for_is_stored_with_its_digits(provider, celestrak, reply):
    # A record as CelesTrak publishes it, numbers not quoted, catalogue number of six digits.
    text = (
        '[{"OBJECT_NAME":"SARAMAGO","OBJECT_ID":"2026-150A","EPOCH":"2026-06-14T03:15:42.123456",'
        '"MEAN_MOTION":15.20467492,"ECCENTRICITY":9.08e-5,"INCLINATION":97.4213,'
        '"RA_OF_ASC_NODE":238.7378,"ARG_OF_PERICENTER":148.0145,"MEAN_ANOMALY":212.1146,'
        '"EPHEMERIS_TYPE":0,"CLASSIFICATION_TYPE":"U","NORAD_CAT_ID":100000,'
        '"ELEMENT_SET_NO":999,"REV_AT_EPOCH":2993,"BSTAR":0.00022859,'
        '"MEAN_MOTION_DOT":4.922e-5,"MEAN_MOTION_DDOT":0}]'
    )
    provider.says(reply(text, headers={"Content-Type": "application/json"}))
    celestrak.source = source_of("celestrak", provider.url, [100_000])
    assert celestrak.fetch().outcome is Outcome.ACCEPTED
    db = celestrak.open()
    (elements,) = stored_elements(db)
    db.close()
    assert (elements.norad_cat_id, elements.name) == (100_000, "SARAMAGO")
    assert elements.mean_motion_rev_per_day == 15.20467492
    assert elements.source == "here"


def test_only_wanted_satellites_of_a_catalogue_are_stored(provider, mirror, reply):
    provider.says(reply(text_of(range(25540, 25550)) + text_of([41731, 60476])))
    result = mirror.fetch()
    assert (result.records, result.wanted_sets) == (12, 3)
    assert mirror.stored() == sorted(NUMBERS)


# --- pace -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "hours"), [("mirror", 1), ("celestrak", 2), ("celestrak-sup", 2)])
def test_nothing_is_sent_before_the_interval_is_over(provider, tmp_path, reply, kind, hours):
    desk = Desk(tmp_path, source_of(kind, provider.url, [25544]))
    provider.says(reply(text_of([25544])))
    desk.fetch()
    desk.now = NOW + hours * HOUR - timedelta(seconds=1)
    result = desk.fetch()
    assert result.outcome is Outcome.TOO_EARLY
    assert result.next_fetch == NOW + hours * HOUR
    assert len(provider.seen) == 1
    assert desk.fetch(accept=True, force=True).outcome is Outcome.TOO_EARLY
    assert len(provider.seen) == 1
    desk.now = NOW + hours * HOUR
    assert desk.fetch().outcome is Outcome.UNCHANGED
    assert len(provider.seen) == 2


def test_a_run_that_was_killed_after_sending_counts_as_a_request(provider, mirror, reply):
    provider.says(reply(text_of(NUMBERS)))
    db = mirror.open()
    request = fetches.Request("here", mirror.source.address, mirror.source.address)
    rules = Rules(interval_s=3600.0)
    row = fetches.reserve(db, request, rules, NOW, 20, force=False)
    db.close()
    assert row == 1
    mirror.now = NOW + timedelta(minutes=59)
    assert mirror.fetch().outcome is Outcome.TOO_EARLY
    assert provider.seen == []


def test_two_runs_at_once_reserve_one_request(mirror):
    first, second = mirror.open(), mirror.open()
    request = fetches.Request("here", "a", "b")
    rules = Rules(interval_s=3600.0)
    assert fetches.reserve(first, request, rules, NOW, 20, force=False) == 1
    stop = fetches.reserve(second, request, rules, NOW, 20, force=False)
    assert isinstance(stop, fetches.Stop)
    first.conn.execute("BEGIN IMMEDIATE")
    second.conn.execute("PRAGMA busy_timeout = 20")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        fetches.reserve(second, request, rules, NOW + 2 * HOUR, 20, force=False)
    first.conn.rollback()
    first.close()
    second.close()


def test_a_new_satellite_is_asked_for_while_the_others_wait(provider, celestrak, reply):
    for number in (*NUMBERS, 68423):
        provider.says(reply(text_of([number])), to=f"CATNR={number}&")
    celestrak.fetch()
    assert [seen.path for seen in provider.seen] == [
        f"/NORAD/elements/gp.php?CATNR={number}&FORMAT=JSON" for number in NUMBERS
    ]
    celestrak.source = source_of("celestrak", provider.url, (*NUMBERS, 68423))
    result = celestrak.fetch()
    assert (result.outcome, result.new_sets) == (Outcome.ACCEPTED, 1)
    assert result.next_fetch == NOW + 2 * HOUR
    assert len(provider.seen) == 4


def test_supplemental_sets_come_from_their_own_page(provider, tmp_path, reply):
    desk = Desk(tmp_path, source_of("celestrak-sup", provider.url, [25544]))
    # Segments of an operator's ephemeris: epochs up to two weeks ahead, several for one object.
    provider.says(reply(text_of([25544]) + text_of([25544], 175.5)))
    assert desk.fetch().wanted_sets == 2
    path = "/NORAD/elements/supplemental/sup-gp.php?CATNR=25544&FORMAT=JSON"
    assert provider.seen[0].path == path


def test_a_clock_that_ran_ahead_is_named_and_can_be_overruled(provider, mirror, reply):
    provider.says(reply(text_of(NUMBERS)))
    mirror.now = NOW + timedelta(days=1)
    mirror.fetch()
    mirror.now = NOW
    result = mirror.fetch()
    assert result.outcome is Outcome.TOO_EARLY
    assert "check the clock" in result.reasons[0]
    assert mirror.fetch(force=True).outcome is Outcome.UNCHANGED


# --- conditional requests ---------------------------------------------------------------------


def test_a_304_is_unchanged_and_keeps_the_validators(provider, mirror, reply):
    validators = {"ETag": '"a"', "Last-Modified": "Sun, 14 Jun 2026 06:00:00 GMT"}
    provider.says(reply(text_of(NUMBERS), headers=validators), reply(status=304))
    mirror.fetch()
    for hours in (1, 2):
        mirror.now = NOW + hours * HOUR
        result = mirror.fetch()
        assert (result.outcome, result.new_sets, result.missing) == (Outcome.UNCHANGED, 0, ())
        sent = provider.seen[-1].headers
        assert sent["if-none-match"] == '"a"'
        assert sent["if-modified-since"] == validators["Last-Modified"]
    assert "if-none-match" not in provider.seen[0].headers


def test_a_304_still_serves_a_satellite_that_is_newly_wanted(provider, mirror, reply):
    provider.says(reply(text_of((*NUMBERS, 68423)), headers={"ETag": '"a"'}), reply(status=304))
    mirror.fetch()
    mirror.source = source_of("mirror", mirror.source.address, (*NUMBERS, 68423))
    mirror.now = NOW + HOUR
    assert mirror.fetch().new_sets == 1
    assert mirror.stored() == sorted((*NUMBERS, 68423))


def test_the_validator_of_a_refused_answer_is_never_sent(provider, mirror, reply):
    provider.says(reply("<html><title>Sorry</title></html>", headers={"ETag": '"bad"'}))
    mirror.fetch()
    mirror.now = NOW + HOUR
    mirror.fetch()
    assert "if-none-match" not in provider.seen[1].headers


def test_a_304_that_nobody_asked_for_is_refused(provider, mirror, reply):
    provider.says(reply(status=304))
    result = mirror.fetch()
    assert result.outcome is Outcome.REJECTED
    assert "no earlier answer is held" in result.reasons[0]


@pytest.mark.parametrize("status", [200, 403])
def test_not_updated_is_unchanged_and_does_not_block(provider, celestrak, reply, status):
    celestrak.source = source_of("celestrak", provider.url, [25544])
    words = "GP data has not updated since your last successful\ndownload of CATNR=25544"
    provider.says(reply(text_of([25544])), reply(words, status=status))
    celestrak.fetch()
    for hours in (2, 4):
        celestrak.now = NOW + hours * HOUR
        assert celestrak.fetch().outcome is Outcome.UNCHANGED
    assert len(provider.seen) == 3
    assert celestrak.stored() == [25544]


def test_not_updated_without_an_earlier_answer_is_refused(provider, mirror, reply):
    provider.says(reply("GP data has not updated since your last successful download"))
    assert mirror.fetch().outcome is Outcome.REJECTED
    assert mirror.stored() == []


# --- stops ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (301, {"Location": "https://celestrak.net/new"}, "changed to https://celestrak.net/new"),
        (302, {"Location": "/elsewhere"}, "the address has changed to /elsewhere (status 302)"),
        (307, {}, "the address has changed to an unnamed place (status 307)"),
        (400, {}, "status 400: 'go away'"),
        (401, {}, "status 401: 'go away'"),
        (403, {}, "status 403: 'go away'"),
        (404, {}, "status 404: 'go away'"),
    ],
)
def test_a_refusal_stops_the_source_until_a_person_lifts_it(
    provider, celestrak, reply, status, headers, words
):
    provider.says(reply("go away", status=status, headers=headers))
    result = celestrak.fetch()
    assert result.outcome is Outcome.BLOCKED
    (reason,) = result.reasons
    assert words in reason
    assert len(provider.seen) == 1, "the other satellites are not asked for, nothing is repeated"
    assert celestrak.pauses_s == []
    for days in (1, 100):
        celestrak.now = NOW + timedelta(days=days)
        later = celestrak.fetch()
        assert later.outcome is Outcome.BLOCKED
        assert later.next_fetch is None
        assert "blocked since 2026-06-14T12:10Z" in later.reasons[0]
    assert len(provider.seen) == 1
    for number in NUMBERS:
        provider.says(reply(text_of([number])), to=f"CATNR={number}&")
    assert celestrak.fetch(force=True).outcome is Outcome.ACCEPTED
    assert len(provider.seen) == 4
    celestrak.now += 2 * HOUR
    assert celestrak.fetch().outcome is Outcome.UNCHANGED


def test_a_redirect_loop_is_one_request(provider, mirror, reply):
    provider.says(reply(status=301, headers={"Location": mirror.source.address}))
    assert mirror.fetch().outcome is Outcome.BLOCKED
    assert len(provider.seen) == 1


def test_control_characters_of_a_provider_do_not_reach_the_terminal(provider, mirror, reply):
    provider.says(reply("gone\x1b[2J\x07 for good", status=403))
    (reason,) = mirror.fetch().reasons
    assert reason.isprintable()
    assert "gone" in reason


def test_a_corrected_address_is_not_blocked(provider, mirror, reply):
    provider.says(reply(status=404, body="nothing here"))
    mirror.fetch()
    provider.says(reply(text_of(NUMBERS)), to="/new.txt")
    mirror.source = source_of("mirror", provider.url + "/new.txt")
    assert mirror.fetch().outcome is Outcome.ACCEPTED


def test_an_unknown_object_is_missing_and_the_others_come(provider, celestrak, reply):
    provider.says(reply("No GP data found", status=404), to="CATNR=25544&")
    for number in NUMBERS[1:]:
        provider.says(reply(text_of([number])), to=f"CATNR={number}&")
    result = celestrak.fetch()
    assert result.outcome is Outcome.ACCEPTED
    assert result.missing == (25544,)
    assert celestrak.stored() == sorted(NUMBERS[1:])
    # The object that is unknown is asked for once a day, the others every two hours.
    celestrak.now = NOW + 2 * HOUR
    celestrak.fetch()
    assert len(provider.seen) == 3 + 2
    celestrak.now = NOW + 24 * HOUR
    celestrak.fetch()
    assert len(provider.seen) == 3 + 2 + 3


@pytest.mark.parametrize("status", [408, 429])
def test_a_request_to_slow_down_is_not_retried_and_does_not_block(provider, mirror, reply, status):
    provider.says(reply("slow down", status=status), reply(text_of(NUMBERS)))
    assert mirror.fetch().outcome is Outcome.REJECTED
    assert len(provider.seen) == 1
    assert mirror.fetch().outcome is Outcome.TOO_EARLY
    mirror.now = NOW + HOUR
    assert mirror.fetch().outcome is Outcome.ACCEPTED


# --- failures of server and line --------------------------------------------------------------


def test_one_server_error_is_retried_after_a_pause(provider, mirror, reply):
    provider.says(reply(status=500), reply(text_of(NUMBERS)))
    assert mirror.fetch().outcome is Outcome.ACCEPTED
    assert len(provider.seen) == 2
    assert mirror.pauses_s == [2.0]


def test_a_server_that_keeps_failing_is_asked_three_times(provider, celestrak, reply):
    celestrak.limits = Limits(total_s=60.0)
    provider.says(reply(status=503))
    result = celestrak.fetch()
    assert result.outcome is Outcome.FAILED
    assert "the server failed (status 503)" in result.reasons[0]
    assert len(provider.seen) == 3
    assert celestrak.pauses_s == [2.0, 8.0]
    # CelesTrak tolerates 50 errors in 2 hours: a quarter of an hour lies between two attempts.
    celestrak.now = NOW + timedelta(minutes=14, seconds=59)
    assert celestrak.fetch().outcome is Outcome.TOO_EARLY
    assert len(provider.seen) == 3
    for number in NUMBERS:
        provider.says(reply(text_of([number])), to=f"CATNR={number}&")
    celestrak.now = NOW + timedelta(minutes=15)
    assert celestrak.fetch().outcome is Outcome.ACCEPTED


def test_a_pause_that_the_server_asks_for_is_kept_or_ends_the_attempts(provider, mirror, reply):
    mirror.limits = Limits(total_s=60.0)
    provider.says(reply(status=503, headers={"Retry-After": "20"}))
    mirror.fetch()
    assert mirror.pauses_s == [20.0, 20.0]
    mirror.now = NOW + HOUR
    provider.says(reply(status=503, headers={"Retry-After": "7200"}))
    mirror.fetch()
    assert len(provider.seen) == 3 + 1


def test_a_truncated_answer_is_never_half_stored(provider, mirror, reply):
    text = text_of(NUMBERS)
    mirror.limits = Limits(total_s=60.0, read_s=1.0)
    provider.says(reply(text[: len(text) // 3], length=len(text)))
    result = mirror.fetch()
    assert result.outcome is Outcome.FAILED
    missing = len(text) - len(text) // 3
    assert f"broke: {missing} bytes of the answer are missing" in result.reasons[0]
    assert len(provider.seen) == 3
    assert mirror.stored() == []


def test_a_server_that_never_answers_ends_in_time(provider, mirror, reply):
    mirror.limits = Limits(read_s=0.1, total_s=60.0)
    provider.says(reply(text_of(NUMBERS), delay_s=30.0))
    result = mirror.fetch()
    assert result.outcome is Outcome.FAILED
    assert "did not answer in time" in result.reasons[0]
    assert len(provider.seen) == 3


def test_an_answer_that_drips_ends_in_time(provider, mirror, reply):
    # Every piece comes within the read limit; only the limit of the whole ends it.
    mirror.limits = Limits(read_s=1.0, total_s=0.3, pauses_s=())
    provider.says(reply(text_of(NUMBERS), pieces_s=0.02))
    result = mirror.fetch()
    assert result.outcome is Outcome.FAILED
    assert "took longer than 0.3 s" in result.reasons[0]
    assert mirror.stored() == []


def test_a_refused_connection_costs_nothing(provider, mirror, reply, tmp_path):
    provider.says(reply(text_of(NUMBERS)))
    # Port 1 (tcpmux) listens nowhere.
    gone = Desk(tmp_path, source_of("celestrak", "http://127.0.0.1:1"))
    for _ in range(2):
        result = gone.fetch()
        assert result.outcome is Outcome.UNREACHABLE
        (reason,) = result.reasons
        assert "cannot connect to 127.0.0.1:1: connection refused" in reason
    assert gone.pauses_s == []
    assert mirror.fetch().outcome is Outcome.ACCEPTED


def test_a_huge_answer_is_cut_off(provider, mirror, reply):
    provider.says(reply(text_of([25544]) * 2_000))
    result = mirror.fetch()
    assert result.outcome is Outcome.FAILED
    assert "larger than 0.2 MB" in result.reasons[0]
    assert len(provider.seen) == 1


def test_a_small_answer_that_unpacks_to_a_huge_one_is_cut_off(provider, mirror, reply):
    bomb = gzip.compress(b"1" * 20_000_000)
    assert len(bomb) < QUICK.size_bytes
    provider.says(reply(bomb, headers={"Content-Encoding": "gzip"}))
    assert "larger than 0.2 MB" in mirror.fetch().reasons[0]


def test_a_packed_answer_is_read(provider, mirror, reply):
    packed = gzip.compress(text_of(NUMBERS).encode())
    provider.says(reply(packed, headers={"Content-Encoding": "gzip"}))
    assert mirror.fetch().outcome is Outcome.ACCEPTED
    assert provider.seen[0].headers["accept-encoding"] == "gzip"


def test_an_answer_that_is_packed_badly_fails(provider, mirror, reply):
    provider.says(reply(text_of(NUMBERS), headers={"Content-Encoding": "gzip"}))
    assert mirror.fetch().outcome is Outcome.FAILED
    assert mirror.stored() == []


# --- contents ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "<!DOCTYPE html>\n<html><head><title>Access denied</title>",
            "a web page: 'Access denied'",
        ),
        ("<!-- " * 300 + "<html>no", "the answer holds no element set"),
        ("<!-- a --><!-- b -->\n<HTML><body>Hi", "is a web page"),
        ('Invalid query: "CATNR=x"', "holds no element set"),
        ('{"error": "You\'ve violated your query rate limit."}', "violated your query rate limit"),
        ("", "the answer is empty"),
        (bytes(range(128, 256)), "is not text (byte 0x80 at 0)"),
        (b"\x00" * 50, "is not text"),
        (text_of([68423]), "holds none of the 3 wanted satellites"),
        (text_of(NUMBERS, 167.6), "has an epoch 2.1 days ahead for 25544 (limit 2)"),
    ],
)
def test_what_is_no_catalogue_is_recorded_and_never_stored(provider, mirror, reply, body, words):
    provider.says(reply(body))
    result = mirror.fetch()
    assert result.outcome is Outcome.REJECTED
    assert words in result.reasons[0]
    assert mirror.stored() == []
    (row,) = mirror.rows()
    assert row["outcome"] == "rejected"
    assert words in row["reason"]
    assert row["sha256"] is not None


def test_an_epoch_just_within_two_days_is_believed(provider, mirror, reply):
    # Day 167.5 is 16 June, 12 h: 1.99 days after 14 June, 12:10.
    provider.says(reply(text_of(NUMBERS, 167.5)))
    assert mirror.fetch().outcome is Outcome.ACCEPTED


def test_one_wrong_checksum_of_three_refuses_the_answer(provider, mirror, reply):
    lines = text_of(NUMBERS).splitlines()
    lines[0] = lines[0][:-1] + str((int(lines[0][-1]) + 1) % 10)
    provider.says(reply("\n".join(lines)))
    result = mirror.fetch()
    assert "has 1 bad records of 3 (limit 1 %), the first in line 1" in result.reasons[0]
    assert mirror.stored() == []


@pytest.mark.parametrize(("bad", "outcome"), [(2, Outcome.ACCEPTED), (3, Outcome.REJECTED)])
def test_one_bad_record_in_a_hundred_is_the_limit(provider, mirror, reply, bad, outcome):
    lines = text_of((*NUMBERS, *range(30_000, 30_197))).splitlines()
    for index in range(bad):
        line = lines[-1 - 2 * index]
        lines[-1 - 2 * index] = line[:-1] + str((int(line[-1]) + 1) % 10)
    provider.says(reply("\n".join(lines)))
    assert mirror.fetch().outcome is outcome


def catalogue(count):
    return text_of((*NUMBERS, *range(30_000, 30_000 + count - 3)))


@pytest.mark.parametrize(
    ("count", "is_accepted"), [(50, False), (79, False), (80, True), (120, True), (121, False)]
)
def test_a_catalogue_that_changes_by_more_than_a_fifth_is_refused(
    provider, mirror, reply, count, is_accepted
):
    provider.says(reply(catalogue(100)), reply(catalogue(count)))
    mirror.fetch()
    mirror.now = NOW + HOUR
    result = mirror.fetch()
    assert (result.outcome is Outcome.ACCEPTED) is is_accepted
    if not is_accepted:
        words = f"holds {count} objects, the previous answer held 100 (limit 20 %)"
        assert words in result.reasons[0]


def test_a_person_accepts_a_refused_answer_without_a_new_request(provider, mirror, reply):
    provider.says(
        reply(catalogue(100)),
        reply(text_of(NUMBERS, 165.3) + catalogue(40), headers={"ETag": '"new"'}),
        reply(status=304),
    )
    mirror.fetch()
    mirror.now = NOW + HOUR
    assert mirror.fetch().outcome is Outcome.REJECTED
    result = mirror.fetch(accept=True)
    assert (result.outcome, result.new_sets) == (Outcome.ACCEPTED, 3)
    assert len(provider.seen) == 2
    mirror.now = NOW + 2 * HOUR
    assert mirror.fetch().outcome is Outcome.UNCHANGED
    assert provider.seen[-1].headers["if-none-match"] == '"new"'


def test_accepting_does_not_make_a_page_a_catalogue(provider, mirror, reply):
    provider.says(reply("<html><title>Sorry</title></html>"))
    assert mirror.fetch(accept=True).outcome is Outcome.REJECTED
    assert mirror.fetch(accept=True).outcome is Outcome.REJECTED
    assert mirror.stored() == []


def test_one_missing_satellite_is_named_and_the_others_are_stored(provider, mirror, reply):
    provider.says(reply(text_of(NUMBERS)), reply(text_of(NUMBERS[1:], 165.4)))
    mirror.fetch()
    mirror.now = NOW + HOUR
    result = mirror.fetch()
    assert result.outcome is Outcome.ACCEPTED
    assert result.missing == (25544,)
    assert result.new_sets == 2


def test_old_contents_are_forgotten_but_not_the_newest(provider, mirror, reply):
    texts = [text_of(NUMBERS, 165.0 + 0.01 * n) for n in range(4)]
    provider.says(*[reply(text) for text in texts], reply("<html>"))
    for hours in range(5):
        mirror.now = NOW + hours * HOUR
        mirror.fetch()
    db = mirror.open()
    kept = {fetches.payload(db, row["sha256"]).decode() for row in db.table("fetch_payload").rows}
    db.close()
    assert kept == {texts[-1], "<html>"}
    assert len(mirror.rows()) == 5


# --- Space-Track ------------------------------------------------------------------------------


@pytest.fixture
def space_track(provider, tmp_path, reply):
    desk = Desk(tmp_path, source_of("space-track", provider.url))
    desk.credentials = Credentials("me@example.org", "s3cret&+=")
    provider.says(reply('""', headers={"Set-Cookie": "chocolatechip=c00kie; Secure"}), to="/ajax")
    provider.says(reply(text_of(NUMBERS)), to="/basicspacedata")
    return desk


def test_space_track_is_asked_once_for_all_after_a_login(provider, space_track):
    assert space_track.fetch().outcome is Outcome.ACCEPTED
    login, query = provider.seen
    assert (login.method, login.path) == ("POST", "/ajaxauth/login")
    assert login.body == "identity=me%40example.org&password=s3cret%26%2B%3D"
    assert query.path == (
        "/basicspacedata/query/class/gp/NORAD_CAT_ID/25544,41731,60476/"
        "orderby/NORAD_CAT_ID/format/json"
    )
    assert query.headers["cookie"] == "chocolatechip=c00kie"


def test_another_selection_does_not_shorten_the_hour_of_space_track(provider, space_track):
    space_track.fetch()
    space_track.source = source_of("space-track", provider.url, [25544])
    space_track.now = NOW + timedelta(minutes=45)
    assert space_track.fetch().outcome is Outcome.TOO_EARLY
    assert len(provider.seen) == 2


@pytest.mark.parametrize("minute", [58, 59, 0, 1, 2])
def test_space_track_is_not_asked_around_the_full_hour(provider, space_track, minute):
    space_track.now = NOW.replace(hour=13, minute=minute)
    result = space_track.fetch()
    assert result.outcome is Outcome.TOO_EARLY
    assert result.next_fetch is not None
    assert 5 <= result.next_fetch.minute <= 54
    assert timedelta(0) < result.next_fetch - space_track.now <= timedelta(minutes=57)
    assert space_track.fetch().next_fetch == result.next_fetch
    assert provider.seen == []
    space_track.now = result.next_fetch
    assert space_track.fetch().outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (200, '{"Login":"Failed"}', {"Set-Cookie": "chocolatechip=x"}),
        (200, '""', {}),
        (401, "no", {}),
        (302, "", {"Location": "/auth/login"}),
    ],
)
def test_a_refused_login_is_not_repeated(provider, space_track, reply, status, body, headers):
    provider.says(reply(body, status=status, headers=headers), to="/ajax")
    assert space_track.fetch().outcome is Outcome.BLOCKED
    space_track.now = NOW + timedelta(days=2)
    assert space_track.fetch().outcome is Outcome.BLOCKED
    assert len(provider.seen) == 1


def test_a_failing_login_server_is_asked_once(provider, space_track, reply):
    provider.says(reply(status=500), to="/ajax")
    assert space_track.fetch().outcome is Outcome.FAILED
    assert len(provider.seen) == 1


@pytest.mark.parametrize("status", [200, 301, 403, 500])
def test_no_login_is_stored_or_said_even_if_the_server_repeats_it(
    provider, space_track, reply, status
):
    echo = "me@example.org s3cret&+= c00kie"
    provider.says(
        reply(echo, status=status, headers={"Location": f"https://x.org/{echo}"}),
        to="/basicspacedata",
    )
    space_track.limits = Limits(total_s=1.0)
    result = space_track.fetch()
    assert result.outcome is not Outcome.ACCEPTED
    db = space_track.open()
    texts = [str(row) for row in db.table("fetch").rows]
    texts += [fetches.payload(db, row["sha256"]).decode() for row in db.table("fetch_payload").rows]
    db.close()
    said = " ".join([repr(result), repr(space_track.credentials), *texts])
    assert "s3cret" not in said
    assert "c00kie" not in said


def test_space_track_without_a_login_is_not_asked(provider, space_track):
    space_track.credentials = None
    with pytest.raises(SourceError, match="asks for a login"):
        space_track.fetch()
    assert provider.seen == []
    assert space_track.rows() == []


# --- folder -----------------------------------------------------------------------------------


def test_a_folder_is_read_whenever_it_is_asked(tmp_path):
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "a.tle").write_text(text_of(NUMBERS[:2]))
    (folder / "b.tle").write_text(text_of([68423]))
    (folder / ".part").write_text("half a fi")
    desk = Desk(tmp_path, source_of("folder", str(folder)))
    result = desk.fetch()
    assert (result.outcome, result.new_sets, result.missing) == (Outcome.ACCEPTED, 2, (60476,))
    assert desk.fetch().outcome is Outcome.UNCHANGED
    (folder / "c.tle").write_text("<html>")
    (folder / "d.tle").write_text(text_of([60476]))
    result = desk.fetch()
    assert (result.outcome, result.new_sets, result.missing) == (Outcome.REJECTED, 1, ())
    assert "c.tle: the answer is a web page" in result.reasons[0]


def test_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path):
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "a.tle").symlink_to("a.tle")
    (folder / "b.tle").write_text(text_of(NUMBERS))
    (folder / "c.tle").write_text(text_of(NUMBERS, 165.3) * 1_000)
    result = Desk(tmp_path, source_of("folder", str(folder))).fetch()
    assert (result.outcome, result.new_sets) == (Outcome.REJECTED, 3)
    (reason,) = result.reasons
    assert reason.endswith("c.tle: has 0.4 MB (limit 0.2)")


def test_a_folder_that_is_not_there_is_said(tmp_path):
    result = Desk(tmp_path, source_of("folder", str(tmp_path / "no"))).fetch()
    assert result.outcome is Outcome.REJECTED
    assert "no such file or directory" in result.reasons[0]


# --- addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://celestrak.org", "is not https"),
        ("http://127.0.0.1.example.org/", "is not https"),
        ("ftp://celestrak.org", "is not an address like"),
        ("https://me:pass@celestrak.org", "holds a user name or a password"),
        ("https://[::1", "is not an address"),
    ],
)
def test_an_unsafe_address_is_not_asked(tmp_path, address, words):
    desk = Desk(tmp_path, source_of("mirror", address))
    with pytest.raises(SourceError, match=words) as caught:
        desk.fetch()
    assert "pass@" not in str(caught.value)
    assert desk.rows() == []


def test_quiet_minutes_of_installations_spread_over_the_hour():
    minutes = [quiet_minute(f"user{n}@example.org") for n in range(2_000)]
    assert (min(minutes), max(minutes)) == (5, 54)
    # 2000 draws from 50 minutes: 40 each, standard deviation 6.3; 5 of them is 32.
    counts = [sum(1 for m in minutes if m == minute) for minute in range(5, 55)]
    assert max(abs(count - 40) for count in counts) < 32
    assert quiet_minute("a") == quiet_minute("a")

"""Nothing is asked for more often than its provider allows, whatever happens to a run."""

import sqlite3
from datetime import timedelta

import pytest
from element_desk import HOUR, NOW, NUMBERS, Desk, source_of, text_of

from tle.provider import fetches
from tle.provider.fetches import Outcome
from tle.provider.providers import Rules


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

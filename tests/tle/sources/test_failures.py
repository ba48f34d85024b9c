"""A server or a line that fails harms neither the archive nor our standing."""

import gzip
from datetime import timedelta

from element_desk import HOUR, NOW, NUMBERS, QUICK, Desk, source_of, text_of

from tle.provider.fetches import Outcome
from tle.provider.transport import Limits


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

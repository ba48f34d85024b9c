"""A provider that says no is left alone until a person has looked."""

from datetime import timedelta

import pytest
from element_desk import HOUR, NOW, NUMBERS, source_of, text_of

from tle.provider.fetches import Outcome


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

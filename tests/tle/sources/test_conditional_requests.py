"""What a provider says is unchanged is not fetched again and not lost."""

import pytest
from element_desk import HOUR, NOW, NUMBERS, source_of, text_of

from tle.provider.fetches import Outcome


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

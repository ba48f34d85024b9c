"""What a provider sends is believed only when it is a plausible catalogue."""

import pytest
from element_desk import HOUR, NOW, NUMBERS, text_of

from tle.provider import fetches
from tle.provider.fetches import Outcome


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

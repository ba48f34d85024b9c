"""A good answer is stored with its source, its time and its digits."""

from element_desk import NUMBERS, source_of, text_of

from tle.archive import stored_elements
from tle.provider.fetches import Outcome


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

"""Space-Track is asked by its rules, and its login is never told."""

from datetime import timedelta

import pytest
from element_desk import NOW, NUMBERS, Desk, source_of, text_of

from tle.errors import SourceError
from tle.provider import fetches
from tle.provider.credentials import Credentials
from tle.provider.fetches import Outcome
from tle.provider.transport import Limits


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

"""A folder is a source, and an unsafe address is none."""

import pytest
from element_desk import NUMBERS, Desk, source_of, text_of

from tle.errors import SourceError
from tle.provider.fetches import Outcome
from tle.provider.providers import quiet_minute


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

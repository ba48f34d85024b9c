"""A night's weather is the best that is fresh, says what is not, and comes out the same again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from groundstation.config.load import load_network
from groundstation.database import open_database
from groundstation.errors import GroundStationError
from groundstation.night.record_codec import decode, encode
from groundstation.night.weather_step import night_weather, replayed_weather
from groundstation.weather.archive import ImportedDocument, add_document
from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.recognition import WeatherFormat
from groundstation.weather.records import Quantity, WeatherKind

NOW = datetime(2026, 6, 14, 12, 10, tzinfo=UTC)
START = datetime(2026, 6, 14, 11, 14, tzinfo=UTC)
STOP = START + timedelta(days=1)
DUSK = datetime(2026, 6, 14, 21, tzinfo=UTC)
ENSEMBLE = """
[[weather.sources]]
api = "ensemble"
model = "icon_d2"
url = "{url}"
forecast_days = 4
"""
FORECAST = """
[[weather.sources]]
api = "forecast"
model = "icon_seamless"
url = "{url}"
forecast_days = 4
"""
CLIMATE = 'climatology = {{ source = "made up for this test", cover_percent = [{}] }}'


def climate(percent):
    return CLIMATE.format(", ".join([f"{percent}"] * 12))


class Night:
    """A working folder with three stations, and the runs of its weather step."""

    def __init__(self, folder):
        self.folder = folder
        self.now = NOW

    @property
    def network(self):
        return load_network(self.folder)

    def weather(self, *, offline=False, stop=STOP, **options):
        db = open_database(self.folder / "state" / "groundstation.db")
        try:
            return night_weather(
                self.network,
                db,
                START,
                stop,
                now=self.now,
                offline=offline,
                clock=lambda: self.now,
                **options,
            )
        finally:
            db.conn.close()

    def replay(self, documents, stop=STOP):
        return replayed_weather(self.network, documents, START, stop, now=self.now)

    def imports(self, station, form, body, **told):
        values: dict[str, Any] = dict.fromkeys(("source", "model", "time_zone", "issued_at")) | told
        values.setdefault("retrieved_at", self.now)
        db = open_database(self.folder / "state" / "groundstation.db")
        add_document(db, ImportedDocument(station, form, "a file", body=body, **values))
        db.conn.close()


@pytest.fixture
def night(network_folder, provider, answering):  # noqa: ARG001  the provider answers
    def _make(tail="", **stations):
        return Night(network_folder(tail.format(url=provider.url), **stations))

    return _make


def cover(weather, station, instant=DUSK):
    return weather.records[station].at(Quantity.CLOUD_TOTAL, instant, np.zeros(1))[:, 0]


def same(one, other):
    assert one.scenarios.members == other.scenarios.members
    assert one.scenarios.independent == other.scenarios.independent
    assert list(one.scenarios.weather) == list(other.scenarios.weather)
    for station, record in one.scenarios.weather.items():
        again = other.scenarios.weather[station]
        assert again.provenance == record.provenance
        assert np.array_equal(again.times_s, record.times_s)
        for quantity, values in record.series.items():
            assert np.array_equal(values, again.series[quantity], equal_nan=True)
    assert one.safety == other.safety
    assert (one.warnings, one.digest, one.documents) == (
        other.warnings,
        other.digest,
        other.documents,
    )


def test_a_fresh_ensemble_goes_before_a_forecast_whatever_their_order_in_the_file(night):
    weather = night(FORECAST + ENSEMBLE).weather()
    kinds = {r.provenance.kind for r in weather.records.values()}
    assert kinds == {WeatherKind.ENSEMBLE}
    assert len(weather.scenarios.members) == 20
    assert weather.scenarios.independent == ()
    assert weather.warnings == ()


def test_members_are_the_same_worlds_at_all_stations(night, answering):
    # Calern (43.8 N) is overcast wherever Matera (40.6 N) is clear.
    answering(cover=lambda latitude, i: 100.0 * ((i % 2) == (latitude > 42.0)))
    weather = night(ENSEMBLE).weather()
    assert np.array_equal(cover(weather, "matera") + cover(weather, "calern"), np.ones(20))
    same_worlds = [weather.scenarios.weather[name] for name in ("matera", "calern")]
    assert same_worlds[0].members == same_worlds[1].members == weather.scenarios.members


def test_a_forecast_takes_the_place_of_an_ensemble_that_fails(night, provider, reply, answering):
    answering()
    good = provider.answer
    broken = reply(b"<html>out of order</html>")
    provider.answer = lambda path: broken if "/ensemble" in path else good(path)
    weather = night(ENSEMBLE + FORECAST).weather()
    assert {r.provenance.kind for r in weather.records.values()} == {WeatherKind.FORECAST}
    assert any("is a web page" in sentence for sentence in weather.warnings)


def test_nights_are_drawn_where_no_forecast_is_and_that_is_said(night, provider, reply):
    provider.answer = lambda _: reply(b"<html>maintenance</html>")
    weather = night(ENSEMBLE, matera=climate(30), calern=climate(80)).weather()
    assert set(weather.records) == {"matera", "calern"}
    assert {r.provenance.kind for r in weather.records.values()} == {WeatherKind.CLIMATOLOGY}
    assert len(weather.scenarios.members) == 50
    # Fifty draws of a beta distribution of deviation 0.37: three standard errors are 0.16.
    assert cover(weather, "matera").mean() == pytest.approx(0.3, abs=0.16)
    assert cover(weather, "calern").mean() == pytest.approx(0.8, abs=0.16)
    (drawn,) = [w for w in weather.warnings if w.startswith("matera: climatology")]
    assert "in place of a forecast: no forecast has been fetched yet" in drawn
    assert any("is a web page" in sentence for sentence in weather.warnings)
    assert "graz: weather unknown: no forecast has been fetched yet" in weather.warnings
    assert weather.unknown == {"graz": "no forecast has been fetched yet"}
    assert "graz" not in weather.scenarios.weather


def test_one_station_without_forecast_is_drawn_beside_the_members_of_the_others(
    night, provider, reply, answering
):
    answering(cover=lambda _, i: 5.0 * i)
    good = provider.answer
    provider.answer = lambda path: reply(b"{") if "latitude=40.6" in path else good(path)
    made = night(ENSEMBLE, matera=climate(50))
    weather = made.weather()
    assert weather.scenarios.independent == ("matera",)
    assert len(cover(weather, "matera")) == len(cover(weather, "graz")) == 20
    assert np.array_equal(cover(weather, "graz"), cover(weather, "calern"))


def test_stale_weather_is_not_used_and_its_age_is_said(night):
    made = night(ENSEMBLE, matera=climate(50))
    assert made.weather().records["matera"].provenance.kind is WeatherKind.ENSEMBLE
    made.now = NOW + timedelta(hours=11, minutes=59)
    assert made.weather(offline=True).warnings == ()
    made.now = NOW + timedelta(hours=12, minutes=1)
    weather = made.weather(offline=True)
    assert weather.records["matera"].provenance.kind is WeatherKind.CLIMATOLOGY
    assert "calern" not in weather.records
    assert "calern: weather unknown: open-meteo icon_d2 is 12.0 h old (limit 12.0 h)" in (
        weather.warnings
    )


def test_weather_dated_after_now_is_not_believed(night):
    made = night(ENSEMBLE)
    made.weather()
    made.now = NOW - timedelta(minutes=10)
    weather = made.weather(offline=True)
    assert weather.records == {}
    assert "dated 600 s after now; check the clocks" in weather.unknown["matera"]


def test_what_a_forecast_does_not_reach_stays_unknown_and_is_said(night, answering):
    answering(hours=40)
    weather = night(ENSEMBLE).weather(stop=START + timedelta(days=2))
    assert not np.isnan(cover(weather, "graz")).any()
    assert np.isnan(cover(weather, "graz", DUSK + timedelta(days=1))).all()
    (gap, *_) = [w for w in weather.warnings if w.startswith("graz")]
    assert "cloud cover is unknown for 20.3 h, first at 2026-06-15T15:04Z" in gap


def test_one_member_that_ends_early_leaves_a_gap(night, answering):
    answering(values={"cloud_cover_member03": [40.0] * 24 + [None] * 72})
    weather = night(ENSEMBLE).weather()
    # Its last value is that of 23:00; the first step of ten minutes after it is 23:04.
    assert any("first at 2026-06-14T23:04Z" in w for w in weather.warnings if "graz" in w)


def test_a_forecast_that_is_silent_about_the_night_is_passed_over(night, answering):
    answering(hours=14)
    made = night(ENSEMBLE)
    made.now = datetime(2026, 6, 14, 10, tzinfo=UTC)
    later = START + timedelta(days=2)
    db = open_database(made.folder / "state" / "groundstation.db")
    weather = night_weather(
        made.network,
        db,
        later,
        later + timedelta(days=1),
        now=made.now,
        offline=False,
        clock=lambda: made.now,
    )
    assert weather.records == {}
    assert weather.unknown["graz"] == "open-meteo icon_d2 says nothing of the night"


def test_the_documents_give_the_same_weather_again(night, answering, provider, reply):
    answering(cover=lambda latitude, i: (7.0 * i + latitude) % 100.0)
    good = provider.answer
    provider.answer = lambda path: reply(b"{") if "latitude=43.7" in path else good(path)
    sky = 'sensors = [{{ kind = "boltwood", file = "sky.txt", time_zone = "Europe/Rome" }}]'
    made = night(ENSEMBLE, calern=climate(61.7), matera=sky.replace("{{", "{").replace("}}", "}"))
    (made.folder / "sky.txt").write_text("no sensor writes this\n")
    weather = made.weather()
    assert weather.scenarios.independent == ("calern",)
    names = [name for name, _ in weather.documents]
    assert names[0] == "weather.json"
    assert set(names[1:]) >= {"climatology/calern.means.csv", "sensors/matera-1.txt"}
    # Whatever is fetched, measured or imported since does not matter.
    (made.folder / "sky.txt").unlink()
    (made.folder / "state" / "groundstation.db").unlink()
    same(weather, made.replay(weather.documents))


def test_another_seed_draws_other_nights_and_the_same_seed_the_same(night):
    made = night("", matera=climate(50), graz=climate(50))
    one, again = made.weather(), made.weather()
    same(one, again)
    file = made.folder / "groundstation.toml"
    file.write_text(file.read_text(encoding="utf-8") + "\n[weather]\nseed = 2\n")
    other = made.weather()
    assert not np.array_equal(cover(one, "graz"), cover(other, "graz"))
    unknown = "calern: weather unknown: no source of weather is configured for it"
    assert one.warnings == (unknown,)


def test_neighbours_are_drawn_alike_and_more_so_over_a_longer_length(night):
    made = night(
        "[weather]\nscenarios = 2000\ncorrelation_length_km = 1e5",
        matera=climate(50),
        calern=climate(50),
    )
    both = made.weather()
    apart = cover(both, "matera") - cover(both, "calern")
    assert np.abs(apart).mean() < 0.1
    file = made.folder / "groundstation.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("1e5", "1.0"))
    alone = made.weather()
    medians = (cover(alone, "matera") < 0.5) == (cover(alone, "calern") < 0.5)
    # Independent: half of 2000 nights agree, three standard deviations are 0.034.
    assert medians.mean() == pytest.approx(0.5, abs=0.034)


def test_without_any_weather_nothing_is_degraded_and_nothing_known(night):
    weather = night().weather()
    assert weather.warnings == ()
    assert weather.records == {}
    assert set(weather.unknown) == {"matera", "calern", "graz"}
    assert not any(safety.is_safe for safety in weather.safety.values())


def test_without_a_database_the_climatology_still_speaks(night):
    made = night("", matera=climate(50))
    weather = night_weather(made.network, None, START, STOP, now=NOW, offline=True)
    assert list(weather.records) == ["matera"]


def test_a_chosen_present_never_asks_a_real_provider(night, provider):
    made = night(ENSEMBLE.replace("{url}", "https://weather.example"))
    weather = night_weather(
        made.network,
        open_database(made.folder / "state" / "groundstation.db"),
        START,
        STOP,
        now=NOW,
        offline=False,
    )
    assert "ensemble-icon_d2: not asked: providers are asked in the present only" in (
        weather.warnings
    )
    assert provider.paths == []


def test_offline_asks_nobody(night, provider):
    weather = night(ENSEMBLE).weather(offline=True)
    assert provider.paths == []
    assert weather.unknown["graz"] == "no forecast has been fetched yet"


def test_an_imported_ensemble_counts_where_nothing_was_fetched(night):
    made = night()
    rows = "".join(
        f"2026-06-{14 + h // 24}T{h % 24:02d}:00Z,{m},{m * 10}\n"
        for m in range(5)
        for h in range(10, 38)
    )
    body = ("time_utc,member,cloud_total_percent\n" + rows).encode()
    for station in ("matera", "graz"):
        made.imports(station, WeatherFormat.CSV, body, source="hand-made")
    weather = made.weather()
    assert np.allclose(cover(weather, "matera"), [0.0, 0.1, 0.2, 0.3, 0.4])
    assert weather.scenarios.independent == ()
    assert "calern" in weather.unknown
    made.now = NOW + timedelta(hours=13)
    assert "hand-made is 13.0 h old" in made.weather().unknown["matera"]


def test_another_run_at_one_station_is_named_as_independent(night):
    made = night()
    head = "time_utc,member,cloud_total_percent\n"
    for station, count, source in (
        ("matera", 4, "one"),
        ("graz", 4, "one"),
        ("calern", 6, "other"),
    ):
        rows = "".join(
            f"2026-06-{day}T{hour:02d}:00Z,{m},{10 * m}\n"
            for m in range(count)
            for day in (14, 15)
            for hour in range(0, 24, 3)
        )
        made.imports(station, WeatherFormat.CSV, (head + rows).encode(), source=source)
    weather = made.weather()
    assert weather.scenarios.independent == ("calern",)
    assert len(weather.scenarios.members) == 4
    # Its own chance keeps all of its own members.
    assert len(cover(weather, "calern")) == 6
    drawn = weather.scenarios.weather["calern"]
    shown = drawn.at(Quantity.CLOUD_TOTAL, DUSK, np.zeros(1))[:, 0]
    assert len(set(shown)) == 4
    assert set(np.round(shown, 6)) <= {0.0, 0.1, 0.2, 0.3, 0.4, 0.5}


def test_the_digest_changes_with_the_weather_and_not_with_the_hour(night, answering):
    made = night(ENSEMBLE)
    first = made.weather()
    made.now = NOW + timedelta(minutes=5)
    assert made.weather().digest == first.digest
    made.now = NOW + timedelta(hours=2)
    answering(cover=60.0)
    assert made.weather().digest != first.digest


def test_documents_that_are_not_complete_are_refused(night):
    made = night(ENSEMBLE)
    documents = made.weather().documents
    with pytest.raises(WeatherError, match="the document is missing"):
        made.replay(documents[:-1])
    with pytest.raises(WeatherError, match="there is no manifest"):
        made.replay(documents[1:])
    with pytest.raises(GroundStationError, match="schema 'other/1'"):
        made.replay((("weather.json", b'{"schema": "other/1"}'),))


def test_the_weather_can_be_kept_as_a_record(night):
    weather = night(ENSEMBLE, matera=climate(50)).weather()
    same(weather, decode(encode(weather)))

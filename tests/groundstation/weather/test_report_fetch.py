"""Airports' reports are asked for once, together, and a bad one is nobody's weather."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlite_utils import Database

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
from groundstation.config.load import load_network
from groundstation.errors import ConfigError
from groundstation.night.health_inputs import weather_finding
from groundstation.night.weather_fetched import fetch_source
from groundstation.night.weather_gather import gather_weather
from groundstation.night.weather_inputs import InputRole
from groundstation.night.weather_step import night_weather, replayed_weather
from groundstation.weather import report_source
from groundstation.weather.errors import WeatherError
from groundstation.weather.records import Quantity
from groundstation.weather.report_fetch import fetch_reports
from groundstation.weather.report_source import ADDRESS, ReportApi, ReportSource, report_url
from groundstation.weather_policy import ForecastSource
from tle.provider import fetches
from tle.provider.fetches import Outcome
from tle.provider.transport import Limits, Transport

NOW = datetime(2026, 6, 14, 12, 10, tzinfo=UTC)
QUICK = Limits(connect_s=0.5, read_s=0.3, total_s=3.0, size_bytes=100_000, pauses_s=())
MINUTE = timedelta(minutes=1)
LIBV = "METAR LIBV 141155Z 24010KT 9999 SCT250 18/09 Q1013 NOSIG"
LFMN = "METAR LFMN 141200Z 00000KT 9999 BKN080 21/12 Q1015"
TAFS = (
    "TAF LIBV 141100Z 1412/1512 24010KT 9999 SCT250 \n"
    "  BECMG 1418/1420 BKN250\n"
    "TAF AMD LFMN 141105Z 1411/1512 00000KT 9999 FEW250\n"
)
AIRPORTS = {"matera": "LIBV", "calern": "LFMN"}


class Desk:
    """A database on disk, a clock that is set by hand, and one interface."""

    def __init__(self, folder, provider, reply):
        self.path, self.provider, self.reply = folder / "state.db", provider, reply
        self.source = ReportSource("metar", ReportApi.METAR, provider.url)
        self.now, self.airports = NOW, AIRPORTS

    def open(self):
        db = Database(self.path)
        fetches.migrations.apply(db)
        return db

    def says(self, *reports, **how):
        self.provider.answer = lambda _: self.reply("\n".join(reports) + "\n", **how)

    def fetch(self, *, force=False):
        db = self.open()
        try:
            return fetch_reports(
                db,
                self.source,
                self.airports,
                now=lambda: self.now,
                transport=Transport("test", QUICK),
                force=force,
            )
        finally:
            db.close()

    def refusal(self):
        """Reason of an answer none of which is believed."""
        results = self.fetch()
        assert {result.outcome for result in results} == {Outcome.REJECTED}
        assert {result.weather for result in results} == {None}
        (reason,) = {result.reason for result in results}
        return reason


@pytest.fixture
def desk(tmp_path, provider, reply):
    made = Desk(tmp_path, provider, reply)
    made.says(LIBV, LFMN)
    return made


def cover_of(result):
    return float(result.weather.series[Quantity.CLOUD_TOTAL][0, 0])


def test_one_query_brings_the_reports_of_all_airports(desk):
    matera, calern = desk.fetch()
    assert (cover_of(matera), cover_of(calern)) == (4 / 8, 7 / 8)
    assert matera.weather.provenance.dated == datetime(2026, 6, 14, 11, 55, tzinfo=UTC)
    assert matera.weather.station == "matera"
    (path,) = desk.provider.paths
    parts = urlsplit(path)
    assert parts.path == "/api/data/metar"
    assert parse_qs(parts.query) == {"ids": ["LFMN,LIBV"], "format": ["raw"]}


def test_the_provider_is_the_aviation_weather_center_over_https():
    url = report_url(ReportSource("taf", ReportApi.TAF), ["LIBV", "LFMN", "LIBV"])
    assert url == "https://aviationweather.gov/api/data/taf?ids=LFMN%2CLIBV&format=raw"
    # A failure is not tried again at once: an interface may be asked once a minute.
    assert report_source.LIMITS.pauses_s == ()


@pytest.mark.parametrize(("api", "minutes"), [(ReportApi.METAR, 5), (ReportApi.TAF, 30)])
def test_an_interface_is_asked_at_its_own_pace(desk, api, minutes):
    desk.source = replace(desk.source, api=api)
    desk.says(LIBV if api is ReportApi.METAR else TAFS)
    desk.fetch()
    desk.now = NOW + (minutes - 1) * MINUTE
    results = desk.fetch(force=True)
    assert {result.outcome for result in results} == {Outcome.TOO_EARLY}
    assert {result.until for result in results} == {NOW + minutes * MINUTE}
    assert len(desk.provider.paths) == 1
    desk.now = NOW + minutes * MINUTE
    desk.fetch()
    assert len(desk.provider.paths) == 2


def test_a_report_that_comes_again_is_not_younger_for_it(desk):
    desk.fetch()
    desk.now = NOW + 10 * MINUTE
    newer = LFMN.replace("141200Z", "141215Z").replace("BKN", "FEW")
    desk.says(LIBV, newer)
    matera, calern = desk.fetch()
    assert (matera.outcome, calern.outcome) == (Outcome.UNCHANGED, Outcome.ACCEPTED)
    assert matera.weather.provenance.retrieved_at == NOW
    assert cover_of(calern) == 2 / 8


def test_the_validators_of_an_answer_are_sent_back(desk):
    desk.airports = {"matera": "LIBV"}
    desk.says(LIBV, headers={"ETag": '"a"'})
    desk.fetch()
    desk.provider.answer = lambda _: desk.reply(status=304)
    desk.now = NOW + 10 * MINUTE
    (result,) = desk.fetch()
    assert desk.provider.headers[1]["if-none-match"] == '"a"'
    assert (result.outcome, cover_of(result)) == (Outcome.UNCHANGED, 0.5)


def test_the_newest_of_several_reports_counts(desk):
    older = LIBV.replace("141155Z", "141125Z").replace("SCT", "OVC")
    desk.says(older, LIBV, older, LFMN)
    assert cover_of(desk.fetch()[0]) == 0.5


def test_a_forecast_goes_on_over_indented_lines(desk):
    desk.source = replace(desk.source, api=ReportApi.TAF)
    desk.says(TAFS)
    matera, calern = desk.fetch()
    late = datetime(2026, 6, 14, 22, tzinfo=UTC)
    assert matera.weather.at(Quantity.CLOUD_TOTAL, late, [0.0])[0, 0] == pytest.approx(7 / 8)
    assert cover_of(calern) == 2 / 8


def test_an_airport_that_is_missing_is_said_and_stops_no_other(desk):
    desk.fetch()
    desk.now = NOW + 10 * MINUTE
    desk.says(LFMN)
    matera, calern = desk.fetch()
    assert (matera.outcome, matera.reason) == (
        Outcome.NOT_FOUND,
        "the answer holds nothing of LIBV",
    )
    assert cover_of(matera) == 0.5
    assert calern.outcome is Outcome.UNCHANGED


def test_a_report_that_is_not_understood_stops_no_other_and_replaces_no_good_one(desk):
    desk.fetch()
    desk.now = NOW + 10 * MINUTE
    desk.says(LIBV.replace("141155Z", "141205Z").replace("KT", "XX"), LFMN)
    matera, calern = desk.fetch()
    assert matera.outcome is Outcome.REJECTED
    assert "24010XX: is not a group" in matera.reason
    assert cover_of(matera) == 0.5
    assert calern.outcome is Outcome.UNCHANGED


@pytest.mark.parametrize(
    ("body", "match"),
    [
        ("<!DOCTYPE html><title>Maintenance</title>", "is no report of an airport: '<!DOCTYPE"),
        ('{"status": "error", "error": "busy"}', "is no report of an airport"),
        ("error: database is down", "line 1: is no report of an airport: 'error: database"),
        (" \n", "the document is empty"),
        ("  SCT250 18/09 Q1013", "line 1: is no report"),
        (f"{LIBV}\nMETAR EGLL 141150Z 24010KT 9999 SKC 18/09 Q1013", "EGLL was not asked for"),
        # Cut between two groups, within the layers: what is left would read as a better sky.
        ("METAR LIBV 141155Z 24010KT 9999 FEW020", "ends before its pressure; it was cut short"),
        (LIBV.replace("KT", "XX"), "24010XX: is not a group"),
        # Wrong units: feet per minute.
        (LIBV.replace("24010KT", "24010FPM"), "24010FPM: is not a group"),
        # This clock or theirs is wrong: three minutes, and a day.
        (LIBV.replace("141155Z", "141213Z"), "is dated 180 s after now; check the clocks"),
        (LIBV.replace("141155Z", "151155Z"), "after now; check the clocks"),
        (LIBV.replace("141155Z", "131155Z"), "is 24.2 h old (limit 24.0 h)"),
    ],
)
def test_an_answer_that_is_no_report_of_now_is_refused_with_its_reason(desk, body, match):
    desk.says(body)
    assert match in desk.refusal()


def test_a_truncated_answer_is_refused_and_not_asked_again_at_once(desk):
    desk.says(LIBV, length=500)
    results = desk.fetch()
    assert {result.outcome for result in results} == {Outcome.FAILED}
    assert "bytes of the answer are missing" in results[0].reason
    assert len(desk.provider.paths) == 1
    desk.now = NOW + 10 * MINUTE
    assert desk.fetch()[0].outcome is Outcome.TOO_EARLY
    assert len(desk.provider.paths) == 1


@pytest.mark.parametrize(
    ("status", "outcome", "match"),
    [
        (204, Outcome.REJECTED, "the server has nothing of what was asked"),
        (400, Outcome.REJECTED, "status 400"),
        (403, Outcome.BLOCKED, "status 403"),
        (429, Outcome.REJECTED, "status 429"),
        (503, Outcome.FAILED, "the server failed"),
    ],
)
def test_a_refusal_leaves_the_last_good_reports(desk, status, outcome, match):
    desk.fetch()
    desk.now = NOW + 10 * MINUTE
    desk.says("" if status == 204 else "no", status=status)
    results = desk.fetch()
    assert {result.outcome for result in results} == {outcome}
    assert match in results[0].reason
    assert [cover_of(result) for result in results] == [4 / 8, 7 / 8]
    assert len(desk.provider.paths) == 2


def test_an_unsafe_address_is_never_asked(desk):
    desk.source = replace(desk.source, address=ADDRESS.replace("https", "http"))
    with pytest.raises(WeatherError, match="metar: its address is not https"):
        desk.fetch()


# -- in a network --------------------------------------------------------------------------------

SOURCES = """
[[weather.sources]]
api = "metar"
url = "{url}"

[[weather.sources]]
api = "taf"
url = "{url}"
"""


@pytest.fixture
def folder(network_folder, provider, reply):
    def answer(path):
        return reply(TAFS if "/taf" in path else f"{LIBV}\n{LFMN}\n")

    provider.answer = answer
    tail = SOURCES.format(url=provider.url)
    return network_folder(tail, matera='metar = "LIBV"', calern='metar = "LFMN"')


def fetched(folder):
    network = load_network(folder)
    db = Database(folder / "state.db")
    fetches.migrations.apply(db)
    for item in network.weather.sources:
        fetch_source(network, db, item, now=lambda: NOW)
    return network, db


def test_reports_say_go_or_no_go_and_forecasts_make_the_night(folder):
    network, db = fetched(folder)
    start, stop = NOW, NOW + timedelta(hours=20)
    weather = night_weather(network, db, start, stop, now=NOW, offline=True)
    assert weather.safety["matera"].is_safe
    assert weather.records["matera"].provenance.source == "taf LIBV"
    assert weather.unknown.keys() == {"graz"}
    # A report is no forecast, and counts for as long as the station's limit says.
    late = night_weather(network, db, start, stop, now=NOW + timedelta(hours=2), offline=True)
    assert not late.safety["matera"].is_safe
    assert "metar LIBV is 2.2 h old" in late.safety["matera"].reasons[0]
    assert late.records["matera"].provenance.source == "taf LIBV"
    again = replayed_weather(network, weather.documents, start, stop, now=NOW)
    assert again.digest == weather.digest
    assert again.safety == weather.safety
    db.close()


def test_an_airport_without_a_report_yet_is_a_no(network_folder, provider, tmp_path):
    tail = f'[[weather.sources]]\napi = "metar"\nurl = "{provider.url}"\n'
    network = load_network(network_folder(tail, matera='metar = "LIBV"'))
    db = Database(tmp_path / "state.db")
    fetches.migrations.apply(db)
    weather = night_weather(network, db, NOW, NOW + 60 * MINUTE, now=NOW, offline=True)
    assert weather.safety["matera"].reasons == ("metar LIBV: no report has been fetched yet",)
    # Nobody asked for forecasts, so nobody misses one.
    assert weather_finding(network, NOW).detail == "no source of forecasts is configured"
    db.close()


def command(folder, capfd, *arguments):
    """Exit code and both streams of `groundstation weather ...`."""
    given = ["-c", str(folder / "groundstation.toml"), "--now", NOW.isoformat(), "weather"]
    code = run(groundstation, [*given, *arguments])
    return (code, *capfd.readouterr())


def test_a_fetched_report_goes_before_an_older_one_that_was_imported(folder, tmp_path, capfd):
    old, early = tmp_path / "libv.txt", (NOW - 60 * MINUTE).timestamp()
    old.write_text(LIBV.replace("141155Z", "141055Z"))
    os.utime(old, (early, early))
    assert command(folder, capfd, "import", str(old))[0] == 0
    code, out, _ = command(folder, capfd, "fetch", "--json")
    assert code == 0
    rows = json.loads(out)["rows"]
    assert [(row["source"], row["station"], row["outcome"]) for row in rows] == [
        ("metar", "matera", "accepted"),
        ("metar", "calern", "accepted"),
        ("taf", "matera", "accepted"),
        ("taf", "calern", "accepted"),
    ]
    db = Database(folder / "state" / "groundstation.db")
    inputs = gather_weather(load_network(folder), db, now=NOW, offline=True).inputs
    reports = [i for i in inputs if i.role is InputRole.SENSOR and i.station == "matera"]
    assert [item.name for item in reports] == ["metar/matera.txt"]
    db.close()
    assert command(folder, capfd, "fetch")[0] == 75


def test_an_airport_that_reports_nothing_makes_the_fetch_degraded(folder, provider, reply, capfd):
    provider.answer = lambda path: reply(TAFS if "/taf" in path else f"{LFMN}\n")
    code, _, err = command(folder, capfd, "fetch")
    assert code == 3
    assert "warning: metar, matera: the answer holds nothing of LIBV" in err
    assert "look at the station's airport" in err


def test_sources_of_reports_become_records(network_folder):
    tail = '[[weather.sources]]\napi = "metar"\n[[weather.sources]]\napi = "taf"\nmax_age_h = 6.0\n'
    metar, taf = load_network(network_folder(tail, matera='metar = "LIBV"')).weather.sources
    assert metar.source == ReportSource("metar", ReportApi.METAR, "https://aviationweather.gov")
    assert (metar.is_forecast, taf.is_forecast, taf.max_age_s) == (False, True, 21_600.0)
    assert ForecastSource(taf.source).max_age_s == 43_200.0


@pytest.mark.parametrize(
    ("tail", "match"),
    [
        ('api = "ensemble"', "model: is missing for a source of api ensemble"),
        ('api = "metar"\nmodel = "icon_eu"', "model: has no meaning for a source of api metar"),
        ('api = "metar"\nmax_age_h = 3.0', "max_age_h: has no meaning for a source of api metar"),
        ('api = "taf"\nforecast_days = 3', "forecast_days: has no meaning for a source of api taf"),
        ('api = "taf"', "no station names the airport in its key metar"),
    ],
)
def test_a_source_that_lacks_or_mixes_keys_is_refused(network_folder, tail, match):
    stations = {} if "names" in match else {"matera": 'metar = "LIBV"'}
    with pytest.raises(ConfigError) as caught:
        load_network(network_folder(f"[[weather.sources]]\n{tail}\n", **stations))
    assert match in "; ".join(str(fault) for fault in caught.value.faults)

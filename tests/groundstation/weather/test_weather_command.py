"""`groundstation weather` as people and timers use it, with servers that misbehave."""

import csv
import io
import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation

NOW = datetime(2026, 6, 14, 12, 10, tzinfo=UTC)
SOURCE = """
[[weather.sources]]
api = "ensemble"
model = "icon_d2"
url = "{url}"
forecast_days = 4
"""
BOLTWOOD = (
    "2026-06-14 14:08:00.00 C K {sky:6.1f}  18.0   20.0   12.0  55   8.8   0 0 0 00020 "
    "046187.58889 {cloud} 1 1 1"
)


class Desk:
    """Runs commands in a working folder; a chosen present, output kept."""

    def __init__(self, folder, capfd):
        self.folder, self.capfd, self.now = folder, capfd, NOW
        self.out = self.err = ""

    def __call__(self, *arguments, options=()):
        present = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
        given = ["-C", str(self.folder), "--now", present, *options, "weather", *arguments]
        here = os.getcwd()  # noqa: PTH109  -C changes it
        try:
            code = run(groundstation, given)
        finally:
            os.chdir(here)
        self.out, self.err = self.capfd.readouterr()
        return code

    def rows(self, *arguments, options=()):
        self(*arguments, "--json", options=options)
        return json.loads(self.out)["rows"]

    def write(self, name, body):
        path = self.folder / name
        path.write_bytes(body if isinstance(body, bytes) else body.encode())
        os.utime(path, (self.now.timestamp(), self.now.timestamp()))
        return str(path)


@pytest.fixture
def desk(network_folder, provider, answering, capfd, monkeypatch):  # noqa: ARG001
    monkeypatch.setenv("NO_COLOR", "1")

    def _make(tail=SOURCE, **stations):
        return Desk(network_folder(tail.replace("{url}", provider.url), **stations), capfd)

    return _make


def test_a_fetch_brings_every_station_once_an_hour(desk, provider):
    made = desk()
    rows = made.rows("fetch")
    assert {row["outcome"] for row in rows} == {"accepted"}
    assert {row["members"] for row in rows} == {20}
    assert len(provider.paths) == len(rows) == 3
    assert made("fetch") == 75
    assert "next fetch at the earliest 2026-06-14T13:10:00Z" in made.err
    assert len(provider.paths) == 3
    made.now = NOW + timedelta(hours=1)
    assert made("fetch") == 0
    assert "unchanged" in made.out


SPOILED = {
    "a truncated body": (lambda text: text[: len(text) // 2], "is not JSON"),
    "a page instead of data": (lambda _: "<html>down for repair</html>", "is a web page"),
    "cover in oktas": (lambda text: text.replace('"%"', '"okta"'), "'okta' is not %"),
    "members missing": (
        lambda text: text.replace('"cloud_cover_member07"', '"precipitation_member07"'),
        "member",
    ),
    "a clock in the future": (
        lambda text: text.replace("2026-06-1", "2027-06-1"),
        "or this clock is wrong",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_an_answer_that_cannot_be_believed_is_refused_with_the_reason(
    desk, provider, reply, answering, name
):
    spoil, said = SPOILED[name]
    answering()
    good = provider.answer

    def bad(path):
        return reply(spoil(good(path).body))

    provider.answer = bad
    made = desk()
    assert made("fetch") == 1
    assert said in made.err
    assert "try: look at the reason" in made.err
    assert made("show") == 3
    assert "no forecast has been fetched yet" in made.out
    # With a good answer from an hour ago the night is degraded, not blind.
    provider.answer = good
    made.now = NOW + timedelta(hours=2)
    assert made("fetch") == 0
    provider.answer = bad
    made.now = NOW + timedelta(hours=4)
    assert made("fetch") == 3
    assert "the last good one is kept" in made.err
    assert made.rows("show")[0]["age_h"] == pytest.approx(2.0)


def test_a_server_that_is_not_there_is_tried_later_and_nothing_has_to_wait(desk, provider):
    made = desk(tail=SOURCE.replace("{url}", "http://127.0.0.1:9"))
    assert made("fetch") == 75
    assert "check the network" in made.err
    assert provider.paths == []


def test_fetching_is_refused_offline_in_another_present_and_without_a_source(desk):
    made = desk()
    assert made("fetch", options=("--offline",)) == 2
    assert "--offline excludes fetching from ensemble-icon_d2" in made.err
    assert made("fetch", "--source", "ensemble-icon-d2") == 2
    assert "did you mean 'ensemble-icon_d2'" in made.err


def test_a_real_provider_is_never_asked_in_a_chosen_present(desk):
    assert desk(tail=SOURCE.replace("{url}", "https://weather.example"))("fetch") == 2


def test_a_network_without_a_source_says_what_to_add(desk):
    made = desk(tail="")
    assert made("fetch") == 2
    assert "add a table [[weather.sources]]" in made.err


def test_the_hours_of_the_night_are_shown_with_percentiles_age_and_source(desk, answering):
    made = desk()
    # Members 0, 5, ... 95 %: the percentiles of 20 equal steps are 9.5, 47.5 and 85.5 %.
    answering(cover=lambda _, i: 5.0 * i)
    made("fetch")
    made.now = NOW + timedelta(minutes=30)
    rows = made.rows("show", "--station", "matera")
    # Nautical darkness (-12 deg) at Matera on that night lasts from 19:41 to 02:05 UTC
    # (declination 23.3 deg, noon at 10:53 UTC); the hours around it are those that tell of it.
    assert [row["time_utc"][11:13] for row in rows] == [
        "19",
        "20",
        "21",
        "22",
        "23",
        "00",
        "01",
        "02",
        "03",
    ]
    first = rows[0]
    found = [first[f"cover_p{p}_percent"] for p in (10, 50, 90)]
    assert found == pytest.approx([9.5, 47.5, 85.5])
    assert (first["members"], first["kind"]) == (20, "ensemble")
    assert first["age_h"] == pytest.approx(0.5)
    assert first["source"] == "open-meteo icon_d2"
    assert made("show", "--station", "matera") == 0
    assert "matera: NOT SAFE: no source of weather is configured" in made.out
    table = list(csv.DictReader(io.StringIO(_csv(made, "show", "--station", "matera"))))
    assert len(table) == len(rows)
    assert len(made.rows("show", "--station", "matera", "--all")) == 24


def _csv(made, *arguments):
    made(*arguments, "--csv")
    return made.out


def test_every_member_may_be_seen(desk, answering):
    made = desk()
    answering(cover=lambda _, i: 5.0 * i)
    made("fetch")
    rows = made.rows("show", "--station", "matera", "--ensemble")
    assert len(rows) == 9 * 20
    assert rows[3]["member"] == "03"
    assert rows[3]["cover_percent"] == pytest.approx(15.0)
    assert rows[3]["wind_m_s"] is None


def test_a_clear_cold_sky_is_safe_and_a_cloudy_or_old_one_is_not(desk):
    keys = 'sensors = [{ kind = "boltwood", file = "sky.txt", time_zone = "Europe/Rome" }]'
    made = desk(tail="[safety]\nmax_wind_m_s = 15.0\nmin_dew_point_spread_k = 5.0", matera=keys)
    # 14:08 in Rome is 12:08 UTC, two minutes ago; the data were 20 s old then.
    made.write("sky.txt", BOLTWOOD.format(sky=-25.0, cloud=1))
    row = made.rows("show", "--station", "matera")[0]
    assert (row["is_safe_now"], row["unsafe_because"]) == (True, [])
    made.write("sky.txt", BOLTWOOD.format(sky=-5.0, cloud=2))
    made("show", "--station", "matera")
    assert "matera: NOT SAFE: boltwood matera says cloudy" in made.out
    made.write("sky.txt", BOLTWOOD.format(sky=-25.0, cloud=1))
    made.now = NOW + timedelta(minutes=9)
    made("show", "--station", "matera")
    assert "NOT SAFE: boltwood matera is 680 s old (limit 600 s)" in made.out
    (made.folder / "sky.txt").unlink()
    made("show", "--station", "matera")
    assert "NOT SAFE: boltwood matera: No such file or directory" in made.out


def test_alpaca_devices_are_asked_and_offline_they_are_not(desk, provider, reply):
    keys = (
        f'sensors = [{{ kind = "alpaca-safety", url = "{provider.url}" }}, '
        f'{{ kind = "alpaca-conditions", url = "{provider.url}", cloud_unit = "percent" }}]'
    )
    values = {"cloudcover": 5.0, "rainrate": 0.0, "connected": True, "issafe": True}

    def answer(path):
        name = path.split("?")[0].rpartition("/")[2]
        told: dict[str, Any] = {"ErrorNumber": 0 if name in values else 0x400, "ErrorMessage": ""}
        told["ClientTransactionID"] = int(path.rpartition("=")[2])
        told["Value"] = 3.0 if name == "timesincelastupdate" else values.get(name)
        told["ErrorNumber"] = 0 if name == "timesincelastupdate" else told["ErrorNumber"]
        return reply(json.dumps(told))

    provider.answer = answer
    made = desk(tail="[safety]\nmax_cloud_percent = 30.0", matera=keys)
    shown = ("show", "--station", "matera")
    made(*shown)
    assert "matera: safe to open" in made.out
    values["cloudcover"] = 80.0
    made(*shown)
    assert "NOT SAFE: cloud cover 80 % (limit 30; alpaca matera)" in made.out
    values["issafe"] = False
    made(*shown)
    assert "says that it is not safe; cloud cover 80 %" in made.out
    asked = len(provider.paths)
    made(*shown, options=("--offline",))
    assert "NOT SAFE: alpaca matera: was not asked (--offline)" in made.out
    assert len(provider.paths) == asked


def test_a_report_of_the_airport_counts_for_its_station_while_it_is_fresh(desk):
    made = desk(
        tail="[safety]\nmax_wind_m_s = 10.0\nmax_cloud_percent = 60.0", matera='metar = "LIBG"'
    )
    path = made.write("report.txt", "METAR LIBG 141150Z 31008KT 9999 SCT040 27/15 Q1015=\n")
    (row,) = made.rows("import", path)
    assert (row["station"], row["format"], row["dated_utc"]) == (
        "matera",
        "metar",
        "2026-06-14T11:50:00.000Z",
    )
    made("show", "--station", "matera")
    assert "matera: safe to open" in made.out
    made.now = NOW + timedelta(hours=2)
    made("show", "--station", "matera")
    assert "NOT SAFE: metar LIBG is 2.3 h old (limit 1.5 h)" in made.out
    windy = made.write("report.txt", "METAR LIBG 141400Z 31025KT 9999 SCT040 27/15 Q1015=\n")
    made("import", windy)
    made("show", "--station", "matera")
    assert "NOT SAFE: wind 12.9 m/s (limit 10; metar LIBG)" in made.out


def test_a_report_of_an_unknown_airport_needs_a_station(desk):
    made = desk(tail="")
    path = made.write("report.txt", "METAR LOWG 141150Z 31008KT 9999 SCT040 27/15 Q1015=\n")
    assert made("import", path) == 2
    assert "no stations have metar = 'LOWG'" in made.err
    assert made("import", path, "--station", "graz") == 0


def test_files_of_every_format_are_recognised_by_what_they_hold(desk, provider, answering):
    answering()
    made = desk(tail="", matera='metar = "LIBG"')
    query = "/v1/ensemble?latitude=40.6486&longitude=16.7046"
    times = [f"2026-06-{d}T{h:02d}:00Z" for d in (14, 15) for h in range(0, 24, 3)]
    rows = "".join(f"{at},30\n" for at in times)
    files = {
        "open-meteo": provider.answer(query).body,
        "metar": "LIBG 141150Z 31008KT CAVOK 27/15 Q1015",
        "taf": "TAF LIBG 141100Z 1412/1512 31008KT CAVOK=",
        "boltwood": BOLTWOOD.format(sky=-25.0, cloud=1),
        "csv": f"time_utc,cloud_total_percent\n{rows}",
        "climatology": "month,cover_percent\n" + "".join(f"{m},40\n" for m in range(1, 13)),
    }
    for form, body in files.items():
        path = made.write(f"{form}.dat", body)
        arguments = [path, "--station", "matera", "--time-zone", "Europe/Rome"]
        assert [row["format"] for row in made.rows("import", *arguments)] == [form], made.err
    path = made.write("other.dat", "once upon a time\n")
    assert made("import", path, "--station", "matera") == 1
    assert "is of no weather format that is known here" in made.err
    row = made.rows("show", "--station", "matera")[0]
    assert row["kind"] == "ensemble"


def test_a_bad_file_stores_nothing_of_the_good_ones(desk):
    made = desk(tail="")
    good = made.write(
        "good.csv", "month,cover_percent\n" + "".join(f"{m},4\n" for m in range(1, 13))
    )
    bad = made.write("bad.csv", "month,cover_percent\n1,40\n")
    assert made("import", good, bad, "--station", "matera") == 1
    assert "month 2, 3, 4" in made.err
    made("show", "--station", "matera")
    assert "no source of weather is configured for it" in made.out


def test_grib_brings_all_stations_on_its_grid(desk, grib_file):
    made = desk(tail="")
    covers = enumerate((0.0, 0.5, 1.0))
    run = grib_file(*((m, step, c) for m, c in covers for step in range(0, 36, 3)))
    path = made.write("run.grib2", run.read_bytes())
    (row,) = made.rows("import", path)
    assert (row["station"], row["format"], row["members"]) == ("matera", "grib", 3)
    assert "note: calern is not on the grid of run.grib2" in made.err
    shown = made.rows("show", "--station", "matera")
    assert shown[0]["cover_p50_percent"] == pytest.approx(50.0, abs=0.01)
    assert shown[0]["source"].startswith("grib ecmf")
    # The run of 06:00, not the file's date, is how old it is.
    assert shown[0]["age_h"] == pytest.approx(6.0 + 10.0 / 60.0)
    made("show", "--station", "calern")
    assert "no source of weather is configured for it" in made.out


@pytest.mark.slow
def test_an_answer_that_breaks_off_costs_a_pause_and_nothing_else(desk, provider, reply):
    # Two more attempts with their pauses take ten seconds.
    provider.answer = lambda _: reply("{", length=100)
    made = desk()
    assert made("fetch") == 75
    assert "the next attempt is possible in 15 minutes" in made.err
    assert {row["outcome"] for row in made.rows("fetch")} == {"too early"}
    assert made.rows("fetch")[0]["next_fetch_utc"] == "2026-06-14T12:25:00.000Z"


def test_the_share_of_members_within_the_limits_is_shown_where_all_limits_are_known(desk):
    made = desk(tail="[safety]\nmax_cloud_percent = 30.0\nmax_wind_m_s = 10.0")
    head = "time_utc,member,cloud_total_percent,wind_speed_m_s"
    hours = [f"2026-06-{d}T{h:02d}:00Z" for d in (14, 15) for h in range(0, 24, 3)]
    # Clear and calm; clear and windy; cloudy; at both limits.
    worlds = (("a", 0, 1), ("b", 0, 15), ("c", 80, 1), ("d", 30, 10))
    rows = [f"{at},{m},{c},{w}" for m, c, w in worlds for at in hours]
    dry = "\n".join([f"{head},rain_mm_h", *(f"{row},0" for row in rows)]) + "\n"
    made("import", made.write("dry.csv", dry), "--station", "matera")
    row = made.rows("show", "--station", "matera")[2]
    assert row["fraction_within_limits"] == pytest.approx(0.5)
    # Nothing is said of rain, which has a limit.
    silent = "\n".join([head, *rows]) + "\n"
    made("import", made.write("silent.csv", silent), "--station", "matera")
    row = made.rows("show", "--station", "matera")[2]
    assert row["fraction_within_limits"] is None


def test_a_file_is_as_old_as_its_last_change_and_never_younger_than_now(desk):
    made = desk(tail="")
    hours = [f"2026-06-{d}T{h:02d}:00Z,30" for d in (14, 15) for h in range(0, 24, 3)]
    path = made.write("cover.csv", "\n".join(["time_utc,cloud_total_percent", *hours]) + "\n")
    for changed, age_h in ((NOW - timedelta(hours=2), 2.0), (NOW + timedelta(hours=2), 0.0)):
        os.utime(path, (changed.timestamp(), changed.timestamp()))
        (row,) = made.rows("import", path, "--station", "matera")
        assert row["age_h"] == pytest.approx(age_h)
    (row,) = made.rows("import", path, "--station", "matera", "--issued", "2026-06-14T06:10Z")
    assert row["age_h"] == pytest.approx(6.0)


def test_what_is_drawn_for_a_station_does_not_depend_on_which_are_shown(desk):
    keys = f'climatology = {{ source = "made up", cover_percent = {[50] * 12} }}'
    made = desk(tail="", matera=keys, calern=keys, graz=keys)
    every = [row for row in made.rows("show") if row["station"] == "graz"]
    assert made.rows("show", "--station", "graz") == every
    assert made("show", "--station", "graz") == 0

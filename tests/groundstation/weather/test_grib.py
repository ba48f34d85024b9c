"""GRIB is believed where it is one whole run; its units are read, never assumed."""

import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest

from groundstation.weather.errors import WeatherError
from groundstation.weather.formats import grib
from groundstation.weather.formats.grib import read_grib
from groundstation.weather.formats.grib_grid import Interpolation
from groundstation.weather.records import Quantity, StationPoint, WeatherKind

NOW = datetime(2026, 6, 14, 9, tzinfo=UTC)
MATERA = StationPoint("matera", 40.6, 16.7)
ON_POINT = StationPoint("point", 41.0, 17.0)
FAR = StationPoint("far", 60.0, -3.0)
# Parameters of ECMWF's tables: 164 is a fraction, 228164 percent (both tcc).
FRACTION, PERCENT = 164, 228_164
LATITUDES, LONGITUDES = np.arange(43.0, 36.9, -1.0), np.arange(15.0, 23.1, 1.0)


def read(path, *points, **options):
    return read_grib(path, points or (MATERA,), retrieved_at=NOW, **options)


def cover(weather):
    return weather.series[Quantity.CLOUD_TOTAL]


def members(*covers):
    """Control and perturbed members with one cover each, at steps 0, 3 and 6 h."""
    return [(m, step, c) for step in (0, 3, 6) for m, c in enumerate(covers)]


def test_every_member_and_step_is_read_with_its_instant(grib_file):
    weather = read(grib_file(*members(0.25, 0.5, 1.0)))["matera"]
    assert weather.members == ("control", "01", "02")
    assert cover(weather) == pytest.approx(np.repeat([[0.25], [0.5], [1.0]], 3, axis=1), abs=2e-5)
    assert weather.epoch == datetime(2026, 6, 14, 6, tzinfo=UTC)
    assert weather.times_s.tolist() == [0.0, 10_800.0, 21_600.0]
    assert weather.provenance.kind is WeatherKind.ENSEMBLE
    assert weather.provenance.issued_at == datetime(2026, 6, 14, 6, tzinfo=UTC)
    assert weather.provenance.source.startswith("grib ecmf")
    half = datetime(2026, 6, 14, 7, 30, tzinfo=UTC)
    assert weather.at(Quantity.CLOUD_TOTAL, half, np.zeros(1))[1, 0] == pytest.approx(0.5, abs=1e-4)


def test_steps_may_come_in_any_order(grib_file):
    messages = [(m, step, step / 10.0) for m in (2, 0, 1) for step in (6, 0, 3)]
    weather = read(grib_file(*messages))["matera"]
    assert cover(weather) == pytest.approx(np.array([[0.0, 0.3, 0.6]] * 3), abs=2e-5)


@pytest.mark.parametrize(("unit", "scale"), [(FRACTION, 1.0), (PERCENT, 100.0)])
def test_the_unit_is_that_of_the_message(grib_file, unit, scale):
    weather = read(grib_file((None, 0, 0.6 * scale), (None, 3, 0.6 * scale), unit=unit))["matera"]
    # 16 bits over one constant field are exact to single precision.
    assert cover(weather) == pytest.approx(0.6, abs=1e-6)
    assert weather.provenance.kind is WeatherKind.FORECAST


def test_percent_that_says_it_is_a_fraction_is_refused(grib_file):
    with pytest.raises(WeatherError, match=r"cloud cover 60 \(0 - 1\) is not possible") as caught:
        read(grib_file((None, 0, 60.0)))
    assert caught.value.where == "test.grib2: message 1"


def test_a_value_between_points_is_bilinear(grib_file):
    # Linear in latitude and longitude, so that bilinear interpolation is exact.
    field = 0.02 * (LATITUDES[:, None] - 37.0) + 0.05 * (LONGITUDES - 15.0)
    weather = read(grib_file((None, 0, field)), MATERA, ON_POINT)
    assert cover(weather["matera"])[0, 0] == pytest.approx(0.02 * 3.6 + 0.05 * 1.7, abs=2e-5)
    assert cover(weather["point"])[0, 0] == pytest.approx(0.02 * 4.0 + 0.05 * 2.0, abs=2e-5)


def test_the_nearest_point_may_be_asked_for(grib_file):
    field = np.arange(63.0).reshape(7, 9) / 63.0
    weather = read(grib_file((None, 0, field)), interpolation=Interpolation.NEAREST)["matera"]
    # Nearest to (40.6, 16.7) is (41, 17): third row, third column.
    assert cover(weather)[0, 0] == pytest.approx((2 * 9 + 2) / 63.0, abs=2e-5)


def test_a_grid_round_the_world_has_no_seam(eccodes, tmp_path):
    path = tmp_path / "globe.grib2"
    handle = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2")
    for key, value in {
        "Ni": 36,
        "Nj": 3,
        "latitudeOfFirstGridPointInDegrees": 10.0,
        "latitudeOfLastGridPointInDegrees": -10.0,
        "longitudeOfFirstGridPointInDegrees": 0.0,
        "longitudeOfLastGridPointInDegrees": 350.0,
        "iDirectionIncrementInDegrees": 10.0,
        "jDirectionIncrementInDegrees": 10.0,
        "paramId": FRACTION,
    }.items():
        eccodes.codes_set(handle, key, value)
    eccodes.codes_set(handle, "bitsPerValue", 16)
    east = np.zeros(36)
    east[0] = 1.0
    eccodes.codes_set_values(handle, np.tile(east, 3))
    with path.open("wb") as file:
        eccodes.codes_write(handle, file)
    eccodes.codes_release(handle)
    # Two and a half degrees west of the seam: three quarters of Greenwich, a quarter of 350 E.
    weather = read(path, StationPoint("sea", 3.0, -2.5))["sea"]
    assert cover(weather)[0, 0] == pytest.approx(0.75, abs=1e-4)


def test_a_point_that_is_left_out_is_not_known(grib_file):
    field = np.full((7, 9), 0.4)
    field[2, 1] = np.nan
    weather = read(grib_file((None, 0, field)), MATERA, ON_POINT, StationPoint("ok", 38.5, 20.5))
    assert set(weather) == {"point", "ok"}
    assert cover(weather["point"])[0, 0] == pytest.approx(0.4, abs=1e-4)


def test_a_station_off_the_grid_is_left_out_and_a_file_without_any_refused(grib_file):
    path = grib_file((None, 0, 0.4))
    assert set(read(path, MATERA, FAR)) == {"matera"}
    with pytest.raises(WeatherError, match="no station lies on its grid"):
        read(path, FAR)


@pytest.mark.parametrize(
    ("messages", "match"),
    [
        ([(0, 0, 0.1), (2, 0, 0.1)], "test.grib2: member 01 is missing"),
        ([(0, 0, 0.1), (1, 0, 0.1)], "holds 1 perturbed members of the 3 declared"),
        ([*members(0.1, 0.2, 0.3)][:-1], "member 02 has no cover at 2026-06-14T12:00Z"),
        ([(0, 0, 0.1), (0, 0, 0.1)], "member control 2026-06-14T06:00Z occurs twice"),
    ],
)
def test_a_run_that_is_not_whole_is_refused(grib_file, messages, match):
    with pytest.raises(WeatherError) as caught:
        read(grib_file(*messages))
    assert match in f"{caught.value.where} {caught.value}"


def test_two_runs_in_one_file_are_refused(grib_file):
    one = grib_file((None, 0, 0.1)).read_bytes()
    path = grib_file((None, 0, 0.1), dataTime=0)
    path.write_bytes(path.read_bytes() + one)
    with pytest.raises(WeatherError, match="holds 2 runs: give one at a time"):
        read(path)


def test_other_quantities_are_passed_over_and_nothing_else_refused(grib_file):
    path = grib_file((None, 0, 0.5), unit=167, name="t2m.grib2")
    with pytest.raises(WeatherError, match=r"holds no total cloud cover \(tcc\)"):
        read(path)
    both = grib_file((None, 0, 0.5))
    both.write_bytes(path.read_bytes() + both.read_bytes())
    assert cover(read(both)["matera"])[0, 0] == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda body: body[:-30], "message 1 cannot be decoded"),
        (lambda body: b"<html>502 Bad Gateway</html>" + body[:0], "holds no GRIB message"),
        (lambda body: body + body[: len(body) // 2], "message 2 cannot be decoded"),
        (lambda _: b"", "holds no GRIB message"),
    ],
)
def test_a_file_that_is_cut_off_or_none_at_all_is_refused(grib_file, spoil, match):
    path = grib_file((None, 0, 0.4))
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(WeatherError) as caught:
        read(path)
    assert match in f"{caught.value.where} {caught.value}"


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(WeatherError, match="cannot be read: No such file"):
        read(tmp_path / "none.grib2")


def test_without_eccodes_the_extra_is_named(grib_file, monkeypatch):
    path = grib_file((None, 0, 0.4))
    monkeypatch.setitem(sys.modules, "eccodes", None)
    with pytest.raises(WeatherError, match="eccodes, which is not installed") as caught:
        read(path)
    assert caught.value.hint == 'pip install "qkd-groundstation[grib]"'


def test_the_reader_loads_eccodes_only_when_it_reads():
    code = f"import sys, {grib.__name__}; sys.exit('eccodes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

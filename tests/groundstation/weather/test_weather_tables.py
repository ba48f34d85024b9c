"""Tables of weather and of climatology are read strictly, and what is written is read back."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.climatology import read_climatology
from groundstation.weather.formats.csv_series import read_csv, write_csv
from groundstation.weather.records import Quantity, WeatherKind

NOW = datetime(2026, 6, 14, 12, 10, tzinfo=UTC)
TABLE = """time_utc,member,cloud_total_percent,wind_speed_m_s,rain_mm_h
2026-06-14T21:00Z,a,35,3.2,0
2026-06-14T22:00Z,a,,3.6,3.6
2026-06-14T21:00Z,b,100,1,0
2026-06-14T22:00Z,b,0,1,0
"""


def read(text):
    return read_csv(text.encode(), "w.csv", "matera", retrieved_at=NOW)


def refused(reader, text):
    with pytest.raises(WeatherError) as caught:
        reader(text)
    return f"{caught.value.where} {caught.value}"


def test_a_table_is_read_member_by_member():
    weather = read(TABLE)
    assert weather.members == ("a", "b")
    assert weather.provenance.kind is WeatherKind.ENSEMBLE
    assert weather.epoch == datetime(2026, 6, 14, 21, tzinfo=UTC)
    assert weather.series[Quantity.CLOUD_TOTAL] == pytest.approx(
        np.array([[0.35, np.nan], [1.0, 0.0]]), nan_ok=True
    )
    assert weather.series[Quantity.RAIN_RATE][0] == pytest.approx([0.0, 1e-6])


def test_a_table_without_members_has_one():
    weather = read("cloud_total_percent,time_utc\n20,2026-06-14T23:00+02:00\n")
    assert weather.members == ("only",)
    assert weather.provenance.kind is WeatherKind.FORECAST
    assert weather.epoch == datetime(2026, 6, 14, 21, tzinfo=UTC)
    assert weather.series[Quantity.CLOUD_TOTAL][0, 0] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("time_utc", "time", "line 1 has no column time_utc"),
        ("cloud_total_percent", "cloud_total", "column 'cloud_total' is not known"),
        ("wind_speed_m_s", "cloud_total_percent", "occurs twice"),
        ("cloud_total_percent", "cloud_low_percent", "has no column cloud_total_percent"),
        ("35,3.2,0", "35,3.2", "line 2 has 4 cells for 5 columns"),
        ("35,3.2", "135,3.2", "line 2, cloud_total_percent 135 is not possible"),
        ("35,3.2", "35,-3.2", "line 2, wind_speed_m_s -3.2 is not possible"),
        ("35,3.2", "35,calm", "'calm' is not a number"),
        ("35,3.2", "nan,3.2", "'nan' is not a number"),
        ("35,3.2", "35,1_0", "'1_0' is not a number"),
        ("T21:00Z,a", "T21:00,a", "line 2 '2026-06-14T21:00' names no time zone"),
        ("2026-06-14T21:00Z,a", "tonight,a", "line 2 'tonight' is not an instant"),
        ("T22:00Z,a", "T21:00Z,a", "line 3 is not after the time before it"),
        ("T22:00Z,b", "T23:00Z,b", "member b has other times than the first member"),
        ("35,3.2", "35,300", "wind_speed_m_s 300 is outside 0..120"),
        ("35,3.2", '"35,3.2', "is not CSV"),
    ],
)
def test_a_table_with_a_fault_is_refused_with_its_line(old, new, match):
    assert match in refused(read, TABLE.replace(old, new, 1))


def test_a_table_without_rows_is_refused():
    assert "w.csv: line 2 the table has no rows" in refused(read, TABLE.partition("\n")[0])


@settings(max_examples=30)
@given(st.lists(st.one_of(st.none(), st.floats(0.0, 1.0)), min_size=1, max_size=5))
def test_what_is_written_is_read_back(cover):
    cells = ["" if value is None else f"{100.0 * value:.12g}" for value in cover]
    rows = [f"2026-06-14T{20 - i:02d}:00Z,{cell}" for i, cell in enumerate(reversed(cells))][::-1]
    once = read("\n".join(["time_utc,cloud_total_percent", *rows]))
    again = read(write_csv(once))
    assert again.epoch == once.epoch
    assert np.array_equal(again.times_s, once.times_s)
    # Twelve digits of the percentage are written.
    assert again.series[Quantity.CLOUD_TOTAL] == pytest.approx(
        once.series[Quantity.CLOUD_TOTAL], rel=1e-11, abs=1e-14, nan_ok=True
    )


CLIMATE = "month,p0,p50,p100\n" + "".join(f"{m},0,{4 * m},100\n" for m in range(1, 13))


def climate(text=CLIMATE):
    return read_climatology(text.encode(), "climate.csv", "matera", retrieved_at=NOW)


def test_a_climatology_gives_cover_at_any_rank():
    june = climate().cover_at(6, np.array([0.0, 0.25, 0.5, 0.75, 1.0]))
    assert june == pytest.approx([0.0, 0.12, 0.24, 0.62, 1.0])
    assert climate().cover_at(12, np.array([0.5])) == pytest.approx([0.48])


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("month,", "m,", "the first column is not month"),
        ("p50", "median", "the columns after month are not p0 to p100"),
        ("p50", "p100", "do not ascend from p0 to p100"),
        ("p0,", "p5,", "do not ascend from p0 to p100"),
        ("6,0,24,100\n", "", "month 6 is missing"),
        ("6,0,24,100", "5,0,24,100", "month 5 occurs twice"),
        ("6,0,24,100", "13,0,24,100", "line 7 '13' is not a month"),
        ("6,0,24,100", "6,24,0,100", "line 7 percentiles do not ascend"),
        ("6,0,24,100", "6,0,24,101", "line 7 percentiles do not ascend within 0 to 100 %"),
        ("6,0,24,100", "6,0,24", "line 7 has 3 cells for 4 columns"),
        ("6,0,24,100", "6,0,,100", "line 7, p50 '' is not a number"),
    ],
)
def test_a_climatology_with_a_fault_is_refused_with_its_line(old, new, match):
    assert match in refused(climate, CLIMATE.replace(old, new, 1))

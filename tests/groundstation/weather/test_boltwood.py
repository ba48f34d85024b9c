"""A cloud sensor's line is read by its published key, and is safe only if all of it is good."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.boltwood import Flag, read_boltwood
from groundstation.weather.records import Quantity

# The form of the published key; the numbers are made up but for the day count, which follows from
# the date: 46187 is 2026-06-14 in the days of Visual Basic.
LINE = (
    "2026-06-14 23:08:09.44 C K -24.6   17.5   21.7   7.2    49   7.7   000 0 0 00004 "
    "046187.96400 1 1 1 1 0 0"
)
NOW = datetime(2026, 6, 14, 21, 8, 20, tzinfo=UTC)


def read(line=LINE, zone="Europe/Rome", now=NOW):
    return read_boltwood(line.encode(), "cloud.txt", "matera", zone, retrieved_at=now)


def changed(**fields):
    words = LINE.split()
    for name, text in fields.items():
        words[int(name.removeprefix("field")) - 1] = text
    return " ".join(words)


def refused(line, **options):
    with pytest.raises(WeatherError) as caught:
        read(line, **options)
    return f"{caught.value.where} {caught.value}"


def test_a_good_line_is_read_and_is_safe():
    reading = read()
    assert reading.measured_at == datetime(2026, 6, 14, 21, 8, 5, 440_000, tzinfo=UTC)
    assert reading.sky_minus_ambient_k == -24.6
    assert (reading.cloud, reading.wind, reading.rain) == (Flag.GOOD,) * 3
    series = reading.weather.series
    assert series[Quantity.WIND_SPEED][0, 0] == pytest.approx(2.0)
    assert series[Quantity.HUMIDITY][0, 0] == pytest.approx(0.49)
    assert series[Quantity.RAIN_RATE][0, 0] == 0.0
    assert reading.safety(NOW, 60.0).is_safe


def test_the_published_example_is_read():
    line = (
        "2010-10-20 12:08:09.44 F M -44.6  67.5   88.7    2.3    49    47.7  0   0 0 00002 "
        "040471.50566 1 1 1 3"
    )
    now = datetime(2010, 10, 20, 19, 8, 10, tzinfo=UTC)
    reading = read(line, "America/Los_Angeles", now)
    assert reading.measured_at == datetime(2010, 10, 20, 19, 8, 7, 440_000, tzinfo=UTC)
    assert reading.weather.series[Quantity.WIND_SPEED][0, 0] == pytest.approx(1.028, abs=1e-3)
    # A difference of temperatures has no offset.
    assert reading.sky_minus_ambient_k == pytest.approx(-24.78, abs=0.01)
    assert reading.daylight is Flag.VERY_BAD
    assert reading.safety(now, 60.0).is_safe


def test_a_clear_flag_is_not_a_cover():
    assert Quantity.CLOUD_TOTAL not in read().weather.series
    very_cloudy = read(changed(field16="3"))
    assert very_cloudy.weather.series[Quantity.CLOUD_TOTAL][0, 0] == 1.0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"field16": "0"}, "says cloud unknown"),
        ({"field16": "2"}, "says cloudy"),
        ({"field17": "3"}, "says very windy"),
        ({"field17": "0"}, "says wind unknown"),
        ({"field18": "2"}, "says wet"),
        ({"field18": "3"}, "says raining"),
        ({"field12": "1"}, "rain or wetness in the last minute"),
        ({"field13": "2"}, "rain or wetness in the last minute"),
        ({"field8": "-4"}, "the wind probe is not heating"),
        ({"field5": "-998."}, "the sky sensor is wet"),
        ({"field21": "1"}, "raises an alert"),
    ],
)
def test_whatever_is_bad_or_unknown_is_not_safe(fields, reason):
    (said,) = read(changed(**fields)).safety(NOW, 60.0).reasons
    assert reason in said


def test_a_fault_is_never_a_speed():
    reading = read(changed(field8="-1"))
    assert np.isnan(reading.weather.series[Quantity.WIND_SPEED][0, 0])
    assert "-7 is neither a speed nor a known fault" in refused(changed(field8="-7"))


def test_the_age_of_the_data_counts_and_not_that_of_the_file():
    late = read(changed(field14="00300"))
    (reason,) = late.safety(NOW, 60.0).reasons
    assert reason == "boltwood matera is 311 s old (limit 60 s)"


def test_a_sensor_ahead_of_our_clock_is_not_safe():
    (reason,) = read().safety(NOW - timedelta(hours=1), 60.0).reasons
    assert "after now; check the clocks" in reason


def test_the_zone_decides_the_instant():
    assert read(zone="UTC").measured_at - read().measured_at == timedelta(hours=2)


def test_in_the_hour_that_repeats_the_earlier_instant_is_taken():
    # On 25 October 2026 02:30 comes twice in Rome; the first is 00:30 UTC.
    line = changed(field1="2026-10-25", field2="02:30:00.00", field14="0", field15="46320.104167")
    assert read(line).measured_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_time_that_the_zone_skips_is_refused():
    line = changed(field1="2026-03-29", field2="02:30:00.00", field15="46110.104167")
    assert "2026-03-29 02:30:00.00 does not exist in Europe/Rome" in refused(line)


@pytest.mark.parametrize(
    ("line", "match"),
    [
        (LINE + " 0", "has 22 fields"),
        (" ".join(LINE.split()[:18]), "has 18 fields"),
        (LINE + "\n" + LINE, "a Boltwood file has one line"),
        (changed(field1="14/06/2026"), "field 1 '14/06/2026' is not a day"),
        (changed(field2="25:00:00"), "field 2 '25:00:00' is not a time"),
        (changed(field3="K"), "temperature unit 'K'"),
        (changed(field4="N"), "wind unit 'N'"),
        (changed(field5="cold"), "field 5 'cold' is not a number"),
        (changed(field9="140"), "a humidity of 140 % is not possible"),
        (changed(field12="3"), "field 12 flag 3 is not 0 to 2"),
        (changed(field14="-1"), "an age of -1 s is not possible"),
        (changed(field15="046186.964"), "its two clocks are 86400 s apart"),
        (changed(field16="4"), "field 16 flag 4 is not 0 to 3"),
        (changed(field16="1.5"), "field 16 flag 1.5"),
        ("", "cloud.txt the document is empty"),
    ],
)
def test_a_line_that_does_not_follow_the_key_is_refused(line, match):
    assert match in refused(line)


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../etc", ""])
def test_a_zone_that_does_not_exist_is_refused(zone):
    assert "is not known" in refused(LINE, zone=zone)

"""What is not known stays unknown, and what is unknown, old or from the future is not safe."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.weather.errors import WeatherError
from groundstation.weather.records import Provenance, Quantity, Weather, WeatherKind
from groundstation.weather.safety import (
    Safety,
    SafetyLimits,
    combined,
    judge_forecast,
    judge_now,
)

EPOCH = datetime(2026, 6, 14, 20, 0, tzinfo=UTC)
HOUR = 3_600.0


def weather(
    cover, *, kind=None, is_held=False, longest_gap_s=HOUR, times_s=None, issued_at=None, **series
):
    table = np.atleast_2d(np.array(cover, dtype=float))
    hours = HOUR * np.arange(table.shape[1], dtype=np.float64)
    times = hours if times_s is None else np.array(times_s, dtype=np.float64)
    kind = kind or (WeatherKind.ENSEMBLE if len(table) > 1 else WeatherKind.FORECAST)
    return Weather(
        station="matera",
        provenance=Provenance(kind, "test", issued_at, EPOCH, "00"),
        epoch=EPOCH,
        times_s=times,
        members=tuple(f"{i:02d}" for i in range(len(table))),
        series={Quantity.CLOUD_TOTAL: table}
        | {Quantity[name]: np.atleast_2d(value) for name, value in series.items()},
        is_held=is_held,
        longest_gap_s=longest_gap_s,
    )


def at(record, *times_s, epoch=EPOCH):
    return record.at(Quantity.CLOUD_TOTAL, epoch, np.array(times_s))[0]


def test_a_forecast_is_linear_between_its_hours_and_unknown_outside():
    record = weather([0.2, 0.6, 0.4])
    assert at(record, 0.0, 900.0, 3_600.0, 5_400.0, 7_200.0) == pytest.approx(
        [0.2, 0.3, 0.6, 0.5, 0.4]
    )
    assert np.isnan(at(record, -1.0, 7_201.0)).all()


def test_instants_may_count_from_another_epoch():
    record = weather([0.2, 0.6])
    later = EPOCH + timedelta(minutes=30)
    assert at(record, 0.0, epoch=later) == pytest.approx([0.4])


def test_nothing_is_carried_over_a_gap():
    record = weather([0.2, 0.6, 0.4], times_s=[0.0, 3_600.0, 14_400.0])
    assert at(record, 1_800.0) == pytest.approx([0.4])
    assert np.isnan(at(record, 5_000.0)).all()
    # The sample on the far side of the gap is still one.
    assert at(record, 14_400.0) == pytest.approx([0.4])


def test_a_missing_value_hides_both_of_its_hours_but_not_its_neighbours():
    record = weather([0.2, np.nan, 0.4])
    assert np.isnan(at(record, 1.0, 3_600.0, 7_199.0)).all()
    assert at(record, 0.0, 7_200.0) == pytest.approx([0.2, 0.4])


def test_a_report_holds_until_the_next_and_no_longer_than_it_may():
    record = weather([0.2, 0.6], is_held=True, longest_gap_s=2_000.0)
    assert at(record, 0.0, 1_999.0, 3_600.0, 5_600.0) == pytest.approx([0.2, 0.2, 0.6, 0.6])
    assert np.isnan(at(record, -1.0, 2_001.0, 5_601.0)).all()


def test_a_quantity_that_is_not_there_is_unknown():
    record = weather([[0.1, 0.2], [0.3, 0.4]])
    values = record.at(Quantity.WIND_SPEED, EPOCH, np.array([0.0, 1.0, 2.0]))
    assert values.shape == (2, 3)
    assert np.isnan(values).all()


@settings(max_examples=50)
@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=6), st.floats(0.0, 1.0))
def test_interpolated_cover_lies_between_its_neighbours(cover, share):
    record = weather(cover)
    time_s = share * (len(cover) - 1) * HOUR
    left = min(int(time_s // HOUR), len(cover) - 2)
    low, high = sorted(cover[left : left + 2])
    assert low - 1e-12 <= at(record, time_s)[0] <= high + 1e-12


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"cover": [0.1, 1.2]}, r"cloud_total_fraction 1\.2 is outside 0\.\.1"),
        ({"cover": [-0.1, 0.2]}, "outside"),
        ({"cover": [0.1, np.inf]}, "inf is outside"),
        ({"cover": [0.1, 0.2], "times_s": [0.0, 0.0]}, "do not ascend"),
        ({"cover": [0.1, 0.2], "times_s": [0.0, np.nan]}, "not a list of numbers"),
        ({"cover": [0.1, 0.2], "times_s": [0.0]}, "shape"),
        ({"cover": [0.1, 0.2], "issued_at": datetime(2026, 6, 14)}, "no time zone"),  # noqa: DTZ001
        ({"cover": [0.1, 0.2], "WIND_SPEED": [500.0, 1.0]}, "wind_speed_m_s 500"),
    ],
)
def test_an_impossible_record_cannot_be_made(changes, match):
    with pytest.raises(WeatherError, match=match):
        weather(**changes)


LIMITS = SafetyLimits(
    max_age_s=600.0,
    max_cloud_fraction=0.5,
    max_wind_m_s=12.0,
    max_humidity_fraction=0.9,
    max_rain_rate_m_s=0.0,
)
GOOD = {"WIND_SPEED": [[5.0]], "HUMIDITY": [[0.6]], "RAIN_RATE": [[0.0]]}


def test_a_fresh_reading_within_all_limits_is_safe():
    assert judge_now(weather([0.3], **GOOD), EPOCH, LIMITS).is_safe


def test_no_weather_at_all_is_not_safe():
    assert judge_now(None, EPOCH, LIMITS).reasons == ("the weather is unknown",)
    assert not combined([]).is_safe


def test_an_old_reading_is_not_safe():
    now = EPOCH + timedelta(seconds=601)
    assert judge_now(weather([0.3], **GOOD), now, LIMITS).reasons == (
        "test is 601 s old (limit 600 s)",
    )
    assert judge_now(weather([0.3], **GOOD), now - timedelta(seconds=1), LIMITS).is_safe


def test_a_reading_from_the_future_is_not_safe():
    (reason,) = judge_now(weather([0.3], **GOOD), EPOCH - timedelta(hours=1), LIMITS).reasons
    assert "after now; check the clocks" in reason


def test_an_unknown_quantity_with_a_limit_is_not_safe():
    only_cloud = judge_now(weather([0.3]), EPOCH, LIMITS)
    assert [reason.partition(" is unknown")[0] for reason in only_cloud.reasons] == [
        "wind",
        "relative humidity",
        "rain",
    ]
    without = weather([np.nan], **GOOD)
    assert judge_now(without, EPOCH, LIMITS).reasons == ("cloud cover is unknown (test)",)


def test_the_worst_member_counts_and_the_reason_has_its_number():
    both = weather([[0.3], [0.7]])
    judged = judge_now(both, EPOCH, SafetyLimits(600.0, 0.5, max_rain_rate_m_s=None))
    assert judged.reasons == ("cloud cover 70 % (limit 50; test)",)
    half_known = weather([[0.3], [np.nan]])
    judged = judge_now(half_known, EPOCH, SafetyLimits(600.0, 0.5, max_rain_rate_m_s=None))
    assert judged.reasons == ("cloud cover is unknown (test)",)


def test_any_rain_closes_where_none_is_allowed():
    wet = weather([0.3], **(GOOD | {"RAIN_RATE": [[1.0 / 3.6e6]]}))
    assert judge_now(wet, EPOCH, LIMITS).reasons == ("rain 1 mm/h (limit 0; test)",)


def test_several_sources_are_as_safe_as_the_worst():
    assert combined([Safety(()), Safety(())]).is_safe
    assert combined([Safety(()), Safety(("windy",)), Safety(("wet",))]).reasons == ("windy", "wet")


def test_a_forecast_is_stale_by_its_run_and_not_by_its_retrieval():
    run = EPOCH - timedelta(hours=20)
    record = weather([0.1, 0.2, 0.3], issued_at=run)
    judged = judge_forecast(record, EPOCH, EPOCH, EPOCH + timedelta(hours=1), 12 * HOUR)
    assert judged.reasons == ("test is 20.0 h old (limit 12.0 h)",)
    assert judge_forecast(record, EPOCH, EPOCH, EPOCH + timedelta(hours=1), 20 * HOUR).is_safe


def test_a_forecast_that_ends_before_the_night_does_is_refused():
    record = weather([0.1, 0.2, 0.3])
    judged = judge_forecast(record, EPOCH, EPOCH, EPOCH + timedelta(hours=4), 12 * HOUR)
    assert judged.reasons == ("test: cloud cover is unknown at 2026-06-14T22:10Z",)
    assert judge_forecast(None, EPOCH, EPOCH, EPOCH, HOUR).reasons == ("there is no forecast",)


def test_a_climatology_does_not_age():
    record = weather([0.1, 0.2, 0.3], kind=WeatherKind.CLIMATOLOGY)
    years_later = EPOCH + timedelta(days=1_000)
    assert judge_forecast(record, years_later, EPOCH, EPOCH + timedelta(hours=1), HOUR).is_safe

"""A climatology of means alone is a stated distribution around them, month by month and hourly."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.weather.drawn_nights import draw_nights
from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.climatology import mean_climatology, read_climatology
from groundstation.weather.records import Quantity

NOW = datetime(2026, 6, 14, 12, tzinfo=UTC)
RANKS = (np.arange(2_000) + 0.5) / 2_000.0


def means(values, **options):
    return mean_climatology(values, "matera", "book", retrieved_at=NOW, sha256="00", **options)


def read(text):
    return read_climatology(text.encode(), "table.csv", "matera", retrieved_at=NOW)


def drawn(climate, start, hours, count=1):
    names = [f"{i}" for i in range(count)]
    rng = np.random.default_rng(5)
    stop = start + timedelta(hours=hours)
    return draw_nights([climate], np.eye(1), names, start, stop, rng)["matera"]


@settings(max_examples=50, deadline=None)
@given(mean=st.floats(0.0, 1.0), concentration=st.floats(0.05, 50.0))
def test_the_nights_have_the_stated_mean(mean, concentration):
    nights = means([mean] * 12, concentration=concentration).cover_at(6, RANKS)
    # Quantiles every half percent, joined by lines.
    assert nights.mean() == pytest.approx(mean, abs=0.004)
    assert np.all(np.diff(nights) >= 0.0)
    assert 0.0 <= nights.min() <= nights.max() <= 1.0


def test_the_concentration_sets_how_clear_or_overcast_nights_are():
    # Beta(1/2, 1/2) is the arcsine law: P(N < 0.1) = 2 / pi asin(sqrt(0.1)) = 0.20483.
    arcsine = means([0.5] * 12, concentration=1.0).cover_at(1, RANKS)
    assert (arcsine < 0.1).mean() == pytest.approx(0.20483, abs=2e-3)
    # Beta(1, 1) is uniform; variance of a beta distribution is m (1 - m) / (1 + concentration).
    uniform = means([0.5] * 12, concentration=2.0).cover_at(1, RANKS)
    assert uniform.var() == pytest.approx(0.25 / 3.0, rel=5e-3)
    default = means([0.5] * 12).cover_at(1, RANKS)
    assert default.var() == pytest.approx(0.25 / 1.5, rel=5e-3)


def test_a_mean_of_nothing_or_all_is_a_sky_that_never_changes():
    assert np.all(means([0.0] * 12).cover_at(1, RANKS) == 0.0)
    assert np.all(means([1.0] * 12).cover_at(1, RANKS) == 1.0)


def test_the_distribution_is_said_with_the_source():
    assert means([0.5] * 12).source == "book (means, beta distribution of concentration 0.5)"


def test_months_are_told_apart():
    climate = means([0.0] * 5 + [1.0] + [0.0] * 6)
    night = drawn(climate, datetime(2026, 6, 30, 20, tzinfo=UTC), 8)
    cover = night.at(Quantity.CLOUD_TOTAL, night.epoch, np.array([0.0, 3.0, 5.0]) * 3_600.0)
    assert cover.tolist() == [[1.0, 1.0, 0.0]]


def test_hours_are_those_of_universal_time_and_a_night_keeps_its_rank():
    hourly = [[h / 23.0 for h in range(24)]] * 12
    climate = means(hourly, concentration=1_000.0)
    night = drawn(climate, datetime(2026, 6, 14, 20, tzinfo=UTC), 8, count=500)
    cover = night.series[Quantity.CLOUD_TOTAL]
    hours = [20, 21, 22, 23, 0, 1, 2, 3, 4]
    # Nights around a mean deviate by at most 0.016 at this concentration; 500 of them by 7e-4.
    assert cover.mean(axis=0) == pytest.approx(np.array(hours) / 23.0, abs=4e-3)
    order = np.argsort(cover[:, 1])
    assert np.array_equal(order, np.argsort(cover[:, 2]))


def test_every_night_of_a_horizon_is_drawn_by_itself():
    climate = means([0.5] * 12)
    nights = drawn(climate, datetime(2026, 6, 14, 12, tzinfo=UTC), 72, count=2_000)
    cover = nights.series[Quantity.CLOUD_TOTAL]
    first, second, third = cover[:, 10], cover[:, 34], cover[:, 58]
    assert np.array_equal(first, cover[:, 20])
    for other in (second, third):
        # Independent: 2000 draws correlate by less than three times 1 / sqrt(2000).
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.067


def test_tables_of_means_are_read():
    monthly = "month,cover_percent\n" + "".join(f"{m},{m * 5}\n" for m in range(1, 13))
    climate = read(monthly)
    assert climate.cover_at(12, RANKS).mean() == pytest.approx(0.6, abs=0.004)
    hourly = "month,hour_utc,cover_percent\n" + "".join(
        f"{m},{h},{h}\n" for m in range(1, 13) for h in range(24)
    )
    climate = read(hourly)
    assert climate.cover.shape == (12, 24, 201)
    assert climate.cover_at(3, RANKS, 20).mean() == pytest.approx(0.2, abs=0.004)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("month,cover_percent\n1,101\n", "a cover of 101 % is outside 0..100"),
        ("month,cover_percent\n13,10\n", "'13' is not a month from 1 to 12"),
        ("month,cover_percent\n1,10\n1,10\n", "month 1 occurs twice"),
        ("month,cover_percent\n1,10\n", "month 2, 3, 4"),
        ("month,hour_utc,cover_percent\n1,24,10\n", "'24' is not an hour from 0 to 23"),
        ("month,hour_utc,cover_percent\n1,0,10\n", "month 1, 2, 3"),
        ("month,day,cover_percent\n1,0,10\n", "the columns are not month"),
        ("month,cover_percent\n1\n", "has 1 cells for 2 columns"),
    ],
)
def test_a_table_with_a_fault_is_refused(text, match):
    with pytest.raises(WeatherError, match=match):
        read(text)


@pytest.mark.parametrize(
    ("values", "options", "match"),
    [
        ([0.5] * 11, {}, r"shape \(11,\)"),
        ([[0.5] * 23] * 12, {}, r"shape \(12, 23\)"),
        ([[0.5] * 24] * 11 + [[0.5]], {}, "not 12 values, or 12 times 24"),
        ([0.5] * 11 + [1.5], {}, "outside 0..100 %"),
        ([0.5] * 12, {"concentration": 0.0}, "concentration 0 is not above 0"),
    ],
)
def test_means_that_are_none_are_refused(values, options, match):
    with pytest.raises(WeatherError, match=match):
        means(values, **options)

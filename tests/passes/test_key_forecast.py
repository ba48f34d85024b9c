"""Counts as a distribution become key as a distribution."""

from dataclasses import replace

import numpy as np
import pytest

from passes.counts.moments import Moments
from passes.counts.source import DecoySource
from passes.counts.spread.classes import AirmassClasses
from passes.counts.spread.draws import (
    Draws,
    Link,
    draw_values,
    drawn_atmosphere_db,
    drawn_pass,
    moments_of_draws,
)
from passes.counts.spread.forecast import CountForecast, Quantiles
from passes.counts.spread.priors import default_priors
from passes.key.block.distribution import forecast_key
from passes.key.decoy.counts import decoy_counts_from_moments
from passes.key.decoy.proof import secret_key
from passes.key.records import ErrorCorrection, SecurityParameters
from passes.link.terminals import Atmosphere, BasisChoice, Detector, Receiver, Transmitter

SENDER = Transmitter(850e-9, 7.4e-6, "7.4 urad 1/e2-half", 1.2e-6, 0.0, 1.0)
DETECTOR = Detector(0.5, 25.0, 50e-9, 350e-12, 2e-9, 0.001, 4, BasisChoice.PASSIVE, 0.5)
TELESCOPE = Receiver(850e-9, 1.0, 0.3, 0.16, 1e-9, 100e-6, 500e-12, 2e10, DETECTOR)
SOURCE = DecoySource(1e8, (0.8, 0.1, 0.0), (0.5, 0.25, 0.25), 0.5, 200e-12, 0.0036)
AIR = Atmosphere(0.15, "rural23", 0.014, 344.0)
SECURITY = SecurityParameters(1e-9, 1e-15, ErrorCorrection.BLOCK, 1.16)


def drawn(count=40, efficiency=(1e-4, 4e-4)) -> Draws:
    """A pass of two stretches, 150 s low and 100 s high, under drawn parameters."""
    two = np.array([1.0, 1.0])
    classes = AirmassClasses(
        seconds=np.array([150.0, 100.0]), efficiency=np.array(efficiency),
        range_m=np.array([9e5, 6e5]), airmass=np.array([2.0, 1.2]),
        low_airmass=np.array([2.0, 1.2]), aerosol_db=0.5 * two, cirrus_db=0.0 * two,
        water_db=0.1 * two, dark_hz=100.0 * two, light_hz=np.array([400.0, 300.0]),
        scintillation=np.array([0.02, 0.01]),
    )  # fmt: skip
    link = Link(SENDER, SOURCE, TELESCOPE, AIR)
    priors = default_priors(SENDER, SOURCE, TELESCOPE, AIR)
    return drawn_pass(draw_values(priors, np.random.default_rng(4), count), classes, link)


def forecast_of(draws: Draws) -> CountForecast:
    none = Quantiles(0.0, 0.0, 0.0)
    return CountForecast(none, none, none, none, none, np.ones(1), 0.0, (), draws)


def moments_of(sums, index) -> Moments:
    return Moments(sums[0, index], sums[1, index], sums[2, index], 1e-2)


def test_moments_of_all_draws_are_those_of_each():
    draws = drawn()
    sums = moments_of_draws(draws, SOURCE, TELESCOPE)
    for index in (0, 7, 39):
        one = draws.moments(index, SOURCE, TELESCOPE)
        for row, name in enumerate(("efficiency", "noise_key", "noise_test")):
            assert sums[row, index] == pytest.approx(getattr(one, name), rel=1e-12)


@pytest.mark.parametrize("proof", ["tight", "satquma"])
def test_the_key_of_every_draw_is_that_of_its_own_light_noise_and_error(proof):
    draws = drawn()
    found = forecast_key(forecast_of(draws), SOURCE, TELESCOPE, SECURITY, proof=proof)
    sums = moments_of_draws(draws, SOURCE, TELESCOPE)
    for index in (0, 7, 39):
        source = replace(SOURCE, intrinsic_qber=float(draws.values["intrinsic_qber"][index]))
        counts = decoy_counts_from_moments(moments_of(sums, index), source, 0.5, 0.001)
        exact = secret_key(counts, source, SECURITY, proof=proof).secret_key_bits
        assert exact > 0.0
        # Planning quantiles of `tight`: up to 1 % below.
        assert found.draws[index] == pytest.approx(exact, rel=1e-9 if proof == "satquma" else 0.01)


def test_a_brighter_pass_has_more_key_at_every_quantile_and_less_risk_of_none():
    faint, bright = (
        forecast_key(forecast_of(drawn(200, light)), SOURCE, TELESCOPE, SECURITY)
        for light in ((6e-6, 1.5e-5), (3e-5, 8e-5))
    )
    assert faint.p10 <= faint.p50 <= faint.p90
    assert (faint.p10, faint.p50, faint.p90) < (bright.p10, bright.p50, bright.p90)
    assert bright.no_key_probability < faint.no_key_probability
    assert faint.no_key_probability > 0.0


@pytest.mark.parametrize(("line_db", "power"), [(3.0, 1.0), (None, None)])
def test_water_in_a_laser_line_grows_with_the_column_and_in_a_band_more_slowly(line_db, power):
    """Beer's law for a declared line; the exponent of the band's table, 0.6 at 820 nm, without."""
    sender = replace(SENDER, wavelength_m=820e-9, water_line_zenith_loss_db=line_db)
    link = Link(sender, SOURCE, replace(TELESCOPE, wavelength_m=820e-9), AIR)
    one = np.ones(1)
    classes = AirmassClasses(
        seconds=60.0 * one, efficiency=1e-3 * one, range_m=6e5 * one, airmass=one,
        low_airmass=one, aerosol_db=0.0 * one, cirrus_db=0.0 * one, water_db=3.0 * one,
        dark_hz=100.0 * one, light_hz=300.0 * one, scintillation=0.0 * one,
    )  # fmt: skip
    values = {
        "precipitable_water_m": np.array([0.007, 0.014, 0.028]),
        "aerosol_optical_depth_550": 0.0 * one, "angstrom_exponent": one,
        "cirrus_optical_depth": 0.0 * one,
    }  # fmt: skip
    loss_db = drawn_atmosphere_db(values, classes, link)[:, 0]
    expected = power if power is not None else 0.604
    # The table's exponent has three digits.
    assert loss_db == pytest.approx(3.0 * np.array([0.5, 1.0, 2.0]) ** expected, rel=1e-3)

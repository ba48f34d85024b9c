"""Expected clicks and errors are those of a simulated detector."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passes.counts.expected import (
    Noise,
    expected_noise,
    expected_rates,
    noise_probability_per_gate,
)
from passes.counts.noise import prepare_background
from passes.counts.polarisation import combine_error_rates, contrast_error_rate
from passes.counts.source import DecoySource
from passes.errors import LinkError
from passes.link.air_terms import clear_air_db
from passes.link.budget import LinkBudget, Term, TermGroup
from passes.link.terminals import Atmosphere, BasisChoice, Detector, Receiver, Transmitter
from passes.sky.radiance import dark_sky_radiance, krisciunas_schaefer_1991, sunlight_radiance
from passes.sky.reflection import diffuse_sphere_magnitude_v
from passes.track import Track

AIR = Atmosphere(0.15, "rural23", 0.010, 320.0)
SENDER = Transmitter(785e-9, 7e-6, "", 1e-6, 0.0, 1.0, reflecting_area_m2=1.0, albedo=0.2)
DETECTOR = Detector(1.0, 25.0, 24e-9, 350e-12, 2e-9, 0.0, 4, BasisChoice.PASSIVE, 0.5)
TELESCOPE = Receiver(785e-9, 1.0, 0.0, 0.25, 1e-9, 100e-6, 0.0, 1.893e10, DETECTOR)
SOURCE = DecoySource(1e8, (0.8, 0.1, 0.0), (0.5, 0.25, 0.25), 0.5, 200e-12, 0.0)


def night(**changes):
    """Zenith, no Moon, no Sun, satellite in shadow, unless changed."""
    one = np.ones(1)
    values = {
        "times_s": 0 * one,
        "azimuth_rad": 0 * one,
        "elevation_rad": np.pi / 2 * one,
        "range_m": 6e5 * one,
        "range_rate_m_s": 0 * one,
        "azimuth_rate_rad_s": 0 * one,
        "elevation_rate_rad_s": 0 * one,
        "sun_elevation_rad": np.radians(-40.0) * one,
        "moon_elevation_rad": np.radians(-10.0) * one,
        "moon_separation_rad": np.radians(45.0) * one,
        "moon_phase_angle_rad": 0 * one,
        "sunlit_fraction": 0 * one,
        "solar_phase_angle_rad": np.pi / 2 * one,
        "is_usable": np.array([True]),
    }
    values.update({name: np.atleast_1d(value) for name, value in changes.items()})
    return Track(epoch=datetime(2026, 6, 14, tzinfo=UTC), **values)


def noise_of(receiver=TELESCOPE, sender=SENDER, **changes):
    return expected_noise(night(**changes), sender, receiver, AIR)


def test_dark_sky_counts_of_a_metre_telescope():
    # D 1 m, full field 100 urad, 1 nm, efficiency 0.25, 4.79059e-9 W m-2 sr-1 nm-1 at 785 nm:
    # 29.1945 per second (closed form; the radiance above is given to four digits). A half-angle
    # taken for the field would give 117, a micrometre for the nanometre 0.029.
    noise = noise_of()
    assert noise.sky_hz == pytest.approx([29.1945], rel=3e-4)
    assert noise.dark_hz == pytest.approx([100.0])
    assert noise.moon_hz == 0.0
    assert noise.satellite_hz == 0.0
    # Far below the horizon the Sun is negligible against the darkest sky.
    assert noise.twilight_hz[0] < 1e-6


def test_city_sky_of_17_5_mag_counts_ten_times_more():
    # I 17.5 against 20.0 mag: 292 per second, rounded.
    city = replace(TELESCOPE, dark_sky_radiance=TELESCOPE.dark_sky_radiance * 10)
    assert noise_of(city).sky_hz == pytest.approx([292.0], rel=0.002)


def test_all_noise_from_the_sky_passes_optics_and_detector_once():
    half = replace(TELESCOPE, detector=replace(DETECTOR, efficiency=0.5))
    changes = {
        "moon_elevation_rad": 0.6,
        "sun_elevation_rad": -0.2,
        "sunlit_fraction": 1.0,
    }
    whole, less = noise_of(**changes), noise_of(half, **changes)
    for name in ("sky_hz", "twilight_hz", "moon_hz", "satellite_hz"):
        assert getattr(less, name) == pytest.approx(0.5 * getattr(whole, name))
        assert getattr(whole, name)[0] > 0.0
    assert less.dark_hz == whole.dark_hz
    assert whole.total_hz == pytest.approx(
        whole.dark_hz + whole.sky_hz + whole.twilight_hz + whole.moon_hz + whole.satellite_hz
    )


def test_obscuration_and_field_of_view_shrink_the_sky():
    shaded = replace(TELESCOPE, obscuration=0.5, field_of_view_rad=50e-6)
    assert noise_of(shaded).sky_hz == pytest.approx(0.75 / 4 * noise_of().sky_hz)


def test_sky_at_30_deg_is_nearly_twice_as_bright():
    # Krisciunas & Schaefer (1991), Eqs. 2, 3: airmass (1 - 0.96 x 0.75)^-1/2 = 1.8898, dimmed by
    # 10^(-0.4 x 0.1 x 0.8898) = 0.9213.
    assert dark_sky_radiance(1.0, np.radians(30.0), 0.1) == pytest.approx(1.7411, abs=1e-4)
    assert dark_sky_radiance(1.0, np.pi / 2, 0.3) == pytest.approx(1.0)


def test_extinction_of_the_sky_is_that_of_the_air_in_magnitudes():
    background = prepare_background(SENDER, TELESCOPE, AIR)
    for wavelength_m, magnitudes in (
        (785e-9, background.extinction_mag),
        (550e-9, background.visual_extinction_mag),
    ):
        losses_db = clear_air_db(wavelength_m, np.pi / 2, AIR, 0.0)
        through = 10.0 ** (-float(sum(losses_db.values())) / 10.0)
        assert magnitudes == pytest.approx(-2.5 * np.log10(through), rel=1e-12)
    # 1.0857 mag per neper: Rayleigh 0.097, aerosol 0.15, ozone about 0.03 at 550 nm.
    assert background.visual_extinction_mag == pytest.approx(1.0857 * 0.277, abs=0.015)


def test_moon_counts_only_above_the_horizon():
    assert noise_of(moon_elevation_rad=-1e-6).moon_hz == 0.0
    full = noise_of(moon_elevation_rad=np.radians(45.0)).moon_hz
    half = noise_of(moon_elevation_rad=np.radians(45.0), moon_phase_angle_rad=np.pi / 2).moon_hz
    # Full Moon 45 deg away: 1.2e11 photons (SkyCalc, 785 nm) are 185 per second through this
    # telescope; Krisciunas & Schaefer are a third lower.
    assert full == pytest.approx([185.0], rel=0.4)
    # A half Moon is 10^(0.4 (0.026 x 90 + 4e-9 x 90^4)) = 11 times fainter.
    assert full / half == pytest.approx([11.0], rel=0.01)


def test_aureole_of_the_moon_is_bright_but_finite():
    def nanolambert(separation_deg):
        return krisciunas_schaefer_1991(0.0, np.radians(separation_deg), 0.8, 0.8, 0.172)

    assert nanolambert(2.0) > nanolambert(8.0) > nanolambert(12.0)
    assert nanolambert(0.0) == nanolambert(0.25)
    assert np.isfinite(nanolambert(0.0))


def test_twilight_grows_by_a_factor_of_2_7_per_degree_until_day():
    # 1.10 mag per degree at five Canary stations.
    one, two = sunlight_radiance(np.radians([-12.0, -11.0]), 785e-9)
    assert -2.5 * np.log10(one / two) == pytest.approx(1.10, abs=0.01)
    # Below -18 deg it is less than 1 % of a sky of I = 20.0; by day it never decreases.
    elevations = np.radians(np.arange(-18.0, 90.0, 0.5))
    brightness = sunlight_radiance(elevations, 785e-9)
    assert brightness[0] < 0.01 * 1.92e10
    assert np.all(np.diff(brightness) >= 0.0)
    assert np.all(np.isfinite(brightness))


def test_a_diffuse_sphere_returns_exactly_what_it_reflects():
    # What is seen from all directions adds up to albedo x cross-section, by conservation of energy.
    phase = np.linspace(0.0, np.pi, 20_001)[:-1]
    magnitude = diffuse_sphere_magnitude_v(1.0, 0.3, phase, 1.0)
    seen = 10 ** (-0.4 * (magnitude + 26.74))
    total = np.trapezoid(seen * 2 * np.pi * np.sin(phase), phase)
    # Trapezoids of 1.6e-4 rad: error below 1e-7.
    assert total == pytest.approx(0.3, rel=1e-6)
    assert diffuse_sphere_magnitude_v(1.0, 0.3, np.pi, 1e6) > 40.0


def test_half_lit_satellite_counts_half_and_is_dimmed_by_the_air():
    full = noise_of(sunlit_fraction=1.0).satellite_hz
    assert noise_of(sunlit_fraction=0.5).satellite_hz == pytest.approx(0.5 * full)
    clear = Atmosphere(0.0, "rural23", 0.0, 0.0)
    above = expected_noise(night(sunlit_fraction=1.0), SENDER, TELESCOPE, clear).satellite_hz
    # 0.15 x 0.66 aerosol and a little gas at zenith.
    assert 0.85 < full[0] / above[0] < 0.92


def test_sunlit_satellite_without_reflecting_area_is_refused():
    unknown = replace(SENDER, reflecting_area_m2=None)
    with pytest.raises(LinkError, match="sunlit during the contact but reflecting_area_m2"):
        noise_of(sender=unknown, sunlit_fraction=0.01)
    with pytest.raises(LinkError, match="but albedo is not given"):
        noise_of(sender=replace(SENDER, albedo=None), sunlit_fraction=1.0)
    assert noise_of(sender=unknown).satellite_hz == 0.0
    assert noise_of(sender=unknown, sunlit_fraction=1.0, is_usable=False).satellite_hz == 0.0


def only(dark_hz=0.0, sky_hz=0.0):
    zero = np.zeros(1)
    return Noise(zero + dark_hz, zero + sky_hz, zero, zero, zero)


def test_micius_detectors_click_2e_7_times_per_pulse_in_the_dark():
    # 4 x 25 Hz x 2 ns. A basis is measured in half the gates, with two detectors of p each.
    key, test = noise_probability_per_gate(only(dark_hz=100.0), TELESCOPE)
    assert 0.5 * 2 * key + 0.5 * 2 * test == pytest.approx([2e-7], rel=1e-6)
    assert key == pytest.approx([1e-7], rel=1e-6)


@given(st.floats(0.01, 0.99), st.floats(0.0, 1e5), st.floats(0.0, 1e5))
def test_no_noise_click_is_lost_or_invented_by_the_choice_of_basis(share, dark_hz, sky_hz):
    for choice in BasisChoice:
        detector = replace(DETECTOR, key_basis_probability=share, basis_choice=choice)
        key, test = noise_probability_per_gate(
            only(dark_hz, sky_hz), replace(TELESCOPE, detector=detector)
        )
        per_gate = share * 2 * key[0] + (1 - share) * 2 * test[0]
        mean = (dark_hz + sky_hz) * 2e-9
        # Two clicks in one gate count once: relative deviation of half the mean in a rare basis.
        assert per_gate == pytest.approx(mean, rel=mean / min(share, 1 - share) + 1e-12)


def test_rarely_chosen_basis_suffers_more_from_dark_counts_but_not_from_light():
    biased = replace(TELESCOPE, detector=replace(DETECTOR, key_basis_probability=0.9))
    key, test = noise_probability_per_gate(only(dark_hz=100.0), biased)
    assert test / key == pytest.approx([9.0], rel=1e-6)
    key, test = noise_probability_per_gate(only(sky_hz=100.0), biased)
    assert test / key == pytest.approx([1.0], rel=1e-12)


def test_passive_receiver_that_never_measures_a_basis_is_refused():
    one_basis = replace(TELESCOPE, detector=replace(DETECTOR, key_basis_probability=1.0))
    with pytest.raises(LinkError, match="key_basis_probability 1 of a passive receiver"):
        noise_probability_per_gate(only(dark_hz=100.0), one_basis)


def test_daylight_never_makes_more_than_one_click_per_gate():
    key, test = noise_probability_per_gate(only(sky_hz=1e12), TELESCOPE)
    assert key == test == 0.5


def rates(loss_db, noise, source=SOURCE, receiver=TELESCOPE):
    term = Term("all", np.atleast_1d(float(loss_db)), TermGroup.GEOMETRY, "given")
    return expected_rates(LinkBudget((term,)), noise, source, receiver)


def test_rates_of_a_silent_link_are_those_of_its_photons():
    # 30 dB: 1e8 x [0.5 (1 - exp(-8e-4)) + 0.25 (1 - exp(-1e-4))] = 42 483.88 per second.
    result = rates(30, only())
    assert result.detected_hz == pytest.approx([42_483.879], rel=1e-7)
    assert result.signal_hz == pytest.approx(result.detected_hz)
    assert result.noise_hz == pytest.approx([0.0], abs=1e-6)
    # Signal pulses, bases equal by chance in half of them.
    assert result.sifted_hz == pytest.approx([0.5 * 39_984.0], rel=1e-5)
    assert result.qber == 0.0


def test_noise_alone_is_counted_whole_and_half_wrong():
    result = rates(300, only(dark_hz=100.0, sky_hz=300.0))
    # 400 per second ungated, 2 ns x 1e8 gates per second let a fifth through.
    assert result.detected_hz == pytest.approx([80.0], rel=1e-5)
    assert result.noise_hz == pytest.approx([80.0], rel=1e-5)
    assert result.qber == pytest.approx([0.5], rel=1e-6)


def test_dark_counts_of_micius_add_0_04_percent_of_errors():
    # Mean of the pass of 2016-12-19: 3 551 136 detections in 273 s are an efficiency of 3.06e-4.
    # A contrast of 280 gives 0.36 %, 4 x 25 Hz x 2 ns add 0.04 % (rounded to 0.01 %).
    contrast = replace(SOURCE, intrinsic_qber=contrast_error_rate(280))
    mean_efficiency = 3_551_136 / 273 / (1e8 * 0.425)
    loss_db = -10 * np.log10(mean_efficiency)
    clean = rates(loss_db, only(), contrast).qber[0]
    assert clean == pytest.approx(0.0036, abs=5e-5)
    dark = rates(loss_db, only(dark_hz=100.0), contrast).qber[0]
    assert dark - clean == pytest.approx(0.0004, abs=5e-5)


def test_afterpulses_are_half_wrong():
    noisy = replace(TELESCOPE, detector=replace(DETECTOR, afterpulse_probability=0.02))
    quiet, echo = rates(30, only()), rates(30, only(), receiver=noisy)
    assert echo.detected_hz == pytest.approx(1.02 * quiet.detected_hz)
    assert echo.qber == pytest.approx([0.01], rel=1e-12)
    assert echo.signal_hz == pytest.approx(quiet.signal_hz)


@given(st.floats(0.0, 80.0), st.floats(0.0, 1e4), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_more_noise_means_more_clicks_and_more_errors(loss_db, dark_hz, sent, chosen):
    source = replace(SOURCE, key_basis_probability=sent, intrinsic_qber=0.01)
    receiver = replace(TELESCOPE, detector=replace(DETECTOR, key_basis_probability=chosen))
    quiet = rates(loss_db, only(dark_hz=dark_hz), source, receiver)
    loud = rates(loss_db, only(dark_hz=dark_hz + 100.0), source, receiver)
    assert loud.detected_hz > quiet.detected_hz
    assert loud.qber > quiet.qber
    assert np.all(quiet.sifted_hz <= quiet.detected_hz)
    assert np.all((quiet.qber >= 0.0) & (loud.qber <= 0.5))


@given(st.floats(0.0, 60.0), st.floats(0.0, 60.0))
def test_pulses_of_two_losses_stay_empty_like_two_pulses(one_db, other_db):
    """1 - exp(-x): that neither of two lights clicks is the product, whatever their strength."""
    bright = replace(SOURCE, intensities=(20.0, 0.0, 0.0), probabilities=(1.0, 0.0, 0.0))
    both_db = -10.0 * np.log10(10.0 ** (-one_db / 10.0) + 10.0 ** (-other_db / 10.0))
    empty = [
        1.0 - rates(loss_db, only(), bright).detected_hz[0] / SOURCE.pulse_rate_hz
        for loss_db in (one_db, other_db)
    ]
    # Twice as much as one photon per photon is no link, but light that adds.
    both = rates(both_db, only(), bright).detected_hz[0] / SOURCE.pulse_rate_hz
    assert 1.0 - both == pytest.approx(empty[0] * empty[1], abs=1e-12)


@given(st.floats(0.0, 70.0), st.floats(0.0, 1e6), st.floats(0.0, 0.5), st.floats(0.0, 0.2))
def test_noise_and_afterpulses_pull_the_error_rate_towards_one_half(loss_db, dark_hz, q, echo):
    source = replace(SOURCE, intrinsic_qber=q)
    noisy = replace(TELESCOPE, detector=replace(DETECTOR, afterpulse_probability=echo))
    ours = rates(loss_db, only(dark_hz=dark_hz), source, noisy).qber[0]
    assert ours >= q - 1e-12
    # Both small excesses are the proof's: it counts the errors of noise in gates that light clicks
    # in, too, and afterpulses of afterpulses as wrong.
    assert ours <= 0.5 * (1.0 + echo**2) + dark_hz * 2e-9
    assert rates(loss_db, only(), source).qber[0] == pytest.approx(q, abs=1e-12)


def test_errors_of_independent_causes_combine_like_visibilities():
    # 1 % and 2 %: one flip without the other, 0.01 x 0.98 + 0.99 x 0.02.
    assert combine_error_rates(0.01, 0.02) == pytest.approx(0.0296, rel=1e-12)
    assert combine_error_rates() == 0.0
    assert combine_error_rates(0.5, 0.1) == pytest.approx(0.5)
    assert combine_error_rates(np.array([0.0, 0.1]), 0.2).shape == (2,)

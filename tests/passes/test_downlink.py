"""The loss of a downlink is the sum of its terms, each from its source."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passes.counts.source import DecoySource
from passes.errors import LinkError
from passes.link.budget import TermGroup
from passes.link.detection.receiver import gate_fraction
from passes.link.downlink import downlink_budget
from passes.link.optics.beam import (
    DivergenceDefinition,
    aperture_capture,
    aperture_half_angle_rad,
    divergence_half_angle_rad,
)
from passes.link.terminals import Atmosphere, BasisChoice, Detector, Receiver, Transmitter
from passes.track import Track

AIR = Atmosphere(0.15, "rural23", 0.010, 320.0)
SENDER = Transmitter(850e-9, 7e-6, "10 urad disc-full", 1.2e-6, 0.5e-6, 0.8)
DETECTOR = Detector(0.5, 100.0, 50e-9, 350e-12, 1e-9, 0.01, 4, BasisChoice.PASSIVE, 0.5)
TELESCOPE = Receiver(850e-9, 0.8, 0.3, 0.4, 1e-9, 100e-6, 100e-12, 2e10, DETECTOR)
SOURCE = DecoySource(1e8, (0.8, 0.1, 0.0), (0.5, 0.25, 0.25), 0.5, 200e-12, 0.01)
NAMES = [
    *("geometric", "obscuration", "pointing", "transmitter optics"),
    *("rayleigh", "ozone", "water", "mixed gases", "aerosol", "cirrus"),
    *("receiver optics", "gate", "detector efficiency", "dead time"),
]


def track(elevation_rad, range_m):
    elevation, distance = np.atleast_1d(elevation_rad), np.atleast_1d(range_m)
    zero = np.zeros(elevation.shape)
    return Track(
        epoch=datetime(2026, 6, 14, tzinfo=UTC),
        times_s=np.arange(elevation.size, dtype=float),
        azimuth_rad=zero,
        elevation_rad=elevation,
        range_m=distance,
        range_rate_m_s=zero,
        azimuth_rate_rad_s=zero,
        elevation_rate_rad_s=zero,
        sun_elevation_rad=zero - 0.5,
        moon_elevation_rad=zero - 0.5,
        moon_separation_rad=zero + 1.0,
        moon_phase_angle_rad=zero,
        sunlit_fraction=zero,
        solar_phase_angle_rad=zero,
        is_usable=np.ones(elevation.shape, dtype=bool),
    )


def budget(elevation_rad=0.8, range_m=7e5, sender=SENDER, receiver=TELESCOPE, air=AIR, **noise):
    return downlink_budget(
        track(elevation_rad, range_m), sender, SOURCE, receiver, air, 500.0, **noise
    )


@given(st.lists(st.tuples(st.floats(0.0, np.pi / 2), st.floats(3e5, 3e6)), min_size=1))
def test_terms_add_up_to_the_whole_loss(samples):
    elevation, distance = np.array(samples).T
    whole = budget(elevation, distance)
    assert [term.name for term in whole.terms] == NAMES
    total = sum(term.loss_db for term in whole.terms)
    np.testing.assert_allclose(whole.total_db, total, atol=1e-12)
    product = np.prod([10 ** (-term.loss_db / 10) for term in whole.terms], axis=0)
    np.testing.assert_allclose(whole.efficiency, product, rtol=1e-11)
    by_group = sum(whole.group_db(group) for group in TermGroup)
    np.testing.assert_allclose(by_group, total, atol=1e-12)
    for term in whole.terms:
        assert term.loss_db.shape == distance.shape
        assert np.all(term.loss_db >= 0.0)
        assert term.source


@given(st.floats(0.0, np.pi / 2), st.floats(3e5, 3e6))
def test_one_sample_gives_what_an_array_gives(elevation, distance):
    beside = budget(np.array([0.5, elevation]), np.array([1e6, distance]))
    assert beside.total_db[1] == pytest.approx(budget(elevation, distance).total_db[0], rel=1e-12)


@given(st.floats(0.1, 2.0), st.floats(1.001, 2.0), st.floats(3e5, 3e6))
def test_a_larger_telescope_never_loses_more(aperture_m, factor, distance):
    # Beams wider than the telescope, as every downlink has: a beam that fits into the central
    # obstruction would be the exception. The loss before dead time, which grows with the light.
    def loss_db(diameter_m):
        terms = budget(range_m=distance, receiver=replace(TELESCOPE, aperture_m=diameter_m)).terms
        return sum(term.loss_db[0] for term in terms[:2])

    assert loss_db(aperture_m * factor) < loss_db(aperture_m)


@given(st.floats(0.01, 1.5), st.floats(0.01, 1.5))
def test_loss_falls_as_the_satellite_rises(one, other):
    low, high = sorted((one, other))
    assert budget(low).total_db[0] >= budget(high).total_db[0] - 1e-9


def test_each_efficiency_is_counted_once():
    whole = budget()
    half = [
        (replace(SENDER, optics_efficiency=0.4), TELESCOPE, "transmitter optics"),
        (SENDER, replace(TELESCOPE, optics_efficiency=0.2), "receiver optics"),
        (SENDER, replace(TELESCOPE, detector=replace(DETECTOR, efficiency=0.25)), "detector"),
    ]
    for sender, receiver, name in half:
        less = budget(sender=sender, receiver=receiver)
        # Half the light costs 3.0103 dB in its own term. Dead time eases by 0.002 dB.
        difference = less.total_db - whole.total_db
        assert difference == pytest.approx(3.0103, abs=3e-3), name


def test_station_height_enters_once():
    sea, hill = (
        downlink_budget(track(0.5, 8e5), SENDER, SOURCE, TELESCOPE, AIR, height_m)
        for height_m in (0.0, 2000.0)
    )
    changed = [
        term.name
        for term in hill.terms
        if abs(term.loss_db[0] - sea.term(term.name).loss_db[0]) > 1e-3
    ]
    # At 850 nm no mixed gas absorbs; the dead time follows the light by less than 1e-4 dB.
    assert changed == ["rayleigh"]


# On-axis loss of 10 urad at 1200 km into 1 m, the four readings [dB]. The Gaussian ones are exact;
# a disc has 21.58 by its area, of which the Gaussian of the same axis misses 0.015 dB.
@pytest.mark.parametrize(
    ("definition", "loss_db", "tolerance"),
    [
        ("disc-full", 21.58, 0.02),
        ("1/e2-full", 18.60, 0.005),
        ("fwhm-full", 23.19, 0.005),
        ("1/e2-half", 24.60, 0.005),
    ],
)
def test_the_four_readings_of_a_divergence_differ_by_6_db(definition, loss_db, tolerance):
    half_angle = divergence_half_angle_rad(10e-6, definition)
    ours = -10 * np.log10(aperture_capture(1.2e6 * half_angle, 1.0))
    assert ours == pytest.approx(loss_db, abs=tolerance)


def test_divergence_without_a_known_definition_is_refused():
    with pytest.raises(ValueError, match="1/e-half"):
        divergence_half_angle_rad(1e-5, "1/e-half")
    with pytest.raises(LinkError, match="divergence of -10 urad"):
        divergence_half_angle_rad(-10e-6, DivergenceDefinition.FULL_DISC)


def test_photons_counted_behind_the_telescope_do_not_pay_for_clipping():
    # At the best ratio without obstruction the clipped power is 8.1 %, 0.37 dB; 0.8145 / 0.8864.
    laser, transmitted = (
        aperture_half_angle_rad(850e-9, 0.3, 0.15 / 1.12091, 0.0, where)
        for where in ("laser", "transmitted")
    )
    assert (transmitted / laser) ** 2 == pytest.approx(1 - np.exp(-2 * 1.12091**2), rel=1e-9)
    assert laser > transmitted


def test_a_beam_that_no_aperture_clips_spreads_by_diffraction_alone():
    # Waist 0.15 m, 848.6 nm: radius 2.166 m at 1200 km near the waist included, 2.161 m in the far
    # field, and 9.95 dB onto 1 m by the former; the far field is 0.02 dB brighter.
    half_angle = aperture_half_angle_rad(848.6e-9, 3.0, 0.15, 0.0, "laser")
    assert 1.2e6 * half_angle == pytest.approx(2.161, abs=0.001)
    loss_db = -10 * np.log10(aperture_capture(1.2e6 * half_angle, 1.0))
    assert loss_db == pytest.approx(9.95, abs=0.03)


def test_impossible_telescopes_are_refused():
    with pytest.raises(LinkError, match=r"obscuration 1 is not possible"):
        aperture_half_angle_rad(850e-9, 0.3, 0.15, 1.0, "laser")


@given(st.floats(0.5, 20.0), st.floats(0.01, 2.0), st.floats(0.0, 10.0))
def test_aperture_catches_what_a_polar_integral_says(beam_radius_m, aperture_m, offset_m):
    radius = np.linspace(0.0, aperture_m / 2, 201)
    angle = np.linspace(0.0, 2 * np.pi, 257)[:-1]
    distance2 = radius[:, None] ** 2 + offset_m**2 - 2 * radius[:, None] * offset_m * np.cos(angle)
    irradiance = 2 / (np.pi * beam_radius_m**2) * np.exp(-2 * distance2 / beam_radius_m**2)
    expected = np.trapezoid(irradiance.mean(axis=1) * 2 * np.pi * radius, radius)
    # The trapezoid rule with 200 steps errs by 1e-4 where the beam fits into the aperture.
    ours = float(aperture_capture(beam_radius_m, aperture_m, offset_m))
    assert ours == pytest.approx(expected, rel=1e-3, abs=1e-15)


def test_obscuration_costs_its_area_in_a_wide_beam():
    # 1 - 0.3^2 is 0.4096 dB; the beam is 5 m wide, so that irradiance is even to 1 %.
    assert budget().term("obscuration").loss_db[0] == pytest.approx(0.4096, abs=0.005)


def test_dead_time_is_tiny_at_night_and_grows_with_background():
    night = budget().term("dead time").loss_db[0]
    lit = budget(light_noise_hz=4e6).term("dead time").loss_db[0]
    assert 0.0 < night < 0.01
    # 1e6 per second and detector with 50 ns: 1 / 1.05 is 0.212 dB.
    assert lit == pytest.approx(0.212, abs=0.01)


def test_gate_late_by_half_its_width_keeps_half():
    assert gate_fraction(1e-9, 0.0, 100e-12, 0.0, 0.5e-9) == pytest.approx(0.5, abs=1e-9)
    assert gate_fraction(1e-9, 0.0, 0.0, 0.0) == 1.0
    assert gate_fraction(1e-9, 0.0, 0.0, 0.0, 0.6e-9) == 0.0


def test_transmitter_outside_the_filter_is_refused():
    aside = replace(SENDER, wavelength_m=850.5e-9)
    assert budget(sender=aside).total_db[0] > 0.0
    with pytest.raises(LinkError, match=r"transmitter at 850\.6 nm is outside .* of 850 nm, 1 nm"):
        budget(sender=replace(SENDER, wavelength_m=850.6e-9))


def test_unknown_term_is_a_key_error():
    with pytest.raises(KeyError, match="scintillation"):
        budget().term("scintillation")

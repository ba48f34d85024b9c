"""Laws of the terms of a link, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passes.counts.polarisation import combine_error_rates, contrast_error_rate
from passes.errors import LinkError
from passes.link.air.aerosol import aerosol_depth_at_station, angstrom_1929, rural_aerosol
from passes.link.air.cirrus import CirrusClass, sassen_cho_1992
from passes.link.air.extinction import slant_extinction_db, water_line_warning
from passes.link.air.fog import fog_attenuation_db_per_m, fog_loss_db, kim_2001, kruse_1962
from passes.link.air.lines import line_absorption_db
from passes.link.air.oxygen import oxygen_collision_db, squared_density_column_m5
from passes.link.detection.dead_time import counted_rate_hz
from passes.link.detection.receiver import gate_fraction
from passes.link.optics.beam import (
    aperture_capture,
    aperture_half_angle_rad,
    gaussian_beam_radius_m,
    obscured_capture,
    optimum_truncation,
    transmit_gain_efficiency,
)
from passes.link.optics.diffraction import diffraction_capture, off_axis_gain_efficiency
from passes.link.optics.fades import joint_fade_cdf, joint_fade_quantile_db, pointing_ratio
from passes.link.optics.geometry import slant_range_m
from passes.link.optics.pointing import pointing_moment
from passes.link.terminals import Atmosphere

AIR = Atmosphere(0.15, "rural23", 0.010, 320.0)
FEW = settings(max_examples=50, deadline=None)
elevations = st.floats(np.radians(1.0), np.pi / 2)


def telescope_capture(range_m, receiver_m, reference="laser", **changes):
    values = {
        "wavelength_m": 785e-9,
        "aperture_m": 0.3,
        "beam_radius_m": 0.13,
        "obscuration": 0.2,
        "reference": reference,
    }
    return diffraction_capture(range_m, receiver_m, **{**values, **changes})


@FEW
@given(st.floats(0.2, 3.0), st.floats(0.05, 2.0), st.floats(0.0, 0.9), st.floats(0.0, 3.0))
def test_a_larger_telescope_never_catches_less(beam_m, aperture_m, obscuration, offset_m):
    small = obscured_capture(beam_m, aperture_m, obscuration, offset_m)
    large = obscured_capture(beam_m, 1.1 * aperture_m, obscuration / 1.1, offset_m)
    assert 0.0 <= small <= large <= 1.0
    assert small <= aperture_capture(beam_m, aperture_m, offset_m)


@FEW
@given(st.floats(3e5, 3e6), st.floats(0.1, 1.5))
def test_a_farther_telescope_never_catches_more_of_a_diffracted_beam(range_m, receiver_m):
    near, far = telescope_capture(np.array([range_m, 1.05 * range_m]), receiver_m)
    assert 0.0 < far <= near <= 1.0
    assert telescope_capture(range_m, receiver_m) == pytest.approx(near, rel=1e-12)
    assert telescope_capture(range_m, receiver_m, "transmitted") > near


def test_all_light_that_leaves_the_telescope_arrives_somewhere():
    # A smooth pupil, clipped where 0.03 % of the power is left: far rings of J1^2 / X^2 with edge
    # amplitude exp(-4), 1e-4 of the power beyond k a sin(angle) = 20.
    whole = telescope_capture(
        20e3, 1.0, "transmitted", aperture_m=0.2, beam_radius_m=0.05, obscuration=0.0
    )
    assert whole == pytest.approx(1.0, abs=2e-4)
    assert whole < 1.0


def test_small_telescope_far_away_sees_the_gain_on_axis():
    # Area over 4 pi range^2 times the gain, exact for a receiver of 10 mm.
    half_angle = aperture_half_angle_rad(785e-9, 0.3, 0.13, 0.2, "laser")
    ours = telescope_capture(1e6, 0.01)
    assert ours == pytest.approx(float(aperture_capture(half_angle * 1e6, 0.01)), rel=1e-5)


def test_receiver_obstruction_takes_its_area_from_a_wide_beam():
    whole, ring = telescope_capture(2e6, 0.5), telescope_capture(2e6, 0.5, receiver_obscuration=0.4)
    assert ring / whole == pytest.approx(1 - 0.16, abs=2e-3)


@FEW
@given(st.floats(0.3, 3.0), st.floats(0.0, 0.8), st.floats(0.0, 8.0), st.floats(-6.0, 6.0))
def test_no_direction_is_brighter_than_the_axis_of_a_focused_beam(
    ratio, obscuration, off_axis, defocus
):
    axis = float(transmit_gain_efficiency(ratio, obscuration, "laser"))
    gain = off_axis_gain_efficiency(off_axis, ratio, obscuration, defocus)
    assert 0.0 <= gain <= axis * (1 + 1e-9)
    assert gain == pytest.approx(
        float(off_axis_gain_efficiency(-off_axis, ratio, obscuration, -defocus)), abs=1e-14
    )
    # Clipping and obstruction lose light: less of the laser than of what is transmitted.
    assert axis <= transmit_gain_efficiency(ratio, obscuration, "transmitted")


@FEW
@given(st.floats(0.5, 500.0), st.floats(0.0, 1.0), st.floats(1e-4, 0.9999))
def test_fade_quantile_and_distribution_invert_each_other(gamma2, variance, probability):
    fade_db = joint_fade_quantile_db(np.array([probability, 0.5]), gamma2, variance)
    assert joint_fade_cdf(fade_db[0], gamma2, variance) == pytest.approx(probability, abs=1e-9)
    assert joint_fade_quantile_db(probability, gamma2, variance) == pytest.approx(fade_db[0])
    # Stronger turbulence makes rare fades deeper.
    deeper = joint_fade_quantile_db(0.99, gamma2, variance + 0.1)
    assert deeper > joint_fade_quantile_db(0.99, gamma2, variance)


@FEW
@given(st.floats(30.0, 2e5), st.floats(550e-9, 1600e-9), elevations)
def test_fog_is_clearer_in_the_red_and_in_better_visibility(visibility_m, wavelength_m, elevation):
    for law in ("kim", "kruse"):
        here = fog_loss_db(wavelength_m, elevation, visibility_m, 200.0, law)
        assert here >= fog_loss_db(wavelength_m, elevation, 1.05 * visibility_m, 200.0, law)
        assert here <= fog_loss_db(550e-9, elevation, visibility_m, 200.0, law) * (1 + 1e-12)
        assert here >= fog_loss_db(wavelength_m, np.pi / 2, visibility_m, 200.0, law)


def test_fog_of_200_m_and_500_m_visibility_closes_a_link():
    # 34 dB/km (3.912 / 0.5 km x 4.343, colourless) over 200 m at 30 deg: 13.6 dB.
    loss_db = fog_loss_db(785e-9, np.radians(30.0), 500.0, 200.0, "kim")
    assert loss_db == pytest.approx(13.59, abs=0.01)


def test_exponents_of_fog_join_as_published():
    # Kim's pieces meet at 0.5, 1 and 6 km; Kruse's third ends at 1.063 below the 1.3 of 6 km.
    # Both take 1.6 at 50 km itself, as the visibility code does.
    for km in (0.5, 1.0, 6.0):
        assert kim_2001(1e3 * km) == pytest.approx(float(kim_2001(1e3 * km - 1e-6)), abs=1e-6)
    assert kim_2001(np.array([100.0, 750.0, 3e3, 10e3, 50e3])) == pytest.approx(
        [0.0, 0.25, 0.82, 1.3, 1.6]
    )
    assert kruse_1962(6e3 - 1e-6) == pytest.approx(1.063, abs=1e-3)
    assert kruse_1962([1e3, 6e3, 49.9e3, 50e3]) == pytest.approx([0.585, 1.3, 1.3, 1.6])


def test_height_of_a_station_thins_its_aerosol_once():
    # 0.2 over the sea is 0.0737 above 2 km with 2 km of scale height; what was measured at the
    # station stays, and the budget does not thin it again.
    over_sea = aerosol_depth_at_station(0.2, "sea-level", 2e3, 2e3)
    assert over_sea == pytest.approx(0.2 / np.e, rel=1e-12)
    assert aerosol_depth_at_station(0.2, "station", 2e3) == 0.2
    assert aerosol_depth_at_station(0.2, "station", 2e3, 2e3) == 0.2
    at_sea = slant_extinction_db(850e-9, 0.7, AIR, 0.0)["aerosol"]
    assert slant_extinction_db(850e-9, 0.7, AIR, 2e3)["aerosol"] == at_sea


def test_angstrom_exponent_stands_in_for_the_shape_and_nothing_else():
    table = slant_extinction_db(850e-9, 0.7, AIR, 0.0)
    power = slant_extinction_db(850e-9, 0.7, AIR, 0.0, angstrom_exponent=1.3)
    # (850 / 550)^-1.3 = 0.568 against 0.5982 of the rural shape.
    assert power["aerosol"] / table["aerosol"] == pytest.approx(0.568 / 0.5982, abs=1e-3)
    assert all(power[name] == table[name] for name in table if name != "aerosol")
    assert angstrom_1929(550e-9, 0.2, 1.3) == pytest.approx(0.2, rel=1e-12)


@pytest.mark.parametrize(
    ("visibility_km", "column"), [(4, "rural5"), (10, "rural5"), (12, "rural23"), (60, "rural50")]
)
def test_rural_column_is_the_nearest_in_ratio(visibility_km, column):
    assert rural_aerosol(1e3 * visibility_km) == column


def test_absorption_of_a_line_replaces_the_band_mean_of_water():
    # 820 nm: the median within 1 nm is a transmittance of 0.964, the worst 0.001, while the band
    # mean promises one number for both.
    losses = [
        slant_extinction_db(820e-9, np.pi / 2, AIR, 0.0, line_zenith_loss_db=line_db)
        for line_db in (0.159, 30.0)
    ]
    # 10 mm of 14.2 mm.
    assert [float(one["water"]) for one in losses] == pytest.approx([0.112, 21.13], rel=2e-3)
    band = slant_extinction_db(820e-9, np.pi / 2, AIR, 0.0)
    assert list(losses[0]) == list(band)
    assert losses[0]["mixed gases"] == band["mixed gases"]
    assert 0.1 < band["water"] < 1.0
    assert "820 nm lies among water lines" in (water_line_warning(820e-9) or "")


@pytest.mark.parametrize(
    ("wavelength_nm", "is_named"),
    [(812.9, False), (813.1, True), (835.9, True), (836.1, False), (785, False), (1550, False)],
)
def test_warning_covers_813_to_836_nm(wavelength_nm, is_named):
    assert (water_line_warning(1e-9 * wavelength_nm) is not None) is is_named


@FEW
@given(elevations, st.floats(0.0, 0.05))
def test_a_line_absorbs_in_proportion_to_the_water(elevation, water_m):
    one = line_absorption_db(0.3, elevation, water_m)
    assert line_absorption_db(0.3, elevation, 2 * water_m) == pytest.approx(2 * float(one))
    assert line_absorption_db(0.3, np.array([elevation]), water_m)[0] == one


@FEW
@given(st.floats(900e-9, 1110e-9), elevations, st.floats(0.0, 5e3))
def test_oxygen_collisions_thin_with_height_and_never_give_light(wavelength_m, elevation, height_m):
    loss_db = oxygen_collision_db(wavelength_m, elevation, height_m)
    assert 0.0 <= oxygen_collision_db(wavelength_m, elevation, height_m + 100.0) <= loss_db
    assert oxygen_collision_db(wavelength_m, np.pi / 2, height_m) <= loss_db
    assert oxygen_collision_db(wavelength_m, np.array([elevation]), height_m)[0] == loss_db


def test_oxygen_collisions_fall_faster_than_the_pressure():
    # At 3 km half of the square is left and 0.69 of the pressure.
    ratio = squared_density_column_m5(3e3) / squared_density_column_m5(0.0)
    assert ratio == pytest.approx(0.51, abs=0.01)


@pytest.mark.parametrize(
    ("depth", "name"),
    [(0.0, "subvisual"), (0.03, "subvisual"), (0.1, "thin"), (0.3, "thin"), (1.0, "opaque")],
)
def test_cirrus_is_named_by_its_depth(depth, name):
    assert sassen_cho_1992(depth) is CirrusClass(name)


@FEW
@given(st.floats(0.0, 1e9), st.floats(0.0, 1e-6))
def test_no_dead_time_adds_counts_and_the_paralysable_kind_loses_more(rate_hz, dead_time_s):
    other = counted_rate_hz(rate_hz, dead_time_s, "non-paralysable")
    blocked = counted_rate_hz(np.array([rate_hz]), dead_time_s, "paralysable")[0]
    assert 0.0 <= blocked <= other * (1 + 1e-12) <= rate_hz * (1 + 1e-11)
    assert counted_rate_hz(rate_hz, 0.0, "paralysable") == rate_hz


@FEW
@given(st.lists(st.floats(0.0, 0.5), max_size=5))
def test_combined_errors_do_not_depend_on_their_order(rates):
    ours = combine_error_rates(*rates)
    assert ours == pytest.approx(float(combine_error_rates(*reversed(rates))), abs=1e-12)
    assert max(rates, default=0.0) - 1e-12 <= ours <= 0.5
    # 1 - 2 e is the product of the visibilities.
    assert 1 - 2 * ours == pytest.approx(np.prod([1 - 2 * rate for rate in rates]), abs=1e-12)


@FEW
@given(elevations, st.floats(2e5, 2e6))
def test_slant_range_closes_the_triangle(elevation, altitude_m):
    range_m = slant_range_m(altitude_m, elevation)
    up, along = 6.371e6 + range_m * np.sin(elevation), range_m * np.cos(elevation)
    assert np.hypot(up, along) == pytest.approx(6.371e6 + altitude_m, rel=1e-12)
    assert slant_range_m(altitude_m, np.array([elevation]))[0] == range_m


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fog_attenuation_db_per_m(785e-9, 0.0, "kim"), "visibility 0 m is not positive"),
        (lambda: fog_attenuation_db_per_m(785e-6, 1e3, "kim"), "outside 400..1600 nm"),
        (lambda: fog_loss_db(785e-9, 0.0, 1e3, 100.0, "kim"), "elevation of a path through fog"),
        (lambda: fog_loss_db(785e-9, 1.0, 1e3, -1.0, "kim"), "thickness of fog -1 m"),
        (lambda: angstrom_1929(785e-6, 0.1, 1.3), "outside 400..1600 nm"),
        (lambda: aerosol_depth_at_station(0.1, "sea-level", 1e3, 0.0), "scale height 0 m"),
        (lambda: rural_aerosol(0.0), "visibility 0 m"),
        (lambda: sassen_cho_1992(3.1), r"cirrus optical depth 3\.1 is outside 0\.\.3"),
        (lambda: line_absorption_db(-0.1, 1.0, 0.01), "line absorption of -0.1 dB"),
        (lambda: oxygen_collision_db(1064e-9, 1.0, 12e3), "station height 12000 m"),
        (lambda: counted_rate_hz(-1.0, 1e-8, "paralysable"), "is negative"),
        (lambda: combine_error_rates(0.1, 0.6), "error rate to be combined"),
        (lambda: contrast_error_rate(0.5), "polarisation contrast 0.5 is below 1"),
        (lambda: gate_fraction(0.0, 0.0, 1e-10, 0.0), "gate of 0 ns"),
        (lambda: pointing_moment(1, 0.0, 1e-6), "half angle is not positive"),
        (lambda: pointing_ratio(5e-6, 0.0), "pointing jitter is not positive"),
        (lambda: joint_fade_cdf(1.0, 0.0, 0.1), "fade law with gamma2 0"),
        (lambda: joint_fade_quantile_db(1.0, 10.0, 0.1), "probability of a fade quantile"),
        (lambda: joint_fade_quantile_db(0.9, 0.0, 0.1), "fade law with gamma2 0"),
        (lambda: optimum_truncation(0.5), r"obscuration 0\.5 of the transmitter is outside"),
        (lambda: gaussian_beam_radius_m(1.0, 0.0, 785e-9), "waist of 0 m"),
        (lambda: obscured_capture(1.0, 1.0, 1.0), "obscuration 1 of the receiver"),
        (lambda: transmit_gain_efficiency(0.0, 0.1, "laser"), "truncation 0 with obscuration 0.1"),
        (lambda: off_axis_gain_efficiency(61.0, 1.0), "off-axis argument 61 is beyond 60"),
        (lambda: off_axis_gain_efficiency(1.0, 1.0, 1.0), "truncation 1 with obscuration 1"),
        (lambda: slant_range_m(5e5, -0.1), r"outside 0\.\.90 deg"),
        (lambda: slant_range_m(1e3, 0.5, 2e3), "not above the station"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(call, message):
    with pytest.raises(LinkError, match=message):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: fog_attenuation_db_per_m(785e-9, 1e3, "itu"),
        lambda: counted_rate_hz(1.0, 1e-8, "extending"),
        lambda: transmit_gain_efficiency(1.0, 0.0, "aperture"),
        lambda: aerosol_depth_at_station(0.1, "sea", 0.0),
    ],
)
def test_an_unknown_choice_is_refused(call):
    with pytest.raises(ValueError, match="is not a valid"):
        call()

"""Turbulence is that of aotools and of the published profiles."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from passes.errors import LinkError
from passes.link.turbulence.elevation_table import tabulate
from passes.link.turbulence.profile import (
    fried_parameter_m,
    greenwood_frequency_hz,
    hufnagel_valley,
    isoplanatic_angle_rad,
    layered,
    rytov_variance,
)
from passes.link.turbulence.scintillation import (
    andrews_phillips_index,
    aperture_averaged_index,
    scintillation_table,
)
from passes.link.turbulence.wind import bufton_1973, bufton_rms_wind_m_s, tracking_wind_m_s

HV57 = hufnagel_valley()
ZENITH = np.pi / 2
elevations = st.floats(np.radians(5.0), np.pi / 2)
wavelengths = st.floats(0.4e-6, 1.6e-6)


def textbook_cn2(height_m, rms_wind_m_s=21.0, ground_cn2=1.7e-14):
    """Hufnagel-Valley at a station by the sea, m^(-2/3)."""
    return (
        5.94e-53 * (rms_wind_m_s / 27) ** 2 * height_m**10 * np.exp(-height_m / 1e3)
        + 2.7e-16 * np.exp(-height_m / 1.5e3)
        + ground_cn2 * np.exp(-height_m / 100)
    )


@pytest.fixture(scope="module")
def aotools():
    # Importing it compiles and plots; what it warns about is not ours.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("aotools")


@pytest.mark.parametrize("wavelength_m", [532e-9, 850e-9, 1550e-9])
@pytest.mark.parametrize("elevation_deg", [90, 45, 20])
def test_turbulence_is_that_of_aotools(aotools, wavelength_m, elevation_deg):
    # Bins of 1 m along the line of sight, which take the place of our sec z.
    height_m = np.arange(0.5, 30e3)
    secant = 1 / np.sin(np.radians(elevation_deg))
    cn2_dh, path_m = textbook_cn2(height_m) * secant, height_m * secant
    theirs_r0 = aotools.cn2_to_r0(np.sum(cn2_dh), wavelength_m)
    theirs_angle = aotools.isoplanaticAngle(cn2_dh, path_m, wavelength_m)
    theirs_rytov = aotools.rytov_variance(cn2_dh, path_m, wavelength_m)
    wind_m_s = bufton_1973(height_m, 8.0)
    theirs_tau = aotools.coherenceTime(cn2_dh, wind_m_s, wavelength_m)

    at = (HV57, wavelength_m, np.radians(elevation_deg))
    arcsec = np.degrees(isoplanatic_angle_rad(*at)) * 3600
    greenwood = greenwood_frequency_hz(*at, bufton_1973(HV57.height_m, 8.0))
    # Three-digit constants on both sides: 0.058 lambda^6/5 against 2.914 k^2 is 0.2 %.
    assert fried_parameter_m(*at) == pytest.approx(theirs_r0, rel=1e-3)
    assert arcsec == pytest.approx(theirs_angle, rel=3e-3)
    assert rytov_variance(*at) == pytest.approx(theirs_rytov, rel=1e-3)
    # Greenwood frequency and coherence time are tied by 0.134 (Greenwood's 0.102 and 0.058).
    assert greenwood * theirs_tau == pytest.approx(0.134, rel=3e-3)


@pytest.mark.parametrize("power", [0.0, 5 / 6, 5 / 3, 2.0])
@pytest.mark.parametrize(("wind_m_s", "ground_cn2"), [(21.0, 1.7e-14), (30.0, 1e-15)])
def test_moments_are_those_of_an_adaptive_quadrature(power, wind_m_s, ground_cn2):
    edges_m = [0, 100, 500, 2e3, 5e3, 1e4, 1.5e4, 3e4]
    exact = sum(
        quad(lambda h: textbook_cn2(h, wind_m_s, ground_cn2) * h**power, low, high, epsabs=0)[0]
        for low, high in pairwise(edges_m)
    )
    profile = hufnagel_valley(wind_m_s, ground_cn2)
    names = {0.0: "mu_0", 5 / 6: "mu_5_6", 5 / 3: "mu_5_3", 2.0: "mu_2"}
    assert getattr(profile, names[power]) == pytest.approx(exact, rel=1e-6)
    assert profile.cn2_dh @ profile.height_m**power == pytest.approx(exact, rel=1e-6)


def test_hv57_has_5_cm_and_7_microradians_at_500_nm():
    # What its name says.
    assert 100 * fried_parameter_m(HV57, 500e-9, ZENITH) == pytest.approx(5.0, abs=0.05)
    assert 1e6 * isoplanatic_angle_rad(HV57, 500e-9, ZENITH) == pytest.approx(7.0, abs=0.15)


def test_mountain_keeps_its_ground_layer_and_escapes_the_air_below():
    # 1.7e-14 x 100 m of ground layer, 2.7e-16 x 1.5 km x exp(-3/1.5) of what lies above 3 km; the
    # strong high layer stays at 10 km above the sea, hence 7 km above the station.
    mountain = hufnagel_valley(station_height_m=3000.0)
    calm = hufnagel_valley(0.0, 1.7e-14, station_height_m=3000.0)
    assert calm.mu_0 == pytest.approx(1.7e-12 + 4.05e-13 * np.exp(-2.0), rel=1e-6)
    jet = layered(mountain.height_m, mountain.cn2_dh - calm.cn2_dh, 3000.0)
    peak_m = jet.integer_moments[1] / jet.mu_0
    # h^10 exp(-h/1 km) has its mean at 11 km, a little higher when what lies below 3 km is gone.
    assert peak_m == pytest.approx(8000.0, abs=10.0)


def test_layers_at_one_height_give_closed_forms():
    # One layer of 1e-12 m^(1/3) at 10 km, 1 um, zenith; k = 6.283e6.
    one = layered([10_000.0], [1e-12])
    k = 2e6 * np.pi
    assert fried_parameter_m(one, 1e-6, ZENITH) == pytest.approx(
        (0.423 * k**2 * 1e-12) ** (-0.6), rel=1e-12
    )
    # theta0 = 0.314 r0 / h (Fried).
    assert isoplanatic_angle_rad(one, 1e-6, ZENITH) == pytest.approx(
        0.314 * fried_parameter_m(one, 1e-6, ZENITH) / 1e4, rel=2e-3
    )
    # f_G = 0.427 v / r0 (Greenwood).
    assert greenwood_frequency_hz(one, 1e-6, ZENITH, [20.0]) == pytest.approx(
        0.427 * 20.0 / fried_parameter_m(one, 1e-6, ZENITH), rel=3e-3
    )


@given(elevations, elevations, wavelengths)
@settings(max_examples=50)
def test_everything_worsens_towards_the_horizon(one, other, wavelength_m):
    low, high = sorted((one, other))
    wind_m_s = bufton_1973(HV57.height_m, 5.0)
    rounding = 1 + 1e-12
    for better in (fried_parameter_m, isoplanatic_angle_rad):
        assert better(HV57, wavelength_m, low) <= better(HV57, wavelength_m, high) * rounding
    worse = (
        rytov_variance,
        lambda profile, wave, at: greenwood_frequency_hz(profile, wave, at, wind_m_s),
        lambda profile, wave, at: aperture_averaged_index(profile, wave, at, 0.3),
    )
    for quantity in worse:
        assert quantity(HV57, wavelength_m, high) <= quantity(HV57, wavelength_m, low) * rounding


@given(elevations, st.floats(0.0, 2.0), st.floats(0.0, 2.0))
@settings(max_examples=50)
def test_a_larger_aperture_scintillates_less(elevation_rad, one, other):
    small_m, large_m = sorted((one, other))
    indices = [aperture_averaged_index(HV57, 850e-9, elevation_rad, d) for d in (large_m, small_m)]
    # Two large numbers are subtracted at 2 m: nine digits are left.
    assert 0.0 < indices[0] <= indices[1] * (1 + 1e-9)


@given(elevations)
@settings(max_examples=50)
def test_a_point_receiver_sees_the_rytov_variance(elevation_rad):
    # 8.70 cos(5 pi / 12) = 2.2517 against the rounded 2.25 of the plane wave.
    ours = aperture_averaged_index(HV57, 850e-9, elevation_rad, 0.0)
    assert ours == pytest.approx(rytov_variance(HV57, 850e-9, elevation_rad), rel=1e-3)


@given(st.floats(0.0, 1e-3), st.floats(1.0, 1e3))
@settings(max_examples=50)
def test_scintillation_is_rytov_when_weak_and_saturates_when_strong(weak, strong):
    assert andrews_phillips_index(weak) == pytest.approx(weak, rel=2e-3, abs=1e-12)
    # The focusing maximum stays below 1.6 for a plane wave without inner scale.
    assert 0.5 < andrews_phillips_index(strong) < 1.6


@given(st.lists(elevations, min_size=1, max_size=5))
@settings(max_examples=30)
def test_scalars_and_arrays_of_elevation_give_the_same(listed):
    table = scintillation_table(HV57, 850e-9, 0.4)
    wind_m_s = bufton_1973(HV57.height_m, 5.0)
    for quantity in (
        lambda e: fried_parameter_m(HV57, 850e-9, e),
        lambda e: isoplanatic_angle_rad(HV57, 850e-9, e),
        lambda e: rytov_variance(HV57, 850e-9, e),
        lambda e: greenwood_frequency_hz(HV57, 850e-9, e, wind_m_s),
        lambda e: aperture_averaged_index(HV57, 850e-9, e, 0.4),
        table.at,
    ):
        together = quantity(np.array([listed, listed]))
        assert together.shape == (2, len(listed))
        for column, elevation_rad in enumerate(listed):
            assert together[1, column] == pytest.approx(quantity(elevation_rad), rel=1e-12)


def test_table_of_scintillation_is_the_sum_over_the_layers():
    elevation_rad = np.radians(np.linspace(5.0, 90.0, 997))
    for wavelength_m, aperture_m in ((785e-9, 0.05), (850e-9, 1.0), (1550e-9, 0.4)):
        direct = aperture_averaged_index(HV57, wavelength_m, elevation_rad, aperture_m)
        table = scintillation_table(HV57, wavelength_m, aperture_m)
        # 1e-4 is a thousandth of what the closed form itself is worth.
        np.testing.assert_allclose(table.at(elevation_rad), direct, rtol=1e-4)


def test_tracking_a_satellite_is_faster_than_the_wind():
    # 7.6 km/s at 500 km: 15.2 mrad/s, 152 m/s through the air at 10 km, at zenith; the path to
    # 10 km is twice as long at 30 deg.
    one = layered([10_000.0], [1e-12])
    assert tracking_wind_m_s(one, ZENITH, 15.2e-3) == pytest.approx([152.0])
    assert tracking_wind_m_s(one, np.radians([30.0]), -15.2e-3) == pytest.approx([304.0])
    slow, fast = (greenwood_frequency_hz(one, 785e-9, ZENITH, wind) for wind in ([30.0], [182.0]))
    assert fast / slow == pytest.approx(182 / 30)


def test_rms_of_the_wind_is_that_of_a_quadrature():
    square = quad(lambda h: bufton_1973(h, 7.0, 25.0) ** 2, 5e3, 20e3)[0] / 15e3
    assert bufton_rms_wind_m_s(7.0, 25.0) == pytest.approx(np.sqrt(square), rel=1e-9)


def test_unit_traps_are_refused():
    # Nanometres for metres, kilometres for metres, degrees for radians.
    with pytest.raises(LinkError, match=r"wavelength 785 m, outside 0\.3\.\.12 um"):
        fried_parameter_m(HV57, 785.0, ZENITH)
    with pytest.raises(LinkError, match=r"wavelength 0\.785 m"):
        rytov_variance(HV57, 0.785, ZENITH)
    with pytest.raises(LinkError, match=r"elevation 2578\.31 deg, outside 5\.\.90 deg"):
        isoplanatic_angle_rad(HV57, 785e-9, 45.0)
    with pytest.raises(LinkError, match=r"station height 9000 m is outside -500\.\.6000 m"):
        hufnagel_valley(station_height_m=9000.0)


@pytest.mark.parametrize("elevation_deg", [4.9, 90.1, -30.0, np.nan])
def test_elevations_without_a_flat_layer_are_refused(elevation_deg):
    with pytest.raises(LinkError, match=rf"elevation {elevation_deg:g} deg, outside 5\.\.90 deg"):
        fried_parameter_m(HV57, 785e-9, np.radians([45.0, elevation_deg]))


def test_impossible_profiles_are_refused():
    with pytest.raises(LinkError, match=r"layer at 31000 m above the station"):
        layered([100.0, 31_000.0], [1e-13, 1e-13])
    with pytest.raises(LinkError, match="strengths cn2_dh"):
        layered([100.0], [-1e-13])
    with pytest.raises(LinkError, match="strengths cn2_dh"):
        layered([100.0, 200.0], [np.nan, 1e-13])
    with pytest.raises(LinkError, match="1 heights and 2 strengths"):
        layered([100.0], [1e-13, 1e-13])
    with pytest.raises(LinkError, match=r"ground Cn2 1 m\^\(-2/3\) is outside"):
        hufnagel_valley(ground_cn2=1.0)
    with pytest.raises(LinkError, match=r"top of the turbulence 20 m"):
        hufnagel_valley(top_m=20.0)


def test_impossible_wind_variance_and_aperture_are_refused():
    with pytest.raises(LinkError, match=r"wind of shape \(1,\) for a profile of 108 layers"):
        greenwood_frequency_hz(HV57, 785e-9, ZENITH, [10.0])
    with pytest.raises(LinkError, match=r"wind -1 m/s is outside 0\.\.150 m/s"):
        bufton_1973(1000.0, -1.0)
    with pytest.raises(LinkError, match=r"rytov variance -0\.1 is negative"):
        andrews_phillips_index([0.1, -0.1])
    with pytest.raises(LinkError, match=r"aperture -1 m is negative"):
        aperture_averaged_index(HV57, 785e-9, ZENITH, -1.0)
    with pytest.raises(LinkError, match="must be positive everywhere"):
        tabulate(lambda elevation_rad: 0.0 * elevation_rad)

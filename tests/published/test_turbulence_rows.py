"""Turbulence of a downlink: rows of ITU-R, aotools, and quadratures.

HV 5/7 means the Hufnagel-Valley profile with 21 m/s and 1.7e-14 m^(-2/3) up to 30 km. Quadratures
were made with other code than ours; the tolerances are those of the rows unless a comment says
otherwise.
"""

import numpy as np
import pytest
from scipy.special import j1

from passes.link.turbulence.profile import (
    fried_parameter_m,
    greenwood_frequency_hz,
    hufnagel_valley,
    isoplanatic_angle_rad,
    rytov_variance,
)
from passes.link.turbulence.scintillation import (
    andrews_phillips_index,
    aperture_averaged_index,
    log_irradiance_variance,
    scintillation_table,
)
from passes.link.turbulence.wind import bufton_1973, bufton_rms_wind_m_s, itu_p1621_rms_wind_m_s

HV57 = hufnagel_valley()


def deg(value):
    return np.radians(value)


# Adaptive quadrature; aotools 1.0.8 on 1 m bins agrees within 0.2 % [m^(1/3 + power)]. The row of
# power 0 was rounded to eight decimals and reads 0.0; the value here stands beside it to 5 digits.
@pytest.mark.parametrize(
    ("moment", "expected"),
    [("mu_0", 2.2354e-12), ("mu_5_6", 5.4536e-10), ("mu_5_3", 8.70e-7), ("mu_2", 1.9066e-5)],
)
def test_moments_of_hv57_are_those_of_the_quadrature(moment, expected):
    assert getattr(HV57, moment) == pytest.approx(expected, rel=0.002)


@pytest.mark.parametrize(
    ("wavelength_nm", "r0_m"),
    [(500, 0.04960572), (785, 0.08523369), (850, 0.09377141), (1550, 0.19282608)],
)
def test_fried_parameter_at_zenith(wavelength_nm, r0_m):
    ours_m = fried_parameter_m(HV57, 1e-9 * wavelength_nm, deg(90))
    assert ours_m == pytest.approx(r0_m, rel=0.003)


# Printed to 0.01 cm, hence 0.005 cm, at 90, 30, 20 deg.
@pytest.mark.parametrize(
    ("wavelength_nm", "r0_cm"),
    [(785, (8.52, 5.62, 4.48)), (850, (9.38, 6.19, 4.93)), (1550, (19.28, 12.72, 10.13))],
)
def test_fried_parameter_shrinks_towards_the_horizon(wavelength_nm, r0_cm):
    ours_m = fried_parameter_m(HV57, 1e-9 * wavelength_nm, deg([90.0, 30.0, 20.0]))
    assert 100 * ours_m == pytest.approx(np.array(r0_cm), abs=0.0051)


@pytest.mark.parametrize(
    ("wavelength_nm", "angle_urad"),
    [(500, 2.27438327), (785, 3.90789813), (850, 4.2993456), (1550, 8.84092455)],
)
def test_isoplanatic_angle_at_30_deg(wavelength_nm, angle_urad):
    ours_rad = isoplanatic_angle_rad(HV57, 1e-9 * wavelength_nm, deg(30))
    assert 1e6 * ours_rad == pytest.approx(angle_urad, rel=0.005)


@pytest.mark.parametrize(
    ("wavelength_nm", "variance"),
    [(500, 0.23511469), (785, 0.13890893), (850, 0.12659679), (1550, 0.06280937)],
)
def test_rytov_variance_at_zenith(wavelength_nm, variance):
    ours = rytov_variance(HV57, 1e-9 * wavelength_nm, deg(90))
    assert ours == pytest.approx(variance, rel=0.003)


# ITU-R P.1622 (2003), Table 2, printed to 0.01 Np^2: 75 deg, station at 5.5 m, rms wind 21 and
# 30 m/s. Its turbulence ends at 20 km. Up to 30 km the profile gives 0.367 instead of 0.362 for
# 30 m/s at 532 nm, and 0.36 would be missed by 0.007.
@pytest.mark.parametrize(
    ("rms_wind_m_s", "variances"),
    [(21, (0.23, 0.13, 0.10, 0.07)), (30, (0.36, 0.21, 0.16, 0.10))],
)
def test_log_irradiance_variance_is_that_of_itu_p1622(rms_wind_m_s, variances):
    profile = hufnagel_valley(rms_wind_m_s, 1.7e-14, station_height_m=5.5, top_m=20e3)
    ours = [rytov_variance(profile, 1e-9 * nm, deg(75)) for nm in (532, 850, 1064, 1550)]
    assert np.array(ours) == pytest.approx(np.array(variances), abs=0.005)


def test_rms_wind_is_that_of_itu_p1621():
    # ITU-R P.1621-2, section 5.1.1: 21 m/s for 2.3 m/s at the ground; 21.018 from its formula.
    assert itu_p1621_rms_wind_m_s(2.3) == pytest.approx(21.018, abs=0.001)
    assert itu_p1621_rms_wind_m_s(2.3) == pytest.approx(21.0, abs=0.5)


def test_rms_of_the_bufton_wind_is_the_usual_quadratic():
    # v_g^2 + 30.69 v_g + 348.91, widely printed for a jet of 30 m/s, to 0.005 in each constant.
    squares = [bufton_rms_wind_m_s(wind) ** 2 for wind in (0.0, 1.0, 10.0)]
    assert squares[0] == pytest.approx(348.91, abs=0.01)
    assert squares[1] - squares[0] - 1.0 == pytest.approx(30.69, abs=0.01)
    assert squares[2] - squares[0] - 100.0 == pytest.approx(306.9, abs=0.1)
    assert bufton_rms_wind_m_s(2.8) == pytest.approx(21.04, abs=0.005)


# Andrews and Phillips' saturation at a Rytov variance of 0.993, printed to three digits.
def test_saturated_index_of_a_point_receiver():
    assert andrews_phillips_index(0.993) == pytest.approx(0.703, abs=0.0005)


def filter_integral(wavelength_m, elevation_rad, aperture_m):
    """Weak index from the Kolmogorov spectrum with the exact filter of a disc."""
    k = 2.0 * np.pi / wavelength_m
    kappa = np.geomspace(1e-2, 1e3, 1500)
    path_m = HV57.height_m / np.sin(elevation_rad)
    fresnel = 2.0 * np.sin(0.5 * kappa[:, None] ** 2 * path_m / k) ** 2
    disc = (2.0 * j1(kappa * aperture_m / 2.0) / (kappa * aperture_m / 2.0)) ** 2
    spectrum = 0.033 * kappa ** (-11.0 / 3.0) * disc
    layers = fresnel @ HV57.cn2_dh / np.sin(elevation_rad)
    return 8.0 * np.pi**2 * k**2 * np.trapezoid(kappa**2 * spectrum * layers, np.log(kappa))


# Filter integral made elsewhere [nm, deg, m, index]; that of the test meets it within 0.3 %. The
# closed form of Andrews and Phillips lies 12 to 15 % above both, within the tolerance of the rows.
@pytest.mark.parametrize(
    ("wavelength_nm", "elevation_deg", "aperture_m", "index"),
    [
        (785, 20, 0.28, 0.10786896),
        (850, 30, 0.4, 0.01714407),
        (1550, 90, 0.4, 0.00216316),
        (1550, 20, 0.4, 0.04718343),
    ],
)
def test_aperture_averaging_agrees_with_the_filter_integral(
    wavelength_nm, elevation_deg, aperture_m, index
):
    wavelength_m, elevation_rad = 1e-9 * wavelength_nm, deg(elevation_deg)
    assert filter_integral(wavelength_m, elevation_rad, aperture_m) == pytest.approx(
        index, rel=0.004
    )
    table = scintillation_table(HV57, wavelength_m, aperture_m)
    assert table.at(elevation_rad) == pytest.approx(index, rel=0.15)
    assert 1.12 < table.at(elevation_rad) / index < 1.15


# 850 nm, exact filter integral, printed to 2 or 3 digits at 90, 30, 20 deg. The source found the
# closed form within 13 % because it let the turbulence end at 20 km there, and at 30 km in the
# filter integral; with one profile for both it is up to 16 % above.
@pytest.mark.parametrize(
    ("aperture_m", "indices"),
    [
        (0.28, (0.00492, 0.0361, 0.1064)),
        (0.4, (0.00228, 0.0171, 0.0513)),
        (1.0, (0.00030, 0.0023, 0.0071)),
    ],
)
def test_aperture_averaging_over_elevation(aperture_m, indices):
    elevation_rad = deg([90.0, 30.0, 20.0])
    ours = aperture_averaged_index(HV57, 850e-9, elevation_rad, aperture_m)
    assert ours == pytest.approx(np.array(indices), rel=0.16)
    cut = hufnagel_valley(top_m=20e3)
    as_there = aperture_averaged_index(cut, 850e-9, elevation_rad, aperture_m)
    assert as_there == pytest.approx(np.array(indices), rel=0.13)


def test_variance_of_the_logarithm_is_below_the_index():
    # ln(1 + 0.0513) from the same source: confusing them costs 2.5 % of it.
    assert log_irradiance_variance(0.0513) == pytest.approx(0.050027, abs=1e-6)


# Bufton wind of 8 and 30 m/s, no tracking, printed to 0.1 Hz. Ours is 0.2 to 0.3 % lower, the
# third digit of the constant 0.102.
@pytest.mark.parametrize(("wavelength_nm", "frequency_hz"), [(785, 55.6), (1550, 24.6)])
def test_greenwood_frequency_of_the_bufton_wind(wavelength_nm, frequency_hz):
    wind_m_s = bufton_1973(HV57.height_m, 8.0)
    ours_hz = greenwood_frequency_hz(HV57, 1e-9 * wavelength_nm, deg(90), wind_m_s)
    assert ours_hz == pytest.approx(frequency_hz, rel=0.004)

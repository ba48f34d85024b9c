"""Beam, pointing and whole links beside printed numbers and other programs.

SatQuMA is cnqo-qcomms/SatQuMA (MIT; Sidhu et al., npj Quantum Inf. 8, 18 (2022)), QuOSS is
W1Adri/QuOSS.
"""

import numpy as np
import pytest
from scipy.stats import exponnorm, norm

from passes.link.air.extinction import aerosol_depth_550_from_visibility, slant_extinction_db
from passes.link.optics.beam import (
    aperture_capture,
    divergence_half_angle_rad,
    gaussian_beam_radius_m,
    klein_degnan_1974,
    obscured_capture,
    optimum_truncation,
    transmit_gain_efficiency,
)
from passes.link.optics.diffraction import (
    defocus_phase_rad,
    diffraction_capture,
    off_axis_gain_efficiency,
)
from passes.link.optics.fades import joint_fade_cdf, joint_fade_quantile_db, pointing_ratio
from passes.link.optics.geometry import slant_range_m
from passes.link.optics.pointing import mean_pointing_transmittance, pointing_moment
from passes.link.terminals import Atmosphere


def loss_db(transmittance):
    return -10.0 * np.log10(transmittance)


# Spherical Earth of 6371 km, orbit of 500 km [deg, km].
@pytest.mark.parametrize(
    ("elevation_deg", "range_km"), [(90, 500.0), (45, 683.06862014), (20, 1192.79719873)]
)
def test_slant_range_is_that_of_a_sphere(elevation_deg, range_km):
    ours = slant_range_m(500e3, np.radians(elevation_deg)) / 1e3
    assert ours == pytest.approx(range_km, abs=0.001)


# "10 urad" onto 1 m at 1200 km: the reading alone is worth 6 dB. The paper has 22 dB.
@pytest.mark.parametrize(
    ("definition", "expected_db"),
    [("disc-full", 21.58), ("1/e2-full", 18.60), ("fwhm-full", 23.19), ("1/e2-half", 24.60)],
)
def test_geometric_loss_depends_on_what_the_divergence_means(definition, expected_db):
    half_angle = divergence_half_angle_rad(10e-6, definition)
    # The disc is 0.017 dB off its area ratio, since a Gaussian falls off over the telescope. The
    # printed FWHM uses 1.1774, a Gaussian of the full width.
    ours_db = loss_db(aperture_capture(half_angle * 1200e3, 1.0))
    assert ours_db == pytest.approx(expected_db, abs=0.03)


def test_divergence_of_the_paper_is_not_defined_twice():
    # 22 dB within 0.5 dB holds for one reading of the four.
    matching = [
        definition
        for definition in ("disc-full", "1/e2-full", "fwhm-full", "1/e2-half")
        if abs(
            loss_db(aperture_capture(divergence_half_angle_rad(10e-6, definition) * 1.2e6, 1.0))
            - 22.0
        )
        < 0.5
    ]
    assert matching == ["disc-full"]


def test_gaussian_waist_of_150_mm_grows_to_2_166_m():
    # 848.6 nm, 1200 km; printed to a millimetre.
    assert gaussian_beam_radius_m(1200e3, 0.15, 848.6e-9) == pytest.approx(2.166, abs=5e-4)
    assert gaussian_beam_radius_m(0.0, 0.15, 848.6e-9) == 0.15


# Best gain of Klein & Degnan by obscuration: ratio, with respect to the laser, to what leaves the
# telescope; four digits.
BEST_GAIN = [
    (0.0, 1.12091, 0.8145, 0.8864),
    (0.1, 1.10829, 0.7865, 0.8837),
    (0.2, 1.07446, 0.7088, 0.8725),
    (0.3, 1.02795, 0.5971, 0.8458),
    (0.4, 0.97633, 0.4695, 0.7978),
]


@pytest.mark.parametrize(("obscuration", "ratio", "of_laser", "of_transmitted"), BEST_GAIN)
def test_photon_number_behind_the_telescope_saves_the_clipped_light(
    obscuration, ratio, of_laser, of_transmitted
):
    laser = transmit_gain_efficiency(ratio, obscuration, "laser")
    transmitted = transmit_gain_efficiency(ratio, obscuration, "transmitted")
    assert laser == pytest.approx(of_laser, abs=1e-4)
    assert transmitted == pytest.approx(of_transmitted, abs=1e-4)
    # Mistaking one for the other costs 0.37-2.3 dB.
    assert 0.36 < loss_db(laser / transmitted) < 2.31


@pytest.mark.parametrize(("obscuration", "ratio", "of_laser", "of_transmitted"), BEST_GAIN)
def test_optimum_truncation_is_within_one_percent(obscuration, ratio, of_laser, of_transmitted):
    ours = optimum_truncation(obscuration)
    assert ours == pytest.approx(ratio, rel=0.0105)
    assert klein_degnan_1974(ours, obscuration) == pytest.approx(of_laser, abs=1e-4)
    assert of_transmitted > of_laser


def test_pattern_off_axis_has_the_values_of_the_diffraction_integral():
    # Ratio 1.1209; four digits.
    ours = off_axis_gain_efficiency(np.array([1.0, 2.0, 3.0]), 1.1209)
    assert ours == pytest.approx([0.6658, 0.3511, 0.1031], abs=5e-5)
    assert off_axis_gain_efficiency(0.0, 1.1, 0.3) == pytest.approx(
        float(klein_degnan_1974(1.1, 0.3)), rel=1e-12
    )


def test_an_evenly_lit_aperture_makes_an_airy_pattern():
    # A beam a hundred times wider than the telescope: first dark ring at 3.8317 (first zero of J1),
    # first bright ring 0.0175 of the axis (Born & Wolf).
    pattern = off_axis_gain_efficiency(np.linspace(0.0, 7.0, 701), 0.01)
    assert np.linspace(0.0, 7.0, 701)[np.argmin(pattern)] in (3.83, 7.0)
    assert pattern[383] / pattern[0] < 1e-5
    assert pattern[383:].max() / pattern[0] == pytest.approx(0.0175, abs=1e-4)


def test_defocus_of_an_unclipped_beam_is_the_spread_of_its_waist():
    # Telescope four times wider than the beam, 30 km away: the near field, where a Gaussian of
    # 0.075 m has spread to 0.128 m. On axis 2 / (pi w^2) of the power per area.
    wavelength_m, range_m, aperture_m, waist_m = 810e-9, 30e3, 0.6, 0.075
    defocus = defocus_phase_rad(wavelength_m, aperture_m, range_m)
    gain = off_axis_gain_efficiency(0.0, aperture_m / 2 / waist_m, defocus_rad=defocus)
    area_m2 = np.pi * (aperture_m / 2) ** 2
    per_area = gain * area_m2 / (wavelength_m * range_m) ** 2
    radius_m = gaussian_beam_radius_m(range_m, waist_m, wavelength_m)
    # Clipping at four radii leaves ripples of 2 exp(-16).
    assert per_area == pytest.approx(2.0 / (np.pi * radius_m**2), rel=1e-6)
    assert defocus_phase_rad(wavelength_m, aperture_m, range_m, -range_m) == 0.0


# SatQuMA's Fraunhofer integral: 810 nm, 0.30 m telescope with a beam radius of 0.15 m onto 1.2 m,
# relative to the transmitted power; 0.02 dB are allowed, we meet 1e-6 dB.
@pytest.mark.parametrize(
    ("range_m", "published_db"),
    [
        (500_000.0, 4.33365059),
        (909_424.9382619946, 8.9255603),
        (1_694_567.2211546793, 14.14213776),
    ],
)
def test_diffraction_onto_a_large_telescope_is_that_of_satquma(range_m, published_db):
    ours = diffraction_capture(
        range_m,
        1.2,
        wavelength_m=810e-9,
        aperture_m=0.3,
        beam_radius_m=0.15,
        obscuration=0.0,
        reference="transmitted",
    )
    assert loss_db(ours) == pytest.approx(published_db, abs=1e-6)


def test_at_810_nm_band_means_are_a_quarter_decibel_short_of_satquma():
    # Printed totals at 90, 30, 10 deg with MODTRAN at 810 nm and 14.4865 dB of system loss. Our air
    # (50 km visibility, MODTRAN's is not stated) is too transparent: LOWTRAN7 has too little water
    # at 810-830 nm, and 1.42 cm is a guess. A laser there needs its own line absorption.
    ranges_m = np.array([500_000.0, 909_424.938, 1_694_567.221])
    beam_db = loss_db(
        diffraction_capture(
            ranges_m,
            1.2,
            wavelength_m=810e-9,
            aperture_m=0.3,
            beam_radius_m=0.15,
            obscuration=0.0,
            reference="transmitted",
        )
    )
    air_db = np.array([19.716, 25.049, 32.710]) - beam_db - 14.4865
    assert air_db[0] == pytest.approx(loss_db(0.814), abs=0.005)
    short_db = air_db - clear_air_db(810e-9, [90.0, 30.0, 10.0])
    assert short_db == pytest.approx([0.25, 0.40, 0.74], abs=0.02)


def clear_air_db(wavelength_m, elevation_deg):
    air = Atmosphere(aerosol_depth_550_from_visibility(50e3), "rural50", 0.0142, 344.0)
    losses_db = slant_extinction_db(wavelength_m, np.radians(elevation_deg), air, 0.0)
    return np.asarray(sum(losses_db.values()))


# Quadratures of a displaced Gaussian [beam radius, aperture radius, offset in m].
@pytest.mark.parametrize(
    ("beam_m", "aperture_m", "offset_m", "fraction"),
    [
        (6, 0.5, 0, 0.013793),
        (6, 0.5, 3, 0.008395),
        (6, 0.5, 6, 0.001893),
        (1, 0.5, 0.5, 0.267120),
        (1, 0.5, 1, 0.081892),
    ],
)
def test_displaced_telescope_catches_the_printed_fraction(beam_m, aperture_m, offset_m, fraction):
    # Six decimals.
    ours = aperture_capture(beam_m, 2 * aperture_m, offset_m)
    assert ours == pytest.approx(fraction, abs=6e-7)


def test_obscured_displaced_telescope_agrees_with_a_quadrature_over_its_ring():
    beam_m, offset_m, outer_m, inner_m = 1.3, 0.8, 0.5, 0.2
    nodes, weights = np.polynomial.legendre.leggauss(60)
    radius = (outer_m - inner_m) / 2 * nodes + (outer_m + inner_m) / 2
    angle = np.linspace(0, 2 * np.pi, 256, endpoint=False)
    squared = radius[:, None] ** 2 + offset_m**2 - 2 * radius[:, None] * offset_m * np.cos(angle)
    irradiance = 2 / (np.pi * beam_m**2) * np.exp(-2 * squared / beam_m**2)
    ring = irradiance.mean(axis=1) * 2 * np.pi * radius
    expected = np.sum(weights * ring) * (outer_m - inner_m) / 2
    ours = obscured_capture(beam_m, 2 * outer_m, inner_m / outer_m, offset_m)
    assert ours == pytest.approx(expected, rel=1e-12)


# Half-angle 5 urad, jitter 1.2 urad per axis: 0.90 dB on average, with 1 urad of bias 0.7616.
def test_pointing_with_bias_agrees_with_the_print_and_a_monte_carlo():
    half_angle, jitter, bias = 5e-6, 1.2e-6, 1e-6
    assert mean_pointing_transmittance(half_angle, jitter, bias) == pytest.approx(0.7616, abs=5e-5)
    assert loss_db(mean_pointing_transmittance(half_angle, jitter)) == pytest.approx(0.90, abs=5e-3)
    draws = jitter * np.random.default_rng(20261123).standard_normal((2, 400_000))
    h = np.exp(-2 * ((draws[0] + bias) ** 2 + draws[1] ** 2) / half_angle**2)
    # Standard error of the means: 0.21 / sqrt(4e5) = 3e-4; four of them.
    for order in (1, 2, 3):
        ours = pointing_moment(order, half_angle, jitter, bias)
        assert ours == pytest.approx(np.mean(h**order), abs=1.3e-3)


def test_moments_without_bias_are_those_of_the_pointing_ratio():
    ratio = pointing_ratio(5e-6, 1.2e-6)
    # gamma^2 / (gamma^2 + n) with gamma^2 = 25 / 5.76.
    assert ratio == pytest.approx(4.340278, abs=1e-6)
    for order in (1, 2, 5):
        ours = pointing_moment(order, 5e-6, 1.2e-6)
        assert ours == pytest.approx(float(ratio / (ratio + order)), rel=1e-12)


# gamma^2 19.42, variance of the log-irradiance 0.015276 (QuOSS prints 2.217 dB at 99.9 %).
@pytest.mark.parametrize(("probability", "fade_db"), [(0.99, 1.668), (0.999, 2.21659973)])
def test_joint_fade_is_that_of_the_modified_gaussian(probability, fade_db):
    ours = joint_fade_quantile_db(probability, 19.42, 0.015276)
    assert ours == pytest.approx(fade_db, abs=5e-4)


def test_adding_two_99_percent_fades_promises_far_too_much():
    db = 10.0 / np.log(10.0)
    pointing_db = -db / 19.42 * np.log(0.01)
    scintillation_db = db * (0.015276 / 2 + np.sqrt(0.015276) * norm.ppf(0.99))
    added_db = pointing_db + scintillation_db
    assert added_db == pytest.approx(2.31, abs=0.005)
    assert added_db - joint_fade_quantile_db(0.99, 19.42, 0.015276) == pytest.approx(0.64, abs=0.01)
    # Printed: an outage of 0.066 %, fifteen times rarer than the 1 % that were asked for.
    outage = 1.0 - joint_fade_cdf(added_db, 19.42, 0.015276)
    assert outage == pytest.approx(0.00066, abs=5e-6)


@pytest.mark.parametrize(("gamma2", "variance"), [(2.0, 0.5), (300.0, 0.3), (1e4, 1e-4)])
def test_fade_quantiles_agree_with_scipy(gamma2, variance):
    db = 10.0 / np.log(10.0)
    probability = np.array([1e-4, 0.1, 0.5, 0.9, 0.999])
    spread_db = db * np.sqrt(variance)
    theirs = exponnorm.ppf(
        probability, db / gamma2 / spread_db, loc=db * variance / 2, scale=spread_db
    )
    ours = joint_fade_quantile_db(probability, gamma2, variance)
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-8)


def test_joint_fades_agree_with_a_monte_carlo():
    # Half-angle 7.4 urad, jitter 1.2 urad, scintillation index 0.0513: quantiles of h I printed
    # 0.478, 0.640, 0.882, 1.199 at 1, 10, 50, 90 %. The variance of ln I is ln 1.0513.
    gamma2 = float(pointing_ratio(7.4e-6, 1.2e-6))
    fades_db = joint_fade_quantile_db(np.array([0.99, 0.9, 0.5, 0.1]), gamma2, np.log(1.0513))
    ours = 10.0 ** (-fades_db / 10.0)
    # The printed quantiles come from draws; three digits.
    assert ours == pytest.approx([0.478, 0.640, 0.882, 1.199], abs=0.002)


def test_loss_of_the_satquma_reference_pass_has_our_shape():
    # FS_loss_XI0.csv, orbit of 500 km through zenith, whole system; one constant is free, 1 dB is
    # allowed. Wavelength and air are not printed: 785 nm and 50 km. Its curve has nearly no air
    # beyond distance (0.35 dB from zenith to 10 deg, as at 1550 nm), hence the 0.85 dB at 10 deg.
    elevation_deg = np.array([60.16, 29.91, 10.03])
    published_db = np.array([28.15308569, 32.38824187, 37.93174124])
    range_m = slant_range_m(500e3, np.radians(elevation_deg))
    beam_db = loss_db(
        diffraction_capture(
            range_m,
            1.2,
            wavelength_m=785e-9,
            aperture_m=0.3,
            beam_radius_m=0.15,
            obscuration=0.0,
            reference="transmitted",
        )
    )
    left_db = published_db - beam_db - clear_air_db(785e-9, elevation_deg)
    constant_db = (left_db.max() + left_db.min()) / 2
    assert np.abs(left_db - constant_db).max() < 1.0
    # Distance alone follows the file even better.
    distance_db = published_db - 20 * np.log10(range_m)
    assert np.ptp(distance_db) < 0.35


def test_two_micius_downlinks_lose_what_yin_et_al_report():
    # Science 356, 1140 (2017): 64 to 82 dB over summed lengths of 1600 to 2400 km; the row asks for
    # 73 +- 9 dB. Micius of 2016 (10 urad disc, 1.2 urad, optics 16 %, detectors 50 %) with its one
    # constant of 4.34 dB, receivers of 1.2 and 1.8 m at 3 km height, 810 nm, clear air of 0.15.
    orbit_m, earth_m = 6.371e6 + 491e3, 6.371e6 + 3e3
    totals_db = []
    for summed_km in (1600.0, 2000.0, 2400.0):
        range_m = 500.0 * summed_km
        sine = (orbit_m**2 - earth_m**2 - range_m**2) / (2 * earth_m * range_m)
        air = Atmosphere(0.15, "rural23", 0.005, 344.0)
        air_db = sum(slant_extinction_db(810e-9, np.arcsin(sine), air, 3e3).values())
        half_angle = divergence_half_angle_rad(10e-6, "disc-full")
        pointing = mean_pointing_transmittance(half_angle, 1.2e-6)
        catches = [aperture_capture(half_angle * range_m, d) for d in (1.2, 1.8)]
        fixed_db = air_db + loss_db(pointing * 0.16 * 0.5) + 4.34
        totals_db.append(2 * float(fixed_db) + sum(float(loss_db(c)) for c in catches))
    assert totals_db[1:] == pytest.approx([73.0, 73.0], abs=9.0)
    # The shortest is a decibel less than their best pass.
    assert 64.0 - totals_db[0] == pytest.approx(1.0, abs=0.3)
    assert np.all(np.diff(totals_db) > 3.0)

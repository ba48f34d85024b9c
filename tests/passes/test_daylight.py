"""Daylight is as bright as published, and brighter nearer the Sun."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passes.errors import LinkError
from passes.sky.background.bands import photon_radiance_of_power
from passes.sky.background.daylight import (
    _eddington_diffuse,
    _irradiance_once,
    _scattered_once,
    clear_day_radiance,
    itu_r_p1621_day_radiance,
)
from passes.sky.background.sky_light import solar_irradiance

AIR = {"rayleigh_optical_depth": 0.023, "aerosol_optical_depth": 0.2}


def day(sun_deg, elevation_deg, separation_deg, **changes):
    angles = np.radians(sun_deg), np.radians(elevation_deg), np.radians(separation_deg)
    return clear_day_radiance(785e-9, *angles, **{**AIR, **changes})


@settings(max_examples=50)
@given(sun_deg=st.floats(5.0, 80.0), aerosol=st.floats(0.01, 0.5))
def test_zenith_brightens_as_the_sun_climbs(sun_deg, aerosol):
    low = day(sun_deg, 90.0, 90.0 - sun_deg, aerosol_optical_depth=aerosol)
    high = day(sun_deg + 3.0, 90.0, 87.0 - sun_deg, aerosol_optical_depth=aerosol)
    assert 0.0 < low < high


@settings(max_examples=50)
@given(separation_deg=st.floats(10.0, 80.0))
def test_sky_fades_away_from_the_sun(separation_deg):
    # At the Sun's own elevation the path through the air stays the same.
    assert day(45.0, 45.0, separation_deg) > day(45.0, 45.0, separation_deg + 5.0)


def test_day_sky_brightens_with_haze_and_bright_ground():
    assert day(45, 90, 45) < day(45, 90, 45, aerosol_optical_depth=0.4)
    assert day(45, 90, 45, ground_albedo=0.0) < day(45, 90, 45, ground_albedo=0.8)


def test_thin_clean_air_is_scattered_once_by_rayleigh():
    # A depth of 0.001 over black ground, Sun at 30 deg, zenith: F tau P / (4 pi) with
    # P = 3/4 (1 + cos^2 60 deg), exact to the depth.
    ours = day(
        30.0,
        90.0,
        60.0,
        rayleigh_optical_depth=1e-3,
        aerosol_optical_depth=0.0,
        ground_albedo=0.0,
    )
    once = solar_irradiance(785e-9) * 1e-3 * 0.75 * 1.25 / (4 * np.pi)
    assert ours == pytest.approx(photon_radiance_of_power(1000 * once, 785e-9), rel=5e-3)


def test_phase_functions_scatter_all_the_light():
    # Over the sphere they add up to 4 pi: Rayleigh and Henyey-Greenstein alike. Depths so small
    # that the path is straight through; 0.94 of what aerosol takes out is scattered.
    cosine, weight = np.polynomial.legendre.leggauss(64)
    one = np.ones(1)
    for rayleigh, aerosol, scattered in ((1e-6, 0.0, 1e-6), (0.0, 1e-6, 0.94e-6)):
        radiance = _scattered_once(cosine, 1.5 * one, one, rayleigh, aerosol)
        assert 2 * np.pi * radiance @ weight == pytest.approx(scattered, rel=1e-5)


def test_haze_dims_like_a_layer_of_the_two_stream_textbook():
    # C. F. Bohren, Am. J. Phys. 55, 524 (1987): a layer that absorbs nothing passes
    # 1 / (1 + 3/4 (1 - g) tau) of diffuse light, which is a Sun of cosine 2/3 in Eddington's
    # closure. Here g = 0.65, tau = 0.94, and what 0.06 absorbs of the beam.
    beam = 2 / 3 * np.exp(-0.06 * 1.5)
    passed = beam / (1 + 0.75 * 0.35 * 0.94)
    unscattered = beam * np.exp(-0.94 * 1.5)
    ours = _eddington_diffuse(np.asarray(2 / 3), 0.0, 1.0, 0.0)
    assert ours == pytest.approx(passed - unscattered)


@pytest.mark.parametrize("sun_deg", [5.0, 30.0, 89.0])
def test_irradiance_of_few_nodes_is_that_of_many(sun_deg):
    sun = np.asarray(1.0 / np.sin(np.radians(sun_deg)))
    cosine, azimuth = np.meshgrid(
        (np.arange(200) + 0.5) / 200, (np.arange(200) + 0.5) / 200 * np.pi
    )
    between = cosine / sun + np.sqrt(1 - cosine**2) * np.sqrt(1 - 1 / sun**2) * np.cos(azimuth)
    dense = 2 * np.pi * np.mean(_scattered_once(between, sun, 1 / cosine, 0.02, 0.2) * cosine)
    assert _irradiance_once(sun, 0.02, 0.2) == pytest.approx(dense, rel=1e-3)


@pytest.mark.parametrize(
    ("angles", "message"),
    [
        ((3.0, 90.0, 87.0), r"Sun elevation 3 deg is outside 5\.\.90 deg"),
        ((45.0, 5.0, 60.0), r"elevation 5 deg is outside 10\.\.90 deg"),
        ((45.0, 45.0, 2.0), r"Sun separation 2 deg is outside 5\.\.180 deg"),
        ((45.0, 90.0, 60.0), r"Sun separation 60 deg is impossible"),
        ((60.0, 60.0, 70.0), r"Sun separation 70 deg is impossible"),
    ],
)
def test_day_model_refuses_what_it_cannot_do(angles, message):
    with pytest.raises(LinkError, match=message):
        day(*angles)


def test_degrees_taken_for_radians_are_refused_by_day():
    with pytest.raises(LinkError, match=r"Sun elevation 2578\.31 deg is outside"):
        clear_day_radiance(785e-9, 45.0, 90.0, 45.0, **AIR)
    with pytest.raises(LinkError, match=r"aerosol_optical_depth 2 is outside 0\.\.1"):
        day(45, 90, 45, aerosol_optical_depth=2.0)


def test_itu_day_sky_lies_between_its_rows():
    lower, between, upper = (
        itu_r_p1621_day_radiance(1e-9 * nm, "normal") / photon_radiance_of_power(1.0, 1e-9 * nm)
        for nm in (850, 785, 530)
    )
    assert lower < between < upper
    with pytest.raises(
        LinkError, match=r"wavelength of the day sky 1550 nm is outside 530\.\.1500"
    ):
        itu_r_p1621_day_radiance(1550e-9, "normal")


@pytest.mark.parametrize(
    ("function", "values"),
    [
        (lambda e: day(e, 90.0, 90.0 - np.asarray(e)), [10.0, 45.0, 85.0]),
        (lambda e: day(30.0, e, 60.0), [30.0, 60.0, 90.0]),
        (lambda s: day(45.0, 45.0, s), [5.0, 45.0, 90.0]),
    ],
)
def test_a_scalar_direction_gives_what_an_array_gives(function, values):
    array = function(np.array(values))
    assert array == pytest.approx([float(function(value)) for value in values], rel=1e-12)
    grid = function(np.array([values, values]))
    assert grid == pytest.approx(np.stack([array, array]), rel=1e-12)

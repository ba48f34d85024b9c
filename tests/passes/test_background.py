"""Sky light in the receiver is that of the published radiances."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passes.counts.noise import expected_noise
from passes.errors import LinkError
from passes.link.terminals import Atmosphere, BasisChoice, Detector, Receiver, Transmitter
from passes.sky.background.bands import (
    Band,
    band_photon_flux,
    band_photon_radiance,
    band_wavelength_m,
    photon_radiance_of_power,
)
from passes.sky.background.count_rate import (
    background_rate_hz,
    point_source_rate_hz,
    solid_angle_sr,
)
from passes.sky.background.dark_sky import airglow_radiance, natural_sky_radiance, zodiacal_radiance
from passes.sky.background.light_pollution import light_pollution_radiance
from passes.sky.background.sky_light import solar_irradiance
from passes.sky.background.stars import chance_of_star, star_density_per_sr
from passes.sky.background.upwelling import viirs_upwelling_radiance
from passes.sky.magnitudes import photon_radiance
from passes.sky.radiance import krisciunas_schaefer_1991, moonlight_radiance
from passes.sky.reflection import reflected_photon_flux
from passes.track import Track

TELESCOPE = {
    "aperture_m": 1.0,
    "obscuration": 0.3,
    "field_of_view_rad": 100e-6,
    "bandwidth_m": 1e-9,
    "efficiency": 0.25,
}
DARK_SKY = 1.9e10


def rate_hz(radiance=DARK_SKY, **changes):
    return background_rate_hz(radiance, **{**TELESCOPE, **changes})


# Strictly monotone: what a larger telescope, field, filter or efficiency lets in.
@settings(max_examples=50)
@given(
    name=st.sampled_from(["aperture_m", "field_of_view_rad", "bandwidth_m", "efficiency"]),
    share=st.floats(0.01, 0.99),
)
def test_more_light_comes_in_through_a_larger_opening(name, share):
    assert rate_hz(**{name: share * TELESCOPE[name]}) < rate_hz()


@pytest.mark.parametrize(
    ("name", "power"),
    [("aperture_m", 2), ("field_of_view_rad", 2), ("bandwidth_m", 1), ("efficiency", 1)],
)
def test_background_grows_with_the_right_power(name, power):
    assert rate_hz() / rate_hz(**{name: TELESCOPE[name] / 2}) == pytest.approx(2.0**power)


def test_obscuration_is_of_the_diameter():
    assert rate_hz(obscuration=0.5) / rate_hz(obscuration=0.0) == pytest.approx(0.75)


def test_field_of_view_is_the_full_angle():
    # ITU-R P.1621-2, Eq. 1: pi theta^2 / 4 with the full angle. The exact cone of half of it:
    cone_sr = 2 * np.pi * (1 - np.cos(0.01 / 2))
    # Its second-order term is theta^2 / 48, 2e-6.
    assert solid_angle_sr(0.01) == pytest.approx(cone_sr, rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        # Microradians taken for radians, a nanometre for metres, percent for a fraction.
        ({"field_of_view_rad": 100.0}, r"field_of_view_rad 100 rad is outside 0\.\.0\.1 rad"),
        ({"bandwidth_m": 1.0}, r"bandwidth_m 1e\+09 nm is outside 0\.\.100 nm"),
        ({"efficiency": 25.0}, r"efficiency 25 is outside 0\.\.1"),
        ({"aperture_m": 1000.0}, r"aperture_m 1000 m is outside 0\.\.50 m"),
        ({"obscuration": 1.0}, r"obscuration 1 is outside \[0, 1\)"),
        ({"radiance": -1.0}, r"photon_radiance -1 is outside 0\.\.inf"),
        ({"radiance": [1.0, np.nan]}, "photon_radiance nan"),
    ],
)
def test_impossible_receiver_is_refused_by_name(changes, message):
    with pytest.raises(LinkError, match=message):
        rate_hz(**changes)


def test_a_point_source_does_not_care_for_the_field_of_view():
    # The same photons from a patch that fills the field.
    flux = DARK_SKY * solid_angle_sr(TELESCOPE["field_of_view_rad"])
    telescope = {k: v for k, v in TELESCOPE.items() if k != "field_of_view_rad"}
    assert point_source_rate_hz(flux, **telescope) == pytest.approx(rate_hz())


def test_sunlit_satellite_of_fifth_magnitude_counts_28000_per_second_and_nanometre():
    # I = 5 on 1 m at efficiency 0.08 (V - I of the Sun 0.70); printed to two digits.
    telescope = {"aperture_m": 1.0, "obscuration": 0.0, "bandwidth_m": 1e-9, "efficiency": 0.08}
    assert point_source_rate_hz(reflected_photon_flux(5.7, 785e-9), **telescope) == pytest.approx(
        28_000, rel=0.035
    )


def test_noise_of_a_pass_is_the_closed_form():
    one = np.ones(1)
    track = Track(
        epoch=datetime(2026, 6, 14, tzinfo=UTC),
        times_s=0 * one,
        azimuth_rad=0 * one,
        elevation_rad=np.pi / 2 * one,
        range_m=6e5 * one,
        range_rate_m_s=0 * one,
        azimuth_rate_rad_s=0 * one,
        elevation_rate_rad_s=0 * one,
        sun_elevation_rad=-0.7 * one,
        moon_elevation_rad=0.8 * one,
        moon_separation_rad=0.7 * one,
        moon_phase_angle_rad=0.2 * one,
        sunlit_fraction=0 * one,
        solar_phase_angle_rad=one,
        is_usable=np.array([True]),
    )
    detector = Detector(0.5, 25.0, 24e-9, 350e-12, 2e-9, 0.0, 4, BasisChoice.PASSIVE, 0.5)
    receiver = Receiver(785e-9, 1.0, 0.3, 0.5, 1e-9, 100e-6, 0.0, DARK_SKY, detector)
    sender = Transmitter(785e-9, 7e-6, "", 1e-6, 0.0, 1.0)
    noise = expected_noise(track, sender, receiver, Atmosphere(0.15, "rural23", 0.010, 320.0))
    # Two ways to the same count: optics and detector are multiplied once.
    assert noise.sky_hz == pytest.approx(float(rate_hz()))
    bare = expected_noise(
        track,
        sender,
        replace(receiver, detector=replace(detector, efficiency=1.0)),
        Atmosphere(0.15, "rural23", 0.010, 320.0),
    )
    assert noise.moon_hz == pytest.approx(0.5 * bare.moon_hz)


def test_a_paper_s_unit_is_per_micrometre():
    # 1e-6 W m-2 sr-1 um-1 at 1 um: 1e-9 W over 1.98645e-19 J a photon. Read per nanometre it would
    # be 30 dB more.
    assert photon_radiance_of_power(1e-6, 1e-6) == pytest.approx(1e-9 / 1.98644586e-19, rel=1e-6)


@pytest.mark.parametrize("band", list(Band))
def test_a_magnitude_is_a_factor_of_2_512_in_every_band(band):
    five, ten = band_photon_flux([5.0, 10.0], band)
    assert five / ten == pytest.approx(100.0)
    # Vega sends of the order of 1e8 photons in every band; zero points of Bessell et al. (1998)
    # fall from 1.4e8 in B to 0.9e7 in H.
    assert 5e6 < band_photon_flux(0.0, band) < 2e8
    assert 400e-9 < band_wavelength_m(band) < 1700e-9


def test_vega_flux_is_that_of_a_textbook():
    # 995 photons per second, square centimetre and angstrom at V = 0 (Bessell et al.'s flux over
    # the photon's energy; often rounded to 1000): 9.95e7 in our unit.
    assert band_photon_flux(0.0, "V") == pytest.approx(1000 * 1e4 * 10, rel=0.01)


def test_bands_and_colours_agree_where_they_meet():
    assert photon_radiance(21.9, 1.9, 798e-9) == pytest.approx(band_photon_radiance(20.0, "I"))
    assert photon_radiance(21.9, 1.9, 545e-9) == pytest.approx(band_photon_radiance(21.9, "V"))


@settings(max_examples=50)
@given(nm=st.floats(400.0, 1600.0), sfu=st.floats(60.0, 290.0))
def test_airglow_grows_with_its_lines_and_with_the_sun(nm, sfu):
    between, mean, brightest = (
        airglow_radiance(1e-9 * nm, lines, sfu)
        for lines in ("between-lines", "mean-10nm", "brightest-1nm")
    )
    assert 0.0 < between <= mean <= brightest
    assert airglow_radiance(1e-9 * nm, "mean-10nm", sfu + 10.0) > mean


def test_airglow_of_the_table_is_that_of_130_sfu():
    # 0.2 + 0.00614 x 130 = 0.9982.
    assert airglow_radiance(785e-9, "mean-10nm") == pytest.approx(3.31e10, rel=0.01)


def test_airglow_outside_its_table_is_refused():
    with pytest.raises(
        LinkError, match=r"wavelength of sky light 1610 nm is outside 400\.\.1600 nm"
    ):
        airglow_radiance(1610e-9, "mean-10nm")
    with pytest.raises(LinkError, match=r"solar radio flux 20 sfu is outside 60\.\.300 sfu"):
        airglow_radiance(785e-9, "mean-10nm", 20.0)
    with pytest.raises(ValueError, match="is not a valid AirglowLines"):
        airglow_radiance(785e-9, "lines")


def test_at_1550_nm_a_filter_between_lines_sees_a_twentieth():
    # A rule of thumb says a thirtieth of the mean; the H band has 36 times the photons of I.
    ratio = airglow_radiance(1550e-9, "mean-10nm") / airglow_radiance(1550e-9, "between-lines")
    assert 15.0 < ratio < 40.0


def test_zodiacal_light_is_that_of_leinert():
    # 60 S10 of 1.28e-8 W m-2 sr-1 um-1 at 550 nm; reddened by 1 + 0.6 log10(1.1) = 1.025.
    assert zodiacal_radiance(550e-9) == pytest.approx(
        1.025 * photon_radiance_of_power(60 * 1.28e-8, 550e-9), rel=1e-3
    )
    # A tenth-magnitude star in a square degree is V = 27.78 per square arcsecond: the definition,
    # with a zero point 7 % lower.
    assert zodiacal_radiance(550e-9, 1.0) == pytest.approx(
        photon_radiance(10 + 2.5 * np.log10(3600.0**2), 0.7, 550e-9), rel=0.12
    )


def test_natural_sky_is_airglow_with_zodiacal_light():
    parts = airglow_radiance(810e-9, "between-lines", 200.0) + zodiacal_radiance(810e-9, 140.0)
    whole = natural_sky_radiance(810e-9, "between-lines", solar_flux_sfu=200.0, zodiacal_s10=140.0)
    assert whole == pytest.approx(parts)


def test_sun_is_that_of_standard_tables():
    # ASTM E490 at 550, 785, 1550 nm, of another origin than G173: 2 %.
    ours = [solar_irradiance(1e-9 * nm) for nm in (550, 785, 1550)]
    assert ours == pytest.approx([1.86, 1.18, 0.269], rel=0.02)


def test_city_light_is_what_the_natural_sky_leaves_of_the_reading():
    # In V the parts add up to the reading.
    city = light_pollution_radiance(18.5, 0.7, 545e-9)
    natural = band_photon_radiance(21.9, "V")
    assert city + natural == pytest.approx(band_photon_radiance(18.5, "V"))
    assert light_pollution_radiance(21.9, 0.7, 545e-9) == pytest.approx(0.0, abs=1.0)


def test_colour_of_the_lamps_matters_in_the_near_infrared():
    # A magnitude of V - I at the I band is a factor of 10^0.4, none at V.
    red, white = (light_pollution_radiance(19.0, c, 798e-9) for c in (1.7, 0.7))
    assert red / white == pytest.approx(10**0.4)
    red, white = (light_pollution_radiance(19.0, c, 545e-9) for c in (1.7, 0.7))
    assert red == pytest.approx(white)


@settings(max_examples=50)
@given(reading=st.floats(14.0, 21.7), colour=st.floats(0.0, 2.0))
def test_a_brighter_reading_is_more_city(reading, colour):
    assert light_pollution_radiance(reading, colour, 785e-9) > light_pollution_radiance(
        reading + 0.2, colour, 785e-9
    )


def test_a_sky_darker_than_nature_is_refused():
    with pytest.raises(LinkError, match=r"reading 22.3 mag is darker than the natural sky of 21.9"):
        light_pollution_radiance(22.3, 0.7, 785e-9)
    assert light_pollution_radiance(22.0, 0.7, 785e-9, natural_magnitude=22.1) > 0.0
    with pytest.raises(LinkError, match=r"wavelength of city light 1550 nm is outside 400\.\.900"):
        light_pollution_radiance(20.0, 0.7, 1550e-9)


@settings(max_examples=50)
@given(phase=st.floats(0.0, 2.9), separation=st.floats(0.3, 2.0), k=st.floats(0.1, 0.4))
def test_moonlight_fades_as_the_moon_wanes(phase, separation, k):
    full, later = krisciunas_schaefer_1991([phase, phase + 0.1], separation, 0.8, 1.2, k)
    assert later < full
    # Waxing and waning alike.
    assert krisciunas_schaefer_1991(-phase, separation, 0.8, 1.2, k) == pytest.approx(full)


def test_moonlight_rises_with_haze_and_towards_the_horizon():
    def nanolambert(elevation_deg, k):
        return krisciunas_schaefer_1991(0.0, 0.8, 0.8, np.radians(elevation_deg), k)

    assert nanolambert(90, 0.10) < nanolambert(90, 0.20) < nanolambert(90, 0.30)
    assert nanolambert(90, 0.172) < nanolambert(45, 0.172) < nanolambert(20, 0.172)
    assert krisciunas_schaefer_1991(0.0, 0.8, -0.01, 1.0, 0.172) == 0.0


def test_moonlight_is_continuous_at_the_i_band_and_falls_beyond():
    near, at, beyond = (moonlight_radiance(1000.0, 1e-9 * nm) for nm in (797.9, 798.0, 798.1))
    assert near == pytest.approx(at, rel=1e-3)
    assert beyond == pytest.approx(at, rel=1e-3)
    # Photons fall with the third power where energy falls with the fourth.
    ratio = moonlight_radiance(1000.0, 1596e-9) / at
    assert ratio == pytest.approx(1 / 8)


@settings(max_examples=50)
@given(magnitude=st.floats(0.0, 15.0))
def test_faint_stars_are_more_likely_in_a_wide_field(magnitude):
    assert star_density_per_sr(magnitude + 1.0) > 2.0 * star_density_per_sr(magnitude)
    assert chance_of_star(magnitude, 1e-3) > chance_of_star(magnitude, 1e-4)
    assert chance_of_star(magnitude, 1e-4, 1.0) > chance_of_star(magnitude, 1e-4)


def test_a_pass_sweeps_over_a_few_faint_stars():
    # 180 deg of sky, a strip 100 urad wide: 3.1416e-4 of 4 pi steradian, with 16,503 stars down to
    # 7 mag and 382,925 down to 10 mag: 0.4126 and 9.6 of them.
    assert chance_of_star(7.0, 100e-6, np.pi) == pytest.approx(-np.expm1(-0.4126), rel=1e-3)
    assert chance_of_star(10.0, 100e-6, np.pi) == pytest.approx(1.0, abs=1e-3)


def test_viirs_unit_is_per_square_centimetre_over_400_nm():
    # 1 nW cm-2 sr-1 is 2.5e-8 W m-2 sr-1 nm-1; per square metre it would be 40 dB less.
    assert viirs_upwelling_radiance(1.0, 785e-9).central == pytest.approx(
        photon_radiance_of_power(2.5e-8 * 1000, 785e-9)
    )
    with pytest.raises(
        LinkError, match=r"wavelength of the VIIRS band 1550 nm is outside 500\.\.900"
    ):
        viirs_upwelling_radiance(1.0, 1550e-9)
    with pytest.raises(LinkError, match=r"VIIRS radiance -1 nW/cm2/sr is outside"):
        viirs_upwelling_radiance(-1.0, 785e-9)


@pytest.mark.parametrize(
    ("function", "values"),
    [
        (rate_hz, [0.0, 1e10, 1e16]),
        (lambda m: band_photon_flux(m, "I"), [0.0, 5.0]),
        (lambda s: natural_sky_radiance(785e-9, "mean-10nm", solar_flux_sfu=s), [70.0, 200.0]),
        (lambda m: light_pollution_radiance(m, 0.7, 785e-9), [17.0, 21.0]),
        (star_density_per_sr, [0.0, 6.5, 16.0]),
        (lambda m: chance_of_star(m, 1e-4, 0.1), [0.0, 6.5, 16.0]),
        (lambda v: viirs_upwelling_radiance(v, 785e-9).high, [0.0, 50.0]),
        (lambda b: moonlight_radiance(b, 850e-9), [0.0, 100.0]),
    ],
)
def test_a_scalar_gives_what_an_array_gives(function, values):
    array = function(np.array(values))
    assert array.shape == (len(values),)
    assert array == pytest.approx([float(function(value)) for value in values], rel=1e-12)
    grid = function(np.array([values, values]))
    assert grid == pytest.approx(np.stack([array, array]), rel=1e-12)

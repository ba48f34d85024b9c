"""Terms that a network file may ask for: each appears once, where declared, with its own loss."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from passes.counts.noise import expected_noise
from passes.counts.source import DecoySource
from passes.counts.spread.priors import default_priors
from passes.errors import LinkError
from passes.link.detection.fibre_field import fibre_field_of_view_rad
from passes.link.downlink import downlink_budget
from passes.link.terminals import (
    Atmosphere,
    BasisChoice,
    CityLight,
    DeadTime,
    Detector,
    Fog,
    HufnagelValley,
    Receiver,
    SingleModeFibre,
    Transmitter,
)
from passes.track import Track

AIR = Atmosphere(0.15, "rural23", 0.0142, 320.0)
SENDER = Transmitter(850e-9, 7e-6, "10 urad disc-full", 1.2e-6, 0.5e-6, 0.8)
DETECTOR = Detector(0.5, 100.0, 50e-9, 350e-12, 1e-9, 0.01, 4, BasisChoice.PASSIVE, 0.5)
TELESCOPE = Receiver(850e-9, 0.8, 0.3, 0.4, 1e-9, 100e-6, 100e-12, 2e10, DETECTOR)
SOURCE = DecoySource(1e8, (0.8, 0.1, 0.0), (0.5, 0.25, 0.25), 0.5, 200e-12, 0.01)
HV57 = HufnagelValley(21.0, 1.7e-14)
DB_PER_NEPER = 10.0 / np.log(10.0)


def track(elevation_rad, *, is_usable=True):
    elevation = np.atleast_1d(elevation_rad)
    zero = np.zeros(elevation.shape)
    return Track(
        epoch=datetime(2026, 6, 14, tzinfo=UTC),
        times_s=np.arange(elevation.size, dtype=float),
        azimuth_rad=zero,
        elevation_rad=elevation,
        range_m=zero + 7e5,
        range_rate_m_s=zero,
        azimuth_rate_rad_s=zero,
        elevation_rate_rad_s=zero,
        sun_elevation_rad=zero - 0.8,
        moon_elevation_rad=zero - 0.5,
        moon_separation_rad=zero + 1.0,
        moon_phase_angle_rad=zero,
        sunlit_fraction=zero,
        solar_phase_angle_rad=zero,
        is_usable=np.broadcast_to(is_usable, elevation.shape).copy(),
    )


def budget(
    elevation_rad=np.pi / 2, *, sender=SENDER, receiver=TELESCOPE, air=AIR, height_m=0.0, light=0.0
):
    where = elevation_rad if isinstance(elevation_rad, Track) else track(elevation_rad)
    return downlink_budget(where, sender, SOURCE, receiver, air, height_m, light_noise_hz=light)


def changed(one, other):
    """Names of the terms that differ by more than dead time follows the light."""
    names = {term.name for term in one.terms} | {term.name for term in other.terms}

    def loss(whole, name):
        return next((t.loss_db for t in whole.terms if t.name == name), np.zeros(1))

    return {n for n in names if np.max(np.abs(loss(one, n) - loss(other, n))) > 5e-3}


def test_oxygen_collisions_stand_at_1064_nm_only():
    infrared = (replace(SENDER, wavelength_m=1064e-9), replace(TELESCOPE, wavelength_m=1064e-9))
    terms = budget(sender=infrared[0], receiver=infrared[1])
    # Mlawer et al. 1998: 0.074 dB per airmass at sea level, to 15 %.
    assert terms.term("oxygen collisions").loss_db[0] == pytest.approx(0.074, rel=0.15)
    assert "oxygen collisions" not in [term.name for term in budget().terms]


def test_a_known_laser_line_takes_the_place_of_the_band_of_water():
    line = replace(SENDER, water_line_zenith_loss_db=2.5)
    # Zenith through the very column of the table: the declared loss itself, and twice through two.
    # An airmass of 1.0 at zenith is one to 1e-4.
    assert budget(sender=line).term("water").loss_db[0] == pytest.approx(2.5, rel=1e-3)
    wet = replace(AIR, precipitable_water_m=0.0284)
    assert budget(sender=line, air=wet).term("water").loss_db[0] == pytest.approx(5.0, rel=1e-3)
    assert changed(budget(), budget(sender=line)) == {"water"}


def test_a_declared_exponent_takes_the_place_of_the_aerosol_type():
    air = replace(AIR, aerosol="", angstrom_exponent=1.3)
    # 0.15 x (850 / 550)^-1.3 = 0.08519 nepers.
    loss_db = budget(air=air).term("aerosol").loss_db[0]
    assert loss_db == pytest.approx(0.08519 * DB_PER_NEPER, rel=1e-3)
    assert changed(budget(), budget(air=air)) == {"aerosol"}
    assert default_priors(SENDER, SOURCE, TELESCOPE, air).angstrom_exponent.mean == 1.3


def test_fog_comes_on_top_and_grows_with_its_path():
    air = replace(AIR, fog=Fog(500.0, 100.0, "kim"))
    # Below 500 m Kim's law is grey: 3.912 / 500 m x 100 m = 0.7824 nepers, 3.398 dB.
    high, low = (budget(e, air=air).term("fog").loss_db[0] for e in (np.pi / 2, np.pi / 6))
    assert high == pytest.approx(3.398, abs=0.001)
    assert low == pytest.approx(2.0 * high, rel=1e-12)
    assert changed(budget(), budget(air=air)) == {"fog"}
    # Kruse's law sees the wavelength there: 0.585 x 0.5^(1/3) = 0.4643; (850/550)^-0.4643 = 0.817.
    kruse = budget(air=replace(air, fog=Fog(500.0, 100.0, "kruse"))).term("fog")
    assert kruse.loss_db[0] == pytest.approx(3.398 * 0.817, abs=0.003)
    assert "Kruse" in kruse.source


def test_samples_at_the_horizon_do_not_stop_a_budget_with_fog_and_turbulence():
    air = replace(AIR, fog=Fog(500.0, 100.0, "kim"), turbulence=HV57)
    sky = track([0.0, 0.05, 0.5], is_usable=[False, False, True])
    assert np.all(np.isfinite(budget(sky, air=air).total_db))


def test_gates_that_are_late_lose_light_and_far_ones_all_of_it():
    late = replace(TELESCOPE, clock_offset_s=0.5e-9)
    # Half a gate off, the pulse's middle on its edge: half of the light.
    assert budget(receiver=late).term("gate").loss_db[0] == pytest.approx(3.01, abs=0.02)
    assert changed(budget(), budget(receiver=late)) == {"gate"}
    with pytest.raises(LinkError, match="1 ns that are 20 ns off miss every pulse"):
        budget(receiver=replace(TELESCOPE, clock_offset_s=20e-9))


def test_a_paralysable_detector_loses_more():
    blind = replace(DETECTOR, dead_time_kind=DeadTime.PARALYSABLE)
    # 1e6 per second and detector, 50 ns: exp(-0.05) against 1 / 1.05.
    loss_db = budget(receiver=replace(TELESCOPE, detector=blind), light=4e6).term("dead time")
    assert loss_db.loss_db[0] == pytest.approx(0.217, abs=0.006)
    assert loss_db.source.startswith("paralysable")
    assert budget(light=4e6).term("dead time").loss_db[0] == pytest.approx(0.212, abs=0.006)


def test_a_detector_that_nothing_reaches_misses_nothing():
    dark = replace(DETECTOR, dark_count_rate_hz=0.0)
    # 4,000 dB: not a single photon in the life of the universe.
    far = replace(AIR, cirrus_optical_depth=900.0)
    whole = budget(receiver=replace(TELESCOPE, detector=dark), air=far)
    assert whole.term("dead time").loss_db[0] == 0.0


def test_turbulence_brings_a_field_stop_and_a_scintillation_that_costs_nothing():
    # HV 5/7 at 850 nm: r0 = 5 cm x (850 / 500)^(6/5) = 9.45 cm, a seeing of 8.81 urad. A stop of
    # two widths passes 0.83 of a Kolmogorov long exposure, 0.81 dB; rounded as r0 is, 0.05 dB.
    narrow = replace(TELESCOPE, field_of_view_rad=2.0 * 8.81e-6)
    still = budget(receiver=narrow)
    turbulent = budget(receiver=narrow, air=replace(AIR, turbulence=HV57))
    assert changed(still, turbulent) == {"field stop"}
    assert turbulent.term("field stop").loss_db[0] == pytest.approx(0.81, abs=0.05)
    scintillation = turbulent.term("scintillation")
    assert scintillation.is_random
    assert scintillation.loss_db[0] == 0.0
    assert scintillation.spread_db[0] > 0.0
    wide = budget(air=replace(AIR, turbulence=HV57)).term("field stop").loss_db[0]
    # 100 urad are eleven widths: the wings of the long exposure.
    assert 0.0 < wide < 0.1


def test_scintillation_grows_towards_the_horizon_and_shrinks_with_the_telescope():
    air = replace(AIR, turbulence=HV57)

    def spread_db(elevation_rad, aperture_m):
        receiver = replace(TELESCOPE, aperture_m=aperture_m)
        return budget(elevation_rad, receiver=receiver, air=air).term("scintillation").spread_db[0]

    assert spread_db(0.3, 0.8) > spread_db(1.5, 0.8) > spread_db(1.5, 1.6)


def test_samples_below_5_degrees_are_taken_at_5_degrees_unless_a_contact_runs_there():
    air = replace(AIR, turbulence=HV57)
    elevation = np.radians([1.0, 5.0, 40.0])
    whole = budget(track(elevation, is_usable=[False, True, True]), air=air)
    stop = whole.term("field stop").loss_db
    assert stop[0] == pytest.approx(stop[1], rel=1e-12)
    with pytest.raises(LinkError, match=r"turbulence of a contact at elevation 1\.00 deg"):
        budget(track(elevation), air=air)
    # Without turbulence nothing is refused there.
    assert np.all(np.isfinite(budget(track(elevation)).total_db))


def fibre(correction, aperture_m=0.8):
    return replace(
        TELESCOPE,
        aperture_m=aperture_m,
        obscuration=0.0,
        fibre=SingleModeFibre(1.1209, correction),
    )


def test_a_fibre_takes_the_place_of_the_field_stop():
    air = replace(AIR, turbulence=HV57)
    names = [term.name for term in budget(receiver=fibre("none"), air=air).terms]
    assert "fibre coupling" in names
    assert "field stop" not in names
    none, tilt = (
        budget(receiver=fibre(word), air=air).term("fibre coupling")
        for word in ("none", "tip-tilt")
    )
    assert none.is_random
    # Fried parameters of 9.45 cm over 0.8 m: the uncorrected coupling is near (r0 / D)^2, 18.6 dB,
    # and tip and tilt help by a few decibels.
    assert none.loss_db[0] == pytest.approx(18.6, abs=2.5)
    assert none.loss_db[0] - 6.0 < tilt.loss_db[0] < none.loss_db[0] - 0.5
    assert "tip and tilt" in tilt.source


def test_a_small_telescope_couples_as_in_still_air():
    # 1 cm over 9.45 cm; without turbulence the best coupling of a round pupil is 0.8145, 0.89 dB.
    # 1.03 (D / r0)^(5/3) takes another 0.1 dB.
    whole = budget(receiver=fibre("none", 0.01), air=replace(AIR, turbulence=HV57))
    assert whole.term("fibre coupling").loss_db[0] == pytest.approx(0.99, abs=0.05)


def test_a_fibre_without_turbulence_is_refused():
    with pytest.raises(LinkError, match="single-mode fibre but turbulence is not given"):
        budget(receiver=fibre("none"))


def test_a_fibre_sees_one_mode_of_the_sky():
    # 1 - exp(-2 x 1.1209^2) = 0.9190 of (850 nm)^2 = 7.225e-13 m2 over 0.7854 m2 is 8.454e-13 sr,
    # a disc of 1.0375 urad.
    angle_rad = fibre_field_of_view_rad(850e-9, 1.0, 0.0, 1.1209)
    assert 1e6 * angle_rad == pytest.approx(1.0375, abs=0.0005)
    # One mode is one mode, whatever the telescope: angle times diameter stays.
    assert 2.0 * fibre_field_of_view_rad(850e-9, 2.0, 0.0, 1.1209) == pytest.approx(angle_rad)
    with pytest.raises(LinkError, match="mode ratio 0 is not possible"):
        fibre_field_of_view_rad(850e-9, 1.0, 0.0, 0.0)


def test_city_light_adds_to_the_natural_sky():
    def noise(reading):
        city = CityLight(reading, 0.7, 21.9)
        return expected_noise(track(np.pi / 2), SENDER, replace(TELESCOPE, city_light=city), AIR)

    none = expected_noise(track(np.pi / 2), SENDER, TELESCOPE, AIR)
    assert np.all(none.city_hz == 0.0)
    dark, lit = noise(20.9), noise(17.9)
    assert dark.sky_hz == pytest.approx(none.sky_hz, rel=1e-12)
    assert lit.light_hz == pytest.approx(lit.city_hz + none.light_hz, rel=1e-12)
    # What the lamps add, in V: 10^(-0.4 x 17.9) - 10^(-0.4 x 21.9) against the same at 20.9.
    ratio = (10**-7.16 - 10**-8.76) / (10**-8.36 - 10**-8.76)
    assert lit.city_hz / dark.city_hz == pytest.approx(ratio, rel=1e-9)


def test_city_light_is_refused_where_a_reading_says_nothing():
    infrared = replace(TELESCOPE, wavelength_m=1550e-9, city_light=CityLight(19.0, 0.7, 21.9))
    with pytest.raises(LinkError, match=r"wavelength of city light 1550 nm"):
        expected_noise(track(np.pi / 2), SENDER, infrared, AIR)


def test_the_spread_of_pointing_is_that_of_drawn_directions():
    generator = np.random.default_rng(7)
    x, y = 1.2e-6 * generator.standard_normal((2, 400_000))
    loss_db = DB_PER_NEPER * 2.0 * ((x + 0.5e-6) ** 2 + y**2) / 7e-6**2
    pointing = budget().term("pointing")
    # 400,000 draws of something exponential: its standard deviation is good to 0.3 %.
    assert pointing.spread_db[0] == pytest.approx(np.std(loss_db), rel=0.01)
    mean_db = -10.0 * np.log10(np.mean(10.0 ** (-loss_db / 10.0)))
    assert pointing.loss_db[0] == pytest.approx(mean_db, rel=0.01)


def test_everything_at_once_adds_up_and_stands_once():
    air = replace(AIR, fog=Fog(5e3, 50.0, "kim"), turbulence=HV57, cirrus_optical_depth=0.05)
    whole = budget(np.radians([10.0, 40.0, 90.0]), receiver=fibre("tip-tilt"), air=air)
    names = [term.name for term in whole.terms]
    assert len(names) == len(set(names)) == 17
    total = sum(term.loss_db for term in whole.terms)
    np.testing.assert_allclose(whole.total_db, total, atol=1e-12)
    for index, elevation in enumerate(np.radians([10.0, 40.0, 90.0])):
        alone = budget(elevation, receiver=fibre("tip-tilt"), air=air)
        assert alone.total_db[0] == pytest.approx(whole.total_db[index], rel=1e-12)
        assert alone.spread_db[0] == pytest.approx(whole.spread_db[index], rel=1e-12)

"""The budget of an uplink: the spot's published losses, each cause once, wander never twice."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from passes.counts.source import DecoySource
from passes.errors import LinkError
from passes.link.budget import TermGroup
from passes.link.terminals import Atmosphere, BasisChoice, Detector, HufnagelValley, Receiver
from passes.link.turbulence.uplink import SpotModel
from passes.link.uplink_budget import GroundTransmitter, uplink_budget
from passes.track import Track

AIR = Atmosphere(0.15, "rural23", 0.010, 320.0, turbulence=HufnagelValley(21.0, 1.7e-14))
SENDER = GroundTransmitter(785e-9, 0.0884, 0.0, 0.0, 0.8)
DETECTOR = Detector(0.5, 100.0, 50e-9, 350e-12, 1e-9, 0.01, 4, BasisChoice.PASSIVE, 0.5)
SATELLITE = Receiver(785e-9, 0.3, 0.0, 0.4, 1e-9, 100e-6, 100e-12, 0.0, DETECTOR)
SOURCE = DecoySource(1e8, (0.8, 0.1, 0.0), (0.5, 0.25, 0.25), 0.5, 200e-12, 0.01)
RANGE_M = {90: 600_000.0, 45: 814_799.0551417368, 30: 1_075_088.0169291184}
MODELS = list(SpotModel)
# What stands between the two telescopes if the ground telescope is steady.
SPOT = ("geometric", "turbulence spread", "beam wander")


def track(elevation_deg, range_m, *, is_usable=True):
    elevation = np.radians(np.atleast_1d(elevation_deg).astype(float))
    zero = np.zeros(elevation.shape)
    return Track(
        epoch=datetime(2026, 6, 14, tzinfo=UTC),
        times_s=np.arange(elevation.size, dtype=float),
        azimuth_rad=zero,
        elevation_rad=elevation,
        range_m=zero + range_m,
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


def budget(elevation_deg=90, model="long-term", *, sender=SENDER, receiver=SATELLITE, **more):
    where = track(elevation_deg, RANGE_M[elevation_deg])
    return uplink_budget(where, sender, SOURCE, receiver, AIR, 0.0, model=model, **more)


def spot_db(whole):
    return sum(term.loss_db[0] for term in whole.terms if term.name in SPOT)


# Yura 1973 in the form of Pirandola, Phys. Rev. Research 3, 023130 (2021), into 30 cm from HV 5/7
# at sea level under a 600 km orbit, printed to 0.1 dB [nm, waist, deg, dB].
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("wavelength_nm", "waist_m", "elevation_deg", "loss_db"),
    [
        (785, 0.0884, 90, 28.3),
        (785, 0.0884, 45, 32.6),
        (785, 0.0884, 30, 36.7),
        (785, 0.1768, 90, 27.9),
        (785, 0.1768, 30, 36.6),
        (1550, 0.0884, 90, 28.5),
    ],
)
def test_the_spot_loses_what_is_published(wavelength_nm, waist_m, elevation_deg, loss_db, model):
    sender = replace(SENDER, wavelength_m=1e-9 * wavelength_nm, waist_m=waist_m)
    whole = budget(elevation_deg, model, sender=sender)
    assert spot_db(whole) == pytest.approx(loss_db, abs=0.06)
    # Diffraction alone into 30 cm at 600 km from 8.84 cm: 18.1 dB.
    if (wavelength_nm, waist_m, elevation_deg) == (785, 0.0884, 90):
        assert whole.term("geometric").loss_db[0] == pytest.approx(18.1, abs=0.05)


def test_wander_is_a_term_of_its_own_or_part_of_the_spot():
    wide, narrow = (budget(45, model) for model in MODELS)
    assert "beam wander" not in [term.name for term in wide.terms]
    wander = narrow.term("beam wander")
    assert wander.is_random
    assert wander.loss_db[0] > 0.1
    assert wander.spread_db[0] > 0.1
    assert narrow.total_db == pytest.approx(wide.total_db, abs=0.02)


def test_terms_add_up_and_stand_once():
    for model in MODELS:
        whole = budget(30, model)
        names = [term.name for term in whole.terms]
        assert len(names) == len(set(names))
        total = sum(term.loss_db for term in whole.terms)
        np.testing.assert_allclose(whole.total_db, total, atol=1e-12)
        assert sum(whole.group_db(group) for group in TermGroup) == pytest.approx(total)
        assert all(np.all(term.loss_db >= 0.0) and term.source for term in whole.terms)


def test_jitter_of_the_telescope_spreads_the_spot_further():
    # The spot at zenith has a radius of 5.4915748 m (Yura's form): 9.1526 urad at 600 km. A jitter
    # of 2 urad per axis leaves w^2 / (w^2 + 4 s^2) = 83.77 / 99.77, 0.759 dB.
    shaking = replace(SENDER, pointing_jitter_rad=2e-6)
    pointing = budget(sender=shaking).term("pointing")
    assert pointing.loss_db[0] == pytest.approx(0.759, abs=0.01)
    # Without bias the loss is exponential: as wide as its mean, 4.343 x 4 s^2 / w^2.
    assert pointing.spread_db[0] == pytest.approx(4.343 * 16.0 / 83.77, rel=0.01)
    assert budget().term("pointing").loss_db[0] == 0.0


def test_steering_takes_wander_away():
    model = "short-term-with-wander"
    steered, free = (budget(45, model, tip_tilt_residual=share) for share in (0.0, 1.0))
    assert steered.term("beam wander").loss_db[0] == pytest.approx(0.0, abs=1e-12)
    gained = free.total_db[0] - steered.total_db[0]
    # The dead time follows the light by less than 1e-4 dB.
    assert gained == pytest.approx(free.term("beam wander").loss_db[0], abs=1e-3)
    with pytest.raises(LinkError, match="long-term spot cannot be steered"):
        budget(45, "long-term", tip_tilt_residual=0.0)


def test_each_efficiency_is_counted_once():
    half = [
        budget(sender=replace(SENDER, optics_efficiency=0.4)),
        budget(receiver=replace(SATELLITE, optics_efficiency=0.2)),
        budget(receiver=replace(SATELLITE, detector=replace(DETECTOR, efficiency=0.25))),
    ]
    for less in half:
        assert less.total_db - budget().total_db == pytest.approx(3.0103, abs=1e-3)


def test_a_larger_satellite_telescope_catches_more_and_its_obstruction_takes_its_area():
    small, large = (spot_db(budget(receiver=replace(SATELLITE, aperture_m=d))) for d in (0.15, 0.3))
    # The spot is ten metres wide: four times the area, 6.02 dB.
    assert small - large == pytest.approx(6.02, abs=0.02)
    obscured = budget(receiver=replace(SATELLITE, obscuration=0.3)).term("obscuration")
    assert obscured.loss_db[0] == pytest.approx(-10 * np.log10(1 - 0.09), abs=0.005)


def test_an_uplink_without_turbulence_is_refused():
    calm = replace(AIR, turbulence=None)
    with pytest.raises(LinkError, match="uplink through turbulence that is not given"):
        uplink_budget(
            track(90, 6e5), SENDER, SOURCE, SATELLITE, calm, 0.0, model=SpotModel.LONG_TERM
        )


def test_low_samples_that_are_not_usable_do_not_stop_an_uplink():
    low = track([2.0, 30.0], [2.3e6, 1.075e6], is_usable=[False, True])
    whole = uplink_budget(low, SENDER, SOURCE, SATELLITE, AIR, 0.0, model="long-term")
    assert np.all(np.isfinite(whole.total_db))
    running = track([2.0, 30.0], [2.3e6, 1.075e6])
    with pytest.raises(LinkError, match=r"contact at elevation 2\.00 deg, below 5 deg"):
        uplink_budget(running, SENDER, SOURCE, SATELLITE, AIR, 0.0, model="long-term")


def test_one_sample_gives_what_an_array_gives():
    both = uplink_budget(
        track([30.0, 80.0], [1.075e6, 6.1e5]),
        SENDER,
        SOURCE,
        SATELLITE,
        AIR,
        0.0,
        model="short-term-with-wander",
    )
    one = uplink_budget(
        track(80.0, 6.1e5), SENDER, SOURCE, SATELLITE, AIR, 0.0, model="short-term-with-wander"
    )
    assert both.total_db[1] == pytest.approx(one.total_db[0], rel=1e-12)

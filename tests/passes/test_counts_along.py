"""A prepared link gives what its parts give one after the other."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from passes.counts.along import counts_along, prepare_link
from passes.counts.expected import expected_rates
from passes.counts.noise import expected_noise
from passes.counts.source import DecoySource
from passes.errors import LinkError
from passes.link.air_terms import air_terms, clear_air_db, prepare_air
from passes.link.budget import LinkBudget, Term, TermGroup, TermTable
from passes.link.downlink import downlink_budget
from passes.link.terminals import (
    Atmosphere,
    BasisChoice,
    CityLight,
    Detector,
    Fog,
    HufnagelValley,
    Receiver,
    Transmitter,
)
from passes.track import Track

SENDER = Transmitter(850e-9, 7.4e-6, "7.4 urad 1/e2-half", 1.2e-6, 0.4e-6, 0.8, 1.0, 0.2)
DETECTOR = Detector(0.5, 25.0, 50e-9, 350e-12, 2e-9, 0.01, 4, BasisChoice.PASSIVE, 0.7)
TELESCOPE = Receiver(850e-9, 1.0, 0.3, 0.16, 1e-9, 100e-6, 500e-12, 2e10, DETECTOR)
SOURCE = DecoySource(1e8, (0.8, 0.1, 0.0), (0.5, 0.25, 0.25), 0.5, 200e-12, 0.0036)
AIR = Atmosphere(0.15, "rural23", 0.014, 344.0)
LINKS = {
    "plain": (SENDER, TELESCOPE, AIR),
    "turbulent": (SENDER, TELESCOPE, replace(AIR, turbulence=HufnagelValley(21.0, 1.7e-14))),
    "foggy": (SENDER, TELESCOPE, replace(AIR, fog=Fog(2e3, 100.0, "kim"))),
    "under lamps": (SENDER, replace(TELESCOPE, city_light=CityLight(19.0, 1.0, 21.9)), AIR),
    "switched, without obstruction": (
        replace(SENDER, pointing_bias_rad=0.0),
        replace(
            TELESCOPE,
            obscuration=0.0,
            detector=replace(DETECTOR, basis_choice=BasisChoice.ACTIVE, count=2),
        ),
        AIR,
    ),
}


def track(samples, seed=1, lowest_rad=0.1):
    """Places all over the sky, some in the Sun, some under the Moon."""
    rng = np.random.default_rng(seed)
    zero = np.zeros(samples)
    return Track(
        epoch=datetime(2026, 1, 1, tzinfo=UTC),
        times_s=np.arange(samples, dtype=float),
        azimuth_rad=zero,
        elevation_rad=rng.uniform(lowest_rad, np.pi / 2, samples),
        range_m=rng.uniform(4e5, 2e6, samples),
        range_rate_m_s=zero,
        azimuth_rate_rad_s=zero,
        elevation_rate_rad_s=zero,
        sun_elevation_rad=rng.uniform(-1.0, 0.0, samples),
        moon_elevation_rad=rng.uniform(-1.0, 1.0, samples),
        moon_separation_rad=rng.uniform(0.1, 3.0, samples),
        moon_phase_angle_rad=rng.uniform(0.0, 3.0, samples),
        sunlit_fraction=np.clip(rng.uniform(-1.0, 1.0, samples), 0.0, 1.0),
        solar_phase_angle_rad=rng.uniform(0.0, 3.0, samples),
        is_usable=zero == 0.0,
    )


@pytest.mark.parametrize("name", LINKS)
def test_a_prepared_link_gives_what_its_parts_give(name):
    sender, receiver, air = LINKS[name]
    places = track(200)
    counts = counts_along(prepare_link(sender, SOURCE, receiver, air, 500.0), places)
    noise = expected_noise(places, sender, receiver, air)
    budget = downlink_budget(
        places, sender, SOURCE, receiver, air, 500.0, light_noise_hz=noise.light_hz
    )
    rates = expected_rates(budget, noise, SOURCE, receiver)
    assert [t.name for t in counts.budget.terms] == [t.name for t in budget.terms]
    np.testing.assert_array_equal(counts.budget.total_db, budget.total_db)
    for field in fields(rates):
        ours, theirs = getattr(counts.rates, field.name), getattr(rates, field.name)
        # One way goes through decibels: 90 dB are 20 nepers, 20 roundings of 1e-16 each. The noise
        # clicks are a difference of two rates that may be 1e3 times as large.
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, err_msg=field.name)


def test_what_counts_have_taught_is_added_once():
    sender, receiver, air = LINKS["turbulent"]
    places = track(60)
    link = prepare_link(sender, SOURCE, receiver, air, 500.0)
    taught = Term("calibration", np.linspace(3.0, 4.0, 60), TermGroup.GEOMETRY, "given")
    plain, scaled = counts_along(link, places), counts_along(link, places, light_scale=2.0)
    counts = counts_along(link, places, fitted_terms=(taught,), light_scale=2.0)
    assert counts.budget.terms[-1] is taught
    # Twice the light lengthens the dead time; the fitted loss does not.
    np.testing.assert_allclose(
        counts.budget.total_db, scaled.budget.total_db + taught.loss_db, atol=1e-12
    )
    np.testing.assert_allclose(counts.efficiency, counts.budget.efficiency, rtol=1e-12)
    np.testing.assert_allclose(counts.noise.light_hz, 2.0 * plain.noise.light_hz, rtol=1e-14)
    np.testing.assert_array_equal(counts.noise.dark_hz, plain.noise.dark_hz)
    noise = expected_noise(places, sender, receiver, air).with_light(2.0)
    rates = expected_rates(counts.budget, noise, SOURCE, receiver)
    for field in fields(rates):
        ours, theirs = getattr(counts.rates, field.name), getattr(rates, field.name)
        # As above: the noise clicks are a difference of two much larger rates.
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, err_msg=field.name)


def test_one_sample_gives_what_an_array_gives():
    sender, receiver, air = LINKS["turbulent"]
    link = prepare_link(sender, SOURCE, receiver, air, 500.0)
    places = track(50)
    whole = counts_along(link, places)
    for index in (0, 17, 49):
        arrays = {
            field.name: getattr(places, field.name)[index : index + 1]
            for field in fields(places)
            if isinstance(getattr(places, field.name), np.ndarray)
        }
        one = counts_along(link, replace(places, **arrays))
        for ours, theirs in zip(one.budget.terms, whole.budget.terms, strict=True):
            assert ours.loss_db[0] == pytest.approx(theirs.loss_db[index], rel=1e-12, abs=1e-15)
        assert one.noise.total_hz[0] == pytest.approx(whole.noise.total_hz[index], rel=1e-12)
        assert one.rates.sifted_hz[0] == pytest.approx(whole.rates.sifted_hz[index], rel=1e-12)
        assert one.rates.qber[0] == pytest.approx(whole.rates.qber[index], rel=1e-12)


def test_a_table_of_terms_reads_like_a_tuple_of_them():
    link = prepare_link(SENDER, SOURCE, TELESCOPE, AIR, 500.0)
    terms = counts_along(link, track(5)).budget.terms
    assert isinstance(terms, TermTable)
    as_tuple = tuple(terms)
    assert len(terms) == len(as_tuple) == 14
    assert [t.name for t in terms[:3]] == ["geometric", "obscuration", "pointing"]
    assert terms[-1].name == "dead time"
    np.testing.assert_array_equal(terms[2].spread_db, as_tuple[2].spread_db)
    assert terms[3].spread_db is None
    with pytest.raises(IndexError):
        terms[14]
    twice = TermTable((*terms.rows, terms.rows[0]), terms.values_db, terms.steady_db)
    with pytest.raises(LinkError, match="'geometric' stands 2 times"):
        LinkBudget(twice)


def test_a_link_that_cannot_be_is_refused_when_it_is_prepared():
    with pytest.raises(LinkError, match="transmitter at 800 nm is outside the receiver's filter"):
        prepare_link(replace(SENDER, wavelength_m=800e-9), SOURCE, TELESCOPE, AIR, 0.0)
    with pytest.raises(LinkError, match="albedo = 2 is outside"):
        prepare_link(replace(SENDER, albedo=2.0), SOURCE, TELESCOPE, AIR, 0.0)


def test_where_nothing_clicks_there_is_no_error_rate():
    silent = replace(TELESCOPE, dark_sky_radiance=0.0, detector=replace(
        DETECTOR, dark_count_rate_hz=0.0))  # fmt: skip
    air = replace(AIR, fog=Fog(10.0, 5e3, "kim"))
    night = replace(
        track(3), sun_elevation_rad=np.full(3, -1.5), moon_elevation_rad=np.full(3, -0.5),
        sunlit_fraction=np.zeros(3),
    )  # fmt: skip
    noise = expected_noise(night, SENDER, silent, air)
    no_twilight = replace(noise, twilight_hz=np.zeros(3))
    budget = downlink_budget(night, SENDER, SOURCE, silent, air, 0.0)
    rates = expected_rates(budget, no_twilight, SOURCE, silent)
    assert rates.detected_hz.tolist() == [0.0, 0.0, 0.0]
    assert np.all(np.isnan(rates.qber))


@pytest.mark.parametrize("wavelength_m", [785e-9, 1064e-9, 1550e-9])
def test_the_air_of_a_prepared_link_is_that_over_its_station(wavelength_m):
    """Rayleigh scattering, mixed gases and, at 1064 nm only, pairs of oxygen thin with height."""
    places = track(40)
    losses_db = {}
    for height_m in (0.0, 2_400.0):
        terms = air_terms(prepare_air(wavelength_m, AIR, height_m), places)
        ours = {term.name: term.loss_db for term in terms}
        theirs = clear_air_db(wavelength_m, places.elevation_rad, AIR, height_m)
        assert list(ours) == list(theirs)
        for name, loss_db in theirs.items():
            # The one takes airmasses from a table, right to 1e-8.
            np.testing.assert_allclose(ours[name], loss_db, rtol=1e-7, err_msg=name)
        losses_db[height_m] = ours
    assert ("oxygen collisions" in losses_db[0.0]) == (wavelength_m == 1064e-9)
    for name in {"rayleigh", "mixed gases", "oxygen collisions"} & set(losses_db[0.0]):
        assert np.all(losses_db[2_400.0][name] <= losses_db[0.0][name]), name
    if wavelength_m == 1064e-9:
        # Twice the logarithm of the density's fall, exp(-2.4 / 8.4 km) squared: 0.56 about.
        high, low = (losses_db[height_m]["oxygen collisions"] for height_m in (2_400.0, 0.0))
        np.testing.assert_allclose(high / low, 0.58, atol=0.04)


def test_a_table_adds_up_and_finds_spreads_without_its_terms():
    sender, receiver, air = LINKS["turbulent"]
    link = prepare_link(sender, SOURCE, receiver, air, 500.0)
    budget = counts_along(link, track(60, lowest_rad=0.2)).budget
    terms = tuple(budget.terms)
    assert isinstance(budget.terms, TermTable)
    apart = LinkBudget(terms)
    # The same numbers in the same order: not a bit may differ.
    np.testing.assert_array_equal(budget.total_db, apart.total_db)
    assert budget.total_db.min() > 10.0
    for term in terms:
        if term.spread_db is None:
            assert budget.spread_of(term.name) is None
            assert apart.spread_of(term.name) is None
        else:
            np.testing.assert_array_equal(budget.spread_of(term.name), term.spread_db)
            np.testing.assert_array_equal(apart.spread_of(term.name), term.spread_db)
    assert budget.spread_of("scintillation") is not None
    assert budget.spread_of("no such term") is None

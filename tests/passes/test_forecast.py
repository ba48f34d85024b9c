"""The key of a pass, counted again second by second in plain arithmetic from what led to it."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from groundstation.night.links import PreparedLinks, forecast_link, receiver_for
from groundstation.night_records import NightPass
from passes.counts.moments import ORDER
from passes.counts.source import DecoySource
from passes.forecast import PassForecast, fading_moments, forecast_pass, slot_s
from passes.key.decoy.counts import decoy_counts_from_moments
from passes.key.decoy.proof import secret_key
from passes.key.records import DecoyCounts, ErrorCorrection, SecurityParameters
from passes.link.terminals import (
    Atmosphere,
    BasisChoice,
    HufnagelValley,
    Receiver,
    Transmitter,
)
from passes.track import Track

SECURITY = SecurityParameters(1e-9, 1e-15, ErrorCorrection.LOGM, 1.16)
# The forecast sums twelve moments where the recount adds slots one by one; truncation is held
# below 1e-12, the rest is the rounding of 300 additions and of the dead time's decibels.
SAME = 3e-11


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass of a shipped example as the night has it, with everything that its forecast took."""

    item: NightPass
    transmitter: Transmitter
    source: DecoySource
    receiver: Receiver
    atmosphere: Atmosphere
    height_m: float

    @property
    def track(self) -> Track:
        assert self.item.track is not None
        return self.item.track

    @property
    def forecast(self) -> PassForecast:
        assert self.item.forecast is not None
        return self.item.forecast


def pass_of(outcome, satellite, station) -> Pass:
    sender = next(s for s in outcome.network.satellites if s.name == satellite)
    ground = next(s for s in outcome.network.stations if s.name == station)
    item = next(p for p in outcome.passes if (p.satellite, p.station) == (satellite, station))
    receiver = receiver_for(sender, ground)
    assert receiver is not None
    return Pass(
        item,
        sender.transmitter,
        sender.source,
        receiver,
        ground.atmosphere,
        ground.site.height_m,
    )


@pytest.fixture(scope="module")
def xinglong(micius):
    """Over Xinglong, 19 December 2016: the seconds beyond 1200 km and below 10 degrees are not
    usable."""
    return pass_of(micius, "micius", "xinglong")


@pytest.fixture(scope="module")
def helmos(europe):
    """Through the keyhole of Helmos: the contact has a gap in the middle."""
    return pass_of(europe, "speqtre", "helmos")


def again(
    case: Pass,
    track: Track | None = None,
    *,
    source: DecoySource | None = None,
    receiver: Receiver | None = None,
) -> PassForecast:
    """The forecast of the same pass with something changed."""
    return forecast_pass(
        case.track if track is None else track,
        transmitter=case.transmitter,
        source=case.source if source is None else source,
        receiver=case.receiver if receiver is None else receiver,
        atmosphere=case.atmosphere,
        site_height_m=case.height_m,
        security=SECURITY,
        proof="tight",
    )


def counts_of(case: Pass, forecast: PassForecast, source: DecoySource | None = None) -> DecoyCounts:
    detector = case.receiver.detector
    return decoy_counts_from_moments(
        forecast.moments,
        case.source if source is None else source,
        detector.key_basis_probability,
        detector.afterpulse_probability,
    )


def every_count(counts: DecoyCounts) -> list[float]:
    return [*counts.key, *counts.test, counts.key_errors, *counts.test_errors]


def shortened(track: Track, chosen: slice) -> Track:
    """The track at some of its instants only."""
    arrays = {
        name: getattr(track, name)[chosen]
        for name in Track.__dataclass_fields__
        if isinstance(getattr(track, name), np.ndarray)
    }
    return replace(track, **arrays)


def held_at(track: Track, second: int, count: int) -> Track:
    """A satellite that stands still: one second of the track, again and again, all usable."""
    arrays: dict[str, Any] = {
        name: np.repeat(getattr(track, name)[second], count)
        for name in Track.__dataclass_fields__
        if isinstance(getattr(track, name), np.ndarray)
    }
    arrays["times_s"] = np.arange(count, dtype=np.float64)
    arrays["is_usable"] = np.ones(count, dtype=np.bool_)
    return replace(track, **arrays)


def middle_of(case: Pass) -> int:
    """A usable second well inside the contact."""
    return int(np.flatnonzero(case.track.is_usable)[60])


@dataclass(slots=True)
class Recount:
    """Sums over the usable seconds."""

    key: list[float]
    test: list[float]
    test_errors: list[float]
    key_errors: float = 0.0
    clicks: float = 0.0
    sifted_signals: float = 0.0
    sifted_signal_errors: float = 0.0


def trembling(sender: Transmitter) -> tuple[np.ndarray, np.ndarray]:
    """Weights and transmittances over their mean of a beam that trembles about its bias.

    exp(-2 r^2 / half_angle^2) at the nodes of a two-dimensional Gauss-Hermite rule; 40 nodes a side
    integrate its twelfth power to the last digit.
    """
    node, weight = np.polynomial.hermite_e.hermegauss(40)
    weights = np.multiply.outer(weight, weight).ravel() / np.sum(weight) ** 2
    along = sender.pointing_bias_rad + sender.pointing_jitter_rad * node
    across = sender.pointing_jitter_rad * node
    squared = np.add.outer(along**2, across**2).ravel()
    transmittance = np.exp(-2.0 * squared / sender.half_angle_rad**2)
    return weights, transmittance / float(weights @ transmittance)


STEADY = (np.ones(1), np.ones(1))


def recounted(
    forecast: PassForecast,
    is_usable,
    beam=STEADY,
    *,
    pulse_rate_hz: float,
    intensities: tuple[float, float, float],
    probabilities: tuple[float, float, float],
    sent_key: float,
    received_key: float,
    intrinsic: float,
    afterpulse: float,
    gate_s: float,
) -> Recount:
    """Lim et al., Phys. Rev. A 89, 022307 (2014), section IV, with numbers and one slot at a time.

    R = (1 + p_ap) [1 - (1 - 2 p) exp(-mu eta)] clicks and e = p + q [1 - exp(-mu eta)] + p_ap R / 2
    errors per pulse, p for one of two detectors in one gate. (The paper's e has D = R / (1 + p_ap)
    in its last term, half of p_ap squared less.) The pair of detectors of a basis counts darkness
    in every gate, not in the share of gates in which a photon would have gone there: hence the
    division of the dark rate, which multiplying by that share takes back. `beam` holds weights and
    relative transmittances over which a second's pulses are averaged.
    """
    weights, transmittance = beam
    total = Recount([0.0] * 3, [0.0] * 3, [0.0] * 3)
    noise = forecast.noise.while_live(forecast.budget)
    for second, usable in enumerate(is_usable):
        if not usable:
            continue
        loss_db = sum(float(term.loss_db[second]) for term in forecast.budget.terms)
        eta = 10.0 ** (-loss_db / 10.0)
        light_hz = sum(
            float(rate[second])
            for rate in (noise.sky_hz, noise.twilight_hz, noise.moon_hz, noise.satellite_hz)
        )
        dark_of_pair_hz = float(noise.dark_hz[second]) / 2.0
        for in_key, sent, chosen in (
            (True, sent_key, received_key),
            (False, 1.0 - sent_key, 1.0 - received_key),
        ):
            p = 0.5 * (1.0 - math.exp(-(dark_of_pair_hz / chosen + light_hz) * gate_s))
            for k in range(3):
                empty = 1.0 + float(weights @ np.expm1(-intensities[k] * eta * transmittance))
                clicks = (1.0 + afterpulse) * (1.0 - (1.0 - 2.0 * p) * empty)
                errors = p + intrinsic * (1.0 - empty) + afterpulse * clicks / 2.0
                # One second of pulses, of this intensity, measured in this basis.
                pulses = pulse_rate_hz * 1.0 * probabilities[k] * chosen
                total.clicks += pulses * clicks
                if in_key:
                    total.key[k] += pulses * sent * clicks
                    total.key_errors += pulses * sent * errors
                else:
                    total.test[k] += pulses * sent * clicks
                    total.test_errors[k] += pulses * sent * errors
                if k == 0:
                    total.sifted_signals += pulses * sent * clicks
                    total.sifted_signal_errors += pulses * sent * errors
    return total


# Liao et al., Nature 549, 43 (2017); the intrinsic error is 1 / 281 and 0.6 % in a row.
MICIUS: dict[str, Any] = {
    "pulse_rate_hz": 100e6,
    "intensities": (0.8, 0.1, 0.0),
    "probabilities": (0.5, 0.25, 0.25),
    "sent_key": 0.5,
    "received_key": 0.5,
    "intrinsic": 1 / 281 + 0.006 - 2 * 0.006 / 281,
    "afterpulse": 0.0,
    "gate_s": 2e-9,
}
# As the example europe-2026 declares speqtre and the 785 nm receiver of Helmos.
SPEQTRE: dict[str, Any] = {
    "pulse_rate_hz": 100e6,
    "intensities": (0.7, 0.15, 0.0),
    "probabilities": (0.7, 0.2, 0.1),
    "sent_key": 0.8,
    "received_key": 0.8,
    "intrinsic": 0.012,
    "afterpulse": 0.005,
    "gate_s": 1e-9,
}


@pytest.fixture(params=["xinglong", "helmos"])
def case(request):
    return request.getfixturevalue(request.param)


def numbers_of(case: Pass) -> dict[str, Any]:
    return MICIUS if case.item.station == "xinglong" else SPEQTRE


@pytest.fixture
def recount(case):
    """With a beam that trembles, as moments and key have it."""
    beam = trembling(case.transmitter)
    return recounted(case.forecast, case.track.is_usable, beam, **numbers_of(case))


@pytest.fixture
def steady_recount(case):
    """With the mean efficiency of every second, as the rates have it."""
    return recounted(case.forecast, case.track.is_usable, **numbers_of(case))


def test_the_two_passes_have_seconds_that_do_not_count(xinglong, helmos):
    # Without them the recount below could not tell whether the mask is used.
    usable = xinglong.track.is_usable
    assert 0.5 < usable.mean() < 0.8
    assert np.all(xinglong.track.range_m[usable] <= 1_200e3)
    usable = np.flatnonzero(helmos.track.is_usable)
    (gap,) = np.flatnonzero(np.diff(usable) > 1)
    assert usable[gap + 1] - usable[gap] - 1 == np.sum(~helmos.track.mount_follows)
    # The gap holds the highest and nearest second, which alone would weigh the most.
    assert usable[gap] < np.argmax(helmos.track.elevation_rad) < usable[gap + 1]


def test_counts_and_errors_are_those_of_the_usable_seconds_added_up(case, recount):
    counts = counts_of(case, case.forecast)
    np.testing.assert_allclose(counts.key, recount.key, rtol=SAME)
    np.testing.assert_allclose(counts.test, recount.test, rtol=SAME)
    np.testing.assert_allclose(counts.test_errors, recount.test_errors, rtol=SAME)
    assert counts.key_errors == pytest.approx(recount.key_errors, rel=SAME)
    key = case.forecast.key
    assert key.sifted_bits == pytest.approx(sum(recount.key), rel=SAME)
    assert key.test_bits == pytest.approx(sum(recount.test), rel=SAME)
    assert key.key_errors == pytest.approx(recount.key_errors, rel=SAME)
    assert key.qber == pytest.approx(recount.key_errors / sum(recount.key), rel=SAME)


def test_the_key_is_that_of_the_recounted_clicks(case, recount):
    counts = DecoyCounts(
        key=np.array(recount.key),
        test=np.array(recount.test),
        key_errors=recount.key_errors,
        test_errors=np.array(recount.test_errors),
    )
    key = secret_key(counts, case.source, SECURITY, proof="tight")
    assert key.secret_key_bits > 5e5
    # Key is a difference of numbers ten times as large.
    assert case.forecast.key.secret_key_bits == pytest.approx(key.secret_key_bits, rel=1e-9)
    assert case.forecast.key.unclipped_bits == case.forecast.key.secret_key_bits


def test_rates_summed_over_the_usable_seconds_are_the_counts(case, steady_recount):
    recount = steady_recount
    use, rates = case.track.is_usable, case.forecast.rates
    assert rates.detected_hz.shape == use.shape
    sifted = float(np.sum(rates.sifted_hz[use]))
    errors = float(np.sum(rates.sifted_hz[use] * rates.qber[use]))
    assert sifted == pytest.approx(recount.sifted_signals, rel=SAME)
    assert errors == pytest.approx(recount.sifted_signal_errors, rel=SAME)
    assert float(np.sum(rates.detected_hz[use])) == pytest.approx(recount.clicks, rel=SAME)
    counts = counts_of(case, case.forecast)
    # A beam that trembles clicks less by mu eta (E[h^2] / E[h]^2 - 1) / 2: 0.8 x 0.0015 x 0.011 / 2
    # at most for Micius, less for the other.
    assert sifted * (1.0 - 1e-5) < counts.key[0] + counts.test[0] < sifted
    # Both sides' choices of basis are independent: without the sender's share all clicks are left.
    sent_key = case.source.key_basis_probability
    clicks = counts.key.sum() / sent_key + counts.test.sum() / (1.0 - sent_key)
    assert float(np.sum(rates.detected_hz[use])) == pytest.approx(clicks, rel=1e-5)


def test_a_beam_that_does_not_tremble_counts_what_the_rates_say(case):
    steady = replace(case, transmitter=replace(case.transmitter, pointing_jitter_rad=0.0))
    forecast = again(steady)
    sifted = float(np.sum(forecast.rates.sifted_hz[case.track.is_usable]))
    counts = counts_of(case, forecast)
    assert sifted == pytest.approx(counts.key[0] + counts.test[0], rel=SAME)


def test_a_scintillating_beam_counts_as_its_lognormal_says(case):
    air = replace(case.atmosphere, turbulence=HufnagelValley(21.0, 1.7e-14))
    scintillating = again(replace(case, atmosphere=air))
    middle = middle_of(case)
    spreads_db = scintillating.budget.term("scintillation").spread_db
    assert spreads_db is not None
    spread_db = spreads_db[middle]
    # A lognormal of mean 1 by Gauss-Hermite; 4.343 dB per neper.
    node, weight = np.polynomial.hermite_e.hermegauss(60)
    weight = weight / weight.sum()
    deviation = spread_db / (10.0 / math.log(10.0))
    assert 0.01 < deviation < 0.5
    factor = np.exp(deviation * node - deviation**2 / 2.0)
    moments = fading_moments(scintillating.budget, case.transmitter)[:, middle]
    pointing = fading_moments(case.forecast.budget, case.transmitter)[:, middle]
    for order in range(ORDER):
        expected = pointing[order] * float(weight @ factor**order)
        assert moments[order] == pytest.approx(expected, rel=1e-9)
    # Fading takes clicks away, never adds any.
    steady = counts_of(case, again(replace(case, atmosphere=replace(air, turbulence=None))))
    lost_db = scintillating.budget.term("field stop").loss_db
    assert np.all(lost_db > 0.0)
    assert counts_of(case, scintillating).key[0] < steady.key[0]


def test_the_efficiency_of_the_moments_is_the_loss_of_the_budget(case):
    for second in np.flatnonzero(case.track.is_usable)[::40]:
        alone = np.zeros_like(case.track.is_usable)
        alone[second] = True
        forecast = again(case, replace(case.track, is_usable=alone))
        pulses, photons = forecast.moments.efficiency[:2]
        loss_db = -10.0 * math.log10(photons / pulses)
        terms_db = sum(float(term.loss_db[second]) for term in case.forecast.budget.terms)
        assert loss_db == pytest.approx(terms_db, abs=1e-12)
        assert loss_db == pytest.approx(case.forecast.budget.total_db[second], abs=1e-12)
        # Where the beam trembles, the series must hold for the moments that it reaches.
        assert 1.0 <= forecast.moments.largest_efficiency / (photons / pulses) < 1.1


def test_the_forecast_of_the_night_is_the_forecast_of_its_track(case):
    forecast = again(case)
    assert forecast.key == case.forecast.key
    np.testing.assert_array_equal(forecast.budget.total_db, case.forecast.budget.total_db)


def test_a_link_is_prepared_once_for_all_its_passes(europe):
    sender = next(s for s in europe.network.satellites if s.name == "speqtre")
    stations = {s.name: s for s in europe.network.stations}
    items = [p for p in europe.passes if p.satellite == "speqtre" and p.forecast is not None]
    prepared: PreparedLinks = {}
    for item in items:
        refusal, repeated = forecast_link(
            europe.network.key, sender, stations[item.station], item.track, None, prepared
        )
        assert refusal is None
        assert repeated is not None
        assert repeated.key == item.forecast.key
        np.testing.assert_array_equal(repeated.rates.sifted_hz, item.forecast.rates.sifted_hz)
    assert len(prepared) == len({item.station for item in items}) < len(items)


def test_the_air_over_a_high_station_is_thinner(helmos):
    # Rayleigh scattering goes with pressure: at 2340 m of the International Standard Atmosphere
    # (ISO 2533) 0.7520 of that at sea level.
    high = helmos.forecast.budget.term("rayleigh").loss_db
    low = again(replace(helmos, height_m=0.0)).budget.term("rayleigh").loss_db
    ratio = (1.0 - 0.0065 * 2340.0 / 288.15) ** 5.2559
    assert ratio == pytest.approx(0.7520, abs=1e-4)
    np.testing.assert_allclose(high / low, ratio, rtol=2e-3)


def test_light_of_the_sky_lengthens_the_dead_time(helmos):
    # A sky so bright that it alone keeps the four detectors busy: 1 / (1 + rate x 24 ns).
    bright = again(helmos, receiver=replace(helmos.receiver, dark_sky_radiance=1e17))
    rate_hz = bright.noise.light_hz / 4.0
    assert np.all(rate_hz > 1e7)
    expected_db = 10.0 * np.log10(1.0 + rate_hz * 24e-9)
    # The signal adds a thousandth of that light, dark counts less.
    np.testing.assert_allclose(bright.budget.term("dead time").loss_db, expected_db, rtol=0.01)


def test_half_of_the_seconds_of_a_steady_channel_give_half_of_the_counts(case):
    track = held_at(case.track, middle_of(case), 200)
    half = replace(track, is_usable=np.arange(200) % 4 < 2)
    whole_counts = every_count(counts_of(case, again(case, track)))
    half_counts = every_count(counts_of(case, again(case, half)))
    np.testing.assert_allclose(half_counts, np.array(whole_counts) / 2.0, rtol=SAME)


def test_even_and_odd_seconds_of_a_pass_add_up_to_it(case):
    is_even = np.arange(len(case.track.times_s)) % 2 == 0
    parts = [
        again(case, replace(case.track, is_usable=case.track.is_usable & chosen))
        for chosen in (is_even, ~is_even)
    ]
    counts = [np.array(every_count(counts_of(case, part))) for part in parts]
    np.testing.assert_allclose(
        counts[0] + counts[1], every_count(counts_of(case, case.forecast)), rtol=SAME
    )
    # One block of half the clicks pays the finite-size costs once more.
    assert sum(p.key.secret_key_bits for p in parts) < case.forecast.key.secret_key_bits
    np.testing.assert_allclose(counts[0], counts[1], rtol=0.02)


def test_seconds_that_are_not_usable_may_be_anything(case):
    unusable = ~case.track.is_usable
    strange = replace(
        case.track,
        range_m=np.where(unusable, 1e5, case.track.range_m),
        sun_elevation_rad=np.where(unusable, 0.1, case.track.sun_elevation_rad),
        sunlit_fraction=np.where(unusable, 1.0, case.track.sunlit_fraction),
    )
    forecast = again(case, strange)
    assert forecast.key == case.forecast.key
    # They are still in what the second-by-second table shows.
    assert np.all(forecast.rates.detected_hz[unusable] > case.forecast.rates.detected_hz[unusable])


def test_a_pass_without_usable_seconds_gives_nothing(case):
    none = replace(case.track, is_usable=np.zeros_like(case.track.is_usable))
    key = again(case, none).key
    assert (key.sifted_bits, key.test_bits, key.secret_key_bits) == (0.0, 0.0, 0.0)


def test_a_slot_counts_as_long_as_it_is(case):
    steady = held_at(case.track, middle_of(case), 300)
    every_third = shortened(steady, slice(None, None, 3))
    assert slot_s(steady) == 1.0
    assert slot_s(every_third) == 3.0
    # 100 slots of 3 s hold the pulses of 300 slots of 1 s.
    np.testing.assert_allclose(
        every_count(counts_of(case, again(case, every_third))),
        every_count(counts_of(case, again(case, steady))),
        rtol=SAME,
    )
    # A track of one slot is one second.
    np.testing.assert_allclose(
        every_count(counts_of(case, again(case, shortened(steady, slice(1))))),
        np.array(every_count(counts_of(case, again(case, steady)))) / 300.0,
        rtol=SAME,
    )


def test_a_thinned_track_of_a_real_pass_gives_nearly_its_key(case):
    # The midpoint rule on a pass of minutes; two seconds move the edges of the windows by one.
    thinned = again(case, shortened(case.track, slice(None, None, 2)))
    assert thinned.key.sifted_bits == pytest.approx(case.forecast.key.sifted_bits, rel=0.02)


def test_the_pulse_rate_enters_once(case):
    # Without dead time, which lengthens with the clicks, twice the pulses are twice the counts:
    # noise is a probability per gate, and the gates double too.
    receiver = replace(case.receiver, detector=replace(case.receiver.detector, dead_time_s=0.0))
    twice = replace(case.source, pulse_rate_hz=2.0 * case.source.pulse_rate_hz)
    one = again(case, receiver=receiver)
    two = again(case, receiver=receiver, source=twice)
    np.testing.assert_allclose(
        every_count(counts_of(case, two, twice)),
        2.0 * np.array(every_count(counts_of(case, one))),
        rtol=SAME,
    )
    seconds = np.count_nonzero(case.track.is_usable)
    assert one.moments.efficiency[0] == pytest.approx(1e8 * seconds, rel=1e-14)


def noise_alone(case: Pass, *, dark_hz: float, sky: float, key_basis: float) -> PassForecast:
    """Ten seconds of a passive receiver under a moonless dark sky, behind the Earth's shadow."""
    steady = held_at(case.track, middle_of(case), 10)
    nothing = np.zeros(10)
    track = replace(
        steady,
        sun_elevation_rad=nothing - 0.9,
        moon_elevation_rad=nothing - 0.5,
        sunlit_fraction=nothing,
    )
    detector = replace(
        case.receiver.detector,
        dark_count_rate_hz=dark_hz,
        key_basis_probability=key_basis,
        dead_time_s=0.0,
    )
    return again(
        case, track, receiver=replace(case.receiver, detector=detector, dark_sky_radiance=sky)
    )


def test_dark_counts_come_at_their_own_rate_in_either_basis(helmos):
    # 1000 a second in each of two detectors per basis, gates of 1 ns, 1e8 pulses a second for 10 s:
    # 2000 clicks in the gates of either basis, 1600 where the sender chose the key basis, too. The
    # clicks are P 2 p n, with P the share of the basis; p itself is larger where P is smaller.
    forecast = noise_alone(helmos, dark_hz=1000.0, sky=0.0, key_basis=0.8)
    # What the Sun still scatters from far below the horizon.
    assert np.all(forecast.noise.light_hz < 1e-3)
    clicks = [
        share * 2.0 * sums[0]
        for share, sums in ((0.8, forecast.moments.noise_key), (0.2, forecast.moments.noise_test))
    ]
    # Two in one gate are one click, which at 1e-5 a gate of the test basis is half of 1e-5 less.
    assert clicks == pytest.approx([2000.0, 2000.0], rel=1e-5)


def test_light_of_the_sky_is_split_like_the_signal(helmos):
    forecast = noise_alone(helmos, dark_hz=0.0, sky=1e12, key_basis=0.8)
    light_hz = forecast.noise.light_hz[0]
    assert light_hz > 1000.0
    np.testing.assert_array_equal(forecast.moments.noise_key, forecast.moments.noise_test)
    # n 2 p = 1e9 gates of 1 ns, every one of which sees all the light.
    mean = light_hz * 1e-9
    assert 2.0 * forecast.moments.noise_key[0] == pytest.approx(1e9 * mean, rel=mean)


def test_key_and_test_noise_are_not_exchanged(helmos):
    for key_basis, larger in ((0.9, "noise_test"), (0.1, "noise_key")):
        moments = noise_alone(helmos, dark_hz=1000.0, sky=0.0, key_basis=key_basis).moments
        smaller = "noise_key" if larger == "noise_test" else "noise_test"
        # The dark counts of a basis weigh one over its probability.
        ratio = getattr(moments, larger)[0] / getattr(moments, smaller)[0]
        assert ratio == pytest.approx(9.0, rel=1e-4)


def test_a_switched_receiver_sees_the_same_noise_in_both_bases(helmos):
    detector = replace(
        helmos.receiver.detector, count=2, basis_choice=BasisChoice.ACTIVE, dead_time_s=0.0
    )
    receiver = replace(helmos.receiver, detector=detector)
    forecast = again(helmos, receiver=receiver)
    np.testing.assert_array_equal(forecast.moments.noise_key, forecast.moments.noise_test)
    use = helmos.track.is_usable
    # 250 dark counts a second in each of two detectors, and all the light, in gates of 1 ns.
    mean = (500.0 + forecast.noise.light_hz[use]) * 1e-9
    assert forecast.moments.noise_key[0] == pytest.approx(
        np.sum(1e8 * (1.0 - np.exp(-mean)) / 2.0), rel=1e-7
    )


def test_dead_time_hides_noise_as_it_hides_light(helmos):
    """A bright sky keeps the detectors busy: the error rate does not change, the counts do."""
    detector = replace(helmos.receiver.detector, dead_time_s=0.0)
    quick = replace(helmos.receiver, detector=detector, dark_sky_radiance=1e14)
    slow = replace(quick, detector=replace(detector, dead_time_s=2e-6))
    ready, busy = again(helmos, receiver=quick), again(helmos, receiver=slow)
    use = helmos.track.is_usable
    live = 10.0 ** (-busy.budget.term("dead time").loss_db[use] / 10.0)
    assert live.max() < 0.9
    assert busy.rates.detected_hz[use] == pytest.approx(
        live * ready.rates.detected_hz[use], rel=1e-3
    )
    assert busy.rates.qber[use] == pytest.approx(ready.rates.qber[use], rel=1e-3)
    assert busy.key.qber == pytest.approx(ready.key.qber, rel=1e-2)

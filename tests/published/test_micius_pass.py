"""The Micius pass of 2016-12-19 over Xinglong, by the program alone, against what was measured.

Liao et al., Nature 549, 43 (2017), arXiv:1707.00542. Everything comes from the shipped example:
elements of the day, published parameters, an aerosol depth of 0.15 at 550 nm that is a prior's
median, nothing fitted. The loss against range (detectors left out) and the sifted rate against time
were read off the paper's figures by baidu/QCompute: 20 km means, and means of 10 s.

    range [km]                         645.3     800    1000    1200
    elevation [deg]                     47.8    35.1    25.6    19.4
    our loss without detectors [dB]    25.32   27.35   29.54   31.45
    published figure [dB]              29.75   31.18   34.33   39.03
    difference [dB]                     4.43    3.83    4.79    7.58
    left after 4.35 dB (above 25 deg)   0.08   -0.52    0.44    3.23
    left after 5.16 dB (all four)      -0.73   -1.33   -0.37    2.42

One constant takes the rms difference from 4.37 to 0.40 dB above 25 deg, and from 5.36 to 1.44 dB
over all four. With the former the sifted rate is 10.2 kbit/s at 645 km (published about 12, within
its 20 %) and 2.5 kbit/s at 1200 km (published about 1, tolerance 45 %): a disagreement. The latter
misses both, with 8.4 and 2.1 kbit/s.

It is not one of a model that is a function of elevation. In the measured rate, means of 10 s,

- the two legs differ by 3 dB at the same elevation of 44 deg;
- from 46 to 31 deg of the setting leg the difference wanders by 0.9 dB and ends where it began,
  while the airmass grows by 0.55; then 2.1 dB are lost from one block to the next;
- the last 20 s have lost 5 dB against these, a depth of 1.1 if it were aerosol, and they are the
  whole of the figure at 1200 km: the rising leg has no points beyond 1075 km.

Tracking that degrades from 1.2 to 4.6 urad in those seconds, or a bank of haze or cloud low in the
south-west, would do; neither is printed. Nothing is tuned to it.
"""

import numpy as np
import pytest

from groundstation.night.links import receiver_for
from passes.counts.calibration.fit import fit_calibration
from passes.counts.calibration.measured import MeasuredPass, reference_counts
from passes.counts.calibration.unknowns import (
    CalibrationPriors,
    Constant,
    optical_depth_prior,
    unknowns_of,
)
from passes.counts.expected import expected_rates
from passes.counts.spread.distributions import Normal
from passes.counts.spread.priors import default_priors
from passes.link.air.extinction import aerosol_optical_depth
from passes.link.budget import LinkBudget, Term, TermGroup
from passes.link.optics.pointing import mean_pointing_transmittance
from passes.sky.airmass import gueymard_1995_water

RANGE_KM = np.array([645.25, 800.0, 1000.0, 1200.0])
PUBLISHED_DB = np.array([29.75, 31.18064179, 34.33334328, 39.02889109])

# Mean sifted rate [kbit/s] in the 10 s from each instant, counted from 16:49:58 UTC.
STARTS_S = np.arange(20.0, 280.0, 10.0)
RATE_KBPS = np.array([
    2.87, 3.98, 4.16, 4.98, 5.49, 6.96, 6.56, 6.61, 5.81, 7.12, 8.28, 8.69, 9.62,
    12.62, 11.78, 10.04, 8.07, 8.39, 7.51, 6.67, 3.6, 3.58, 2.73, 1.7, 1.06, 1.03,
])  # fmt: skip
LINK = ("micius", "xinglong", "2016-12-19")


class Pass:
    """The pass as the night has it: track, forecast and what they were made from."""

    def __init__(self, outcome):
        self.satellite = next(s for s in outcome.network.satellites if s.name == "micius")
        self.station = next(s for s in outcome.network.stations if s.name == "xinglong")
        self.receiver = receiver_for(self.satellite, self.station)
        passes = [p for p in outcome.passes if (p.satellite, p.station) == LINK[:2] and p.forecast]
        item = min(passes, key=lambda p: p.track.range_m.min())
        self.track, self.forecast = item.track, item.forecast
        zero_s = 49.0 * 60.0 + 58.0 + 16.0 * 3600.0
        epoch = self.track.epoch
        epoch_s = 3600.0 * epoch.hour + 60.0 * epoch.minute + epoch.second
        epoch_s += 86_400.0 * (epoch.day - 19)
        self.times_s = self.track.times_s + epoch_s - zero_s

    def loss_db(self):
        """Our loss without detectors at the four ranges of the setting leg."""
        budget = self.forecast.budget
        loss_db = budget.total_db - budget.group_db(TermGroup.DETECTOR)
        setting = np.argmin(self.track.range_m)
        return np.interp(RANGE_KM, self.track.range_m[setting:] / 1e3, loss_db[setting:])

    def in_blocks(self, values):
        """A quantity of the track in the middle of the 26 blocks."""
        return np.interp(STARTS_S + 5.0, self.times_s, values)

    def excess_db(self):
        """Expected over measured sifted rate in the 26 blocks."""
        return 10 * np.log10(self.in_blocks(self.forecast.rates.sifted_hz) / (1e3 * RATE_KBPS))


@pytest.fixture(scope="module")
def case(micius):
    return Pass(micius)


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def test_our_loss_is_four_decibels_below_the_published_figure(case):
    # Pinned to 0.03 dB, so that a change of any term shows.
    assert case.loss_db() == pytest.approx([25.32, 27.35, 29.54, 31.45], abs=0.03)
    difference_db = PUBLISHED_DB - case.loss_db()
    assert difference_db == pytest.approx([4.43, 3.83, 4.79, 7.58], abs=0.03)


def test_one_constant_explains_the_pass_above_25_deg(case):
    difference_db = PUBLISHED_DB - case.loss_db()
    high_db = difference_db[:3]
    assert high_db.mean() == pytest.approx(4.35, abs=0.03)
    assert rms(high_db) == pytest.approx(4.37, abs=0.03)
    assert rms(high_db - high_db.mean()) == pytest.approx(0.40, abs=0.03)
    # At 19 deg 3.2 dB are left, beyond the 2 dB allowed for a figure read off by eye.
    assert difference_db[3] - high_db.mean() == pytest.approx(3.2, abs=0.1)
    # A constant for all four points: three of them within 2 dB.
    assert difference_db.mean() == pytest.approx(5.16, abs=0.03)
    assert rms(difference_db) == pytest.approx(5.36, abs=0.03)
    left_db = difference_db - difference_db.mean()
    assert left_db == pytest.approx([-0.73, -1.33, -0.37, 2.42], abs=0.06)
    assert rms(left_db) == pytest.approx(1.44, abs=0.03)


def rates_after(case, constant_db):
    """Sifted rate [bit/s] at the four ranges after a constant, detectors of the budget included."""
    budget = case.forecast.budget
    detector_db = float(np.median(budget.group_db(TermGroup.DETECTOR)))
    loss_db = case.loss_db() + constant_db + detector_db
    noise = case.forecast.noise
    level = type(noise)(*(np.full(4, np.median(getattr(noise, n))) for n in noise.__slots__))
    whole = LinkBudget((Term("all", loss_db, TermGroup.GEOMETRY, "shifted"),))
    return expected_rates(whole, level, case.satellite.source, case.receiver).sifted_hz


def test_the_sifted_rate_is_as_published_at_645_km_and_not_at_1200(case):
    constant_db = (PUBLISHED_DB - case.loss_db())[:3].mean()
    near, *_, far = rates_after(case, constant_db)
    # Published about 12 kbit/s: 20 %.
    assert near == pytest.approx(12_000, rel=0.2)
    assert near == pytest.approx(10_160, rel=0.01)
    # Published about 1 kbit/s, 45 %: ours is 2.5 times that.
    assert far == pytest.approx(2_480, rel=0.01)
    assert far > 1_450
    # The figure itself, with the same detectors, is within both tolerances: what does not fit is
    # the loss at 1200 km and not the step from loss to rate.
    published = rates_after(case, PUBLISHED_DB - case.loss_db())
    assert published[0] == pytest.approx(12_000, rel=0.2)
    assert published[3] == pytest.approx(1_000, rel=0.45)


def test_a_constant_for_all_ranges_trades_one_end_for_the_other(case):
    constant_db = (PUBLISHED_DB - case.loss_db()).mean()
    near, *_, far = rates_after(case, constant_db)
    assert near == pytest.approx(8_440, rel=0.01)
    assert far == pytest.approx(2_060, rel=0.01)


def test_the_measured_rate_gives_the_same_constant(case):
    excess_db = case.excess_db()
    high = np.degrees(case.in_blocks(case.track.elevation_rad)) > 25.0
    assert int(high.sum()) == 21
    assert excess_db[high].mean() == pytest.approx(4.44, abs=0.06)
    assert np.std(excess_db[high]) == pytest.approx(0.86, abs=0.03)
    assert excess_db.mean() == pytest.approx(4.89, abs=0.06)
    assert np.std(excess_db) == pytest.approx(1.34, abs=0.03)


def at(start_s):
    return int(np.flatnonzero(start_s == STARTS_S)[0])


def test_no_air_that_is_a_function_of_elevation_explains_the_rest(case):
    excess_db = case.excess_db()
    elevation_deg = np.degrees(case.in_blocks(case.track.elevation_rad))
    airmass = gueymard_1995_water(np.radians(elevation_deg))
    rising, setting = at(100.0), at(160.0)
    assert elevation_deg[rising] == pytest.approx(elevation_deg[setting], abs=0.3)
    assert excess_db[rising] - excess_db[setting] == pytest.approx(3.0, abs=0.1)
    # From 46 to 31 deg of the setting leg half an airmass more costs nothing beyond the budget.
    first, last = at(150.0), at(210.0)
    assert airmass[last] - airmass[first] == pytest.approx(0.55, abs=0.02)
    assert abs(excess_db[last] - excess_db[first]) < 0.2
    assert np.ptp(excess_db[first : last + 1]) == pytest.approx(0.86, abs=0.05)
    # Then 2 dB within ten seconds, and 5 dB at the end of the pass.
    assert excess_db[last + 1] - excess_db[last] == pytest.approx(2.1, abs=0.1)
    end = [at(260.0), at(270.0)]
    lost_db = excess_db[end].mean() - excess_db[last]
    assert lost_db == pytest.approx(4.9, abs=0.15)
    nepers = lost_db / 4.343
    assert nepers / (airmass[end].mean() - airmass[last]) == pytest.approx(1.1, abs=0.1)


def test_a_trembling_of_a_few_microradians_would_explain_the_end(case):
    excess_db = case.excess_db()
    high = np.degrees(case.in_blocks(case.track.elevation_rad)) > 25.0
    lost_db = excess_db[[at(260.0), at(270.0)]].mean() - excess_db[high].mean()
    half_angle_rad = case.satellite.transmitter.half_angle_rad
    declared, degraded = (
        float(mean_pointing_transmittance(half_angle_rad, jitter)) for jitter in (1.2e-6, 4.6e-6)
    )
    # Four times the printed tracking error.
    assert lost_db == pytest.approx(3.8, abs=0.1)
    assert 10 * np.log10(declared / degraded) == pytest.approx(lost_db, abs=0.1)


def reference_of(case):
    """What the uncalibrated budget expects of the seconds within 1200 km."""
    wavelength_m, air = case.satellite.transmitter.wavelength_m, case.station.atmosphere
    return reference_counts(
        case.track,
        case.forecast.budget,
        case.forecast.noise,
        source=case.satellite.source,
        receiver=case.receiver,
        optical_depth=aerosol_optical_depth(
            wavelength_m, air.aerosol_optical_depth_550, air.aerosol
        ),
        slot_s=1.0,
    )


def fitted(case, counts, depth=None):
    """Fit of loss constant and optical depth to counts of these seconds."""
    sender = case.satellite.transmitter
    believed = default_priors(sender, case.satellite.source, case.receiver, case.station.atmosphere)
    priors = CalibrationPriors(depth or optical_depth_prior(believed, sender.wavelength_m))
    return fit_calibration([MeasuredPass(*LINK, reference_of(case), counts)], priors)


def counts_of_rate(case):
    """The measured rate as counts of each second, unknown before the first block."""
    times_s = case.times_s[case.track.is_usable]
    block = np.floor((times_s - STARTS_S[0]) / 10.0).astype(int)
    known = (block >= 0) & (block < STARTS_S.size)
    return np.where(known, 1e3 * RATE_KBPS[np.clip(block, 0, STARTS_S.size - 1)], np.nan)


def counts_of_figure(case):
    """Counts that the published loss means, straight lines of decibels between its four points."""
    use = case.track.is_usable
    budget, reference = case.forecast.budget, reference_of(case)
    ours_db = (budget.total_db - budget.group_db(TermGroup.DETECTOR))[use]
    published_db = np.interp(case.track.range_m[use] / 1e3, RANGE_KM, PUBLISHED_DB)
    return reference.signal * 10 ** ((ours_db - published_db) / 10) + reference.dark


@pytest.mark.parametrize(
    ("counts_of", "loss_db", "depth", "residual_db"),
    [(counts_of_rate, 3.90, 0.213, 1.22), (counts_of_figure, 3.63, 0.224, 0.77)],
)
def test_loss_and_depth_of_the_pass_are_known_as_well_as_reported(
    case, counts_of, loss_db, depth, residual_db
):
    fit = fitted(case, counts_of(case))
    own = unknowns_of(*LINK)
    loss, air = fit.loss_constant_db(*LINK[:2]), fit.posterior(own[Constant.DEPTH])
    # Reported for a fit with the same prior to the whole digitised curve of loss, in 27 blocks of
    # 0.9 dB: loss constant +- 0.42 dB, depth +- 0.045, correlation -0.91. They depend on the
    # geometry alone.
    assert loss.sigma == pytest.approx(0.42, abs=0.02)
    assert air.sigma == pytest.approx(0.045, abs=0.002)
    correlation = fit.correlation(own[Constant.LOSS], own[Constant.DEPTH])
    assert correlation == pytest.approx(-0.91, abs=0.01)
    # Reported 0.165 and a residual of 0.9 dB. Neither of our two readings of the pass is that
    # curve: the rate keeps both legs apart and scatters more, the four points are smoother. The
    # depths are 1.1 and 1.3 of its sigma higher.
    assert loss.mean == pytest.approx(loss_db, abs=0.05)
    assert air.mean == pytest.approx(depth, abs=0.01)
    assert abs(air.mean - 0.165) < 1.5 * 0.045
    assert fit.residual_rms_db == pytest.approx(residual_db, abs=0.03)


def test_without_a_prior_the_depth_of_the_pass_is_anything(case):
    # Reported between -0.27 and +0.99 depending on the elevations that are used.
    airmass = gueymard_1995_water(case.in_blocks(case.track.elevation_rad))
    elevation_deg = np.degrees(case.in_blocks(case.track.elevation_rad))
    excess_db = case.excess_db()

    def langley(chosen):
        return 0.09 + np.polyfit(airmass[chosen], excess_db[chosen], 1)[0] / 4.343

    assert langley(elevation_deg < 30.0) == pytest.approx(0.98, abs=0.05)
    assert langley(elevation_deg > 30.0) == pytest.approx(-0.29, abs=0.05)
    own = unknowns_of(*LINK)[Constant.DEPTH]
    free = fitted(case, counts_of_rate(case), Normal(0.09, 10.0)).posterior(own)
    assert free.mean > 0.4
    assert free.sigma > 0.07

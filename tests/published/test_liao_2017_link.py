"""Liao et al., Nature 549, 43 (2017), arXiv:1707.00542: the light and counts of Micius.

Pass over Xinglong, 2016-12-19. Printed: about 10 urad divergence from a 300 mm telescope, tracking
about 1.2 urad, 1 m receiver, optics about 16 %, detectors 50 %, dark counts below 25 Hz each, 2 ns
window with 0.5 ns synchronisation, 848.6 nm, 100 MHz, mean photon numbers 0.8, 0.1, 0 at 50, 25,
25 %. Not printed: aerosol, obscuration, filter, field of view. The aerosol depth 0.15 is the median
of a prior over clear nights and is not fitted; water 0.5 cm and ozone 344 DU are assumed.

    range [km]                           645     800    1000    1200
    elevation [deg]                     47.7    35.1    25.6    19.3
    our loss without detector [dB]     25.33   27.36   29.55   31.46
    published figure [dB]              29.75   31.18   34.33   39.03    digitised by baidu/QCompute
    difference [dB]                     4.42    3.82    4.78    7.57
    left after one constant, 4.34 dB    0.08   -0.52    0.44    3.23

One constant (what the paper does not print: divergence to 10 %, obscuration, polarisation optics,
real pointing) explains the pass above 25 deg to 0.5 dB. Near 19 deg three decibels remain that no
aerosol depth explains without spoiling the rest; the paper itself gives 3-8 dB of atmosphere.
"""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from passes.counts.expected import expected_rates
from passes.counts.noise import Noise
from passes.counts.source import DecoySource, sifted_fraction
from passes.link.budget import LinkBudget, Term, TermGroup
from passes.link.downlink import downlink_budget
from passes.link.optics.beam import divergence_half_angle_rad
from passes.link.terminals import Atmosphere, BasisChoice, Detector, Receiver, Transmitter
from passes.track import Track

RANGE_M = 1e3 * np.array([645.0, 800.0, 1000.0, 1200.0])
DIGITISED_DB = np.array([29.75, 31.18064179, 34.33334328, 39.02889109])

SENDER = Transmitter(
    848.6e-9, divergence_half_angle_rad(10e-6, "disc-full"), "10 urad disc-full", 1.2e-6, 0.0, 1.0
)
DETECTOR = Detector(0.5, 25.0, 24e-9, 350e-12, 2e-9, 0.0, 4, BasisChoice.PASSIVE, 0.5)
TELESCOPE = Receiver(848.6e-9, 1.0, 0.0, 0.16, 1e-9, 100e-6, 500e-12, 2e10, DETECTOR)
SOURCE = DecoySource(1e8, (0.8, 0.1, 0.0), (0.5, 0.25, 0.25), 0.5, 200e-12, 0.0036)
AIR = Atmosphere(0.15, "rural23", 0.005, 344.0)


def elevation_rad(range_m):
    """Over a sphere; 491 km above the station puts 645.3 km at 47.8 deg, 1200 km at 19.4 deg."""
    ground_m, orbit_m = 6.3719e6, 6.3719e6 + 491.1e3
    return np.arcsin((orbit_m**2 - ground_m**2 - range_m**2) / (2 * ground_m * range_m))


@pytest.fixture(scope="module")
def budget():
    zero = np.zeros(RANGE_M.size)
    track = Track(
        epoch=datetime(2016, 12, 19, 16, 50, tzinfo=UTC),
        times_s=np.arange(zero.size, dtype=float),
        azimuth_rad=zero,
        elevation_rad=elevation_rad(RANGE_M),
        range_m=RANGE_M,
        range_rate_m_s=zero,
        azimuth_rate_rad_s=zero,
        elevation_rate_rad_s=zero,
        sun_elevation_rad=zero - 0.8,
        moon_elevation_rad=zero - 0.1,
        moon_separation_rad=zero + 1.0,
        moon_phase_angle_rad=zero,
        sunlit_fraction=zero,
        solar_phase_angle_rad=zero,
        is_usable=zero == 0.0,
    )
    return downlink_budget(track, SENDER, SOURCE, TELESCOPE, AIR, 893.0)


def dark_counts(size):
    zero = np.zeros(size)
    return Noise(zero + 4 * 25.0, zero, zero, zero, zero)


def rates_at(loss_db):
    term = Term("all", np.atleast_1d(loss_db), TermGroup.GEOMETRY, "published")
    return expected_rates(LinkBudget((term,)), dark_counts(np.size(loss_db)), SOURCE, TELESCOPE)


def test_geometric_loss_at_1200_km_is_that_of_a_disc(budget):
    # Printed 22 dB; 20 lg(10 urad x 1200 km / 1 m) is 21.58 and a Gaussian of the same axis 21.60.
    geometric_db = budget.term("geometric").loss_db[-1]
    assert geometric_db == pytest.approx(22.0, abs=0.5)
    assert geometric_db == pytest.approx(21.58, abs=0.03)


def test_sifted_key_is_0_4706_of_the_detections(budget):
    # 1 671 072 sifted bits of 3 551 136 detections; without noise 0.5 x 0.4 / 0.425 = 0.470588.
    # Counting decoys as sifted would give 0.5. Dark counts take up to 0.0002 off at 1200 km.
    rates = expected_rates(budget, dark_counts(RANGE_M.size), SOURCE, TELESCOPE)
    ratio = rates.sifted_hz / rates.detected_hz
    assert ratio == pytest.approx(np.full(RANGE_M.size, 1_671_072 / 3_551_136), abs=0.0005)


def test_the_share_that_a_reader_is_told_is_that_of_the_paper():
    # 1 671 072 of 3 551 136; 0.5 x 0.8 x 0.5 / (0.5 x 0.8 + 0.25 x 0.1) without noise.
    assert sifted_fraction(SOURCE, 0.5) == pytest.approx(1_671_072 / 3_551_136, abs=0.0005)
    assert sifted_fraction(SOURCE, 0.5) == pytest.approx(0.2 / 0.425, rel=1e-12)
    # Of 0.9 x 0.8 and 0.1 x 0.2 of the pulses both bases agree.
    biased = replace(SOURCE, key_basis_probability=0.9)
    assert sifted_fraction(biased, 0.8) == pytest.approx(0.74 * 0.4 / 0.425, rel=1e-12)


def test_sifted_rates_follow_from_the_published_loss():
    # Printed "about 12" and "about 1" kbit/s at 645 and 1200 km: one to two digits, hence 20 % and
    # 45 %. The digitised loss is without detectors of 50 %, 3.01 dB.
    rates = rates_at(DIGITISED_DB[[0, -1]] + 3.0103)
    assert rates.sifted_hz[0] == pytest.approx(12_000, rel=0.2)
    assert rates.sifted_hz[1] == pytest.approx(1_000, rel=0.45)
    # By f p_s (1 - exp(-mu eta)) / 2 with the loss to 0.01 dB: 10.60 and 1.243 kbit/s. A signal
    # pulse clicks in the dark 2e-7 times, 5 bit/s of sifted noise.
    assert rates.sifted_hz == pytest.approx([10_605, 1_248], rel=0.01)


def test_one_kilobit_per_second_is_a_loss_of_43_01_db():
    # Inverted from 1 kbit/s without noise; the 5 bit/s of noise are 0.02 dB.
    assert rates_at(43.01008548).sifted_hz == pytest.approx([1_000 + 5], rel=1e-4)


def test_one_constant_explains_the_loss_above_25_deg_and_not_at_19(budget):
    ours_db = budget.total_db - budget.group_db(TermGroup.DETECTOR)
    assert ours_db == pytest.approx([25.33, 27.36, 29.55, 31.46], abs=0.02)
    difference_db = DIGITISED_DB - ours_db
    constant_db = difference_db[:3].mean()
    assert constant_db == pytest.approx(4.34, abs=0.02)
    left_db = difference_db - constant_db
    assert np.all(np.abs(left_db[:3]) < 0.6)
    # Beyond the 2 dB that are usually allowed: pinned, not tuned away.
    assert left_db[3] == pytest.approx(3.2, abs=0.1)


def test_our_terms_fall_short_of_the_printed_range_by_the_atmosphere(budget):
    # Printed terms at 1200 km sum to 35.97-43.97 dB, of which 3-8 dB are the atmosphere and up to
    # 3 dB pointing. Ours are 1.4 dB and 0.5 dB on a clear night, 1.2 dB below the range.
    assert budget.group_db(TermGroup.ATMOSPHERE)[-1] == pytest.approx(1.43, abs=0.02)
    assert budget.group_db(TermGroup.POINTING)[-1] == pytest.approx(0.474, abs=0.005)
    assert 35.97 - budget.total_db[-1] == pytest.approx(1.24, abs=0.03)
    with_their_air = budget.total_db[-1] - 1.43 + np.array([3.0, 8.0])
    assert np.all((with_their_air > 35.97) & (with_their_air < 43.97))

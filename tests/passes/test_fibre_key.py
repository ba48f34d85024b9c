"""Key over a fibre falls with length as published and ends where darks win."""

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.decoy.proof import fixed_cost_bits
from passes.key.fibre import _fibre_counts, fibre_key, fibre_key_rate_bps
from passes.key.records import ErrorCorrection, SecurityParameters
from passes.key.repeaterless import plob_2017_bits
from passes.link.terminals import BasisChoice, Detector

# Assumed: a gated InGaAs receiver of 10 %, 6e-7 darks per gate and 4 % afterpulses, 0.2 dB/km.
SOURCE = DecoySource(1e9, (0.5, 0.1, 2e-4), (0.6, 0.25, 0.15), 0.9, 0.0, 5e-3)
DETECTOR = Detector(
    efficiency=0.1,
    dark_count_rate_hz=600.0,
    dead_time_s=0.0,
    jitter_fwhm_s=0.0,
    gate_s=1e-9,
    afterpulse_probability=4e-2,
    count=2,
    basis_choice=BasisChoice.ACTIVE,
    key_basis_probability=0.9,
)
SECURITY = SecurityParameters(1e-10, 1e-15, ErrorCorrection.BLOCK, 1.16)


def rate_bps(
    length_km: float,
    source: DecoySource = SOURCE,
    detector: Detector = DETECTOR,
    *,
    block_s: float = 3600.0,
    extra_db: float = 0.0,
) -> float:
    return fibre_key_rate_bps(1e3 * length_km, 2e-4, extra_db, source, detector, SECURITY, block_s)


def test_key_ends_where_darks_make_one_bit_in_nine_wrong() -> None:
    # At 200 km a signal pulse clicks with 0.5 x 1e-4 x 0.1 = 5e-6 by its light and with 1.2e-6 by
    # darks, half of them wrong, and 4 % of clicks bring an afterpulse, half of them wrong:
    # 0.097 + 0.02 + 0.004 = 12 %, above the 11 % at which 1 - 2 h(Q) vanishes. At 100 km the
    # same sum is 0.1 % + 2 % + 0.5 % = 2.6 %.
    assert rate_bps(200.0) == 0.0
    assert rate_bps(100.0) > 0.0


@given(st.floats(0.0, 250.0), st.floats(0.1, 50.0))
@settings(max_examples=50, deadline=None)
def test_a_longer_fibre_never_gives_more_key(length_km: float, more_km: float) -> None:
    assert rate_bps(length_km + more_km) <= rate_bps(length_km)


@given(st.floats(0.0, 250.0), st.floats(0.01, 1.0))
@settings(max_examples=50, deadline=None)
def test_no_fibre_exceeds_the_repeaterless_ceiling(length_km: float, efficiency: float) -> None:
    detector = dataclasses.replace(DETECTOR, efficiency=efficiency)
    eta = 10.0 ** (-0.02 * length_km)
    assert rate_bps(length_km, detector=detector) < plob_2017_bits([eta], SOURCE.pulse_rate_hz)


def test_loss_is_loss_wherever_it_stands() -> None:
    # 50 km at 0.2 dB/km is 10 dB, and so is a detector of 1 % instead of 10 %.
    poor = dataclasses.replace(DETECTOR, efficiency=0.01)
    assert rate_bps(50.0) == pytest.approx(rate_bps(0.0, extra_db=10.0), rel=1e-12)
    assert rate_bps(50.0) == pytest.approx(rate_bps(0.0, detector=poor), rel=1e-12)
    assert rate_bps(50.0) > 0.0


def test_longer_blocks_give_more_key_per_second_up_to_a_limit() -> None:
    rates = [rate_bps(60.0, block_s=block_s) for block_s in (1.0, 10.0, 100.0, 1e4, 1e6)]
    assert rates == sorted(rates)
    assert rates[-1] < 1.1 * rates[-2]
    assert rate_bps(60.0, block_s=1e-4) == 0.0
    assert fixed_cost_bits(SECURITY) > 200.0


@pytest.mark.parametrize(
    ("choice", "busiest"), [(BasisChoice.ACTIVE, 1.0), (BasisChoice.PASSIVE, 0.9)]
)
def test_dead_time_takes_the_share_in_which_the_busiest_detector_is_blind(
    choice: BasisChoice, busiest: float
) -> None:
    # eta = 0.1: clicks 1e9 x sum P (1 - exp(-0.1 mu)). A switch sends all of them to two
    # detectors, a beam splitter 90 % of them to the two of the key basis.
    mean = 0.6 * -math.expm1(-0.05) + 0.25 * -math.expm1(-0.01) + 0.15 * -math.expm1(-2e-5)
    rate_hz = 1e9 * mean * busiest / 2.0 + 600.0
    share = 1.0 / (1.0 + rate_hz * 1e-6)
    quick = dataclasses.replace(DETECTOR, basis_choice=choice)
    slow = dataclasses.replace(quick, dead_time_s=1e-6)
    # A detector that is ready for a share of the time is one that works that much longer.
    assert rate_bps(0.0, detector=slow, block_s=1000.0 / share) == pytest.approx(
        share * rate_bps(0.0, detector=quick, block_s=1000.0), rel=1e-9
    )


def test_a_beam_splitter_keeps_darks_of_both_bases_and_shares_the_light() -> None:
    # The key detectors count darks at every pulse, not for the 90 % that are switched to them.
    passive = dataclasses.replace(DETECTOR, basis_choice=BasisChoice.PASSIVE, count=4)
    assert rate_bps(120.0, detector=passive) < rate_bps(120.0)
    dark_free = dataclasses.replace(DETECTOR, dark_count_rate_hz=0.0)
    quiet = dataclasses.replace(passive, dark_count_rate_hz=0.0)
    assert rate_bps(120.0, detector=quiet) == rate_bps(120.0, detector=dark_free)


@pytest.mark.parametrize(
    ("choice", "key_share", "test_share"),
    [(BasisChoice.ACTIVE, 0.9 * 0.9, 0.1 * 0.1), (BasisChoice.PASSIVE, 0.9, 0.1)],
)
def test_a_dark_fibre_counts_the_darks_of_the_detectors_that_listen(
    choice: BasisChoice, key_share: float, test_share: float
) -> None:
    # 1e9 pulses, two detectors, 6e-7 darks per gate, 1.04 for afterpulses: a switch listens in
    # the chosen basis only, a beam splitter always in both.
    detector = dataclasses.replace(DETECTOR, basis_choice=choice)
    counts = _fibre_counts(0.0, SOURCE, detector, 1.0)
    assert counts.key.sum() == pytest.approx(1e9 * 2.0 * 6e-7 * 1.04 * key_share, rel=1e-12)
    assert counts.test.sum() == pytest.approx(1e9 * 2.0 * 6e-7 * 1.04 * test_share, rel=1e-12)


def test_a_gate_of_one_sigma_passes_68_percent() -> None:
    jitter_s = 2.0 * math.sqrt(2.0 * math.log(2.0)) * 0.5e-9
    jittery = dataclasses.replace(DETECTOR, jitter_fwhm_s=jitter_s)
    fainter = dataclasses.replace(DETECTOR, efficiency=0.1 * 0.6826894921)
    assert rate_bps(20.0, detector=jittery) == pytest.approx(
        rate_bps(20.0, detector=fainter), rel=1e-8
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"length_m": -1.0}, "length_m = -1 is not a number >= 0"),
        ({"loss_db_per_m": math.nan}, "loss_db_per_m = nan"),
        ({"extra_loss_db": -0.5}, r"extra_loss_db = -0\.5"),
        ({"block_s": 0.0}, "block_s = 0 is not a duration > 0"),
    ],
)
def test_fibres_that_cannot_be_are_refused_by_name(change: dict[str, float], message: str) -> None:
    fibre: dict[str, Any] = {
        "length_m": 1e4,
        "loss_db_per_m": 2e-4,
        "extra_loss_db": 0.0,
        "block_s": 60.0,
    }
    with pytest.raises(KeyLengthError, match=message):
        fibre_key_rate_bps(source=SOURCE, detector=DETECTOR, security=SECURITY, **(fibre | change))


def test_both_limits_lie_above_the_rate_and_come_with_the_audit() -> None:
    found = fibre_key(70e3, 2e-4, 4.0, SOURCE, DETECTOR, SECURITY, 3600.0)
    assert 0.0 < found.rate_bps < found.asymptotic_bps < found.repeaterless_bps
    # 18 dB of fibre and the detector's 10 %: -log2(1 - 10^-2.8) bit per pulse.
    pulses = SOURCE.pulse_rate_hz
    assert found.repeaterless_bps == pytest.approx(-math.log2(1.0 - 10.0**-2.8) * pulses, rel=1e-6)
    assert found.block.secret_key_bits == pytest.approx(found.rate_bps * 3600.0)
    assert found.block.proof == "tight"

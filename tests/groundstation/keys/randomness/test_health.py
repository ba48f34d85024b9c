"""A sick generator fails the tests of SP 800-90B, a healthy one passes."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.keys.randomness.cutoffs import (
    BALANCE_WINDOW,
    LAG_WINDOW,
    LAGS,
    health_tests,
    proportion_cutoff,
    repetition_cutoff,
)
from groundstation.keys.randomness.errors import RandomnessError
from groundstation.keys.randomness.health import Alarm, HealthState, examine

AT_30 = health_tests(-30)


def alarms_of(bits, tests=AT_30):
    return examine(tests, HealthState(), bits)[1]


def names(alarms):
    return {alarm.test.split("-")[0] for alarm in alarms}


# --- cut-offs -------------------------------------------------------------------------------------


def test_repetition_cutoffs_are_those_of_sp_800_90b():
    # Section 4.4.1: for alpha = 2^-20 and H = 2.0 the cut-off is 1 + ceil(20 / 2.0) = 11.
    assert repetition_cutoff(-20, 2.0) == 11
    assert repetition_cutoff(-30, 1.0) == 31
    assert repetition_cutoff(-40, 8.0) == 6
    assert repetition_cutoff(-20, 0.3) == 68


@pytest.mark.parametrize(
    ("window", "min_entropy", "cutoff"),
    # Table of example cut-offs at alpha = 2^-20 in the second draft of SP 800-90B (2016): binary
    # sources with windows of 1024, others with 512.
    [
        (1024, 0.2, 941),
        (1024, 0.4, 840),
        (1024, 0.6, 748),
        (1024, 0.8, 664),
        (1024, 1.0, 589),
        (512, 0.5, 410),
        (512, 1.0, 311),
        (512, 2.0, 177),
        (512, 4.0, 62),
        (512, 8.0, 13),
    ],
)
def test_proportion_cutoffs_are_those_of_sp_800_90b(window, min_entropy, cutoff):
    assert proportion_cutoff(2.0**-20, min_entropy, window) == cutoff


def exact_tail(at_least, trials, inverse_probability):
    """P[Binomial(trials, 1 / inverse_probability) >= at_least] in whole numbers."""
    other = inverse_probability - 1
    term = math.comb(trials, at_least) * other ** (trials - at_least)
    total = 0
    for k in range(at_least, trials + 1):
        total += term
        term = term * (trials - k) // ((k + 1) * other)
    return Fraction(total, inverse_probability**trials)


@pytest.mark.parametrize("alpha_log2", [-20, -30, -40])
def test_cutoffs_are_the_smallest_with_the_chosen_false_alarm_probability(alpha_log2):
    tests = health_tests(alpha_log2)
    alpha = Fraction(2) ** alpha_log2
    assert exact_tail(tests.proportion, 1024, 2) <= alpha
    assert exact_tail(tests.proportion - 1, 1024, 2) > alpha
    middle = BALANCE_WINDOW // 2
    assert 2 * exact_tail(middle + tests.balance, BALANCE_WINDOW, 2) <= alpha
    assert 2 * exact_tail(middle + tests.balance - 1, BALANCE_WINDOW, 2) > alpha
    middle = LAG_WINDOW // 2
    assert 2 * LAGS * exact_tail(middle + tests.agreement, LAG_WINDOW, 2) <= alpha
    assert 2 * LAGS * exact_tail(middle + tests.agreement - 1, LAG_WINDOW, 2) > alpha


def test_cutoffs_for_bytes_look_at_bytes():
    tests = health_tests(-20, sample_bits=8, min_entropy_per_sample=8.0)
    assert (tests.repetition, tests.window, tests.proportion) == (4, 512, 13)
    alpha = Fraction(2) ** -20
    assert exact_tail(13, 512, 256) <= alpha < exact_tail(12, 512, 256)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha_log2": -41}, r"2\^-41 is outside"),
        ({"alpha_log2": -19}, r"2\^-19 is outside"),
        ({"alpha_log2": math.nan}, "is outside"),
        ({"alpha_log2": -30, "sample_bits": 4}, "samples of 4 bits"),
        ({"alpha_log2": -30, "min_entropy_per_sample": 0.0}, "min-entropy 0 of a sample"),
        ({"alpha_log2": -30, "min_entropy_per_sample": 1.1}, "min-entropy 1.1 of a sample"),
    ],
)
def test_settings_outside_their_range_are_refused(arguments, message):
    with pytest.raises(RandomnessError, match=message):
        health_tests(**arguments)


# --- broken sources -------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, 1])
def test_a_stuck_source_trips_within_31_samples(value, good_bits):
    stuck = np.full(31, value, np.uint8)
    (alarm,) = alarms_of(stuck)
    assert alarm == Alarm("repetition-count", 31, 31, 31)
    assert alarms_of(stuck[:30]) == ()
    # Also when it gets stuck later, on whatever it gave last, and at the very bit.
    before = np.append(good_bits(5000)[:4999], 1 - value).astype(np.uint8)
    (alarm,) = alarms_of(np.concatenate([before, stuck, [1 - value]]).astype(np.uint8))
    assert (alarm.test, alarm.at_bit) == ("repetition-count", 5031)


def test_a_run_is_counted_across_calls():
    state = HealthState()
    for call in range(31):
        state, alarms = examine(AT_30, state, np.ones(1, np.uint8))
        assert bool(alarms) is (call == 30)


@pytest.mark.parametrize("share", [0.6, 0.4])
def test_a_biased_source_trips_within_ten_thousand_samples(share, good_bits, biased_bits):
    # 100 sources, half of which turn biased in the middle of a window. The balance of 4096 bits
    # misses one in 10^11; the adaptive-proportion test alone would miss one in fifty.
    for seed in range(100):
        before = good_bits(3000 if seed % 2 else 0, seed)
        bits = np.concatenate([before, biased_bits(10_000, share, seed)])
        found = alarms_of(bits)
        assert found
        assert found[0].at_bit - before.size <= 10_000


def test_the_proportion_test_finds_what_is_as_the_first_sample():
    # Windows of 1024 with 620 ones: beyond the cut-off where the first is a one, not where it is a
    # zero. The order within is mixed, so that no other test speaks first.
    rng = np.random.default_rng(4)
    assert 600 < AT_30.proportion <= 620
    window = rng.permutation(np.repeat([1, 0], [619, 404])).astype(np.uint8)
    for first, is_alarm in ((1, True), (0, False)):
        bits = np.append(np.uint8(first), window)
        assert ("adaptive" in names(alarms_of(bits))) is is_alarm


@pytest.mark.parametrize("period", [1, 2, 7, 8, 63, 64, 65, 127, 128])
def test_a_balanced_periodic_source_trips_the_lag_test(period, good_bits):
    rng = np.random.default_rng(period)
    if period > 40:
        # Balanced, so that the two tests of SP 800-90B see nothing.
        pattern = rng.permutation(np.arange(period) % 2).astype(np.uint8)
        bits = np.resize(pattern, 16_384)
        found = alarms_of(bits)
        assert names(found) <= {"lag", "balance"}
        assert found[-1].test == f"lag-{period}"
    else:
        bits = np.resize(np.append(np.ones(1, np.uint8), good_bits(period)[1:]), 16_384)
        assert alarms_of(bits)


def test_period_64_passes_both_tests_of_the_standard_and_trips_ours():
    pattern = np.random.default_rng(64).permutation(np.repeat([0, 1], 32)).astype(np.uint8)
    found = alarms_of(np.resize(pattern, 20_000))
    assert [alarm.test for alarm in found] == ["lag-64"]
    assert found[0].at_bit <= 2 * LAG_WINDOW


def test_an_echo_of_one_bit_in_five_trips_at_its_lag(good_bits):
    # A bit repeats the one 37 before with probability 0.2: agreement 0.6, 18 standard deviations.
    bits = good_bits(3 * LAG_WINDOW).copy()
    rng = np.random.default_rng(6)
    for index in np.flatnonzero(rng.random(bits.size) < 0.2):
        if index >= 37:
            bits[index] = bits[index - 37]
    assert "lag-37" in {alarm.test for alarm in alarms_of(bits)}


def test_alternation_is_found_as_disagreement():
    bits = np.resize(np.array([0, 1], np.uint8), LAG_WINDOW)
    assert "lag" in names(alarms_of(bits))


def test_stuck_and_repeated_bytes_trip_the_tests_of_bytes():
    tests = health_tests(-20, sample_bits=8, min_entropy_per_sample=8.0)
    raw = np.frombuffer(np.random.default_rng(2).bytes(4096), np.uint8).copy()
    assert alarms_of(np.unpackbits(raw), tests) == ()
    raw[100:104] = 7
    (alarm,) = alarms_of(np.unpackbits(raw), tests)
    assert (alarm.test, alarm.found, alarm.at_bit) == ("repetition-count", 4, 832)
    raw[100:104] = (1, 2, 3, 4)
    # The first of a window of 512 comes back twelve times more, never twice in a row.
    raw[513:1024][raw[513:1024] == raw[512]] ^= 1
    raw[512 + 40 * np.arange(1, 13)] = raw[512]
    (alarm,) = alarms_of(np.unpackbits(raw), tests)
    assert (alarm.test, alarm.found, alarm.limit) == ("adaptive-proportion", 13, 13)


# --- good sources ---------------------------------------------------------------------------------


def test_a_good_source_of_three_million_bits_raises_no_alarm(good_bits):
    # At 2^-20 it would raise one or two: half of the runs of 20 go on.
    assert alarms_of(good_bits(3_000_000), health_tests(-40)) == ()


@pytest.mark.slow
def test_a_good_source_of_a_hundred_million_bits_raises_no_alarm(good_bits):
    # Expected number of alarms: some 10^8 runs, 10^5 windows and 10^6 lags at 2^-40: 10^-4.
    state, alarms = examine(health_tests(-40), HealthState(), good_bits(10**8))
    assert (state.bits_seen, alarms) == (10**8, ())


def counted_alarms(bits, tests):
    """The tests of the standard, sample by sample, as section 4.4 writes them."""
    found = set()
    run, last = 0, None
    for bit in bits:
        run = run + 1 if bit == last else 1
        last = bit
        if run >= tests.repetition:
            found.add("repetition-count")
    for start in range(0, len(bits) - 1023, 1024):
        if (bits[start : start + 1024] == bits[start]).sum() >= tests.proportion:
            found.add("adaptive-proportion")
    return found


@settings(max_examples=25, deadline=None)
@given(st.floats(0.3, 0.7), st.integers(0, 2**32))
def test_the_tests_of_the_standard_decide_as_the_standard_counts(share, seed):
    bits = (np.random.default_rng(seed).random(5000) < share).astype(np.uint8)
    tests = health_tests(-20)
    found = {alarm.test for alarm in alarms_of(bits, tests)}
    assert found & {"repetition-count", "adaptive-proportion"} == counted_alarms(bits, tests)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 9000), min_size=1, max_size=8),
    st.sampled_from([0.5, 0.56, 0.6]),
    st.integers(0, 1000),
)
def test_cutting_a_stream_into_calls_changes_nothing(lengths, share, seed):
    bits = (np.random.default_rng(seed).random(sum(lengths)) < share).astype(np.uint8)
    bits[: bits.size // 3] = np.resize(bits[:64], bits.size // 3)
    whole_state, whole = examine(AT_30, HealthState(), bits)
    state, start = HealthState(), 0
    parts: dict[str, Alarm] = {}
    for length in lengths:
        state, alarms = examine(AT_30, state, bits[start : start + length])
        for alarm in alarms:
            parts.setdefault(alarm.test, alarm)
        start += length
    # A run may be seen earlier, hence shorter, when it is cut.
    assert {(a.test, a.at_bit) for a in parts.values() if a.test[:3] != "lag"} == {
        (a.test, a.at_bit) for a in whole if a.test[:3] != "lag"
    }
    lags = [[a for a in found if a.test[:3] == "lag"] for found in (parts.values(), whole)]
    assert lags[0][:1] == lags[1][:1]
    assert state.bits_seen == whole_state.bits_seen
    assert (state.last_sample, state.run_length) == (
        whole_state.last_sample,
        whole_state.run_length,
    )
    assert np.array_equal(state.pending, whole_state.pending)
    assert np.array_equal(state.before, whole_state.before)


def test_a_window_is_tested_once(good_bits):
    # 680 ones in the first window, a one the first of them; what comes later is good.
    window = np.random.default_rng(4).permutation(np.repeat([1, 0], [679, 344]))
    state, alarms = examine(AT_30, HealthState(), np.append(1, window).astype(np.uint8))
    assert [alarm.test for alarm in alarms] == ["adaptive-proportion"]
    for _ in range(3):
        state, alarms = examine(AT_30, state, good_bits(800))
        assert alarms == ()


def test_half_a_sample_is_refused():
    tests = health_tests(-20, sample_bits=8, min_entropy_per_sample=8.0)
    with pytest.raises(RandomnessError, match="12 bits are no whole samples of 8"):
        examine(tests, HealthState(), np.zeros(12, np.uint8))


def test_alarms_and_states_hold_no_bits(good_bits):
    state, _ = examine(AT_30, HealthState(), good_bits(10_000))
    assert "pending" not in repr(state)
    assert str(Alarm("balance", 300, 200, 4096)) == "balance test: 300 at bit 4096, limit 200"

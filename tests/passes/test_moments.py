"""The moments of a pass cut and add up exactly."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passes.counts.moments import (
    ORDER,
    Moments,
    moments_from_slots,
    noise_sum,
    signal_sum,
    truncation_error,
)

slots = st.lists(
    st.tuples(st.floats(0.0, 0.1), st.floats(0.0, 1e9), st.floats(0.0, 1e-3), st.floats(0.0, 1e-3)),
    min_size=1,
    max_size=30,
)


def moments_of(rows: list[tuple[float, float, float, float]]) -> Moments:
    eta, pulses, key, test = np.array(rows).T.reshape(4, -1)
    return moments_from_slots(eta, pulses, key, test)


@given(slots, st.floats(0.01, 1.2))
def test_the_sums_of_a_pass_are_those_of_its_slots(
    rows: list[tuple[float, float, float, float]], mu: float
) -> None:
    moments = moments_of(rows)
    # The exponentials themselves, summed without rounding; 1e-12 is the promised truncation.
    signal = math.fsum(n * -math.expm1(-mu * eta) for eta, n, _, _ in rows)
    noise = math.fsum(n * p * math.exp(-mu * eta) for eta, n, p, _ in rows)
    test = math.fsum(n * p * math.exp(-mu * eta) for eta, n, _, p in rows)
    assert signal_sum(moments, mu) == pytest.approx(signal, rel=1e-12, abs=1e-200)
    assert noise_sum(moments, moments.noise_key, mu) == pytest.approx(noise, rel=1e-12, abs=1e-200)
    assert noise_sum(moments, moments.noise_test, mu) == pytest.approx(test, rel=1e-12, abs=1e-200)


@given(slots, st.data())
def test_cutting_a_pass_and_adding_the_parts_is_the_identity(
    rows: list[tuple[float, float, float, float]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    whole, parts = moments_of(rows), moments_of(rows[:cut]) + moments_of(rows[cut:])
    for name in ("efficiency", "noise_key", "noise_test"):
        # Sums of positive terms in another order: a few roundings of the largest.
        assert getattr(parts, name) == pytest.approx(getattr(whole, name), rel=1e-13, abs=1e-200)
    assert parts.largest_efficiency == whole.largest_efficiency


def test_one_slot_is_a_constant_channel() -> None:
    moments = moments_from_slots([0.3], 7e8, 1e-6, 2e-6)
    expected = [7e8 * 0.3**j / math.factorial(j) for j in range(ORDER)]
    assert moments.efficiency == pytest.approx(expected, rel=1e-14)
    assert moments.noise_key == pytest.approx(1e-6 * np.array(expected), rel=1e-14)
    assert moments.noise_test == pytest.approx(2e-6 * np.array(expected), rel=1e-14)


def test_faint_light_keeps_its_digits() -> None:
    # N - sum exp would keep four digits of these 2e-12 of the pulses.
    moments = moments_from_slots([1e-11], 1e9, 0.0, 0.0)
    assert signal_sum(moments, 0.2) == pytest.approx(1e9 * -math.expm1(-2e-12), rel=1e-14)


@pytest.mark.parametrize("y", [0.4, 0.8, 1.2, 1.6, 1.9])
def test_the_truncation_bound_holds_and_is_not_wasteful(y: float) -> None:
    series = math.fsum(-((-y) ** j) / math.factorial(j) for j in range(1, ORDER))
    error = abs(series / -math.expm1(-y) - 1.0)
    bound = truncation_error(0.5, y / 0.5)
    # Rounding of the comparison itself is 2e-16. The bound takes the first neglected term and
    # 1 - y/2 for (1 - exp(-y)) / y, which is low by a factor 9 at y = 1.9.
    assert error <= bound + 4e-16
    assert bound < 12.0 * error + 4e-15


def test_moments_refuse_where_a_dozen_no_longer_suffice() -> None:
    moments = moments_from_slots([0.6, 0.01], 1e8, 0.0, 0.0)
    exact = 1e8 * (-math.expm1(-0.48) - math.expm1(-0.008))
    assert signal_sum(moments, 0.8) == pytest.approx(exact, rel=1e-12)
    brighter = moments_from_slots([0.62], 1e8, 0.0, 0.0)
    with pytest.raises(ValueError, match=r"0\.8 times efficiency 0\.62 exceeds 0\.486"):
        signal_sum(brighter, 0.8)
    with pytest.raises(ValueError, match="count from slots instead"):
        noise_sum(brighter, brighter.noise_key, 0.8)
    assert truncation_error(1.0, 2.0) == math.inf


def test_an_empty_pass_has_moments_of_zero() -> None:
    moments = moments_from_slots([], 1e8, 1e-7, 1e-7)
    assert moments.efficiency.tolist() == [0.0] * ORDER
    assert signal_sum(moments, 0.6) == 0.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([0.1, 1.1], 1.0, 0.0, 0.0), r"efficiency\[1\] = 1\.1 is outside 0\.\.1"),
        (([0.1, math.nan], 1.0, 0.0, 0.0), r"efficiency\[1\] = nan"),
        (([[0.1]], 1.0, 0.0, 0.0), "efficiency has 2 dimensions"),
        (([0.1], -1.0, 0.0, 0.0), r"pulses\[0\] = -1 is outside 0\.\.inf"),
        (([0.1], math.inf, 0.0, 0.0), r"pulses\[0\] = inf"),
        (([0.1], 1.0, 0.6, 0.0), r"noise_key\[0\] = 0\.6 is outside 0\.\.0\.5"),
        (([0.1, 0.2], 1.0, 0.0, [0.0, -1e-9]), r"noise_test\[1\] = -1e-09"),
        (([0.1, 0.2], [1.0, 2.0, 3.0], 0.0, 0.0), r"pulses has shape \(3,\), efficiency \(2,\)"),
    ],
)
def test_slots_that_cannot_be_are_refused_by_name(
    given: tuple[list[float], float, float, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        moments_from_slots(*given)

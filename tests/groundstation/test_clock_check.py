"""A clock that runs wrong or backwards is named before it costs a night."""

import ctypes
from datetime import UTC, datetime, timedelta

from groundstation.night import clock_check
from groundstation.night.clock_check import clock_state, kernel_says_synchronised

NOW = datetime(2026, 6, 14, 12, tzinfo=UTC)


def test_the_record_has_the_size_of_the_kernels():
    # linux/timex.h on 64 bit: 208 bytes with its padding.
    assert ctypes.sizeof(clock_check._Timex) == 208


def test_the_kernel_answers_yes_no_or_not_at_all():
    assert kernel_says_synchronised() in {True, False, None}


def test_a_clock_before_the_last_run_has_failed():
    state, text = clock_state(NOW, NOW + timedelta(hours=1), is_synchronised=True)
    assert state == "failed"
    assert "before the last run" in text


def test_two_minutes_back_are_a_run_that_ended_meanwhile():
    assert clock_state(NOW, NOW + timedelta(minutes=1), is_synchronised=True)[0] == "ok"


def test_a_clock_that_nobody_sets_is_degraded():
    assert clock_state(NOW, None, is_synchronised=False)[0] == "degraded"


def test_a_kernel_that_says_nothing_is_no_fault():
    assert clock_state(NOW, None, is_synchronised=None)[0] == "ok"

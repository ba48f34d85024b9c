"""Health tests of a running source: is it stuck, biased or periodic?

Rules:
- Every bit is tested before it is used. Repetition counts run on across calls; the other tests look
  at windows of fixed length, each complete one as soon as it is there.
- No bit is tested twice by the same test, so that each window is an independent chance of a false
  alarm, of the size that was chosen.
- An alarm says which test, where, and how far beyond its limit; never which bits.

Functions take a state and return the next one. Arrays are bits, zeros and ones in uint8.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from groundstation.keys.randomness.cutoffs import (
    BALANCE_WINDOW,
    LAG_WINDOW,
    LAGS,
    HealthTests,
)
from groundstation.keys.randomness.errors import RandomnessError

Bits = NDArray[np.uint8]

# One stretch at a time, so that the memory does not depend on what is asked for.
_STRETCH = 512 * LAG_WINDOW
_NOTHING = np.zeros(0, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a test found, at which bit since the start the finding ends."""

    test: str
    found: int
    limit: int
    at_bit: int

    def __str__(self) -> str:
        """One sentence for the audit log."""
        return f"{self.test} test: {self.found} at bit {self.at_bit}, limit {self.limit}"


@dataclass(frozen=True, slots=True)
class HealthState:
    """What the tests remember of the bits before.

    Parameters
    ----------
    bits_seen : since the start
    last_sample, run_length : the run that is going on; -1 before the first sample
    before : the last bits before `pending`, at most `LAGS`
    pending : bits of a window that is not complete yet, below `LAG_WINDOW`
    """

    bits_seen: int = 0
    last_sample: int = -1
    run_length: int = 0
    before: Bits = field(default_factory=lambda: _NOTHING, repr=False)
    pending: Bits = field(default_factory=lambda: _NOTHING, repr=False)


def examine(
    tests: HealthTests, state: HealthState, bits: Bits
) -> tuple[HealthState, tuple[Alarm, ...]]:
    """Test more bits of a source.

    Parameters
    ----------
    tests : cut-offs
    state : after the bits before; `HealthState()` at the start
    bits : zeros and ones, shape (n,), whole samples

    Returns
    -------
    The state after them, and the first alarm of every test that raised one.
    """
    if bits.size % tests.sample_bits:
        raise RandomnessError(f"{bits.size} bits are no whole samples of {tests.sample_bits}")
    alarms: dict[str, Alarm] = {}
    for start in range(0, bits.size, _STRETCH):
        stretch = bits[start : start + _STRETCH]
        for alarm in _stretch_alarms(tests, state, stretch):
            alarms.setdefault(alarm.test, alarm)
        state = _after(tests, state, stretch)
    return state, tuple(alarms.values())


def _stretch_alarms(tests: HealthTests, state: HealthState, bits: Bits) -> Iterator[Alarm]:
    yield from _repetition(tests, state, _samples(tests, bits))
    tail = state.pending.size
    joined = np.concatenate([state.pending, bits])
    first_bit = state.bits_seen - tail
    yield from _proportion(tests, joined, tail, first_bit)
    yield from _balance(tests, joined, tail, first_bit)
    yield from _agreement(
        tests, np.concatenate([state.before, joined]), state.before.size, first_bit
    )


def _after(tests: HealthTests, state: HealthState, bits: Bits) -> HealthState:
    joined = np.concatenate([state.before, state.pending, bits])
    pending = (state.pending.size + bits.size) % LAG_WINDOW
    cut = joined.size - pending
    samples = _samples(tests, bits)
    last, run = _last_run(samples, state)
    return HealthState(
        bits_seen=state.bits_seen + bits.size,
        last_sample=last,
        run_length=run,
        before=joined[max(cut - LAGS, 0) : cut].copy(),
        pending=joined[cut:].copy(),
    )


def _samples(tests: HealthTests, bits: Bits) -> Bits:
    return bits if tests.sample_bits == 1 else np.packbits(bits)


def _run_ends(samples: Bits) -> NDArray[np.intp]:
    """Index behind the last sample of every run."""
    return np.append(np.flatnonzero(samples[1:] != samples[:-1]) + 1, samples.size)


def _last_run(samples: Bits, state: HealthState) -> tuple[int, int]:
    if samples.size == 0:
        return state.last_sample, state.run_length
    ends = _run_ends(samples)
    run = int(ends[-1] - (ends[-2] if ends.size > 1 else 0))
    if ends.size == 1 and int(samples[0]) == state.last_sample:
        run += state.run_length
    return int(samples[-1]), run


def _repetition(tests: HealthTests, state: HealthState, samples: Bits) -> Iterator[Alarm]:
    """SP 800-90B section 4.4.1."""
    if samples.size == 0:
        return
    ends = _run_ends(samples)
    lengths = np.diff(ends, prepend=0)
    carried = state.run_length if int(samples[0]) == state.last_sample else 0
    lengths[0] += carried
    beyond = np.flatnonzero(lengths >= tests.repetition)
    if beyond.size:
        index = int(beyond[0])
        start = int(ends[index] - lengths[index])
        at_bit = state.bits_seen + (start + tests.repetition) * tests.sample_bits
        yield Alarm("repetition-count", int(lengths[index]), tests.repetition, at_bit)


def _windows(joined: Bits, tail: int, length: int) -> tuple[Bits, int]:
    """Complete windows that end in new bits, shape (k, length), and where the first begins."""
    first = tail // length * length
    count = (joined.size - first) // length
    return joined[first : first + count * length].reshape(count, length), first


def _proportion(tests: HealthTests, joined: Bits, tail: int, first_bit: int) -> Iterator[Alarm]:
    """SP 800-90B section 4.4.2: how many samples of a window are as its first one."""
    length = tests.window * tests.sample_bits
    windows, first = _windows(joined, tail, length)
    samples = _samples(tests, windows.reshape(-1)).reshape(-1, tests.window)
    counts = (samples == samples[:, :1]).sum(axis=1)
    yield from _first_beyond(
        "adaptive-proportion", counts, tests.proportion, first_bit + first, length
    )


def _balance(tests: HealthTests, joined: Bits, tail: int, first_bit: int) -> Iterator[Alarm]:
    """Ones against zeros, two-sided."""
    windows, first = _windows(joined, tail, BALANCE_WINDOW)
    off = np.abs(windows.sum(axis=1, dtype=np.int64) - BALANCE_WINDOW // 2)
    yield from _first_beyond("balance", off, tests.balance, first_bit + first, BALANCE_WINDOW)


def _agreement(tests: HealthTests, bits: Bits, before: int, first_bit: int) -> Iterator[Alarm]:
    """Bits against those 1..LAGS before them, two-sided; a period or an echo agrees or disagrees.

    `bits` begins with the `before` last bits of the window before. The first window of all has
    none: there the comparison begins as late as the lag.
    """
    count = (bits.size - before) // LAG_WINDOW
    if count == 0:
        return
    used = bits[: before + count * LAG_WINDOW]
    # With zeros before the first window a few of its comparisons are with nothing; these are
    # taken out again below.
    packed = np.packbits(np.concatenate([np.zeros(LAGS - before, np.uint8), used]))
    window_bytes, lead_bytes = LAG_WINDOW // 8, LAGS // 8
    late = packed[lead_bytes:]
    worst = np.zeros(count, dtype=np.int64)
    worst_lag = np.zeros(count, dtype=np.int64)
    for shift in range(8):
        shifted = _shifted(packed, shift)
        for whole in range(lead_bytes + 1):
            lag = 8 * whole + shift
            if not 1 <= lag <= LAGS:
                continue
            early = shifted[lead_bytes - whole : lead_bytes - whole + late.size]
            differing = np.bitwise_count(late ^ early).reshape(count, window_bytes)
            off = differing.sum(axis=1, dtype=np.int64) - LAG_WINDOW // 2
            if before == 0:
                off[0] += (lag + 1) // 2 - int(used[:lag].sum(dtype=np.int64))
            off = np.abs(off)
            worst_lag = np.where(off > worst, lag, worst_lag)
            worst = np.maximum(worst, off)
    for alarm in _first_beyond("lag", worst, tests.agreement, first_bit, LAG_WINDOW):
        index = (alarm.at_bit - first_bit) // LAG_WINDOW - 1
        yield Alarm(f"lag-{worst_lag[index]}", alarm.found, alarm.limit, alarm.at_bit)


def _shifted(packed: Bits, shift: int) -> Bits:
    """The same bits, each `shift` places later."""
    if shift == 0:
        return packed
    moved: Bits = np.right_shift(packed, np.uint8(shift))
    moved[1:] |= np.left_shift(packed[:-1], np.uint8(8 - shift))
    return moved


def _first_beyond(
    test: str, values: NDArray[np.int64], limit: int, first_bit: int, length: int
) -> Iterator[Alarm]:
    beyond = np.flatnonzero(values >= limit)
    if beyond.size:
        index = int(beyond[0])
        yield Alarm(test, int(values[index]), limit, first_bit + (index + 1) * length)

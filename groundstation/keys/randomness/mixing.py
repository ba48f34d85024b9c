"""Where the program takes random bytes from.

Rules:
- The operating system's generator is always used. Hardware is added by XOR, which is as good as the
  better of two independent sources: a broken device cannot make things worse than without it.
- Hardware passes a start-up test of its own before its first byte is used; the bytes of the test
  are thrown away (NIST SP 800-90B, section 4.3).
- Every later byte is tested before it is used. With the first alarm, silence or error the device is
  out of service, until `restart` has seen it pass the start-up test again; nobody tries until a
  test passes by chance.
- A failure is reported once, when it happens. Then nothing is handed out, unless the policy says
  that the system's generator alone will do; what it gives is labelled so.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from groundstation.keys.randomness.cutoffs import LAG_WINDOW, HealthTests
from groundstation.keys.randomness.errors import RandomnessError
from groundstation.keys.randomness.health import HealthState, examine
from groundstation.keys.randomness.sources import RawSource

SYSTEM = "operating system"
# Two windows of the longest test; SP 800-90B asks for 1024 samples.
START_UP_BYTES = 2 * LAG_WINDOW // 8


class OnFailure(StrEnum):
    """What happens to requests when hardware is out of service."""

    REFUSE = "refuse"
    SYSTEM_ONLY = "system-only"


class EventKind(StrEnum):
    """What the audit log is told of hardware."""

    STARTED = "randomness-started"
    FAILED = "randomness-failed"


@dataclass(frozen=True, slots=True)
class RandomnessEvent:
    """Something that happened to a source; without any of its bits."""

    kind: EventKind
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """Random bytes and where they come from, for the record."""

    material: bytes = field(repr=False)
    origin: str


class SystemRandomness:
    """The operating system's generator alone.

    Parameters
    ----------
    system : gives so many bytes
    """

    def __init__(self, system: Callable[[int], bytes] = os.urandom) -> None:
        self._system = system

    def draw(self, n_bytes: int) -> Drawn:
        """So many bytes."""
        return Drawn(_from_system(self._system, n_bytes), SYSTEM)


class MixedRandomness:
    """Hardware under test, mixed with the operating system's generator; safe to share by threads.

    Parameters
    ----------
    hardware : where raw bytes come from
    tests : cut-offs of `health_tests`
    on_event : is told of starts and failures, for the audit log
    on_failure : whether requests are refused while the hardware is out of service
    system : gives so many bytes of the operating system

    Raises
    ------
    RandomnessError : the start-up test fails and the policy is to refuse
    """

    def __init__(
        self,
        hardware: RawSource,
        tests: HealthTests,
        *,
        on_event: Callable[[RandomnessEvent], None],
        on_failure: OnFailure = OnFailure.REFUSE,
        system: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._hardware = hardware
        self._tests = tests
        self._on_event = on_event
        self._on_failure = on_failure
        self._system = system
        self._state = HealthState()
        self._failure: str | None = "not started"
        self._lock = threading.Lock()
        self.restart()

    @property
    def failure(self) -> str | None:
        """Why the hardware is out of service, or None."""
        return self._failure

    def restart(self) -> None:
        """Test the hardware from the start; the bytes of the test are thrown away."""
        with self._lock:
            self._state, self._failure = HealthState(), None
            if self._tested(START_UP_BYTES) is not None:
                name = self._hardware.name
                self._on_event(
                    RandomnessEvent(EventKind.STARTED, name, f"passed {START_UP_BYTES} bytes")
                )
            elif self._on_failure is OnFailure.REFUSE:
                raise self._refusal()

    def draw(self, n_bytes: int) -> Drawn:
        """So many bytes, mixed; or the system's alone, if hardware failed and the policy allows it.

        Raises
        ------
        RandomnessError : the hardware is out of service and the policy is to refuse
        """
        with self._lock:
            raw = self._tested(n_bytes)
            if raw is None and self._on_failure is OnFailure.REFUSE:
                raise self._refusal()
        own = _from_system(self._system, n_bytes)
        if raw is None:
            return Drawn(own, f"{SYSTEM} alone ({self._hardware.name} is out of service)")
        mixed = np.frombuffer(raw, np.uint8) ^ np.frombuffer(own, np.uint8)
        return Drawn(mixed.tobytes(), f"{self._hardware.name} mixed with the {SYSTEM}")

    def _tested(self, n_bytes: int) -> bytes | None:
        """Raw bytes that passed, or None with the reason noted and reported."""
        if self._failure is not None:
            return None
        if n_bytes == 0:
            return b""
        try:
            raw = self._hardware.read(n_bytes)
        except RandomnessError as error:
            self._fail(str(error))
            return None
        bits = np.unpackbits(np.frombuffer(raw, dtype=np.uint8))
        self._state, alarms = examine(self._tests, self._state, bits)
        if alarms:
            self._fail("; ".join(map(str, alarms)))
            return None
        return raw

    def _fail(self, reason: str) -> None:
        self._failure = reason
        self._on_event(RandomnessEvent(EventKind.FAILED, self._hardware.name, reason))

    def _refusal(self) -> RandomnessError:
        return RandomnessError(
            f"random bytes are refused: {self._hardware.name} failed ({self._failure})",
            hint="repair it and restart, or set on_failure to 'system-only'",
        )


def _from_system(system: Callable[[int], bytes], n_bytes: int) -> bytes:
    found = system(n_bytes)
    if len(found) != n_bytes:
        raise RandomnessError(f"the {SYSTEM} gave {len(found)} random bytes, asked for {n_bytes}")
    return found

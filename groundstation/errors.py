"""Errors of groundstation: GroundStationError and its branches, with their exit codes.

GroundStationError       1   unexpected failure
├── UsageError           2   a name or an option that does not exist
├── ConfigError         78   the network file is invalid; carries every fault
├── ElementsAgeError    78   no element set young enough
├── StateError           1   the state folder or database cannot be used
├── BusyError           75   another run holds the lock
├── WeatherError         1   a weather document that is refused (groundstation.weather.errors)
├── KeyLedgerError       1   key that cannot be imported, reserved or handed out (keys.errors)
├── NotifyError          1   somebody could not be told (groundstation.notify.errors)
├── WorkerError          1   a process that shared the work ended (groundstation.night.workers)
└── PlanError            1   a plan that the checker rejects
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class GroundStationError(Exception):
    """Base of every error of this package: what, where, and what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.where = where
        self.hint = hint


class UsageError(GroundStationError):
    """A name or an option that does not exist."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a network file: where it stands, what is there, what is allowed."""

    file: str
    line: int | None
    path: str
    message: str

    def __str__(self) -> str:
        """`file:line: path: message`, the form that editors jump to."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.path}: {self.message}"


class ConfigError(GroundStationError):
    """A network file that is invalid; `faults` holds all of them."""

    exit_code = 78

    def __init__(self, message: str, faults: Sequence[Fault], *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.faults = tuple(faults)


class ElementsAgeError(GroundStationError):
    """No element set that is young enough for the instants asked for."""

    exit_code = 78


class StateError(GroundStationError):
    """The state folder or database cannot be read or written."""


class BusyError(GroundStationError):
    """Another run holds the lock; try again later."""

    exit_code = 75


class PlanError(GroundStationError):
    """A plan that the independent checker rejects."""

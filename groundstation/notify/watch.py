"""Around one run of the night: pings when it starts and ends, numbers for the monitoring.

The rules it keeps:

1. Whatever fails here is a warning; it never changes how the run ends.
2. A run ends once, however it ends: with its exit status, or with that of the error that ends it.
3. A run that finds another at work says nothing: the night is the other's to tell of.
"""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from groundstation.errors import BusyError, GroundStationError
from groundstation.network import Network
from groundstation.night.steps import StepResult
from groundstation.notify.health_check import ping_end, ping_start
from groundstation.notify.metrics import write_metrics
from groundstation.notify.notifiers import address_of
from groundstation.notify.run_metrics import run_metrics
from tle.provider.providers import is_loopback

_INTERRUPTED = 130


class Watch:
    """A context around a run; `status` is what it exits with if no error ends it.

    Parameters
    ----------
    environment : variables, one of which may hold the address that is pinged
    is_offline : nothing is sent; the metrics file is written all the same
    is_present : False for a night whose present was chosen: only this machine is pinged
    now : the present, aware
    warn : takes a sentence
    log : the lines of the run so far, with the error that ends it
    """

    def __init__(
        self,
        network: Network,
        environment: Mapping[str, str],
        *,
        is_offline: bool,
        is_present: bool,
        now: Callable[[], datetime],
        warn: Callable[[str], None],
        log: Callable[[BaseException | None], str],
    ) -> None:
        self.status = 1
        self._network, self._now, self._warn, self._log = network, now, warn, log
        self._url, self._step_s = "", dict[str, float]()
        told = network.notify.health_check
        if told is not None and not is_offline:
            url = address_of(told, environment)
            if not url:
                warn(f"health check: environment variable {told.variable} is not set")
            elif is_present or is_loopback(url):
                self._url = url

    def begun(self) -> None:
        """The run holds the lock."""
        if self._url:
            self._say(ping_start(self._url))

    def ended(self, result: StepResult) -> None:
        """A step ended well."""
        self._step_s[result.step.value] = result.seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, BusyError):
            return
        status = self.status if error is None else status_of(error)
        self._write(status)
        if self._url:
            self._say(ping_end(self._url, status, self._log(error)))

    def _write(self, status: int) -> None:
        name = self._network.notify.metrics_file
        if not name:
            return
        path = Path(self._network.folder) / name
        try:
            numbers = run_metrics(
                self._network, path, exit_status=status, now=self._now(), step_s=self._step_s
            )
            write_metrics(path, numbers)
        except (GroundStationError, OSError, sqlite3.Error, ValueError, KeyError) as failure:
            self._warn(f"metrics file: {failure}")

    def _say(self, failure: str | None) -> None:
        if failure is not None:
            self._warn(failure)


def status_of(error: BaseException) -> int:
    """The exit status that an error ends the program with."""
    if isinstance(error, GroundStationError):
        return error.exit_code
    return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1

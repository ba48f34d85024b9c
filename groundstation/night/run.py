"""One run of a night: which steps are made, taken as they are stored, or left out.

The rules it keeps:

1. A step whose inputs are those of its last row that ended well, and whose output is still there
   and whole, is unchanged and is not made again.
2. Output comes before the row that speaks of it: a row that says "done" can be relied on.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from groundstation import __version__
from groundstation.errors import GroundStationError, StateError
from groundstation.instants import utc_text
from groundstation.network import Network
from groundstation.night.freeze import Outage
from groundstation.night.notifier import Notifier
from groundstation.night.outcome import library_versions
from groundstation.night.record_codec import decode
from groundstation.night.steps import Step, StepLog, StepResult, StepStatus
from groundstation.night.store import Store
from groundstation.night.weather_step import NightWeather
from groundstation.results.calibration import DatedCalibration
from passes.errors import PassError
from tle.errors import TleError


@dataclass(frozen=True, slots=True)
class NightRequest:
    """What a run is asked for.

    Parameters
    ----------
    network, night, now : what is planned, and the instant that freezes and ages count from
    offline : nothing is asked over any network
    is_present : False if `now` was chosen; then only servers on this machine are asked
    first, last : steps before are taken as they are stored, steps after are left out
    """

    network: Network
    night: str
    now: datetime
    offline: bool
    is_present: bool
    first: Step
    last: Step


@dataclass(slots=True)
class NightRun:
    """What a run works with, and what it has made so far.

    Parameters
    ----------
    folder : of the network file
    db, store, log : the state; the lock is held
    clock, timer : the real present, and seconds for durations
    notifiers : who is told
    talk : called with the name of a step that is being made
    ended : called with the result of a step that ended well
    warnings, remarks : what is degraded, and what failed without harm to the night
    """

    request: NightRequest
    folder: Path
    db: Database
    store: Store
    log: StepLog
    clock: Callable[[], datetime]
    timer: Callable[[], float]
    notifiers: Sequence[Notifier]
    talk: Callable[[str], None]
    ended: Callable[[StepResult], None]
    warnings: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    results: list[StepResult] = field(default_factory=list)
    outputs: dict[Step, str] = field(default_factory=dict)
    weather: NightWeather | None = None
    calibration: DatedCalibration | None = None
    is_republished: bool = False

    @property
    def network(self) -> Network:
        """The network that is planned."""
        return self.request.network

    @property
    def night(self) -> str:
        """Date of the evening."""
        return self.request.night

    @property
    def now(self) -> datetime:
        """The instant that freezes and ages count from."""
        return self.request.now

    def make(
        self,
        step: Step,
        input_hash: str,
        work: Callable[[], bytes],
        settle: Callable[[], str | None] | None = None,
    ) -> None:
        """Make a step, unless it is unchanged.

        Parameters
        ----------
        work : returns what the step makes
        settle : called in the transaction that ends the row; may return another input hash, of the
            inputs as the step itself has left them
        """
        started = self.timer()
        last = self.log.last_done(step)
        if (
            last is not None
            and last.input_hash == input_hash
            and self.store.holds(last.output_hash)
        ):
            self._record(step, last.output_hash, started, is_unchanged=True)
            return
        self.talk(step.value)
        row = self.log.begin(step, input_hash)
        try:
            output = self.store.keep(work())
            with self.db.atomic():
                settled = settle() if settle is not None else None
                self.log.finish(row, StepStatus.DONE, output, input_hash=settled)
        except (GroundStationError, TleError, PassError, OSError, sqlite3.Error) as error:
            # On a full disk not even the failure can be written; the row then reads "interrupted".
            with contextlib.suppress(sqlite3.Error):
                self.log.finish(row, StepStatus.FAILED, "", reason=str(error))
            raise
        self._record(step, output, started, is_unchanged=False)

    def take(self, step: Step) -> None:
        """Use what a step has made before.

        Raises
        ------
        StateError
            it was never made for this night, or is gone
        """
        started = self.timer()
        last = self.log.last_done(step)
        if last is None or not self.store.holds(last.output_hash):
            raise StateError(
                f"the step {step.value} of night {self.night} was not made yet",
                where=str(self.folder),
                hint="run groundstation nightly without --only",
            )
        self._record(step, last.output_hash, started, is_unchanged=True)

    def skip(self, step: Step, output: str, started: float) -> None:
        """Use an output that is known to be what the step would make."""
        self._record(step, output, started, is_unchanged=True)

    def output(self, step: Step) -> Any:
        """What a step of this run has made, read back."""
        return decode(self.store.read(self.outputs[step]))

    def hash_of(self, *parts: Any) -> str:
        """`run_hash` for this network and night."""
        return run_hash(self.network, self.night, *parts)

    def _record(self, step: Step, output: str, started: float, *, is_unchanged: bool) -> None:
        self.outputs[step] = output
        result = StepResult(step, is_unchanged, output, max(0.0, self.timer() - started))
        self.results.append(result)
        self.ended(result)


def run_hash(network: Network, night: str, *parts: Any) -> str:
    """Digest of inputs, under this program, its libraries, the network file and the night."""
    document = [__version__, library_versions(), network.digest, night, *parts]
    return hashlib.sha256(json.dumps(document).encode()).hexdigest()


def basis_of(network: Network, night: str, forecast: str, outages: Sequence[Outage]) -> str:
    """What tells whether a plan has to be made again: its passes and the stations that are out.

    Parameters
    ----------
    forecast : digest of the passes with their forecasts
    """
    rows = [[o.station, utc_text(o.start), o.reason] for o in outages]
    return run_hash(network, night, "basis", forecast, rows)

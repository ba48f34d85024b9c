"""One month of the network: what was planned, what came, what the ledger says; records only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from groundstation.network import Network
from groundstation.results.calibration import DatedCalibration
from groundstation.results.store import RecordedResult
from groundstation.results.verification import StationScores


@dataclass(frozen=True, slots=True)
class PlannedNight:
    """The plan of one night that counts, as it was published."""

    night: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class MonthOutcome:
    """Everything that a month's report is made of.

    Parameters
    ----------
    month : YYYY-MM; a night belongs to the month of its evening
    days : of the month
    nights : in order; the plan that was current last
    results : of the month's passes, the version that counts
    scores : all stations together, then each
    calibration : the latest one, None without results
    accounts : a month's account of each key ledger that was given, `key-month/1`
    missing : sentences on what could not be read
    """

    network: Network
    month: str
    days: int
    generated: datetime
    nights: tuple[PlannedNight, ...]
    results: tuple[RecordedResult, ...]
    scores: tuple[StationScores, ...]
    calibration: DatedCalibration | None
    accounts: tuple[Mapping[str, Any], ...]
    missing: tuple[str, ...]
    version: str

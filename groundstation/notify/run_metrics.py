"""What the metrics file says after a run, also after one that failed.

- What the run itself did not find out comes from the night that is published.
- The last success outlives runs that fail: it is read from the file that is replaced.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from groundstation.instants import utc_instant
from groundstation.network import Network
from groundstation.night.key_levels import pool_levels
from groundstation.night.nightly import open_for_reading
from groundstation.night.weather_ages import weather_ages_s
from groundstation.notify.metrics import RunMetrics

_SUCCESSES = (0, 3)
_SUCCESS_SERIES = "groundstation_last_success_timestamp_seconds"


def run_metrics(
    network: Network,
    path: Path,
    *,
    exit_status: int,
    now: datetime,
    step_s: Mapping[str, float],
) -> RunMetrics:
    """The numbers of a run that has ended.

    Parameters
    ----------
    path : of the metrics file that is about to be replaced
    now : the end of the run, aware
    step_s : durations of the steps that ended well

    Raises
    ------
    GroundStationError, OSError, sqlite3.Error
        the state cannot be read
    """
    plan = published_plan(Path(network.folder) / "nights" / "latest" / "plan.json")
    contacts = plan.get("contacts")
    ages_s = weather_ages_s(network, open_for_reading(network), now)
    is_success = exit_status in _SUCCESSES
    return RunMetrics(
        network=network.name,
        exit_status=exit_status,
        finished_s=now.timestamp(),
        last_success_s=now.timestamp() if is_success else last_success_s(path, network.name),
        plan_contacts=None if contacts is None else len(contacts),
        plan_key_bits=None if contacts is None else sum(c["key_bits"] for c in contacts),
        elements_age_s={
            item["satellite"]: (now - utc_instant(item["epoch_utc"])).total_seconds()
            for item in plan.get("elements", ())
        },
        # Of the station that is worst off.
        weather_age_s=max(ages_s.values(), default=None),
        step_s=step_s,
        pool_bits=pool_levels(network),
    )


def published_plan(path: Path) -> dict[str, Any]:
    """The plan document that is published; empty where there is none, or it is damaged."""
    try:
        document: Any = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def last_success_s(path: Path, network: str) -> float | None:
    """When a run last ended well, as an earlier metrics file says; None if it does not."""
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415  0.1 s

    try:
        families = list(text_string_to_metric_families(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
    values = (
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == _SUCCESS_SERIES and sample.labels.get("network") == network
    )
    return next(values, None)

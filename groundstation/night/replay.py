"""A night computed again from what was kept of it, compared with the plan that was published.

The rules it keeps:

1. Nothing but kept inputs is read: the files that they came from may have changed or be gone.
2. Everything is computed again, passes and forecasts too; nothing that a step made is used.
3. Equal means equal byte for byte.
"""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from groundstation.config.load import kept_network
from groundstation.errors import StateError, UsageError
from groundstation.export.plan_document import plan_document
from groundstation.network import Network
from groundstation.night.crew_nights import worked_from
from groundstation.night.decision import Circumstances, PreviousPlan
from groundstation.night.gathering import (
    forecast_passes,
    known_of,
    plan_of_text,
    weather_digest,
    weather_from,
)
from groundstation.night.key_levels import held_from
from groundstation.night.outcome import decide_night, outcome_of, span_of
from groundstation.night.record_codec import decode
from groundstation.night.selection_record import selection_from
from groundstation.night.shining import permissions_of_network
from groundstation.night.state import PlanOrigin, plan_origin, plan_text
from groundstation.night.store import Store
from groundstation.night.survey import find_night_passes
from groundstation.permission.records import NOTHING_REQUIRED, Permissions
from groundstation.results.calibration_store import calibration_by_id

_MOST_LINES = 20
_STORED = ("network", "selection", "weather", "known", "permissions", "outages")


@dataclass(frozen=True, slots=True)
class Replay:
    """A plan computed again.

    Parameters
    ----------
    plan_id, night : of the plan
    is_equal : True if its document came out byte for byte
    differences : what differs, in lines of the document; empty if nothing does
    """

    plan_id: str
    night: str
    is_equal: bool
    differences: tuple[str, ...]


def replay_plan(folder: Path, db: Database, plan_id: str) -> Replay:
    """Compute a plan again from its kept inputs.

    Raises
    ------
    UsageError
        no such plan is known
    StateError
        an input is gone or damaged, or the plan was made before inputs were kept
    """
    stored, origin = plan_text(db, plan_id), plan_origin(db, plan_id)
    if stored is None:
        raise UsageError(f"no plan {plan_id} is known", where=str(folder))
    if origin is None:
        raise StateError(
            f"plan {plan_id} was made before inputs were kept", hint="it cannot be computed again"
        )
    made = json.dumps(_document(folder, db, origin), indent=1) + "\n"
    return Replay(plan_id, origin.night, made == stored, differences_of(stored, made))


def differences_of(stored: str, made: str) -> tuple[str, ...]:
    """The first lines that differ between two documents, "-" stored and "+" made."""
    if stored == made:
        return ()
    lines = [
        line
        for line in difflib.unified_diff(stored.splitlines(), made.splitlines(), lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
    more = len(lines) - _MOST_LINES
    return (*lines[:_MOST_LINES], *([f"and {more} more lines"] if more > 0 else []))


def _document(folder: Path, db: Database, origin: PlanOrigin) -> dict[str, Any]:
    store, kept, night = Store(folder / "state" / "store"), origin.inputs, origin.night
    if not all(store.has(kept[name]) for name in _STORED):
        raise StateError(
            f"the inputs of plan {origin.plan_id} are no longer kept",
            where=str(store.folder),
            hint="groundstation prune removes those of old nights; a backup may still hold them",
        )
    network = kept_network(store.read(kept["network"]), folder / kept["network_file"])
    selection = selection_from(decode(store.read(kept["selection"])), network)
    weather = weather_from(network, night, decode(store.read(kept["weather"])))
    permissions = _permissions(db, store, network, kept)
    seen = find_night_passes(
        network,
        selection,
        *span_of(network, night),
        known_of(store.read(kept["known"])),
        permissions,
    )
    calibration = calibration_by_id(db, kept["calibration"]) if kept["calibration"] else None
    seen = forecast_passes(network, seen, night, calibration, weather)
    around = Circumstances(
        origin.run_at,
        _plan_of(db, origin.previous),
        decode(store.read(kept["outages"])),
        permissions,
        held=held_from(kept.get("held")),
        worked=worked_from(kept.get("worked")),
    )
    decision = decide_night(
        network,
        selection,
        night,
        seen,
        around,
        weather_digest(weather),
        str(kept["calibration"]),
        weather=weather,
        calibration=calibration,
    )
    return plan_document(outcome_of(network, night, origin.run_at, seen, decision, around))


def _permissions(
    db: Database, store: Store, network: Network, kept: Mapping[str, Any]
) -> Permissions:
    if kept["permissions_at"] is None:
        return NOTHING_REQUIRED
    held = _plan_of(db, kept["permissions_previous"])
    return permissions_of_network(
        network,
        decode(store.read(kept["permissions"])),
        datetime.fromisoformat(kept["permissions_at"]),
        None if held is None else held.plan,
    )


def _plan_of(db: Database, plan_id: str) -> PreviousPlan | None:
    text = plan_text(db, plan_id) if plan_id else None
    return None if text is None else plan_of_text(text)

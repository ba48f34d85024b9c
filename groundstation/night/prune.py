"""What old nights leave behind is removed; what is promised, measured or held never is.

The rules it keeps:

1. The key ledger, results, forecasts that were issued, calibrations, element sets and the current
   plan of every night, with its published folder, are never touched.
2. Of a night that is kept nothing is removed that computing it again needs.
3. Rows go first, in one transaction, then folders and files. What is removed follows from the rows
   that are left, so that the next run removes what a killed one has not.
"""

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlite_utils import Database

from groundstation.errors import StateError
from groundstation.network import Network
from groundstation.night.lock import held_lock
from groundstation.night.nightly import open_for_reading, open_state
from groundstation.night.retention import kept_nights
from groundstation.night.span import night_of, reference_longitude_rad
from groundstation.night.steps import StepStatus
from groundstation.night.store import Store
from tle.provider.fetches import drop_old_payloads, old_payloads

_DIGEST = re.compile(r"[0-9a-f]{64}")


class PruneKind(StrEnum):
    """What may go."""

    PLAN = "superseded plan"
    FOLDER = "published folder"
    STORED = "stored bytes"
    PAYLOAD = "fetched answer"


@dataclass(frozen=True, slots=True)
class Prunable:
    """One thing that may go: a plan id, a path below the network's folder, or a digest."""

    kind: PruneKind
    name: str
    night: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Pruning:
    """What goes, and which nights of those on record are kept whole."""

    items: tuple[Prunable, ...]
    kept: tuple[str, ...]
    nights: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """All of it together."""
        return sum(item.size_bytes for item in self.items)


def find_prunable(
    network: Network, *, keep_nights: int, keep_monthly: int, now: datetime
) -> Pruning:
    """What `prune` would remove; nothing is written."""
    db = open_for_reading(network)
    if db is None or not db.table("plan_origin").exists():
        return Pruning((), (), ())
    try:
        return _found(network, db, keep_nights, keep_monthly, now)
    finally:
        db.close()


def prune(network: Network, *, keep_nights: int, keep_monthly: int, now: datetime) -> Pruning:
    """Remove what old nights have left behind.

    Parameters
    ----------
    keep_nights, keep_monthly, now : as for `kept_nights`; tonight and last night always stay

    Raises
    ------
    BusyError
        a night is running
    StateError
        something cannot be removed
    """
    folder = Path(network.folder)
    with held_lock(folder / "state" / "lock"):
        db = open_state(network)
        try:
            found = _found(network, db, keep_nights, keep_monthly, now)
            _remove(db, folder, found)
        except (OSError, sqlite3.Error) as error:
            raise StateError(f"cannot prune: {error}", where=str(folder)) from error
        finally:
            db.close()
    return found


def _found(
    network: Network, db: Database, keep_nights: int, keep_monthly: int, now: datetime
) -> Pruning:
    folder = Path(network.folder)
    nights = sorted(
        row["night"]
        for row in db.query("SELECT night FROM night_step UNION SELECT night FROM plan")
    )
    # A night ends at noon, and what it delivered is recorded after that.
    since = night_of(now - timedelta(days=1), reference_longitude_rad(network))
    kept = kept_nights(nights, keep_nights=keep_nights, keep_monthly=keep_monthly, since=since)
    gone = frozenset(nights) - kept
    items = (
        *_plans(db, gone),
        *_folders(folder / "nights", gone),
        *_stored(Store(folder / "state" / "store"), _needed(db, kept)),
        *(Prunable(PruneKind.PAYLOAD, name, "", size) for name, size in old_payloads(db)),
    )
    return Pruning(items, tuple(n for n in nights if n in kept), tuple(nights))


def _plans(db: Database, gone: frozenset[str]) -> Iterator[Prunable]:
    """Plans of old nights that were replaced, unless a plan that stays was made against them."""
    origins = list(db.query("SELECT plan_id, night, previous, inputs FROM plan_origin"))
    bound = {
        name
        for row in origins
        if row["night"] not in gone
        for name in (row["previous"], json.loads(row["inputs"]).get("permissions_previous"))
    }
    current = {row["plan_id"] for row in db.query("SELECT plan_id FROM night")}
    for row in db.query(
        "SELECT plan_id, night, length(document) AS size FROM plan ORDER BY night, plan_id"
    ):
        if row["night"] in gone and row["plan_id"] not in bound | current:
            yield Prunable(PruneKind.PLAN, row["plan_id"], row["night"], row["size"])


def _folders(nights: Path, gone: frozenset[str]) -> Iterator[Prunable]:
    """Published folders of old nights that no link points to."""
    linked = {path.resolve() for path in nights.glob("*") if path.is_symlink()}
    for path in sorted((nights / "plans").glob("[0-9]*")):
        night = path.name[:10]
        if night in gone and path.is_dir() and path.resolve() not in linked:
            size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            yield Prunable(PruneKind.FOLDER, f"nights/plans/{path.name}", night, size)


def _needed(db: Database, kept: frozenset[str]) -> frozenset[str]:
    """Digests without which a night that is kept could not be computed, or not go on."""
    needed = set[str]()
    for row in db.query("SELECT night, inputs FROM plan_origin"):
        if row["night"] in kept:
            needed.update(_DIGEST.findall(row["inputs"]))
    # Rows in the order in which they ended: the last of each step is what the next run looks for.
    newest = {
        (row["night"], row["step"]): row["output_hash"]
        for row in db.query(
            "SELECT night, step, output_hash FROM night_step WHERE status = ? ORDER BY id",
            [StepStatus.DONE.value],
        )
        if row["night"] in kept
    }
    return frozenset(needed | set(newest.values()))


def _stored(store: Store, needed: frozenset[str]) -> Iterator[Prunable]:
    """Kept bytes that nothing refers to any more."""
    for path in sorted(store.folder.glob("??/*")):
        if _DIGEST.fullmatch(path.name) and path.name not in needed:
            yield Prunable(PruneKind.STORED, path.name, "", path.stat().st_size)


def _remove(db: Database, folder: Path, found: Pruning) -> None:
    names: dict[PruneKind, list[str]] = {kind: [] for kind in PruneKind}
    for item in found.items:
        names[item.kind].append(item.name)
    with db.atomic():
        for plan_id in names[PruneKind.PLAN]:
            db.execute("DELETE FROM plan_origin WHERE plan_id = ?", [plan_id])
            db.execute("DELETE FROM plan WHERE plan_id = ?", [plan_id])
        drop_old_payloads(db)
    for name in names[PruneKind.FOLDER]:
        path = folder / name
        # A hidden folder is taken for what a killed run has left, and is cleared by the next one.
        hidden = path.with_name(f".{path.name}.pruned")
        path.replace(hidden)
        shutil.rmtree(hidden)
    Store(folder / "state" / "store").drop(names[PruneKind.STORED])

"""What a night needs, checked one thing at a time; nothing is repaired and nothing written."""

import fcntl
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from groundstation import __version__
from groundstation.catalogue import read_element_files, select_elements
from groundstation.config.examples import example_path
from groundstation.config.load import FILE_NAME, load_network
from groundstation.database import open_if_present
from groundstation.errors import GroundStationError
from groundstation.instants import utc_instant
from groundstation.network import Network
from groundstation.night.clock_check import clock_state, kernel_says_synchronised
from groundstation.night.finding import Finding
from groundstation.night.health_inputs import (
    notify_finding,
    permission_finding,
    weather_finding,
)
from groundstation.night.outcome import library_versions
from tle.archive import stored_elements
from tle.clock import earth_data_end
from tle.errors import TleError

_DISK_BYTES = 200e6
_EARTH_DATA_DAYS = 30


def examine(
    config: Path | None,
    example: str | None,
    now: datetime,
    *,
    environment: Mapping[str, str],
    is_given: bool = False,
) -> list[Finding]:
    """All findings; a network file that cannot be read is one of them.

    Parameters
    ----------
    environment : variables, some of which hold addresses and passwords
    is_given : True if `now` was told and is not the machine's clock
    """
    findings = [_versions(), _packages(), _earth_data(now)]
    try:
        path = example_path(example) if example else config or Path(FILE_NAME)
        network = load_network(path)
    except GroundStationError as error:
        detail = f"{error}" + (f"; try: {error.hint}" if error.hint else "")
        return [*findings, Finding("network file", "failed", detail)]
    findings.append(Finding("network file", "ok", f"{network.title} ({network.file})"))
    checks: list[Callable[[Network], Finding]] = [
        lambda network: _clock(network, now, is_given=is_given),
        lambda network: _elements(network, now),
        lambda network: weather_finding(network, now),
        lambda network: permission_finding(network, now),
        lambda network: notify_finding(network, environment),
        _budgets,
        _database,
        _lock,
        _disk,
    ]
    findings.extend(check(network) for check in checks)
    return findings


def _versions() -> Finding:
    libraries = ", ".join(f"{name} {version}" for name, version in library_versions())
    text = f"groundstation {__version__}, Python {platform.python_version()}, {libraries}"
    return Finding("versions", "ok", text)


def _packages() -> Finding:
    """The three import packages must come from one place, or another project shadows one."""
    roots = {}
    for name in ("tle", "passes", "groundstation"):
        spec = importlib.util.find_spec(name)
        origin = spec.origin if spec and spec.origin else None
        roots[name] = str(Path(origin).parent.parent) if origin else "nowhere"
    if len(set(roots.values())) > 1:
        listed = ", ".join(f"{name} from {root}" for name, root in roots.items())
        return Finding("packages", "failed", f"another project shadows a package: {listed}")
    # Two projects that install files into one package leave a mixture behind.
    owners = importlib.metadata.packages_distributions()
    for name in roots:
        if len(set(owners.get(name, ()))) > 1:
            listed = ", ".join(sorted(set(owners[name])))
            return Finding("packages", "failed", f"{name} is installed by {listed}")
    return Finding("packages", "ok", next(iter(roots.values())))


def _clock(network: Network, now: datetime, *, is_given: bool) -> Finding:
    """The kernel's word on the clock, and the end of the last run, which must be in the past."""
    if is_given:
        return Finding("clock", "ok", f"told to be {now:%Y-%m-%dT%H:%MZ}")
    last_seen = None
    try:
        db = open_if_present(Path(network.folder) / "state" / "groundstation.db")
        if db is not None and db.table("night_step").exists():
            last = next(iter(db.query("SELECT max(finished_at) AS last FROM night_step")))["last"]
            last_seen = utc_instant(last) if last else None
    except (GroundStationError, sqlite3.Error):
        # The check of the database says what is wrong with it.
        last_seen = None
    synchronised = kernel_says_synchronised()
    return Finding("clock", *clock_state(now, last_seen, is_synchronised=synchronised))


def _earth_data(now: datetime) -> Finding:
    end = earth_data_end()
    days = (end - now).total_seconds() / 86_400.0
    text = f"Earth orientation until {end:%Y-%m-%d}"
    if days < 0:
        return Finding("earth data", "failed", f"{text}; upgrade astropy-iers-data")
    state = "degraded" if days < _EARTH_DATA_DAYS else "ok"
    return Finding("earth data", state, f"{text} ({days:.0f} days)")


def _elements(network: Network, now: datetime) -> Finding:
    """Ages at the present instant, or on an example's own night."""
    try:
        db = open_if_present(Path(network.folder) / "state" / "groundstation.db")
        sets = read_element_files(network) + (stored_elements(db) if db else [])
        selection = select_elements(network, sets, now)
    except (GroundStationError, TleError) as error:
        return Finding("elements", "failed", str(error))
    if selection.warnings:
        return Finding("elements", "degraded", "; ".join(selection.warnings))
    ages = ", ".join(f"{s.name} {abs(e.age_s(now)) / 86_400.0:.1f} d" for s, e in selection.chosen)
    return Finding("elements", "ok", ages)


def _budgets(network: Network) -> Finding:
    """Physical parameters that are not given refuse a link budget."""
    missing = [path for s in network.satellites for path in s.missing]
    missing += [path for s in network.stations for path in s.missing]
    if missing:
        return Finding("link budgets", "degraded", f"not given: {', '.join(missing)}")
    return Finding("link budgets", "ok", "every physical parameter is given")


def _database(network: Network) -> Finding:
    path = Path(network.folder) / "state" / "groundstation.db"
    try:
        db = open_if_present(path)
        if db is None:
            return Finding("database", "ok", "none yet; the first nightly run makes it")
        answer = next(iter(db.query("PRAGMA integrity_check")))["integrity_check"]
    except Exception as error:  # noqa: BLE001  sqlite raises many kinds for a damaged file
        return Finding("database", "failed", f"{path}: {error}")
    state = "ok" if answer == "ok" else "failed"
    return Finding("database", state, f"{path}: integrity {answer}")


def _lock(network: Network) -> Finding:
    path = Path(network.folder) / "state" / "lock"
    if not path.exists():
        return Finding("lock", "ok", "free")
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = path.read_text(encoding="utf-8", errors="replace").strip()
            return Finding("lock", "ok", f"held by a running night ({holder})")
        except OSError as error:
            return Finding("lock", "failed", f"{path}: {error.strerror}")
    return Finding("lock", "ok", "free")


def _disk(network: Network) -> Finding:
    folder = Path(network.folder)
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free"
    problems = list(_disk_problems(folder, free))
    return Finding("disk", "failed" if problems else "ok", "; ".join([text, *problems]))


def _disk_problems(folder: Path, free: int) -> Iterator[str]:
    if free < _DISK_BYTES:
        yield f"below {_DISK_BYTES / 1e6:.0f} MB"
    if not os.access(folder, os.W_OK):
        yield f"{folder} is not writable"

"""Nights that are really published, and processes that are really killed."""

import os
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from groundstation.config.examples import copy_example
from groundstation.config.load import load_network
from groundstation.night.nightly import NightlyResult, run_nightly

NIGHT = "2016-12-19"
NOW = datetime(2016, 12, 19, 8, tzinfo=UTC)
STATION_FILES = """
[[permissions]]
name = "mission"
kind = "segments"
file = "segments-{station}.txt"
stations = ["nanshan", "graz"]
"""
OWN_FILES = """
climatology = {{ source = "ten years of a camera", file = "cover-{0}.csv" }}
sensors = [{{ kind = "boltwood", file = "sky-{0}.txt", time_zone = "UTC" }}]
"""
SKY = (
    "2016-12-19 07:59:30.00 C K  -28.0   -2.0   -1.0   4.0  55  -9.8   0 0 0 00020 "
    "046187.58889 1 1 1 1"
)
# Before any of these the process may die; what has been done until then is on the disk or is not.
_FILE_EVENTS = ("os.rename", "os.symlink", "os.mkdir", "os.remove")


def nightly(folder: Path, **options) -> NightlyResult:
    options.setdefault("now", NOW)
    options.setdefault("clock", lambda: NOW)
    return run_nightly(load_network(folder), NIGHT, **options)


@pytest.fixture(scope="session")
def run_night():
    """A function that runs the night of a folder."""
    return nightly


def example_of_whole_passes(folder: Path) -> None:
    """The example night with passes taken whole or not at all: one contact can displace another."""
    copy_example("micius-2016", folder)
    with (folder / "groundstation.toml").open("a", encoding="utf-8") as file:
        file.write("\n[plan]\ncut_passes = false\n")


@pytest.fixture(scope="session")
def write_example() -> Callable[[Path], None]:
    """A function that writes the example of these tests into a folder."""
    return example_of_whole_passes


@pytest.fixture(scope="session")
def published_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    example_of_whole_passes(folder)
    nightly(folder)
    return folder


@pytest.fixture
def published(published_once: Path, tmp_path: Path) -> Path:
    """A folder of its own with one published night."""
    folder = tmp_path / "published"
    shutil.copytree(published_once, folder, symlinks=True)
    return folder


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A folder in which no night has run."""
    folder = tmp_path / "fresh"
    folder.mkdir()
    example_of_whole_passes(folder)
    return folder


def write_station_files(folder: Path, name: str) -> None:
    """What a station hands in: its climate, what its sensor says, when it may shine."""
    rows = "".join(f"{month},40\n" for month in range(1, 13))
    (folder / f"cover-{name}.csv").write_text(f"month,cover_percent\n{rows}")
    (folder / f"sky-{name}.txt").write_text(SKY)
    path = folder / f"segments-{name}.txt"
    path.write_text("issued 2016-12-19T00:00Z\n2016-12-19T00:00Z 2016-12-21T00:00Z\n")


@pytest.fixture
def handed_in(fresh: Path) -> Path:
    """Two stations with files of their own."""
    path, text = fresh / "groundstation.toml", (fresh / "groundstation.toml").read_text()
    for name in ("nanshan", "graz"):
        mark = f'[[stations]]\nname = "{name}"\n'
        assert text.count(mark) == 1
        text = text.replace(mark, mark + OWN_FILES.format(name).lstrip())
        write_station_files(fresh, name)
    path.write_text(text + STATION_FILES)
    return fresh


@pytest.fixture
def killed_at() -> Callable[[Path, int], int | None]:
    """A function that runs a night in a process of its own and kills it at its n-th event.

    Events are statements of the database, forced writes, renames, links, new and removed files.
    It returns None if the process ended before it was killed, with success.
    """

    def run(folder: Path, number: int) -> int | None:
        child = os.fork()
        if child == 0:
            _die_at(number)
            code = 70
            try:
                nightly(folder)
                code = 0
            except BaseException:  # noqa: BLE001  a child of fork must not go on as a test
                traceback.print_exc()
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return number
        assert os.WEXITSTATUS(status) == 0
        return None

    return run


def _die_at(number: int) -> None:
    """From here on, count events and kill this process before the n-th one happens."""
    seen = 0

    def hit() -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        del arguments
        if event in _FILE_EVENTS:
            hit()

    fsync, connect = os.fsync, sqlite3.connect

    def connected(*arguments, **options):
        connection = connect(*arguments, **options)
        connection.set_trace_callback(_counting(hit))
        return connection

    def counted(fd: Any) -> None:
        hit()
        fsync(fd)

    os.fsync = counted
    sqlite3.connect = connected
    sys.addaudithook(watch)


def _counting(hit: Callable[[], None]) -> Callable[[str], None]:
    def trace(statement: str) -> None:
        if statement.split(maxsplit=1)[0].upper() not in {"SELECT", "PRAGMA"}:
            hit()

    return trace

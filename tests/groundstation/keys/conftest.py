"""Ledgers of the tests lie in memory: nothing here loses power, and a disk's syncs take long."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")  # noqa: S108  each test makes a folder of its own in it


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """A folder of the test's own, in memory where there is a disk in memory."""
    if MEMORY in tmp_path.parents or not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="keys-") as folder:
        yield Path(folder)

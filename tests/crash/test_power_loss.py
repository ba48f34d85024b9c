# ruff: noqa: T201  the counts of states tried are printed
"""A power cut after any file operation: what was handed out is on the books, whole (I1, I4, I5).

Everything synchronised before the cut is kept; of the rest anything may be kept, dropped or torn.
The rule of survival: the ledger knows at least what was delivered; it may have burned more.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import pytest

from groundstation.keys.ledger.records import (
    Origin,
    OriginKind,
    Pool,
    Purpose,
    Segment,
    TrustLabel,
)
from groundstation.keys.ledger.views import Request
from groundstation.keys.sealing.file_kek import FileKekProvider
from groundstation.keys.store.connection import connect_to_write
from groundstation.keys.store.store import open_store
from groundstation.keys.store.verify import verify

LINK = Pool("matera", "micius")
NAMES = ("ledger.db", "ledger.db-wal")


@dataclass
class Run:
    """A recorded run: files before, the provider, and what was handed out, by allocation."""

    start: dict[str, bytes]
    provider: FileKekProvider
    key: bytes
    segment: Segment


def record(tmp_path, disk, draws, *, commit_first=True, weaker=None, commands=6):
    """Deliver key over the recording disk; every delivery is a note between the operations."""
    recorder, connect = disk
    provider = FileKekProvider(tmp_path / "kek")
    folder = tmp_path / "keys"
    segment = Segment(
        UUID(int=draws.getrandbits(128), version=4),
        LINK,
        Origin(OriginKind.PASS, "pass 1"),
        TrustLabel((frozenset(),), 1),
        32768,
        "ab" * 32,
        0.0,
        None,
    )
    key = draws.randbytes(4096)
    clock = iter(range(10**6))
    options: Any = {"clock": lambda: 1.8e9 + next(clock), "monotonic": lambda: 0.0}
    with open_store(folder, "matera", provider, **options) as store:
        store.import_segment(segment, key, ("matera",))
        store.agree(segment.segment_id, segment.digest, "micius")
    start = {name: (folder / name).read_bytes() for name in NAMES if (folder / name).exists()}

    def opened(path):
        return connect(path)

    recorder.operations.clear()
    store = open_store(folder, "matera", provider, connect=opened, connect_reader=opened, **options)
    if weaker is not None:
        store._core.connection.execute(weaker).fetchall()

    def deliver(number):
        request = Request(
            UUID(int=draws.getrandbits(128), version=4), LINK, Purpose.DELIVERY, "bank", 3200
        )

        def work(unit):
            allocation = unit.reserve(request)
            taken = unit.consume(request.allocation_id)
            if not commit_first:
                recorder.note(allocation.allocation_id.hex)
            return taken

        taken = store.transact(work)
        if commit_first:
            recorder.note(request.allocation_id.hex)
        assert taken == key[400 * number : 400 * number + 400]

    for number in range(commands):
        deliver(number)
        if number == commands // 2:
            store._core.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    # A rotation rewrites everything; its crashes count as well.
    if commit_first and weaker is None:
        store.rotate()
        deliver(commands)
    store.close()
    return Run(start, provider, key, segment)


def outcomes(tmp_path, disk, run, draws, samples):
    """Number of states, and of those that are broken or forgot a delivery."""
    recorder, _ = disk
    states = broken = forgotten = 0
    seen = set()
    folder = tmp_path / "crashed"
    folder.mkdir()
    for notes, files in recorder.crash_images(run.start, draws, samples):
        state = (len(notes), *(hash(files.get(name)) for name in NAMES))
        if state in seen:
            continue
        seen.add(state)
        states += 1
        for old in folder.iterdir():
            old.unlink()
        for name, content in files.items():
            if name in NAMES:
                (folder / name).write_bytes(content)
        try:
            with closing(connect_to_write(folder / "ledger.db")) as connection:
                # What is on the disk is looked at, and does not have to stay.
                connection.execute("PRAGMA synchronous = OFF")
                (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
                spent = {
                    row[0].hex()
                    for row in connection.execute(
                        "SELECT allocation_id FROM allocation WHERE state <> 'reserved'"
                    )
                }
                covered = connection.execute(
                    "SELECT coalesce(sum(stop - start), 0) FROM extent"
                ).fetchone()[0]
                delivered, available = connection.execute(
                    "SELECT delivered, available FROM lane"
                ).fetchone()
        except sqlite3.DatabaseError:
            broken += 1
            continue
        whole = answer == "ok" and delivered == covered and delivered + available == 32768
        broken += not whole
        forgotten += not set(notes) <= spent
    return states, broken, forgotten


def test_no_power_cut_makes_the_ledger_forget_what_it_delivered(tmp_path, disk, draws):
    run = record(tmp_path, disk, draws)
    states, broken, forgotten = outcomes(tmp_path, disk, run, draws, samples=2)
    print(f"power loss: {states} states, {broken} broken, {forgotten} with a delivery forgotten")
    assert states > 300
    assert (broken, forgotten) == (0, 0)


@pytest.mark.slow
def test_no_power_cut_in_a_longer_run_makes_the_ledger_forget(tmp_path, disk, draws):
    run = record(tmp_path, disk, draws, commands=8)
    states, broken, forgotten = outcomes(tmp_path, disk, run, draws, samples=40)
    print(f"power loss: {states} states, {broken} broken, {forgotten} with a delivery forgotten")
    assert states > 3000
    assert (broken, forgotten) == (0, 0)


# The same harness on the two orders of work that are known to be wrong: it must find them.


def test_the_harness_finds_a_weaker_synchronisation(tmp_path, disk, draws):
    run = record(tmp_path, disk, draws, weaker="PRAGMA synchronous = NORMAL", commands=4)
    states, broken, forgotten = outcomes(tmp_path, disk, run, draws, samples=2)
    print(f"synchronous NORMAL: {states} states, {broken} broken, {forgotten} forgotten")
    assert forgotten > 20


def test_the_harness_finds_answers_before_the_commit(tmp_path, disk, draws):
    run = record(tmp_path, disk, draws, commit_first=False, commands=4)
    states, broken, forgotten = outcomes(tmp_path, disk, run, draws, samples=2)
    print(f"answer before commit: {states} states, {broken} broken, {forgotten} forgotten")
    assert forgotten > 50


def test_a_crashed_ledger_opens_verifies_and_delivers_the_rest(tmp_path, disk, draws):
    run = record(tmp_path, disk, draws)
    recorder, _ = disk
    images = list(recorder.crash_images(run.start, draws, samples=1))
    folder = tmp_path / "crashed"
    folder.mkdir()
    opened = 0
    picked = Random(3).sample(images, 12)  # noqa: S311  the same ones every time
    for notes, files in picked:
        for old in folder.iterdir():
            old.unlink()
        for name in NAMES:
            if name in files:
                (folder / name).write_bytes(files[name])
        # The current key-encryption key is that of the end unless the cut came before the rotation.
        with closing(connect_to_write(folder / "ledger.db")) as connection:
            (kek,) = connection.execute("SELECT kek_id FROM kek WHERE state = 'current'").fetchone()
        if not (tmp_path / "kek" / f"kek-{kek}").exists():
            continue
        opened += 1
        report = verify(folder, run.provider)
        assert report.faults == (), notes
        assert report.allocations >= len(notes)
        with open_store(
            folder,
            "matera",
            KeepAll(run.provider),
            clock=lambda: 1.9e9,
            monotonic=lambda: 0.0,
            largest_step_s=1e9,
        ) as store:
            request = Request(
                UUID(int=draws.getrandbits(128), version=4), LINK, Purpose.DELIVERY, "bank", 512
            )
            store.reserve(request)
            taken = store.consume(request.allocation_id)
        assert run.key.find(taken) >= 400 * len(notes)
    assert opened > 0


class KeepAll:
    """The provider, but what it destroys stays for the next crash."""

    def __init__(self, provider):
        self.create, self.load = provider.create, provider.load

    def destroy(self, kek_id):
        """Keep it."""

# ruff: noqa: T201  the counts of states tried are printed
"""Processes that end without warning: at every statement, and by SIGKILL under load."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from groundstation.keys.ledger.records import AllocationState
from groundstation.keys.sealing.file_kek import FileKekProvider
from groundstation.keys.store.queries import open_reader
from groundstation.keys.store.store import open_store
from groundstation.keys.store.verify import verify

WORKER = Path(__file__).with_name("ledger_worker.py")
SEED = 5


class Zygote:
    """The worker program, from which processes are forked."""

    def __init__(self):
        self.process: Any = subprocess.Popen(
            [sys.executable, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def start(self, folder, count):
        return self.ask(f"run {folder} {SEED} {count}")

    def wait(self, child):
        return self.ask(f"wait {child}")

    def run(self, folder, count):
        return self.wait(self.start(folder, count))


@pytest.fixture(scope="module")
def zygote():
    running = Zygote()
    yield running
    running.process.stdin.close()
    running.process.stdout.close()
    running.process.wait(10)


@pytest.fixture
def place():
    """A folder in memory where there is one: a dead process loses no page cache."""
    memory = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def told(folder):
    """What a process said before it died: (kind, name, bytes); a line that is not whole is not."""
    text = (folder / "told").read_text() if (folder / "told").exists() else ""
    for line in text.splitlines(keepends=True):
        if line.endswith("\n"):
            kind, name, *content = line.split(" ")
            yield kind, name, bytes.fromhex(content[0])


def check(folder):
    """Everything that must hold of a ledger after a crash; its delivered keys."""
    provider = FileKekProvider(folder / "kek")
    options: Any = {"clock": time.time, "monotonic": time.monotonic}
    if not (folder / "keys" / "ledger.db").exists():
        assert not list(told(folder))
        return []
    with open_store(folder / "keys", "matera", provider, **options) as store:
        keys = [(name, content) for kind, name, content in told(folder) if kind == "key"]
        consumed = {
            str(allocation.allocation_id)
            for allocation in store.reader.history("bank") + store.reader.history("relay 9")
            if allocation.state is AllocationState.CONSUMED
        }
        assert {name for name, _ in keys} <= consumed
    report = verify(folder / "keys", provider)
    assert report.faults == ()
    # One key-encryption key is left, whatever the crash left behind.
    assert len(list((folder / "kek").iterdir())) == 1
    return keys


def enumerate_points(zygote, place, stride):
    """Kill a process at every `stride`-th point; how many there are, and what happened."""
    whole = place / "whole"
    whole.mkdir()
    assert zygote.run(whole, 0) == 0
    (points,) = [int(name) for kind, name, _ in told(whole) if kind == "points"]
    results: Counter[int] = Counter()
    for number in range(1, points + 1, stride):
        folder = place / str(number)
        folder.mkdir()
        assert zygote.run(folder, number) == 9
        keys = check(folder)
        results[len(keys)] += 1
        # The next process takes the ledger over and gets the bytes that belong there.
        for _, content in keys:
            assert content in KEY
    return points, results


def _key():
    random = Random(SEED)  # noqa: S311  the worker's own draws, repeated
    random.getrandbits(128)
    random.getrandbits(256)
    return random.randbytes(4096)


KEY = _key()


def test_a_process_that_ends_at_any_statement_has_told_no_lie(zygote, place):
    # A prime, so that it does not fall into step with the statements of a command.
    points, results = enumerate_points(zygote, place, stride=37)
    print(f"{sum(results.values())} of {points} points tried, by keys delivered: {dict(results)}")
    assert len(results) == 4


@pytest.mark.slow
def test_a_process_that_ends_at_every_statement_has_told_no_lie(zygote, place):
    points, results = enumerate_points(zygote, place, stride=1)
    print(f"{sum(results.values())} of {points} points tried, by keys delivered: {dict(results)}")
    assert sum(results.values()) == points > 300


def kill_under_load(zygote, folder, cycles):
    """Kill a delivering process again and again on one ledger; what was delivered in all."""
    pauses = Random(1)  # noqa: S311  not a secret
    for _ in range(cycles):
        before = (folder / "told").stat().st_size if (folder / "told").exists() else 0
        child = zygote.start(folder, -1)
        limit = time.monotonic() + 60
        while not ((folder / "told").exists() and (folder / "told").stat().st_size > before):
            assert time.monotonic() < limit, "the process delivers nothing"
            time.sleep(0.005)
        time.sleep(pauses.uniform(0, 0.25))
        os.kill(child, signal.SIGKILL)
        assert zygote.wait(child) == -signal.SIGKILL
    keys = check(folder)
    names = [name for name, _ in keys]
    assert len(set(names)) == len(names)
    # Equal bytes by chance: 256 bits do not repeat.
    assert len({content for _, content in keys}) == len(keys)
    segments = b"|".join(content for kind, _, content in told(folder) if kind == "segment")
    with open_reader(folder / "keys") as reader:
        delivered = reader.totals().delivered
        unknown = [content for _, content in keys if content not in segments]
    # A segment whose line was not written before the kill may have been delivered from.
    assert len(unknown) < len(keys) / 2
    assert delivered >= 256 * len(keys)
    return len(keys), delivered // 256 - len(keys)


def test_twenty_kills_under_load_hand_nothing_out_twice(zygote, place):
    delivered, burned = kill_under_load(zygote, place, 20)
    print(f"20 kills: {delivered} keys delivered, no duplicate, {burned} committed and never told")
    assert delivered > 200


@pytest.mark.slow
def test_two_hundred_kills_under_load_hand_nothing_out_twice(zygote, place):
    delivered, burned = kill_under_load(zygote, place, 200)
    print(f"200 kills: {delivered} keys delivered, no duplicate, {burned} committed and never told")
    assert delivered > 2000

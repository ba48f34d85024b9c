# ruff: noqa: S311, T201  no key of anybody; this program answers on its standard output
"""Processes that use a key ledger until they are killed or kill themselves; for the crash tests.

This program reads commands, one a line, and forks a process for each `run FOLDER SEED COUNT`, so
that libraries are loaded once; it answers with the process's number. `wait NUMBER` answers with how
that process ended. What a process hands out it writes to FOLDER/told, one line each, after the call
has returned. With COUNT it ends itself, without a word to anybody, at the COUNT-th point where it
could: before and after every SQL statement of the serving connection and around every step of the
provider of key-encryption keys. COUNT 0 runs through all commands once; COUNT -1 delivers until it
is killed.
"""

import os
import sqlite3
import sys
import time
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from groundstation.keys.errors import KeyShortageError
from groundstation.keys.ledger.records import (
    Extent,
    Origin,
    OriginKind,
    Pool,
    Purpose,
    Segment,
    TrustLabel,
)
from groundstation.keys.ledger.views import Proposal, Request
from groundstation.keys.sealing.file_kek import FileKekProvider
from groundstation.keys.store.documents import Document
from groundstation.keys.store.store import open_store

PAIR = Pool("matera", "tenerife")
points = {"left": 0, "seen": 0, "armed": False, "told": 1}


def point():
    """Here the process may end."""
    if points["armed"]:
        points["seen"] += 1
        if points["seen"] == points["left"]:
            os._exit(9)


class Mortal(sqlite3.Connection):
    """A connection that may not survive its next statement, or not the one after it."""

    def execute(self, sql, *values):
        point()
        result = super().execute(sql, *values)
        point()
        return result

    def executemany(self, sql, *values):
        point()
        result = super().executemany(sql, *values)
        point()
        return result


def connect(path):
    return sqlite3.connect(path, factory=Mortal, isolation_level=None, check_same_thread=False)


class MortalProvider:
    """A provider that may not survive its steps."""

    def __init__(self, provider):
        self.provider = provider

    def __getattr__(self, name):
        def call(kek_id):
            point()
            result = getattr(self.provider, name)(kek_id)
            point()
            return result

        return call


def tell(kind, name, content=b""):
    """What has left the ledger; one write, so that a line is whole or not there."""
    os.write(points["told"], f"{kind} {name} {content.hex()}\n".encode())


def segment_of(random, n_bits):
    segment = Segment(
        UUID(int=random.getrandbits(128), version=4),
        PAIR,
        Origin(OriginKind.RELAY, "relay 1"),
        TrustLabel((frozenset({"micius"}),), 1),
        n_bits,
        f"{random.getrandbits(256):064x}",
        0.0,
        None,
    )
    return segment, random.randbytes(n_bits // 8)


def script(store, random):
    """Every kind of command once, each tolerating that an earlier life has done it already."""
    segment, key = segment_of(random, 32768)
    store.import_segment(segment, key, ("matera", "tenerife"))
    store.agree(segment.segment_id, segment.digest, "tenerife")
    fresh = Random()
    first, second, third = (
        Request(uuid(fresh), PAIR, Purpose.DELIVERY, "bank", 5000) for _ in range(3)
    )
    store.reserve(first)
    store.reserve(second)
    paper = Document("announcement", str(first.allocation_id), "{}")
    tell("key", first.allocation_id, store.consume(first.allocation_id, attach=[paper]))
    store.burn(second.allocation_id, "caller gone")
    theirs = Proposal(
        uuid(fresh), PAIR, Purpose.RELAY, "relay 9", (Extent(segment.segment_id, 1, 0, 512),)
    )
    store.reserve_theirs(theirs)
    tell("key", theirs.allocation_id, store.consume(theirs.allocation_id))
    store.transact(lambda unit: unit.send("tenerife", "m1", "{}"))
    store.rotate()

    def both(unit):
        unit.reserve(third)
        return unit.consume(third.allocation_id)

    tell("key", third.allocation_id, store.transact(both))
    store.purge(segment.segment_id, ["Ada", "Grace"], "end of the test")


def uuid(random):
    return UUID(int=random.getrandbits(128), version=4)


def load(store):
    """Deliver under load until somebody kills this process, with everything else in between."""
    fresh, number = Random(), 0
    while True:
        number += 1
        if number % 40 == 1:
            segment, key = segment_of(fresh, 65536)
            store.import_segment(segment, key, ("matera", "tenerife"))
            store.agree(segment.segment_id, segment.digest, "tenerife")
            tell("segment", segment.segment_id, key)
        if number % 25 == 0:
            store.rotate()
        jobs = []
        for _ in range(16):
            request = Request(uuid(fresh), PAIR, Purpose.DELIVERY, "bank", 256)

            def work(unit, request=request):
                unit.reserve(request)
                return unit.consume(request.allocation_id)

            jobs.append((request, store.submit(work)))
        for request, future in jobs:
            try:
                tell("key", request.allocation_id, future.result())
            except KeyShortageError:
                continue


def run(folder, seed, count):
    """One process's life."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    points.update(left=count, armed=count >= 0, told=os.open(folder / "told", flags))
    provider = MortalProvider(FileKekProvider(folder / "kek"))
    options: Any = {"clock": time.time, "monotonic": time.monotonic}
    with open_store(folder / "keys", "matera", provider, connect=connect, **options) as store:
        if count == -1:
            load(store)
        script(store, Random(seed))
    tell("points", points["seen"])


def serve():
    """Fork a process for every command."""
    for line in sys.stdin:
        command, *words = line.split()
        if command == "run":
            child = os.fork()
            if child == 0:
                run(Path(words[0]), int(words[1]), int(words[2]))
                os._exit(0)
            print(child, flush=True)
        else:
            _, status = os.waitpid(int(words[0]), 0)
            print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()

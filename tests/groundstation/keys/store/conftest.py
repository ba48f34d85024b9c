"""A node with a key ledger in a folder, a clock that tests set, and key to put in."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
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
from groundstation.keys.ledger.views import Proposal, Request
from groundstation.keys.sealing.file_kek import FileKekProvider
from groundstation.keys.store.store import open_store
from groundstation.keys.store.verify import verify

NODE = "matera"
PAIR = Pool("matera", "tenerife")
LINK = Pool("matera", "micius")
TRUST = TrustLabel((frozenset({"micius"}),), 1)
NOON = 1.8e9


@dataclass
class World:
    """One node's folder; `now` is its clock."""

    folder: Path
    now: float = NOON
    ticks: float = 0.0
    draws: Random = field(default_factory=lambda: Random(8))  # noqa: S311  the same key every time
    provider: Any = None
    node: str = NODE

    def __post_init__(self):
        self.provider = self.provider or FileKekProvider(self.folder / "kek")

    @property
    def ledger(self):
        return self.folder / "keys"

    @property
    def database(self):
        return self.ledger / "ledger.db"

    def open(self, **options):
        return open_store(
            self.ledger,
            self.node,
            self.provider,
            clock=lambda: self.now,
            monotonic=self.tick,
            **options,
        )

    def tick(self):
        self.ticks += 1
        return self.ticks

    def uuid(self):
        return UUID(int=self.draws.getrandbits(128), version=4)

    def segment(self, pool=PAIR, n_bits=4096, expires_at=None):
        segment = Segment(
            self.uuid(),
            pool,
            Origin(OriginKind.RELAY, "relay 1"),
            TRUST,
            n_bits,
            f"{self.draws.getrandbits(256):064x}",
            0.0,
            expires_at,
        )
        return segment, self.draws.randbytes(n_bits // 8)

    def owners(self, pool):
        return (pool.a, pool.b) if pool == PAIR else (self.node,)

    def stock(self, store, pool=PAIR, n_bits=4096, expires_at=None):
        """Import a segment and agree on it; the segment and its key."""
        segment, key = self.segment(pool, n_bits, expires_at)
        store.import_segment(segment, key, self.owners(pool))
        store.agree(segment.segment_id, segment.digest, pool.b)
        return segment, key

    def request(self, n_bits=256, pool=PAIR, reference="bank", purpose=Purpose.DELIVERY):
        return Request(self.uuid(), pool, purpose, reference, n_bits)

    def proposal(self, *extents, pool=PAIR, reference="bank"):
        return Proposal(self.uuid(), pool, Purpose.DELIVERY, reference, extents)

    def take(self, store, n_bits=256, **options):
        """Reserve and consume; the allocation and its bytes."""
        allocation = store.reserve(self.request(n_bits, **options))
        return allocation, store.consume(allocation.allocation_id)

    def verify(self, **options):
        return verify(self.ledger, self.provider, **options)

    def sql(self, statement, values=(), *, unguarded=False):
        """Somebody with a database tool; `unguarded` takes the triggers away first."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            triggers = []
            if unguarded:
                triggers = connection.execute(
                    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
                ).fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            found = connection.execute(statement, values).fetchall()
            for _, text in triggers:
                connection.execute(text)
            return found

    def files(self):
        """Everything on the disk that belongs to the ledger, its key-encryption keys left out."""
        return {path: path.read_bytes() for path in self.ledger.rglob("*") if path.is_file()}


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def make_world(tmp_path):
    return lambda name, **options: World(tmp_path / name, **options)


@pytest.fixture
def store(world):
    with world.open() as opened:
        yield opened

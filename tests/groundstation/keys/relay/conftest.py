"""Nodes with real ledgers that talk through queues which lose, double and reorder messages."""

import itertools
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from groundstation.keys.imports.transport import TransportKey
from groundstation.keys.ledger.records import Extent, Origin, OriginKind, Pool, Segment, TrustLabel
from groundstation.keys.relay import custody
from groundstation.keys.relay.documents import held_of_commit
from groundstation.keys.relay.records import Announcer, Link, Order, OrderKind
from groundstation.keys.relay.satellite_files import SatelliteMemory, SatelliteRequest
from groundstation.keys.sealing.file_kek import FileKekProvider
from groundstation.keys.station.dialogue import Dialogue
from groundstation.keys.station.node import Node
from groundstation.keys.station.tags import Tagging
from groundstation.keys.store.store import open_store

NOON = 1.8e9
SATELLITES = ("spoqc", "qube-2", "eagle")


@dataclass
class Town:
    """Nodes by name, the satellites' copies of key, and the post between nodes.

    `loss` and `doubling` are probabilities that a message or an answer is lost or comes twice.
    """

    folder: Path
    now: float = NOON
    seed: int = 8
    loss: float = 0.0
    doubling: float = 0.0
    with_tags: bool = True
    nodes: dict[str, Any] = field(default_factory=dict)
    stores: dict[str, Any] = field(default_factory=dict)
    keys: dict[Any, bytes] = field(default_factory=dict)
    memories: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        self.draws = random.Random(self.seed)  # noqa: S311  a run that can be repeated
        self.ticks = itertools.count(1)

    def uuid(self):
        return UUID(int=self.draws.getrandbits(128), version=4)

    def secrets(self, name, names):
        return {
            other: repr(sorted((name, other))).encode().ljust(32, b".")[:32]
            for other in names
            if other != name
        }

    def open(self, name, names):
        provider = FileKekProvider(self.folder / name / "kek")
        store = open_store(
            self.folder / name / "keys",
            name,
            provider,
            clock=lambda: self.now,
            monotonic=lambda: float(next(self.ticks)),
        )
        dialogue = Dialogue(
            Tagging(self.with_tags, self.uuid),
            self.secrets(name, names),
            self.draws.randbytes,
        )
        self.stores[name] = store
        self.nodes[name] = Node(store, dialogue, [n for n in names if n != name])

    def build(self, *names):
        for name in names:
            self.open(name, names)
        return self

    def restart(self, name):
        self.stores[name].close()
        self.open(name, sorted(self.nodes))
        self.deliver(name, self.nodes[name].start())

    def close(self):
        for store in self.stores.values():
            store.close()

    def fill(self, a, b, n_bits, label=((frozenset(),), 1), expires_at=None, usable=True):
        """The same random segment at every ground node of a pool; usable at once."""
        pool = Pool(*sorted((a, b)))
        ground = [name for name in (pool.a, pool.b) if name in self.nodes]
        segment = Segment(
            self.uuid(),
            pool,
            Origin(OriginKind.PASS, "pass"),
            TrustLabel(*label),
            n_bits,
            f"{self.draws.getrandbits(256):064x}",
            0.0,
            expires_at,
        )
        key = self.draws.randbytes(n_bits // 8)
        self.keys[segment.segment_id] = key
        owners = (pool.a, pool.b) if len(ground) == 2 else tuple(ground)
        for name in ground:
            self.stores[name].import_segment(segment, key, owners)
            if usable:
                self.stores[name].agree(segment.segment_id, segment.digest, "test")
        return segment.segment_id

    def order(self, *path, n_bits=1024, untrusted=frozenset(), demand="bank"):
        """An order along a chain of parties; satellites are known by name."""
        links, announcers = [], []
        for index, (one, two) in enumerate(itertools.pairwise(path)):
            pool = Pool(*sorted((one, two)))
            if one in SATELLITES:
                links.append(Link(pool, two, None))
            else:
                links.append(Link(pool, one, None if two in SATELLITES else two))
            if index < len(path) - 2:
                via = one if two in SATELLITES else two
                announcers.append(Announcer(two, index, via))
        return Order(
            self.uuid(),
            OrderKind.RELAY,
            demand,
            path[0],
            path[-1],
            n_bits,
            tuple(links),
            tuple(announcers),
            frozenset(untrusted),
            1,
            1,
            self.now,
        )

    # The post.

    def deliver(self, sender, messages):
        """Messages of the protocol and everything that follows from them."""
        waiting = [(sender, peer, document) for peer, document in messages]
        while waiting:
            sender, peer, document = waiting.pop(self.draws.randrange(len(waiting)))
            for _ in range(self.copies()):
                answers = self.nodes[peer].receive(sender, document)
                waiting += [(peer, to, answer) for to, answer in answers]

    def copies(self):
        if self.draws.random() < self.loss:
            return 0
        return 2 if self.draws.random() < self.doubling else 1

    def round(self):
        """Every node goes on, asks again, and says what is in its outbox once."""
        names = sorted(self.nodes)
        self.draws.shuffle(names)
        for name in names:
            self.nodes[name].go_on(self.now)
            self.deliver(name, self.nodes[name].remind())
            for peer in sorted(self.nodes[name].peers):
                self.post(name, peer)

    def post(self, name, peer):
        texts = self.nodes[name].outbox(peer)
        self.draws.shuffle(texts)
        for text in texts:
            for _ in range(self.copies()):
                answer = self.nodes[peer].told(name, text)
                for _ in range(self.copies()):
                    self.nodes[name].take_answer(peer, answer)

    def run(self, rounds=12):
        for _ in range(rounds):
            self.round()

    # Satellites.

    def requests(self, order):
        """What every satellite of a committed order is asked, by satellite."""
        found = {}
        for announcer in order.announcers:
            if not announcer.is_satellite:
                continue
            paper = self.stores[announcer.via].reader.document(custody.COMMIT, str(order.order_id))
            if paper is None:
                continue
            held = held_of_commit(paper.payload)
            left, right = announcer.left, announcer.left + 1
            found[announcer.name] = (
                announcer.via,
                SatelliteRequest(
                    order.order_id,
                    announcer.name,
                    announcer.via,
                    order.n_bits,
                    (
                        (order.links[left].leader, held[left].extents),
                        (order.links[right].leader, held[right].extents),
                    ),
                ),
            )
        return found

    def read(self, _station, extents):
        """The satellite's copy of some bits: one lane, so offsets are those of the segment."""
        return b"".join(self.keys[e.segment_id][e.start // 8 : e.stop // 8] for e in extents)

    def announce(self, order):
        for name, (via, request) in self.requests(order).items():
            memory = self.memories.setdefault(name, SatelliteMemory())
            self.nodes[via].announced(order.order_id, memory.announce(request, self.read))

    def carry_out(self, order, rounds=8):
        self.nodes[order.a].begin(order)
        self.run(rounds)
        self.announce(order)
        self.run(rounds)

    def key(self, name, segment_id):
        """All of a segment at one node."""
        return _whole(self.stores[name], segment_id)


def _whole(store, segment_id):
    """The stored bits of a segment, straight from the vault: for comparison in tests only."""

    def work(unit):
        found = b""
        for lane in unit.view.lanes(segment_id):
            held = unit.view.held(segment_id)
            extent = Extent(segment_id, lane.index, 0, lane.n_bits)
            found += unit._vault.read(held, held.lane_nos[lane.index], extent)
        return found

    return store.transact(work)


@pytest.fixture
def town(tmp_path):
    """Makes a town; its ledgers are closed at the end."""
    made: list[Town] = []

    def build(*names, **options):
        found = Town(tmp_path / f"town-{len(made)}", **options).build(*names)
        made.append(found)
        return found

    yield build
    for each in made:
        each.close()


@pytest.fixture
def transport():
    def key(station, key_id="operator-1", secret=b"s"):
        return TransportKey(key_id, station, secret.ljust(32, b"-"), b"c".ljust(32, b"-"))

    return key

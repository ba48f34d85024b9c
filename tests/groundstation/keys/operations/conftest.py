"""Nodes of the `europe-2026` example, each with its own network file, secrets and ledger."""

import asyncio
import contextlib
import hashlib
import json
import shutil
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import trustme

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.keys.amplification.bit_order import pack
from groundstation.keys.imports.records import Protocol
from groundstation.keys.imports.records import Segment as FileSegment
from groundstation.keys.imports.simulation import (
    SimulatedKey,
    SimulatedPass,
    simulated_reconciled_key,
)
from groundstation.keys.imports.transport import TransportKey
from groundstation.keys.imports.writing import write_archive
from groundstation.keys.ledger.records import Extent
from groundstation.keys.operations.opening import open_desk, promise_of
from groundstation.keys.operations.serving import station_of
from passes.counts.moments import moments_from_slots
from passes.counts.source import DecoySource

EXAMPLE = "europe-2026"
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
TOKENS = {"anna": b"a" * 40, "boris": b"b" * 40}


def secret(*words):
    return hashlib.sha256(" ".join(words).encode()).digest()


def write_secret_file(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o600)


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def keys_table(name, ports):
    """What a node's network file says of its key ledger."""
    lines = [
        "[keys]",
        f'node = "{name}"',
        'folder = "keys"',
        "retry_s = 0.2",
        'levels = ["levels/*.json"]',
        "[keys.tls]",
        'certificate = "tls/node.pem"',
        'private_key = "tls/node.key"',
        'authority = "tls/authority.pem"',
        f'listen = "127.0.0.1:{ports[name]}"',
        "[[keys.transport_keys]]",
        f'key_id = "{name}-2026"',
        'secret_file = "secrets/transport"',
        'comparison_secret_file = "secrets/comparison"',
    ]
    for person, token in TOKENS.items():
        digest = hashlib.sha256(token).hexdigest()
        lines += ["[[keys.persons]]", f'name = "{person}"', f'token_sha256 = "{digest}"']
    for peer, port in ports.items():
        if peer != name:
            lines += [
                "[[keys.peers]]",
                f'name = "{peer}"',
                f'address = "127.0.0.1:{port}"',
                f'secret_file = "secrets/{peer}"',
            ]
    return "\n".join(lines) + "\n"


@dataclass
class Country:
    """Nodes and what producers know; `folder` holds one folder per node and the inboxes."""

    folder: Path
    names: tuple[str, ...]
    seed: int = 8
    extra: str = ""
    networks: dict[str, Any] = field(default_factory=dict)
    desks: dict[str, Any] = field(default_factory=dict)
    sealed: dict[str, Any] = field(default_factory=dict)
    keys: dict[Any, bytes] = field(default_factory=dict)

    def __post_init__(self):
        self.rng = np.random.default_rng(self.seed)
        self.now = NOW.timestamp()
        authority = trustme.CA()
        ports = dict(zip(self.names, free_ports(len(self.names)), strict=True))
        for name in self.names:
            self._found(name, authority, ports)
        self.open()

    def _found(self, name, authority, ports):
        place = self.folder / name
        shutil.copytree(example_path(EXAMPLE).parent, place)
        file = place / "groundstation.toml"
        file.write_text(f"{file.read_text()}\n{keys_table(name, ports)}{self.extra}")
        tls = place / "tls"
        tls.mkdir()
        issued = authority.issue_cert(name)
        (tls / "node.pem").write_bytes(b"".join(b.bytes() for b in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(tls / "node.key")
        authority.cert_pem.write_to_path(tls / "authority.pem")
        write_secret_file(place / "secrets/transport", secret("transport", name))
        write_secret_file(place / "secrets/comparison", secret("comparison"))
        for peer in self.names:
            if peer != name:
                write_secret_file(place / "secrets" / peer, secret(*sorted((name, peer))))
        self.networks[name] = load_network(file)

    def transport_key(self, name):
        return TransportKey(f"{name}-2026", name, secret("transport", name), secret("comparison"))

    def uuid(self):
        return UUID(bytes=self.rng.bytes(16), version=4)

    def clock(self):
        return self.now

    def open(self):
        for name in self.names:
            self.desks[name] = open_desk(self.networks[name], clock=self.clock)

    def close(self):
        for desk in self.desks.values():
            desk.store.close()

    # Producers.

    def file(
        self, station, n_bits, *, satellite=None, peer=None, pass_id=None, key=None, producer=""
    ):
        """A sealed file of final key for one station, and for its peer if there is one."""
        segment_id = self.uuid()
        drawn = key or pack(self.rng.integers(0, 2, n_bits, dtype=np.uint8))
        promise = promise_of(self.networks[station])
        segment = FileSegment(
            segment_id,
            1,
            producer or "simulation",
            "",
            None,
            satellite,
            pass_id,
            datetime(2026, 6, 14, 22, tzinfo=UTC),
            datetime(2026, 6, 14, 22, 5, tzinfo=UTC),
            Protocol.DECOY_BB84,
            n_bits,
            promise.epsilon_secrecy,
            promise.epsilon_correctness,
        )
        self.keys[segment_id] = drawn
        return self._sealed(SimulatedKey(segment, drawn, None), station, peer)

    def _sealed(self, key, station, peer):
        written = []
        for name, other in ((station, peer), (peer, station)):
            if name is not None:
                contents = key.sealed_for(self.transport_key(name), other, self.rng.bytes)
                path = self.folder / "inbox" / name / f"{key.segment.segment_id}.zip"
                path.parent.mkdir(parents=True, exist_ok=True)
                write_archive(path, contents)
                written.append(path)
        return written if peer else written[0]

    def reconciled_file(self, station, satellite, pass_id, peer=None):
        """A sealed file of reconciled key (tier 2) of a short pass."""
        time_s = np.linspace(-1.0, 1.0, 200)
        simulated = SimulatedPass(
            satellite,
            pass_id,
            datetime(2026, 6, 14, 22, tzinfo=UTC),
            datetime(2026, 6, 14, 22, 5, tzinfo=UTC),
            moments_from_slots(1e-4 * (1.0 - 0.8 * time_s**2), 1e8, 2e-8, 2e-8),
            DecoySource(1e8, (0.7, 0.15, 0.0), (0.7, 0.2, 0.1), 0.8, 2e-10, 0.01),
            0.8,
            1e-3,
            1.16,
            promise_of(self.networks[station]),
        )
        key = simulated_reconciled_key(simulated, self.uuid(), self.rng)
        return self._sealed(key, station, peer)

    # The stations at work.

    def work(self, until, *, patience_s=120.0):
        """Run the station processes of all nodes on loopback until a claim holds."""

        async def run():
            stations = [station_of(desk) for desk in self.desks.values()]
            tasks = [asyncio.create_task(station.run()) for station in stations]
            try:
                async with asyncio.timeout(patience_s):
                    while not await asyncio.to_thread(until):
                        for task in tasks:
                            if task.done():
                                task.result()
                        await asyncio.sleep(0.05)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run(run())

    def is_settled(self):
        """No segment waits and no order is open, at any node."""
        for desk in self.desks.values():
            if any(s.stage.value == "waiting" for s in desk.store.reader.segments()):
                return False
            if desk.node.orders() and any(
                order.a == desk.policy.node for order in desk.node.orders()
            ):
                return False
            if desk.store.reader.outbox():
                return False
        return True

    def stored(self, name, segment_id):
        """The unused bytes of a segment at a node."""

        def work(unit):
            found = b""
            for lane in unit.view.lanes(segment_id):
                held = unit.view.held(segment_id)
                for span in lane.free:
                    extent = Extent(segment_id, lane.index, span.start, span.stop - span.start)
                    found += unit._vault.read(held, held.lane_nos[lane.index], extent)
            return found

        return self.desks[name].store.transact(work)

    def totals(self, name, pool=None):
        return self.desks[name].store.reader.totals(pool)


@pytest.fixture
def country(tmp_path):
    """Makes a country; its ledgers are closed at the end."""
    made: list[Country] = []

    def build(*names, **options):
        found = Country(tmp_path / f"c{len(made)}", names, **options)
        made.append(found)
        return found

    yield build
    for each in made:
        each.close()


@pytest.fixture
def as_json():
    return json.loads


class Keys:
    """Runs a command at calern; gives exit code, standard output, standard error."""

    now = "2026-06-15T12:00Z"

    def __init__(self, country, capsys):
        self.country = country
        self.place = country.folder / "calern"
        self._capsys = capsys

    def __call__(self, *words):
        place = ["-C", str(self.place), "--now", self.now]
        code = run(groundstation, [*place, "keys", *map(str, words)])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err


@pytest.fixture
def keys(country, capsys, monkeypatch):
    """`groundstation keys ...` at calern, as it is typed there."""
    c = country("calern", "skinakas")
    c.close()
    monkeypatch.setattr("groundstation.keys.sealing.process_guard.forbid_core_dumps", lambda: None)
    found = Keys(c, capsys)
    monkeypatch.chdir(found.place)
    return found

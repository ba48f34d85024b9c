"""Two stations as two processes with two ledgers, on loopback, with certificates."""

import base64
import contextlib
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import UUID

import pytest
import trustme

from groundstation.errors import BusyError, GroundStationError
from groundstation.keys.station.control import ask_process

MAIN = Path(__file__).parent / "station_main.py"
PATIENCE_S = 60.0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def certificates(authority, folder, name):
    """PEM files of a node: certificate, key, authority."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "node.pem", folder / "node.key", folder / "authority.pem"]
    issued = authority.issue_cert(name)
    paths[0].write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(paths[1])
    authority.cert_pem.write_to_path(paths[2])
    return paths


class Process:
    """One station process; it can be killed and started again over the same ledger."""

    def __init__(self, folder, name, port, peers, files):
        self.folder, self.name = folder, name
        folder.mkdir(parents=True, exist_ok=True)
        secret = b"the secret of a pair of nodes...".hex()
        settings = {
            "folder": str(folder),
            "name": name,
            "port": port,
            "peers": peers,
            "secrets": dict.fromkeys(peers, secret),
            "certificates": [str(path) for path in files],
        }
        self.settings = folder / "settings.json"
        self.settings.write_text(json.dumps(settings))
        self.process = None

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(MAIN), str(self.settings)], stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.ask("state")
            except BusyError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def ask(self, command, **arguments):
        return ask_process(self.folder / "control", command, arguments)

    def fill(self, pool, segment, key, shared=False):
        text = base64.b64encode(key).decode()
        self.ask("fill", pool=pool, segment=str(segment), key=text, shared=shared)

    def lines(self, direction):
        path = self.folder / direction
        return path.read_text().split("\n")[:-1] if path.exists() else []


class Proxy:
    """Between two stations: cuts connections after a random number of bytes, while `is_bad`."""

    def __init__(self, target, seed):
        self.target = target
        self.draws = random.Random(seed)  # noqa: S311  a run that can be repeated
        self.is_bad = True
        self.cuts = 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.sockets, self.pumps = [], []
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                one, _ = self.server.accept()
            except OSError:
                return
            try:
                two = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                one.close()
                continue
            budget = [self.draws.randrange(4000, 16000) if self.is_bad else None]
            ends = (one, two)
            self.pumps += [
                threading.Thread(target=self._pump, args=(*way, budget), daemon=True)
                for way in (ends, ends[::-1])
            ]
            self.sockets += ends
            for pump in self.pumps[-2:]:
                pump.start()

    def _pump(self, source, sink, budget):
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                if budget[0] is not None:
                    budget[0] -= len(data)
                    if budget[0] < 0:
                        self.cuts += 1
                        break
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self):
        # A blocked accept is woken by a shutdown, not by a close.
        with contextlib.suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.thread.join()
        for each in self.sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for pump in self.pumps:
            pump.join()
        for each in self.sockets:
            each.close()


class Pair:
    """graz and matera, a satellite's copies of their keys, and a generator."""

    def __init__(self, folder, seed=8, proxied=False):
        self.draws = random.Random(seed)  # noqa: S311  a run that can be repeated
        self.authority = trustme.CA()
        ports = {"graz": free_port(), "matera": free_port()}
        self.proxies = {}
        shown = dict(ports)
        if proxied:
            self.proxies = {name: Proxy(port, seed) for name, port in ports.items()}
            shown = {name: proxy.port for name, proxy in self.proxies.items()}
        self.stations = {}
        for name, other in (("graz", "matera"), ("matera", "graz")):
            files = certificates(self.authority, folder / name / "tls", name)
            self.stations[name] = Process(
                folder / name, name, ports[name], {other: shown[other]}, files
            )
        self.ports = ports
        self.keys = {}

    def __getitem__(self, name):
        return self.stations[name]

    def start(self):
        for station in self.stations.values():
            station.start()
        return self

    def close(self):
        for station in self.stations.values():
            station.kill()
        for proxy in self.proxies.values():
            proxy.close()

    def uuid(self):
        return UUID(int=self.draws.getrandbits(128), version=4)

    def share(self, n_bytes):
        """The same key at both, as if carried by hand; waits for the digests."""
        segment, key = self.uuid(), self.draws.randbytes(n_bytes)
        for station in self.stations.values():
            station.fill(["graz", "matera"], segment, key, shared=True)
        return segment

    def link(self, name, n_bytes):
        segment, key = self.uuid(), self.draws.randbytes(n_bytes)
        self.keys[str(segment)] = key
        self[name].fill([name, "spoqc"], segment, key)

    def order(self, n_bits):
        return {
            "order": str(self.uuid()),
            "kind": "relay",
            "demand": "bank",
            "ends": ["graz", "matera"],
            "n_bits": n_bits,
            "links": [
                {
                    "pool": sorted([name, "spoqc"]),
                    "leader": name,
                    "follower": None,
                    "segment": None,
                    "lane": 0,
                }
                for name in ("graz", "matera")
            ],
            "announcers": [["spoqc", 0, "graz"]],
            "untrusted": [],
            "threshold": 1,
            "shares": 1,
            "created": time.time(),
        }

    def announcement(self, held):
        sides = [
            b"".join(
                self.keys[segment][start // 8 : (start + length) // 8]
                for segment, _lane, start, length in side["extents"]
            )
            for side in held
        ]
        return base64.b64encode(bytes(a ^ b for a, b in zip(*sides, strict=True))).decode()

    def until(self, claim, between=lambda: None):
        """Wait until a claim holds; a station that is down counts as not yet."""
        deadline = time.monotonic() + PATIENCE_S
        for number in itertools.count():
            with contextlib.suppress(GroundStationError):
                if claim():
                    return
            assert time.monotonic() < deadline, f"not after {PATIENCE_S} s ({number} looks)"
            between()
            time.sleep(0.05)


@pytest.fixture
def pair(tmp_path_factory):
    """Makes a pair; its processes are killed at the end. The path must fit a socket's name."""
    made = []

    def build(**options):
        found = Pair(tmp_path_factory.mktemp("p"), **options)
        made.append(found)
        return found

    yield build
    for each in made:
        each.close()


@pytest.fixture
def issue():
    return certificates

"""A station process for the tests: `python station_main.py SETTINGS.json`.

It is the real process over a real ledger; its control socket has a few commands more, which put
key in and tell digests of key, and its network comes from a JSON file.
"""

import asyncio
import base64
import hashlib
import json
import os
import sys
import time
from pathlib import Path
from uuid import UUID, uuid4

from groundstation.keys.ledger.balance import imported_bits
from groundstation.keys.ledger.records import (
    Extent,
    Origin,
    OriginKind,
    Pool,
    Purpose,
    Segment,
    TrustLabel,
)
from groundstation.keys.ledger.views import Request, Restriction
from groundstation.keys.relay import custody
from groundstation.keys.relay.documents import order_of
from groundstation.keys.relay.records import Announcement
from groundstation.keys.sealing.file_kek import FileKekProvider
from groundstation.keys.station.dialogue import Dialogue
from groundstation.keys.station.identity import Certificates
from groundstation.keys.station.node import Node
from groundstation.keys.station.process import Address, StationProcess, Wiring
from groundstation.keys.station.tags import Tagging
from groundstation.keys.store.store import open_store


def main(settings):
    folder = Path(settings["folder"])
    name = settings["name"]
    store = open_store(
        folder / "keys",
        name,
        FileKekProvider(folder / "kek"),
        clock=time.time,
        monotonic=time.monotonic,
    )
    secrets = {peer: bytes.fromhex(text) for peer, text in settings["secrets"].items()}
    node = Node(store, Dialogue(Tagging(True, uuid4), secrets, os.urandom), settings["peers"])
    wiring = Wiring(
        Certificates(*(Path(path) for path in settings["certificates"])),
        Address("127.0.0.1", settings["port"]),
        {peer: Address("127.0.0.1", port) for peer, port in settings["peers"].items()},
        0.1,
        folder / "control",
    )
    commands = _commands(store, node, folder)
    process = StationProcess(node, wiring, clock=time.time, commands=commands)
    with store:
        asyncio.run(process.run())


def _commands(store, node, folder):
    def fill(arguments):
        pool = Pool(*sorted(arguments["pool"]))
        key = base64.b64decode(arguments["key"])
        segment = Segment(
            UUID(arguments["segment"]),
            pool,
            Origin(OriginKind.PASS, "pass"),
            TrustLabel((frozenset(),), 1),
            8 * len(key),
            hashlib.sha256(key).hexdigest(),
            0.0,
            None,
        )
        shared = arguments["shared"]
        store.import_segment(segment, key, (pool.a, pool.b) if shared else (store.reader.node(),))
        if not shared:
            store.agree(segment.segment_id, segment.digest, "satellite")
        return True

    def begin(arguments):
        node.begin(order_of(arguments["order"]))
        return True

    def committed(arguments):
        paper = store.reader.document(custody.COMMIT, arguments["order"])
        return None if paper is None else json.loads(paper.payload)

    def announce(arguments):
        xor = base64.b64decode(arguments["xor"])
        node.announced(UUID(arguments["order"]), Announcement(arguments["name"], xor))
        return True

    def deliver(arguments):
        """Ask for key of a pool; what comes is written down where the test finds it."""
        identity = UUID(arguments["allocation"])
        pool = Pool(*sorted(arguments["pool"]))
        request = Request(identity, pool, Purpose.DELIVERY, "test", arguments["n_bits"])
        future, messages = node.ask(request, Restriction())
        del messages  # said again by the next reminder
        future.add_done_callback(lambda done: _keep(folder, "out", identity, done.result()))
        return True

    def fetch(arguments):
        identity = UUID(arguments["allocation"])
        _keep(folder, "in", identity, node.fetch(identity))
        return True

    def state(_arguments):
        segments = {}
        for segment in store.reader.segments():
            segments[str(segment.segment_id)] = [segment.stage.value, segment.origin.kind.value]
        totals = store.reader.totals()
        return {
            "segments": segments,
            "imported": imported_bits(totals),
            "reserved": totals.reserved,
            "available": totals.available,
            "over": [
                document.reference
                for kind in (custody.DONE, custody.END)
                for document in store.reader.documents(kind)
            ],
        }

    def fingerprint(arguments):
        def work(unit):
            found = hashlib.sha256()
            identity = UUID(arguments["segment"])
            for lane in unit.view.lanes(identity):
                held = unit.view.held(identity)
                for span in lane.free:
                    extent = Extent(identity, lane.index, span.start, span.stop - span.start)
                    found.update(unit._vault.read(held, held.lane_nos[lane.index], extent))
            return found.hexdigest()

        return store.transact(work)

    found = (fill, begin, committed, announce, deliver, fetch, state, fingerprint)
    return {command.__name__: command for command in found}


def _keep(folder, direction, identity, key):
    with (folder / direction).open("a") as file:
        file.write(f"{identity} {hashlib.sha256(key).hexdigest()}\n")
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))

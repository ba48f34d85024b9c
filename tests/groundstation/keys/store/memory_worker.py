# ruff: noqa: T201  it answers on its standard output
"""A process that imports and delivers key and then searches its own memory for what is left of it.

The key is kept masked, and memory is masked before it is searched: the search makes no copy of what
it looks for. It prints four numbers of samples found, of 64: of key that is still held (the search
must find that), after the import, after half of the key was delivered, after closing.
"""

import gc
import os
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

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
from groundstation.keys.store.store import open_store

LINK = Pool("matera", "micius")
KEY_BYTES, SAMPLES, SAMPLE_BYTES, MASK = 32_768, 64, 16, 0xAA


def masked(content):
    return np.bitwise_xor(np.frombuffer(content, np.uint8), MASK).tobytes()


def found(samples):
    """How many masked samples stand anywhere in this process's writable memory."""
    hits = [False] * len(samples)
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights = line.split()[:2]
        first, last = (int(part, 16) for part in span.split("-"))
        if not rights.startswith("rw") or "[v" in line:
            continue
        try:
            with open("/proc/self/mem", "rb", buffering=0) as memory:  # noqa: PTH123
                memory.seek(first)
                region = memory.read(last - first)
        except (OSError, ValueError):
            continue
        content = masked(region)
        del region
        for number, sample in enumerate(samples):
            hits[number] = hits[number] or sample in content
        del content
    return sum(hits)


def main(folder):
    options: Any = {"clock": time.time, "monotonic": time.monotonic}
    key = bytearray(os.urandom(KEY_BYTES))
    probe = masked(key)
    step = KEY_BYTES // SAMPLES
    samples = [probe[at : at + SAMPLE_BYTES] for at in range(0, KEY_BYTES, step)]
    print(found(samples))
    with open_store(folder / "keys", "matera", FileKekProvider(folder / "kek"), **options) as store:
        origin, nobody = Origin(OriginKind.PASS, "p"), TrustLabel((frozenset(),), 1)
        segment = Segment(uuid4(), LINK, origin, nobody, 8 * KEY_BYTES, "ab" * 32, 0.0, None)
        store.import_segment(segment, bytes(key), ("matera",))
        store.agree(segment.segment_id, segment.digest, "micius")
        key[:] = bytes(KEY_BYTES)
        gc.collect()
        print(found(samples))
        for _ in range(16):
            request = Request(uuid4(), LINK, Purpose.DELIVERY, "x", 8192)
            store.reserve(request)
            store.consume(request.allocation_id)
        gc.collect()
        print(found(samples))
    gc.collect()
    print(found(samples))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

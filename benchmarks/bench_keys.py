"""Durable allocations, imports and verification of the key ledger, beside the naive way.

The naive way opens one SQLite connection for every request, in the same folder and the same run,
with the same durability (write-ahead log, synchronous FULL) and far less work: one row inserted and
one pointer moved per request, no double entry, no sealing, no audit log. Wall time throughout,
because waiting for the disk is what group commit saves; the disk's own pace is measured beside it.

Usage: bench_keys.py [ALLOCATIONS TO VERIFY]; 1000000 if it is left out.
"""

import os
import secrets
import sqlite3
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from groundstation.keys.ledger.records import (
    Allocation,
    AllocationState,
    Extent,
    Origin,
    OriginKind,
    Pool,
    Purpose,
    Role,
    Segment,
    TrustLabel,
)
from groundstation.keys.ledger.views import Request, Span, Totals
from groundstation.keys.sealing.file_kek import FileKekProvider
from groundstation.keys.store.row_mac import allocation_mac
from groundstation.keys.store.rows import to_us
from groundstation.keys.store.store import open_store
from groundstation.keys.store.verify import verify

LINK = Pool("matera", "micius")
MEGABIT = 1 << 20
KEY_BITS = 256
CALLERS = 64
REQUESTS = 12_800
NAIVE_REQUESTS = 1_280
SYNCS = 50
VERIFIED = 1_000_000


def segment_of(n_bits):
    origin = Origin(OriginKind.PASS, "pass 1")
    nobody = TrustLabel((frozenset(),), 1)
    return Segment(uuid4(), LINK, origin, nobody, n_bits, secrets.token_hex(32), 0.0, None)


def stock(store, n_bits=MEGABIT):
    """Import a segment and agree on it; how long the durable import took, seconds."""
    segment, key = segment_of(n_bits), secrets.token_bytes(n_bits // 8)
    begun = time.perf_counter()
    store.import_segment(segment, key, ("matera",))
    took = time.perf_counter() - begun
    store.agree(segment.segment_id, segment.digest, "micius")
    return took


def sync_s(folder):
    """Seconds of one synchronisation of 4 KiB on this disk, the median of several."""
    times = []
    with (folder / "probe").open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            file.write(bytes(4096))
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begun)
    return sorted(times)[SYNCS // 2]


def request():
    return Request(uuid4(), LINK, Purpose.DELIVERY, "bank", KEY_BITS)


def allocate(unit):
    return unit.reserve(request())


def deliver(unit):
    wanted = request()
    unit.reserve(wanted)
    return unit.consume(wanted.allocation_id)


def pipelined(store, work, count):
    """Commands a second when callers do not wait for each other, as in a server's event loop."""
    begun = time.perf_counter()
    futures = [store.submit(work) for _ in range(count)]
    for future in futures:
        future.result()
    return count / (time.perf_counter() - begun)


def threaded(work, count):
    """Commands a second of 64 threads that wait for their answers; the longest wait, seconds."""
    waits = []

    def caller():
        for _ in range(count // CALLERS):
            begun = time.perf_counter()
            work()
            waits.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=caller) for _ in range(CALLERS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return count / (time.perf_counter() - begun), max(waits)


def naive(folder):
    """Commands a second with a connection for every request."""
    path = folder / "naive.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE pointer (at INTEGER)")
        connection.execute("CREATE TABLE issue (key_id BLOB PRIMARY KEY, at INTEGER)")
        connection.execute("INSERT INTO pointer VALUES (0)")
    connection.close()

    def one():
        connection = sqlite3.connect(path, timeout=60, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        (at,) = connection.execute("SELECT at FROM pointer").fetchone()
        connection.execute("INSERT INTO issue VALUES (?, ?)", (uuid4().bytes, at))
        connection.execute("UPDATE pointer SET at = ?", (at + KEY_BITS,))
        connection.execute("COMMIT")
        connection.close()

    return threaded(one, NAIVE_REQUESTS)


def fill(store, count):
    """Delivered allocations by the thousand: the rows that the store writes, without its rules.

    `verify` finds them sound, so they are the same rows; binding them to the audit log 64 at a time
    gives the log the length that group commit would have given it.
    """
    per_segment = MEGABIT // KEY_BITS
    for first in range(0, count, per_segment):
        stock(store)
        rest = min(per_segment, count - first)
        store.transact(lambda unit, rest=rest: _fill_segment(unit, rest))


def _fill_segment(unit, count):
    applier = unit._applier  # noqa: SLF001  rows are written past the rules
    segment, lane = next(iter(unit.view.own_lanes(LINK)))
    lane_no = unit.view.lane_no(segment.segment_id, 0)
    (last,) = applier.connection.execute(
        "SELECT coalesce(max(allocation_no), 0) FROM allocation"
    ).fetchone()
    now = to_us(unit.clock().latest)
    (pool_no,) = applier.connection.execute("SELECT pool_no FROM pool").fetchone()
    for begin in range(0, count, CALLERS):
        some = range(begin, min(begin + CALLERS, count))
        places = [(last + 1 + n, n * KEY_BITS) for n in some]
        rows = [_allocation_row(applier, pool_no, segment, *place, now) for place in places]
        applier.connection.executemany(
            "INSERT INTO allocation VALUES (?, ?, ?, 'delivery', 'ours', 'bank', ?, ?, NULL,"
            " 'consumed', ?)",
            rows,
        )
        applier.connection.executemany(
            "INSERT INTO extent VALUES (?, ?, ?, ?, 0)",
            [(lane_no, start, start + KEY_BITS, number) for number, start in places],
        )
        for source, target in ((1, 2), (2, 3)):
            applier.connection.executemany(
                "INSERT INTO entry (lane_no, start, length, source, target, allocation_no,"
                " reason_no, at_us) VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
                [(lane_no, start, KEY_BITS, source, target, n, now) for n, start in places],
            )
        applier.audit.bind()
    _close_lane(applier, lane_no, lane, count * KEY_BITS)


def _allocation_row(applier, pool_no, segment, number, start, now):
    name = uuid4()
    extent = Extent(segment.segment_id, 0, start, KEY_BITS)
    allocation = Allocation(
        name,
        LINK,
        Purpose.DELIVERY,
        Role.OURS,
        "bank",
        (extent,),
        AllocationState.CONSUMED,
        now / 1e6,
        None,
    )
    return number, name.bytes, pool_no, KEY_BITS, now, allocation_mac(applier.row_key, allocation)


def _close_lane(applier, lane_no, lane, spent):
    free = (Span(spent, lane.n_bits),) if spent < lane.n_bits else ()
    totals = Totals(available=lane.n_bits - spent, delivered=spent)
    closed = replace(lane, free=free, totals=totals, high_water=spent)
    applier._lane(closed)  # noqa: SLF001  see above
    applier.has_written = True
    applier.vault.retire(lane_no, closed, [Extent(lane.segment_id, 0, 0, spent)])


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else VERIFIED
    with tempfile.TemporaryDirectory(prefix="bench-keys-") as name:
        folder = Path(name)
        provider = FileKekProvider(folder / "kek")
        options = {"clock": time.time, "monotonic": time.monotonic}
        with open_store(folder / "keys", "matera", provider, **options) as store:
            _rates(folder, store)
        with open_store(folder / "many", "matera", provider, **options) as store:
            fill(store, count)
        size_mb = (folder / "many" / "ledger.db").stat().st_size / 1e6
        begun, busy = time.perf_counter(), time.process_time()
        report = verify(folder / "many", provider)
        wall, busy = time.perf_counter() - begun, time.process_time() - busy
        print(f"verify {report.allocations} allocations, {report.entries} entries,", end=" ")
        print(
            f"{report.audit_rows} audit rows, {size_mb:.0f} MB: {wall:.1f} s ({busy:.1f} s busy),"
        )
        print(f"  {'sound' if report.is_sound else report.faults[:3]}")


def _rates(folder, store):
    print(f"one synchronisation of this disk: {1e3 * sync_s(folder):.1f} ms")
    imports = sorted(stock(store) for _ in range(15))
    print(f"import of {MEGABIT} bits, durable: {1e3 * imports[7]:.0f} ms median,", end=" ")
    print(f"{1e3 * imports[-1]:.0f} ms at most")
    for work, what in ((allocate, "reserve"), (deliver, "reserve and deliver")):
        busy = time.process_time()
        rate = pipelined(store, work, REQUESTS)
        busy = time.process_time() - busy
        print(f"{what}: {rate:.0f}/s, {1e6 * busy / REQUESTS:.0f} us of processor each")
    one_by_one, longest = threaded(lambda: store.transact(allocate), REQUESTS)
    print(
        f"reserve, {CALLERS} threads that wait: {one_by_one:.0f}/s, {1e3 * longest:.0f} ms at most"
    )
    slow, slowest = naive(folder)
    print(f"naive, {CALLERS} threads: {slow:.0f}/s, {1e3 * slowest:.0f} ms at most", end="; ")
    print(f"group commit is {one_by_one / slow:.1f} times as fast")


if __name__ == "__main__":
    main()

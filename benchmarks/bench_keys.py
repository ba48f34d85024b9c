"""Durable allocations, imports and verification of the key ledger, beside the naive way.

The naive way opens one SQLite connection for every request, in the same folder and the same run,
with the same durability (write-ahead log, synchronous FULL) and far less work: one row inserted and
one pointer moved per request, no double entry, no sealing, no audit log. Wall time throughout,
because waiting for the disk is what group commit saves; the disk's own pace is measured beside it.

Three limits are judged, and the program ends with 1 if one is missed: an import of 1 Mbit below
100 ms, 3000 durable allocations a second, a verification of 10^6 allocations below 15 s. Beside
every wall time stands processor time: where the two are far apart and the disk is quick, other
programs had the processor, and the quietest of several rounds is what is judged.

Usage: bench_keys.py [ALLOCATIONS TO VERIFY]; 1000000 if it is left out, and only that is judged.
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
from groundstation.keys.store.row_mac import allocation_mac, row_key
from groundstation.keys.store.rows import to_us
from groundstation.keys.store.store import open_store
from groundstation.keys.store.verify import verify

LINK = Pool("matera", "micius")
MEGABIT = 1 << 20
KEY_BITS = 256
CALLERS = 64
REQUESTS = 6_400
ROUNDS = 5
NAIVE_REQUESTS = 1_280
SYNCS = 50
# Enough key for all that is reserved afterwards.
IMPORTS = 21
VERIFIED = 1_000_000
LARGEST_IMPORT_S = 0.1
SMALLEST_RATE = 3000
LARGEST_VERIFY_S = 15.0


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
    """Commands a second when callers do not wait for each other, as in a server's event loop.

    Also the seconds of processor for each: of the thread that writes, and of the whole process.
    """
    writer_s, process_s = writer_time_s(store), time.process_time()
    begun = time.perf_counter()
    futures = [store.submit(work) for _ in range(count)]
    for future in futures:
        future.result()
    took, process_s = time.perf_counter() - begun, time.process_time() - process_s
    return count / took, (writer_time_s(store) - writer_s) / count, process_s / count


def writer_time_s(store):
    """Processor time that the thread that writes has used."""
    return store.transact(lambda _: time.thread_time())


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
    key = row_key(applier.audit.key)
    for begin in range(0, count, CALLERS):
        some = range(begin, min(begin + CALLERS, count))
        places = [(last + 1 + n, n * KEY_BITS) for n in some]
        rows = [_allocation_row(key, pool_no, segment, *place, now) for place in places]
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


def _allocation_row(key, pool_no, segment, number, start, now):
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
    return number, name.bytes, pool_no, KEY_BITS, now, allocation_mac(key, allocation)


def _close_lane(applier, lane_no, lane, spent):
    free = (Span(spent, lane.n_bits),) if spent < lane.n_bits else ()
    totals = Totals(available=lane.n_bits - spent, delivered=spent)
    closed = replace(lane, free=free, totals=totals, high_water=spent)
    applier.lane(closed)
    applier.has_written = True
    applier.vault.retire(lane_no, closed, [Extent(lane.segment_id, 0, 0, spent)])


def judged(what, value, limit, *, at_most):
    """Print a limit beside what was measured; whether it is kept."""
    is_kept = value <= limit if at_most else value >= limit
    way, word = "at most" if at_most else "at least", "kept" if is_kept else "MISSED"
    print(f"limit of {what}: {value:.4g}, {way} {limit:.4g}: {word}")
    return is_kept


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else VERIFIED
    with tempfile.TemporaryDirectory(prefix="bench-keys-") as name:
        folder = Path(name)
        provider = FileKekProvider(folder / "kek")
        options = {"clock": time.time, "monotonic": time.monotonic}
        with open_store(folder / "keys", "matera", provider, **options) as store:
            are_kept = _rates(folder, store)
        with open_store(folder / "many", "matera", provider, **options) as store:
            fill(store, count)
        are_kept += [_verification(folder / "many", provider)]
    return 0 if all(are_kept) else 1


def _verification(folder, provider):
    size_mb = (folder / "ledger.db").stat().st_size / 1e6
    begun, busy = time.perf_counter(), time.process_time()
    report = verify(folder, provider)
    wall, busy = time.perf_counter() - begun, time.process_time() - busy
    print(f"verify {report.allocations} allocations, {report.entries} entries,", end=" ")
    print(f"{report.audit_rows} audit rows, {size_mb:.0f} MB: {wall:.1f} s ({busy:.1f} s busy),")
    print(f"  {'sound' if report.is_sound else report.faults[:3]}")
    if report.allocations < VERIFIED:
        return report.is_sound
    return report.is_sound and judged("verify, s", wall, LARGEST_VERIFY_S, at_most=True)


def _rates(folder, store):
    print(f"one synchronisation of this disk: {1e3 * sync_s(folder):.1f} ms")
    imports = sorted(stock(store) for _ in range(IMPORTS))
    middle = imports[len(imports) // 2]
    print(f"import of {MEGABIT} bits, durable: {1e3 * middle:.0f} ms median,", end=" ")
    print(f"{1e3 * imports[-1]:.0f} ms at most")
    best = _pipelined(store, allocate, "reserve")
    _pipelined(store, deliver, "reserve and deliver")
    waiting, longest = threaded(lambda: store.transact(allocate), REQUESTS)
    print(f"reserve, {CALLERS} threads that wait: {waiting:.0f}/s, {1e3 * longest:.0f} ms at most")
    slow, slowest = naive(folder)
    print(f"naive, {CALLERS} threads: {slow:.0f}/s, {1e3 * slowest:.0f} ms at most", end="; ")
    print(f"group commit is {waiting / slow:.1f} times as fast, {best / slow:.1f} pipelined")
    return [
        judged("import of 1 Mbit, s", middle, LARGEST_IMPORT_S, at_most=True),
        judged("allocations a second", best, SMALLEST_RATE, at_most=False),
    ]


def _pipelined(store, work, what):
    """The quietest of several rounds, printed with all the others; its commands a second."""
    rounds = [pipelined(store, work, REQUESTS) for _ in range(ROUNDS)]
    rate, writer_s, process_s = max(rounds)
    pace = ", ".join(f"{one[0]:.0f}" for one in rounds)
    print(f"{what}: {rate:.0f}/s in the quietest round of {pace};", end=" ")
    print(f"{1e6 * writer_s:.0f} us of the writer's processor time each,", end=" ")
    print(f"{1e6 * process_s:.0f} us of the process's: {1 / process_s:.0f}/s of a free core")
    return rate


if __name__ == "__main__":
    sys.exit(main())

# ruff: noqa: T201  the counts of states tried are printed
"""A disk that is full, fails to read, write or synchronise, or changes a bit (I4, I5, I8)."""

import shutil
import sqlite3
from collections import Counter
from contextlib import closing, suppress
from random import Random
from typing import Any
from uuid import UUID

import pytest

from groundstation.errors import GroundStationError
from groundstation.keys.errors import KeyShortageError
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
from groundstation.keys.store.errors import StoreBrokenError, StoreFullError
from groundstation.keys.store.store import open_store
from groundstation.keys.store.verify import verify

LINK = Pool("matera", "micius")
CLOCK: Any = {"clock": lambda: 1.8e9, "monotonic": lambda: 0.0}


def uuid(draws):
    return UUID(int=draws.getrandbits(128), version=4)


def stock(store, draws, n_bits=65536):
    segment = Segment(
        uuid(draws),
        LINK,
        Origin(OriginKind.PASS, "pass 1"),
        TrustLabel((frozenset(),), 1),
        n_bits,
        "ab" * 32,
        0.0,
        None,
    )
    key = draws.randbytes(n_bits // 8)
    store.import_segment(segment, key, ("matera",))
    store.agree(segment.segment_id, segment.digest, "micius")
    return key


def take(store, draws, n_bits=3200):
    request = Request(uuid(draws), LINK, Purpose.DELIVERY, "bank", n_bits)

    def work(unit):
        unit.reserve(request)
        return unit.consume(request.allocation_id)

    return store.transact(work)


class Fault:
    """The n-th operation of some kinds fails; once, or from then on."""

    def __init__(self, error, kinds, number, *, once):
        self.error, self.kinds, self.left, self.once = error, kinds, number, once
        self.hits = 0

    def __call__(self, kind, name, _):
        if kind not in self.kinds or not name.startswith("ledger.db"):
            return
        self.left -= 1
        if self.left == 0 or (self.left < 0 and not self.once):
            self.hits += 1
            raise self.error


def open_on(disk, folder):
    _, connect = disk
    provider = FileKekProvider(folder / "kek")
    path = folder / "keys"
    if not path.exists():
        open_store(path, "matera", provider, **CLOCK).close()
    return open_store(path, "matera", provider, connect=connect, connect_reader=connect, **CLOCK)


def test_a_full_disk_changes_nothing_and_is_survived(tmp_path, disk, draws):
    apsw = pytest.importorskip("apsw")
    recorder, _ = disk
    refusals = 0
    store = open_on(disk, tmp_path)
    key = stock(store, draws)
    taken = 0
    for number in range(1, 25):
        recorder.fail = Fault(apsw.FullError("disk full"), {"write"}, number, once=False)
        try:
            while take(store, draws) == key[400 * taken : 400 * taken + 400]:
                taken += 1
        except StoreFullError:
            refusals += 1
        except KeyShortageError:
            recorder.fail = None
            key, taken = stock(store, draws), 0
            continue
        # There is room again, and the store goes on by itself, with the very next bits.
        recorder.fail = None
        if store.reader.totals().available < 6400:
            take(store, draws, store.reader.totals().available)
            key, taken = stock(store, draws), 0
        assert take(store, draws) == key[400 * taken : 400 * taken + 400]
        taken += 1
    store.close()
    assert refusals > 15
    assert StoreFullError.exit_code == 75
    report = verify(tmp_path / "keys", FileKekProvider(tmp_path / "kek"))
    assert report.faults == ()
    print(f"disk full: {refusals} refusals, no bit lost or doubled in {report.allocations} keys")


@pytest.mark.parametrize("kind", ["write", "sync", "read"])
def test_after_an_input_output_error_nothing_is_served(tmp_path, disk, draws, kind):
    apsw = pytest.importorskip("apsw")
    recorder, _ = disk
    tried = 0
    for number in (1, 2, 3, 5, 8, 13):
        folder = tmp_path / str(number)
        folder.mkdir()
        recorder.fail = None
        store = open_on(disk, folder)
        key = stock(store, draws)
        told = [take(store, draws)]
        # Next to no pages are kept in memory, so that they are read.
        store._core.connection.execute("PRAGMA cache_size = 1").fetchall()
        fault = Fault(apsw.IOError("input/output error"), {kind}, number, once=True)
        recorder.fail = fault
        with suppress(StoreBrokenError):
            for _ in range(12):
                told.append(take(store, draws, 1600))
                # Also the checkpoint may meet it.
                store._core.tidy(is_idle=False)
        recorder.fail = None
        if fault.hits:
            tried += 1
            # The disk works again; who cannot know what it holds says so all the same.
            for _ in range(3):
                with pytest.raises(StoreBrokenError, match="has stopped serving"):
                    take(store, draws)
        with suppress(sqlite3.Error, GroundStationError):
            store.close()
        provider = FileKekProvider(folder / "kek")
        with open_store(folder / "keys", "matera", provider, **CLOCK) as again:
            rest = take(again, draws, 800)
            delivered = again.reader.totals().delivered
        text = b"".join(told)
        assert key.startswith(text)
        # What the failed command held is burned or free, never out twice.
        assert key.find(rest) >= len(text)
        assert delivered >= 8 * len(text) + 800
        assert verify(folder / "keys", provider).faults == ()
    print(f"failing {kind}: {tried} places tried")
    assert tried >= 4


def page_kinds(path):
    """First byte of every page of a database: what kind of page it is."""
    content = path.read_bytes()
    return [content[at + (100 if at == 0 else 0)] for at in range(0, len(content), 4096)]


def flipped_outcomes(tmp_path, draws, flips):
    """Flip bits in copies of a ledger's files; what came of it."""
    origin = tmp_path / "origin"
    provider = FileKekProvider(tmp_path / "kek")
    outcomes: Counter[str] = Counter()
    states = 0
    with open_store(origin, "matera", provider, **CLOCK) as store:
        keys = [stock(store, draws), stock(store, draws, 32768)]
        spent = [take(store, draws) for _ in range(5)]
        waiting = [
            store.reserve(Request(uuid(draws), LINK, Purpose.DELIVERY, "shop", 3200))
            for _ in range(3)
        ]
    with open_store(origin, "matera", provider, **CLOCK) as store:
        spent.append(take(store, draws, 12800))
        names = {name: (origin / name).read_bytes() for name in _files(origin)}
    assert {"ledger.db", "ledger.db-wal"} <= names.keys()
    folder = tmp_path / "flipped"
    for name, position in flips(names):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for other, content in names.items():
            (folder / other).write_bytes(content)
        changed = bytearray(names[name])
        changed[position] ^= 1 << draws.randrange(8)
        (folder / name).write_bytes(changed)
        states += 1
        outcomes[outcome_of(folder, provider, keys, spent, waiting, draws)] += 1
    return states, outcomes


def _files(folder):
    return [path.name for path in folder.iterdir() if path.name in FILES]


FILES = ("ledger.db", "ledger.db-wal", "ledger.witness")


def outcome_of(folder, provider, keys, spent, waiting, draws):
    """Take all key that the ledger gives; all of it must be right and none have left before."""
    got, refusal = [], None
    try:
        store = open_store(folder, "matera", KeepAll(provider), **CLOCK)
    except GroundStationError:
        return "refused to open"
    try:
        for allocation in waiting:
            try:
                got.append(store.consume(allocation.allocation_id))
            except GroundStationError as error:
                refusal = error
        while True:
            try:
                got.append(take(store, draws, 1600))
            except KeyShortageError:
                break
            except GroundStationError as error:
                if type(refusal) is type(error) and str(error) == str(refusal):
                    break
                refusal = error
    finally:
        with suppress(sqlite3.Error):
            store.close()
    # A piece may end one segment and begin the next; which is first, their identities decide.
    text = keys[0] + keys[1] + keys[0]
    for piece in got:
        assert piece in text
        assert not any(piece in old or old in piece for old in spent)
    assert len(set(got)) == len(got)
    if isinstance(refusal, StoreBrokenError):
        return "stopped serving"
    return "unharmed" if refusal is None else type(refusal).__name__


class KeepAll:
    """The provider, but what it destroys stays for the next ledger."""

    def __init__(self, provider):
        self.create, self.load = provider.create, provider.load

    def destroy(self, kek_id):
        """Keep it."""


def in_pages(names, draws, count=1, stride=1):
    """Places of flips: some in every page of the database and of its log, three in the witness."""
    for name in ("ledger.db", "ledger.db-wal"):
        for at in range(0, len(names[name]), 4096 * stride):
            for _ in range(count):
                yield name, min(at + draws.randrange(4096), len(names[name]) - 1)
    for _ in range(3):
        yield "ledger.witness", draws.randrange(len(names["ledger.witness"]) or 1)


def test_no_flipped_bit_makes_wrong_key_or_old_key(tmp_path, draws):
    states, outcomes = flipped_outcomes(
        tmp_path, draws, lambda names: in_pages(names, draws, stride=2)
    )
    kinds = Counter(page_kinds(tmp_path / "origin" / "ledger.db"))
    print(f"bit flips: {states} states in pages of kinds {dict(kinds)}: {dict(outcomes)}")
    # Interior pages and leaves of tables, leaves of indexes; a ledger this small has no others.
    assert kinds.keys() == {5, 10, 13}
    assert outcomes["unharmed"] < states
    assert states > 30


@pytest.mark.slow
def test_no_flipped_bit_anywhere_makes_wrong_key_or_old_key(tmp_path):
    draws = Random(23)  # noqa: S311  the same flips every time
    states, outcomes = flipped_outcomes(
        tmp_path, draws, lambda names: in_pages(names, draws, count=15)
    )
    print(f"bit flips: {states} states: {dict(outcomes)}")
    assert states > 800


def test_damaged_key_goes_into_quarantine_and_people_are_told(tmp_path, draws):
    provider = FileKekProvider(tmp_path / "kek")
    with open_store(tmp_path / "keys", "matera", provider, **CLOCK) as store:
        stock(store, draws)
        take(store, draws)
    with closing(sqlite3.connect(tmp_path / "keys" / "ledger.db")) as connection, connection:
        connection.execute(
            "UPDATE chunk SET sealed = zeroblob(1052) WHERE chunk_no = (1 << 20) + 1"
        )
    report = verify(tmp_path / "keys", provider)
    assert len(report.damaged) == 1
    assert "its tag does not match" in report.faults[0]
    with open_store(tmp_path / "keys", "matera", provider, **CLOCK) as store:
        # The damaged chunk begins at bit 8192; what comes before it is whole.
        take(store, draws, 3200)
        with pytest.raises(GroundStationError, match="its tag does not match"):
            take(store, draws, 3200)
        totals = store.reader.totals()
        assert (totals.available, totals.quarantined, totals.reserved) == (0, 65536 - 6400, 0)
        assert store.reader.audit_rows(event="alarm")
        stock(store, draws)
        take(store, draws)

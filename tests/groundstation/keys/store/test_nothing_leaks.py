# ruff: noqa: T201  what was searched is printed
"""No key in logs, tracebacks, representations, reports, the audit log or the process title (I8)."""

import base64
import contextlib
import io
import logging
import traceback
from dataclasses import replace

import pytest

from groundstation.errors import GroundStationError
from groundstation.keys.errors import KeyConflictError
from groundstation.keys.ledger.records import Pool
from groundstation.keys.sealing.errors import SealError
from groundstation.keys.sealing.kek import unwrap
from groundstation.keys.store.anchor import anchor_line
from groundstation.keys.store.errors import KeyDamagedError, StoreError

PAIR, LINK = Pool("matera", "tenerife"), Pool("matera", "micius")
PIECE = 8


def find_traces(text, keys):
    """Where pieces of 8 bytes of a key begin that stand in a text, however they are written."""
    wide, low = base64_pieces(text), text.lower()
    found = []
    for key in keys:
        for at in range(len(key) - PIECE + 1):
            piece = key[at : at + PIECE]
            forms = (piece.hex(), piece.hex(" "), repr(piece)[2:-1], str(list(piece))[1:-1])
            if any(form in low or form in text for form in forms) or piece in wide:
                found.append(at)
    return found


def base64_pieces(text):
    """All that decodes from base64, at each of the four beginnings of a word."""
    letters = "".join(c if c.isalnum() or c in "+/-_" else " " for c in text)
    decoded = []
    for word in letters.replace("-", "+").replace("_", "/").split():
        for shift in range(4):
            part = word[shift:]
            part = part[: len(part) // 4 * 4]
            with contextlib.suppress(ValueError):
                decoded.append(base64.b64decode(part, validate=True))
    return b"|".join(decoded)


def test_the_search_finds_what_it_looks_for():
    key = bytes(range(100, 164))
    for text in (
        f"key={key[3:20].hex()}",
        f"KEY {key[3:20].hex().upper()}",
        repr(key),
        base64.b64encode(b"x" + key).decode(),
        base64.urlsafe_b64encode(b"xy" + key).decode(),
        str(list(key)),
    ):
        assert find_traces(f"before {text} after", [key]), text
    assert not find_traces("nothing of it", [key])


@contextlib.contextmanager
def overheard():
    """Everything that is logged or printed meanwhile."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def shown(error):
    """A traceback as a crash log would have it, with the values of all local variables."""
    details = traceback.TracebackException.from_exception(error)
    return "".join(details.format()) + repr(error) + str(vars(error))


def test_nothing_that_people_or_logs_see_has_a_piece_of_key(world):
    said = []
    with overheard() as stream, world.open() as store:
        segment, key = world.stock(store, n_bits=16384)
        _, link_key = world.stock(store, LINK, 8192)
        allocation, _ = world.take(store)
        world.take(store, 3200, pool=LINK)
        said += [
            repr(store),
            repr(store.reader.explain(allocation.allocation_id)),
            repr(store.reader.levels()),
            repr(store.reader.segment(segment.segment_id)),
            repr(store.reader.audit_rows()),
            anchor_line(store.anchor()),
            repr(store.rotate()),
            repr(store._core.applier.vault) + repr(store._core.applier.audit),
            repr(store._core.applier),
        ]
        failures = [
            (ValueError, lambda: store.import_segment(segment, key[:-1], ("matera", "tenerife"))),
            (
                KeyConflictError,
                lambda: store.import_segment(
                    replace(segment, digest="00" * 32), key, ("matera", "tenerife")
                ),
            ),
            (GroundStationError, lambda: store.consume(allocation.allocation_id)),
            (ZeroDivisionError, lambda: store.transact(lambda unit: _break_off(unit, world))),
        ]
        for kind, command in failures:
            with pytest.raises(kind) as caught:
                command()
            said.append(shown(caught.value))
        store.transact(
            lambda unit: unit._connection.execute("UPDATE chunk SET sealed = zeroblob(1052)")
        )
        with pytest.raises(KeyDamagedError) as caught:
            world.take(store)
        said.append(shown(caught.value))
    said.append(repr(world.verify()))
    said.append(stream.getvalue())
    secrets = [key, link_key, *kek_secrets(world)]
    text = "\n".join(said)
    print(f"{len(text)} characters searched for {sum(map(len, secrets))} bytes of key")
    assert len(text) > 5000
    assert find_traces(text, secrets) == []


def _break_off(unit, world):
    """A fault of a caller in the middle of handling key."""
    request = world.request()
    unit.reserve(request)
    taken = unit.consume(request.allocation_id)
    return taken[0] // 0


def kek_secrets(world):
    return [path.read_bytes() for path in (world.folder / "kek").iterdir()]


def test_a_wrong_key_encryption_key_is_not_shown_by_its_refusal(world):
    kek = world.provider.create("0" * 32)
    with pytest.raises(SealError) as caught:
        unwrap(kek, bytes(40))
    assert find_traces(shown(caught.value), [kek.secret]) == []


def test_the_audit_log_holds_no_key_and_no_digest_of_key_that_helps(world):
    with world.open() as store:
        _, key = world.stock(store)
        world.take(store)
        rows = store.reader.audit_rows()
    assert find_traces(repr(rows), [key, *kek_secrets(world)]) == []


def test_a_store_that_cannot_open_says_nothing_secret(world):
    world.open().close()
    secrets = kek_secrets(world)
    world.sql("UPDATE secret SET wrapped = zeroblob(40)", unguarded=True)
    with pytest.raises((SealError, StoreError)) as caught:
        world.open()
    assert find_traces(shown(caught.value), secrets) == []

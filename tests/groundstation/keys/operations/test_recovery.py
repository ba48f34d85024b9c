"""A restored backup at one of two stations: it asks, burns what was used since, serves again."""

import itertools
import shutil
from typing import Any
from uuid import uuid4

import pytest

from groundstation.errors import UsageError
from groundstation.keys.errors import KeyStaleError
from groundstation.keys.ledger.records import AllocationState, Pool, Purpose
from groundstation.keys.ledger.views import Request, Restriction
from groundstation.keys.operations.commands import run_command
from groundstation.keys.operations.importing import import_files
from groundstation.keys.operations.opening import SOCKET_NAME, open_desk, provider_of
from groundstation.keys.store.backup import restore

NAMES = ("calern", "skinakas")
PAIR = Pool(*NAMES)


@pytest.fixture
def restored(country, tmp_path):
    """calern, restored from a backup that does not know of a key delivered since."""
    c = country(*NAMES)
    for path, name in zip(c.file("calern", 65_536, peer="skinakas"), NAMES, strict=True):
        import_files(c.desks[name], [path])
    import_files(c.desks["calern"], [c.file("calern", 8_192, satellite="spoqc", pass_id="p")])
    c.work(c.is_settled)
    target = tmp_path / "backup.db"
    run_command(c.desks["calern"], "backup", {"target": str(target)})
    c.before = delivered(c, "calern")
    c.desks["calern"].store.close()
    policy = c.networks["calern"].key_store
    # The disk with the ledger is lost; the key-encryption key lies on another one.
    shutil.rmtree(c.folder / "calern" / "keys")
    ticks = itertools.count(1)
    restore(
        target,
        c.folder / "calern" / "keys",
        provider_of(policy.kek, {}),
        clock=c.clock,
        monotonic=lambda: float(next(ticks)),
    )
    c.desks["calern"] = open_desk(c.networks["calern"], clock=c.clock)
    return c


def delivered(c, name):
    """One key of 2048 bits from the pair's pool, as it leaves."""
    request = Request(uuid4(), PAIR, Purpose.DELIVERY, "bank", 2048)
    desk = c.desks[name]
    waiting: list[Any] = []
    # There once the process has begun: who asked before it is not answered.
    control = c.folder / name / "keys" / SOCKET_NAME
    control.unlink(missing_ok=True)

    def come():
        if not waiting and not control.exists():
            return False
        if not waiting:
            waiting.append(desk.node.ask(request, Restriction())[0])
        return waiting[0].done()

    c.work(come)
    return waiting[0].result()


def test_it_asks_the_other_station_and_serves_after_that(restored):
    c = restored
    desk = c.desks["calern"]
    assert desk.store.reader.is_behind()
    with pytest.raises(KeyStaleError, match="nobody has told"):
        run_command(desk, "fast-forward", {"anchors": []})
    c.work(lambda: desk.node.learned)
    done = run_command(desk, "fast-forward", {"anchors": []})
    assert done["pools_told"] == ["calern-skinakas"]
    # What left since, exactly; and all of the satellite's key, of which nobody could tell.
    assert done["burned_bits"] == 2048 + 8_192
    assert not desk.store.reader.is_behind()
    after = delivered(c, "calern")
    assert after != c.before
    assert len(after) == 256
    # The copy of the key that calern forgot is of no use to anybody: it burned.
    states = [a.state for a in c.desks["skinakas"].store.reader.history("bank")]
    assert states == [AllocationState.BURNED, AllocationState.RESERVED]


def test_the_nodes_own_anchor_saves_the_satellites_key(restored):
    c = restored
    desk = c.desks["calern"]
    line = run_command(desk, "anchor", {})["line"]
    c.work(lambda: desk.node.learned)
    done = run_command(desk, "fast-forward", {"anchors": [line]})
    assert done["burned_bits"] == 2048
    assert c.totals("calern", Pool("calern", "spoqc")).available == 8_192


def test_an_unknown_command_is_a_sentence(country):
    c = country("calern", "skinakas")
    with pytest.raises(UsageError, match="no command 'spend'"):
        run_command(c.desks["calern"], "spend", {})

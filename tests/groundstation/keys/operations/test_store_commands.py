"""`groundstation keys init | expire | explain | combine | restore | fast-forward` as typed."""

import json
import shutil
from uuid import UUID, uuid4

import pytest

from groundstation.keys.ledger.records import Pool, Purpose
from groundstation.keys.ledger.views import Request
from groundstation.keys.operations.opening import open_desk

LINK = Pool("calern", "spoqc")
LIFETIME_D = 30


@pytest.fixture
def stocked(keys):
    """calern with 8192 bits of spoqc in the ledger."""
    assert (
        keys("import", keys.country.file("calern", 8192, satellite="spoqc", pass_id="p-7"))[0] == 0
    )
    return keys


def rows(text):
    return json.loads(text)["rows"]


def status(keys):
    _, out, _ = keys("status", "--json")
    return {(row["a"], row["b"]): row for row in rows(out)}


def spent(keys, n_bits=256, reference="bank-carrier"):
    """A delivery of the satellite's key, as a later interface will make it; its identity."""
    c = keys.country
    request = Request(uuid4(), LINK, Purpose.DELIVERY, reference, n_bits)
    with open_desk(c.networks["calern"], clock=c.clock).store as store:
        store.reserve(request)
        return request.allocation_id, store.consume(request.allocation_id)


def test_a_ledger_is_made_once_and_keeps_its_identity(keys):
    code, first, _ = keys("init")
    assert code == 0
    assert first.startswith("ledger of calern, store ")
    assert keys("init")[1] == first


def test_an_allocation_is_explained_without_a_bit_of_it(stocked):
    identity, key = spent(stocked)
    code, out, _ = stocked("explain", identity)
    assert code == 0
    assert "delivery of 256 bits, consumed, pool calern-spoqc, for bank-carrier" in out
    assert "pass p-7" in out
    assert "simulation" in out
    code, out, _ = stocked("explain", identity, "--json")
    told = json.loads(out)
    assert [entry["target"] for entry in told["entries"]] == ["reserved", "delivered"]
    assert (told["n_bits"], told["segments"][0]["known_to"]) == (256, [["simulation"]])
    assert key.hex() not in out
    assert stocked("explain", uuid4())[0] == 1
    assert stocked("explain", "no-identity")[0] == 2


def test_the_account_of_a_month_shows_where_every_bit_went(stocked):
    """imported = available + reserved + delivered + relayed + spent + expired + burned + ..."""
    spent(stocked, 1024)
    c = stocked.country
    with open_desk(c.networks["calern"], clock=c.clock).store as store:
        store.reserve(Request(uuid4(), LINK, Purpose.DELIVERY, "bank", 512))
        lost = Request(uuid4(), LINK, Purpose.DELIVERY, "bank", 128)
        store.reserve(lost)
        store.burn(lost.allocation_id, "the caller has gone")
    row = status(stocked)["calern", "spoqc"]
    accounts = ("available", "reserved", "delivered", "relayed", "authentication", "expired")
    every = sum(row[f"{name}_bits"] for name in (*accounts, "burned", "quarantined"))
    assert every == row["imported_bits"] == 8192
    code, out, _ = stocked("history", "--month", "2026-06", "--json")
    (month,) = rows(out)
    assert code == 0
    assert (month["imported_bits"], month["delivered_bits"], month["burned_bits"]) == (
        8192,
        1024,
        128,
    )
    assert month["closing_bits"] == row["available_bits"] + row["reserved_bits"] == 7040


def test_demands_are_shown_with_the_days_that_their_pool_lasts(stocked):
    code, out, err = stocked("status", "--demands", "--json")
    told = {row["demand"]: row for row in rows(out)}
    assert told["bank-carrier"]["available_bits"] == 0
    assert told["grid-control"]["reserve_bits"] == 100_000
    # grid-control is between two other nodes, of which nothing is known here.
    assert "grid-control" not in err
    assert code == 0
    code, out, _ = stocked("status")
    assert "8,192" in out


def test_expired_key_is_first_told_and_then_taken_off_the_balance(keys):
    text = (keys.place / "groundstation.toml").read_text()
    changed = text.replace(
        '[keys]\nnode = "calern"', f'[keys]\nlifetime_d = {LIFETIME_D}\nnode = "calern"'
    )
    assert changed != text
    (keys.place / "groundstation.toml").write_text(changed)
    keys("import", keys.country.file("calern", 8192, satellite="spoqc", pass_id="p"))
    keys.now = "2026-07-15T11:59Z"
    assert rows(keys("expire", "--json")[1]) == []
    keys.now = "2026-07-15T12:00Z"
    code, out, err = keys("expire", "--json")
    assert (code, [row["n_bits"] for row in rows(out)]) == (0, [8192])
    assert "nothing was changed" in err
    assert status(keys)["calern", "spoqc"]["available_bits"] == 8192
    # A month is further than a clock is believed to jump without a person's word (I12).
    code, _, err = keys("expire", "--apply")
    assert code == 1
    assert "confirm" in err
    code, out, _ = keys("expire", "--apply", "--confirm-clock", "anna", "--json")
    assert code == 0
    row = status(keys)["calern", "spoqc"]
    assert (row["available_bits"], row["expired_bits"]) == (0, 8192)


def test_shares_that_are_none_are_refused_in_words(stocked):
    code, _, err = stocked("combine", "bank-carrier", uuid4(), uuid4())
    assert code == 1
    assert "no such segment" in err
    code, _, err = stocked("combine", "no-demand", UUID(int=1))
    assert code == 1


def test_a_restored_backup_serves_nobody_before_it_has_caught_up(stocked):
    backup, place = stocked.place / "backup.db", stocked.place
    assert stocked("backup", backup)[0] == 0
    _, before = spent(stocked)
    anchors = place / "anchors.txt"
    anchors.write_text(stocked("audit", "--anchor")[1])
    assert stocked("restore", backup)[0] != 0  # the ledger is still there
    shutil.rmtree(place / "keys")
    code, out, _ = stocked("restore", backup)
    assert code == 0
    assert "fast-forward" in out
    code, out, err = stocked("status", "--json")
    assert (code, json.loads(out)["is_behind"]) == (3, True)
    assert "restored backup" in err
    with pytest.raises(Exception, match="restored backup"):
        spent(stocked)
    code, _, err = stocked("fast-forward")
    assert code == 1
    assert "nobody has told" in err
    code, out, _ = stocked("fast-forward", anchors)
    assert (code, out.split(" bits")[0]) == (0, "caught up: 256")
    assert status(stocked)["calern", "spoqc"]["available_bits"] == 8192 - 256
    assert spent(stocked)[1] != before
    assert stocked("verify")[1].splitlines()[-1] == "sound"

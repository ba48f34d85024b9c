"""The command line of the key ledger, `groundstation keys ...`, as people type it."""

import json
import subprocess
import sys

import pytest

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation


def rows(text):
    return json.loads(text)["rows"]


def test_a_key_file_goes_in_once_and_the_status_shows_it(keys):
    file = keys.country.file("calern", 8192, satellite="spoqc", pass_id="p")
    code, out, _ = keys("import", file, "--json")
    assert code == 0
    assert [row["outcome"] for row in rows(out)] == ["imported"]
    code, out, _ = keys("import", file, "--json")
    assert (code, [row["outcome"] for row in rows(out)]) == (0, ["unchanged"])
    code, out, _ = keys("status", "--json")
    (row,) = rows(out)
    assert (row["a"], row["b"], row["available_bits"]) == ("calern", "spoqc", 8192)
    assert code == 0
    code, out, _ = keys("verify")
    assert code == 0
    assert out.splitlines()[-1] == "sound"


def test_a_torn_file_is_kept_with_its_reason(keys):
    good = keys.country.file("calern", 8192, satellite="spoqc", pass_id="p")
    torn = good.parent / "torn.zip"
    torn.write_bytes(good.read_bytes()[:-900])
    code, out, _ = keys("import", torn, good, "--json")
    assert code == 3
    assert [row["outcome"] for row in rows(out)] == ["refused", "imported"]
    assert "zip" in rows(out)[0]["detail"]
    code, _, _ = keys("import", torn)
    assert code == 1
    kept = [path for path in (keys.place / "keys" / "quarantine").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in kept] == [torn.read_bytes()]
    code, out, _ = keys("audit", "--event", "import-refused", "--json")
    (row,) = rows(out)
    assert json.loads(row["payload"])["kind"] == "torn"


def test_a_file_for_another_station_and_a_swapped_one_are_refused(keys):
    other = keys.country.file("skinakas", 8192, satellite="spoqc", pass_id="p")
    code, out, _ = keys("import", other, "--json")
    assert code == 1
    assert "transport key" in rows(out)[0]["detail"]


def test_another_key_of_the_same_segment_is_refused_and_alarmed(keys):
    c = keys.country
    state = c.rng.bit_generator.state
    one = c.file("calern", 8192, satellite="spoqc", pass_id="p")
    keep = one.with_name("one.zip")
    one.rename(keep)
    c.rng.bit_generator.state = state
    two = c.file("calern", 8192, satellite="spoqc", pass_id="p", key=bytes(1024))
    assert one == two
    assert keys("import", keep)[0] == 0
    code, out, _ = keys("import", two, "--json")
    assert code == 1
    assert "came before" in rows(out)[0]["detail"]
    code, out, _ = keys("audit", "--event", "alarm", "--json")
    assert len(rows(out)) == 1


def test_reconciled_key_of_a_pair_is_hashed_once_and_repeated_by_the_other(keys):
    c = keys.country
    ours, theirs = c.reconciled_file("calern", None, None, peer="skinakas")
    c.open()
    from groundstation.keys.operations.importing import import_files

    (waits,) = import_files(c.desks["skinakas"], [theirs])
    assert waits.outcome == "waiting"
    (one,) = import_files(c.desks["calern"], [ours])
    record = keys.place / "keys" / "records" / f"{one.segment_id}.json"
    (two,) = import_files(c.desks["skinakas"], [theirs], record=record)
    c.work(c.is_settled)
    stages = {
        c.desks[name].store.reader.segment(_uuid(one)).segment.stage.value for name in c.names
    }
    assert stages == {"usable"}
    assert c.stored("calern", _uuid(one)) == c.stored("skinakas", _uuid(two))
    c.close()


def _uuid(result):
    from uuid import UUID

    return UUID(result.segment_id)


def test_a_purge_needs_two_persons_and_says_first_what_it_would_do(keys):
    file = keys.country.file("calern", 8192, satellite="spoqc", pass_id="p")
    _, out, _ = keys("import", file, "--json")
    segment = rows(out)[0]["segment_id"]
    tokens = []
    for name, token in (("anna", b"a" * 40), ("boris", b"b" * 40)):
        path = keys.place / name
        path.write_bytes(token)
        path.chmod(0o600)
        tokens.append(path)
    reason = ("--reason", "receiver was open")
    code, out, err = keys("purge", segment, *reason, "--json")
    assert (code, rows(out)[0]["n_bits"]) == (0, 8192)
    assert "nothing was changed" in err
    one = ("--token", tokens[0])
    code, _, err = keys("purge", segment, *reason, "--apply", *one, *one)
    assert code == 1
    assert "1 of 2 different persons" in err
    assert rows(keys("status", "--json")[1])[0]["available_bits"] == 8192
    code, out, _ = keys("purge", segment, *reason, "--apply", *one, "--token", tokens[1])
    assert code == 0
    row = rows(keys("status", "--json")[1])[0]
    assert (row["available_bits"], row["burned_bits"]) == (0, 8192)


def test_rotation_backup_anchor_and_history(keys):
    file = keys.country.file("calern", 8192, satellite="spoqc", pass_id="p")
    keys("import", file)
    assert keys("rotate")[0] == 0
    backup = keys.place / "backup.db"
    assert keys("backup", backup)[0] == 0
    assert backup.stat().st_mode & 0o077 == 0
    code, line, _ = keys("audit", "--anchor")
    anchor = keys.place / "anchor"
    anchor.write_text(line)
    code, out, _ = keys("verify", "--anchor", anchor, "--json")
    assert (code, json.loads(out)["faults"]) == (0, [])
    code, out, _ = keys("history", "--month", "2026-06", "--json")
    (row,) = rows(out)
    assert (row["opening_bits"], row["imported_bits"], row["closing_bits"]) == (0, 8192, 8192)
    code, out, _ = keys("history", "--month", "2026-07", "--json")
    (row,) = rows(out)
    assert (row["opening_bits"], row["imported_bits"], row["closing_bits"]) == (8192, 0, 8192)
    code, out, _ = keys("history", "--month", "2026-06")
    assert "8,192" in out
    assert keys("history", "--month", "June")[0] == 2


def test_a_relay_that_the_demand_forbids_is_refused_with_a_sentence(keys):
    plan = keys.place / "plan.json"
    hop = {"a": "calern", "b": "skinakas", "satellite": "spoqc"}
    plan.write_text(
        json.dumps(
            {
                "schema": "plan/1",
                "plan_id": "x",
                "night": "2026-06-14",
                "contacts": [],
                "relays": [{"demand": "bank-carrier", "bits": 8000, "hops": [hop]}],
                "deliveries": [],
                "rejections": [],
                "value_kbit": 0.0,
                "bound_kbit": 0.0,
                "solver": "none",
                "remarks": [],
            }
        )
    )
    code, out, _ = keys("relay", "--plan", plan, "--dry-run", "--json")
    assert (code, rows(out)[0]["outcome"]) == (0, "would be ordered")
    code, out, _ = keys("relay", "--plan", plan, "--json")
    assert code == 3
    assert "only 0 bits may be used" in rows(out)[0]["detail"]
    text = plan.read_text().replace("bank-carrier", "bank-mirror")
    plan.write_text(text)
    code, out, _ = keys("relay", "--plan", plan, "--json")
    assert "does not join" in rows(out)[0]["detail"]


def test_without_a_keys_table_a_hint_says_what_to_add(capsys):
    assert run(groundstation, ["--example", "europe-2026", "keys", "status"]) == 2
    assert "[keys]" in capsys.readouterr().err


def test_a_hardware_generator_that_is_stuck_is_refused_and_audited(country, tmp_path):
    from groundstation.keys.randomness.errors import RandomnessError

    broken = tmp_path / "stuck"
    broken.write_bytes(bytes(100_000))
    extra = f'[randomness]\nsource = "file"\npath = "{broken}"\n'
    with pytest.raises(RandomnessError, match="refused"):
        country("calern", extra=extra)
    found = country("skinakas", extra=extra + 'on_failure = "system-only"\n')
    events = found.desks["skinakas"].store.reader.audit_rows(event="randomness-failed")
    assert len(events) == 1


def test_help_loads_neither_numpy_nor_the_ledger():
    code = (
        "import sys; from groundstation.cli.main import groundstation\n"
        "try: groundstation.main(['keys', '--help'])\n"
        "except SystemExit: pass\n"
        "bad = {'numpy', 'scipy', 'cryptography', 'pydantic', 'asyncio'} & set(sys.modules)\n"
        "assert not bad, bad"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "purge" in done.stdout


def test_a_crash_log_tells_where_it_broke_and_holds_no_key(keys, monkeypatch):
    """F15 with a forced exception: key is in the locals of the frame, not in the log."""
    file = keys.country.file("calern", 8192, satellite="spoqc", pass_id="p")
    (key,) = keys.country.keys.values()

    def broken(_unit, _desk, imported, _final):
        held = imported.key
        raise RuntimeError(f"broken with {len(held)} bytes in hand")

    monkeypatch.setattr("groundstation.keys.operations.importing._take", broken)
    code, out, err = keys("import", file)
    assert code == 1
    (log,) = keys.place.glob("groundstation-crash-*.log")
    told = log.read_bytes() + out.encode() + err.encode()
    assert b"broken with 1024 bytes in hand" in told
    for start in range(0, len(key) - 8, 64):
        piece = key[start : start + 8]
        assert piece not in told
        assert piece.hex().encode() not in told
        assert repr(piece)[2:-1].encode() not in told

"""Two `groundstation keys serve` processes and the commands beside them, as an operator types them.

The stations are the real program: two processes, two ledgers, TLS on loopback. The other commands
run in the process of the test and reach the ledgers by the control sockets.
"""

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

import pytest

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
from groundstation.keys.relay.satellite_files import (
    SatelliteMemory,
    announcement_text,
    read_request,
    write_text,
)

NAMES = ("calern", "skinakas")
PATIENCE_S = 90.0
L = 4096


class Operators:
    """People at both nodes: they start and stop processes and type commands."""

    def __init__(self, country, capsys):
        self.country = country
        self.capsys = capsys
        self.processes = {}
        country.close()

    def serve(self, name):
        program = Path(sys.executable).with_name("groundstation")
        words = [str(program), "-C", str(self.country.folder / name), "keys", "serve"]
        with (self.country.folder / name / "serve.log").open("ab") as log:
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True)
        self.processes[name] = process
        assert process.stdout is not None
        assert f"{name} listens on port" in process.stdout.readline()
        self.until((self.country.folder / name / "keys/station.sock").exists)
        return process

    def stop(self, name):
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
        process.stdout.close()
        return code

    def type(self, name, *words):
        place = str(self.country.folder / name)
        code = run(groundstation, ["-C", place, "keys", *map(str, words)])
        captured = self.capsys.readouterr()
        return code, captured.out, captured.err

    def rows(self, name, *words):
        code, out, err = self.type(name, *words, "--json")
        assert code in (0, 3), err
        return json.loads(out)["rows"]

    def pool(self, name, *ends):
        found = [r for r in self.rows(name, "status") if {r["a"], r["b"]} == set(ends)]
        return found[0] if found else None

    def until(self, claim):
        deadline = time.monotonic() + PATIENCE_S
        while not claim():
            assert time.monotonic() < deadline, "not in time"
            time.sleep(0.1)

    def close(self):
        for process in self.processes.values():
            process.kill()
            process.wait()
            process.stdout.close()


@pytest.fixture
def operators(country, capsys, monkeypatch):
    guard = "groundstation.keys.sealing.process_guard.forbid_core_dumps"
    monkeypatch.setattr(guard, lambda: None)
    made = Operators(country(*NAMES), capsys)
    yield made
    made.close()


def plan_file(c):
    hop = {"a": "calern", "b": "skinakas", "satellite": "spoqc"}
    document = {
        "schema": "plan/1",
        "plan_id": "p1",
        "night": "2026-06-14",
        "contacts": [],
        "relays": [{"demand": "bank-carrier", "bits": L, "hops": [hop]}],
        "deliveries": [],
        "rejections": [],
        "value_kbit": 0.0,
        "bound_kbit": 0.0,
        "solver": "none",
        "remarks": [],
    }
    path = c.folder / "plan.json"
    path.write_text(json.dumps(document))
    return path


def answered(c, folder):
    """The satellite's operator reads the one request and writes the announcement."""
    (path,) = folder.glob("request-*.json")
    key = c.transport_key("calern")
    request = read_request(path.read_text(), key)

    def read(_station, extents):
        return b"".join(c.keys[e.segment_id][e.start // 8 : e.stop // 8] for e in extents)

    made = SatelliteMemory().announce(request, read)
    answer = folder / "announcement.json"
    write_text(answer, announcement_text(made, request.order_id, key))
    return answer


@pytest.mark.slow
def test_a_day_of_two_stations_at_the_command_line(operators):
    o, c = operators, operators.country
    for name in NAMES:
        o.serve(name)
    # A ledger has one process: a second one is told so, commands go through the first.
    code, _, err = o.type("calern", "serve")
    assert code == 75
    assert "open already" in err
    by_hand = dict(zip(NAMES, c.file("calern", 32_768, peer="skinakas"), strict=True))
    for name in NAMES:
        passed = c.file(name, 2 * L, satellite="spoqc", pass_id=f"p-{name}")
        outcomes = [row["outcome"] for row in o.rows(name, "import", passed, by_hand[name])]
        assert outcomes == ["imported", "imported"]
    o.until(lambda: all(o.pool(name, *NAMES)["available_bits"] == 32_768 for name in NAMES))

    (ordered,) = o.rows("calern", "relay", "--plan", plan_file(c))
    assert (ordered["outcome"], ordered["n_bits"]) == ("ordered", L)
    (again,) = o.rows("calern", "relay", "--plan", plan_file(c))
    assert again["outcome"] == "ordered before"
    (elsewhere,) = o.rows("skinakas", "relay", "--plan", plan_file(c))
    assert elsewhere["outcome"] == "of another node"
    outgoing = c.folder / "outgoing"

    def requested():
        o.type("calern", "relay", "--requests", outgoing)
        return list(outgoing.glob("request-*.json"))

    o.until(requested)
    (told,) = o.rows("calern", "relay", "--announcement", answered(c, outgoing))
    assert told["outcome"] == "announced"

    def brought():
        pools = [o.pool(name, *NAMES) for name in NAMES]
        return all(p["imported_bits"] == 32_768 + L and not p["quarantined_bits"] for p in pools)

    o.until(brought)
    # Both pools hold the same, and every bit is in one account.
    one, two = (o.pool(name, *NAMES) for name in NAMES)
    assert one["available_bits"] == two["available_bits"]
    for name in NAMES:
        link = o.pool(name, name, "spoqc")
        assert (link["relayed_bits"], link["available_bits"]) == (L, L)
        month = f"{datetime.now(UTC):%Y-%m}"
        for row in o.rows(name, "history", "--month", month):
            came = row["opening_bits"] + row["imported_bits"] + row["received_by_relay_bits"]
            went = sum(
                row[f"{account}_bits"]
                for account in ("delivered", "relayed_away", "authentication", "expired", "burned")
            )
            assert came - went == row["closing_bits"]
    first_link = uuid5(UUID(ordered["order_id"]), "link 0")
    code, out, _ = o.type("calern", "explain", first_link)
    assert code == 0
    assert f"relay of {L} bits, consumed" in out
    code, out, err = o.type("calern", "verify")
    assert (code, out.splitlines()[-1]) == (0, "sound"), err
    assert o.type("calern", "rotate")[0] == 0
    backup = c.folder / "backup.db"
    assert o.type("calern", "backup", backup)[0] == 0
    assert backup.exists()
    assert '"marks"' in o.type("calern", "audit", "--anchor")[1]
    # A refusal keeps its words and its code on the way through the socket.
    code, _, err = o.type("calern", "backup", backup)
    assert code not in (0, 75)
    assert "backup.db" in err
    assert {o.stop(name) for name in NAMES} == {0}
    assert o.type("calern", "verify")[0] == 0
    log = (c.folder / "calern/serve.log").read_text()
    assert "Traceback" not in log
    assert "Exception" not in log


@pytest.mark.slow
def test_the_process_gives_its_title_no_words_and_its_memory_to_nobody(operators):
    process = operators.serve("calern")
    facts = Path(f"/proc/{process.pid}")
    assert (facts / "comm").read_text().strip() == "qkd-keys"
    lines = (facts / "limits").read_text().splitlines()
    (core,) = [line for line in lines if line.startswith("Max core file size")]
    assert core.split()[4:6] == ["0", "0"]
    socket = operators.country.folder / "calern/keys/station.sock"
    assert socket.stat().st_mode & 0o077 == 0
    process.kill()
    assert process.wait(10) == -signal.SIGKILL
    # The lock died with it; the socket that it left behind is in nobody's way.
    code, out, _ = operators.type("calern", "init")
    assert code == 0
    assert out.startswith("ledger of calern")
    assert socket.exists()

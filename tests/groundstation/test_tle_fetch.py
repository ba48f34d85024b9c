"""`groundstation tle fetch` from a terminal: what it prints, how it ends, what it never says."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from groundstation.cli import failure
from groundstation.cli.main import groundstation
from groundstation.cli.tle_fetch import _exit_code, _minute_text
from groundstation.config.examples import copy_example, example_path
from tle.provider.fetches import Outcome
from tle.provider.source_result import SourceResult

ELEMENTS = example_path("europe-2026").parent / "elements" / "2026-06-13.tle"
LINES = [line for line in ELEMENTS.read_text("utf-8").splitlines() if line[:2] in {"1 ", "2 "}]
SETS = {one[2:7]: f"{one}\n{two}\n" for one, two in zip(LINES[::2], LINES[1::2], strict=True)}
PASSWORD = "correct horse"


class Server(ThreadingHTTPServer):
    """Serves the sets by catalogue number; `status` is what it answers instead of 200."""

    status = 200
    paths: list[str]
    lost: set[str]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        number = parse_qs(urlsplit(self.path).query).get("CATNR", [""])[0]
        if "gp/NORAD_CAT_ID" in self.path:
            self.answer(self.server.status, "".join(SETS.values()))
        elif number in self.server.lost:
            self.answer(404, "No GP data found")
        else:
            self.answer(self.server.status, SETS.get(number, f"refused for {PASSWORD}"))

    def do_POST(self) -> None:
        self.server.paths.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        is_known = parse_qs(body) == {"identity": ["me"], "password": [PASSWORD]}
        self.answer(200, "" if is_known else '{"Login":"Failed"}', cookie="c=1")

    def answer(self, status: int, text: str, cookie: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    made.paths, made.lost = [], set()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


class Desk:
    """A copy of the example with a source, and its command line."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        copy_example("europe-2026", folder)

    def add(self, table: str) -> None:
        path = self.folder / "groundstation.toml"
        text = path.read_text(encoding="utf-8")
        path.write_text(f"{text}\n[[sources]]\n{table}\n", encoding="utf-8")

    def run(
        self, *arguments: str, now: str = "2026-06-14T12:10Z", options=()
    ) -> tuple[int, str, str]:
        config = str(self.folder / "groundstation.toml")
        clock = ("--now", now) if now else ()
        code = failure.run(
            groundstation, ["-c", config, *clock, *options, "tle", "fetch", *arguments]
        )
        out, err = self.capsys.readouterr()
        return code, out, err


@pytest.fixture
def desk(tmp_path, capsys, monkeypatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GROUNDSTATION_SPACETRACK_USER", raising=False)
    monkeypatch.delenv("GROUNDSTATION_SPACETRACK_PASSWORD", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    return Desk(tmp_path / "work", capsys)


def celestrak(server: Server, desk: Desk) -> None:
    desk.add(f'kind = "celestrak"\nurl = "http://127.0.0.1:{server.server_port}"')


def test_a_fetch_is_done_then_too_early_then_unchanged(server, desk):
    celestrak(server, desk)
    code, out, err = desk.run("--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["schema"] == "fetch/1"
    assert document["rows"] == [
        {
            "source": "celestrak",
            "outcome": "accepted",
            "records": 3,
            "wanted_sets": 3,
            "new_sets": 3,
            "missing": [],
            "next_fetch_utc": None,
            "reasons": [],
        }
    ]
    code, out, err = desk.run(now="2026-06-14T14:04:30Z")
    assert code == 75
    assert err == "next fetch from celestrak at the earliest 14:10Z\n"
    assert len(server.paths) == 3
    code, out, err = desk.run(now="2026-06-14T14:10Z")
    assert (code, err) == (0, "")
    assert "unchanged" in out
    assert len(server.paths) == 6


def test_a_missing_satellite_is_named_and_degrades(server, desk):
    celestrak(server, desk)
    server.lost = {"69023"}
    code, out, err = desk.run()
    assert code == 3
    assert err == "warning: celestrak: no element set of qube-2 (69023)\n"
    assert "qube-2 (69023)" in out


def test_a_refusal_fails_and_says_how_to_ask_again(server, desk):
    celestrak(server, desk)
    server.status = 403
    code, _, err = desk.run()
    assert code == 1
    assert "status 403" in err
    assert (
        "try: find out why, then groundstation tle fetch --source celestrak --force-source" in err
    )
    server.status = 200
    code, _, err = desk.run(now="2026-06-20T12:10Z")
    assert code == 1
    assert "blocked since 2026-06-14T12:10Z" in err
    assert len(server.paths) == 1
    code, _, _ = desk.run("--force-source", now="2026-06-20T12:10Z")
    assert code == 0


def test_a_refused_connection_is_worth_another_try(desk):
    desk.add('kind = "celestrak"\nurl = "http://127.0.0.1:1"')
    code, _, err = desk.run()
    assert code == 75
    assert "cannot connect to 127.0.0.1:1: connection refused" in err


def test_one_source_that_fails_degrades_the_others(server, desk):
    celestrak(server, desk)
    desk.add('kind = "mirror"\nurl = "http://127.0.0.1:1/gp.json"')
    assert desk.run()[0] == 3
    code, out, _ = desk.run("--source", "celestrak", "--nl", now="2026-06-14T14:10Z")
    assert code == 0
    assert [json.loads(line)["source"] for line in out.splitlines()] == ["celestrak"]


def test_offline_excludes_the_network_but_not_a_folder(server, desk):
    celestrak(server, desk)
    (desk.folder / "incoming").mkdir()
    (desk.folder / "incoming" / "a.tle").write_text("".join(SETS.values()), encoding="utf-8")
    desk.add('kind = "folder"\nfolder = "incoming"')
    code, _, err = desk.run(options=["--offline"])
    assert code == 2
    assert "error: --offline excludes fetching from celestrak" in err
    assert "try: leave --offline out" in err
    assert server.paths == []
    assert not (desk.folder / "state").exists()
    assert desk.run("--source", "folder", options=["--offline"])[0] == 0


def test_a_chosen_present_cannot_jump_over_a_providers_interval(desk):
    desk.add('kind = "celestrak"')
    code, _, err = desk.run()
    assert code == 2
    assert "--now excludes fetching" in err


@pytest.mark.parametrize(
    ("table", "arguments", "words"),
    [
        ("", (), "names no source of element sets"),
        ('kind = "celestrak"', ("--source", "celestrac"), "did you mean 'celestrak'?"),
        ('kind = "space-track"', (), "asks for a login and none is given"),
        (
            'kind = "space-track"\ncredentials_file = "no.toml"',
            (),
            "no.toml: no such file or directory",
        ),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(desk, table, arguments, words):
    if table:
        desk.add(table)
    code, _, err = desk.run(*arguments, now="")
    assert code == 2
    assert words in err


def test_a_shipped_example_cannot_fetch(capsys):
    arguments = ["--example", "europe-2026", "tle", "fetch"]
    assert failure.run(groundstation, arguments) == 2
    assert "a shipped example cannot store anything" in capsys.readouterr().err


@pytest.mark.parametrize("status", [200, 301, 403])
def test_a_password_is_never_printed_or_stored(server, desk, status):
    login = desk.folder / "login.toml"
    login.write_text(f'user = "me"\npassword = "{PASSWORD}"\n', encoding="utf-8")
    login.chmod(0o600)
    server.status = status
    desk.add(
        f'kind = "space-track"\ncredentials_file = "login.toml"\n'
        f'url = "http://127.0.0.1:{server.server_port}"'
    )
    code, out, err = desk.run(options=["--debug"])
    assert code == (0 if status == 200 else 1)
    assert server.paths[0] == "/ajaxauth/login"
    assert len(server.paths) == 2
    assert PASSWORD not in out + err
    for path in (desk.folder / "state").iterdir():
        assert PASSWORD.encode() not in path.read_bytes()
    login.chmod(0o644)
    code, out, err = desk.run(now="2026-06-15T12:10Z", options=["--debug"])
    assert code == 2
    assert "has mode 0644: others can reach it" in err
    assert PASSWORD not in out + err


def result(outcome: Outcome, *, has_answer: bool = False, missing=()) -> SourceResult:
    return SourceResult("x", outcome, has_answer, 0, 0, 0, missing, None, ())


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([result(Outcome.ACCEPTED, has_answer=True)], 0),
        ([result(Outcome.UNCHANGED, has_answer=True), result(Outcome.TOO_EARLY)], 0),
        ([result(Outcome.ACCEPTED, has_answer=True, missing=(5,))], 3),
        ([result(Outcome.NOT_FOUND, missing=(5,))], 3),
        ([result(Outcome.ACCEPTED, has_answer=True), result(Outcome.BLOCKED)], 3),
        ([result(Outcome.ACCEPTED, has_answer=True), result(Outcome.FAILED)], 3),
        ([result(Outcome.TOO_EARLY)], 75),
        ([result(Outcome.UNREACHABLE), result(Outcome.TOO_EARLY)], 75),
        ([result(Outcome.FAILED)], 75),
        ([result(Outcome.REJECTED), result(Outcome.TOO_EARLY)], 1),
        ([result(Outcome.BLOCKED)], 1),
    ],
)
def test_exit_codes_tell_done_degraded_later_and_refused_apart(results, code):
    assert _exit_code(results) == code


@pytest.mark.parametrize(("second", "text"), [(0, "14:10Z"), (1, "14:11Z"), (59, "14:11Z")])
def test_the_next_fetch_is_rounded_up_to_a_minute(second, text):
    instant = datetime(2026, 6, 14, 14, 10, second, tzinfo=UTC)
    assert _minute_text(instant, instant) == text
    tenth = instant.replace(microsecond=100_000)
    assert _minute_text(tenth, instant) == "14:11Z"
    assert _minute_text(instant, datetime(2026, 6, 13, tzinfo=UTC)) == f"2026-06-14T{text}"

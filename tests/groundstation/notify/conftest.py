"""A night's summary, and a web server on loopback that keeps what it is sent."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from groundstation.night.notifier import NightSummary


@dataclass
class Sink:
    """Requests that arrived, and the status that the next ones get, by path or for all."""

    url: str = ""
    status: int = 200
    statuses: dict[str, int] = field(default_factory=dict)
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)


@pytest.fixture
def sink() -> Iterator[Sink]:
    kept = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            kept.requests.append((self.path, self.headers["Content-Type"], body))
            self.send_response(kept.statuses.get(self.path, kept.status))
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            del arguments

    server = HTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def summary() -> NightSummary:
    return NightSummary(
        network="europe-2026",
        title="European\r\nnetwork",
        night="2026-06-14",
        plan_id="c965133fbeb1",
        status="degraded",
        contacts=12,
        key_bits=8_966_000,
        changes=("added speqtre over Matera at 20:41Z",),
        warnings=("no weather for Graz",),
        folder="/srv/network/nights/2026-06-14",
    )

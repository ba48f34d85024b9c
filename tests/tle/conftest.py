"""A provider on this machine that answers as it is told, well or badly, and counts requests."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Reply:
    """One answer; `length` may claim more than the body holds, `pieces_s` drips it byte by byte."""

    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    delay_s: float = 0.0
    pieces_s: float = 0.0


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: str


class Provider:
    """`answers` maps a part of the path to replies; the last of them is repeated."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Reply]] = {}
        self.seen: list[Seen] = []
        self.closing = threading.Event()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                provider.handle(self)

            def do_POST(self) -> None:
                provider.handle(self)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def says(self, *replies: Reply, to: str = "/") -> None:
        self.answers[to] = list(replies)

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0))).decode()
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.seen.append(Seen(handler.command, handler.path, headers, body))
        part = max((p for p in self.answers if p in handler.path), key=len)
        replies = self.answers[part]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        self.closing.wait(reply.delay_s)
        with suppress(OSError):
            self.send(handler, reply)

    def send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        content = reply.body.encode() if isinstance(reply.body, str) else reply.body
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        length = len(content) if reply.length is None else reply.length
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        if not reply.pieces_s:
            handler.wfile.write(content)
        for byte in content if reply.pieces_s else b"":
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(reply.pieces_s)
        handler.close_connection = length != len(content)


@pytest.fixture
def reply() -> type[Reply]:
    """What a provider is told to answer."""
    return Reply


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.closing.set()
    made.server.shutdown()
    made.server.server_close()
    thread.join()

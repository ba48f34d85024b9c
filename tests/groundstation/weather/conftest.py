"""A weather provider on this machine that answers as it is told, and counts what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest


@dataclass
class Reply:
    """One answer; `length` may claim more than the body holds."""

    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


class Provider:
    """Asks `answer` for the reply to every path; keeps path and headers."""

    def __init__(self) -> None:
        self.answer: Callable[[str], Reply] = lambda _: Reply(status=404)
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                provider.paths.append(self.path)
                provider.headers.append({k.lower(): v for k, v in self.headers.items()})
                with suppress(OSError):
                    provider.send(self, provider.answer(self.path))

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        content = reply.body.encode() if isinstance(reply.body, str) else reply.body
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        length = len(content) if reply.length is None else reply.length
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(content)
        handler.close_connection = length != len(content)


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


HOUR = timedelta(hours=1)
# Cover in percent of every station, by latitude to a degree, where a test does not say otherwise.
COVER = 40.0


def open_meteo_document(path, *, members=20, cover=None, start=None, hours=96, values=None):
    """What Open-Meteo answers to a query: cover per member, the same in every hour.

    `cover` is a function of (latitude, member) or a number; `values` replaces whole lists by key.
    """
    parts = urlsplit(path)
    query = parse_qs(parts.query)
    latitude = float(query["latitude"][0])
    start = start or datetime(2026, 6, 14, tzinfo=UTC)
    times = [f"{start + i * HOUR:%Y-%m-%dT%H:%M}" for i in range(hours)]
    count = members if parts.path.endswith("/ensemble") else 1
    names = ["cloud_cover", *(f"cloud_cover_member{i:02d}" for i in range(1, count))]
    tell = cover if callable(cover) else lambda *_: COVER if cover is None else cover
    hourly = {name: [tell(latitude, i)] * hours for i, name in enumerate(names)}
    return {
        "latitude": latitude + 0.01,
        "longitude": float(query["longitude"][0]) - 0.01,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "hourly_units": {"time": "iso8601"} | dict.fromkeys(names, "%"),
        "hourly": {"time": times} | hourly | (values or {}),
    }


@pytest.fixture
def answering(provider, reply):
    """Let the provider answer as Open-Meteo does; keywords as in `open_meteo_document`."""

    def _answer(**changes):
        provider.answer = lambda path: reply(json.dumps(open_meteo_document(path, **changes)))

    _answer()
    return _answer


NETWORK = """
[network]
name = "three"

[policies]
min_elevation_deg = 20.0
max_sun_elevation_deg = -12.0

[key]
proof = "tight"
epsilon_secrecy = 1e-9
epsilon_correctness = 1e-15
error_correction = { model = "logm", efficiency = 1.16 }

[[satellites]]
name = "sat"
norad_cat_id = 25544

[[stations]]
name = "matera"
latitude_deg = 40.6486
longitude_deg = 16.7046
height_m = 536.9

[[stations]]
name = "calern"
latitude_deg = 43.7537
longitude_deg = 6.9230
height_m = 1270.0

[[stations]]
name = "graz"
latitude_deg = 47.0671
longitude_deg = 15.4933
height_m = 495.0
"""


@pytest.fixture
def network_folder(tmp_path) -> Callable[..., Path]:
    """A folder with a network of three stations: keys for stations by name, tables at the end."""

    def _make(tail: str = "", **stations: str) -> Path:
        text = NETWORK
        for name, keys in stations.items():
            mark = f'name = "{name}"\n'
            assert text.count(mark) == 1, name
            text = text.replace(mark, f"{mark}{keys}\n")
        folder = Path(tmp_path) / "night"
        folder.mkdir()
        (folder / "groundstation.toml").write_text(f"{text}\n{tail}\n", encoding="utf-8")
        return folder

    return _make


@pytest.fixture
def eccodes():
    return pytest.importorskip("eccodes", reason="extra grib")


@pytest.fixture
def grib_file(eccodes, tmp_path):
    """Writes messages of tcc: (member, step, cover) with cover a number or an array (7, 9)."""

    def _write(*messages, unit=164, name="test.grib2", **keys):
        path = tmp_path / name
        with path.open("wb") as file:
            for member, step, cover in messages:
                handle = _message(eccodes, member, step, cover, unit, keys)
                eccodes.codes_write(handle, file)
                eccodes.codes_release(handle)
        return path

    return _write


def _message(eccodes, member, step, cover, unit, keys):
    handle = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2")
    described = {
        "Ni": 9,
        "Nj": 7,
        "latitudeOfFirstGridPointInDegrees": 43.0,
        "latitudeOfLastGridPointInDegrees": 37.0,
        "longitudeOfFirstGridPointInDegrees": 15.0,
        "longitudeOfLastGridPointInDegrees": 23.0,
        "iDirectionIncrementInDegrees": 1.0,
        "jDirectionIncrementInDegrees": 1.0,
        "dataDate": 20260614,
        "dataTime": 600,
    }
    if member is not None:
        described |= {
            "productDefinitionTemplateNumber": 1,
            "perturbationNumber": member,
            "numberOfForecastsInEnsemble": 3,
        }
    for key, value in (described | {"step": step, "paramId": unit} | keys).items():
        eccodes.codes_set(handle, key, value)
    eccodes.codes_set(handle, "bitsPerValue", 16)
    field = np.broadcast_to(np.asarray(cover, dtype=np.float64), (7, 9)).ravel()
    if np.isnan(field).any():
        eccodes.codes_set(handle, "bitmapPresent", 1)
        eccodes.codes_set(handle, "missingValue", 9_999.0)
        field = np.where(np.isnan(field), 9_999.0, field)
    eccodes.codes_set_values(handle, field)
    return handle

"""A season of nights in a world of its own: its sky, its orbits, its servers and its accidents.

Everything follows from one seed. The program is called as people call it, `groundstation ...`;
nothing in it is replaced. The world is outside:

- a server on this machine gives out an ensemble of clouds, one member of which comes true, and the
  day's element sets; on some days it fails, cuts its answers short or repeats those of yesterday;
- links have constants that nobody told the program; passes deliver what they make of them;
- processes are killed between two steps, or meet another one at work.
"""

import json
import os
import re
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from math import degrees, pi
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zlib import crc32

import numpy as np
import pytest
from sgp4.api import Satrec

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.database import open_if_present
from groundstation.export.pass_rows import whole_bits
from groundstation.export.plan_document import plan_from_document
from groundstation.instants import utc_instant
from groundstation.night.gathering import weather_from
from groundstation.night.issue import link_of
from groundstation.night.links import security_of
from groundstation.night.pass_weather import scenario_table
from groundstation.night.record_codec import decode
from groundstation.night.state import plan_origin, plan_text
from groundstation.night.store import Store
from groundstation.night.window_check import contact_bits
from groundstation.plan.check import check_plan
from groundstation.plan.sky import Sky as ClearChances
from groundstation.results.calibration_store import calibration_by_id
from groundstation.results.issued import issued_from_document
from groundstation.results.records import Sky
from groundstation.results.reference import unpacked
from tle.formats import read_elements
from tle.lines import format_lines, lines_of

FIRST_NIGHT = date(2026, 6, 14)
MEMBERS = 20
KINDS = ("error", "truncated", "page", "stale")
STEPS = ("elements", "weather", "passes", "forecast", "plan", "export", "report", "notify")
BLOCK = re.compile(
    r"^(?=\[\[(?:satellites|stations|fibre_nodes|fibre_links|sites|demands)\]\])", re.MULTILINE
)
SOURCES = """
[[sources]]
kind = "mirror"
url = "{url}/gp"

[[weather.sources]]
api = "ensemble"
model = "icon_d2"
url = "{url}"
forecast_days = 4
"""


def cut_network(text, satellites, stations, demands):
    """The European example with some of its parts and no fibres."""
    head, *blocks = BLOCK.split(text)
    kept = []
    for block in blocks:
        (name, *_) = re.findall(r'^(?:name|a) = "(.*?)"', block, re.MULTILINE)
        (kind, *_) = re.findall(r"\A\[\[(\w+)\]\]", block)
        node = re.search(r'^node = "(.*?)"', block, re.MULTILINE)
        wanted = {
            "satellites": name in satellites,
            "stations": name in stations,
            "sites": node is not None and node.group(1) in stations,
            "demands": name in demands,
        }
        if wanted.get(kind, False):
            kept.append(block)
    return head + "".join(kept)


def aged(elements, days, error_rad):
    """The same orbit as an element set of later days; the mean anomaly errs by an angle."""
    satellite = Satrec.twoline2rv(*lines_of(elements))
    satellite.sgp4_tsince(0.0)
    # Of the mean motions, Kozai's is published, Brouwer's is what the theory goes on with.
    ratio = satellite.no_kozai / satellite.nm
    code, _, _ = satellite.sgp4_tsince(days * 1440.0)
    assert code == 0
    kozai = satellite.nm * ratio
    return replace(
        elements,
        epoch_day=elements.epoch_day + days,
        mean_motion_rev_per_day=kozai * 1440.0 / (2 * pi),
        eccentricity=satellite.em,
        inclination_deg=degrees(satellite.im),
        raan_deg=degrees(satellite.Om) % 360.0,
        argument_of_perigee_deg=degrees(satellite.om) % 360.0,
        mean_anomaly_deg=degrees(satellite.mm + error_rad) % 360.0,
        text="",
    )


class Season:
    """Nights one after the other in a folder, with a count of what went wrong.

    - faults : share of days on which a provider fails, and on which a run is killed
    - steps : of a run, after each of which some run is killed in turn
    - kinds : of failures; "error" and "truncated" are asked for again, which takes ten seconds
    """

    steps = STEPS

    def __init__(self, folder, world, *, seed, faults=0.35, kinds=KINDS, network=None):
        self.folder, self.world, self.seed, self.faults = folder, world, seed, faults
        self.kinds = kinds
        self.file = folder / "groundstation.toml"
        self.count: Counter[str] = Counter()
        self.codes: list[int] = []
        self.seconds: dict[str, float] = defaultdict(float)
        # What went wrong with the world itself.
        self.broken: list[str] = []
        self.day, self.weather_fault, self.element_fault = 0, "none", "none"
        self.kills = 0
        example = example_path("europe-2026")
        text = example.read_text(encoding="utf-8")
        if network is not None:
            text = cut_network(text, *network)
        lines = (example.parent / "elements" / "2026-06-13.tle").read_bytes()
        self.orbits, _ = read_elements(lines, "2026-06-13.tle")
        self._serve()
        (folder / "elements").mkdir(parents=True)
        (folder / "elements" / "first.tle").write_bytes(lines)
        head, mark, rest = text.partition("[policies]")
        self.file.write_text(head + SOURCES.format(url=self.url) + mark + rest, encoding="utf-8")
        self.network = load_network(self.file)
        self.security = security_of(self.network.key)

    # -- the world outside ----------------------------------------------------------------------

    def generator(self, *names):
        return np.random.default_rng([self.seed, *(crc32(str(n).encode()) for n in names)])

    def night(self, number):
        return (FIRST_NIGHT + timedelta(days=number)).isoformat()

    def instant(self, number, hour, minute=0):
        return datetime(2026, 6, 14, hour, minute, tzinfo=UTC) + timedelta(days=number)

    def cover(self, number, station):
        """Cloud cover of a night in every member: often all or nothing, alike at near stations."""
        common = self.generator("cover", number).standard_normal((2, MEMBERS))
        own = self.generator("cover", number, station).standard_normal(MEMBERS)
        # What the members share is the forecast; what they do not is its doubt.
        score = 1.1 * common[0, 0] + 0.7 * common[1] + 0.9 * own - 1.0
        return 1.0 / (1.0 + np.exp(-2.5 * score))

    def true_member(self, number):
        return int(self.generator("truth", number).integers(MEMBERS))

    def is_clear(self, number, station, pass_id, elevation_rad):
        """Whether the sky of the true member lets a pass through (Kauth and Penquite, 1967)."""
        cover = float(self.cover(number, station)[self.true_member(number)])
        chance = (1.0 - cover) ** (1.0 / np.sin(elevation_rad))
        return bool(self.generator("sky", pass_id).random() < chance)

    def _serve(self):
        season = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                try:
                    season.answer(self)
                except Exception as error:
                    season.broken.append(repr(error))
                    raise

            def log_message(self, format, *arguments):  # noqa: A002
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, handler):
        parts = urlsplit(handler.path)
        is_weather = parts.path.endswith("/ensemble")
        fault = self.weather_fault if is_weather else self.element_fault
        day = self.day - (fault == "stale")
        body = self.clouds(parse_qs(parts.query), day) if is_weather else self.elements(day)
        if fault == "page":
            body = b"<!DOCTYPE html><title>Maintenance</title>"
        handler.send_response(500 if fault == "error" else 200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if fault == "truncated" else body)

    def clouds(self, query, day):
        latitude = float(query["latitude"][0])
        station = min(
            self.network.stations, key=lambda s: abs(np.degrees(s.site.latitude_rad) - latitude)
        )
        start = self.instant(day, 0)
        names = ["cloud_cover", *(f"cloud_cover_member{i:02d}" for i in range(1, MEMBERS))]
        cover = self.cover(day, station.name)
        hourly = {n: [round(100 * float(c), 1)] * 96 for n, c in zip(names, cover, strict=True)}
        times = [f"{start + timedelta(hours=i):%Y-%m-%dT%H:%M}" for i in range(96)]
        return json.dumps(
            {
                "latitude": latitude,
                "longitude": float(query["longitude"][0]),
                "utc_offset_seconds": 0,
                "timezone": "GMT",
                "hourly_units": {"time": "iso8601"} | dict.fromkeys(names, "%"),
                "hourly": {"time": times} | hourly,
            }
        ).encode()

    def elements(self, day):
        """The sets of a day, 70 m off along the track."""
        lines = []
        for item in self.orbits:
            error_rad = 1e-5 * float(self.generator("orbit", item.name, day).standard_normal())
            lines += [item.name, *format_lines(aged(item, max(day, 0), error_rad))]
        return ("\n".join(lines) + "\n").encode()

    # -- the program ----------------------------------------------------------------------------

    def call(self, at, *arguments):
        begun = time.process_time()
        code = run(groundstation, ["-c", str(self.file), "--now", at.isoformat(), *arguments])
        self.seconds[arguments[0]] += time.process_time() - begun
        return code

    def started(self, at):
        """A nightly run in a process of its own, and the stream of what it logs."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            code = 70
            try:
                os.close(reader)
                sys.stderr = os.fdopen(writer, "w")
                code = self.call(at, "nightly", "--log-format", "json")
            finally:
                sys.stderr.flush()
                os._exit(code)
        os.close(writer)
        return child, os.fdopen(reader)

    def killed_after(self, at, step):
        """Whether a run was killed when it had ended a step; it may be done before."""
        child, log = self.started(at)
        for line in log:
            said = json.loads(line)
            if said.get("step") == step and said["message"] in {"done", "unchanged"}:
                os.kill(child, signal.SIGKILL)
                break
        log.close()
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])

    def meets_another(self, at):
        """Exit codes of two runs at once: of the one that began, and of the one that came."""
        child, log = self.started(at)
        log.readline()
        late = self.call(at, "nightly")
        log.read()
        log.close()
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), late

    def run_night(self, number, *, is_crowded=False):
        """One day: servers as they are today, runs, one of which may be killed; the last code."""
        self.day, rng = number, self.generator("faults", number)
        self.weather_fault = self.element_fault = "none"
        if number and rng.random() < self.faults:
            self.weather_fault = self.kinds[rng.integers(len(self.kinds))]
        if number and rng.random() < self.faults:
            self.element_fault = self.kinds[rng.integers(len(self.kinds))]
        self.count[f"weather {self.weather_fault}"] += 1
        self.count[f"elements {self.element_fault}"] += 1
        noon, was_killed = self.instant(number, 14), False
        if rng.random() < self.faults:
            # One step after the other, so that each has its turn.
            step, self.kills = STEPS[self.kills % len(STEPS)], self.kills + 1
            was_killed = self.killed_after(noon, step)
            self.count[f"killed after {step}"] += was_killed
        if is_crowded:
            codes = self.meets_another(noon)
            assert codes[0] in {0, 3}
            assert codes[1] == 75
            self.count["met another run"] += 1
        code = self.call(noon + timedelta(minutes=20), "nightly")
        if self.weather_fault != "none" and rng.random() < 0.5:
            # Some days the provider is back before dusk.
            self.weather_fault = "none"
            self.count["second run"] += 1
            code = self.call(self.instant(number, 18), "nightly")
        self.codes.append(code)
        if self.weather_fault == self.element_fault == "none" and not self.is_aged(number):
            # On a good day nothing is degraded, but for the answer on its way to a killed run:
            # it may have been sent for, and is not sent for again within the provider's interval.
            lost = was_killed and any("weather unknown" in said for said in self.warnings(number))
            assert code == (3 if lost else 0)
        return code

    def is_aged(self, number):
        """Whether the newest element sets came days ago."""
        return any("days old" in sentence for sentence in self.warnings(number))

    def warnings(self, number):
        path = self.folder / "nights" / self.night(number) / "plan.json"
        return json.loads(path.read_text(encoding="utf-8"))["warnings"]

    def deliver(self, number):
        """The morning after: what every contact brought is recorded, and the links fitted."""
        morning, plan = self.instant(number + 1, 9), self.plan(number)
        links: dict[str, Any] = {s.name: s for s in self.network.satellites}
        links |= {s.name: s for s in self.network.stations}
        rows = {row["pass_id"]: row for row in self.rows(number)}
        for contact in plan.contacts:
            elevation_rad = np.radians(rows[contact.pass_id]["max_elevation_deg"])
            arguments = ["result", "record", contact.pass_id, "--no-fit"]
            if self.is_clear(number, contact.station, contact.pass_id, elevation_rad):
                link = link_of(links[contact.satellite], links[contact.station])
                issued = self.promise(contact)
                result = self.world.result(issued, link, self.security, self.network.key.proof)
                file = self.folder / "counts.csv"
                file.write_text(counts_csv(result.counts), encoding="utf-8")
                arguments += [str(file), "--key-bits", str(result.key_bits)]
                self.count["delivered"] += 1
            else:
                assert self.world.result(self.promise(contact), None, None, None, sky=Sky.FAILED)
                arguments.append("--clouded-out")
                self.count["clouded out"] += 1
            assert self.call(morning, *arguments) == 0
        assert self.call(morning, "result", "calibrate") == 0

    # -- what the program has left ---------------------------------------------------------------

    def database(self):
        db = open_if_present(self.folder / "state" / "groundstation.db")
        assert db is not None
        return db

    def plan(self, number):
        path = self.folder / "nights" / self.night(number) / "plan.json"
        return plan_from_document(json.loads(path.read_text(encoding="utf-8")))

    def rows(self, number):
        path = self.folder / "nights" / self.night(number) / "passes.json"
        return json.loads(path.read_text(encoding="utf-8"))["rows"]

    def promise(self, contact):
        """What was promised last before the pass began."""
        db = self.database()
        (row,) = db.query(
            "SELECT document, content FROM pass_forecast JOIN pass_reference "
            "ON pass_reference.sha256 = reference_sha256 WHERE pass_id = ? "
            "AND issued_at <= ? ORDER BY issued_at DESC, pass_forecast.rowid DESC LIMIT 1",
            [contact.pass_id, f"{contact.start:%Y-%m-%dT%H:%M:%SZ}"],
        )
        db.close()
        return issued_from_document(json.loads(row["document"]), unpacked(row["content"], "kept"))

    def plan_faults(self, number):
        """What the referee finds in the published plan of a night, beside what it rests on."""
        path = self.folder / "nights" / self.night(number) / "plan.json"
        plan = plan_from_document(json.loads(path.read_text(encoding="utf-8")))
        db, store = self.database(), Store(self.folder / "state" / "store")
        origin = plan_origin(db, plan.plan_id)
        assert origin is not None
        seen = decode(store.read(origin.forecast))
        weather = weather_from(
            self.network, origin.night, decode(store.read(origin.inputs["weather"]))
        )
        name, before = origin.inputs["calibration"], plan_text(db, origin.previous)
        calibration = calibration_by_id(db, name) if name else None
        db.close()
        sky = (
            None
            if weather is None
            else ClearChances(*scenario_table(seen.passes, weather, self.network))
        )
        return check_plan(
            plan,
            self.network,
            {used.satellite: (used.line1, used.line2) for used in seen.elements},
            {item.pass_id: whole_bits(item) for item in seen.passes},
            contact_bits=contact_bits(self.network, seen, plan.contacts, origin.night, calibration),
            chance={} if sky is None else sky.chance(),
            previous=None
            if before is None
            else [c["pass_id"] for c in json.loads(before)["contacts"]],
        )

    def duplicates(self, nights):
        """Contacts of one link that overlap or share an id, over all nights."""
        taken = [c for number in range(nights) for c in self.plan(number).contacts]
        ids = Counter(c.pass_id for c in taken)
        found = [name for name, count in ids.items() if count > 1]
        db = self.database()
        rows = list(db.query("SELECT * FROM known_pass ORDER BY satellite, station, aos"))
        db.close()
        for one, other in pairwise(rows):
            is_same = all(one[key] == other[key] for key in ("satellite", "station"))
            if is_same and utc_instant(one["los"]) > utc_instant(other["aos"]):
                found.append(f"{one['pass_id']} and {other['pass_id']}")
        return found


def counts_csv(counts):
    lines = ["utc,sifted,errors,background"]
    columns = (counts.sifted, counts.errors, counts.background)
    for index, values in enumerate(zip(*columns, strict=True)):
        begin = counts.instant(index) - timedelta(seconds=counts.slot_s / 2)
        cells = ",".join(str(int(value)) for value in values)
        lines.append(f"{begin.astimezone(UTC).isoformat(timespec='microseconds')},{cells}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def season(tmp_path, simulated_world):
    """Makes a season in a folder of the test; its server ends with the test."""
    made = []

    def make(seed, **options):
        world = simulated_world(seed, block_db=options.pop("block_db", 0.0))
        made.append(Season(tmp_path / f"season-{seed}", world, seed=seed, **options))
        return made[-1]

    yield make
    for item in made:
        item.close()

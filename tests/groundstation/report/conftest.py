"""A made-up night: circular orbits over a turning sphere, simple Sun and Moon, simple light.

Only the report is under test here, so the physics has to look right, not to be right.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest

from groundstation.network import (
    ConsumerSite,
    Demand,
    FibreLink,
    FibreNode,
    Interval,
    KeyPolicy,
    Network,
    Policies,
    Satellite,
    Shift,
    Station,
)
from groundstation.night_records import (
    ElementsUsed,
    GroundTrack,
    NightOutcome,
    NightPass,
    StationNight,
)
from groundstation.plan.records import Contact, Delivery, Hop, Plan, Rejection, Relay
from passes.counts.expected import CountRates
from passes.counts.moments import ORDER, Moments
from passes.counts.noise import Noise
from passes.forecast import PassForecast
from passes.key.epsilon import lim_2014_budget
from passes.key.records import KeyResult
from passes.link.budget import LinkBudget, Term, TermGroup
from passes.mount import MountLimits
from passes.site import HorizonMask, Site
from passes.track import Track
from tle.design import planned_elements

EARTH_M, TURN_RAD_S, MU = 6_371_000.0, 7.2921e-5, 3.986e14
START = datetime(2026, 6, 14, 12, tzinfo=UTC)
SECONDS = np.arange(0.0, 86_400.0)
MIN_ELEVATION = np.radians(20.0)
MAX_SUN = np.radians(-8.0)
MOST_CONTACTS = 6

STATIONS = (
    ("heriot-watt", "Heriot-Watt, Edinburgh", 55.91, -3.32),
    ("chilbolton", "Chilbolton", 51.14, -1.44),
    ("oberpfaffenhofen", "Oberpfaffenhofen", 48.08, 11.28),
    ("graz", "Graz Lustbühel", 47.07, 15.49),
    ("matera", "Matera", 40.65, 16.70),
    ("calern", "Calern", 43.75, 6.92),
    ("tenerife", "Teide, Tenerife", 28.30, -16.51),
    ("helmos", "Helmos", 37.99, 22.20),
    ("skinakas", "Skinakas", 35.21, 24.90),
)
# name, catalogue number, altitude [m], inclination, node and place on the orbit at the start [deg]
SATELLITES = (
    ("SPOQC", 68423, 500e3, 97.4, 20.0, 0.0),
    ("SPEQTRE", 66769, 510e3, 97.5, 110.0, 140.0),
    ("QUBE-II", 69023, 540e3, 97.6, 65.0, 250.0),
    ("Eagle class", None, 500e3, 97.4, 340.0, 40.0),
)


def _in_inertial(altitude_m, inclination_deg, node_deg, place_deg):
    radius = EARTH_M + altitude_m
    u = np.radians(place_deg) + np.sqrt(MU / radius**3) * SECONDS
    i, node = np.radians([inclination_deg, node_deg])
    x, y, z = np.cos(u), np.sin(u) * np.cos(i), np.sin(u) * np.sin(i)
    return radius * np.array(
        [x * np.cos(node) - y * np.sin(node), x * np.sin(node) + y * np.cos(node), z]
    )


def _fixed(inertial):
    turn = TURN_RAD_S * SECONDS
    x, y, z = inertial
    return np.array([x * np.cos(turn) + y * np.sin(turn), -x * np.sin(turn) + y * np.cos(turn), z])


def _local(fixed, latitude, longitude, from_centre):
    """Azimuth, elevation, range of points seen from a place; a direction if from_centre is 0."""
    site = Site("", latitude, longitude, 0.0)
    up = site.axes()[2]
    east, north, high = site.axes() @ (fixed - from_centre * up[:, None])
    return (
        np.arctan2(east, north) % (2 * np.pi),
        np.arctan2(high, np.hypot(east, north)),
        np.sqrt(east**2 + north**2 + high**2),
    )


def _sun_and_moon(latitude, longitude):
    sun_turn = np.radians(15.0) / 3600.0 * SECONDS
    sun_deg, moon_deg = 23.3, -12.0
    ones = np.ones_like(SECONDS)
    sun = np.array(
        [
            np.cos(np.radians(sun_deg)) * np.cos(-sun_turn),
            np.cos(np.radians(sun_deg)) * np.sin(-sun_turn),
            np.sin(np.radians(sun_deg)) * ones,
        ]
    )
    moon = np.array(
        [
            np.cos(np.radians(moon_deg)) * np.cos(np.pi * 0.95 - 0.96 * sun_turn),
            np.cos(np.radians(moon_deg)) * np.sin(np.pi * 0.95 - 0.96 * sun_turn),
            np.sin(np.radians(moon_deg)) * ones,
        ]
    )
    sun_elevation = _local(sun, latitude, longitude, 0.0)[1]
    moon_azimuth, moon_elevation, _ = _local(moon, latitude, longitude, 0.0)
    return sun_elevation, moon_azimuth, moon_elevation


def _forecast(track):
    """Budget and counts of every second, key of the usable ones."""
    ranges, elevation, usable = track.range_m, track.elevation_rad, track.is_usable
    ones = np.ones_like(ranges)
    group = TermGroup
    budget = LinkBudget(
        (
            Term("diffraction", 20.0 + 20.0 * np.log10(ranges / 1e6), group.GEOMETRY, "made up"),
            Term("pointing", 1.6 * ones, group.POINTING, "made up", is_random=True),
            Term("extinction", 1.3 / np.sin(elevation), group.ATMOSPHERE, "made up"),
            Term("turbulence", 0.4 / np.sin(elevation), group.ATMOSPHERE, "made up"),
            Term("optics", 4.1 * ones, group.RECEIVER, "made up"),
            Term("efficiency", 3.0 * ones, group.DETECTOR, "made up"),
        )
    )
    signal = 2.0e8 * 0.5 * budget.efficiency
    noise = 90.0 + 40.0 * (1.0 + np.sin(2.0 * track.azimuth_rad))
    qber = (0.008 * signal + 0.5 * noise) / (signal + noise)
    sifted = 0.36 * (signal + noise)
    bits = float(sifted[usable].sum())
    error = float((qber * sifted)[usable].sum() / bits)
    unclipped = 0.28 * bits - 6.0 * np.sqrt(bits) * 20.0 - 9_000.0
    key = KeyResult(
        "satquma", max(unclipped, 0.0), unclipped, error, 2.1 * error, 0.8 * bits, 0.05 * bits,
        error * bits, 900.0, 0.5 * bits, 0.03 * bits, 40.0, 1.16 * error * bits, 0.41, 0.4 * bits,
        lim_2014_budget(1e-9, 1e-15),
    )  # fmt: skip
    zero = 0.0 * ones
    return PassForecast(
        budget,
        Noise(30.0 * ones, noise - 60.0, 10.0 * ones, 20.0 * ones, zero),
        CountRates(signal + noise, signal, noise, sifted, qber),
        Moments(np.ones(ORDER), np.ones(ORDER), np.ones(ORDER), float(budget.efficiency.max())),
        key,
    )


def _pass(satellite, station, seen, sky, first, last, index):
    azimuth, elevation, distance = (values[first:last] for values in seen)
    sun, moon_azimuth, moon = (values[first:last] for values in sky)
    separation = np.arccos(
        np.clip(
            np.sin(elevation) * np.sin(moon)
            + np.cos(elevation) * np.cos(moon) * np.cos(azimuth - moon_azimuth),
            -1,
            1,
        )
    )
    rate = np.gradient(np.unwrap(azimuth))
    lit = np.full_like(sun, 0.3)
    limit = station.mount.max_azimuth_rate_rad_s
    dark = sun < station.max_sun_elevation_rad
    usable = (elevation > station.min_elevation_rad) & dark
    keyhole = np.abs(rate) > limit if limit is not None else np.zeros_like(usable)
    usable &= ~keyhole
    track = Track(
        START, SECONDS[first:last], azimuth, elevation, distance, np.gradient(distance), rate,
        np.gradient(elevation), sun, moon, separation, np.full_like(sun, 0.6), lit, lit, usable,
        ~keyhole.astype(bool),
    )  # fmt: skip
    top = int(np.argmax(elevation))
    seconds = np.flatnonzero(usable)
    refusal = None
    if not dark.any():
        refusal = f"the Sun stands at {np.degrees(sun[top]):.1f} deg, limit -8 deg"
    elif seconds.size < 60:
        refusal = f"only {seconds.size} s above 20 deg in darkness, at least 60 s are needed"

    def at(second):
        return START + timedelta(seconds=float(second))

    return NightPass(
        f"{station.name}-{satellite[0].lower().replace(' ', '-')}-{index}", satellite[0],
        station.name, at(first), at(first + top), at(last - 1), False, False,
        float(elevation[top]), float(distance.min()), float(azimuth[0]), float(azimuth[top]),
        float(azimuth[-1]), float(sun[top]), 0.3, float(separation.min()), float(moon[top]), 0.02,
        float(np.count_nonzero(keyhole)), START - timedelta(hours=30), 118_800.0 + first,
        0.08, 1.1e-3,
        ((at(first + seconds[0]), at(first + seconds[-1])),) if seconds.size else (), refusal,
        track, None if refusal else _forecast(track),
    )  # fmt: skip


def _station(name, title, latitude_deg, longitude_deg):
    hills = HorizonMask(
        tuple(np.radians([0, 60, 90, 120, 180, 250, 300])),
        tuple(np.radians([4, 14, 18, 8, 3, 9, 12])),
    )
    return Station(
        name, title,
        Site(title, float(np.radians(latitude_deg)), float(np.radians(longitude_deg)), 500.0,
             hills),
        (), None, (),
        MountLimits(float(np.radians(3.0)) if name in {"graz", "matera"} else None),
        float(MIN_ELEVATION), float(MAX_SUN),
        (Shift(time(19), time(3)),) if name == "calern" else (),
        (Interval(START + timedelta(hours=6), START + timedelta(hours=8), "mirror coating"),)
        if name == "matera" else (),
        120.0, "",
    )  # fmt: skip


def _network():
    stations = tuple(_station(*row) for row in STATIONS)
    sites = (
        ("vienna-substation", "Substation Wien", "Grid Österreich", "vienna"),
        ("edinburgh-substation", "Substation Currie", "Grid Österreich", "heriot-watt"),
        ("munich-dc", "Data centre München", "Example Bank", "munich"),
        ("athens-dc", "Data centre Patras", "Example Bank", "helmos"),
        ("bari-exchange", "Exchange Bari", "Carrier", "matera"),
        ("london-exchange", "Exchange Andover", "Carrier", "chilbolton"),
    )
    demands = (
        ("grid", "vienna-substation", "edinburgh-substation", 368_640.0, "AES-256 every 60 s"),
        ("bank", "munich-dc", "athens-dc", 2_000_000.0, "one-time pad for settlement"),
        ("carrier", "bari-exchange", "london-exchange", 150_000.0, "AES-256 every 150 s"),
    )
    return Network(
        "europe", "Europe 2026", "groundstation.toml", ".", "ab12" * 16, ("elements.tle",),
        "2026-06-14",
        tuple(
            Satellite(row[0], row[1], None, None, None, (), 120.0, is_trusted=True, note="")
            for row in SATELLITES
        ),
        stations,
        (
            FibreNode("vienna", "Wien", np.radians(48.21), np.radians(16.37)),
            FibreNode("munich", "München", np.radians(48.14), np.radians(11.58)),
        ),
        (
            FibreLink("graz", "vienna", 900.0, 190e3, "declared"),
            FibreLink("oberpfaffenhofen", "munich", 12_000.0, 30e3, "declared"),
        ),
        tuple(ConsumerSite(*row) for row in sites),
        tuple(
            Demand(name, a, b, wanted, use, 1.0, 0.0, frozenset())
            for name, a, b, wanted, use in demands
        ),
        KeyPolicy("satquma", 1e-9, 1e-15, "logm", 1.16),
        Policies(
            float(MIN_ELEVATION), float(MAX_SUN), None, 60.0, 3 * 86_400.0, 14 * 86_400.0, 1, 2, 2
        ),
    )  # fmt: skip


def _spans(sun, limit_deg):
    below = np.concatenate([[0], (sun < np.radians(limit_deg)).astype(int), [0]])
    steps = np.diff(below)
    return tuple(
        (START + timedelta(seconds=int(a)), START + timedelta(seconds=int(b)))
        for a, b in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True)
    )


def _night_of(station, sun):
    lowest = int(np.argmin(sun))
    astronomical = _spans(sun, -18.0)
    return StationNight(
        station.name,
        _spans(sun, -8.0),
        _spans(sun, -12.0),
        astronomical,
        float(sun[lowest]),
        START + timedelta(seconds=lowest),
        ""
        if astronomical
        else f"never astronomically dark; the Sun sinks to {np.degrees(sun[lowest]):.1f} deg",
    )


def _plan(passes):
    worth = sorted(
        (p for p in passes if p.forecast and p.forecast.key.secret_key_bits > 0),
        key=lambda p: -p.forecast.key.secret_key_bits,
    )
    taken: list[Any] = []
    for p in worth:
        apart = all(
            (p.station != q.station and p.satellite != q.satellite)
            or p.stop < q.start
            or q.stop < p.start
            for q in taken
        )
        crowded = sum(q.station == p.station for q in taken) >= 2
        if apart and not crowded and len(taken) < MOST_CONTACTS:
            taken.append(p)
    contacts = tuple(
        Contact(p.pass_id, p.satellite, p.station, p.windows,
                int(p.forecast.key.secret_key_bits))
        for p in sorted(taken, key=lambda p: p.start)
    )  # fmt: skip
    chosen = {c.pass_id for c in contacts}

    def reason(p):
        if p.refusal:
            return p.refusal
        bits = p.forecast.key.unclipped_bits
        if bits <= 0:
            return f"too short for key: {-bits:.0f} bits are missing with finite-size effects"
        return f"{p.satellite} serves another station then; {bits:.0f} bits are worth less"

    return Plan(
        "0123456789ab", "2026-06-14", contacts,
        (
            Relay("grid", (Hop("vienna", "graz", None),
                           Hop("graz", "heriot-watt", "SPOQC")), 41_000),
            Relay("bank", (Hop("munich", "oberpfaffenhofen", None),
                           Hop("oberpfaffenhofen", "helmos", "Eagle class")), 160_000),
            Relay("bank", (Hop("munich", "oberpfaffenhofen", None),
                           Hop("oberpfaffenhofen", "skinakas", "SPEQTRE"),
                           Hop("skinakas", "helmos", "QUBE-II")), 12_345),
        ),
        (
            Delivery("grid", "vienna-substation", "edinburgh-substation", 368_640, 41_000, ""),
            Delivery("bank", "munich-dc", "athens-dc", 172_000, 172_345, ""),
            Delivery("carrier", "bari-exchange", "london-exchange", 150_000, 0,
                     "no satellite sees both stations in this night"),
        ),
        tuple(Rejection(p.pass_id, reason(p)) for p in passes if p.pass_id not in chosen),
        213.345, 214.1, "HiGHS (scipy 1.17)",
        ("carrier: no path joins Exchange Bari and Exchange Andover",),
    )  # fmt: skip


def _make_night() -> NightOutcome:
    network = _network()
    skies = {
        s.name: _sun_and_moon(s.site.latitude_rad, s.site.longitude_rad) for s in network.stations
    }
    passes, tracks, elements = [], [], []
    for row in SATELLITES:
        fixed = _fixed(_in_inertial(*row[2:]))
        half = slice(0, None, 30)
        tracks.append(
            GroundTrack(
                row[0], START, tuple(SECONDS[half]),
                tuple(np.degrees(np.arcsin(fixed[2] / np.linalg.norm(fixed, axis=0)))[half]),
                tuple(np.degrees(np.arctan2(fixed[1], fixed[0]))[half]),
            )
        )  # fmt: skip
        epoch = START - timedelta(hours=30)
        elements.append(
            ElementsUsed(
                row[0],
                row[1],
                epoch,
                151_200.0,
                "elements.tle",
                "cd34" * 16,
                "1 x",
                "2 x",
                planned_elements(
                    name=row[0],
                    altitude_m=550e3,
                    inclination_rad=None,
                    local_time_ascending_node_h=10.5,
                    raan_rad=None,
                    argument_of_latitude_rad=0.0,
                    epoch=epoch,
                ),
            )
        )
        for station in network.stations:
            site = station.site
            seen = _local(fixed, site.latitude_rad, site.longitude_rad, EARTH_M)
            up = np.flatnonzero(seen[1] > np.radians(5.0))
            for index, run in enumerate(np.split(up, np.flatnonzero(np.diff(up) > 1) + 1)):
                middle = run.size and seen[1][run].max() > np.radians(22.0)
                # Daylight passes stay out, but for those around twilight: they only repeat.
                if middle and skies[station.name][0][run].min() < np.radians(2.0):
                    passes.append(
                        _pass(row, station, seen, skies[station.name], run[0], run[-1] + 1, index)
                    )
    passes.sort(key=lambda p: (p.aos, p.pass_id))
    return NightOutcome(
        "2026-06-14", START, START + timedelta(days=1), START + timedelta(hours=2), network,
        tuple(passes), tuple(_night_of(s, skies[s.name][0]) for s in network.stations),
        tuple(elements), tuple(tracks), _plan(passes),
        ("the element set of QUBE-II is 4.2 d old, warned above 3.0 d",),
        "0.1.0", (("numpy", "2.4.6"), ("scipy", "1.17.1"), ("sgp4", "2.27")),
    )  # fmt: skip


@pytest.fixture(scope="session")
def night() -> NightOutcome:
    """A night of nine stations and four satellites with six contacts."""
    return _make_night()


@pytest.fixture(scope="session")
def empty_night(night: NightOutcome) -> NightOutcome:
    """The same night without a single pass."""
    plan = replace(
        night.plan,
        contacts=(),
        relays=(),
        rejections=(),
        remarks=(),
        value=0.0,
        bound=0.0,
        deliveries=tuple(replace(d, delivered_bits=0) for d in night.plan.deliveries),
    )
    return replace(night, passes=(), plan=plan, ground_tracks=(), warnings=())


@pytest.fixture(scope="session")
def renamed() -> Callable[[NightOutcome, str], NightOutcome]:
    """A function that gives every station, satellite and site of a night the same ending."""

    def rename(outcome: NightOutcome, ending: str) -> NightOutcome:
        network = outcome.network

        def titled(records):
            return tuple(replace(r, title=r.title + ending) for r in records)

        network = replace(
            network,
            title=network.title + ending,
            stations=titled(network.stations),
            fibre_nodes=titled(network.fibre_nodes),
            sites=titled(network.sites),
            satellites=tuple(replace(s, name=s.name + ending) for s in network.satellites),
        )
        contacts = tuple(replace(c, satellite=c.satellite + ending) for c in outcome.plan.contacts)
        rejections = tuple(replace(r, reason=r.reason + ending) for r in outcome.plan.rejections)
        return replace(
            outcome,
            network=network,
            plan=replace(outcome.plan, contacts=contacts, rejections=rejections),
            passes=tuple(replace(p, satellite=p.satellite + ending) for p in outcome.passes),
            ground_tracks=tuple(
                replace(t, satellite=t.satellite + ending) for t in outcome.ground_tracks
            ),
            warnings=(*outcome.warnings, "warning" + ending),
        )

    return rename

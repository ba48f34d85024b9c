"""Pass search against two peers in the same run: ratio, agreement, memory.

The peers are skyfield's find_events (Python with numpy) and, where it installs, sgp4-predict
(compiled Rust, 0.3). Processor time of one thread, best of several, element parsing included on
every side. A peer is run on every pair of the first workload and on a sample of the larger ones,
whose time is scaled by the number of pairs (said so in the table).
"""

import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from skyfield.api import EarthSatellite, load, wgs84

from passes.search import find_passes
from passes.site import Site
from tle.design import planned_elements
from tle.lines import format_lines, parse_record
from tle.nodes import sgp4_node_tables

try:
    import sgp4_predict
except ImportError:  # no wheel for this platform: the table leaves its rows out
    sgp4_predict = None

EPOCH = datetime(2026, 6, 14, tzinfo=UTC)
LIMIT_DEG = 10.0
# Two passes of one pair are an hour apart; a rise of a grazing pass may be seconds off.
SAME_PASS_S = 60.0
# How often each workload is run: the shortest counts, on both sides; a peer is run twice.
REPEATS = (20, 5, 3)
# Satellites, sites and days; and on how many pairs a peer is timed (None: all of them).
WORKLOADS = ((10, 20, 7), (100, 100, 7), (10_000, 20, 1))
SKYFIELD_PAIRS = (None, 200, 200)
COMPILED_PAIRS = (None, None, 20_000)


def constellation(count):
    """Sun-synchronous and inclined circular orbits between 450 and 1200 km, as two lines."""
    lines = []
    for index in range(count):
        share = index / count
        elements = planned_elements(
            f"sat-{index}",
            epoch=EPOCH,
            altitude_m=450e3 + 750e3 * ((index * 0.618) % 1.0),
            inclination_rad=None if index % 2 else np.radians(51.6 + 30.0 * share),
            local_time_ascending_node_h=24.0 * share if index % 2 else None,
            raan_rad=None if index % 2 else 2 * np.pi * share,
            argument_of_latitude_rad=2 * np.pi * ((index * 0.382) % 1.0),
        )
        lines.append(format_lines(elements))
    return lines


def sites(count):
    """Places spread evenly over the inhabited latitudes."""
    return [
        Site(
            f"site-{i}",
            float(np.radians(-55.0 + 120.0 * ((i * 0.618) % 1.0))),
            float(np.radians(-180.0 + 360.0 * i / count)),
            200.0,
        )
        for i in range(count)
    ]


def ours(lines, places, days):
    sets = [parse_record(*pair) for pair in lines]
    tables = sgp4_node_tables(sets, EPOCH, 0.0, days * 86_400.0)
    return find_passes(tables, places, [np.radians(LIMIT_DEG)] * len(places))


def skyfields(lines, places, days):
    """Rises of every pair by skyfield's find_events: satellite, site, seconds from the epoch."""
    scale = load.timescale(builtin=True)
    start = scale.from_datetime(EPOCH)
    stop = scale.from_datetime(EPOCH + timedelta(days=days))
    found = []
    for index, pair in enumerate(lines):
        satellite = EarthSatellite(*pair, ts=scale)
        for where, place in enumerate(places):
            topos = wgs84.latlon(
                np.degrees(place.latitude_rad), np.degrees(place.longitude_rad), place.height_m
            )
            times, events = satellite.find_events(topos, start, stop, altitude_degrees=LIMIT_DEG)
            rises = times[events == 0].utc_datetime() if len(events) else ()
            found.extend((index, where, (rise - EPOCH).total_seconds()) for rise in rises)
    return found


@dataclass(frozen=True)
class Span:
    """The interval as sgp4-predict wants it: anything with a start and an end."""

    start: datetime
    end: datetime


def sgp4_predicts(lines, places, days):
    """Rises of every pair by sgp4-predict, also of transits under way at an end of the span."""
    span = Span(EPOCH, EPOCH + timedelta(days=days))
    points = [
        sgp4_predict.GeodeticPoint(
            float(np.degrees(place.latitude_rad)),
            float(np.degrees(place.longitude_rad)),
            place.height_m,
        )
        for place in places
    ]
    found = []
    for index, pair in enumerate(lines):
        satellite = sgp4_predict.Predictor.from_tle(sgp4_predict.Tle(str(index), *pair))
        for where, point in enumerate(points):
            transits = satellite.transits_iter(
                point, span, LIMIT_DEG, skip_leading_partial=False, clamp_to_interval=True
            )
            found.extend(
                (index, where, (transit.start - EPOCH).total_seconds()) for transit in transits
            )
    return found


def agreement(found, rises):
    """Rises of a peer that are ours too, and how far apart the two are.

    A rise that the start of the window cuts is left out: the peers treat it differently.
    """
    ours_s = {}
    for satellite, site, aos_s in zip(found.satellite, found.site, found.aos_s, strict=True):
        ours_s.setdefault((int(satellite), int(site)), []).append(float(aos_s))
    rises = [rise for rise in rises if rise[2] > 0.0]
    apart_s = np.array(
        [
            np.min(np.abs(np.array(ours_s.get((satellite, site), [np.inf])) - rise_s))
            for satellite, site, rise_s in rises
        ]
    )
    matched = apart_s < SAME_PASS_S
    median_ms = 1e3 * np.median(apart_s[matched])
    worst_s = np.max(apart_s[matched])
    return (
        f"{matched.sum()} of its {len(rises)} rises are ours, "
        f"median {median_ms:.0f} ms, worst {worst_s:.2f} s"
    )


def best_of(repeats, function, *arguments):
    times, result = [], None
    for _ in range(repeats):
        result = None  # the last result must not count as memory of the next run
        start = time.process_time()
        result = function(*arguments)
        times.append(time.process_time() - start)
    return min(times), result


def main():
    peers = {"skyfield": (skyfields, SKYFIELD_PAIRS)}
    if sgp4_predict is not None:
        peers["sgp4-predict"] = (sgp4_predicts, COMPILED_PAIRS)
    print(f"{'satellites x sites x days':28}{'ours, s':>9}  {'peer':14}{'its, s':>9}{'ratio':>7}")
    for index, (satellites, places, days) in enumerate(WORKLOADS):
        lines, where = constellation(satellites), sites(places)
        spent, found = best_of(REPEATS[index], ours, lines, where, days)
        # Read before the peers run: what they allocate is not ours.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        pairs = satellites * places
        for peer, (search, samples) in peers.items():
            sampled = samples[index]
            some, here = (lines, where) if sampled is None else (lines[: sampled // 10], where[:10])
            theirs, rises = best_of(2, search, some, here, days)
            theirs *= pairs / (len(some) * len(here))
            note = "all pairs" if sampled is None else f"scaled from {sampled} of {pairs} pairs"
            name = f"{satellites} x {places} x {days}"
            print(f"{name:28}{spent:9.3f}  {peer:14}{theirs:9.2f}{theirs / spent:7.1f}  {note}")
            print(f"{'':28}{len(found)} passes ours; {agreement(found, rises)}")
            del rises
    print(f"peak memory of the process up to our last search {peak:.0f} MB")


if __name__ == "__main__":
    main()

"""Pass search against skyfield's find_events in the same run: ratio, agreement, memory.

Processor time of one thread, best of three, element parsing included on both sides. Skyfield is
run on every pair of the first workload and on a sample of the second, whose time is scaled by the
number of pairs (said so in the table).
"""

import resource
import time
from datetime import UTC, datetime, timedelta

import numpy as np
from skyfield.api import EarthSatellite, load, wgs84

from passes.search import find_passes
from passes.site import Site
from tle.design import planned_elements
from tle.lines import format_lines, parse_record
from tle.nodes import sgp4_node_tables

EPOCH = datetime(2026, 6, 14, tzinfo=UTC)
LIMIT_DEG = 10.0
# Satellites, sites, days, and how many pairs skyfield is timed on (None: all).
WORKLOADS = ((10, 20, 7, None), (100, 100, 7, 200), (10_000, 20, 1, 200))


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


def skyfields(lines, places, days, scale):
    found = 0
    for pair in lines:
        satellite = EarthSatellite(*pair, ts=scale)
        start = scale.from_datetime(EPOCH)
        stop = scale.from_datetime(EPOCH + timedelta(days=days))
        for place in places:
            topos = wgs84.latlon(
                np.degrees(place.latitude_rad), np.degrees(place.longitude_rad), place.height_m
            )
            _, events = satellite.find_events(topos, start, stop, altitude_degrees=LIMIT_DEG)
            found += int(np.sum(events == 1))
    return found


def best_of(repeats, function, *arguments):
    times, result = [], None
    for _ in range(repeats):
        result = None  # the last result must not count as memory of the next run
        start = time.process_time()
        result = function(*arguments)
        times.append(time.process_time() - start)
    return min(times), result


def main():
    scale = load.timescale(builtin=True)
    print(f"{'satellites x sites x days':28}{'ours, s':>10}{'skyfield, s':>14}{'ratio':>8}  passes")
    for satellites, places, days, sample in WORKLOADS:
        lines, where = constellation(satellites), sites(places)
        spent, found = best_of(9 if satellites < 50 else 3, ours, lines, where, days)
        pairs = satellites * places
        if sample is None:
            theirs, count = best_of(1, skyfields, lines, where, days, scale)
            note = f"{len(found)} ours, {count} culminations skyfield's"
        else:
            subset = max(1, sample // 10)
            theirs, _ = best_of(1, skyfields, lines[:subset], where[:10], days, scale)
            theirs *= pairs / (subset * 10)
            note = f"{len(found)}; skyfield scaled from {subset * 10} of {pairs} pairs"
        name = f"{satellites} x {places} x {days}"
        print(f"{name:28}{spent:10.3f}{theirs:14.2f}{theirs / spent:8.0f}  {note}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the whole process {peak:.0f} MB")


if __name__ == "__main__":
    main()

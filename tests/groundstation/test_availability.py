"""When a contact may run: every limit takes its seconds and names itself."""

import dataclasses
from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest

from groundstation.network import Interval, Satellite, Shift, Station
from groundstation.night.availability import (
    shift_windows,
    station_availability,
    usable_windows,
)
from passes.mount import MountLimits
from passes.search import find_passes
from passes.site import Site
from passes.windows import Windows
from tle.lines import parse_record
from tle.nodes import sgp4_nodes

EPOCH = datetime(2026, 6, 14, 12, tzinfo=UTC)
DAY = 86_400.0
STATION = Station(
    "graz", "Graz", Site("graz", np.radians(47.0671), np.radians(15.4933), 539.4), (), None, (),
    MountLimits(), np.radians(10.0), np.radians(-12.0), (), (), 60.0, "",
)  # fmt: skip


@pytest.fixture(scope="module")
def arc():
    elements = parse_record(
        "1 68423U 26067H   26164.82262896  .00005222  00000+0  25403-3 0  9993",
        "2 68423  97.4502 123.3490 0001287  82.1730 277.9650 15.18831130 11439",
    )
    table = sgp4_nodes(elements, EPOCH, 0.0, DAY)
    arcs = [i.arc for i in find_passes([table], [STATION.site], [np.radians(10.0)])]
    return max(arcs, key=lambda a: a.look(np.array([a.tca_s])).elevation_rad[0])


def usable(arc, station=STATION, dark=None, **limits):
    availability = station_availability(
        station, Windows.of([(0.0, DAY)]) if dark is None else dark, EPOCH, 0.0, DAY
    )
    options = {"max_range_m": None, "min_contact_s": 0.0, "lowest_sun_deg": -5.0, **limits}
    return usable_windows(arc, station, availability, **options)


def test_without_limits_the_whole_pass_is_usable(arc):
    found = usable(arc)
    assert found.refusal is None
    assert list(found.windows) == [(arc.aos_s, arc.los_s)]


def test_darkness_cuts_and_names_the_sun(arc):
    found = usable(arc, dark=Windows.of([(arc.tca_s, DAY)]))
    assert list(found.windows) == [(arc.tca_s, arc.los_s)]
    found = usable(arc, dark=Windows.of([]))
    assert found.refusal == "not dark: the Sun at -5.0° or higher (limit -12°)"


def test_maintenance_takes_its_seconds(arc):
    start = EPOCH + timedelta(seconds=arc.tca_s)
    closed = Interval(start, start + timedelta(seconds=20), "dome check")
    found = usable(arc, dataclasses.replace(STATION, maintenance=(closed,)))
    assert len(found.windows) == 2
    assert found.windows.duration_s == pytest.approx(arc.duration_s - 20.0)
    whole = Interval(EPOCH, EPOCH + timedelta(days=1), "new mirror")
    found = usable(arc, dataclasses.replace(STATION, maintenance=(whole,)))
    assert found.refusal == "station closed: new mirror"


def test_another_user_of_the_satellite_takes_its_seconds_and_is_named(arc):
    start = EPOCH + timedelta(seconds=arc.tca_s)
    use = Interval(start, start + timedelta(seconds=20), "esa, pointing test")
    satellite = Satellite("spoqc", 1, None, None, None, (), 60.0, is_trusted=True, note="")
    found = usable(arc, satellite=dataclasses.replace(satellite, unavailable=(use,)))
    assert found.windows.duration_s == pytest.approx(arc.duration_s - 20.0)
    assert [found.windows.contains(np.array([arc.tca_s + s]))[0] for s in (-1, 1, 19, 21)] == [
        True, False, False, True,
    ]  # fmt: skip
    whole = dataclasses.replace(use, start=EPOCH, stop=EPOCH + timedelta(days=1))
    found = usable(arc, satellite=dataclasses.replace(satellite, unavailable=(use, whole)))
    assert found.refusal == "spoqc is used by esa, pointing test"
    assert usable(arc, satellite=satellite).refusal is None


def test_shifts_cut_and_are_named(arc):
    middle = (EPOCH + timedelta(seconds=arc.tca_s)).time()
    found = usable(arc, dataclasses.replace(STATION, shifts=(Shift(time(0), middle),)))
    assert list(found.windows) == [(arc.aos_s, pytest.approx(arc.tca_s, abs=1e-5))]
    hour = (middle.hour + 3) % 24
    off = Shift(time(hour), time((hour + 1) % 24))
    found = usable(arc, dataclasses.replace(STATION, shifts=(off,)))
    assert found.refusal == "outside the station's shifts"


def test_a_shift_over_midnight_is_one_span():
    found = shift_windows((Shift(time(20), time(4)),), EPOCH, 0.0, DAY)
    assert list(found) == [(8 * 3600.0, 16 * 3600.0)]


def test_no_shifts_means_always():
    assert list(shift_windows((), EPOCH, 0.0, DAY)) == [(0.0, DAY)]


def test_range_cuts_and_names_the_closest(arc):
    found = usable(arc, max_range_m=900e3)
    times = np.array([s for span in found.windows for s in span])
    assert arc.look(times).range_m == pytest.approx(900e3, abs=5.0)
    assert usable(arc, max_range_m=400e3).refusal.startswith("never within 400 km (closest 5")


def test_the_keyhole_is_left_out_and_counted(arc):
    slow = dataclasses.replace(
        STATION, mount=MountLimits(max_azimuth_rate_rad_s=float(np.radians(1.0)))
    )
    found = usable(arc, slow)
    assert len(found.windows) == 2
    assert found.keyhole_s == pytest.approx(arc.duration_s - found.windows.duration_s)
    assert found.keyhole_s > 20.0


def test_a_contact_that_is_too_short_is_refused_with_its_length(arc):
    dark = Windows.of([(arc.aos_s, arc.aos_s + 40.0)])
    found = usable(arc, dark=dark, min_contact_s=60.0)
    assert found.refusal == "only 40 s usable (limit 60 s)"

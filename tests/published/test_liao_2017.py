"""Liao et al., Satellite-to-ground quantum key distribution: the geometry of one pass.

Nature 549, 43 (2017), arXiv:1707.00542: 2016-12-19 over Xinglong, elements of the same day.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from passes.search import find_passes
from passes.site import Site
from passes.windows import Windows
from tle.lines import parse_record
from tle.nodes import sgp4_nodes

EPOCH = datetime(2016, 12, 19, 16, tzinfo=UTC)
MICIUS = parse_record(
    "1 41731U 16051A   16354.56913372  .00000384  00000-0  18801-4 0  9991",
    "2 41731  97.3698 268.1064 0013349 175.8929 309.0190 15.23916091 19164",
)
# 40d23m45.12s N, 117d34m38.85s E, 893 m: position of the station (Liao et al., PRL 120, 030501).
XINGLONG = Site("xinglong", np.radians(40.39586667), np.radians(117.5774583), 893.0)


@pytest.fixture(scope="module")
def arc():
    table = sgp4_nodes(MICIUS, EPOCH, 0.0, 7_200.0)
    (item,) = find_passes([table], [XINGLONG], [np.radians(10.0)])
    return item.arc


def test_closest_range_is_645_km(arc):
    times = np.arange(arc.aos_s, arc.los_s, 0.1)
    # Printed to a kilometre.
    assert arc.look(times).range_m.min() / 1e3 == pytest.approx(645.0, abs=1.0)


def test_the_satellite_is_within_1200_km_for_273_seconds(arc):
    times = np.arange(arc.aos_s, arc.los_s, 1.0)
    (window,) = Windows.below(times, arc.look(times).range_m, 1.2e6)
    # Printed to a second, with unknown rounding of the limit: 1.5 s.
    assert window[1] - window[0] == pytest.approx(273.0, abs=1.5)
    opening = EPOCH + timedelta(seconds=window[0])
    # "From about 00:50 local time"; an independent computation gives 16:49:58 UTC.
    assert abs((opening - datetime(2016, 12, 19, 16, 49, 58, tzinfo=UTC)).total_seconds()) < 5.0


# Maximum elevation and closest range of other published Micius passes with same-day elements,
# computed with Skyfield 1.55 (another program, its own UT1): 0.02 degrees and 0.3 km.
PASSES = [
    (
        "2016-09-22T18:29:08", (43.475461, 87.176686, 2080.0), 67.36, 527.3,
        "1 41731U 16051A   16266.82653160  .00002347  00000-0  10105-3 0  9997",
        "2 41731  97.3660 181.9185 0014904 125.7922 319.2797 15.23497871  5806",
    ),
    (
        "2017-01-06T16:39:53", (40.395867, 117.577458, 893.0), 71.65, 513.8,
        "1 41731U 16051A   17006.68497257 +.00000740 +00000-0 +33450-4 0  9991",
        "2 41731 097.3698 285.9130 0014981 115.0762 332.3276 15.23943888021924",
    ),
    (
        "2017-05-10T18:52:01", (43.475461, 87.176686, 2080.0), 54.82, 598.4,
        "1 41731U 16051A   17130.90343506 +.00000319 +00000-0 +15982-4 0  9993",
        "2 41731 097.3699 048.0231 0015153 046.1565 012.3794 15.24133957040843",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("tca", "position", "elevation_deg", "range_km", "line1", "line2"), PASSES)
def test_other_passes_have_their_computed_geometry(
    tca, position, elevation_deg, range_km, line1, line2
):
    instant = datetime.fromisoformat(tca).replace(tzinfo=UTC)
    site = Site("site", np.radians(position[0]), np.radians(position[1]), position[2])
    table = sgp4_nodes(parse_record(line1, line2), instant, -1_800.0, 1_800.0)
    (item,) = find_passes([table], [site], [np.radians(10.0)])
    look = item.arc.look(np.array([item.arc.tca_s]))
    assert abs(item.arc.tca_s) < 1.0
    assert np.degrees(look.elevation_rad[0]) == pytest.approx(elevation_deg, abs=0.02)
    assert look.range_m[0] / 1e3 == pytest.approx(range_km, abs=0.3)

"""Dense exact truth for passes: SGP4 at the very instants, no table, no polynomial."""

import numpy as np
import pytest

from passes.search import find_passes
from tle.frames import teme_to_earth_fixed
from tle.nodes import sgp4_nodes, teme_positions_m


def exact_elevation_rad(elements, site, epoch, times_s):
    """Geometric elevation from SGP4 states at the very instants, no table, no polynomial."""
    _, teme = teme_positions_m(elements, epoch, times_s)
    local = (teme_to_earth_fixed(epoch, times_s, teme) - site.position_m()) @ site.axes().T
    return np.arctan2(local[:, 2], np.hypot(local[:, 0], local[:, 1]))


def dense_truth(elements, site, epoch, length_s, limit_rad, step_s=5.0):
    """Rise, set and peak of every pass from dense exact states, crossings bisected."""
    times = np.arange(0.0, length_s + step_s, step_s)
    times = np.append(times[times < length_s], length_s)
    elevation = exact_elevation_rad(elements, site, epoch, times)
    peaks = np.flatnonzero((elevation[1:-1] > elevation[:-2]) & (elevation[1:-1] >= elevation[2:]))
    extra = []
    for peak in peaks + 1:
        # Nothing shorter than a step is lost: every maximum is refined to a tenth of a millisecond,
        # which near the zenith is still 1e-4 degrees.
        low, high = times[peak - 1], times[peak + 1]
        for _ in range(3):
            fine = np.linspace(low, high, 61)
            top = int(np.argmax(exact_elevation_rad(elements, site, epoch, fine)))
            low, high = fine[max(top - 1, 0)], fine[min(top + 1, 60)]
        extra.append(0.5 * (low + high))
    times = np.unique(np.concatenate([times, extra]))
    elevation = exact_elevation_rad(elements, site, epoch, times)
    above = elevation > limit_rad
    change = np.flatnonzero(above[1:] != above[:-1])
    low, high = times[change].copy(), times[change + 1].copy()
    for _ in range(40):
        middle = 0.5 * (low + high)
        same = (exact_elevation_rad(elements, site, epoch, middle) > limit_rad) == above[change]
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    edges = np.concatenate([[0.0] if above[0] else [], low, [length_s] if above[-1] else []])
    found = []
    for rise, fall in edges.reshape(-1, 2):
        inside = times[(times >= rise) & (times <= fall)]
        inside = np.concatenate([inside, [rise, fall]])
        found.append((rise, fall, exact_elevation_rad(elements, site, epoch, inside).max()))
    return found


def assert_equals_truth(elements, site, limit_deg, epoch, days=1.0):
    limit = np.radians(limit_deg)
    table = sgp4_nodes(elements, epoch, 0.0, days * 86_400.0)
    ours = [item.arc for item in find_passes([table], [site], [limit])]
    # A satellite that decays within the window is compared until its last node.
    length_s = min(days * 86_400.0, float(table.times_s[-1]))
    # Five seconds at LEO; as many samples a turn at a perigee that is faster.
    step_s = min(5.0, 40.0 * table.step_s / 250.0)
    truth = dense_truth(elements, site, epoch, length_s, limit, step_s)
    # A graze of less than 0.3 s may fall on either side of the mask by rounding of the truth.
    ours = [a for a in ours if a.duration_s > 0.3]
    truth = [t for t in truth if t[1] - t[0] > 0.3]
    assert len(ours) == len(truth)
    for arc, (rise, fall, peak) in zip(ours, truth, strict=True):
        # The planned tolerance of the search is 0.01 s and 0.001 degrees.
        assert arc.aos_s == pytest.approx(rise, abs=0.01)
        assert arc.los_s == pytest.approx(fall, abs=0.01)
        top = arc.look(np.array([arc.tca_s])).elevation_rad[0]
        assert np.degrees(top) == pytest.approx(np.degrees(peak), abs=0.001)
    return ours


@pytest.fixture(scope="session")
def equals_truth():
    """The comparison as a function: (elements, site, limit_deg, epoch, days) to our passes."""
    return assert_equals_truth


@pytest.fixture(scope="session")
def exact_elevation():
    """The exact elevation as a function: (elements, site, epoch, times_s) to radians."""
    return exact_elevation_rad

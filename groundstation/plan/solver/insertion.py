"""Contacts taken one after the other in a given order, each if every limit still allows it."""

import numpy as np

from groundstation.plan.solver.lagrangian import Structure
from groundstation.plan.solver.model import Ints


def insert_in_order(structure: Structure, order: Ints, taken: Ints | None = None) -> Ints:
    """Windows that fit, ascending: first the forced ones, then the order given.

    Parameters
    ----------
    order : windows to try, best first
    taken : windows that are chosen already and kept
    """
    model = structure.model
    w, limits = model.windows, model.limits
    use = limits.capacity_use.tocsc()
    left = limits.capacity.copy()
    on_satellite: dict[int, list[tuple[float, float]]] = {}
    at_station: dict[int, list[tuple[float, float]]] = {}
    shifts: dict[int, set[int]] = {}
    chosen: list[int] = []
    first = np.flatnonzero(model.forced)
    if taken is not None:
        first = np.union1d(first, taken)
    is_first = np.zeros(w.count, dtype=bool)
    is_first[first] = True
    rest = order[~is_first[order] & ~model.forbidden[order]]
    for i in np.concatenate([first, rest]):
        satellite, station, night = int(w.satellite[i]), int(w.station[i]), int(w.night[i])
        busy = on_satellite.setdefault(satellite, [])
        start, until = float(w.start_s[i]), float(w.satellite_until_s[i])
        if any(a < until and start < b for a, b in busy):
            continue
        booked = at_station.setdefault(station, [])
        leaves = float(w.station_until_s[i])
        meeting = [(a, b) for a, b in booked if a < leaves and start < b]
        if _most_at_once(meeting, start) >= limits.telescopes[station]:
            continue
        worked = shifts.setdefault(station, set())
        nights = limits.crew_nights[station]
        if nights >= 0 and night not in worked and len(worked) >= nights:
            continue
        rows = use.indices[use.indptr[i] : use.indptr[i + 1]]
        amount = use.data[use.indptr[i] : use.indptr[i + 1]]
        if (amount > left[rows]).any():
            continue
        left[rows] -= amount
        busy.append((start, until))
        booked.append((start, leaves))
        worked.add(night)
        chosen.append(int(i))
    return np.sort(np.array(chosen, dtype=np.int64))


def _most_at_once(spans: list[tuple[float, float]], start: float) -> int:
    """Largest number of spans that share an instant from `start` on."""
    moments = [start, *(a for a, _ in spans if a > start)]
    return max(sum(a <= moment < b for a, b in spans) for moment in moments)

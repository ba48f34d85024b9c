"""Whether a part of a pass fits beside contacts, and what would have to go where it does not.

The rules it keeps:

1. What shares the satellite's or the telescope's time goes first; where a station has several
   telescopes only as many contacts as stand in the way at one instant, least key first.
2. Of an orbit or a night that is full as many contacts go as free what is needed, least key first.
3. Of a week whose crew nights are used up the night with the least key goes as a whole.
4. Where no contact that goes would help, the part can never be taken, and the sentence says so.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array

from groundstation.plan.limits import LimitKind, LimitRow, Roster
from groundstation.plan.network_model import Problem
from groundstation.plan.solver.model import Flags, Ints

# The share of a limit by which a plan that was published may exceed it: what the solver's own
# tolerance comes to, and a little more.
TOLERANCE = 1e-5


_KEYS = {
    LimitKind.NIGHT_CONTACTS: "max_contacts_per_night",
    LimitKind.ORBIT_SECONDS: "max_contact_s_per_orbit",
    LimitKind.ORBIT_KEY: "key_memory_kbit",
    LimitKind.TELESCOPES: "telescopes",
}
_CREW_KEY = "crew_nights_per_week"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way of a part.

    Parameters
    ----------
    rivals : windows that share its satellite's or telescope's time
    freed : further windows that have to go because of a limit
    limits : a sentence for every limit in the way, without a full stop
    keys : for each of these whose it is, and its key in the network file
    is_final : whether the part cannot be taken whatever goes
    """

    rivals: tuple[int, ...] = ()
    freed: tuple[int, ...] = ()
    limits: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    is_final: bool = False

    @property
    def is_any(self) -> bool:
        """Whether anything stands in the way."""
        return bool(self.rivals or self.limits)

    @property
    def out(self) -> tuple[int, ...]:
        """All windows that would have to go, ascending."""
        return tuple(sorted({*self.rivals, *self.freed}))


def obstacle(
    problem: Problem,
    part: int,
    among: Sequence[int] | Ints,
    tolerance: float = 0.0,
    columns: csc_array | None = None,
) -> Obstacle:
    """What stands in the way of a part among contacts that keep every limit themselves.

    Parameters
    ----------
    among : windows that are taken
    tolerance : share of a limit by which it may be exceeded
    columns : what windows use of limits, by columns; whoever asks for many parts makes it once
    """
    others = np.asarray(among, dtype=np.int64)
    others = others[others != part]
    own = _on_satellite(problem, part, others)
    excluded = {*others[own].tolist(), *_at_station(problem, part, others[~own])}
    rivals = [i for i in others.tolist() if i in excluded]
    rows = _rows_of(problem, part, columns)
    if not rows and _roster(problem, part).nights < 0:
        return Obstacle(tuple(rivals))
    staying = [i for i in others.tolist() if i not in excluded]
    freed: list[int] = []
    told: list[str] = []
    keys: list[tuple[str, str]] = []
    is_final = False
    for row in rows:
        use = problem.model.limits.capacity_use[[row]]
        most = float(problem.model.limits.capacity[row]) * (1.0 + tolerance)
        amount = dict(zip(use.indices.tolist(), use.data.tolist(), strict=True))
        taken = [i for i in staying if i in amount]
        if sum(amount[i] for i in taken) + amount[part] <= most:
            continue
        told.append(_row_text(problem.limit_rows[row], [amount[i] for i in taken], amount[part]))
        keys.append((problem.limit_rows[row].owner, _KEYS[problem.limit_rows[row].kind]))
        is_final |= amount[part] > most
        left = [i for i in taken if i not in freed]
        for i in sorted(left, key=lambda i: (problem.counted_bits[i], i)):
            if sum(amount[j] for j in left) + amount[part] <= most:
                break
            left.remove(i)
            freed.append(i)
    crew = _crew(problem, part, [i for i in staying if i not in freed])
    if crew is not None:
        told.append(crew.limits[0])
        keys.append((problem.rosters[int(problem.model.windows.station[part])].station, _CREW_KEY))
        freed += crew.freed
        is_final |= crew.is_final
    return Obstacle(tuple(rivals), tuple(sorted(freed)), tuple(told), tuple(keys), is_final)


def _is_limited(problem: Problem) -> bool:
    """Whether anything but time on satellites and telescopes is limited."""
    return bool(problem.limit_rows) or any(roster.nights >= 0 for roster in problem.rosters)


def _on_satellite(problem: Problem, part: int, among: Ints) -> Flags:
    """Which contacts share the satellite's time."""
    w = problem.model.windows
    overlaps = (w.start_s[among] < w.satellite_until_s[part]) & (
        w.start_s[part] < w.satellite_until_s[among]
    )
    shares: Flags = (w.satellite[among] == w.satellite[part]) & overlaps
    return shares


def _at_station(problem: Problem, part: int, among: Ints) -> list[int]:
    """Contacts, none of the part's own satellite in its way, beside which no telescope is free."""
    w = problem.model.windows
    telescopes = int(problem.model.limits.telescopes[w.station[part]])
    meets = (w.start_s[among] < w.station_until_s[part]) & (
        w.start_s[part] < w.station_until_s[among]
    )
    meeting = [int(i) for i in among[(w.station[among] == w.station[part]) & meets]]
    if telescopes == 1:
        return meeting
    gone: list[int] = []
    for i in sorted(meeting, key=lambda i: (problem.counted_bits[i], i)):
        left = [j for j in meeting if j not in gone]
        crowded = _crowded(problem, part, left, telescopes)
        if not crowded:
            break
        if i in crowded:
            gone.append(i)
    return gone


def _crowded(problem: Problem, part: int, meeting: Sequence[int], telescopes: int) -> set[int]:
    """Contacts at the instants at which the part would find no telescope."""
    w = problem.model.windows
    crowded: set[int] = set()
    for moment in {max(float(w.start_s[i]), float(w.start_s[part])) for i in meeting}:
        busy = [i for i in meeting if w.start_s[i] <= moment < w.station_until_s[i]]
        if len(busy) >= telescopes:
            crowded |= set(busy)
    return crowded


def _rows_of(problem: Problem, part: int, columns: csc_array | None) -> list[int]:
    if not problem.limit_rows:
        return []
    if columns is None:
        column = problem.model.limits.capacity_use[:, [part]].tocsc().indices
    else:
        column = columns.indices[columns.indptr[part] : columns.indptr[part + 1]]
    return [int(row) for row in np.sort(column) if row < len(problem.limit_rows)]


def _row_text(row: LimitRow, taken: Sequence[float], wanted: float) -> str:
    used, most = sum(taken), row.most
    if row.kind is LimitKind.NIGHT_CONTACTS:
        return f"{row.owner} has {used:.0f} of its {most:.0f} contacts of that night"
    if row.kind is LimitKind.TELESCOPES:
        return f"{row.owner} has {used:.0f} of its {most:.0f} telescopes in use then"
    unit = "s of contact" if row.kind is LimitKind.ORBIT_SECONDS else "kbit of memory"
    if not taken:
        return f"{row.owner} has {most:,.10g} {unit} in an orbit, this takes {wanted:,.10g}"
    return f"{row.owner} uses {used:,.10g} of {most:,.10g} {unit} in that orbit already"


def _roster(problem: Problem, part: int) -> Roster:
    """Of the crew of the part's station."""
    return problem.rosters[int(problem.model.windows.station[part])]


def _crew(problem: Problem, part: int, staying: Sequence[int]) -> Obstacle | None:
    """Whether the crew can work a night more; else the night of its week with the least key."""
    w = problem.model.windows
    roster = _roster(problem, part)
    if roster.nights < 0:
        return None
    by_night: dict[int, list[int]] = {}
    for i in staying:
        if w.station[i] == w.station[part]:
            by_night.setdefault(int(w.night[i]), []).append(i)
    if int(w.night[part]) in by_night or len(by_night) < roster.nights_left:
        return None
    worked = roster.worked + len(by_night)
    text = f"{roster.station} is worked in {worked} of its {roster.nights} crew nights of that week"
    if not by_night:
        return Obstacle(limits=(text,), is_final=True)
    night = min(by_night, key=lambda n: (sum(problem.counted_bits[i] for i in by_night[n]), n))
    return Obstacle(freed=tuple(by_night[night]), limits=(text,))


def binding_limits(problem: Problem, chosen: Sequence[int]) -> list[str]:
    """A sentence for every limit that keeps passes out of a plan, by its key in the network file.

    A pass counts for a limit if its part with the most key, of those that could be taken at all,
    would exceed it.

    Parameters
    ----------
    chosen : windows of the plan
    """
    if not _is_limited(problem):
        return []
    taken = {problem.offers[i].candidate for i in chosen}
    largest: dict[int, tuple[bool, int, Obstacle]] = {}
    for i, offer in enumerate(problem.offers):
        if offer.candidate in taken:
            continue
        met = obstacle(problem, i, chosen)
        rank = (not met.is_final, problem.counted_bits[i])
        if offer.candidate not in largest or rank > largest[offer.candidate][:2]:
            largest[offer.candidate] = (*rank, met)
    count = Counter(key for *_, met in largest.values() for key in met.keys)
    return [
        f"{key} of {owner} keeps {passes} pass{'' if passes == 1 else 'es'} out"
        for (owner, key), passes in sorted(count.items())
    ]

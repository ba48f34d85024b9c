"""Whether a part of a pass fits beside contacts, and what would have to go where it does not.

The rules it keeps:

1. What shares the satellite's or the telescope's time goes first; where a station has several
   telescopes only as many contacts as stand in the way at one instant, least key first.
2. Of an orbit or a night that is full as many contacts go as free what is needed, least key first.
3. Of a week whose crew nights are used up the night with the least key goes as a whole.
4. Where no contact that goes would help, the part can never be taken, and the sentence says so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array

from groundstation.plan.limits import LimitKind, LimitRow, Roster
from groundstation.plan.network_model import Problem
from groundstation.plan.solver.model import Ints

# The share of a limit by which a plan that was published may exceed it: what the solver's own
# tolerance comes to, and a little more.
TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way of a part.

    Parameters
    ----------
    rivals : windows that share its satellite's or telescope's time
    freed : further windows that have to go because of a limit
    limits : a sentence for every limit in the way, without a full stop
    is_final : whether the part cannot be taken whatever goes
    """

    rivals: tuple[int, ...] = ()
    freed: tuple[int, ...] = ()
    limits: tuple[str, ...] = ()
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
    near = _near(problem, part, others)
    excluded = {*_on_satellite(problem, part, near), *_at_station(problem, part, near)}
    rivals = [i for i in near if i in excluded]
    rows = _rows_of(problem, part, columns)
    if not rows and _roster(problem, part).nights < 0:
        return Obstacle(tuple(rivals))
    staying = [i for i in others.tolist() if i not in excluded]
    freed: list[int] = []
    told: list[str] = []
    is_final = False
    for row in rows:
        use = problem.model.limits.capacity_use[[row]]
        most = float(problem.model.limits.capacity[row]) * (1.0 + tolerance)
        amount = dict(zip(use.indices.tolist(), use.data.tolist(), strict=True))
        taken = [i for i in staying if i in amount]
        if sum(amount[i] for i in taken) + amount[part] <= most:
            continue
        told.append(_row_text(problem.limit_rows[row], [amount[i] for i in taken], amount[part]))
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
        freed += crew.freed
        is_final |= crew.is_final
    return Obstacle(tuple(rivals), tuple(sorted(freed)), tuple(told), is_final)


def _near(problem: Problem, part: int, others: Ints) -> list[int]:
    """Of many contacts the few that share time with a part, on its satellite or at its station."""
    w = problem.model.windows
    start, until = w.start_s[others], (w.satellite_until_s[others], w.station_until_s[others])
    above = (w.satellite[others] == w.satellite[part]) & (start < w.satellite_until_s[part])
    below = (w.station[others] == w.station[part]) & (start < w.station_until_s[part])
    near = (above & (w.start_s[part] < until[0])) | (below & (w.start_s[part] < until[1]))
    found: list[int] = others[near].tolist()
    return found


def _on_satellite(problem: Problem, part: int, among: Iterable[int]) -> list[int]:
    w = problem.model.windows
    return [
        i
        for i in among
        if w.satellite[i] == w.satellite[part]
        and w.start_s[i] < w.satellite_until_s[part]
        and w.start_s[part] < w.satellite_until_s[i]
    ]


def _at_station(problem: Problem, part: int, among: Iterable[int]) -> list[int]:
    """Contacts beside which no telescope is free; those on the part's own satellite go anyway."""
    w = problem.model.windows
    telescopes = int(problem.model.limits.telescopes[w.station[part]])
    meeting = [
        i
        for i in among
        if w.station[i] == w.station[part]
        and w.start_s[i] < w.station_until_s[part]
        and w.start_s[part] < w.station_until_s[i]
        and not _on_satellite(problem, part, [i])
    ]
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
    return [i for i in meeting if i in gone]


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

"""What limits of stations and satellites count with, and what they are in a model.

The rules it keeps:

1. The night of a contact is that of its station: from noon to noon of local mean solar time, named
   by the date of its evening.
2. A crew's week goes from Monday to Sunday; nights that it has worked before the plan begins count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import pi

from groundstation.plan.announcements import Announcements
from groundstation.plan.records import Span
from groundstation.plan.solver.model import Ints, Limits

# Where no period is known: that of a circular orbit 2,000 km high, which no shorter one exceeds.
LONGEST_ORBIT_S = 7_632.0
_SECONDS_PER_RADIAN = 86_400.0 / (2.0 * pi)
_HALF_DAY = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Usage:
    """What limits of use are counted with.

    Parameters
    ----------
    orbit_s : orbital period of each satellite, by its name [s]
    worked : evenings before the plan's first night in which each station was used, by its name
    announcements : when satellites announce, and free their memory of key
    """

    orbit_s: Mapping[str, float] = field(default_factory=dict)
    worked: Mapping[str, frozenset[date]] = field(default_factory=dict)
    announcements: Announcements = field(default_factory=Announcements)


class LimitKind(StrEnum):
    """What a row counts."""

    NIGHT_CONTACTS = "contacts of a night"
    ORBIT_SECONDS = "seconds of contact in an orbit"
    ORBIT_KEY = "key in an orbit"
    TELESCOPES = "telescopes at the turn of a week"


@dataclass(frozen=True, slots=True)
class LimitRow:
    """What a capacity row of the model stands for: its owner does no more than `most`.

    `most` counts contacts, seconds or kilobits.
    """

    kind: LimitKind
    owner: str
    most: float


@dataclass(frozen=True, slots=True)
class Roster:
    """A station, or a week of one whose crew is limited, as the model's stations stand for it.

    Parameters
    ----------
    week : its Monday; None where the crew is not limited
    nights : in which it may be used in that week, -1 without limit
    worked : nights of that week that it was used in before the plan
    """

    station: str
    week: date | None = None
    nights: int = -1
    worked: int = 0

    @property
    def nights_left(self) -> int:
        """Nights in which the plan may use it, -1 without limit."""
        return -1 if self.nights < 0 else max(0, self.nights - self.worked)


@dataclass(frozen=True, slots=True)
class ContactLimits:
    """Limits of a model's windows, with what their indices stand for.

    Parameters
    ----------
    limits : for the solver
    station : roster of each window, shape (windows,)
    night : days from the first evening to that of each window, shape (windows,)
    rows : of the capacities, in their order
    rosters : what each station of the model stands for
    """

    limits: Limits
    station: Ints
    night: Ints
    rows: tuple[LimitRow, ...]
    rosters: tuple[Roster, ...]


def evening_of(instant: datetime, longitude_rad: float) -> date:
    """Date of the evening of the night that an instant belongs to, by local mean solar time.

    >>> from datetime import UTC
    >>> evening_of(datetime(2026, 6, 15, 2, tzinfo=UTC), 0.2).isoformat()
    '2026-06-14'
    """
    local = instant + timedelta(seconds=longitude_rad * _SECONDS_PER_RADIAN)
    return (local - _HALF_DAY).date()


def contact_s(windows: Sequence[Span]) -> float:
    """From the first instant to the last; the satellite is bound in between, too [s]."""
    return (windows[-1][1] - windows[0][0]).total_seconds()


def monday_of(evening: date) -> date:
    """The Monday of its week."""
    return evening - timedelta(days=evening.weekday())

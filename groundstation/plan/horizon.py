"""The nights of a plan: in which one a contact falls, and what each of them wants.

The rules it keeps:

1. Every night begins a day after the one before; the first one where the span begins.
2. A contact belongs to the night in which it ends; its key is relayed in that night or later.
3. Every night wants what a day uses, and the first one what a reserve lacks beside that. What a
   night does not get is not wanted later: the sites have been without it.
4. A kilobit of a later night counts a little less, so that nothing waits that need not.
5. Nights ahead of the span have demands and fibres and no contacts: what stays in the pools is
   worth more where it can serve them. Nothing of that is delivered or ordered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from groundstation.network import Network
from groundstation.plan.solver.model import Floats, Ints
from groundstation.plan_policy import PlanGoal, PlanPolicy

NIGHT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Horizon:
    """Nights that a plan decides about, and those ahead.

    Parameters
    ----------
    start : first instant of the first night, aware
    nights : with contacts, at least 1
    ahead : without contacts, after these
    """

    start: datetime
    nights: int
    ahead: int = 0

    @property
    def periods(self) -> int:
        """Nights in which key may be delivered."""
        return self.nights + self.ahead

    def night_of(self, instant: datetime) -> int:
        """Number of the night in which an instant lies, the first or the last beyond the span."""
        return min(max((instant - self.start) // NIGHT, 0), self.nights - 1)

    def begin_of(self, night: int) -> datetime:
        """First instant of a night."""
        return self.start + night * NIGHT


def horizon_of(network: Network, night: str, nights: int, start: datetime | None) -> Horizon:
    """The nights of a plan, with those ahead that the network's policy looks at.

    Parameters
    ----------
    night : date of the first evening
    start : first instant of the first night; noon UTC of the date where it does not matter
    """
    if start is None:
        day = datetime.fromisoformat(night)
        start = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    # Shares are those of what the span wants.
    is_fair = network.plan.goal is PlanGoal.MAX_MIN
    return Horizon(start, nights, 0 if is_fair else network.plan.nights_ahead)


def worth_of_nights(policy: PlanPolicy, horizon: Horizon) -> Floats:
    """Worth of a kilobit delivered in each night against one of the first, shape (periods,)."""
    days = np.arange(horizon.periods, dtype=np.float64)
    worth: Floats = (1.0 - policy.discount_per_night) ** days
    worth[horizon.nights :] *= policy.ahead_worth
    return worth


def wanted_of(bits_per_day: Sequence[float], lacking: Sequence[float], horizon: Horizon) -> Ints:
    """Whole bits that each demand wants in each night, shape (demands, periods).

    Parameters
    ----------
    bits_per_day, lacking : use of each demand, and what its reserve lacks at the start
    """
    days = np.arange(horizon.periods + 1)
    use = np.array(bits_per_day, dtype=np.float64).reshape(-1, 1)
    # Fractions of a bit add up from night to night.
    total = np.floor(use * days + np.array(lacking, dtype=np.float64).reshape(-1, 1))
    total[:, 0] = 0.0
    wanted: Ints = np.diff(total, axis=1).astype(np.int64)
    return wanted

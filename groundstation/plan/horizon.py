"""The nights of a plan, and in which one a contact falls.

The rules it keeps:

1. Every night begins a day after the one before; the first one where the span begins.
2. A contact belongs to the night in which it ends; its key is relayed in that night or later.
3. Nights ahead of the span have demands and fibres and no contacts: what stays in the pools is
   worth more where it can serve them. Nothing of that is delivered or ordered.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from groundstation.network import Network
from groundstation.plan_policy import PlanGoal

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
    return Horizon(start, nights, 0 if is_fair else network.nights_ahead)

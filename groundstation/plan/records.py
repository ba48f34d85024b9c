"""A plan: contacts, relays, deliveries, and a reason for every pass not taken."""

from dataclasses import dataclass
from datetime import datetime

# The definition of a plan's value, in priority-weighted kilobits: what stays in a pool is worth
# a little (else every night would drain them), and a shorter path breaks a tie.
POOL_WORTH_PER_KBIT = 0.05
HOP_COST_PER_KBIT = 0.001


# First and last instant, aware UTC.
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pass as the planner sees it: its usable span and what it would bring.

    Parameters
    ----------
    pass_id : identity of the pass
    satellite, station : names
    aos, los : rise and set above the station's mask, aware UTC
    windows : usable spans in order; several where a keyhole, a hill or a closure lies in between
    key_bits : whole secret bits under a clear sky, rounded down; 0 if none
    refusal : why the pass cannot be a contact at all, in one sentence; None if it can
    """

    pass_id: str
    satellite: str
    station: str
    aos: datetime
    los: datetime
    windows: tuple[Span, ...]
    key_bits: int
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Contact:
    """A pass that the plan takes: satellite and telescope are bound from start to stop.

    Key is received in `windows`; between them the telescope waits or turns.
    """

    pass_id: str
    satellite: str
    station: str
    windows: tuple[Span, ...]
    key_bits: int

    @property
    def start(self) -> datetime:
        """First usable instant."""
        return self.windows[0][0]

    @property
    def stop(self) -> datetime:
        """Last usable instant."""
        return self.windows[-1][1]


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a relay: two ground nodes joined by a satellite or by a fibre.

    `satellite` is its name for an XOR announcement, None for a fibre hop.
    """

    a: str
    b: str
    satellite: str | None


@dataclass(frozen=True, slots=True)
class Relay:
    """Key carried for one demand along one path; each hop spends `bits`."""

    demand: str
    hops: tuple[Hop, ...]
    bits: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one demand gets: wanted over the horizon and delivered by the plan."""

    demand: str
    a: str
    b: str
    wanted_bits: int
    delivered_bits: int
    remark: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """A pass that the plan does not take, and why."""

    pass_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision for one night (or horizon).

    Parameters
    ----------
    plan_id : first 12 hex digits of the SHA-256 of the inputs
    night : date of the evening, ISO
    contacts, relays, deliveries, rejections : see their records; rejections cover every pass
        that is not a contact
    value : priority-weighted delivered kilobits, plus POOL_WORTH_PER_KBIT for what stays in the
        pools, minus HOP_COST_PER_KBIT for every kilobit and hop
    bound : no plan of the model can have a larger value
    solver : what computed it
    remarks : sentences on what the plan cannot do (a demand without path, a station without night)
    """

    plan_id: str
    night: str
    contacts: tuple[Contact, ...]
    relays: tuple[Relay, ...]
    deliveries: tuple[Delivery, ...]
    rejections: tuple[Rejection, ...]
    value: float
    bound: float
    solver: str
    remarks: tuple[str, ...]

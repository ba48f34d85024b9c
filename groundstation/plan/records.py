"""A plan: contacts, relays, deliveries, and a reason for every pass not taken."""

from dataclasses import dataclass
from datetime import datetime

CLEAR_SKY = "clear sky"

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

    Parameters
    ----------
    key_bits : whole secret bits of these windows under a clear sky
    is_whole : whether these are all usable seconds of the pass, or a part of them
    expected_bits : key times the chance of a clear sky, rounded down; None where that chance is
        not known and a clear sky is counted on
    announced : from when on its key counts; None for its end
    block : block that its counts are distilled in together with those of other contacts; its bits
        are then its share of that block's. None for a contact that is a block of its own
    """

    pass_id: str
    satellite: str
    station: str
    windows: tuple[Span, ...]
    key_bits: int
    is_whole: bool = True
    expected_bits: int | None = None
    announced: datetime | None = None
    block: str | None = None

    @property
    def counted_bits(self) -> int:
        """What the plan counts on: expected key, or key under a clear sky."""
        return self.key_bits if self.expected_bits is None else self.expected_bits

    @property
    def counts_from(self) -> datetime:
        """From when on its key can be relayed."""
        return self.announced or self.stop

    @property
    def start(self) -> datetime:
        """First usable instant."""
        return self.windows[0][0]

    @property
    def stop(self) -> datetime:
        """Last usable instant."""
        return self.windows[-1][1]


@dataclass(frozen=True, slots=True)
class PlannedBlock:
    """Contacts of one satellite and one station whose counts are distilled together.

    Their key is there when the last of them is over, and not before.

    Parameters
    ----------
    name : label of its contacts
    pass_ids : its contacts, in order of time
    key_bits : whole secret bits under a clear sky; the sum of its contacts' shares
    expected_bits : mean over which of its contacts come through, rounded down; None where a clear
        sky is counted on
    alone_bits : of each contact under a clear sky if it were distilled by itself
    added_bits : what the block has more under a clear sky than without each contact
    """

    name: str
    pass_ids: tuple[str, ...]
    key_bits: int
    expected_bits: int | None
    alone_bits: tuple[int, ...]
    added_bits: tuple[int, ...]


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
    """Key carried for one demand along one path; each hop spends `bits`.

    The shares of a key that is split travel on several ways from end to end; their hops follow each
    other, way by way, and together they bring `bits`. `night` is the number of the night in which
    it is carried, 0 for the first.
    """

    demand: str
    hops: tuple[Hop, ...]
    bits: int
    night: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one demand gets: wanted over the horizon and delivered by the plan.

    Parameters
    ----------
    wanted_bits : over the horizon, with what its reserve lacks
    delivered_bits : with the key that the plan counts on
    p10_bits, p50_bits, p90_bits : quantiles over nights drawn from the weather, relays made after
        the weather is known; None where the weather is not known
    held_bits : that the pair shares before the night; None where that is not known
    by_night : wanted and delivered in each night of a plan over several; empty for one night
    """

    demand: str
    a: str
    b: str
    wanted_bits: int
    delivered_bits: int
    remark: str
    p10_bits: int | None = None
    p50_bits: int | None = None
    p90_bits: int | None = None
    held_bits: int | None = None
    by_night: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A pass that the plan does not take, and why.

    Parameters
    ----------
    regret_kbit : what taking it costs at the prices of the relaxation, in weighted kilobits; None
        where it cannot be taken at all
    swap_kbit : what taking it in place of `displaced` costs, relays made anew
    displaced : contacts that it excludes, by pass id
    """

    pass_id: str
    reason: str
    regret_kbit: float | None = None
    swap_kbit: float | None = None
    displaced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolStock:
    """Key that a satellite and a station share before the first contact."""

    satellite: str
    station: str
    bits: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision for one night (or horizon).

    Parameters
    ----------
    plan_id : first 12 hex digits of the SHA-256 of the inputs
    night : date of the evening, ISO
    contacts, relays, deliveries, rejections : see their records; rejections cover every pass
        that is not a contact; relays are those of the first night
    value : priority-weighted delivered kilobits, plus the policy's worth of what stays in the
        pools, minus its cost for every kilobit and hop and for every changed contact
    bound : no plan of the model can have a larger value
    solver : what computed it
    remarks : sentences on what the plan cannot do (a demand without path, a station without night)
    goal : what was made as large as possible
    assumes : the sky that key is counted under
    stocks : key that pools held already
    changed : passes taken that the plan before did not take, or the other way round, where the
        policy charges for that
    seed : of the nights drawn
    nights : that the plan covers
    later : relays of later nights; those of nights beyond the plan's own only say what for key
        stays in the pools
    blocks : over several contacts; a contact that is in none is a block of its own
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
    goal: str = "priority"
    assumes: str = CLEAR_SKY
    stocks: tuple[PoolStock, ...] = ()
    changed: tuple[str, ...] = ()
    seed: int = 1
    nights: int = 1
    later: tuple[Relay, ...] = ()
    blocks: tuple[PlannedBlock, ...] = ()

    @property
    def carried(self) -> tuple[Relay, ...]:
        """The relays of all nights that the plan covers."""
        return (*self.relays, *(relay for relay in self.later if relay.night < self.nights))

    @property
    def gap(self) -> float:
        """(bound - value) / |bound|: no plan is better by more than this share."""
        return 0.0 if self.bound == self.value else (self.bound - self.value) / abs(self.bound)

"""Key pools of a night: of every pair against what it uses, of every satellite and station."""

from collections import defaultdict
from dataclasses import dataclass

from groundstation.night_records import NightOutcome
from groundstation.plan.outlook import PairOutlook, pair_outlook
from groundstation.report.wording import bits, duration, stamp


@dataclass(frozen=True, slots=True)
class PairPool:
    """The forecast level of one pair.

    Parameters
    ----------
    title : of both ends
    outlook : level over the horizon
    reserve_bits : below which it should not fall
    use : what takes key from it, in words
    is_level_known : whether the level at the start was read from the ledger; else it is zero
    sentence : how long the key lasts
    """

    title: str
    outlook: PairOutlook
    reserve_bits: float
    use: str
    is_level_known: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class SatellitePool:
    """What one satellite and one station share: before, received, spent and left [bits]."""

    satellite: str
    station: str
    before_bits: int
    received_bits: int
    spent_bits: int

    @property
    def left_bits(self) -> int:
        """After the night."""
        return self.before_bits + self.received_bits - self.spent_bits


def pair_pools(outcome: NightOutcome) -> tuple[PairPool, ...]:
    """The pools of all demands, in the order of the network file."""
    network, plan = outcome.network, outcome.plan
    sites = {site.name: site.title or site.name for site in network.sites}
    held = {d.demand: d.held_bits for d in plan.deliveries}
    levels = {o.demand: o for o in pair_outlook(plan, network, outcome.start, outcome.stop)}
    return tuple(
        PairPool(
            title=f"{sites.get(demand.a, demand.a)} – {sites.get(demand.b, demand.b)}",
            outlook=levels[demand.name],
            reserve_bits=demand.minimum_reserve_bits,
            use=demand.use,
            is_level_known=held.get(demand.name) is not None,
            sentence=_sentence(levels[demand.name], demand.bits_per_day),
        )
        for demand in network.demands
    )


def satellite_pools(outcome: NightOutcome) -> tuple[SatellitePool, ...]:
    """Every pool that the night touches or that held key before, by satellite and station."""
    before: defaultdict[tuple[str, str], int] = defaultdict(int)
    received: defaultdict[tuple[str, str], int] = defaultdict(int)
    spent: defaultdict[tuple[str, str], int] = defaultdict(int)
    for stock in outcome.plan.stocks:
        before[stock.satellite, stock.station] += stock.bits
    for contact in outcome.plan.contacts:
        received[contact.satellite, contact.station] += contact.counted_bits
    for relay in outcome.plan.carried:
        for hop in relay.hops:
            if hop.satellite is not None:
                spent[hop.satellite, hop.a] += relay.bits
                spent[hop.satellite, hop.b] += relay.bits
    return tuple(
        SatellitePool(*ends, before[ends], received[ends], spent[ends])
        for ends in sorted({*before, *received, *spent})
    )


def _sentence(outlook: PairOutlook, bits_per_day: float) -> str:
    first, last = outlook.level_bits[0], outlook.level_bits[-1]
    if outlook.starves_at is None:
        return (
            f"The key lasts: {bits(first[1])} at {stamp(first[0])}, {bits(last[1])} at "
            f"{stamp(last[0])}, {bits(bits_per_day)} a day are used."
        )
    return (
        f"Without key from {stamp(outlook.starves_at)} on, {duration(outlook.starved_s)} in all; "
        f"{bits(bits_per_day)} a day are used, {bits(last[1])} is left at the end."
    )

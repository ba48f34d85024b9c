"""The rows of a night's tables: pairs, passes, relays, darkness."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from groundstation.network import Demand, Network
from groundstation.night_records import NightOutcome, NightPass, StationNight
from groundstation.plan.records import Delivery, Relay
from groundstation.report import wording


@dataclass(frozen=True, slots=True)
class PairRow:
    """What one pair of sites gets: titles, use, bits, share, and the ways its key takes.

    `spread` is P10 to P90 over the nights that the weather may bring, empty where it is not known;
    `held` what the pair shares before the night, empty where that is not known.
    """

    demand: str
    a: str
    b: str
    operators: str
    use: str
    wanted_bits: int
    delivered_bits: int
    fraction: float
    spread: str
    held: str
    paths: tuple[tuple[str, int], ...]
    remark: str


@dataclass(frozen=True, slots=True)
class PassRow:
    """One pass with the decision on it; `contact` is its number, None if it is not taken.

    `day` tells its date where the plan covers several nights, else it is empty.
    """

    night_pass: NightPass
    station: str
    satellite: str
    key_bits: float | None
    contact: int | None
    reason: str
    day: str = ""


@dataclass(frozen=True, slots=True)
class DarknessRow:
    """How long one station is dark, and what to know of it."""

    station: str
    dark_s: float
    nautical_s: float
    astronomical_s: float
    sky: StationNight


def pair_row(delivery: Delivery, outcome: NightOutcome, titles: dict[str, str]) -> PairRow:
    """A demand with what the plan brings it."""
    sites = {site.name: site for site in outcome.network.sites}
    ends = [sites[name] for name in (delivery.a, delivery.b) if name in sites]
    demand = _demand(outcome.network, delivery.demand)
    relays = [relay for relay in outcome.plan.carried if relay.demand == delivery.demand]
    return PairRow(
        demand=delivery.demand,
        a=sites[delivery.a].title if delivery.a in sites else delivery.a,
        b=sites[delivery.b].title if delivery.b in sites else delivery.b,
        operators=", ".join(dict.fromkeys(site.operator for site in ends if site.operator)),
        use=demand.use if demand else "",
        wanted_bits=delivery.wanted_bits,
        delivered_bits=delivery.delivered_bits,
        fraction=delivery.delivered_bits / delivery.wanted_bits if delivery.wanted_bits else 1.0,
        spread=_spread(delivery),
        held="" if delivery.held_bits is None else wording.bits(delivery.held_bits),
        paths=_paths(relays, titles),
        remark=delivery.remark,
    )


def _paths(relays: Sequence[Relay], titles: dict[str, str]) -> tuple[tuple[str, int], ...]:
    """The ways of a pair's key, each once whatever the number of nights, with its bits."""
    total: dict[str, int] = {}
    for relay in relays:
        words = wording.path_in_words(relay.hops, titles)
        total[words] = total.get(words, 0) + relay.bits
    return tuple(total.items())


def _spread(delivery: Delivery) -> str:
    if delivery.p10_bits is None or delivery.p90_bits is None:
        return ""
    return f"{wording.bits(delivery.p10_bits)} – {wording.bits(delivery.p90_bits)}"


def _demand(network: Network, name: str) -> Demand | None:
    return next((demand for demand in network.demands if demand.name == name), None)


def pass_rows(
    outcome: NightOutcome, numbers: dict[str, int], titles: dict[str, str]
) -> list[PassRow]:
    """Every pass with the decision on it, in order of rise."""
    reasons = {rejection.pass_id: rejection.reason for rejection in outcome.plan.rejections}
    key_bits: dict[str, float] = {c.pass_id: c.key_bits for c in outcome.plan.contacts}
    rows = []
    for night_pass in outcome.passes:
        identity, forecast = night_pass.pass_id, night_pass.forecast
        worth = None if forecast is None else forecast.key.secret_key_bits
        rows.append(
            PassRow(
                night_pass=night_pass,
                station=titles.get(night_pass.station, night_pass.station),
                satellite=night_pass.satellite,
                key_bits=key_bits.get(identity, worth),
                contact=numbers.get(identity),
                reason=reasons.get(identity) or night_pass.refusal or "",
                day=wording.day(night_pass.tca) if outcome.plan.nights > 1 else "",
            )
        )
    return rows


def relay_rows(outcome: NightOutcome, titles: dict[str, str]) -> list[tuple[Relay, str, str]]:
    """Every relay with its pair and its path in words."""
    sites = {site.name: site.title or site.name for site in outcome.network.sites}
    pairs = {
        d.demand: f"{sites.get(d.a, d.a)} – {sites.get(d.b, d.b)}" for d in outcome.plan.deliveries
    }
    return [
        (relay, pairs.get(relay.demand, relay.demand), wording.path_in_words(relay.hops, titles))
        for relay in outcome.plan.carried
    ]


def darkness_row(sky: StationNight, titles: dict[str, str]) -> DarknessRow:
    """How long one station is dark."""

    def seconds(spans: tuple[tuple[datetime, datetime], ...]) -> float:
        return sum((stop - start).total_seconds() for start, stop in spans)

    return DarknessRow(
        station=titles.get(sky.station, sky.station),
        dark_s=seconds(sky.dark),
        nautical_s=seconds(sky.nautical),
        astronomical_s=seconds(sky.astronomical),
        sky=sky,
    )

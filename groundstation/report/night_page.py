"""One night as one HTML page that needs nothing but itself."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from groundstation.network import Demand, Network, Station
from groundstation.night_records import NightOutcome, NightPass, StationNight
from groundstation.plan.difference import difference_sentences
from groundstation.plan.records import Contact, Delivery, Relay
from groundstation.report import wording
from groundstation.report.contact_card import ContactCard, contact_card
from groundstation.report.drawing.canvas import symbol, text_rules
from groundstation.report.figures.network_map import network_map
from groundstation.report.figures.palette import DARK, LIGHT, css_variables
from groundstation.report.figures.sky import COMPASS, draw_compass
from groundstation.report.night_numbers import headline, night_numbers, relative_gap
from groundstation.report.timeline import night_timeline


@dataclass(frozen=True, slots=True)
class PairRow:
    """What one pair of sites gets: titles, use, bits, share, and the ways its key takes."""

    demand: str
    a: str
    b: str
    operators: str
    use: str
    wanted_bits: int
    delivered_bits: int
    fraction: float
    paths: tuple[tuple[str, int], ...]
    remark: str


@dataclass(frozen=True, slots=True)
class PassRow:
    """One pass with the decision on it; `contact` is its number, None if it is not taken."""

    night_pass: NightPass
    station: str
    satellite: str
    key_bits: float | None
    contact: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class DarknessRow:
    """How long one station is dark, and what to know of it."""

    station: str
    dark_s: float
    nautical_s: float
    astronomical_s: float
    sky: StationNight


def render_night(outcome: NightOutcome) -> str:
    """The report of a night: self-contained HTML with inline SVG and the numbers as JSON.

    The same outcome gives the same text, byte for byte.
    """
    titles = node_titles(outcome.network)
    contacts = sorted(outcome.plan.contacts, key=lambda contact: (contact.start, contact.pass_id))
    numbers = {contact.pass_id: number for number, contact in enumerate(contacts, start=1)}
    timeline = night_timeline(outcome, numbers)
    rows = _pass_rows(outcome, numbers, titles)
    return (
        page_environment()
        .get_template("night.html.j2")
        .render(
            outcome=outcome,
            network=outcome.network,
            plan=outcome.plan,
            head=headline(outcome),
            notices=notices(outcome),
            gap=relative_gap(outcome.plan.value, outcome.plan.bound),
            pairs=[_pair_row(delivery, outcome, titles) for delivery in outcome.plan.deliveries],
            timeline=timeline,
            darkness=[_darkness_row(sky, titles) for sky in outcome.skies],
            rows=[row for row in rows if timeline.shows(row.night_pass)],
            daylight_rows=[row for row in rows if not timeline.shows(row.night_pass)],
            cards=_cards(outcome, contacts, numbers, titles),
            relays=_relay_rows(outcome, titles),
            map_svg=network_map(outcome).inline("Map of the network and its contacts"),
            data=as_script(night_numbers(outcome)),
            light=Markup(css_variables(LIGHT)),  # noqa: S704  our own constants
            dark=Markup(css_variables(DARK)),  # noqa: S704
            text_rules=Markup(text_rules()),  # noqa: S704
            symbols=symbol(COMPASS, draw_compass),
        )
    )


def node_titles(network: Network) -> dict[str, str]:
    """What people call the stations and fibre nodes, by name."""
    titles = {station.name: station.title or station.name for station in network.stations}
    titles |= {node.name: node.title or node.name for node in network.fibre_nodes}
    return titles


def notices(outcome: NightOutcome) -> list[str]:
    """What a reader must know before the numbers: what is degraded, missing or short."""
    changes = difference_sentences(outcome.difference) if outcome.difference else ()
    lines = [*changes, *outcome.warnings]
    if not outcome.passes:
        lines.append("no satellite rises above any station's horizon in this night")
    elif not outcome.plan.contacts:
        lines.append("no contact is planned in this night; the table of passes says why")
    # A plan repeats what the stations' nights say, by their short names; once is enough.
    repeated = {f"{sky.station}: {sky.remark}" for sky in outcome.skies}
    lines += [remark for remark in outcome.plan.remarks if remark not in repeated]
    titles = node_titles(outcome.network)
    lines += [
        f"{titles.get(sky.station, sky.station)}: {sky.remark}"
        for sky in outcome.skies
        if sky.remark
    ]
    return list(dict.fromkeys(lines))


def page_environment() -> Environment:
    """Templates of the reports with the filters that write numbers for people."""
    environment = Environment(
        loader=PackageLoader("groundstation.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "bits": wording.bits,
        "clock": wording.clock,
        "degrees": wording.degrees,
        "duration": wording.duration,
        "full_stamp": wording.full_stamp,
        "night": wording.night,
        "percent": wording.percent,
        "stamp": wording.stamp,
        "place": lambda value: f"{value:.3f}%",
    }
    environment.globals["count_of"] = wording.count_of
    return environment


def as_script(numbers: dict[str, Any]) -> Markup:
    """JSON that cannot end the script element it stands in, whatever the names are."""
    text = json.dumps(numbers, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704


def _pair_row(delivery: Delivery, outcome: NightOutcome, titles: dict[str, str]) -> PairRow:
    sites = {site.name: site for site in outcome.network.sites}
    ends = [sites[name] for name in (delivery.a, delivery.b) if name in sites]
    demand = _demand(outcome.network, delivery.demand)
    relays = [relay for relay in outcome.plan.relays if relay.demand == delivery.demand]
    return PairRow(
        demand=delivery.demand,
        a=sites[delivery.a].title if delivery.a in sites else delivery.a,
        b=sites[delivery.b].title if delivery.b in sites else delivery.b,
        operators=", ".join(dict.fromkeys(site.operator for site in ends if site.operator)),
        use=demand.use if demand else "",
        wanted_bits=delivery.wanted_bits,
        delivered_bits=delivery.delivered_bits,
        fraction=delivery.delivered_bits / delivery.wanted_bits if delivery.wanted_bits else 1.0,
        paths=tuple((wording.path_in_words(relay.hops, titles), relay.bits) for relay in relays),
        remark=delivery.remark,
    )


def _demand(network: Network, name: str) -> Demand | None:
    return next((demand for demand in network.demands if demand.name == name), None)


def _pass_rows(
    outcome: NightOutcome, numbers: dict[str, int], titles: dict[str, str]
) -> list[PassRow]:
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
            )
        )
    return rows


def _cards(
    outcome: NightOutcome,
    contacts: list[Contact],
    numbers: dict[str, int],
    titles: dict[str, str],
) -> list[ContactCard]:
    passes = {night_pass.pass_id: night_pass for night_pass in outcome.passes}
    stations: dict[str, Station] = {s.name: s for s in outcome.network.stations}
    return [
        contact_card(
            number=numbers[contact.pass_id],
            contact=contact,
            night_pass=passes[contact.pass_id],
            station=stations[contact.station],
            title=titles[contact.station],
        )
        for contact in contacts
    ]


def _relay_rows(outcome: NightOutcome, titles: dict[str, str]) -> list[tuple[Relay, str, str]]:
    """Every relay with its pair and its path in words."""
    sites = {site.name: site.title or site.name for site in outcome.network.sites}
    pairs = {
        d.demand: f"{sites.get(d.a, d.a)} – {sites.get(d.b, d.b)}" for d in outcome.plan.deliveries
    }
    return [
        (relay, pairs.get(relay.demand, relay.demand), wording.path_in_words(relay.hops, titles))
        for relay in outcome.plan.relays
    ]


def _darkness_row(sky: StationNight, titles: dict[str, str]) -> DarknessRow:
    def seconds(spans: tuple[tuple[datetime, datetime], ...]) -> float:
        return sum((stop - start).total_seconds() for start, stop in spans)

    return DarknessRow(
        station=titles.get(sky.station, sky.station),
        dark_s=seconds(sky.dark),
        nautical_s=seconds(sky.nautical),
        astronomical_s=seconds(sky.astronomical),
        sky=sky,
    )

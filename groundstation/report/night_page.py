"""One night as one HTML page that needs nothing but itself."""

from dataclasses import dataclass

from markupsafe import Markup

from groundstation.network import Station
from groundstation.night_records import NightOutcome
from groundstation.plan.records import Contact
from groundstation.report.contact_card import ContactCard, contact_card
from groundstation.report.figures.cloud import cloud_figure
from groundstation.report.figures.link import link_symbols
from groundstation.report.figures.network_map import network_map
from groundstation.report.figures.pools import pool_figure
from groundstation.report.figures.sky import sky_symbols
from groundstation.report.figures.waterfall import waterfall_figure
from groundstation.report.key_pools import PairPool, pair_pools, satellite_pools
from groundstation.report.night_numbers import headline, night_numbers, relative_gap
from groundstation.report.night_rows import darkness_row, pair_row, pass_rows, relay_rows
from groundstation.report.notices import changes, degraded, notices
from groundstation.report.page import as_script, node_titles, rendered
from groundstation.report.timeline import Timeline, night_timeline
from groundstation.report.waterfall import night_falls
from groundstation.report.weather import WeatherRow, weather_rows
from groundstation.report.wording import nights


@dataclass(frozen=True, slots=True)
class PoolCard:
    """One pair's pool with its figure."""

    pool: PairPool
    figure: Markup


@dataclass(frozen=True, slots=True)
class WeatherCard:
    """One station's weather with its figure."""

    row: WeatherRow
    figure: Markup


def render_night(outcome: NightOutcome) -> str:
    """The report of a night: self-contained HTML with inline SVG and the numbers as JSON.

    The same outcome gives the same text, byte for byte.
    """
    titles = node_titles(outcome.network)
    numbers = contact_numbers(outcome)
    timeline = night_timeline(outcome, numbers)
    rows = pass_rows(outcome, numbers, titles)
    falls = night_falls(outcome)
    return rendered(
        "night.html.j2",
        outcome=outcome,
        network=outcome.network,
        plan=outcome.plan,
        title_of_nights=nights(outcome.night, outcome.plan.nights),
        head=headline(outcome),
        degraded=degraded(outcome),
        changes=changes(outcome),
        notices=notices(outcome),
        gap=relative_gap(outcome.plan.value, outcome.plan.bound),
        pairs=[pair_row(delivery, outcome, titles) for delivery in outcome.plan.deliveries],
        pools=[PoolCard(p, pool_figure(p).inline(p.sentence)) for p in pair_pools(outcome)],
        satellite_pools=satellite_pools(outcome),
        falls=falls,
        falls_svg=waterfall_figure(falls).inline("Where the key of the night goes"),
        timeline=timeline,
        darkness=[darkness_row(sky, titles) for sky in outcome.skies],
        weather=_weather_cards(outcome, timeline, titles),
        rows=[row for row in rows if timeline.shows(row.night_pass)],
        daylight_rows=[row for row in rows if not timeline.shows(row.night_pass)],
        cards=_cards(outcome, numbers, titles),
        relays=relay_rows(outcome, titles),
        titles=titles,
        map_svg=network_map(outcome).inline("Map of the network and its contacts"),
        data=as_script(night_numbers(outcome)),
        symbols=sky_symbols(_stations_in_contact(outcome)) + link_symbols(),
    )


def contact_numbers(outcome: NightOutcome) -> dict[str, int]:
    """The number of each contact in the report, by pass id: in order of start from 1."""
    contacts = sorted(outcome.plan.contacts, key=lambda contact: (contact.start, contact.pass_id))
    return {contact.pass_id: number for number, contact in enumerate(contacts, start=1)}


def _stations_in_contact(outcome: NightOutcome) -> list[Station]:
    used = {contact.station for contact in outcome.plan.contacts}
    return [station for station in outcome.network.stations if station.name in used]


def _weather_cards(
    outcome: NightOutcome, timeline: Timeline, titles: dict[str, str]
) -> list[WeatherCard]:
    span = timeline.start, timeline.stop
    clouds = {cloud.station: cloud for cloud in outcome.clouds}

    def contacts_at(station: str) -> list[Contact]:
        return [contact for contact in outcome.plan.contacts if contact.station == station]

    return [
        WeatherCard(
            row,
            cloud_figure(clouds[row.station], row.title, contacts_at(row.station), span).inline(
                f"Cloud over {row.title}: {row.sentence}"
            ),
        )
        for row in weather_rows(outcome, titles, span)
    ]


def _cards(
    outcome: NightOutcome, numbers: dict[str, int], titles: dict[str, str]
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
        for contact in sorted(outcome.plan.contacts, key=lambda c: numbers[c.pass_id])
    ]

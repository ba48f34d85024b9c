"""The night as a printed document: the sections of its page in the same order."""

from groundstation.night_records import NightOutcome
from groundstation.report.contact_card import facts_of, loss_words, rates_caption, sky_caption
from groundstation.report.figures.cloud import clouds_figure
from groundstation.report.figures.link import loss_figure, rate_figure
from groundstation.report.figures.network_map import network_map
from groundstation.report.figures.night_chart import night_chart
from groundstation.report.figures.pools import pool_figure
from groundstation.report.figures.sky import sky_figure
from groundstation.report.figures.waterfall import waterfall_figure
from groundstation.report.key_pools import pair_pools
from groundstation.report.night_numbers import headline, relative_gap
from groundstation.report.night_page import contact_numbers
from groundstation.report.night_rows import pair_row, pass_rows, relay_rows
from groundstation.report.notices import changes, degraded, notices
from groundstation.report.page import node_titles
from groundstation.report.pdf.document import (
    Block,
    Bullets,
    Document,
    Facts,
    Figure,
    Group,
    Heading,
    Paragraph,
    Row,
    Table,
    figure,
)
from groundstation.report.timeline import night_timeline
from groundstation.report.waterfall import night_falls
from groundstation.report.weather import weather_rows
from groundstation.report.wording import (
    THIN,
    bits,
    clock,
    degrees,
    duration,
    full_stamp,
    nights,
    percent,
    stamp,
)


def night_document(outcome: NightOutcome) -> Document:
    """The report of a night for print."""
    return Document(
        kind="Night plan",
        title=outcome.network.title or outcome.network.name,
        subtitle=f"{nights(outcome.night, outcome.plan.nights)}, {stamp(outcome.start)} to "
        f"{stamp(outcome.stop)}",
        degraded=degraded(outcome),
        notices=(*outcome.warnings, *notices(outcome)),
        cards=_cards(outcome),
        blocks=[
            *_changes(outcome),
            *_pairs(outcome),
            *_pools(outcome),
            *_waterfall(outcome),
            *_timeline(outcome),
            *_passes(outcome),
            *_contacts(outcome),
            *_weather(outcome),
            *_map(outcome),
            *_relays(outcome),
            *_provenance(outcome),
        ],
        stamp=f"plan {outcome.plan.plan_id} · groundstation {outcome.version} · "
        f"{full_stamp(outcome.generated)}",
    )


def _cards(outcome: NightOutcome) -> list[tuple[str, str, str]]:
    head = headline(outcome)
    expected, share = head["expected_bits"], head["fraction_of_demand_met"]
    return [
        ("Contacts", str(head["contacts"]), f"of {head['passes']} passes"),
        (
            "Key, clear sky",
            bits(head["key_clear_sky_bits"]),
            "of the weather nothing is known"
            if expected is None
            else f"{bits(expected)} expected with the weather",
        ),
        (
            "Demands met in full",
            f"{head['demands_met']} of {head['demands']}",
            "no key is wanted" if share is None else f"{percent(share)} of all bits wanted",
        ),
        ("Warnings", str(head["warnings"]), "listed above" if head["warnings"] else "none"),
    ]


def _changes(outcome: NightOutcome) -> list[Block]:
    lines = changes(outcome)
    return [Heading("Since the last plan"), Bullets(lines)] if lines else []


def _pairs(outcome: NightOutcome) -> list[Block]:
    titles = node_titles(outcome.network)
    rows = []
    for delivery in outcome.plan.deliveries:
        row = pair_row(delivery, outcome, titles)
        ways = "; ".join(f"{path}: {bits(count)}" for path, count in row.paths)
        rows.append(
            (
                f"{row.a} – {row.b}",
                bits(row.wanted_bits),
                bits(row.delivered_bits),
                row.spread or "–",
                percent(row.fraction),
                " ".join(text for text in (ways, row.remark) if text) or "no relay",
            )
        )
    columns = (
        ("Pair", "left"), ("Wanted", "right"), ("Delivered", "right"),
        ("P10 to P90", "right"), ("Met", "right"), ("Way of the key", "left"),
    )  # fmt: skip
    return [
        Heading("Key per pair, against demand"),
        Table(columns, rows, (3, 0, 0, 0, 0, 4))
        if rows
        else Paragraph("The network file declares no demand."),
    ]


def _pools(outcome: NightOutcome) -> list[Block]:
    pools = pair_pools(outcome)
    if not pools:
        return []
    figures = [figure(pool_figure(pool), f"{pool.title}. {pool.sentence}") for pool in pools]
    rows = [Row(figures[i : i + 2]) for i in range(0, len(figures), 2)]
    words = Paragraph(
        "Level of each pair's pool as the plan has it, falling with use and rising when relayed "
        "key arrives; dashed is the reserve it should keep, a bar on the axis marks time without "
        "key. Times UTC.",
        is_small=True,
    )
    return [Group((Heading("Key pools against demand"), words, rows[0])), *rows[1:]]


def _waterfall(outcome: NightOutcome) -> list[Block]:
    falls = night_falls(outcome)
    rows = [(fall.name, fall.words, fall.note) for fall in falls]
    return [
        Group(
            (
                Heading("Where the key goes"),
                figure(waterfall_figure(falls), "Secret bits left at each step."),
                Table((("Step", "left"), ("Left", "right"), ("Why", "left")), rows, (0, 0, 1)),
            )
        )
    ]


def _timeline(outcome: NightOutcome) -> list[Block]:
    chart = night_chart(night_timeline(outcome, contact_numbers(outcome)), "")
    words = (
        "Darker where the Sun is lower (dark enough for the station, below -12°, below -18°); "
        "contacts are numbered, short marks are passes not taken"
    )
    if outcome.clouds:
        words += "; the strip below each bar is the mean cloud cover, from none to overcast"
    return [Group((Heading("Timeline"), figure(chart, f"{words}. Times UTC.")))]


def _passes(outcome: NightOutcome) -> list[Block]:
    """Every pass in the hours of the timeline; those in daylight are counted."""
    numbers = contact_numbers(outcome)
    timeline = night_timeline(outcome, numbers)
    found = pass_rows(outcome, numbers, node_titles(outcome.network))
    shown = [row for row in found if timeline.shows(row.night_pass)]
    rows = [
        (
            f"{row.day} {clock(row.night_pass.tca)}".strip(),
            row.station,
            row.satellite,
            degrees(row.night_pass.max_elevation_rad),
            duration(row.night_pass.usable_s) if row.night_pass.usable_s else "–",
            "–" if row.key_bits is None else bits(row.key_bits),
            f"contact {row.contact}" if row.contact else row.reason,
        )
        for row in shown
    ]
    columns = (
        ("Highest", "left"), ("Station", "left"), ("Satellite", "left"), ("Elevation", "right"),
        ("Usable", "right"), ("Key", "right"), ("Decision", "left"),
    )  # fmt: skip
    blocks: list[Block] = [Heading("Every pass, and why it is taken or not")]
    if rows:
        strong = [i for i, row in enumerate(shown) if row.contact]
        blocks.append(Table(columns, rows, (0, 2, 0, 0, 0, 0, 3), strong))
    folded = len(found) - len(shown)
    if folded or not rows:
        blocks.append(Paragraph(f"{folded} passes lie in daylight, outside the timeline.", True))
    return blocks


def _contacts(outcome: NightOutcome) -> list[Block]:
    titles, numbers = node_titles(outcome.network), contact_numbers(outcome)
    passes = {item.pass_id: item for item in outcome.passes}
    stations = {station.name: station for station in outcome.network.stations}
    blocks: list[Block] = [Heading("Contacts")]
    if not numbers:
        return [*blocks, Paragraph("No contact is planned in this night.")]
    for contact in sorted(outcome.plan.contacts, key=lambda c: numbers[c.pass_id]):
        item, forecast = passes[contact.pass_id], passes[contact.pass_id].forecast
        title = f"{numbers[contact.pass_id]}  {contact.satellite} over {titles[contact.station]}"
        sky = sky_figure(item, stations[contact.station])
        figures: list[Figure] = [figure(sky, sky_caption(item), 0.8)]
        if forecast is not None:
            figures.append(figure(loss_figure(item, forecast), loss_words(item, forecast)))
            figures.append(figure(rate_figure(item, forecast), rates_caption(item, forecast)))
        blocks.append(Group((Heading(title, 2), Facts(facts_of(contact, item)), Row(figures))))
    return blocks


def _weather(outcome: NightOutcome) -> list[Block]:
    if not outcome.clouds:
        return []
    titles = node_titles(outcome.network)
    timeline = night_timeline(outcome, contact_numbers(outcome))
    span = timeline.start, timeline.stop
    fans = clouds_figure(outcome.clouds, titles, outcome.plan.contacts, span, "")
    rows = [(row.title, row.sentence, row.origin) for row in weather_rows(outcome, titles, span)]
    return [
        Heading("Weather"),
        figure(
            fans,
            "Cloud cover, per cent: line the median of all members, grey P10 to P90, dashed the "
            "mean; marks are the contacts. Times UTC.",
        ),
        Table((("Station", "left"), ("Cover", "left"), ("Source", "left")), rows, (2, 3, 3)),
    ]


def _map(outcome: NightOutcome) -> list[Block]:
    words = (
        "Circles: stations, squares: fibre nodes, solid: fibre, dashed: key relayed through a "
        "satellite, bold: satellite during a contact. Coastline: Natural Earth."
    )
    return [Group((Heading("Network"), figure(network_map(outcome), words)))]


def _relays(outcome: NightOutcome) -> list[Block]:
    found = relay_rows(outcome, node_titles(outcome.network))
    rows = [(pair, path, str(len(r.hops)), bits(r.bits)) for r, pair, path in found]
    columns = (("For", "left"), ("Path", "left"), ("Hops", "right"), ("Key", "right"))
    return [
        Heading("Relays"),
        Table(columns, rows, (2, 4, 0, 0))
        if rows
        else Paragraph("No key is relayed in this night."),
    ]


def _provenance(outcome: NightOutcome) -> list[Block]:
    plan, network = outcome.plan, outcome.network
    gap = relative_gap(plan.value, plan.bound)
    facts = [
        ("Plan", plan.plan_id),
        ("Value of the plan", f"{plan.value:.3f}{THIN}kbit, weighted by priority"),
        ("No plan can exceed", f"{plan.bound:.3f}{THIN}kbit"),
        ("Gap", "–" if gap is None else percent(gap, 2)),
        ("Solver", plan.solver),
        ("Proof", network.key.proof),
        ("ε secrecy", f"{network.key.epsilon_secrecy:g}"),
        ("ε correctness", f"{network.key.epsilon_correctness:g}"),
        ("Libraries", ", ".join(f"{name} {version}" for name, version in outcome.libraries)),
    ]
    rows = [
        (e.satellite, full_stamp(e.epoch), duration(e.age_s), e.source, e.digest)
        for e in outcome.elements
    ]
    columns = (
        ("Elements of", "left"), ("Epoch", "left"), ("Age", "right"), ("Source", "left"),
        ("SHA-256", "left"),
    )  # fmt: skip
    files = [("network file", network.file.rsplit("/", 1)[-1], network.digest)]
    files += [(f"weather of {c.station}", c.source, c.sha256) for c in outcome.clouds]
    files += [(o.rule, o.path, o.sha256 or "could not be read") for o in outcome.permissions]
    return [
        Heading("Provenance"),
        Facts(facts),
        Table(columns, rows, (0, 0, 0, 2, 3)),
        Table((("Input", "left"), ("Source", "left"), ("SHA-256", "left")), files, (1, 1, 2)),
    ]

"""One pass as a printed document: the sections of its page in the same order."""

from groundstation.export.clear_columns import clear_sentence
from groundstation.pass_records import PassOutcome
from groundstation.report.contact_card import loss_words, rates_caption, sky_caption
from groundstation.report.figures.budget import budget_figure
from groundstation.report.figures.link import loss_figure, rate_figure
from groundstation.report.figures.sky import sky_figure
from groundstation.report.figures.waterfall import waterfall_figure
from groundstation.report.pass_falls import measured_rows, pass_falls, pass_times
from groundstation.report.pass_page import (
    cards,
    geometry_facts,
    loss_rows,
    pass_title,
    verdict,
)
from groundstation.report.pdf.document import (
    Block,
    Document,
    Facts,
    Heading,
    Paragraph,
    Row,
    Table,
    figure,
)
from groundstation.report.wording import bits, count_of, duration, full_stamp, night


def pass_document(outcome: PassOutcome) -> Document:
    """The report of a pass for print."""
    remarks = () if outcome.light is None else outcome.light.remarks
    count = len(outcome.warnings)
    return Document(
        kind=f"Pass report · {outcome.network.title or outcome.network.name}",
        title=pass_title(outcome),
        subtitle=f"Night of {night(outcome.night)} · {outcome.night_pass.pass_id}",
        degraded=f"{count_of(count, 'thing is', 'things are')} missing, old or left out."
        if count
        else "",
        notices=(*outcome.warnings, *remarks),
        cards=cards(outcome),
        blocks=[
            Paragraph(verdict(outcome)),
            *_result(outcome),
            *_sky(outcome),
            *_waterfall(outcome),
            *_loss(outcome),
            *_provenance(outcome),
        ],
        stamp=f"{outcome.night_pass.pass_id} · groundstation {outcome.version} · "
        f"{full_stamp(outcome.generated)}",
    )


def _result(outcome: PassOutcome) -> list[Block]:
    if outcome.result is None:
        return []
    words = f"Recorded {full_stamp(outcome.result.recorded_at)} as {outcome.result.result.sky}."
    columns = (
        ("Quantity", "left"), ("Forecast, P10 to P90 if clear", "right"), ("Result", "right"),
        ("Verdict", "left"),
    )  # fmt: skip
    return [
        Heading("What really came"),
        Paragraph(f"{words} {outcome.result.result.remark}"),
        Table(columns, list(measured_rows(outcome)), (1, 0, 0, 1)),
    ]


def _sky(outcome: PassOutcome) -> list[Block]:
    item, forecast = outcome.night_pass, outcome.night_pass.forecast
    figures = [figure(sky_figure(item, outcome.network.stations[0]), sky_caption(item), 0.8)]
    if forecast is not None:
        figures.append(figure(loss_figure(item, forecast), loss_words(item, forecast)))
        figures.append(figure(rate_figure(item, forecast), rates_caption(item, forecast)))
    rows = [(time.name, duration(time.seconds), time.note) for time in pass_times(outcome)]
    sky = clear_sentence(item.clear) or "Of the weather nothing is known here."
    return [
        Heading("Sky and link"),
        Facts(geometry_facts(item)),
        Row(figures),
        Table((("From rise to contact", "left"), ("", "right"), ("", "left")), rows, (0, 0, 1)),
        Paragraph(sky),
    ]


def _waterfall(outcome: PassOutcome) -> list[Block]:
    falls, light = pass_falls(outcome), outcome.light
    if not falls or light is None:
        return []
    rows = [(fall.name, fall.words, fall.note) for fall in falls]
    steps = [
        (step.cause, bits(step.cost_bits) if i else "–", bits(step.left_bits))
        for i, step in enumerate(light.steps)
    ]
    return [
        Heading("From pulses to key"),
        figure(
            waterfall_figure(falls, decades=True),
            "All usable seconds under a clear sky; each length is a logarithm.",
        ),
        Table((("Step", "left"), ("Left", "right"), ("Why", "left")), rows, (0, 0, 1)),
        Table((("Cause", "left"), ("Costs", "right"), ("Leaves", "right")), steps, (1, 0, 0)),
        Paragraph(
            f"No protocol without a repeater exceeds {bits(light.repeaterless_bits)} over this "
            "loss (Pirandola, Laurenza, Ottaviani and Banchi, 2017).",
            is_small=True,
        ),
    ]


def _loss(outcome: PassOutcome) -> list[Block]:
    item, forecast, light = outcome.night_pass, outcome.night_pass.forecast, outcome.light
    if forecast is None or light is None:
        return []
    found = loss_rows(item, forecast)
    rows = [
        (
            row.name,
            row.group,
            f"{row.first_db:.2f}",
            f"{row.best_db:.2f}",
            f"{row.last_db:.2f}",
            row.source,
        )
        for row in found
    ]
    columns = (
        ("Term, dB", "left"), ("Where", "left"), ("Opens", "right"), ("Best", "right"),
        ("Closes", "right"), ("Source", "left"),
    )  # fmt: skip
    sheet = budget_figure(item.track, forecast, light.causes, "")
    return [
        Heading("Loss budget"),
        Table(columns, rows, (0, 0, 0, 0, 0, 1), (len(found) - 1,)),
        Heading("Second by second"),
        figure(sheet, "Grey: seconds in which the contact may not run.", 0.85),
    ]


def _provenance(outcome: PassOutcome) -> list[Block]:
    elements, network = outcome.elements, outcome.network
    terminal = () if outcome.light is None else outcome.light.terminal
    rows = [
        ("element set", elements.source, elements.digest),
        ("network file", network.file.rsplit("/", 1)[-1], network.digest),
    ]
    if outcome.cloud is not None:
        rows.append(("weather", outcome.cloud.source, outcome.cloud.sha256))
    return [
        Heading("Provenance"),
        Facts(
            [
                ("Plan", "none" if outcome.decision is None else outcome.decision.plan_id),
                ("Calibration", outcome.calibration_id or "none: the declared link"),
                ("Proof", network.key.proof),
                *terminal,
            ]
        ),
        Table((("Input", "left"), ("Source", "left"), ("SHA-256", "left")), rows, (1, 1, 2)),
    ]

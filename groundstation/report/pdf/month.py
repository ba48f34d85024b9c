"""The month as a printed document: the sections of its page in the same order."""

from typing import Any

from groundstation.month_records import MonthOutcome
from groundstation.report.figures.month import drift_figure, nights_figure, results_figure
from groundstation.report.month_numbers import month_numbers
from groundstation.report.month_page import month_notices, month_title
from groundstation.report.pdf.document import (
    Block,
    Bullets,
    Document,
    Facts,
    Heading,
    Paragraph,
    Table,
    figure,
)
from groundstation.report.wording import bits, full_stamp, percent
from groundstation.results.wording import sentences_of


def month_document(outcome: MonthOutcome) -> Document:
    """The report of a month for print."""
    numbers = month_numbers(outcome)
    head = numbers["headline"]
    share = head["fraction_of_demand_planned"]
    missing = len(outcome.missing)
    return Document(
        kind="Month report",
        title=outcome.network.title or outcome.network.name,
        subtitle=month_title(outcome),
        degraded=f"{missing} of its sources could not be read." if missing else "",
        notices=month_notices(outcome),
        cards=[
            ("Nights planned", str(head["nights_planned"]), f"of {head['nights_of_month']}"),
            (
                "Contacts with key",
                str(head["contacts_with_key"]),
                f"{head['contacts_recorded']} on record of {head['contacts_planned']} planned",
            ),
            (
                "Key received",
                bits(head["key_received_bits"]),
                f"{bits(head['key_planned_bits'])} planned, clear sky",
            ),
            (
                "Demand that plans met",
                "–" if share is None else percent(share),
                f"of {bits(head['wanted_bits'])} wanted",
            ),
        ],
        blocks=[
            *_pairs(outcome, numbers),
            *_nights(outcome, numbers),
            *_results(outcome),
            *_stations(numbers),
            *_calibration(numbers),
            *_ledger(numbers),
            Heading("Provenance"),
            Facts(
                [
                    ("Network file", outcome.network.file.rsplit("/", 1)[-1]),
                    ("SHA-256", outcome.network.digest[:16] + "…"),
                    (
                        "Calibration",
                        "none"
                        if outcome.calibration is None
                        else str(outcome.calibration.calibration_id),
                    ),
                ]
            ),
        ],
        stamp=f"{outcome.month} · groundstation {outcome.version} · "
        f"{full_stamp(outcome.generated)}",
    )


def _pairs(outcome: MonthOutcome, numbers: dict[str, Any]) -> list[Block]:
    sites = {site.name: site.title or site.name for site in outcome.network.sites}
    rows = [
        (
            f"{sites.get(row['a'], row['a'])} – {sites.get(row['b'], row['b'])}",
            row["use"],
            bits(row["wanted_bits"]),
            bits(row["planned_bits"]),
            _share(row["fraction_planned"]),
            _share(row["worst_night_fraction"]),
        )
        for row in numbers["pairs"]
    ]
    columns = (
        ("Pair", "left"), ("Use", "left"), ("Wanted", "right"), ("Planned", "right"),
        ("Met", "right"), ("Worst night", "right"),
    )  # fmt: skip
    return [Heading("Demand per pair"), Table(columns, rows, (3, 2, 0, 0, 0, 0))]


def _nights(outcome: MonthOutcome, numbers: dict[str, Any]) -> list[Block]:
    rows = [
        (
            row["night"],
            str(row["contacts"]),
            bits(row["key_planned_bits"]),
            str(row["recorded"]),
            str(row["clouded_out"]),
            bits(row["key_received_bits"]),
            str(row["warnings"]),
            row["plan_id"],
        )
        for row in numbers["nights"]
    ]
    columns = (
        ("Night", "left"), ("Contacts", "right"), ("Planned", "right"), ("On record", "right"),
        ("Clouded out", "right"), ("Received", "right"), ("Warnings", "right"), ("Plan", "left"),
    )  # fmt: skip
    drawn = nights_figure(numbers["nights"], outcome.days)
    return [
        Heading("Nights"),
        figure(drawn, "Grey: planned under a clear sky; orange: received, from results."),
        Table(columns, rows, (1, 0, 0, 0, 0, 0, 0, 1)),
    ]


def _results(outcome: MonthOutcome) -> list[Block]:
    blocks: list[Block] = [Heading("Forecast and result")]
    drawn = results_figure(outcome.results)
    if drawn is not None:
        words = (
            "Bar: P10 to P90 of the forecast issued before the pass, line: P50. Dot: what came; a "
            "ring lies outside its bar."
        )
        blocks.append(figure(drawn, words))
    for score in outcome.scores:
        blocks += [Heading(score.station or "All stations", 2), Bullets(sentences_of(score))]
    if not outcome.scores:
        blocks.append(Paragraph("No result is on record."))
    return blocks


def _stations(numbers: dict[str, Any]) -> list[Block]:
    rows = [
        (
            row["title"] or row["station"],
            str(row["nights_used"]),
            str(row["contacts"]),
            f"{row['busy_h']:.1f} h",
            _share(row["utilisation"]),
            str(row["clouded_out"]),
            bits(row["key_planned_bits"]),
            bits(row["key_received_bits"]),
        )
        for row in numbers["stations"]
    ]
    columns = (
        ("Station", "left"), ("Nights used", "right"), ("Contacts", "right"),
        ("In contact", "right"), ("Of its passes", "right"), ("Clouded out", "right"),
        ("Planned", "right"), ("Received", "right"),
    )  # fmt: skip
    return [Heading("Stations"), Table(columns, rows, (3, 0, 0, 0, 0, 0, 0, 0))]


def _calibration(numbers: dict[str, Any]) -> list[Block]:
    if not numbers["calibration"]:
        return [Heading("Calibration"), Paragraph("No link is calibrated yet.")]
    rows = [
        (
            row["station"],
            row["satellite"],
            "–" if row["loss_db"] is None else f"{row['loss_db']:+.2f} ± {row['sigma_db']:.2f} dB",
            "–"
            if row["change_db"] is None
            else f"{row['change_db']:+.2f} ± {row['change_sigma_db']:.2f} dB",
            str(row["passes"]),
            "drifted" if row["is_flagged"] else "steady" if row["change_db"] is not None else "–",
        )
        for row in numbers["calibration"]
    ]
    columns = (
        ("Station", "left"), ("Satellite", "left"), ("Loss", "right"), ("Change", "right"),
        ("Passes", "right"), ("Drift", "left"),
    )  # fmt: skip
    blocks: list[Block] = [Heading("Calibration")]
    drawn = drift_figure(numbers["calibration"])
    if drawn is not None:
        blocks.append(figure(drawn, "Loss beyond the description and its last change, one sigma."))
    return [*blocks, Table(columns, rows, (2, 2, 0, 0, 0, 1))]


def _ledger(numbers: dict[str, Any]) -> list[Block]:
    blocks: list[Block] = [Heading("Key ledger")]
    for account in numbers["ledger"]:
        rows = [
            (
                f"{row['a']} – {row['b']}",
                *(
                    bits(row[name])
                    for name in (
                        "opening_bits", "imported_bits", "received_by_relay_bits",
                        "delivered_bits", "relayed_away_bits", "closing_bits",
                    )
                ),
            )
            for row in account["rows"]
        ]  # fmt: skip
        columns = (
            ("Pool", "left"), ("Opening", "right"), ("Imported", "right"), ("By relay", "right"),
            ("Delivered", "right"), ("Relayed away", "right"), ("Closing", "right"),
        )  # fmt: skip
        blocks += [Heading(account["node"], 2), Table(columns, rows, (1, 0, 0, 0, 0, 0, 0))]
    return blocks if numbers["ledger"] else [*blocks, Paragraph("No key ledger was read.")]


def _share(fraction: float | None) -> str:
    return "–" if fraction is None else percent(fraction)

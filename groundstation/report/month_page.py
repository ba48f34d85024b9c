"""One month as one HTML page that needs nothing but itself, for the customer and the auditor."""

from groundstation.month_records import MonthOutcome
from groundstation.report.figures.month import drift_figure, nights_figure, results_figure
from groundstation.report.month_numbers import month_numbers
from groundstation.report.page import as_script, rendered
from groundstation.report.wording import MONTHS
from groundstation.results.wording import sentences_of


def render_month(outcome: MonthOutcome) -> str:
    """The report of a month: self-contained HTML with inline SVG and the numbers as JSON.

    The same outcome gives the same text, byte for byte.
    """
    numbers = month_numbers(outcome)
    results, drifts = results_figure(outcome.results), drift_figure(numbers["calibration"])
    return rendered(
        "month.html.j2",
        outcome=outcome,
        network=outcome.network,
        title=month_title(outcome),
        numbers=numbers,
        head=numbers["headline"],
        sites={site.name: site.title for site in outcome.network.sites},
        notices=month_notices(outcome),
        nights_svg=nights_figure(numbers["nights"], outcome.days).inline(
            "Key planned and received in each night of the month"
        ),
        results_svg=None
        if results is None
        else results.inline("Key of each clear contact against its forecast"),
        drift_svg=None
        if drifts is None
        else drifts.inline("Loss of each link beyond its description, period by period"),
        scores=[(score.station, sentences_of(score)) for score in outcome.scores],
        data=as_script(numbers),
    )


def month_title(outcome: MonthOutcome) -> str:
    """The month in words."""
    year, month = outcome.month.split("-")
    return f"{MONTHS[int(month) - 1]} {year}"


def month_notices(outcome: MonthOutcome) -> list[str]:
    """What is missing, before the numbers."""
    lines = list(outcome.missing)
    without = outcome.days - len(outcome.nights)
    if without:
        lines.append(f"{without} of {outcome.days} nights have no published plan on record")
    planned = {
        contact["pass_id"] for night in outcome.nights for contact in night.document["contacts"]
    }
    recorded = {item.result.pass_id for item in outcome.results}
    if planned - recorded:
        lines.append(
            f"{len(planned - recorded)} of {len(planned)} planned contacts have no result on record"
        )
    flagged = [
        f"{drift.satellite} over {band.station}"
        for band in (outcome.calibration.bands if outcome.calibration else ())
        for drift in band.drifts
        if drift.is_flagged
    ]
    if flagged:
        lines.append(f"the loss of {', '.join(flagged)} has drifted")
    return lines

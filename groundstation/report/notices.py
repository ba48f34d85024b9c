"""What a reader of a night must know before the numbers: degraded, changed, short."""

from groundstation.night_records import NightOutcome
from groundstation.plan.difference import difference_sentences
from groundstation.report.page import node_titles
from groundstation.report.wording import count_of


def degraded(outcome: NightOutcome) -> str:
    """One sentence that says that the night is degraded; empty if it is not."""
    count = len(outcome.warnings)
    if not count:
        return ""
    return f"{count_of(count, 'thing is', 'things are')} missing, old or left out."


def changes(outcome: NightOutcome) -> tuple[str, ...]:
    """What is new against the last plan; one sentence also where nothing is."""
    return difference_sentences(outcome.difference) if outcome.difference else ()


def notices(outcome: NightOutcome) -> list[str]:
    """What is remarkable beside warnings and changes: short nights, demands without a way."""
    lines = []
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

"""`groundstation plot`: one figure of a night or a pass as a file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from groundstation.night_records import NightOutcome
    from groundstation.report.drawing.canvas import Canvas

OF_A_NIGHT = ("timeline", "map")
OF_A_PASS = ("sky", "loss", "rate")


@click.command("plot")
@click.argument("figure", type=click.Choice([*OF_A_PASS, *OF_A_NIGHT]))
@click.argument("subject", required=False)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, .svg or .png [default: FIGURE.svg].",
)
@click.pass_obj
def command(settings: Settings, figure: str, subject: str | None, out: Path | None) -> int:
    """Draw FIGURE of SUBJECT: a night's date for timeline and map, a pass id for the others.

    Without SUBJECT it is tonight, or the night's first contact. `groundstation link PASS --plot`
    draws every loss term of a pass on one sheet.

    \b
    Examples:
      groundstation plot timeline 2026-06-14 -o night.png
      groundstation --example micius-2016 plot sky -o sky.svg
    """
    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for
    from groundstation.errors import UsageError
    from groundstation.night.nightly import middle_of, night_inputs
    from groundstation.night.outcome import compute_night
    from groundstation.report.figures.budget import write_figure

    target = out or Path(f"{figure}.svg")
    if target.suffix.lower() not in {".svg", ".png"}:
        raise UsageError(f"plot writes .svg or .png, not {str(target)!r}")
    network = network_of(settings)
    of_pass = subject if figure in OF_A_PASS else None
    night = of_pass and _night_of_pass(of_pass)
    evening = night_for(settings, network, night or (None if of_pass else subject))
    selection, known = night_inputs(network, middle_of(network, evening))
    outcome = compute_night(network, selection, evening, now=settings.instant(), known=known)
    drawn = (
        _of_night(figure, outcome) if figure in OF_A_NIGHT else _of_pass(figure, outcome, subject)
    )
    write_figure(drawn, target)
    click.echo(f"wrote {target}", err=True)
    return 0


def _night_of_pass(pass_id: str) -> str | None:
    """The evening that a pass id's stamp belongs to, if it has one: noon to noon, UTC."""
    import re
    from datetime import UTC, datetime, timedelta

    match = re.search(r"-(\d{8}T\d{4})$", pass_id)
    if match is None:
        return None
    instant = datetime.strptime(match.group(1), "%Y%m%dT%H%M").replace(tzinfo=UTC)
    return (instant - timedelta(hours=12)).date().isoformat()


def _of_night(figure: str, outcome: "NightOutcome") -> "Canvas":
    from groundstation.report.figures.network_map import network_map
    from groundstation.report.figures.night_chart import night_chart
    from groundstation.report.timeline import night_timeline

    title = f"{outcome.network.title}, night {outcome.night}"
    if figure == "map":
        drawn = network_map(outcome)
        drawn.label = title
        return drawn
    contacts = sorted(outcome.plan.contacts, key=lambda contact: (contact.start, contact.pass_id))
    numbers = {contact.pass_id: number for number, contact in enumerate(contacts, start=1)}
    return night_chart(night_timeline(outcome, numbers), title)


def _of_pass(figure: str, outcome: "NightOutcome", pass_id: str | None) -> "Canvas":
    from groundstation.errors import UsageError
    from groundstation.report.figures.link import loss_figure, rate_figure
    from groundstation.report.figures.sky import sky_figure
    from groundstation.suggest import did_you_mean

    if pass_id is None and not outcome.plan.contacts:
        raise UsageError("there is no contact to draw", hint="give a pass id of 'passes'")
    wanted = pass_id or min(outcome.plan.contacts, key=lambda c: c.start).pass_id
    passes = {item.pass_id: item for item in outcome.passes}
    if wanted not in passes:
        near = did_you_mean(wanted, passes)
        raise UsageError(f"there is no pass {wanted!r} in the night {outcome.night}{near}")
    item = passes[wanted]
    station = next(s for s in outcome.network.stations if s.name == item.station)
    if figure == "sky":
        drawn = sky_figure(item, station)
    elif item.forecast is None:
        raise UsageError(f"{wanted} has no forecast: {item.refusal}")
    else:
        drawn = (loss_figure if figure == "loss" else rate_figure)(item, item.forecast)
    drawn.label = f"{item.satellite} over {station.title}"
    return drawn

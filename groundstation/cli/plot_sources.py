"""Where `groundstation plot` gets what it draws."""

import re
from typing import TYPE_CHECKING

from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from groundstation.night_records import NightOutcome
    from groundstation.pass_records import PassOutcome
    from groundstation.report.drawing.canvas import Canvas

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def figure_of_night(settings: Settings, figure: str, night: str | None) -> "Canvas":
    """One figure of a night's page under its title."""
    from groundstation.errors import UsageError
    from groundstation.report.figures.cloud import clouds_figure
    from groundstation.report.figures.network_map import network_map
    from groundstation.report.figures.night_chart import night_chart
    from groundstation.report.figures.pools import pools_figure
    from groundstation.report.figures.waterfall import waterfall_figure
    from groundstation.report.key_pools import pair_pools
    from groundstation.report.night_page import contact_numbers
    from groundstation.report.page import node_titles
    from groundstation.report.timeline import night_timeline
    from groundstation.report.waterfall import night_falls

    outcome = _night(settings, night)
    network = outcome.network
    title = f"{network.title or network.name}, night {outcome.night}"
    timeline = night_timeline(outcome, contact_numbers(outcome))
    if figure == "timeline":
        return night_chart(timeline, title)
    if figure == "map":
        drawn = network_map(outcome)
        drawn.label = title
        return drawn
    if figure == "waterfall":
        return waterfall_figure(night_falls(outcome), title)
    if figure == "pools":
        pools = pair_pools(outcome)
        if not pools:
            raise UsageError("the network file declares no demand", where=network.file)
        return pools_figure(pools, f"Key pools, {title}")
    if not outcome.clouds:
        raise UsageError(
            f"of the weather of the night {outcome.night} nothing is known",
            hint="groundstation weather fetch, or weather import FILE",
        )
    span = timeline.start, timeline.stop
    contacts = outcome.plan.contacts
    return clouds_figure(outcome.clouds, node_titles(network), contacts, span, f"Cloud, {title}")


def figure_of_pass(settings: Settings, figure: str, subject: str | None) -> "Canvas":
    """One figure of a pass, or of the first contact of a night."""
    from groundstation.cli.network_option import network_of
    from groundstation.errors import UsageError
    from groundstation.night.nightly import open_for_reading
    from groundstation.night.pass_outcome import pass_outcome

    network = network_of(settings)
    if subject is None or _DATE.fullmatch(subject):
        contacts = _night(settings, subject).plan.contacts
        if not contacts:
            raise UsageError("there is no contact to draw", hint="give a pass id of 'passes'")
        subject = min(contacts, key=lambda c: (c.start, c.pass_id)).pass_id
    outcome = pass_outcome(network, subject, open_for_reading(network), now=settings.instant())
    if figure != "sky" and outcome.light is None:
        raise UsageError(f"{subject} has no forecast: {outcome.night_pass.refusal}")
    return _drawn(figure, outcome)


def _drawn(figure: str, outcome: "PassOutcome") -> "Canvas":
    from groundstation.report.figures.budget import budget_figure
    from groundstation.report.figures.link import loss_figure, rate_figure
    from groundstation.report.figures.sky import sky_figure
    from groundstation.report.figures.waterfall import waterfall_figure
    from groundstation.report.pass_falls import pass_falls
    from groundstation.report.pass_page import pass_title

    item, title = outcome.night_pass, pass_title(outcome)
    forecast, light = item.forecast, outcome.light
    if figure == "sky" or forecast is None or light is None:
        drawn = sky_figure(item, outcome.network.stations[0])
    elif figure == "link":
        drawn = budget_figure(item.track, forecast, light.causes, title)
    elif figure == "pulses":
        drawn = waterfall_figure(pass_falls(outcome), title, decades=True)
    else:
        drawn = (loss_figure if figure == "loss" else rate_figure)(item, forecast)
    drawn.label = title
    return drawn


def _night(settings: Settings, night: str | None) -> "NightOutcome":
    """A night as the next run would plan it."""
    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for
    from groundstation.night.nightly import open_for_reading
    from groundstation.night.present import present_outcome

    network = network_of(settings)
    evening = night_for(settings, network, night)
    return present_outcome(
        network, evening, open_for_reading(network), now=settings.instant(), progress=_silent
    )


def _silent(step: str) -> None:
    """Say nothing about a step."""

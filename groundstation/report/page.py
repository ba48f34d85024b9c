"""What all pages have in common: style, filters for numbers, the numbers as JSON."""

import json
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from groundstation.network import Network
from groundstation.report import wording
from groundstation.report.drawing.canvas import text_rules
from groundstation.report.figures.palette import DARK, LIGHT, css_variables


def rendered(template: str, **values: Any) -> str:
    """A page from its template, with the colours of both themes."""
    return (
        page_environment()
        .get_template(template)
        .render(
            light=Markup(css_variables(LIGHT)),  # noqa: S704  our own constants
            dark=Markup(css_variables(DARK)),  # noqa: S704
            text_rules=Markup(text_rules()),  # noqa: S704
            **values,
        )
    )


@cache
def page_environment() -> Environment:
    """Templates of the reports with the filters that write numbers for people.

    One for the process: compiling the templates takes longer than rendering a small page.
    """
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
        "place": lambda value: f"{value:.2f}%",
    }
    environment.globals["count_of"] = wording.count_of
    return environment


def as_script(numbers: dict[str, Any]) -> Markup:
    """JSON that cannot end the script element it stands in, whatever the names are."""
    text = json.dumps(numbers, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704


def node_titles(network: Network) -> dict[str, str]:
    """What people call the stations and fibre nodes, by name."""
    titles = {station.name: station.title or station.name for station in network.stations}
    titles |= {node.name: node.title or node.name for node in network.fibre_nodes}
    return titles

"""A matplotlib figure as SVG that stands inside a page: text as text, colours of the page."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from groundstation.report.figures.palette import LIGHT

POINTS_PER_INCH = 72.0
FONT_SIZE_PT = 11.0
LONGEST_LABEL = 28

_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_NAMES = {colour: name for name, colour in LIGHT.items()}


@contextmanager
def drawing_style() -> Iterator[None]:
    """Settings under which every figure is built and written, whatever the user's matplotlibrc."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams["svg.fonttype"] = "none"
        mpl.rcParams["svg.hashsalt"] = "groundstation"
        mpl.rcParams["font.family"] = ["sans-serif"]
        mpl.rcParams["font.size"] = FONT_SIZE_PT
        mpl.rcParams["axes.linewidth"] = 0.8
        mpl.rcParams["axes.unicode_minus"] = False
        yield


def blank_figure(width_pt: float, height_pt: float) -> Figure:
    """A transparent figure of that size in points."""
    figure = Figure(figsize=(width_pt / POINTS_PER_INCH, height_pt / POINTS_PER_INCH))
    figure.patch.set_visible(False)
    return figure


def plain_axes(figure: Figure, rectangle: tuple[float, float, float, float]) -> Axes:
    """Axes with a quiet frame: left and bottom spines, horizontal grid behind the data."""
    axes = figure.add_axes(rectangle)
    axes.patch.set_visible(False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(LIGHT["axis"])
    axes.tick_params(colors=LIGHT["axis"], labelcolor=LIGHT["soft"], length=3, width=0.8)
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis="y", color=LIGHT["grid"], linewidth=0.8)
    return axes


def short_label(text: str) -> str:
    """A name that fits a figure: one line, at most LONGEST_LABEL characters."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_LABEL else line[: LONGEST_LABEL - 1] + "…"


def inline_svg(figure: Figure, *, prefix: str, label: str) -> Markup:
    """The figure as an <svg> element.

    Parameters
    ----------
    figure : drawn with colours of `palette.LIGHT` only
    prefix : makes the element's ids unique in the page; letters, digits and hyphens
    label : what the figure shows, for those who do not see it
    """
    buffer = io.StringIO()
    with drawing_style(), warnings.catch_warnings():
        # matplotlib measures text with its own font, which lacks many scripts; the reader's
        # browser draws the text and has the glyphs.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return Markup(_fit_for_page(buffer.getvalue(), prefix, str(escape(label))))  # noqa: S704


def _fit_for_page(text: str, prefix: str, label: str) -> str:
    """Keep the drawing; take its head, ids and fixed colours away."""
    box = re.search(r'viewBox="([^"]+)"', text)
    if box is None:
        raise ValueError("matplotlib wrote an SVG without viewBox")
    body = text[text.index(">", box.end()) + 1 : text.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    # This rule of matplotlib's would apply to the whole page.
    body = re.sub(r"<style[^>]*>.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    used = set(re.findall(r'<[^>]*(?:url\(#|href="#)([^)"]+)', body))
    # Only tags are rewritten: the text between them may be any name that people chose.
    body = re.sub(r"<[^>]+>", lambda tag: _rewritten(tag.group(0), used, prefix), body)
    body = re.sub(r"<defs>\s*</defs>|<g>\s*</g>", "", body)
    body = re.sub(r"\s*\n\s*", "\n", body)
    width, height = box.group(1).split()[2:]
    return (
        f'<svg viewBox="{box.group(1)}" width="{width}" height="{height}" role="img" '
        f'aria-label="{label}">{body}</svg>'
    )


def _rewritten(tag: str, used: set[str], prefix: str) -> str:
    """One tag with colours of the page, the page's font, unique ids and short numbers."""

    def renamed(match: re.Match[str]) -> str:
        return f' id="{prefix}-{match.group(1)}"' if match.group(1) in used else ""

    tag = tag.replace("xlink:href=", "href=")
    tag = re.sub(r' id="([^"]*)"', renamed, tag)
    tag = re.sub(r'(url\(#|href="#)', rf"\1{prefix}-", tag)
    tag = _COLOUR.sub(_as_variable, tag)
    tag = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", tag)
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
    return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number.group(0)):.2f}", tag)


def _as_variable(match: re.Match[str]) -> str:
    name = _NAMES.get(match.group(0))
    if name is None:
        raise ValueError(f"colour {match.group(0)} of a figure is not in the palette")
    return f"var(--{name})"

"""A drawing of lines, areas, circles and text, written as an SVG element.

Colours are names of the palette. Inside a page they are CSS variables and follow its theme; in a
file of its own a drawing carries the colours of one theme.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from html import escape

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from groundstation.report.drawing.simplify import simplified, unbroken
from groundstation.report.figures.palette import COLOURS, LIGHT

Floats = NDArray[np.float64]

FONT_SIZE_PT = 11.0
# Less than half a pixel of a screen, where a figure is shown at about its size.
TOLERANCE_PT = 0.4
FONT_FAMILY = "Liberation Sans, DejaVu Sans, Noto Sans, Arial, sans-serif"
TEXT_COLOURS = ("soft", "moon", "taken", "paper")
HALO_COLOURS = ("sea", "paper", "card")
# Colour and width of the strokes that every figure repeats, as rules of the page.
STROKES = {("grid", 0.8): "l-grid", ("axis", 0.8): "l-axis", ("card", 0.8): "l-card"}
ANCHOR_CLASSES = {"middle": "mid", "end": "end"}
_VARIABLE = re.compile(r"var\(--([a-z-]+)\)")


class Canvas:
    """A drawing that grows; x runs right and y runs down, in points."""

    def __init__(self, width_pt: float, height_pt: float, label: str = "") -> None:
        self.label = label
        self.width_pt = width_pt
        self.height_pt = height_pt
        self._parts: list[str] = []
        self._shared: dict[str, Callable[[Canvas], None]] = {}

    def line(
        self,
        points: Floats,
        colour: str,
        width_pt: float,
        *,
        dashes: str = "",
        round_ends: bool = False,
    ) -> None:
        """A line through points of shape (n, 2); NaN breaks it."""
        path = _path(unbroken(np.asarray(points, dtype=np.float64)))
        if path:
            dash = f' stroke-dasharray="{_scaled(dashes)}"' if dashes else ""
            cap = ' stroke-linecap="round"' if round_ends else ""
            self._parts.append(f'<path d="{path}"{_stroke(colour, width_pt)}{dash}{cap}/>')

    def area(
        self,
        rings: Iterable[Floats],
        colour: str,
        *,
        opacity: float = 1.0,
        rim: str = "",
        rim_pt: float = 1.0,
    ) -> None:
        """The inside of closed rings of shape (n, 2); what two rings enclose is outside."""
        path = _path([np.asarray(ring) for ring in rings], is_closed=True)
        if path:
            fade = "" if opacity == 1.0 else f' fill-opacity="{opacity:.3g}"'
            edge = _stroke(rim, rim_pt) if rim else ""
            # Only several rings can enclose each other.
            rule = ' fill-rule="evenodd"' if path.count("z") > 1 else ""
            self._parts.append(f'<path d="{path}" fill="{_colour(colour)}"{rule}{fade}{edge}/>')

    def circle(
        self,
        centre: tuple[float, float],
        radius_pt: float,
        *,
        fill: str = "",
        stroke: str = "",
        width_pt: float = 1.0,
        dashes: str = "",
    ) -> None:
        """A circle, filled, drawn, or both."""
        inside = f' fill="{_colour(fill)}"' if fill else ""
        rim = _stroke(stroke, width_pt) if stroke else ""
        dash = f' stroke-dasharray="{_scaled(dashes)}"' if dashes else ""
        self._parts.append(
            f'<circle cx="{number(centre[0])}" cy="{number(centre[1])}" '
            f'r="{number(radius_pt)}"{inside}{rim}{dash}/>'
        )

    def rectangle(
        self,
        left: float,
        top: float,
        width: float,
        height: float,
        *,
        fill: str,
        stroke: str = "",
        stroke_pt: float = 1.0,
        title: str = "",
    ) -> None:
        """A rectangle; a title is what a pointer over it shows."""
        rim = _stroke(stroke, stroke_pt) if stroke else ""
        shape = (
            f'<rect x="{number(left)}" y="{number(top)}" width="{number(width)}" '
            f'height="{number(height)}" fill="{_colour(fill)}"{rim}'
        )
        self._parts.append(
            f"{shape}><title>{escape(title)}</title></rect>" if title else f"{shape}/>"
        )

    def text(
        self,
        place: tuple[float, float],
        text: str,
        colour: str = "ink",
        *,
        anchor: str = "start",
        size_pt: float = FONT_SIZE_PT,
        is_bold: bool = False,
        halo: str = "",
    ) -> None:
        """Text whose middle is at the height of the place; a halo keeps it readable over lines.

        Parameters
        ----------
        anchor : "start", "middle" or "end" of the text is at the place
        """
        size = "" if size_pt == FONT_SIZE_PT else f' font-size="{number(size_pt)}"'
        names = [f"f-{_named(colour)}"] if colour != "ink" else []
        names += [ANCHOR_CLASSES[anchor]] if anchor != "start" else []
        names += ["bold"] if is_bold else []
        names += [f"halo-{_named(halo)}"] if halo else []
        kind = f' class="{" ".join(names)}"' if names else ""
        # A third of the size below the middle is the base line of the usual fonts.
        base = place[1] + 0.35 * size_pt
        self._parts.append(
            f'<text x="{number(place[0])}" y="{number(base)}"{kind}{size}>'
            f"{escape(clean(text))}</text>"
        )

    def labels(
        self, places: Floats, texts: Iterable[str], colour: str, *, anchor: str = "start"
    ) -> None:
        """Texts of one colour and anchor at points of shape (n, 2), as `text` sets each."""
        lowered = np.reshape(places, (-1, 2)) + np.array([0.0, 0.35 * FONT_SIZE_PT])
        rows = [
            f'<text x="{number(x)}" y="{number(base)}">{escape(clean(text))}</text>'
            for (x, base), text in zip(lowered.tolist(), texts, strict=True)
        ]
        names = [f"f-{_named(colour)}", *([ANCHOR_CLASSES[anchor]] if anchor != "start" else [])]
        if rows:
            self._parts.append(f'<g class="{" ".join(names)}">{"".join(rows)}</g>')

    def shared(self, name: str, drawn: Callable[["Canvas"], None]) -> None:
        """A part that many drawings of a page have in common; the page holds it once.

        Parameters
        ----------
        name : of the part; a page that holds the drawing needs `symbol` of the same name
        drawn : draws it
        """
        self._shared[name] = drawn
        self._parts.append(f'<use href="#{escape(name)}"/>')

    def first(self, name: str, drawn: Callable[["Canvas"], None]) -> None:
        """A part that later drawings of a page repeat with `shared`; this one holds it.

        Parameters
        ----------
        name : of the part, unique in the page
        drawn : draws it
        """
        self._parts.append(symbol(name, drawn))

    def inline(self, label: str) -> Markup:
        """The drawing as an element inside a page.

        Parameters
        ----------
        label : what it shows, for those who do not see it
        """
        # Size of text and no filling are rules of the page: see `text_rules`.
        return Markup(  # noqa: S704  every text in it was escaped
            f'<svg {self._size()} role="img" aria-label="{escape(clean(label))}">{self.body}</svg>'
        )

    def standalone(self, colours: Mapping[str, str] = LIGHT) -> str:
        """The drawing as a file of its own under its label, on paper, in the colours of a theme."""
        parts = self.body
        symbols = "".join(symbol(name, drawn) for name, drawn in self._shared.items())
        drawn = f"<style>{text_rules()}</style><defs>{symbols}</defs>{parts}"
        body = _VARIABLE.sub(lambda match: colours[match.group(1)], drawn)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" {self._size()} fill="none" '
            f'font-family="{FONT_FAMILY}" font-size="{number(FONT_SIZE_PT)}" '
            f'stroke-linejoin="round"><title>{escape(clean(self.label))}</title>'
            f'<rect width="100%" height="100%" fill="{colours["paper"]}"/>{body}</svg>\n'
        )

    @property
    def body(self) -> str:
        """What was drawn so far, without the element around it."""
        return "".join(self._parts)

    def _size(self) -> str:
        box = f"0 0 {number(self.width_pt)} {number(self.height_pt)}"
        size = f'width="{self.width_pt:g}" height="{self.height_pt:g}"'
        return f'viewBox="{box}" {size}'


def symbol(name: str, drawn: Callable[[Canvas], None]) -> Markup:
    """A shared part as a group that `use` elements repeat."""
    canvas = Canvas(0.0, 0.0)
    drawn(canvas)
    return Markup(f'<g id="{escape(name)}">{canvas.body}</g>')  # noqa: S704  every text was escaped


def number(value_pt: float) -> str:
    """A length in tenths of a point, the unit inside an element: no digits are wasted on dots."""
    return str(round(10.0 * value_pt))


def clean(text: str) -> str:
    """Text on one line without characters that XML cannot hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def text_rules() -> str:
    """CSS of the text of drawings; a page that holds drawings holds it once."""
    # No "svg" before them: in what `use` repeats, a browser looks no further up than its group.
    colours = "".join(f".f-{n},.f-{n} text{{fill:var(--{n})}}" for n in TEXT_COLOURS)
    colours += "".join(
        f".{name}{{stroke:var(--{colour});stroke-width:{number(width_pt)}px}}"
        for (colour, width_pt), name in STROKES.items()
    )
    halos = "".join(
        f".halo-{name}{{paint-order:stroke;stroke:var(--{name});stroke-width:30px;"
        "stroke-linejoin:round}"
        for name in HALO_COLOURS
    )
    anchors = "".join(f".{name}{{text-anchor:{anchor}}}" for anchor, name in ANCHOR_CLASSES.items())
    # Lines are drawn; what is filled says so.
    svg = f"svg[role=img]{{fill:none;font-size:{number(FONT_SIZE_PT)}px}}text{{fill:var(--ink)}}"
    return f"{svg}{colours}{halos}{anchors}.bold{{font-weight:700}}"


def _named(name: str) -> str:
    if name not in (*TEXT_COLOURS, *HALO_COLOURS):
        raise ValueError(f"text has no colour {name!r}")
    return name


def _stroke(colour: str, width_pt: float) -> str:
    """The attributes of a stroke, short where the page has a rule for it."""
    known = STROKES.get((colour, width_pt))
    if known is not None:
        return f' class="{known}"'
    return f' stroke="{_colour(colour)}" stroke-width="{number(width_pt)}"'


def _colour(name: str) -> str:
    if name not in COLOURS:
        raise ValueError(f"colour {name!r} is not in the palette")
    return f"var(--{name})"


def _scaled(dashes: str) -> str:
    return " ".join(number(float(length)) for length in dashes.split())


def _path(pieces: Iterable[Floats], *, is_closed: bool = False) -> str:
    """Path data of lines, thinned to what the eye sees; steps relative after the first."""
    texts = []
    for piece in pieces:
        tenths = np.rint(10.0 * simplified(piece, TOLERANCE_PT)).astype(np.int64)
        if len(tenths) < 2:
            continue
        steps = np.diff(tenths, axis=0)
        moved = steps[np.any(steps != 0, axis=1)].ravel().tolist()
        start = " ".join(map(str, tenths[0].tolist()))
        # A minus separates numbers as well as a blank does.
        texts.append(f"M{start}l" + " ".join(map(str, moved)).replace(" -", "-"))
        if is_closed:
            texts[-1] += "z"
    return "".join(texts)

"""What a printed report is made of: headings, paragraphs, facts, tables, figures.

Texts are plain: no character of a name has a meaning to the typesetter, which gets them as data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from groundstation.report.drawing.canvas import Canvas, clean

# A block for the template: a name under "is", texts, numbers and lists.
Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heading:
    """Of a section (level 1) or of a part of it (level 2)."""

    text: str
    level: int = 1

    def plain(self) -> Plain:
        """As the template reads it."""
        return {"is": "heading", "text": clean(self.text), "level": self.level}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; small where it explains a figure."""

    text: str
    is_small: bool = False

    def plain(self) -> Plain:
        """As the template reads it."""
        return {"is": "paragraph", "text": clean(self.text), "small": self.is_small}


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values, in columns."""

    rows: Sequence[tuple[str, str]]

    def plain(self) -> Plain:
        """As the template reads it."""
        return {"is": "facts", "rows": [[clean(name), clean(value)] for name, value in self.rows]}


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    lines: Sequence[str]

    def plain(self) -> Plain:
        """As the template reads it."""
        return {"is": "bullets", "lines": [clean(line) for line in self.lines]}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head that is repeated on every page.

    Parameters
    ----------
    columns : title and alignment ("left" or "right") of each
    rows : of as many texts
    widths : share of each column in what the others leave; 0 takes what its texts need
    strong : indices of rows that stand out
    """

    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]
    strong: Sequence[int] = ()

    def plain(self) -> Plain:
        """As the template reads it."""
        return {
            "is": "table",
            "head": [clean(title) for title, _ in self.columns],
            "align": [align for _, align in self.columns],
            "widths": list(self.widths),
            "rows": [[clean(text) for text in row] for row in self.rows],
            "strong": list(self.strong),
        }


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with the words that stand for it.

    Parameters
    ----------
    svg : a standalone drawing in light colours
    caption : below it, and for those who do not see it
    width : share of the line, in (0, 1]
    """

    svg: str
    caption: str
    width: float = 1.0

    def plain(self) -> Plain:
        """As the template reads it."""
        return {
            "is": "figure",
            "svg": self.svg,
            "caption": clean(self.caption),
            "width": self.width,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """Figures side by side."""

    figures: Sequence[Figure]

    def plain(self) -> Plain:
        """As the template reads it."""
        return {"is": "row", "figures": [item.plain() for item in self.figures]}


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks that stay on one page."""

    blocks: Sequence[Heading | Paragraph | Facts | Bullets | Table | Figure | Row]

    def plain(self) -> Plain:
        """As the template reads it."""
        return {"is": "group", "blocks": [block.plain() for block in self.blocks]}


Block = Group | Heading | Paragraph | Facts | Bullets | Table | Figure | Row


@dataclass(frozen=True, slots=True)
class Document:
    """A report that can be set.

    Parameters
    ----------
    kind : what it is, above its title ("Night plan")
    title, subtitle : of the cover's head
    degraded : one sentence that says so, empty if nothing is
    notices : what to know first
    cards : the numbers that matter first: name, value, and a line below it
    blocks : in their order
    stamp : who made it when, at the foot of every page
    """

    kind: str
    title: str
    subtitle: str
    degraded: str
    notices: Sequence[str]
    cards: Sequence[tuple[str, str, str]]
    blocks: Sequence[Block]
    stamp: str


def figure(canvas: Canvas, caption: str, width: float = 1.0) -> Figure:
    """A drawing as a figure of a document."""
    return Figure(canvas.standalone(), caption, width)


def plain(document: Document) -> Plain:
    """The document as dicts, lists and texts on one line each."""
    return {
        "kind": clean(document.kind),
        "title": clean(document.title),
        "subtitle": clean(document.subtitle),
        "degraded": clean(document.degraded),
        "notices": [clean(line) for line in document.notices],
        "cards": [[clean(text) for text in card] for card in document.cards],
        "blocks": [block.plain() for block in document.blocks],
        "stamp": clean(document.stamp),
    }

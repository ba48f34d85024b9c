"""A drawing as the bytes of a picture file."""

from groundstation.errors import UsageError
from groundstation.report.drawing.canvas import Canvas
from groundstation.report.figures.palette import DARK, LIGHT

DOTS_PER_INCH = 150.0
POINTS_PER_INCH = 72.0


def picture(canvas: Canvas, suffix: str, *, is_dark: bool = False) -> bytes:
    """The bytes of a .svg or .png file; the same drawing gives the same bytes on one machine.

    The text of a PNG is set in a font of the machine.

    Raises
    ------
    UsageError
        the suffix is neither of the two
    """
    text = canvas.standalone(DARK if is_dark else LIGHT)
    if suffix.lower() == ".svg":
        return text.encode("utf-8")
    if suffix.lower() != ".png":
        raise UsageError(f"no picture is written as {suffix!r}", hint="use .svg or .png")
    import resvg_py  # noqa: PLC0415  only pictures need it

    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=text, zoom=DOTS_PER_INCH / POINTS_PER_INCH, font_family="Liberation Sans"
        )
    )

"""Measured loss against range from a file, next to ours: the table of `link --measured`."""

import csv
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundstation.errors import UsageError

if TYPE_CHECKING:
    from passes.counts.calibration.comparison import LossComparison
    from passes.link.budget import LinkBudget
    from passes.track import Track

COLUMNS = ("range_km", "loss_db")


def read_measured(path: Path) -> tuple[list[float], list[float], str]:
    """Ranges [km], losses [dB] and leg of a CSV file with the columns range_km, loss_db.

    Lines that start with '#' are comments; a third column `leg` (rising or setting) is the same in
    all lines and setting where it is missing.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", where=str(path)) from error
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]
    rows = list(csv.reader(line for _, line in lines))
    header = [name.strip() for name in rows[0]] if rows else []
    if tuple(header[:2]) != COLUMNS or header[2:] not in ([], ["leg"]):
        raise UsageError(
            f"the first line is {','.join(header) or 'missing'}",
            where=str(path),
            hint="the columns are range_km,loss_db and, if need be, leg (rising or setting)",
        )
    ranges: list[float] = []
    losses: list[float] = []
    legs: set[str] = set()
    for (number, _), row in zip(lines[1:], rows[1:], strict=True):
        where = f"{path}:{number}"
        if len(row) != len(header):
            raise UsageError(f"{len(row)} values instead of {len(header)}", where=where)
        for name, text_value, values in zip(COLUMNS, row, (ranges, losses), strict=False):
            values.append(_number(name, text_value, where))
        legs.add(row[2].strip() if len(header) > 2 else "setting")
    if not ranges:
        raise UsageError("no measurement below the header", where=str(path))
    if len(legs) != 1 or not legs <= {"rising", "setting"}:
        raise UsageError(
            f"leg is {', '.join(sorted(legs))}, not rising or setting", where=str(path)
        )
    return ranges, losses, legs.pop()


def _number(name: str, text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise UsageError(f"{name} {text.strip()!r} is no number", where=where) from error
    if not (math.isfinite(value) and value > 0.0):
        raise UsageError(f"{name} = {value:g} is not a number above 0", where=where)
    return value


def comparison_of(
    track: "Track", budget: "LinkBudget", path: Path, from_elevation_deg: float
) -> "LossComparison":
    """The comparison of a pass with a file."""
    import numpy as np

    from passes.counts.calibration.comparison import Leg, compare_loss
    from passes.errors import LinkError

    ranges_km, losses_db, leg = read_measured(path)
    try:
        return compare_loss(
            track,
            budget,
            [1e3 * value for value in ranges_km],
            losses_db,
            leg=Leg(leg),
            from_elevation_rad=float(np.radians(from_elevation_deg)),
        )
    except LinkError as error:
        raise UsageError(str(error), where=str(path)) from error


def comparison_rows(found: "LossComparison") -> list[dict[str, Any]]:
    """One row per measurement, with units in the keys."""
    import numpy as np

    return [
        {
            "range_km": float(r) / 1e3,
            "elevation_deg": float(e),
            "ours_db": float(o),
            "measured_db": float(m),
            "difference_db": float(d),
            "left_db": float(left),
        }
        for r, e, o, m, d, left in zip(
            found.range_m,
            np.degrees(found.elevation_rad),
            found.ours_db,
            found.measured_db,
            found.difference_db,
            found.left_db,
            strict=True,
        )
    ]


def comparison_document(found: "LossComparison") -> dict[str, Any]:
    """The comparison as a JSON object with units in its keys."""
    import numpy as np

    return {
        "constant_db": found.constant_db,
        "constant_from_deg": float(np.degrees(found.from_elevation_rad)),
        "rms_before_db": found.rms_db(after=False),
        "rms_after_db": found.rms_db(after=True),
        "rows": comparison_rows(found),
    }


def write_comparison(found: "LossComparison") -> None:
    """The table for people, and in a sentence what one constant explains."""
    import click
    import numpy as np

    from groundstation.cli.output import Column, write_listing

    rows = [
        {"range": f"{r['range_km']:,.1f}", "elevation": f"{r['elevation_deg']:.1f}"}
        | {name: f"{r[f'{name}_db']:.2f}" for name in ("ours", "measured", "difference", "left")}
        for r in comparison_rows(found)
    ]
    titles = {
        "range": "range km",
        "elevation": "elevation °",
        "ours": "our loss dB",
        "measured": "measured dB",
        "difference": "difference dB",
        "left": "left after one constant dB",
    }
    write_listing(
        rows,
        schema="groundstation.link-measured/1",
        form=None,
        columns=[Column(name, title, is_number=True) for name, title in titles.items()],
        title="loss without detectors",
    )
    least = float(np.degrees(found.from_elevation_rad))
    scope = f"points above {least:g} degrees" if least > 0.0 else "all points"
    click.echo(
        f"one constant of {found.constant_db:.2f} dB ({scope}) takes the rms difference from "
        f"{found.rms_db(after=False):.2f} to {found.rms_db(after=True):.2f} dB"
    )

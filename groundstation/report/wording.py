"""How a report writes numbers, instants and paths for people."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from groundstation.plan.records import Hop

# U+202F, the narrow space that does not break; digits and units stay on one line.
THIN = "\N{NARROW NO-BREAK SPACE}"

# Written out, for strftime follows the locale of the machine.
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def bits(count: float) -> str:
    """A number of bits with three figures and a decimal prefix.

    >>> bits(123456).replace(THIN, " ")
    '123 kbit'
    >>> bits(0).replace(THIN, " "), bits(999.9).replace(THIN, " ")
    ('0 bit', '1.00 kbit')
    """
    size = abs(count)
    for limit, scale, unit in ((999.5, 1.0, "bit"), (999.5e3, 1e3, "kbit"), (999.5e6, 1e6, "Mbit")):
        if size < limit:
            return f"{_three_figures(count / scale, whole=scale == 1.0)}{THIN}{unit}"
    return f"{_three_figures(count / 1e9, whole=False)}{THIN}Gbit"


def _three_figures(value: float, *, whole: bool) -> str:
    size = abs(value)
    if whole or size >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 9.995 else f"{value:.2f}"


def percent(fraction: float, digits: int = 0) -> str:
    """A share as a percentage."""
    return f"{100.0 * fraction:.{digits}f}{THIN}%"


def degrees(angle_rad: float, digits: int = 0) -> str:
    """An angle in degrees."""
    # Adding zero turns -0 into 0.
    return f"{round(float(np.degrees(angle_rad)), digits) + 0.0:.{digits}f}°"


def clock(instant: datetime) -> str:
    """Hours, minutes and seconds, UTC."""
    return instant.astimezone(UTC).strftime("%H:%M:%S")


def stamp(instant: datetime) -> str:
    """Date and minutes, UTC."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def full_stamp(instant: datetime) -> str:
    """Date and seconds, UTC."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def night(evening: str) -> str:
    """A night by its two dates.

    >>> night("2026-06-14"), night("2026-06-30"), night("2026-12-31")
    ('14/15 June 2026', '30 June / 1 July 2026', '31 December 2026 / 1 January 2027')
    """
    first = date.fromisoformat(evening)
    last = first + timedelta(days=1)
    if first.month == last.month:
        return f"{first.day}/{last.day} {MONTHS[last.month - 1]} {last.year}"
    year = "" if first.year == last.year else f" {first.year}"
    return (
        f"{first.day} {MONTHS[first.month - 1]}{year} / "
        f"{last.day} {MONTHS[last.month - 1]} {last.year}"
    )


def nights(evening: str, count: int) -> str:
    """What a plan is for: a night, or several from one on.

    >>> nights("2026-06-14", 1), nights("2026-06-30", 3)
    ('Night of 14/15 June 2026', '3 nights from 30 June / 1 July 2026')
    """
    return f"Night of {night(evening)}" if count == 1 else f"{count} nights from {night(evening)}"


def day(instant: datetime) -> str:
    """Day and month, UTC."""
    utc = instant.astimezone(UTC)
    return f"{utc.day} {MONTHS[utc.month - 1]}"


def duration(seconds: float) -> str:
    """A length of time in the unit that people would use.

    >>> [duration(s).replace(THIN, " ") for s in (75, 5400, 200000)]
    ['75 s', '1 h 30 min', '2.3 d']
    """
    if seconds < 600.0:
        return f"{seconds:.0f}{THIN}s"
    if seconds >= 2 * 86_400.0:
        return f"{seconds / 86_400.0:.1f}{THIN}d"
    hours, minutes = divmod(round(seconds / 60.0), 60)
    return f"{hours}{THIN}h {minutes}{THIN}min" if hours else f"{minutes}{THIN}min"


def count_of(number: int, singular: str, plural: str | None = None) -> str:
    """A number with its noun.

    >>> count_of(1, "pass", "passes"), count_of(0, "contact")
    ('1 pass', '0 contacts')
    """
    noun = singular if number == 1 else (plural or singular + "s")
    return f"{number} {noun}"


def path_in_words(hops: Sequence[Hop], titles: dict[str, str]) -> str:
    """A relay path as people say it: who hands the key to whom, over what."""
    if not hops:
        return "at one node"
    words = titles.get(hops[0].a, hops[0].a)
    for number, hop in enumerate(hops):
        if number and hop.a != hops[number - 1].b:
            # Another way of a key that travels in shares begins.
            words += f" and {titles.get(hop.a, hop.a)}"
        way = "fibre" if hop.satellite is None else titles.get(hop.satellite, hop.satellite)
        words += f" → {titles.get(hop.b, hop.b)} (by {way})"
    return words

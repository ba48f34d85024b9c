"""Trajectories to the ILRS Consolidated Prediction Format, version 2, in fixed columns."""

import re
from datetime import datetime, timedelta

import numpy as np

from tle.clock import split_mjd
from tle.errors import EphemerisError
from tle.trajectory.ephemeris import Ephemeris
from tle.trajectory.written import writable

LARGEST_NORAD_ID = 99_999_999  # eight columns


def format_cpf(
    ephemeris: Ephemeris,
    *,
    provider: str,
    created: datetime,
    sic: int | None = None,
    sub_daily: int = 1,
    notes: str = "",
    with_velocities: bool = False,
) -> str:
    """The text of a CPF file; positions to a millimetre, instants to a microsecond.

    Parameters
    ----------
    ephemeris : one segment; the format knows neither gaps nor manoeuvres
    provider : three letters of the institution
    created : aware instant of production; its day of the year is the sequence number
    sic : satellite identification code of the ILRS, four digits
    sub_daily : number of the file within the day, 1 to 99
    notes : up to ten characters without blanks
    with_velocities : True adds a record 20 after every position

    Raises
    ------
    EphemerisError
        the ephemeris does not fit the format
    """
    _refuse(ephemeris, sic, sub_daily, with_velocities=with_velocities)
    segment = ephemeris.segments[0]
    keep = writable(ephemeris.epoch, segment)
    keep &= (segment.times_s >= segment.usable_s[0]) & (segment.times_s <= segment.usable_s[1])
    times_s = segment.times_s[keep]
    lines = [
        f"H1 CPF  2  {_word(provider, 3):<3s} {created:%Y} {created.month:2d} {created.day:2d} "
        f"{created.hour:2d}  {created.timetuple().tm_yday:3d} {sub_daily:2d} "
        f"{_word(ephemeris.label, 10).lower():<10s} {_word(notes, 10):<10s}".rstrip(),
        _second_header(ephemeris, sic, float(times_s[0]), float(times_s[-1]), _step_s(times_s)),
        "H9",
    ]
    # Rounded to a microsecond first, so that 86399.9999999 becomes 0 of the next day.
    day, fraction = split_mjd(ephemeris.epoch, np.round(times_s, 6))
    for index, (x, y, z) in enumerate(segment.positions_m[keep]):
        seconds = round(float(fraction[index]) * 86_400.0, 6)
        lines.append(f"10 0 {day[index]:5.0f} {seconds:13.6f} {0:2d} {x:17.3f} {y:17.3f} {z:17.3f}")
        if with_velocities and segment.velocities_m_s is not None:
            vx, vy, vz = segment.velocities_m_s[keep][index]
            lines.append(f"20 0 {vx:19.6f} {vy:19.6f} {vz:19.6f}")
    return "\n".join([*lines, "99", ""])


def ilrs_id(object_id: str) -> str:
    """`2600101` of the international designator `2026-001A`; `0` if there is none."""
    match = re.fullmatch(r"[0-9]{2}([0-9]{2})-([0-9]{3})([A-Z]{1,2})", object_id)
    if match is None:
        return "0"
    year, launch, letters = match.groups()
    piece = 0
    for letter in letters:
        piece = piece * 26 + ord(letter) - ord("A") + 1
    if piece > 99:
        raise EphemerisError(f"piece {letters} of {object_id} has more than two digits in a CPF")
    return f"{year}{launch}{piece:02d}"


def _refuse(
    ephemeris: Ephemeris, sic: int | None, sub_daily: int, *, with_velocities: bool
) -> None:
    """Raise for the first thing that a CPF cannot say."""
    label = ephemeris.label
    if len(ephemeris.segments) != 1:
        raise EphemerisError(
            f"{label}: a CPF file holds one table without gaps, manoeuvres or leap seconds; this "
            f"ephemeris has {len(ephemeris.segments)} segments",
            hint="write an OEM, or one CPF for each segment",
        )
    if not ephemeris.frame.startswith("ITRF"):
        raise EphemerisError(f"{label}: no CPF is written in frame {ephemeris.frame!r}")
    if ephemeris.norad_cat_id > LARGEST_NORAD_ID:
        raise EphemerisError(
            f"{label}: catalogue number {ephemeris.norad_cat_id} has more than the eight digits of "
            "a CPF"
        )
    if sic is not None and not 0 <= sic <= 9_999:
        raise EphemerisError(f"{label}: SIC {sic} has more than four digits")
    if not 1 <= sub_daily <= 99:
        raise EphemerisError(f"{label}: sub-daily number {sub_daily} is outside 1..99")
    if with_velocities and ephemeris.segments[0].velocities_m_s is None:
        raise EphemerisError(f"{label}: the ephemeris has no velocities to write")


def _second_header(
    ephemeris: Ephemeris, sic: int | None, first_s: float, last_s: float, step_s: int
) -> str:
    """H2: identifiers, span, step; TIV-compatible, no reflector, frame 0, on an Earth orbit."""
    start = ephemeris.epoch + timedelta(seconds=first_s)
    end = ephemeris.epoch + timedelta(seconds=last_s)
    return (
        f"H2 {ilrs_id(ephemeris.object_id):>8s} {sic or 0:4d} {ephemeris.norad_cat_id:8d} "
        f"{start:%Y %m %d %H %M %S} {end:%Y %m %d %H %M %S} {step_s:5d} 1 0 {0:2d} 0 0 {1:2d}"
    )


def _step_s(times_s: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int:
    """The whole-second spacing, or 0 for a variable one, as the header wants it."""
    steps = np.diff(times_s)
    whole = round(float(steps[0])) if len(steps) else 0
    uniform = bool(len(steps)) and bool(np.all(np.abs(steps - whole) < 1e-6))
    return whole if uniform and whole <= 99_999 else 0


def _word(text: str, length: int) -> str:
    """Letters and digits only: a blank would shift every field behind it."""
    return re.sub(r"[^A-Za-z0-9_.-]", "", text)[:length] or "none"[:length]

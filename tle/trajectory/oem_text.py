"""Trajectories to CCSDS Orbit Ephemeris Messages, version 2.0, in KVN text."""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tle.errors import EphemerisError
from tle.trajectory.ephemeris import Ephemeris, Segment
from tle.trajectory.interpolation import interpolant_of
from tle.trajectory.oem import CATALOGUE_COMMENT
from tle.trajectory.timestamps import format_timestamp
from tle.trajectory.written import writable

Floats = NDArray[np.float64]


def format_oem(
    ephemeris: Ephemeris, *, created: datetime, originator: str = "GROUNDSTATION"
) -> str:
    """The text of an OEM in UTC and Earth-fixed axes, one block per segment.

    Positions are written to a millimetre, velocities to 1e-6 m/s; an ephemeris without velocities
    gets the derivative of its interpolation.

    Parameters
    ----------
    ephemeris : the trajectory
    created : aware instant for CREATION_DATE
    originator : who answers for the file

    Raises
    ------
    EphemerisError
        a segment has fewer than two points in its usable span, or its frame is not Earth-fixed
    """
    if not ephemeris.frame.startswith("ITRF"):
        raise EphemerisError(f"{ephemeris.label}: no OEM is written in frame {ephemeris.frame!r}")
    head = [
        "CCSDS_OEM_VERS = 2.0",
        *(
            [f"COMMENT {CATALOGUE_COMMENT} = {ephemeris.norad_cat_id}"]
            * (ephemeris.norad_cat_id > 0)
        ),
        f"CREATION_DATE = {format_timestamp(created, 0.0)}",
        f"ORIGINATOR = {_one_line(originator)}",
    ]
    blocks = [_block(ephemeris, segment) for segment in ephemeris.segments]
    return "\n".join([*head, *(line for block in blocks for line in block), ""])


def _block(ephemeris: Ephemeris, segment: Segment) -> list[str]:
    epoch = ephemeris.epoch
    velocities = _velocities(segment)
    written = writable(epoch, segment)
    times = segment.times_s[written]
    if len(times) < 2:
        raise EphemerisError(f"{ephemeris.label}: a segment has {len(times)} points to write")
    usable = max(segment.usable_s[0], times[0]), min(segment.usable_s[1], times[-1])
    metadata = [
        "",
        "META_START",
        f"OBJECT_NAME = {_one_line(ephemeris.name or ephemeris.label)}",
        f"OBJECT_ID = {_one_line(ephemeris.object_id or str(ephemeris.norad_cat_id))}",
        "CENTER_NAME = EARTH",
        f"REF_FRAME = {ephemeris.frame}",
        "TIME_SYSTEM = UTC",
        f"START_TIME = {format_timestamp(epoch, times[0])}",
        f"USEABLE_START_TIME = {format_timestamp(epoch, usable[0])}",
        f"USEABLE_STOP_TIME = {format_timestamp(epoch, usable[1])}",
        f"STOP_TIME = {format_timestamp(epoch, times[-1])}",
        "INTERPOLATION = LAGRANGE",
        "INTERPOLATION_DEGREE = 9",
        "META_STOP",
        "",
    ]
    states = zip(times, segment.positions_m[written] / 1e3, velocities[written] / 1e3, strict=True)
    return metadata + [
        f"{format_timestamp(epoch, when)} {x:.6f} {y:.6f} {z:.6f} {vx:.9f} {vy:.9f} {vz:.9f}"
        for when, (x, y, z), (vx, vy, vz) in states
    ]


def _velocities(segment: Segment) -> Floats:
    if segment.velocities_m_s is not None:
        return segment.velocities_m_s
    return interpolant_of(segment).velocities_m_s(segment.times_s)


def _one_line(text: str) -> str:
    """Text without line ends or characters that KVN does not know."""
    printable = "".join(sign if " " <= sign <= "~" else " " for sign in text)
    return " ".join(printable.split()) or "UNKNOWN"

"""What a network file says about the files that a night is exported as; records only."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, get_args

FormatName = Literal[
    "csv",
    "json",
    "jsonl",
    "ics",
    "pointing",
    "cpf",
    "oem",
    "omm",
    "tle",
    "czml",
    "kml",
    "geojson",
    "schedule",
    "requests",
]
FORMAT_NAMES: tuple[str, ...] = get_args(FormatName)
PLACEHOLDERS = ("name", "night", "plan", "satellite", "station", "pass", "suffix")
DEFAULT_PATTERN = "{name}"
SLOWEST_HZ, FASTEST_HZ = 1.0, 10.0


@dataclass(frozen=True, slots=True)
class ExportPolicy:
    """What the nightly run exports beside its own files.

    Parameters
    ----------
    formats : names of FORMAT_NAMES; none by default
    pattern : path of each file inside the night's folder, with PLACEHOLDERS
    pointing_rate_hz : rows per second of pointing tables, 1 to 10
    """

    formats: tuple[str, ...] = ()
    pattern: str = DEFAULT_PATTERN
    pointing_rate_hz: float = SLOWEST_HZ


def pattern_fault(pattern: str) -> str | None:
    """What is wrong with a pattern whatever the files are; None if nothing is."""
    unknown = sorted(set(re.findall(r"{([^{}]*)}", pattern)) - set(PLACEHOLDERS))
    if unknown:
        return f"there is no placeholder {{{unknown[0]}}}"
    if set(re.sub(r"{[^{}]*}", "", pattern)) & set("{}"):
        return "a brace has no partner"
    path = PurePosixPath(pattern)
    if path.is_absolute() or ".." in path.parts or not path.parts or pattern.endswith("/"):
        return "it leads out of the folder"
    return None

"""Table of a permission to shine: which links need it, and the file that gives it."""

from typing import Literal

from groundstation.config.document.fields import Name, Table, Text, needed, optional


class Permission(Table):
    """Links that may shine only as a file allows; several tables must all allow."""

    name: Name = needed("unique among permissions")
    kind: Literal["go-nogo", "segments", "windows"] = needed(
        "flag file, allowed spans of one station, or a table target, start, stop, source, issued"
    )
    file: Text = needed(
        "relative to the network file; {satellite} and {station} stand for the link's own names"
    )
    satellites: list[Name] = optional([], "whose links need it; empty means all")
    stations: list[Name] = optional([], "whose links need it; empty means all")
    max_age_h: float | None = optional(
        None,
        "an older one counts for nothing; 0.25 for a flag and 168 for the others where left out",
        "h",
        gt=0.0,
        le=8760.0,
    )

"""Table of what a night is exported as."""

from pydantic import field_validator

from groundstation.config.document.fields import Table, optional
from groundstation.export_policy import (
    DEFAULT_PATTERN,
    FASTEST_HZ,
    PLACEHOLDERS,
    SLOWEST_HZ,
    FormatName,
    pattern_fault,
)


class Export(Table):
    """Files that the nightly run writes beside its own, for other programs."""

    formats: list[FormatName] = optional([], "as of groundstation export --format")
    pattern: str = optional(
        DEFAULT_PATTERN,
        "path of each file in the night's folder: "
        + " ".join(f"{{{name}}}" for name in PLACEHOLDERS),
    )
    pointing_rate_hz: float = optional(
        SLOWEST_HZ, "rows per second of pointing tables", "Hz", ge=SLOWEST_HZ, le=FASTEST_HZ
    )

    @field_validator("pattern")
    @classmethod
    def _keeps_files_apart(cls, pattern: str) -> str:
        """Without {name} two files could get one path in some night to come."""
        fault = pattern_fault(pattern)
        if fault is None and "{name}" not in pattern:
            fault = "it needs {name}, which keeps files apart"
        if fault is not None:
            raise ValueError(f"pattern {pattern!r}: {fault}")
        return pattern

"""Table of the export -> the record of groundstation.export_policy."""

from groundstation.config.document.export import Export
from groundstation.export_policy import ExportPolicy


def export_policy_of(table: Export) -> ExportPolicy:
    """What the nightly run exports."""
    return ExportPolicy(
        formats=tuple(dict.fromkeys(table.formats)),
        pattern=table.pattern,
        pointing_rate_hz=table.pointing_rate_hz,
    )

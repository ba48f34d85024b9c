"""An independent look at a plan: does every second of it lie in somebody's permission?

It shares no code with the search that cuts passes to their permission windows.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from groundstation.permission.records import LinkPermission, Permissions, Span

# Instants of a plan are whole microseconds; those of the search are sums of floating seconds.
_TOLERANCE = timedelta(milliseconds=1)


def unpermitted(
    permissions: Permissions, satellite: str, station: str, windows: Sequence[Span]
) -> list[str]:
    """A sentence for every window of a contact that some rule does not allow."""
    return [
        f"{said.rule} does not allow {start:%H:%M:%S} to {stop:%H:%M:%S}"
        for said in permissions.of(satellite, station)
        for start, stop in windows
        if not _allows(said, start, stop)
    ]


def _allows(said: LinkPermission, start: datetime, stop: datetime) -> bool:
    if said.spans is None:
        return True
    return any(
        begin - _TOLERANCE <= start and stop <= end + _TOLERANCE for begin, end in said.spans
    )

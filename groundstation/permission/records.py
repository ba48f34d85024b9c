"""What the network file asks for, what was read for it, and what that allows."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

Span = tuple[datetime, datetime]

ABSENT = "is not there"


class PermissionKind(StrEnum):
    """The formats in which permission is given."""

    GO_FLAG = "go-nogo"
    SEGMENTS = "segments"
    WINDOWS = "windows"
    AVOID = "avoid"


@dataclass(frozen=True, slots=True)
class PermissionRule:
    """Permission that links need; what no rule is about needs none.

    Parameters
    ----------
    name : unique among the rules
    kind : format of the file
    path : of the file; {satellite} and {station} stand for the link's own names
    satellites, stations : whose links need it; empty means all
    longest_age : an older permission counts for nothing
    """

    name: str
    kind: PermissionKind
    path: str
    satellites: tuple[str, ...]
    stations: tuple[str, ...]
    longest_age: timedelta

    def is_about(self, satellite: str, station: str) -> bool:
        """Whether a link needs this permission."""
        return (not self.satellites or satellite in self.satellites) and (
            not self.stations or station in self.stations
        )

    def path_for(self, satellite: str, station: str) -> str:
        """The file that is asked for one link."""
        return self.path.replace("{satellite}", satellite).replace("{station}", station)


@dataclass(frozen=True, slots=True)
class PermissionDocument:
    """One file as it was found.

    Parameters
    ----------
    path : as in `PermissionRule.path_for`
    content : its bytes; None where it could not be read
    dated : when it was last written; None where it could not be read
    fault : why it could not be read, or ""
    """

    path: str
    content: bytes | None
    dated: datetime | None
    fault: str = ""

    @property
    def is_absent(self) -> bool:
        """Whether there is no such file."""
        return self.content is None and self.fault == ABSENT

    @property
    def sha256(self) -> str:
        """Digest of the bytes, hexadecimal; "" where there are none."""
        return "" if self.content is None else hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Grant:
    """One line of permission: for a target (None: for every one), from start to stop.

    `start` and `stop` are None in a flag, which holds as long as it is fresh. `issued` is None
    where the line does not say; then the file's own date counts.
    """

    target: str | None
    start: datetime | None
    stop: datetime | None
    source: str
    issued: datetime | None


@dataclass(frozen=True, slots=True)
class LinkPermission:
    """What one rule says about one link.

    Parameters
    ----------
    rule : its name
    spans : when it allows; None for always, empty for never
    reason : what to say of a pass that it forbids
    is_doubtful : True if it forbids only because it is missing, unreadable or stale
    """

    rule: str
    spans: tuple[Span, ...] | None
    reason: str
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a permission came from, for whoever has to answer for it.

    Parameters
    ----------
    rule, kind, path : see `PermissionRule`
    sha256 : of the file's bytes, "" where it could not be read
    dated : of the file
    says : what it came to, in words
    """

    rule: str
    kind: PermissionKind
    path: str
    sha256: str
    dated: datetime | None
    says: str


@dataclass(frozen=True, slots=True)
class Permissions:
    """All permission of a network at one instant.

    Parameters
    ----------
    by_link : for (satellite, station) what every rule says that is about them; all have to allow
    origins : one per rule and file
    warnings : a sentence for every file that is missing, unreadable or stale
    """

    by_link: dict[tuple[str, str], tuple[LinkPermission, ...]]
    origins: tuple[Origin, ...]
    warnings: tuple[str, ...]

    def of(self, satellite: str, station: str) -> tuple[LinkPermission, ...]:
        """What is needed for a link; empty where nothing is."""
        return self.by_link.get((satellite, station), ())


NOTHING_REQUIRED = Permissions({}, (), ())

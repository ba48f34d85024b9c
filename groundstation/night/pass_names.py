"""Names of passes that outlive new elements: an old pass keeps the id it was first given."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from groundstation.instants import after
from passes.arc import Arc


@dataclass(frozen=True, slots=True)
class KnownPass:
    """A pass that an earlier run has named."""

    pass_id: str
    satellite: str
    station: str
    aos: datetime
    los: datetime


class PassNames:
    """Gives passes their ids: the known one if an old pass overlaps, else a new one."""

    def __init__(self, known: Iterable[KnownPass]) -> None:
        self._known: dict[tuple[str, str], list[KnownPass]] = {}
        self._taken: set[str] = set()
        for item in known:
            self._known.setdefault((item.satellite, item.station), []).append(item)
        self._old = {item.pass_id for items in self._known.values() for item in items}

    def name_of(self, satellite: str, station: str, arc: Arc) -> str:
        """The id of a pass; each old id is given once."""
        aos, los = after(arc.epoch, arc.aos_s), after(arc.epoch, arc.los_s)
        for item in self._known.get((satellite, station), []):
            overlaps = item.aos < los and aos < item.los
            if overlaps and item.pass_id not in self._taken:
                self._taken.add(item.pass_id)
                return item.pass_id
        tca = after(arc.epoch, arc.tca_s)
        base = f"{satellite}-{station}-{tca:%Y%m%dT%H%M}"
        name, number = base, 2
        while name in self._taken or name in self._old:
            name, number = f"{base}-{number}", number + 1
        self._taken.add(name)
        return name

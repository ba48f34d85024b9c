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


def fresh_name(satellite: str, station: str, tca: datetime) -> str:
    """The id of a pass that nobody has named before: ends and minute of culmination."""
    return f"{satellite}-{station}-{tca:%Y%m%dT%H%M}"


class PassNames:
    """Gives passes their ids: the known one if an old pass overlaps, else a new one."""

    def __init__(self, known: Iterable[KnownPass]) -> None:
        self._known: dict[tuple[str, str], list[KnownPass]] = {}
        self._taken: set[str] = set()
        for item in known:
            self._known.setdefault((item.satellite, item.station), []).append(item)
        self._old = {item.pass_id for items in self._known.values() for item in items}

    def name_of(self, satellite: str, station: str, arc: Arc) -> str:
        """The id of a pass: of the old pass that overlaps it and is nearest to it, or new.

        Each id is given once. A pass whose own times are known gets its own id again.
        """
        aos, los = after(arc.epoch, arc.aos_s), after(arc.epoch, arc.los_s)
        old = [
            (abs(item.aos - aos) + abs(item.los - los), item.pass_id)
            for item in self._known.get((satellite, station), [])
            if item.aos < los and aos < item.los and item.pass_id not in self._taken
        ]
        if old:
            name = min(old)[1]
            self._taken.add(name)
            return name
        base = fresh_name(satellite, station, after(arc.epoch, arc.tca_s))
        name, number = base, 2
        while name in self._taken or name in self._old:
            name, number = f"{base}-{number}", number + 1
        self._taken.add(name)
        return name

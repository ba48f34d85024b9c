"""Key of blocks that contacts of several passes make, from the moments of their seconds.

The rules it keeps:

1. Contacts of one satellite and one station may share a block if they lie in the same night, or in
   the same run of so many nights as the network file allows. Runs are counted from a fixed day, so
   that tomorrow's plan has the same ones; seven nights begin on a Monday.
2. Counts are pooled only where source and detector are the same in every figure that key depends
   on. Efficiency, fading and noise may differ: they are in the moments, which add.
3. A pass that goes on over noon belongs to no night and stays alone. So do passes of a satellite
   whose memory for key is limited: what it has to keep until a block closes is not known.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import reduce
from operator import add

from groundstation.network import Network
from groundstation.night.pass_slots import PassSlots
from groundstation.night.span import night_of
from groundstation.night.window_keys import bits_of, moments_within
from groundstation.plan.records import Candidate
from groundstation.plan.windows import Part
from passes.counts.moments import Moments
from passes.key.decoy.counts import decoy_counts_from_moments


class BlockKeys:
    """Whole secret bits of contacts of several passes distilled together.

    Parameters
    ----------
    slots : usable seconds of the passes, by their ids
    """

    def __init__(
        self, network: Network, passes: Iterable[Candidate], slots: Mapping[str, PassSlots]
    ) -> None:
        self._policy, self._slots = network.key, slots
        self._groups = groups_of(network, passes)
        self._moments: dict[Part, Moments | None] = {}
        self._known: dict[tuple[Part, ...], int] = {}

    def group_of(self, pass_id: str) -> str | None:
        """Contacts with the same answer may share a block; None for one that stays alone."""
        return self._groups.get(pass_id) if pass_id in self._slots else None

    def bits(self, parts: Sequence[Part]) -> int:
        """Key of one block of these parts of passes; 0 where their counts must not be pooled."""
        key = tuple(sorted(parts))
        if key not in self._known:
            self._known[key] = self._bits(key)
        return self._known[key]

    def sifted(self, part: Part) -> float:
        """Expected detections in the key basis."""
        moments = self._moments_of(part)
        if moments is None:
            return 0.0
        slots = self._slots[part[0]]
        detector = slots.receiver.detector
        counts = decoy_counts_from_moments(
            moments, slots.source, detector.key_basis_probability, detector.afterpulse_probability
        )
        return float(counts.key.sum())

    def _moments_of(self, part: Part) -> Moments | None:
        if part not in self._moments:
            slots = self._slots.get(part[0])
            self._moments[part] = None if slots is None else moments_within(slots, part[1])
        return self._moments[part]

    def _bits(self, parts: Sequence[Part]) -> int:
        moments = [self._moments_of(part) for part in parts]
        counted = [item for item in moments if item is not None]
        if not counted or len(counted) < len(parts):
            return 0
        first = self._slots[parts[0][0]]
        if not all(are_poolable(first, self._slots[pass_id]) for pass_id, _ in parts):
            return 0
        return bits_of(reduce(add, counted), first, self._policy)


def are_poolable(first: PassSlots, other: PassSlots) -> bool:
    """Whether counts of two passes obey the same constants of source and detector."""
    return first.source == other.source and first.receiver.detector == other.receiver.detector


def groups_of(network: Network, passes: Iterable[Candidate]) -> Mapping[str, str]:
    """The name of satellite, station and nights of every pass that may share a block, by its id."""
    nights = network.key.block_nights
    if not nights:
        return {}
    longitude = {s.name: s.site.longitude_rad for s in network.stations}
    waits = {s.name for s in network.satellites if s.limits.key_memory_bits is None}
    found = {}
    for item in passes:
        if not item.windows or item.satellite not in waits:
            continue
        evenings = {
            night_of(instant, longitude[item.station])
            for instant in (item.windows[0][0], item.windows[-1][1])
        }
        if len(evenings) == 1:
            first = _first_evening(date.fromisoformat(evenings.pop()), nights)
            found[item.pass_id] = f"{item.satellite}-{item.station}-{first:%Y%m%d}"
    return found


def _first_evening(evening: date, nights: int) -> date:
    """The first evening of the run of nights that holds one, counted from a Monday."""
    day = evening.toordinal() - 1
    return date.fromordinal(day - day % nights + 1)

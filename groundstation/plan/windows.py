"""Which parts of a pass may be a contact.

The rules it keeps:

1. A pass without a rival on its satellite or at its station is offered whole: no part of it could
   be better, unless the satellite's contacts or its memory are limited.
2. A pass with rivals is cut where one contact can hand over to the other, in the middle of their
   overlap with the set-up time in between, and at its own half. On the night of europe-2026 that is
   worth 0.07 % less than five instants of each overlap with thirds and quarters, in a sixth of the
   time; whole passes are worth 25 % less.
3. Cuts lie on whole seconds, inside the pass's usable spans; nothing outside them is ever added.
4. A part that a shorter part within it equals in key is dropped, and so is one without key.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from groundstation.contact_limits import UNLIMITED_SATELLITE
from groundstation.network import Network
from groundstation.plan.limited_parts import limited_parts
from groundstation.plan.records import Candidate, Contact, Span

# Whole secret bits of some spans of a pass under a clear sky, by its id.
KeyOf = Callable[[str, tuple[Span, ...]], int]
# A pass by its id, and some spans of it.
Part = tuple[str, tuple[Span, ...]]
# Told many parts that will be valued.
Foresee = Callable[[Sequence[Part]], None]

# Those that keep an edge of a pass go first. Where many passes compete each gets fewer: with 96
# passes of 4 satellites over 12 stations, 3 parts of each were planned to 0.3 % in 1.4 s, 6 in 12 s
# and 24 in 41 s, for a bound that is 0.1 % higher. Two parts of each keep more windows than one
# programme takes in any case; the solver's prices take 50,000 in a minute.
MOST_PARTS = 24
PARTS_SOUGHT, LEAST_PARTS, MOST_PARTS_OF_ALL = 400, 2, 60_000
# What a satellite's limits leave of a pass: in the middle, at its beginning and at its end.
LEAST_LIMITED_PARTS = 3


@dataclass(frozen=True, slots=True)
class Offer:
    """A pass, or a part of it, that may be a contact.

    Parameters
    ----------
    candidate : its place among the candidates
    windows : usable spans, in order
    key_bits : whole secret bits under a clear sky
    is_whole : whether it is all of the pass that is usable
    """

    candidate: int
    windows: tuple[Span, ...]
    key_bits: int
    is_whole: bool

    @property
    def start_s(self) -> float:
        """First instant, POSIX seconds."""
        return self.windows[0][0].timestamp()

    @property
    def stop_s(self) -> float:
        """Last instant, POSIX seconds."""
        return self.windows[-1][1].timestamp()


def offers_of(
    network: Network,
    able: Sequence[Candidate],
    key_of: KeyOf | None,
    kept: Mapping[str, Contact],
    foresee: Foresee | None = None,
) -> list[Offer]:
    """Every part that may be chosen, in the order of the passes, whole passes first.

    Parameters
    ----------
    able : passes that can be contacts
    key_of : values parts; None offers whole passes only
    kept : contacts that must stay as they are, by pass id: only that part is offered
    foresee : told all parts before the first is valued
    """
    setups = _Setups(network)
    rivals = _rivals(able, setups)
    limits = {s.name: s.limits for s in network.satellites}
    is_limited = [limits[item.satellite] != UNLIMITED_SATELLITE for item in able]
    is_cut = [
        network.plan.are_passes_cut and (bool(others) or own)
        for others, own in zip(rivals, is_limited, strict=True)
    ]
    contested = max(1, sum(is_cut))
    most = max(PARTS_SOUGHT // contested, min(LEAST_PARTS, MOST_PARTS_OF_ALL // contested))
    most = min(MOST_PARTS, most)
    least_s = network.policies.min_contact_s
    parts: dict[int, list[tuple[Span, ...]]] = {}
    if key_of is not None:
        for i, item in enumerate(able):
            if is_cut[i] and item.pass_id not in kept:
                spans = _parts(able, i, rivals[i], setups, least_s, most) if rivals[i] else []
                parts[i] = _distinct(item, spans)
    if foresee is not None:
        foresee([(able[i].pass_id, windows) for i, own in parts.items() for windows in own])
    found: list[Offer] = []
    for i, item in enumerate(able):
        whole = Offer(i, item.windows, item.key_bits, is_whole=True)
        if item.pass_id in kept:
            found.append(_kept_part(whole, item, kept[item.pass_id], key_of))
        elif key_of is None or i not in parts:
            found.append(whole)
        else:
            shorter = limited_parts(
                _edges(item), limits[item.satellite], least_s, _key_between(item, key_of)
            )
            own = [*parts[i], *_distinct(item, shorter[: max(most, LEAST_LIMITED_PARTS)])]
            found += _undominated([whole, *_valued(i, item, list(dict.fromkeys(own)), key_of)])
    return found


class _Setups:
    """Seconds between two contacts of a satellite and at a station."""

    def __init__(self, network: Network) -> None:
        self.satellite = {s.name: s.setup_s for s in network.satellites}
        self.station = {s.name: s.setup_s for s in network.stations}

    def between(self, first: Candidate, second: Candidate) -> float | None:
        """Seconds that must lie between two contacts; None if they share nothing."""
        shared = []
        if first.satellite == second.satellite:
            shared.append(self.satellite[first.satellite])
        if first.station == second.station:
            shared.append(self.station[first.station])
        return max(shared, default=None)


def _edges(item: Candidate) -> tuple[float, float]:
    return item.windows[0][0].timestamp(), item.windows[-1][1].timestamp()


def _rivals(able: Sequence[Candidate], setups: _Setups) -> list[list[int]]:
    """For each pass those that it cannot be taken together with, both whole."""
    edges = [_edges(item) for item in able]
    order = sorted(range(len(able)), key=lambda i: edges[i])
    longest = max((stop - start for start, stop in edges), default=0.0)
    reach = longest + max([*setups.satellite.values(), *setups.station.values()], default=0.0)
    rivals: list[list[int]] = [[] for _ in able]
    for place, i in enumerate(order):
        for j in order[place + 1 :]:
            if edges[j][0] >= edges[i][0] + reach:
                break
            setup_s = setups.between(able[i], able[j])
            if setup_s is not None and edges[j][0] < edges[i][1] + setup_s:
                rivals[i].append(j)
                rivals[j].append(i)
    return rivals


def _parts(
    able: Sequence[Candidate],
    i: int,
    rivals: Sequence[int],
    setups: _Setups,
    least_s: float,
    most: int,
) -> list[tuple[float, float]]:
    """First and last instants of the parts that are worth most to try [POSIX s].

    Those that keep an edge of the pass come first, then the longer ones.
    """
    begin, end = _edges(able[i])
    starts = {begin + 0.5 * (end - begin)}
    stops = set(starts)
    for j in rivals:
        setup_s = setups.between(able[i], able[j]) or 0.0
        other = _edges(able[j])
        stops |= _hand_over((begin, end), other, setup_s)
        starts |= {t + setup_s for t in _hand_over(other, (begin, end), setup_s)}
    first = [begin, *sorted({float(math.ceil(t)) for t in starts})]
    last = [end, *sorted({float(math.floor(t)) for t in stops}, reverse=True)]
    # Among fifty rivals there are ten thousand pairs of instants, and two are taken.
    at_edge = [(a, b) for a in first if a == begin for b in last if b != end]
    at_edge += [(a, b) for b in last if b == end for a in first if a != begin]
    found = _longest(at_edge, (begin, end), least_s)
    if len(found) < most:
        inner = [(a, b) for a in first if a != begin for b in last if b != end]
        found += _longest(inner, (begin, end), least_s)
    return found[:most]


def _longest(
    pairs: Sequence[tuple[float, float]], edges: tuple[float, float], least_s: float
) -> list[tuple[float, float]]:
    """Those inside a pass that are long enough, the longer ones first."""
    least_s = max(least_s, 1.0)
    inside = [(a, b) for a, b in pairs if edges[0] <= a and b <= edges[1] and b - a >= least_s]
    return sorted(inside, key=lambda pair: (pair[0] - pair[1], pair[0]))


def _hand_over(
    first: tuple[float, float], second: tuple[float, float], setup_s: float
) -> set[float]:
    """When the first contact can end so that the second begins a set-up later; at most one."""
    low, high = max(first[0], second[0] - setup_s), min(first[1], second[1] - setup_s)
    return {0.5 * (low + high)} if low < high else set()


def clipped(windows: Sequence[Span], start_s: float, stop_s: float) -> tuple[Span, ...]:
    """What of some spans lies between two instants [POSIX s]; edges that stay are not touched."""
    first, last = (datetime.fromtimestamp(t, UTC) for t in (start_s, stop_s))
    cut = [(max(a, first) if a < first else a, min(b, last) if b > last else b) for a, b in windows]
    return tuple((a, b) for a, b in cut if (b - a).total_seconds() >= 1.0)


def _key_between(item: Candidate, key_of: KeyOf) -> Callable[[tuple[float, float]], int]:
    """Key of a pass between two instants [POSIX s]."""

    def bits(edges: tuple[float, float]) -> int:
        windows = clipped(item.windows, *edges)
        return key_of(item.pass_id, windows) if windows else 0

    return bits


def _distinct(item: Candidate, spans: Sequence[tuple[float, float]]) -> list[tuple[Span, ...]]:
    """Usable spans between instants, each once and none of them the whole pass."""
    clips = (clipped(item.windows, start_s, stop_s) for start_s, stop_s in spans)
    return [windows for windows in dict.fromkeys(clips) if windows and windows != item.windows]


def _valued(
    i: int, item: Candidate, parts: Sequence[tuple[Span, ...]], key_of: KeyOf
) -> list[Offer]:
    valued = [(windows, key_of(item.pass_id, windows)) for windows in parts]
    return [Offer(i, windows, bits, is_whole=False) for windows, bits in valued if bits > 0]


def _undominated(offers: Sequence[Offer]) -> list[Offer]:
    """Without those that hold another one with at least their key."""
    kept = []
    for offer in offers:
        is_beaten = any(
            other is not offer
            and other.start_s >= offer.start_s
            and other.stop_s <= offer.stop_s
            and (other.stop_s - other.start_s) < (offer.stop_s - offer.start_s)
            and other.key_bits >= offer.key_bits
            for other in offers
        )
        if not is_beaten:
            kept.append(offer)
    return kept


def _kept_part(whole: Offer, item: Candidate, contact: Contact, key_of: KeyOf | None) -> Offer:
    """The part that a contact already takes, in the pass as it is seen now."""
    if contact.is_whole or key_of is None:
        return whole
    windows = clipped(item.windows, contact.start.timestamp(), contact.stop.timestamp())
    bits = key_of(item.pass_id, windows) if windows else 0
    return whole if bits <= 0 else Offer(whole.candidate, windows, bits, is_whole=False)

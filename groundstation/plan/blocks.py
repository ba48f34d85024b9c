"""Blocks over several passes: who may share one, and what it is worth.

The rules it keeps:

1. Who may share a block, and its key from the pooled counts of its contacts, is for others to say
   (`KeyOfBlocks`); a contact joins one block or none.
2. A block counts with its key under a clear sky, or, where the weather is known, with the mean over
   the members of the forecast and over which of its contacts come through: every outcome is a block
   of its own, of those that did. It never counts with more than under a clear sky.
3. For this mean all outcomes are enumerated. So a block has at most MOST_JOINED contacts.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from groundstation.plan.network_model import Problem
from groundstation.plan.records import Candidate
from groundstation.plan.sky import Sky
from groundstation.plan.solver.model import Floats
from groundstation.plan.windows import Part

# As the key room enumerates outcomes (`passes.key.block.pooling.MOST_AWAITED`).
MOST_JOINED = 8

# Offers of different passes, in order of time.
Members = tuple[int, ...]


class KeyOfBlocks(Protocol):
    """What is known of blocks over several passes."""

    def group_of(self, pass_id: str) -> str | None:
        """Passes with the same answer may share a block; None for one that stays alone."""

    def bits(self, parts: Sequence[Part]) -> int:
        """Whole secret bits of one block of these parts; 0 if they must not be pooled."""

    def sifted(self, part: Part) -> float:
        """Expected detections in the key basis."""


@dataclass(frozen=True, slots=True)
class Block:
    """Offers that may be distilled together.

    Parameters
    ----------
    group : of its passes
    members : what is distilled together
    key_bits : whole secret bits under a clear sky
    counted_bits : that a plan counts on
    """

    group: str
    members: Members
    key_bits: int
    counted_bits: int


class BlockValues:
    """Key of blocks of the offers of a problem; what was counted once is remembered."""

    def __init__(self, problem: Problem, keys: KeyOfBlocks, sky: Sky | None) -> None:
        self.problem = problem
        self._keys = keys
        self.has_weather = sky is not None
        self._clear = _clear_of(problem, sky)
        self._bits: dict[Members, int] = {}
        self._expected: dict[Members, int] = {}
        self._sifted: dict[int, float] = {}
        self.groups = _groups(problem, keys)

    @property
    def counted(self) -> int:
        """Blocks of two and more contacts of which the key was counted."""
        return len(self._bits)

    def key_bits(self, members: Members) -> int:
        """Whole bits under a clear sky of one block of offers in order of time."""
        if len(members) < 2:
            return sum(self.problem.offers[i].key_bits for i in members)
        if members not in self._bits:
            self._bits[members] = self._keys.bits([self._part(i) for i in members])
        return self._bits[members]

    def counted_bits(self, members: Members) -> int:
        """Whole bits that a plan counts on, never more than under a clear sky."""
        if len(members) < 2:
            return sum(self.problem.counted_bits[i] for i in members)
        if not self.has_weather:
            return self.key_bits(members)
        if members not in self._expected:
            mean = sum(
                probability * self.key_bits(there) for there, probability in self._outcomes(members)
            )
            self._expected[members] = min(int(mean + 1e-9), self.key_bits(members))
        return self._expected[members]

    def block(self, group: str, members: Members) -> Block:
        """A block with its key."""
        return Block(group, members, self.key_bits(members), self.counted_bits(members))

    def gain_bits(self, members: Members) -> int:
        """What a plan counts on more than of its members by themselves."""
        alone = sum(self.problem.counted_bits[i] for i in members)
        return self.counted_bits(members) - alone

    def sifted(self, offer: int) -> float:
        """Expected detections of an offer in the key basis."""
        if offer not in self._sifted:
            self._sifted[offer] = self._keys.sifted(self._part(offer))
        return self._sifted[offer]

    def has_shares(self, members: Members) -> bool:
        """Whether every contact of a block has a bit of it at least."""
        sifted = [self.sifted(i) for i in members]
        return self.key_bits(members) * min(sifted) >= sum(sifted) > 0.0

    def chance(self, offer: int) -> float:
        """Mean chance of a clear sky over the members of the forecast, 1 where it is not known."""
        return float(self._clear[:, offer].mean())

    def in_order(self, members: Iterable[int]) -> Members:
        """Offers in order of time."""
        start = self.problem.model.windows.start_s
        return tuple(sorted(members, key=lambda i: (start[i], i)))

    def mates_of(self, offer: int, taken: Collection[int]) -> Members:
        """Taken offers of other passes that could share a block with one, in order of time."""
        item = self.problem.offers[offer].candidate
        for passes in self.groups.values():
            if any(offer in parts for parts in passes):
                mates = {i for parts in passes for i in parts if i in taken}
                return self.in_order(i for i in mates if self.problem.offers[i].candidate != item)
        return ()

    def _outcomes(self, members: Members) -> Iterator[tuple[Members, float]]:
        """Which members come through, with the probability of exactly these."""
        clear = self._clear[:, list(members)]
        for through in itertools.product((True, False), repeat=len(members)):
            probability = float(np.where(through, clear, 1.0 - clear).prod(axis=1).mean())
            if probability > 0.0:
                yield tuple(itertools.compress(members, through)), probability

    def pass_id(self, offer: int) -> str:
        """The pass that an offer is a part of."""
        return self.problem.able[self.problem.offers[offer].candidate].pass_id

    def _part(self, offer: int) -> Part:
        return self.pass_id(offer), self.problem.offers[offer].windows


def passes_with_mates(candidates: Iterable[Candidate], keys: KeyOfBlocks | None) -> frozenset[str]:
    """Passes that share a group with another one that can be a contact."""
    if keys is None:
        return frozenset()
    found: dict[str, list[str]] = {}
    for item in candidates:
        group = keys.group_of(item.pass_id)
        if group is not None and item.refusal is None and item.windows:
            found.setdefault(group, []).append(item.pass_id)
    return frozenset(name for names in found.values() if len(names) > 1 for name in names)


def _clear_of(problem: Problem, sky: Sky | None) -> Floats:
    """Chance of a clear sky of each offer in each member, shape (members, offers)."""
    if sky is None:
        return np.ones((1, len(problem.offers)))
    column = {name: i for i, name in enumerate(sky.pass_ids)}
    clear = np.ones((len(sky.members), len(problem.offers)))
    for i, offer in enumerate(problem.offers):
        place = column.get(problem.able[offer.candidate].pass_id)
        # Where one member is unknown the pass counts as clear, as it does by itself.
        if place is not None and not np.isnan(sky.clear[:, place]).any():
            clear[:, i] = sky.clear[:, place]
    return clear


def _groups(problem: Problem, keys: KeyOfBlocks) -> Mapping[str, tuple[Members, ...]]:
    """Offers of each pass of the groups of two and more passes, passes in order of time."""
    found: dict[str, dict[int, list[int]]] = {}
    for i, offer in enumerate(problem.offers):
        group = keys.group_of(problem.able[offer.candidate].pass_id)
        if group is not None and not problem.model.forbidden[i]:
            found.setdefault(group, {}).setdefault(offer.candidate, []).append(i)
    start = problem.model.windows.start_s
    return {
        group: tuple(
            tuple(parts)
            for parts in sorted(passes.values(), key=lambda p: min((start[i], i) for i in p))
        )
        for group, passes in sorted(found.items())
        if len(passes) > 1
    }

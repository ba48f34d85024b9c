"""Which passes share a block: pooling, closing now or waiting, and the best partition.

A block of several passes pays the statistical and fixed costs once; the price is the time until
it closes. All choices here follow from expected moments, which are public; what was counted stays
sealed until a block is distilled. Passes share a block only if the source had the same settings.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from passes.counts.moments import Moments
from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.decoy.counts import decoy_counts_from_moments
from passes.key.decoy.proof import secret_key
from passes.key.records import Proof, SecurityParameters

SECONDS_PER_DAY = 86_400.0
# Outcomes of upcoming passes are enumerated: 2^8 blocks per option.
MOST_AWAITED = 8


@dataclass(frozen=True, slots=True)
class BlockTerms:
    """What a block is distilled with.

    Parameters
    ----------
    source : its settings, the same for all passes of a block
    receiver_key_basis_probability, afterpulse_probability : of the receiver
    security, proof : as in `secret_key`
    """

    source: DecoySource
    receiver_key_basis_probability: float
    afterpulse_probability: float
    security: SecurityParameters
    proof: Proof = Proof.TIGHT

    def key_bits(self, block: Moments) -> float:
        """Expected key of a block [bits]."""
        counts = decoy_counts_from_moments(
            block, self.source, self.receiver_key_basis_probability, self.afterpulse_probability
        )
        return secret_key(counts, self.source, self.security, proof=self.proof).secret_key_bits


@dataclass(frozen=True, slots=True)
class PlannedPass:
    """A pass that may join a block.

    Parameters
    ----------
    name : for messages
    ends_s : when its counts are there, seconds from any epoch that all passes share
    moments : expected
    probability : that it takes place (clear sky, no outage), in [0, 1]
    source : settings it is flown with
    """

    name: str
    ends_s: float
    moments: Moments
    probability: float
    source: DecoySource

    def __post_init__(self) -> None:
        """Refuse a probability that is none."""
        if not 0.0 <= self.probability <= 1.0:
            raise KeyLengthError(f"{self.name}: probability {self.probability:g} is outside 0..1")


def pooled(passes: Sequence[PlannedPass], terms: BlockTerms) -> Moments:
    """Moments of one block of passes; refuses passes flown with other settings."""
    if not passes:
        raise KeyLengthError("a block needs a pass")
    for item in passes:
        if item.source != terms.source:
            raise KeyLengthError(f"{item.name} was flown with other source settings than its block")
    return reduce(add, (item.moments for item in passes))


@dataclass(frozen=True, slots=True)
class WaitingOption:
    """What comes of closing the block after some more passes.

    Parameters
    ----------
    awaited : how many upcoming passes are waited for; 0 closes now
    block_bits : expected key of the block that is then closed
    total_bits : the same with the upcoming passes that are not awaited, as one block of their own
    latency_s : until the block closes, from now
    no_key_probability : that the closed block gives nothing
    """

    awaited: int
    block_bits: float
    total_bits: float
    latency_s: float
    no_key_probability: float


@dataclass(frozen=True, slots=True)
class CloseOrWait:
    """All options in order of waiting, and the one whose key is worth its latency most."""

    options: tuple[WaitingOption, ...]
    best: int


def close_or_wait(
    pending: Moments,
    upcoming: Sequence[PlannedPass],
    terms: BlockTerms,
    *,
    now_s: float,
    price_bits_per_day: float = 0.0,
) -> CloseOrWait:
    """Close the block now, or wait for the next passes?

    Parameters
    ----------
    pending : of the passes that took place
    upcoming : in order of time, at most MOST_AWAITED
    now_s : in the time of the passes
    price_bits_per_day : what a day's delay of the block is worth

    Notes
    -----
    Expected values over the outcomes of independent passes; each outcome is a block of its own, as
    key is no linear function of counts.
    """
    if len(upcoming) > MOST_AWAITED:
        raise KeyLengthError(f"{len(upcoming)} upcoming passes; at most {MOST_AWAITED} are weighed")
    if not np.isfinite(now_s):
        raise KeyLengthError(f"now_s = {now_s:g} is not finite")
    _require_order(upcoming)
    if not price_bits_per_day >= 0.0:
        raise KeyLengthError(f"price_bits_per_day = {price_bits_per_day:g} is not >= 0")
    for item in upcoming:
        pooled([item], terms)
    options = []
    for awaited in range(len(upcoming) + 1):
        joined, rest = upcoming[:awaited], upcoming[awaited:]
        expected, none = _expectation(pending, joined, terms)
        later, _ = _expectation(None, rest, terms)
        latency_s = upcoming[awaited - 1].ends_s - now_s if awaited else 0.0
        options.append(
            WaitingOption(awaited, expected, expected + later, max(latency_s, 0.0), none)
        )
    worth = [o.total_bits - price_bits_per_day * o.latency_s / SECONDS_PER_DAY for o in options]
    return CloseOrWait(tuple(options), int(np.argmax(worth)))


def _require_order(passes: Sequence[PlannedPass]) -> None:
    if not all(a.ends_s <= b.ends_s for a, b in itertools.pairwise(passes)):
        raise KeyLengthError("passes are not in order of time")


def _expectation(
    start: Moments | None, passes: Sequence[PlannedPass], terms: BlockTerms
) -> tuple[float, float]:
    """Mean key of a block over which passes take place, and the probability of no key."""
    mean, none = 0.0, 0.0
    for happens in itertools.product((True, False), repeat=len(passes)):
        probability = 1.0
        parts = [] if start is None else [start]
        for item, takes_place in zip(passes, happens, strict=True):
            probability *= item.probability if takes_place else 1.0 - item.probability
            if takes_place:
                parts.append(item.moments)
        if probability == 0.0:
            continue
        key = terms.key_bits(reduce(add, parts)) if parts else 0.0
        mean += probability * key
        none += probability * (key <= 0.0)
    return mean, none


@dataclass(frozen=True, slots=True)
class Partition:
    """Consecutive passes in blocks: positions of each block's passes, key of each and in all."""

    blocks: tuple[tuple[int, ...], ...]
    block_bits: tuple[float, ...]

    @property
    def total_bits(self) -> float:
        """Key of all blocks."""
        return float(sum(self.block_bits))


def best_partition(
    passes: Sequence[PlannedPass], terms: BlockTerms, *, longest_s: float = np.inf
) -> Partition:
    """The split of passes that are not yet distilled into consecutive blocks with most key.

    Parameters
    ----------
    passes : in order of time, all of them taken place
    longest_s : from the end of the first pass of a block to the end of its last

    Notes
    -----
    Exact: dynamic programming over all ends of blocks. Ties go to fewer blocks.
    """
    _require_order(passes)
    count = len(passes)
    value: NDArray[np.float64] = np.full(count + 1, -np.inf)
    value[0] = 0.0
    keys: dict[tuple[int, int], float] = {}
    begin = [0] * (count + 1)
    for end in range(1, count + 1):
        for start in range(end):
            if passes[end - 1].ends_s - passes[start].ends_s > longest_s:
                continue
            key = keys[start, end] = terms.key_bits(pooled(passes[start:end], terms))
            if value[start] + key > value[end]:
                value[end], begin[end] = value[start] + key, start
    blocks: list[tuple[int, ...]] = []
    end = count
    while end:
        blocks.append(tuple(range(begin[end], end)))
        end = begin[end]
    blocks.reverse()
    return Partition(tuple(blocks), tuple(keys[b[0], b[-1] + 1] for b in blocks))

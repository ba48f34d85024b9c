"""What every night wants, and what it is worth.

The rules it keeps:

1. Every night wants what a day uses, and the first one what a reserve lacks beside that. What a
   night does not get is not wanted later: the sites have been without it.
2. A kilobit of a later night counts a little less, so that nothing waits that need not.
3. Where hours without key cost something, the bits that a pair would be without are worth more than
   others: what it holds is used up first, evenly over the day, and after that every bit that comes
   in a night shortens the time without by its share of the day.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from groundstation.network import Network
from groundstation.plan.horizon import Horizon
from groundstation.plan.solver.model import Floats, Ints
from groundstation.plan_policy import PlanGoal, PlanPolicy

HOURS_PER_DAY = 24.0
_BITS_PER_KBIT = 1e3


@dataclass(frozen=True, slots=True, eq=False)
class Wants:
    """Bits that demands want in each night, in one or two parts of different worth.

    Parameters
    ----------
    owner : demand of each part, ascending, shape (parts,)
    bits : wanted in each night, whole, shape (parts, nights with those ahead)
    worth_per_kbit : of a delivery, same shape
    """

    owner: Ints
    bits: Ints
    worth_per_kbit: Floats


def wants_of(network: Network, horizon: Horizon, pair_bits: Mapping[str, float]) -> Wants:
    """What the demands of a network want; hours without key count for the goal priority only.

    Parameters
    ----------
    pair_bits : that pairs share already, by demand; of others the reserve is not filled
    """
    policy, demands = network.plan, network.demands
    use = np.array([d.bits_per_day for d in demands], dtype=np.float64)
    priority = np.array([d.priority for d in demands], dtype=np.float64)
    lacking = np.array(
        [lacking_bits(d.minimum_reserve_bits, pair_bits.get(d.name)) for d in demands]
    )
    worth = np.outer(priority, worth_of_nights(policy, horizon))
    wanted = _by_night(use, lacking, horizon)
    hour = policy.starved_hour_kbit
    if not hour or policy.goal is PlanGoal.MAX_MIN:
        return Wants(np.arange(len(demands)), wanted, worth)
    held = np.array([pair_bits.get(d.name, 0.0) for d in demands])
    needed = np.minimum(_beyond(use, held, horizon), wanted)
    saved = np.divide(
        hour * HOURS_PER_DAY * _BITS_PER_KBIT, use, out=np.zeros_like(use), where=use > 0
    )
    dearer = np.outer(priority + saved, worth_of_nights(policy, horizon))
    pairs = np.arange(2 * len(demands))
    return Wants(
        pairs // 2,
        np.stack([needed, wanted - needed], axis=1).reshape(len(pairs), horizon.periods),
        np.stack([dearer, worth], axis=1).reshape(len(pairs), horizon.periods),
    )


def lacking_bits(reserve_bits: float, held_bits: float | None) -> float:
    """What a reserve lacks; nothing where it is not known what the pair holds."""
    return 0.0 if held_bits is None else max(0.0, reserve_bits - held_bits)


def worth_of_nights(policy: PlanPolicy, horizon: Horizon) -> Floats:
    """Worth of a kilobit delivered in each night against one of the first, shape (periods,)."""
    days = np.arange(horizon.periods, dtype=np.float64)
    worth: Floats = (1.0 - policy.discount_per_night) ** days
    worth[horizon.nights :] *= policy.ahead_worth
    return worth


def _by_night(use: Floats, lacking: Floats, horizon: Horizon) -> Ints:
    """Whole bits wanted in each night; fractions of a bit add up from night to night."""
    total = np.floor(use[:, None] * np.arange(horizon.periods + 1) + lacking[:, None])
    total[:, 0] = 0.0
    wanted: Ints = np.diff(total, axis=1).astype(np.int64)
    return wanted


def _beyond(use: Floats, held: Floats, horizon: Horizon) -> Ints:
    """Whole bits of each night's use that the key at hand does not cover."""
    days = np.arange(horizon.periods + 1)
    total = np.floor(np.maximum(use[:, None] * days - held[:, None], 0.0))
    needed: Ints = np.diff(total, axis=1).astype(np.int64)
    return needed

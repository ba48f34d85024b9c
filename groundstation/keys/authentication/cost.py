"""What authentication takes out of the pool of a link, message by message."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from groundstation.keys.authentication.one_time_tag import KEY_BITS, forgery_probability

# Below so many passes of reserve people are told: a link without it cannot make new key.
RESERVED_PASSES = 3


class Direction(StrEnum):
    """Who sends an authenticated message."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class AuthenticatedMessage:
    """One message: what it is about, who sent it, its length, the key bits that its tag took."""

    subject: str
    direction: Direction
    length_bytes: int
    key_bits: int = KEY_BITS


@dataclass(frozen=True, slots=True)
class AuthenticationCost:
    """What the messages of a pass took, and what they promise together.

    Parameters
    ----------
    messages : in the order of their keys
    key_bits : spent, exactly
    forgery_probability : upper bound that any of them was forged; a part of the correctness and
        secrecy of the key that the pass makes
    """

    messages: tuple[AuthenticatedMessage, ...]
    key_bits: int
    forgery_probability: float


def authentication_cost(messages: Sequence[AuthenticatedMessage]) -> AuthenticationCost:
    """Sum of the messages of one pass; their failures add up (union bound)."""
    return AuthenticationCost(
        messages=tuple(messages),
        key_bits=sum(message.key_bits for message in messages),
        forgery_probability=math.fsum(
            forgery_probability(message.length_bytes) for message in messages
        ),
    )


def passes_left(reserve_bits: int, cost: AuthenticationCost) -> int | None:
    """Whole passes of that cost that a reserve pays for; None where they cost nothing."""
    if reserve_bits < 0:
        raise ValueError(f"a reserve of {reserve_bits} bits is negative")
    return None if cost.key_bits == 0 else reserve_bits // cost.key_bits


def is_reserve_low(reserve_bits: int, cost: AuthenticationCost) -> bool:
    """Whether the reserve pays for fewer than `RESERVED_PASSES` passes."""
    left = passes_left(reserve_bits, cost)
    return left is not None and left < RESERVED_PASSES

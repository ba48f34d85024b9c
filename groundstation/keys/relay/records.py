"""What a relay is made of: links, announcers, orders, and what a node holds for them.

A path from A to B is a chain of parties, ground nodes and satellites. Neighbours share a pool: a
link. Every party in between announces the XOR of the same number of bits of its two links; B takes
its last link key, XORs all announcements onto it and has A's first link key.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID, uuid5

from groundstation.keys.ledger.records import Extent, Pool, TrustLabel


class OrderKind(StrEnum):
    """Key passed along a path, or key made of shares that both ends have already."""

    RELAY = "relay"
    COMBINATION = "combination"


@dataclass(frozen=True, slots=True)
class Link:
    """Bits of one pool that an order takes.

    Parameters
    ----------
    pool : of the two neighbours
    leader : the ground node that chooses the bits
    follower : the other ground node; None if the other party is a satellite
    segment_id, lane : where the bits have to come from, for shares; None for any segment
    """

    pool: Pool
    leader: str
    follower: str | None
    segment_id: UUID | None = None
    lane: int = 0

    @property
    def holders(self) -> tuple[str, ...]:
        """Ground nodes that reserve and spend these bits."""
        return (self.leader,) if self.follower is None else (self.leader, self.follower)


@dataclass(frozen=True, slots=True)
class Announcer:
    """A party in between: it announces the XOR of links `left` and `left` + 1.

    `via` is the ground node that brings the announcement: itself, or for a satellite the node that
    asks its operator.
    """

    name: str
    left: int
    via: str

    @property
    def is_satellite(self) -> bool:
        """Whether the announcement comes as a file of an operator."""
        return self.name != self.via


@dataclass(frozen=True, slots=True)
class Order:
    """One relay or combination, for ever bound to its identity.

    Parameters
    ----------
    order_id : random
    demand : that it serves
    a, b : the ends; a leads
    n_bits : that both ends get, and that every link spends; of every lane, for a combination
    links, announcers : in the order of the path; a combination has no announcers
    untrusted : names that together must not know the key
    threshold, n_shares : of a combination; all shares of equal number mean XOR
    created_at : seconds since 1970
    """

    order_id: UUID
    kind: OrderKind
    demand: str
    a: str
    b: str
    n_bits: int
    links: tuple[Link, ...]
    announcers: tuple[Announcer, ...]
    untrusted: frozenset[str]
    threshold: int
    n_shares: int
    created_at: float

    @property
    def nodes(self) -> tuple[str, ...]:
        """Ground nodes that take part, sorted."""
        return tuple(sorted({name for link in self.links for name in link.holders}))

    @property
    def pool(self) -> Pool:
        """The pool that the key goes into."""
        return Pool(*sorted((self.a, self.b)))

    @property
    def segment_id(self) -> UUID:
        """Identity of the segment that both ends make."""
        return uuid5(self.order_id, "segment")

    def allocation_id(self, index: int) -> UUID:
        """Identity of the bits of a link, the same at both of its ends."""
        return uuid5(self.order_id, f"link {index}")


@dataclass(frozen=True, slots=True)
class Held:
    """What a ground node has reserved for one link.

    Parameters
    ----------
    labels : of the segments that the bits come from
    expires_at : of the first of them, seconds since 1970; None if none does
    """

    extents: tuple[Extent, ...]
    labels: tuple[TrustLabel, ...]
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class Announcement:
    """The XOR of two link keys; public, because it says nothing of either alone."""

    name: str
    xor: bytes = field(repr=False)

"""Which key a request may use: who knows it, how old it is, how much is left, how much was had.

- The untrusted names of a demand together must not know the key.
- Key whose label lets fewer nodes collude than demanded is left for others.
- What is expired is never handed out, whether it has been taken off the balance yet or not.
- The quota of a reference counts what is reserved or consumed for it; what burned is not its fault.
"""

from collections.abc import Iterator

from groundstation.keys.errors import KeyQuotaError, KeyShortageError
from groundstation.keys.ledger.records import Segment, SegmentStage
from groundstation.keys.ledger.trust import knows, smallest_coalition
from groundstation.keys.ledger.views import LedgerView, Request, Restriction


def why_forbidden(segment: Segment, restriction: Restriction, now: float) -> str | None:
    """Why a segment is not for this request, as the end of a sentence, or None if it is."""
    return next(_objections(segment, restriction, now), None)


def _objections(segment: Segment, restriction: Restriction, now: float) -> Iterator[str]:
    if segment.stage is not SegmentStage.USABLE:
        yield f"is {segment.stage}"
    if segment.expires_at is not None and segment.expires_at <= now:
        yield "has expired"
    age_s = now - segment.imported_at
    if restriction.max_age_s is not None and age_s > restriction.max_age_s:
        yield f"is older than {restriction.max_age_s:.0f} s"
    if restriction.origins is not None and segment.origin.kind not in restriction.origins:
        yield f"came by {segment.origin.kind}"
    if knows(segment.trust, restriction.untrusted):
        yield f"is known to {', '.join(sorted(restriction.untrusted))}"
    # Counting coalitions takes longer than all the rest, hence only where it is asked for.
    colluding = smallest_coalition(segment.trust) if restriction.min_coalition else None
    if colluding is not None and colluding < restriction.min_coalition:
        yield f"is known if {colluding} nodes collude (limit {restriction.min_coalition})"


def check_quota(view: LedgerView, request: Request, restriction: Restriction) -> None:
    """Raise KeyQuotaError if the reference would have more bits than its quota."""
    if restriction.quota_bits is None:
        return
    spent = view.spent_bits(request.pool, request.reference, restriction.quota_since)
    if spent + request.n_bits > restriction.quota_bits:
        raise KeyQuotaError(
            f"reserving {request.n_bits} bits for {request.reference}: it has had {spent} bits"
            f" of its quota of {restriction.quota_bits} bits",
            where=f"pool {request.pool.a}-{request.pool.b}",
        )


def check_reserve(view: LedgerView, request: Request, restriction: Restriction) -> None:
    """Raise KeyShortageError if too little would remain in our lanes of the pool."""
    if not restriction.min_reserve_bits:
        return
    left = view.available_bits(request.pool) - request.n_bits
    if left < restriction.min_reserve_bits:
        raise KeyShortageError(
            f"reserving {request.n_bits} bits for {request.reference}: {max(left, 0)} bits would"
            f" remain, {restriction.min_reserve_bits} bits have to",
            where=f"pool {request.pool.a}-{request.pool.b}",
        )

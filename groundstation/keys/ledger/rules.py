"""The rules of the ledger, whole: what holds at any moment, and the commands that keep it so.

I1   A bit of key is in one allocation at most, for ever. Free bits are a set; an allocation takes
     them out of it, and nothing puts reserved or spent bits back.
I2   An identity is bound to its pool, purpose, reference and bits when it is reserved; a second
     binding is refused. Burned identities are remembered.
I3   Key leaves for one recipient of each end at most once: consuming needs a reservation and ends
     it. Both ends hold the same extents of segments whose digests agreed.
I4   A decision is committed before bytes leave; the functions here hand out decisions, never key.
I5   Every movement is double entry. imported = available + reserved + delivered + relayed
     + authentication + expired + burned + quarantined, bit by bit, after every entry.
I6   A relay is a purpose like any other, hence by I1 a bit enters one announcement at most.
I7   The end that asked gets key only after the other end has committed the same reservation; the
     order of messages is kept by `groundstation.keys.protocol`.
I8   No key passes through here. Which bits are spent decides what the store may forget.
I9   A segment is imported once; the same again changes nothing, the same identity with another
     content is refused and people are told. It is usable only once both ends, or the station and
     the producer, agree on its digest.
I10  Entries are appended, numbered, never changed, and carry a time that never runs backwards; the
     ledger is the fold of its entries. The store chains them against edits.
I11  A restored backup neither reserves, agrees nor consumes before it has burned all that the
     other ends and the anchor have seen in use since.
I12  The time that counts never runs backwards, so nothing expired comes back; a step forward that
     nobody confirmed expires nothing. No rule ever frees a reservation: it is spent or it burns.
I13  A refusal changes nothing. An outcome that is unknown burns what was reserved, nothing else.
I14  Quotas and minimum reserves are judged on the same view as the reservation they limit; one
     writer makes that hold for many callers.

Lengths are multiples of 8 bits, offsets count from the start of a lane, a lane is allocated by its
owner from its first free bit upwards, oldest segment first.
"""

from groundstation.keys.ledger.allocation_rules import (
    SPENT_AS,
    decide_abandon,
    decide_burn,
    decide_consume,
    decide_reserve,
)
from groundstation.keys.ledger.clock import LARGEST_STEP_S, Clock, read_clock
from groundstation.keys.ledger.following_rules import decide_cancel, decide_reserve_theirs
from groundstation.keys.ledger.removal_rules import (
    decide_expire,
    decide_fast_forward,
    decide_purge,
    decide_quarantine,
)
from groundstation.keys.ledger.segment_rules import decide_agree, decide_import, lane_lengths

__all__ = [
    "LARGEST_STEP_S",
    "SPENT_AS",
    "Clock",
    "decide_abandon",
    "decide_agree",
    "decide_burn",
    "decide_cancel",
    "decide_consume",
    "decide_expire",
    "decide_fast_forward",
    "decide_import",
    "decide_purge",
    "decide_quarantine",
    "decide_reserve",
    "decide_reserve_theirs",
    "lane_lengths",
    "read_clock",
]

"""Whether a key file promises what the station promises its users."""

from groundstation.keys.imports.key_length import DistillationPolicy
from groundstation.keys.imports.records import Refusal, RefusalKind, Segment


def broken_promise(segment: Segment, policy: DistillationPolicy) -> Refusal | None:
    """Why a segment does not go with a station's promise, or None.

    The producer of a final key (tier 1) may promise more than the station, never less. A reconciled
    key (tier 2) must have been made for exactly the promise that the station is going to give: its
    other end computes the length from it, too.
    """
    for name in ("epsilon_secrecy", "epsilon_correctness"):
        given, wanted = getattr(segment, name), getattr(policy, name)
        if given == wanted or (segment.tier == 1 and given < wanted):
            continue
        return Refusal(
            RefusalKind.POLICY,
            f"segment {segment.segment_id}: {name} is {given:g}, this station has {wanted:g}",
            segment.segment_id,
        )
    return None

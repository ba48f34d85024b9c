"""What a key file says and holds, as plain records."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from passes.counts.source import DecoySource
from passes.key.bbm92.proof import Bbm92Counts
from passes.key.one_decoy.proof import OneDecoyCounts, OneDecoySource
from passes.key.records import DecoyCounts

LONGEST_REASON = 400

Counts = DecoyCounts | OneDecoyCounts | Bbm92Counts
Source = DecoySource | OneDecoySource


class Protocol(StrEnum):
    """How the key was made, as `passes.key` names it."""

    DECOY_BB84 = "decoy-bb84"
    ONE_DECOY_BB84 = "one-decoy-bb84"
    BBM92 = "bbm92"


class Selection(StrEnum):
    """By what the slots of the block were chosen; never by what was measured in them."""

    WHOLE_PASS = "whole-pass"
    FIXED_ELEVATION = "fixed-elevation"
    PUBLIC_FORECAST = "public-forecast"


class RefusalKind(StrEnum):
    """What is wrong with a key file, for the caller's next step."""

    TORN = "torn"  # incomplete, or not in the form of a key file
    MALFORMED = "malformed"  # the manifest breaks its schema
    FOREIGN = "foreign"  # sealed for another station, or under a key that is not here
    FORGED = "forged"  # authentication failed: changed, swapped, or damaged
    UNBELIEVABLE = "unbelievable"  # authentic, but the figures contradict each other
    POLICY = "policy"  # authentic and consistent, but not what this station accepts
    UNCORRECTED = "uncorrected"  # both ends hold different keys
    NO_KEY = "no-key"  # nothing secret is left


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a key file or block gives no key; goes into quarantine with it.

    Parameters
    ----------
    kind : class of the reason
    reason : one sentence without key in it
    segment_id : as far as it could be read; not to be trusted where the kind is FORGED
    """

    kind: RefusalKind
    reason: str
    segment_id: UUID | None = None

    def __post_init__(self) -> None:
        """Keep the sentence printable and short: a refused file may have chosen words of it."""
        shown = "".join(letter if letter.isprintable() else "?" for letter in self.reason)
        if len(shown) > LONGEST_REASON:
            shown = shown[: LONGEST_REASON - 3] + "..."
        object.__setattr__(self, "reason", shown)


@dataclass(frozen=True, slots=True)
class Segment:
    """What is known of a delivered block of key.

    Parameters
    ----------
    segment_id : identity, the same at both stations
    tier : 1 final key, 2 reconciled key
    producer : who made and sealed the file
    station : for whom
    peer_station : who else on the ground holds the same bits, if anybody
    satellite : who else in orbit holds them, or made them
    pass_id : of the contact; None for a fibre link
    start, end : aware UTC, interval in which the bits were received
    protocol : how
    n_bits : length of the key in the file
    epsilon_secrecy, epsilon_correctness : promised of the final key
    """

    segment_id: UUID
    tier: int
    producer: str
    station: str
    peer_station: str | None
    satellite: str | None
    pass_id: str | None
    start: datetime
    end: datetime
    protocol: Protocol
    n_bits: int
    epsilon_secrecy: float
    epsilon_correctness: float


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was counted and disclosed until both ends had the same bits (tier 2).

    Parameters
    ----------
    pulses : N, pulses sent (pairs, for BBM92)
    selection : of the slots that are counted
    counts : observed, in the record that the proof takes
    source : intensities and probabilities; None for BBM92
    leak_ec_bits : disclosed for error correction, measured; one number, for BBM92 one per basis
    points, tags : of `verification_tag`, as the other end announced them
    """

    pulses: int
    selection: Selection
    counts: Counts
    source: Source | None
    leak_ec_bits: tuple[int, ...]
    points: tuple[int, ...]
    tags: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ImportedKey:
    """An authentic, consistent key file, opened.

    Parameters
    ----------
    segment : what it is
    key : the bits, most significant first, filled with zeros to whole bytes
    reconciliation : for tier 2
    comparison_digest : what both stations compare before the segment may be used, 32 bytes
    ciphertext_sha256 : of key.bin, 32 bytes
    manifest_sha256 : of the canonical manifest; with the segment's identity it tells a repeated
        import from another file of the same name
    """

    segment: Segment
    key: bytes = field(repr=False)
    reconciliation: Reconciliation | None
    comparison_digest: bytes
    ciphertext_sha256: bytes
    manifest_sha256: bytes

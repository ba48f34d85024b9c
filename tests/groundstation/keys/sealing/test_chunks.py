"""A chunk opens only where it was sealed, whole and unchanged."""

from dataclasses import replace
from uuid import UUID

import pytest

from groundstation.keys.ledger.records import Origin, OriginKind, Pool, Segment, TrustLabel
from groundstation.keys.sealing.chunks import ChunkPlace, open_chunk, provenance_of, seal_chunk
from groundstation.keys.sealing.errors import SealError

SEGMENT = Segment(
    UUID(int=1),
    Pool("matera", "tenerife"),
    Origin(OriginKind.RELAY, "relay 7"),
    TrustLabel((frozenset({"micius"}),), 1),
    16384,
    "00" * 32,
    1.8e9,
    1.9e9,
)
PLACE = ChunkPlace(SEGMENT, provenance_of(SEGMENT), 1, 2)
KEY, PLAIN = bytes(range(32)), b"secret bits" * 20


def test_what_was_sealed_opens():
    assert open_chunk(KEY, PLACE, seal_chunk(KEY, PLACE, PLAIN)) == PLAIN


def test_sealing_twice_never_gives_the_same_bytes():
    assert seal_chunk(KEY, PLACE, PLAIN) != seal_chunk(KEY, PLACE, PLAIN)


@pytest.mark.parametrize(
    "change",
    [
        {"n_bits": 16392},
        {"digest": "01" * 32},
        {"pool": Pool("matera", "tenerifa")},
        {"origin": Origin(OriginKind.PASS, "relay 7")},
        {"origin": Origin(OriginKind.RELAY, "relay 8")},
        {"trust": TrustLabel((frozenset(),), 1)},
        {"expires_at": None},
        {"segment_id": UUID(int=2)},
    ],
)
def test_a_chunk_is_bound_to_everything_about_its_segment(change):
    other = replace(SEGMENT, **change)
    sealed = seal_chunk(KEY, PLACE, PLAIN)
    with pytest.raises(SealError, match="its tag does not match"):
        open_chunk(KEY, replace(PLACE, segment=other, provenance=provenance_of(other)), sealed)


def test_a_name_cannot_lend_letters_to_its_neighbour():
    one = replace(SEGMENT, pool=Pool("ab", "c"))
    two = replace(SEGMENT, pool=Pool("a", "bc"))
    # The same hash on purpose: the names themselves have to tell the two apart.
    sealed = seal_chunk(KEY, replace(PLACE, segment=one), PLAIN)
    with pytest.raises(SealError):
        open_chunk(KEY, replace(PLACE, segment=two), sealed)


@pytest.mark.parametrize("moved", [{"lane": 0}, {"index": 3}])
def test_a_chunk_does_not_open_in_another_place(moved):
    sealed = seal_chunk(KEY, PLACE, PLAIN)
    with pytest.raises(SealError):
        open_chunk(KEY, replace(PLACE, **moved), sealed)


def test_no_single_bit_of_a_sealed_chunk_can_flip():
    sealed = seal_chunk(KEY, PLACE, b"0123456789")
    for position in range(8 * len(sealed)):
        flipped = bytearray(sealed)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(SealError):
            open_chunk(KEY, PLACE, bytes(flipped))


def test_a_chunk_that_is_cut_short_does_not_open():
    sealed = seal_chunk(KEY, PLACE, b"0123456789")
    for length in range(len(sealed)):
        with pytest.raises(SealError):
            open_chunk(KEY, PLACE, sealed[:length])


def test_a_chunk_has_one_to_1024_bytes():
    seal_chunk(KEY, PLACE, bytes(1024))
    for length in (0, 1025):
        with pytest.raises(ValueError, match=f"{length} bytes, 1 to 1024"):
            seal_chunk(KEY, PLACE, bytes(length))


def test_the_stage_and_the_time_of_import_are_no_part_of_the_provenance():
    assert provenance_of(replace(SEGMENT, imported_at=0.0)) == provenance_of(SEGMENT)

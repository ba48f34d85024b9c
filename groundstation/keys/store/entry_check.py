"""Checks of all entries at once, as arrays: the books of a ledger folded from its entries alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from groundstation.keys.ledger.balance import PERMITTED
from groundstation.keys.store.rows import ACCOUNT_CODES

_N_ACCOUNTS = len(ACCOUNT_CODES)
_OUTSIDE, _AVAILABLE, _RESERVED = 0, 1, 2
_BURNED = 7
# Columns of the entries, see ENTRY_COLUMNS.
_NO, _LANE, _START, _LENGTH, _SOURCE, _TARGET, _ALLOCATION, _REASON, _AT = range(9)
_STATE_RESERVED, _STATE_CONSUMED = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class EntryBook:
    """The tables of a ledger as integers.

    Parameters
    ----------
    entries : entries x 9, in their order
    lanes : lanes x 11: number, n_bits, high water, the eight accounts of `Totals`
    extents : extents x 4: lane, start, stop, allocation; by lane and start
    allocations : allocations x 4: number, bits, account that its purpose spends into, state
        (0 reserved, 1 consumed, 2 burned); by number
    """

    entries: np.ndarray
    lanes: np.ndarray
    extents: np.ndarray
    allocations: np.ndarray


def entry_faults(book: EntryBook) -> Iterator[str]:
    """Everything that the entries and the tables beside them contradict."""
    yield from _row_faults(book.entries)
    readable = np.all(
        (book.entries[:, _SOURCE : _TARGET + 1] >= 0)
        & (book.entries[:, _SOURCE : _TARGET + 1] < _N_ACCOUNTS),
        axis=1,
    ) & (book.entries[:, _LENGTH] > 0)
    if not readable.all():
        yield f"{np.sum(~readable)} entries make no sense"
        book = replace(book, entries=book.entries[readable])
    yield from _lane_faults(book)
    yield from _extent_faults(book)
    yield from _reservation_faults(book)
    yield from _movement_faults(book.entries)


def _row_faults(entries: np.ndarray) -> Iterator[str]:
    """Numbers without gaps, times that never run backwards, ways that are permitted."""
    if len(entries) == 0:
        return
    if not np.array_equal(entries[:, _NO], np.arange(1, len(entries) + 1)):
        yield "the entries are not numbered without gaps"
    backwards = np.flatnonzero(np.diff(entries[:, _AT]) < 0)
    if len(backwards):
        yield f"entry {entries[backwards[0] + 1, _NO]} is dated before the one in front of it"
    allowed = np.zeros((_N_ACCOUNTS, _N_ACCOUNTS), dtype=bool)
    for account, others in PERMITTED.items():
        for other in others:
            allowed[ACCOUNT_CODES[account], ACCOUNT_CODES[other]] = True
    source, target = entries[:, _SOURCE], entries[:, _TARGET]
    inside = (np.clip(source, 0, _N_ACCOUNTS - 1), np.clip(target, 0, _N_ACCOUNTS - 1))
    wrong = np.flatnonzero(~allowed[inside])
    if len(wrong):
        number, *_ = entries[wrong[0]]
        way = f"{source[wrong[0]]} to {target[wrong[0]]}"
        yield f"entry {number} moves bits from account {way}, no such way exists"


def _lane_faults(book: EntryBook) -> Iterator[str]:
    """I5: what the entries put into each account of each lane is what the lane says."""
    lanes, entries = book.lanes, book.entries
    place = np.searchsorted(lanes[:, 0], entries[:, _LANE])
    inside = place < len(lanes)
    inside[inside] = lanes[place[inside], 0] == entries[inside, _LANE]
    if not inside.all():
        yield f"entry {entries[~inside][0, _NO]} moves bits of a lane that is not there"
        entries, place = entries[inside], place[inside]
    sums = np.zeros((len(lanes), _N_ACCOUNTS), dtype=np.int64)
    np.add.at(sums, (place, entries[:, _TARGET]), entries[:, _LENGTH])
    np.subtract.at(sums, (place, entries[:, _SOURCE]), entries[:, _LENGTH])
    wrong = np.flatnonzero(
        np.any(sums[:, 1:] != lanes[:, 3:], axis=1) | (-sums[:, _OUTSIDE] != lanes[:, 1])
    )
    for row in wrong:
        yield (
            f"lane {lanes[row, 0]}: the entries give {sums[row, 1:].tolist()}, "
            f"the accounts hold {lanes[row, 3:].tolist()} of {lanes[row, 1]} bits"
        )
    taken = entries[:, _TARGET] == _RESERVED
    high = np.zeros(len(lanes), dtype=np.int64)
    np.maximum.at(high, place[taken], entries[taken, _START] + entries[taken, _LENGTH])
    for row in np.flatnonzero(high != lanes[:, 2]):
        yield f"lane {lanes[row, 0]}: high water is {lanes[row, 2]}, the entries say {high[row]}"


def _extent_faults(book: EntryBook) -> Iterator[str]:
    """I1: extents of a lane never overlap, and they are those of the entries."""
    extents = book.extents
    same = extents[1:, 0] == extents[:-1, 0]
    for row in np.flatnonzero(same & (extents[1:, 1] < extents[:-1, 2])):
        lane, start, _, allocation = extents[row + 1]
        yield (
            f"lane {lane}: bits from {start} are in the allocations {extents[row, 3]} "
            f"and {allocation}"
        )
    # An allocation gets its bits when it is reserved, or at once when it comes already cancelled.
    entries = book.entries
    bound = (entries[:, _TARGET] == _RESERVED) | (
        (entries[:, _SOURCE] == _AVAILABLE)
        & (entries[:, _TARGET] == _BURNED)
        & (entries[:, _ALLOCATION] > 0)
    )
    told = entries[bound][:, [_LANE, _START, _LENGTH, _ALLOCATION]]
    told[:, 2] += told[:, 1]
    told = told[np.lexsort((told[:, 1], told[:, 0]))]
    if not np.array_equal(told, extents):
        yield "the extents of the allocations are not those that the entries reserved"


def _reservation_faults(book: EntryBook) -> Iterator[str]:
    """States follow from the entries, and what was reserved is what was spent or burned."""
    entries, allocations = book.entries, book.allocations
    place = np.searchsorted(allocations[:, 0], entries[:, _ALLOCATION])
    named = (entries[:, _ALLOCATION] > 0) & (place < len(allocations))
    named[named] = allocations[place[named], 0] == entries[named, _ALLOCATION]
    if not np.array_equal(named, entries[:, _ALLOCATION] != 0):
        yield "an entry names an allocation that is not there"
    moves, place = entries[named], place[named]

    def bits(chosen: np.ndarray) -> np.ndarray:
        total = np.zeros(len(allocations), dtype=np.int64)
        np.add.at(total, place[chosen], moves[chosen, _LENGTH])
        return total

    reserved = bits(moves[:, _TARGET] == _RESERVED)
    spent = bits((moves[:, _SOURCE] == _RESERVED) & (moves[:, _TARGET] == allocations[place, 2]))
    burned = bits((moves[:, _SOURCE] == _RESERVED) & (moves[:, _TARGET] == _BURNED))
    unseen = bits((moves[:, _SOURCE] == _AVAILABLE) & (moves[:, _TARGET] == _BURNED))
    whole, state = allocations[:, 1], allocations[:, 3]
    right = np.select(
        [state == _STATE_RESERVED, state == _STATE_CONSUMED],
        [
            (reserved == whole) & (spent + burned + unseen == 0),
            (reserved == whole) & (spent == whole) & (burned + unseen == 0),
        ],
        (spent == 0) & (reserved == burned) & (reserved + unseen == whole),
    )
    for row in np.flatnonzero(~right.astype(bool)):
        yield f"allocation {allocations[row, 0]}: its entries tell another story than its state"


def _movement_faults(entries: np.ndarray) -> Iterator[str]:
    """Every entry takes its bits from where earlier entries left them.

    Entries of one lane are cut at all their ends into pieces of which each entry moves whole ones;
    piece by piece, the source of each movement must be the target of the one before.
    """
    order = np.argsort(entries[:, _LANE], kind="stable")
    ordered = entries[order]
    bounds = np.flatnonzero(np.diff(ordered[:, _LANE])) + 1
    for lane in np.split(ordered, bounds):
        if len(lane):
            yield from _lane_movement_faults(lane)


def _lane_movement_faults(lane: np.ndarray) -> Iterator[str]:
    stops = lane[:, _START] + lane[:, _LENGTH]
    cuts = np.unique(np.concatenate((lane[:, _START], stops)))
    first, last = np.searchsorted(cuts, lane[:, _START]), np.searchsorted(cuts, stops)
    counts = last - first
    entry = np.repeat(np.arange(len(lane)), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    piece = first[entry] + offset
    order = np.lexsort((entry, piece))
    piece, entry = piece[order], entry[order]
    source, target = lane[entry, _SOURCE], lane[entry, _TARGET]
    begins = np.concatenate(([True], piece[1:] != piece[:-1]))
    before = np.where(begins, _OUTSIDE, np.concatenate(([_OUTSIDE], target[:-1])))
    wrong = np.flatnonzero(before != source)
    if len(wrong):
        number = lane[entry[wrong[0]], _NO]
        yield f"entry {number} takes bits from account {source[wrong[0]]}, they are not there"

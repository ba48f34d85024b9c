"""Sets of bits of one lane as ascending disjoint spans that never touch."""

from collections.abc import Iterator

from groundstation.keys.ledger.views import Span

Spans = tuple[Span, ...]


def count(spans: Spans) -> int:
    """Bits in all spans."""
    return sum(span.stop - span.start for span in spans)


def contains(spans: Spans, wanted: Span) -> bool:
    """Whether every bit of a span that is not empty is in the set."""
    return any(span.start <= wanted.start and wanted.stop <= span.stop for span in spans)


def without(spans: Spans, taken: Span) -> Spans:
    """The set less a span that may lie anywhere."""
    rest: list[Span] = []
    for span in spans:
        before = Span(span.start, min(span.stop, taken.start))
        after = Span(max(span.start, taken.stop), span.stop)
        rest.extend(part for part in (before, after) if part.start < part.stop)
    return tuple(rest)


def joined(spans: Spans, added: Span) -> Spans:
    """The set and a span that shares no bit with it; neighbours become one span."""
    joint: list[Span] = []
    for span in sorted((*spans, added), key=lambda span: span.start):
        if joint and joint[-1].stop == span.start:
            joint[-1] = Span(joint[-1].start, span.stop)
        else:
            joint.append(span)
    return tuple(joint)


def common(spans: Spans, wanted: Span) -> Iterator[Span]:
    """The parts of a span that are in the set, ascending."""
    for span in spans:
        part = Span(max(span.start, wanted.start), min(span.stop, wanted.stop))
        if part.start < part.stop:
            yield part

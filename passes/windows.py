"""Sets of time spans with their algebra."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.errors import GeometryError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Disjoint spans [start, stop) in ascending order, seconds from an epoch the caller keeps.

    `a & b` is where both hold, `a | b` where either does, `a - b` where only a does.

    Parameters
    ----------
    spans_s : shape (n, 2)
    """

    spans_s: Floats

    @classmethod
    def of(cls, spans: Iterable[tuple[float, float]]) -> "Windows":
        """Windows from spans in any order; overlapping or touching ones are joined."""
        listed = list(spans)
        if not listed:
            return cls(np.empty((0, 2)))
        array = np.array(listed, dtype=np.float64).reshape(-1, 2)
        if np.any(np.isnan(array)):
            raise GeometryError("a time window has no number for its start or stop")
        if np.any(array[:, 0] > array[:, 1]):
            start, stop = array[np.argmax(array[:, 0] > array[:, 1])]
            raise GeometryError(
                f"a time window stops at {stop:g} s, before its start at {start:g} s"
            )
        array = array[array[:, 1] > array[:, 0]]
        if len(array) < 2:
            return cls(array)
        array = array[np.argsort(array[:, 0], kind="stable")]
        reach = np.maximum.accumulate(array[:, 1])
        begins = np.concatenate([[True], array[1:, 0] > reach[:-1]])
        last = np.concatenate([np.flatnonzero(begins)[1:] - 1, [len(array) - 1]])
        return cls(np.stack([array[begins, 0], reach[last]], axis=1))

    @classmethod
    def where(cls, times_s: Floats, is_true: NDArray[np.bool_], step_s: float) -> "Windows":
        """Windows in which samples of equal step are true; each sample stands for its step."""
        flags = np.concatenate([[False], np.asarray(is_true, dtype=bool), [False]])
        edges = np.flatnonzero(flags[1:] != flags[:-1])
        starts, stops = times_s[edges[0::2]], times_s[edges[1::2] - 1] + step_s
        return cls(np.stack([starts, stops], axis=1).reshape(-1, 2))

    @classmethod
    def below(cls, times_s: Floats, values: Floats, limit: float) -> "Windows":
        """Windows in which a sampled smooth quantity is at or below a limit.

        Crossings are interpolated linearly between samples.

        Parameters
        ----------
        times_s, values : shape (n,), times ascending
        """
        excess = np.asarray(values, dtype=np.float64) - limit
        is_below = excess <= 0.0
        change = np.flatnonzero(is_below[1:] != is_below[:-1])
        share = excess[change] / (excess[change] - excess[change + 1])
        edges = times_s[change] + share * (times_s[change + 1] - times_s[change])
        head = [float(times_s[0])] if is_below[0] else []
        tail = [float(times_s[-1])] if is_below[-1] else []
        return cls.of(map(tuple, np.concatenate([head, edges, tail]).reshape(-1, 2)))

    def __and__(self, other: "Windows") -> "Windows":
        spans = []
        i = j = 0
        a, b = self.spans_s, other.spans_s
        while i < len(a) and j < len(b):
            start, stop = max(a[i, 0], b[j, 0]), min(a[i, 1], b[j, 1])
            if start < stop:
                spans.append((start, stop))
            if a[i, 1] < b[j, 1]:
                i += 1
            else:
                j += 1
        return Windows(np.array(spans, dtype=np.float64).reshape(-1, 2))

    def __or__(self, other: "Windows") -> "Windows":
        return Windows.of(map(tuple, np.concatenate([self.spans_s, other.spans_s])))

    def __sub__(self, other: "Windows") -> "Windows":
        edges = np.concatenate([[-np.inf], other.spans_s.ravel(), [np.inf]]).reshape(-1, 2)
        return self & Windows(edges[edges[:, 1] > edges[:, 0]])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Windows) and np.array_equal(self.spans_s, other.spans_s)

    def __hash__(self) -> int:
        return hash(self.spans_s.tobytes())

    def __iter__(self) -> Iterator[tuple[float, float]]:
        return ((float(start), float(stop)) for start, stop in self.spans_s)

    def __len__(self) -> int:
        return len(self.spans_s)

    @property
    def duration_s(self) -> float:
        """Total length of all spans [s]."""
        return float(np.sum(self.spans_s[:, 1] - self.spans_s[:, 0]))

    def contains(self, times_s: Floats) -> NDArray[np.bool_]:
        """Whether each instant lies in a window; the start belongs to it, the stop does not."""
        index = np.searchsorted(self.spans_s.ravel(), times_s, side="right")
        return np.asarray(index % 2 == 1)

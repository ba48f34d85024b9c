"""Blocks, source and task in the coordinates of the optimiser, and the climb from many starts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from passes.counts.moments import ORDER, Moments, truncation_error
from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.decoy.proof import fixed_cost_bits
from passes.key.optimum.climb import climb
from passes.key.optimum.objective import PlanningBlock, planned_length
from passes.key.optimum.starts import STARTS
from passes.key.optimum.task import BOUNDS, PARAMETERS, Optimisation, Optimum, settings_of
from passes.key.records import Proof
from passes.key.validity import check_source

Floats = NDArray[np.float64]

# How many of them are climbed from: at first, and where that gave little key. With fixed settings
# the table is a poor guide: then all of it is tried, and the source's own settings.
_FIRST, _SECOND = 2, 6
_LITTLE_BITS = 2e4
# So many blocks at once: more would not fit a processor's cache, fewer cost more calls.
_TOGETHER = 250
# The decoy intensity stays below this share of what the proof allows.
_BELOW = 0.98
# Relative truncation of the power series that the optimiser may leave: far below its own accuracy.
_TRUNCATION = 1e-14


@dataclass(frozen=True, slots=True)
class Problem:
    """Blocks with their source and task in the optimiser's coordinates."""

    block: PlanningBlock
    source: DecoySource
    task: Optimisation
    free: NDArray[np.bool_]
    low: Floats
    high: Floats

    @classmethod
    def of(cls, blocks: Sequence[Moments], source: DecoySource, task: Optimisation) -> "Problem":
        """Moments as one array, cut to the orders that matter."""
        check_source(source)
        bounds = _limits(source, task)
        largest = max(block.largest_efficiency for block in blocks)
        brightest = max(bounds["mu1"][1], source.intensities[0])
        if truncation_error(brightest, largest) > 1e-9:
            raise KeyLengthError(
                f"intensity up to {brightest:g} at efficiency {largest:g} is too bright for "
                "moments (product above 0.9)"
            )
        orders = next(
            (n for n in range(4, ORDER) if (brightest * largest) ** n < _TRUNCATION), ORDER
        )
        stacked = np.array([[m.efficiency, m.noise_key, m.noise_test] for m in blocks])
        return cls(
            block=PlanningBlock(
                moments=np.ascontiguousarray(np.moveaxis(stacked, 1, 0)[:, :, :orders]),
                intrinsic_qber=source.intrinsic_qber,
                afterpulse_probability=task.afterpulse_probability,
                receiver_key_basis=task.receiver_key_basis_probability,
                vacuum_intensity=source.intensities[2],
                security=task.security,
                proof=Proof(task.proof),
                count_bound=task.count_bound,
            ),
            source=source,
            task=task,
            free=np.array([name in task.free for name in PARAMETERS]),
            low=np.array([bounds[name][0] for name in PARAMETERS]),
            high=np.array([bounds[name][1] for name in PARAMETERS]),
        )

    @property
    def nothing_bits(self) -> float:
        """Length of a block without a single click: what the proof costs."""
        return -fixed_cost_bits(self.block.security)

    def lengths(self, x: Floats, rows: NDArray[np.intp] | slice = slice(None)) -> Floats:
        """Planned lengths, shape (b, p), of settings of shape (b, p, 5)."""
        block = replace(self.block, moments=self.block.moments[:, rows])
        planned = planned_length(
            block,
            np.ascontiguousarray(np.moveaxis(x, -1, 0)),
            intensity_uncertainty=self.task.intensity_uncertainty,
        )
        # Where nothing clicks, rates are undefined.
        return np.asarray(np.where(np.isnan(planned), self.nothing_bits, planned))

    def climb_each(self, given: Floats | None) -> tuple[Floats, Floats]:
        """Best settings (b, 5) and lengths (b,) of each block.

        Parameters
        ----------
        given : settings (b, 5) to start from; else the two best of a table are climbed from, and
            more where that gave little key. Two, because the bound on the errors has branches
            with a maximum each: the decoy states' and the plain number of errors
        """
        count = self.block.moments.shape[1]
        # What is found is never worse than the settings that were given.
        best = np.tile(self._allowed(np.array(settings_of(self.source))), (count, 1))
        value = self.lengths(best[:, None])[:, 0]
        is_open = bool(self.free.all())
        starts = STARTS if is_open else np.vstack([STARTS, settings_of(self.source)])
        table = self._allowed(starts)
        order = np.empty((count, len(table)), dtype=np.intp)
        for rows in _batches(np.arange(count)):
            lengths = self.lengths(np.broadcast_to(table, (len(rows), *table.shape)), rows)
            order[rows] = np.argsort(-lengths, axis=1)
            first = table[order[rows, :_FIRST]]
            if given is not None:
                first = np.stack([self._allowed(given[rows]), first[:, 0]], axis=1)
            self._climb_into(best, value, rows, first)
        last = _FIRST + _SECOND if is_open else len(table)
        for rows in _batches(np.flatnonzero(value <= _LITTLE_BITS)):
            self._climb_into(best, value, rows, table[order[rows, _FIRST:last]])
        return best, value

    def _climb_into(
        self, best: Floats, value: Floats, rows: NDArray[np.intp], starts: Floats
    ) -> None:
        """Climb from the starts (r, s, 5) of some blocks; keep what is better than before."""
        each = np.repeat(rows, starts.shape[1])
        found, length = climb(
            self._evaluator(each),
            self._coordinates(starts.reshape(-1, 5)),
            *self._box(),
            self.free,
        )
        settings = self._parameters(found).reshape(starts.shape)
        lengths = length.reshape(starts.shape[:2])
        index, winner = np.arange(len(rows)), np.argmax(lengths, axis=1)
        better = lengths[index, winner] > value[rows]
        best[rows[better]] = settings[index, winner][better]
        value[rows[better]] = lengths[index, winner][better]

    def climb_sum(self, candidates: Floats) -> tuple[Floats, float]:
        """The best common settings (5,), from the best of the candidates (c, 5)."""
        count = self.block.moments.shape[1]

        def total(z: Floats, _rows: NDArray[np.intp]) -> Floats:
            x = self._parameters(z)
            lengths = self.lengths(np.broadcast_to(x, (count, *x.shape[1:])))
            whole = np.maximum(lengths, 0.0).sum(axis=0)
            return np.asarray(np.where(whole > 0.0, whole, lengths.max(axis=0))[None])

        z = self._coordinates(candidates)
        first = z[np.argmax(total(z[None], np.zeros(1, dtype=np.intp))[0])]
        found, value = climb(total, first[None], *self._box(), self.free)
        return self._parameters(found)[0], float(value[0])

    def _allowed(self, starts: Floats) -> Floats:
        """Starts within the bounds, their probabilities below one; what is not free is given."""
        given = np.array(settings_of(self.source))
        inside = np.where(self.free, np.clip(starts, self.low, self.high), given)
        return self._parameters(self._coordinates(inside))

    def _evaluator(self, todo: NDArray[np.intp]) -> Callable[[Floats, NDArray[np.intp]], Floats]:
        def evaluate(z: Floats, rows: NDArray[np.intp]) -> Floats:
            return self.lengths(self._parameters(z), todo[rows])

        return evaluate

    def _box(self) -> tuple[Floats, Floats]:
        """Bounds of the coordinates; the share of the decoy is bounded in `_parameters`."""
        low, high = self.low.copy(), self.high.copy()
        low[2], high[2] = 1e-6, 1.0 - 1e-6
        return _to_coordinates(low), _to_coordinates(high)

    def _coordinates(self, x: Floats) -> Floats:
        """Settings as coordinates without corners: log odds and logarithms."""
        share = np.array(x, dtype=np.float64)
        share[..., 2] = np.clip(x[..., 2] / (1.0 - x[..., 1]), 1e-6, 1.0 - 1e-6)
        return _to_coordinates(share)

    def _parameters(self, z: Floats) -> Floats:
        """Settings of coordinates; those that are not free are the source's to the last digit."""
        x = np.array(np.moveaxis(z, -1, 0), order="C")
        x[:3] = 1.0 / (1.0 + np.exp(-x[:3]))
        np.exp(x[3:], out=x[3:])
        given = settings_of(self.source)
        for fixed in np.flatnonzero(~self.free).tolist():
            x[fixed] = given[fixed]
        if self.free[2]:
            if self.free[1]:
                x[1] = np.minimum(x[1], 1.0 - self.low[2] / 0.999)
            rest = 1.0 - x[1]
            x[2] = np.minimum(
                np.maximum(x[2] * rest, self.low[2]), np.minimum(self.high[2], 0.999 * rest)
            )
        elif self.free[1]:
            x[1] = np.minimum(x[1], 0.999 * (1.0 - x[2]))
        # The proof wants mu1 > mu2 + mu3; what is free makes room for the other's lower bound.
        floor = self.block.vacuum_intensity
        if self.free[3]:
            least = self.low[4] if self.free[4] else given[4]
            x[3] = np.maximum(x[3], least / _BELOW + floor)
        if self.free[4]:
            x[4] = np.minimum(np.maximum(x[4], 1.001 * floor), _BELOW * (x[3] - floor))
        return np.moveaxis(x, 0, -1)

    def optimum(self, x: Floats, value: float) -> Optimum:
        """The record of settings (5,)."""
        basis, p1, p2, mu1, mu2 = x.tolist()
        receiver = self.task.receiver_key_basis_probability
        return Optimum(
            source=replace(
                self.source,
                key_basis_probability=basis,
                probabilities=(p1, p2, 1.0 - p1 - p2)
                if self.free[1] or self.free[2]
                else self.source.probabilities,
                intensities=(mu1, mu2, self.source.intensities[2]),
            ),
            receiver_key_basis_probability=basis if receiver is None else receiver,
            planned_bits=value,
        )


def _limits(source: DecoySource, task: Optimisation) -> dict[str, tuple[float, float]]:
    """Bounds of all parameters; refuses those that no source can keep."""
    bounds = {**BOUNDS, **task.bounds}
    given = dict(zip(PARAMETERS, settings_of(source), strict=True))
    low = {name: bounds[name][0] if name in task.free else given[name] for name in PARAMETERS}
    high = {name: bounds[name][1] if name in task.free else given[name] for name in PARAMETERS}
    vacuum = source.intensities[2]
    if low["p1"] + low["p2"] / 0.999 >= 1.0:
        raise KeyLengthError(
            f"p1 >= {low['p1']:g} and p2 >= {low['p2']:g} leave nothing for the third intensity"
        )
    if low["mu2"] / _BELOW + vacuum > high["mu1"]:
        raise KeyLengthError(
            f"mu1 <= {high['mu1']:g} leaves no room above mu2 >= {low['mu2']:g} and the third "
            f"intensity {vacuum:g}"
        )
    if high["mu2"] <= 1.001 * vacuum:
        raise KeyLengthError(f"mu2 <= {high['mu2']:g} is not above the third intensity {vacuum:g}")
    return bounds


def _batches(rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Rows in groups of what is optimised at once."""
    return [rows[begin : begin + _TOGETHER] for begin in range(0, len(rows), _TOGETHER)]


def _to_coordinates(x: Floats) -> Floats:
    z = np.empty_like(x)
    z[..., :3] = np.log(x[..., :3] / (1.0 - x[..., :3]))
    z[..., 3:] = np.log(x[..., 3:])
    return np.asarray(z)

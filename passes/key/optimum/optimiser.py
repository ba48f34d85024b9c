"""Settings of the source that give the most key: Newton's method in a box, many blocks at once.

The objective is not clipped at zero, so that a start without key climbs towards key. All points of
a gradient with its Hessian are evaluated together, which costs little more than one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from passes.counts.moments import ORDER, Moments, truncation_error
from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.optimum.climb import climb
from passes.key.optimum.objective import PlanningBlock, planned_length
from passes.key.records import CountBound, Proof, SecurityParameters

Floats = NDArray[np.float64]

PARAMETERS = ("key_basis_probability", "p1", "p2", "mu1", "mu2")
# What hardware can do; SatQuMA's narrower box leaves up to 2 % of the key of a bright link behind.
BOUNDS: Mapping[str, tuple[float, float]] = {
    "key_basis_probability": (0.05, 0.9999),
    "p1": (0.01, 0.9999),
    "p2": (1e-4, 0.9),
    "mu1": (0.05, 1.0),
    "mu2": (1e-3, 0.6),
}
# Optima of random blocks of all proofs, gathered into clusters: from 1e3 to 1e10 sifted bits.
_STARTS = np.array(
    [
        (0.651, 0.111, 0.6038, 0.47, 0.156),
        (0.658, 0.245, 0.6494, 0.42, 0.148),
        (0.685, 0.550, 0.3352, 0.61, 0.178),
        (0.721, 0.262, 0.4848, 0.63, 0.236),
        (0.768, 0.392, 0.2185, 0.18, 0.035),
        (0.786, 0.745, 0.1842, 0.67, 0.157),
        (0.807, 0.682, 0.2650, 0.36, 0.126),
        (0.819, 0.735, 0.1122, 0.32, 0.087),
        (0.822, 0.289, 0.5176, 0.39, 0.183),
        (0.852, 0.512, 0.3241, 0.59, 0.240),
        (0.861, 0.847, 0.1063, 0.69, 0.127),
        (0.873, 0.873, 0.0481, 0.20, 0.036),
        (0.882, 0.842, 0.1258, 0.39, 0.106),
        (0.905, 0.627, 0.2567, 0.36, 0.161),
        (0.908, 0.906, 0.0630, 0.69, 0.095),
        (0.914, 0.726, 0.1731, 0.60, 0.202),
        (0.920, 0.888, 0.1038, 0.43, 0.079),
        (0.934, 0.926, 0.0575, 0.45, 0.072),
        (0.941, 0.941, 0.0392, 0.72, 0.069),
        (0.946, 0.838, 0.0972, 0.60, 0.152),
        (0.959, 0.953, 0.0439, 0.53, 0.045),
        (0.962, 0.963, 0.0251, 0.74, 0.047),
        (0.968, 0.910, 0.0503, 0.73, 0.107),
        (0.981, 0.981, 0.0127, 0.83, 0.026),
    ]
)
# How many of them are climbed from: at first, and where that gave no key.
_FIRST, _SECOND = 2, 4
# Relative truncation of the power series that the optimiser may leave: far below its own accuracy.
_TRUNCATION = 1e-14


@dataclass(frozen=True, slots=True)
class Optimisation:
    """What may be changed, and what the result has to promise.

    Parameters
    ----------
    security : promises and error correction
    proof, count_bound : as in `secret_key`
    free : names of PARAMETERS that may change; the others stay as the source has them
    bounds : smallest and largest value by name; BOUNDS where a name is missing
    receiver_key_basis_probability : share measured in the key basis; None lets the receiver follow
        the sender's `key_basis_probability`
    afterpulse_probability : per click
    intensity_uncertainty : relative error of the intensities against which the key must hold
    """

    security: SecurityParameters
    proof: Proof = Proof.TIGHT
    count_bound: CountBound = CountBound.CHERNOFF
    free: Sequence[str] = PARAMETERS
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    receiver_key_basis_probability: float | None = None
    afterpulse_probability: float = 0.0
    intensity_uncertainty: float = 0.0

    def __post_init__(self) -> None:
        """Refuse names that are none and bounds that hold nothing."""
        for name in (*self.free, *self.bounds):
            if name not in PARAMETERS:
                raise KeyLengthError(f"parameter '{name}' does not exist; there is {PARAMETERS}")
        for name, (low, high) in self.bounds.items():
            top = 10.0 if name.startswith("mu") else 1.0
            if not 0.0 < low <= high <= top or (high == 1.0 and top == 1.0):
                raise KeyLengthError(
                    f"bounds of {name} = {low:g}..{high:g} are not within 0..{top:g}"
                )
        if not 0.0 <= self.intensity_uncertainty < 0.5:
            raise KeyLengthError(
                f"intensity_uncertainty = {self.intensity_uncertainty:g} is outside 0..0.5"
            )


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best settings that were found for one block, or for several together.

    Parameters
    ----------
    source : with the settings
    receiver_key_basis_probability : that belongs to them
    planned_bits : unclipped length by the smooth objective; negative: no setting gives key
    """

    source: DecoySource
    receiver_key_basis_probability: float
    planned_bits: float


def optimise_each(
    blocks: Sequence[Moments],
    source: DecoySource,
    task: Optimisation,
    start: Sequence[Optimum] | None = None,
) -> list[Optimum]:
    """The best settings of each block by itself, all blocks at once.

    Parameters
    ----------
    blocks : moments of each
    source : pulse rate, intrinsic error, vacuum intensity and whatever is not free
    task : what may change
    start : optima of similar blocks to start from, one for each
    """
    if not blocks:
        return []
    problem = _Problem.of(blocks, source, task)
    given = np.array([_settings(optimum.source) for optimum in start]) if start else None
    best, value = problem.climb_each(given)
    return [problem.optimum(x, v) for x, v in zip(best, value.tolist(), strict=True)]


def optimise_together(
    blocks: Sequence[Moments], source: DecoySource, task: Optimisation
) -> Optimum:
    """One setting for several blocks of their own, as a source that cannot change within a night.

    The sum of their lengths is maximised, a block without key counting as none.
    """
    if not blocks:
        raise KeyLengthError("no block to optimise for")
    problem = _Problem.of(blocks, source, task)
    candidates, _ = problem.climb_each(None)
    best, value = problem.climb_sum(candidates)
    return problem.optimum(best, value)


def best_preset(
    blocks: Sequence[Moments], presets: Sequence[DecoySource], task: Optimisation
) -> tuple[int, float]:
    """Which of a finite list of source settings gives the most key, and how much is planned.

    For several blocks the sum of their lengths counts, a block without key as none.
    """
    if not presets:
        raise KeyLengthError("the list of presets is empty")
    totals = []
    for preset in presets:
        problem = _Problem.of(blocks, preset, task)
        x = np.array(_settings(preset))
        lengths = problem.lengths(np.broadcast_to(x, (len(blocks), 1, 5)))
        together = float(lengths.sum()) if len(blocks) == 1 else float(np.maximum(lengths, 0).sum())
        totals.append(together)
    index = int(np.argmax(totals))
    return index, totals[index]


def _settings(source: DecoySource) -> tuple[float, float, float, float, float]:
    return (
        source.key_basis_probability,
        source.probabilities[0],
        source.probabilities[1],
        source.intensities[0],
        source.intensities[1],
    )


@dataclass(frozen=True, slots=True)
class _Problem:
    """Blocks with their source and task in the optimiser's coordinates."""

    block: PlanningBlock
    source: DecoySource
    task: Optimisation
    free: NDArray[np.bool_]
    low: Floats
    high: Floats

    @classmethod
    def of(cls, blocks: Sequence[Moments], source: DecoySource, task: Optimisation) -> "_Problem":
        """Moments as one array, cut to the orders that matter."""
        bounds = {**BOUNDS, **task.bounds}
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

    def lengths(self, x: Floats, rows: NDArray[np.intp] | slice = slice(None)) -> Floats:
        """Planned lengths, shape (b, p), of settings of shape (b, p, 5)."""
        block = replace(self.block, moments=self.block.moments[:, rows])
        return planned_length(
            block, np.moveaxis(x, -1, 0), intensity_uncertainty=self.task.intensity_uncertainty
        )

    def climb_each(self, given: Floats | None) -> tuple[Floats, Floats]:
        """Best settings (b, 5) and lengths (b,) of each block.

        Parameters
        ----------
        given : settings (b, 5) to start from; else the two best of a table are climbed from, and
            more where that gave no key. Two, because the bound on the errors has branches with a
            maximum each: the decoy states' and the plain number of errors
        """
        count = self.block.moments.shape[1]
        table = self._allowed(_STARTS)
        lengths = self.lengths(np.broadcast_to(table, (count, *table.shape)))
        order = np.argsort(-lengths, axis=1)
        best, value = np.empty((count, 5)), np.full(count, -np.inf)
        first = table[order[:, :_FIRST]]
        if given is not None:
            first = np.stack([self._allowed(given), table[order[:, 0]]], axis=1)
        self._climb_into(best, value, np.arange(count), first)
        rest = np.flatnonzero(value <= 0.0)
        if len(rest):
            self._climb_into(best, value, rest, table[order[rest, _FIRST : _FIRST + _SECOND]])
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
        """Starts within the bounds; what is not free is the source's."""
        given = np.array(_settings(self.source))
        return np.where(self.free, np.clip(starts, self.low, self.high), given)

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
        x = np.empty_like(z)
        x[..., :3] = 1.0 / (1.0 + np.exp(-z[..., :3]))
        x[..., 3:] = np.exp(z[..., 3:])
        rest = 1.0 - x[..., 1]
        x[..., 2] = np.clip(x[..., 2] * rest, self.low[2], np.minimum(self.high[2], 0.999 * rest))
        given = np.array(_settings(self.source))
        x = np.where(self.free, x, given)
        if self.free[2] and not self.free[1]:
            x[..., 2] = np.minimum(x[..., 2], 0.999 * (1.0 - x[..., 1]))
        # The proof wants mu1 > mu2 + mu3.
        floor = self.block.vacuum_intensity
        x[..., 4] = np.clip(x[..., 4], 1.001 * floor, 0.98 * (x[..., 3] - floor))
        return x

    def optimum(self, x: Floats, value: float) -> Optimum:
        """The record of settings (5,)."""
        basis, p1, p2, mu1, mu2 = (float(v) for v in x)
        receiver = self.task.receiver_key_basis_probability
        return Optimum(
            source=replace(
                self.source,
                key_basis_probability=basis,
                probabilities=(p1, p2, 1.0 - p1 - p2)
                if self.free[1:3].any()
                else self.source.probabilities,
                intensities=(mu1, mu2, self.source.intensities[2]),
            ),
            receiver_key_basis_probability=basis if receiver is None else receiver,
            planned_bits=value,
        )


def _to_coordinates(x: Floats) -> Floats:
    z = np.empty_like(x)
    z[..., :3] = np.log(x[..., :3] / (1.0 - x[..., :3]))
    z[..., 3:] = np.log(x[..., 3:])
    return np.asarray(z)

"""Contacts and relay as one mixed-integer programme, solved by HiGHS inside scipy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from groundstation.errors import PlanError
from groundstation.plan.paths import Pool
from groundstation.plan.records import HOP_COST_PER_KBIT, POOL_WORTH_PER_KBIT, Hop

Floats = NDArray[np.float64]

RELATIVE_GAP = 1e-6
_BITS_PER_KBIT = 1_000.0


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be decided, in bits.

    Parameters
    ----------
    key_bits : of each candidate contact, shape (c,)
    pools : pool that each candidate fills, length c
    stocks : key that pools hold already
    cliques : candidates of which at most one may be chosen
    demand_bits, priority : of each demand, length d
    paths : for each demand, the paths that may serve it
    fibre_bits : what each fibre link (its two ends, sorted) can carry over the horizon
    fixed : candidates that must (True) or must not (False) be chosen, whatever else is decided
    """

    key_bits: Floats
    pools: tuple[Pool, ...]
    stocks: Mapping[Pool, float]
    cliques: tuple[tuple[int, ...], ...]
    demand_bits: Floats
    priority: Floats
    paths: tuple[tuple[tuple[Hop, ...], ...], ...]
    fibre_bits: Mapping[tuple[str, str], float]
    fixed: Mapping[int, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Solution:
    """The decision: contacts chosen, whole bits per path, value and proven bound [kbit]."""

    chosen: tuple[int, ...]
    flows: tuple[tuple[int, ...], ...]
    value: float
    bound: float


def solve(problem: Problem, fixed: Mapping[int, bool] | None = None) -> Solution:
    """Choose contacts and relay together; then the relay once more, exactly, for these contacts.

    Maximises sum of priority x delivered kbit + POOL_WORTH_PER_KBIT x kbit left in the pools
    - HOP_COST_PER_KBIT x kbit x hops. One programme is exact up to about 15,000 candidates.

    Parameters
    ----------
    fixed : further candidates that must (True) or must not (False) be chosen
    """
    build = _Build(problem)
    x, bound = build.run({**problem.fixed, **(fixed or {})})
    chosen = tuple(int(i) for i in np.flatnonzero(x[: build.contacts] > 0.5))
    exact, _ = build.run({i: i in chosen for i in range(build.contacts)})
    flows = build.whole_flows(exact)
    value = build.value_of(chosen, flows)
    # The solver's tolerance may put its bound a rounding error below a value it has reached.
    slack = 1e-9 * max(1.0, abs(value))
    return Solution(chosen, flows, value, bound if bound < value - slack else max(bound, value))


class _Build:
    """The matrix of the programme: one column per candidate, then one per demand and path."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.contacts = len(problem.key_bits)
        self.columns = [(k, path) for k, paths in enumerate(problem.paths) for path in paths]
        self.size = self.contacts + len(self.columns)
        self.pools = sorted(
            {*problem.pools, *problem.stocks}, key=lambda pool: (pool.satellite, pool.station)
        )
        self._rows: list[int] = []
        self._cols: list[int] = []
        self._values: list[float] = []
        self._upper: list[float] = []
        self._add_rows()
        self.objective = self._objective()

    def run(self, fixed: Mapping[int, bool]) -> tuple[Floats, float]:
        """Solve with some contacts fixed; return the columns and the proven bound [kbit]."""
        constant = POOL_WORTH_PER_KBIT * sum(self.problem.stocks.values()) / _BITS_PER_KBIT
        if not self.size:
            return np.zeros(0), constant
        lower, upper = np.zeros(self.size), np.full(self.size, np.inf)
        upper[: self.contacts] = 1.0
        for index, value in fixed.items():
            lower[index] = upper[index] = float(value)
        matrix = coo_array(
            (self._values, (self._rows, self._cols)), shape=(len(self._upper), self.size)
        ).tocsr()
        integrality = np.zeros(self.size)
        integrality[: self.contacts] = 1
        result = milp(
            -self.objective,
            integrality=integrality,
            bounds=Bounds(lower, upper),
            constraints=[LinearConstraint(matrix, -np.inf, np.array(self._upper))]
            if self._upper
            else [],
            options={"mip_rel_gap": RELATIVE_GAP},
        )
        if result.x is None:
            raise PlanError(f"the solver found no plan: {result.message}")
        bound = result.mip_dual_bound if result.mip_dual_bound is not None else result.fun
        return result.x, constant - float(bound)

    def whole_flows(self, x: Floats) -> tuple[tuple[int, ...], ...]:
        """Flows in whole bits, rounded down, so that no pool is overdrawn by rounding."""
        bits = np.floor(x[self.contacts :] * _BITS_PER_KBIT + 1e-6).astype(np.int64)
        bits = np.maximum(bits, 0)
        flows: list[list[int]] = [[] for _ in self.problem.paths]
        for (k, _), amount in zip(self.columns, bits, strict=True):
            flows[k].append(int(amount))
        return tuple(tuple(row) for row in flows)

    def value_of(self, chosen: tuple[int, ...], flows: tuple[tuple[int, ...], ...]) -> float:
        """Value of a decision in whole bits [kbit]."""
        x = np.zeros(self.size)
        x[list(chosen)] = 1.0
        x[self.contacts :] = [b / _BITS_PER_KBIT for row in flows for b in row]
        constant = POOL_WORTH_PER_KBIT * sum(self.problem.stocks.values()) / _BITS_PER_KBIT
        return float(self.objective @ x) + constant

    def _objective(self) -> Floats:
        gain = np.zeros(self.size)
        gain[: self.contacts] = POOL_WORTH_PER_KBIT * self.problem.key_bits / _BITS_PER_KBIT
        for offset, (k, path) in enumerate(self.columns):
            spent = 2 * sum(hop.satellite is not None for hop in path)
            gain[self.contacts + offset] = (
                self.problem.priority[k]
                - POOL_WORTH_PER_KBIT * spent
                - HOP_COST_PER_KBIT * len(path)
            )
        return gain

    def _add_rows(self) -> None:
        for clique in self.problem.cliques:
            self._row(dict.fromkeys(clique, 1.0), 1.0)
        for k, wanted in enumerate(self.problem.demand_bits):
            entries = {
                self.contacts + j: 1.0 for j, (owner, _) in enumerate(self.columns) if owner == k
            }
            self._row(entries, wanted / _BITS_PER_KBIT)
        for pool in self.pools:
            self._pool_row(pool)
        for ends, capacity in sorted(self.problem.fibre_bits.items()):
            self._row(self._users(_FibreTest(ends)), capacity / _BITS_PER_KBIT)

    def _pool_row(self, pool: Pool) -> None:
        """What relays take from a pool is at most its stock and what the contacts bring."""
        entries = self._users(
            lambda hop: hop.satellite == pool.satellite and pool.station in (hop.a, hop.b)
        )
        for index, owner in enumerate(self.problem.pools):
            if owner == pool:
                entries[index] = -float(self.problem.key_bits[index]) / _BITS_PER_KBIT
        self._row(entries, self.problem.stocks.get(pool, 0.0) / _BITS_PER_KBIT)

    def _users(self, uses: Callable[[Hop], bool]) -> dict[int, float]:
        """How often each path's column uses a resource."""
        return {
            self.contacts + j: float(count)
            for j, (_, path) in enumerate(self.columns)
            if (count := sum(uses(hop) for hop in path))
        }

    def _row(self, entries: Mapping[int, float], upper: float) -> None:
        if not entries:
            return
        self._rows.extend([len(self._upper)] * len(entries))
        self._cols.extend(entries)
        self._values.extend(entries.values())
        self._upper.append(float(upper))


@dataclass(frozen=True, slots=True)
class _FibreTest:
    """Whether a hop runs over the fibre between two ends."""

    ends: tuple[str, str]

    def __call__(self, hop: Hop) -> bool:
        return _fibre_ends(hop) == self.ends


def _fibre_ends(hop: Hop) -> tuple[str, str] | None:
    if hop.satellite is not None:
        return None
    return (hop.a, hop.b) if hop.a <= hop.b else (hop.b, hop.a)

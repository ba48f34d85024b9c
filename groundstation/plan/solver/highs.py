"""The only door to HiGHS inside scipy: one mixed-integer and one linear programme.

HiGHS: Q. Huangfu, J. A. J. Hall, Mathematical Programming Computation 10, 2018.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from groundstation.plan.solver.model import Floats
from groundstation.plan.solver.programme import Programme
from groundstation.plan.solver.silence import silenced


@dataclass(frozen=True, slots=True)
class Found:
    """What a solver found: columns (None without a solution) and the proven bound (may be inf)."""

    columns: Floats | None
    value: float
    bound: float


def solve_whole(
    programme: Programme, *, relative_gap: float, time_limit_s: float | None, nodes: int | None
) -> Found:
    """Solve with whole windows and shifts until the gap, the time or the nodes are reached."""
    if not len(programme.gain):
        return Found(np.zeros(0), programme.constant, programme.constant)
    # HiGHS as of scipy 1.17.1 has reported wrong optima as proven on small programmes of this
    # kind, which enumeration exposed: in 24 of 1,400 without presolve while deliveries and levels
    # had no upper bound, in 1 with presolve, in none without presolve and with bounds. Presolve
    # saves nothing here (44 against 46 s for 6,000 windows with crews).
    options: dict[str, float | int | bool] = {"mip_rel_gap": relative_gap, "presolve": False}
    if time_limit_s is not None:
        options["time_limit"] = max(0.0, time_limit_s)
    if nodes is not None:
        options["node_limit"] = nodes
    with silenced():
        result = milp(
            -programme.gain,
            integrality=programme.is_whole.astype(np.int64),
            bounds=Bounds(programme.lower_column, programme.upper_column),
            constraints=_rows(programme),
            options=options,
        )
    bound = np.inf
    if result.mip_dual_bound is not None and np.isfinite(result.mip_dual_bound):
        bound = programme.constant - float(result.mip_dual_bound)
    if result.x is None:
        return Found(None, -np.inf, bound)
    return Found(result.x, programme.constant - float(result.fun), bound)


def solve_linear(
    programme: Programme, *, time_limit_s: float | None, interior: bool
) -> tuple[Found, Floats | None]:
    """Solve the relaxation; with the dual of every row, non-negative, where it is optimal.

    Parameters
    ----------
    interior : interior point with crossover instead of the dual simplex
    """
    if not len(programme.gain):
        constant = programme.constant
        return Found(np.zeros(0), constant, constant), np.zeros(len(programme.upper))
    options = {} if time_limit_s is None else {"time_limit": max(0.0, time_limit_s)}
    with silenced():
        result = linprog(
            -programme.gain,
            A_ub=programme.matrix if len(programme.upper) else None,
            b_ub=programme.upper if len(programme.upper) else None,
            bounds=np.stack([programme.lower_column, programme.upper_column], axis=1),
            method="highs-ipm" if interior else "highs-ds",
            options=options,
        )
    if result.x is None or result.status != 0:
        return Found(None, -np.inf, np.inf), None
    value = programme.constant - float(result.fun)
    duals = np.zeros(0)
    if len(programme.upper):
        duals = np.maximum(0.0, -result.ineqlin.marginals)
    return Found(result.x, value, value), duals


def _rows(programme: Programme) -> list[LinearConstraint]:
    if not len(programme.upper):
        return []
    return [LinearConstraint(programme.matrix, -np.inf, programme.upper)]

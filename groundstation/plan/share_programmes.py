"""Programmes about the shares of their demands that pairs get: floors, the smallest, rises."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, diags_array, hstack, vstack

from groundstation.plan.solver.lagrangian import Structure
from groundstation.plan.solver.model import Floats
from groundstation.plan.solver.programme import Programme, build

# What a share may give up so that rounding of the solver does not make the next step infeasible.
SLACK = 1e-6
MOST_RISES = 1.5


@dataclass(frozen=True, slots=True)
class Shares:
    """A programme and the shares that its plans give to each pair.

    Parameters
    ----------
    rows : -delivered of each pair [kbit], shape (pairs, columns)
    pairs : demands that count
    wanted_kbit : of each of these
    """

    programme: Programme
    rows: csr_array
    pairs: tuple[int, ...]
    wanted_kbit: Floats

    def reached(self, columns: Floats) -> Floats:
        """Share of each pair in a plan."""
        shares: Floats = -(self.rows @ columns[: self.rows.shape[1]]) / self.wanted_kbit
        return shares


def shares_of(structure: Structure) -> Shares:
    """The programme over all windows and deliveries, with the shares of its pairs."""
    model = structure.model
    # Deliveries that cost more than they are worth count, too: here a share goes before value.
    relay = model.relay
    opens = relay.demand_kbit[relay.path_demand] > 0.0
    programme = build(structure, np.arange(model.windows.count), opens, with_cuts=False)
    owner = relay.path_demand[programme.path]
    wanted = relay.demand_kbit.sum(axis=1)
    pairs = tuple(int(k) for k in np.unique(owner))
    rows = np.zeros((len(pairs), programme.offsets[-1]))
    for row, k in enumerate(pairs):
        rows[row, programme.offsets[2] + np.flatnonzero(owner == k)] = -1.0
    return Shares(programme, csr_array(rows), pairs, wanted[list(pairs)])


def smallest_share(shares: Shares, settled: Mapping[int, float]) -> Programme:
    """The largest smallest share of the pairs that are not settled; it is the last column."""
    programme = with_floor(shares, settled)
    free = np.flatnonzero([k not in settled for k in shares.pairs])
    wide = hstack([programme.matrix, csr_array((programme.matrix.shape[0], 1))], format="csr")
    # In kilobits: shares of the largest demands would be small numbers beside large ones.
    smallest = hstack([shares.rows, csr_array(shares.wanted_kbit.reshape(-1, 1))], format="csr")
    return replace(
        programme,
        gain=np.append(np.zeros(len(programme.gain)), 1.0),
        constant=0.0,
        matrix=vstack([wide, smallest[free]], format="csr"),
        upper=np.concatenate([programme.upper, np.zeros(len(free))]),
        lower_column=np.append(programme.lower_column, 0.0),
        upper_column=np.append(programme.upper_column, 1.0),
        is_whole=np.append(programme.is_whole, False),
    )


def lifting(shares: Shares, floors: Mapping[int, float], rise: Mapping[int, float]) -> Programme:
    """The largest sum of how often some pairs rise by what they should, up to MOST_RISES.

    A last column counts one, so that a gap relative to no rise at all has a meaning.

    Parameters
    ----------
    floors : share that each demand keeps
    rise : of a share, by demand
    """
    programme = with_floor(shares, floors)
    number = [shares.pairs.index(k) for k in rise]
    wanted, count = shares.wanted_kbit[number], len(number)
    rises = diags_array(wanted * np.array(list(rise.values())), format="csr")
    wide = hstack([programme.matrix, csr_array((programme.matrix.shape[0], count + 1))])
    lifted = hstack([shares.rows[number], rises, csr_array((count, 1))])
    return replace(
        programme,
        gain=np.append(np.zeros(len(programme.gain)), np.ones(count + 1)),
        constant=0.0,
        matrix=vstack([wide, lifted], format="csr"),
        upper=np.concatenate([programme.upper, -wanted * [floors[k] for k in rise]]),
        lower_column=np.concatenate([programme.lower_column, np.zeros(count), [1.0]]),
        upper_column=np.concatenate([programme.upper_column, np.full(count, MOST_RISES), [1.0]]),
        is_whole=np.append(programme.is_whole, np.zeros(count + 1, dtype=bool)),
    )


def with_floor(shares: Shares, settled: Mapping[int, float]) -> Programme:
    """The programme in which settled pairs keep their shares."""
    programme = shares.programme
    rows = [i for i, k in enumerate(shares.pairs) if k in settled]
    floors: Floats = np.array([SLACK - settled[shares.pairs[i]] for i in rows])
    return replace(
        programme,
        matrix=vstack([programme.matrix, shares.rows[rows]], format="csr") if rows
        else programme.matrix,
        upper=np.concatenate([programme.upper, floors * shares.wanted_kbit[rows]]),
    )  # fmt: skip

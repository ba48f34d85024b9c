"""Contacts chosen for many skies at once: contacts before the weather, relays after it.

The rules it keeps:

1. Every world has relays of its own; all share the contacts.
2. What is made as large as possible is (1 - weight) x the mean of the worlds' values + weight x
   the mean of the worst of them, those with `tail` of the probability (CVaR).
3. Worlds that are the same are one, with their probability together; of the rest those are kept
   that stand for all others best, and each of the others gives its probability to the nearest.

Sources: R. T. Rockafellar, S. Uryasev, Journal of Risk 2(3), 2000 (CVaR as linear rows);
H. Heitsch, W. Roemisch, Computational Optimization and Applications 24, 2003 (forward selection).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

from groundstation.plan.solver.highs import solve_whole
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan.solver.model import Floats, Ints, Model
from groundstation.plan.solver.programme import Programme, build

# The mean over two dozen worlds is uncertain by some percent; closer is not worth the minutes.
_GAP = 2e-3
# Key of every window [kbit] in some skies, from what is clear in them.
KeyUnderSkies = Callable[[NDArray[np.bool_]], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Worlds:
    """Skies that may come true.

    Parameters
    ----------
    key_kbit : key that each window brings in each world, shape (worlds, windows) [kbit]
    probability : of each world, shape (worlds,)
    """

    key_kbit: Floats
    probability: Floats


@dataclass(frozen=True, slots=True)
class Hedged:
    """Contacts for many worlds; their mean and the mean of the worst, over these same worlds."""

    chosen: Ints
    mean: float
    worst: float


@dataclass(frozen=True, slots=True, eq=False)
class _World:
    """Relay of one world: rows over windows and over its own columns; worth of both."""

    of_windows: csr_array
    of_own: csr_array
    limit: Floats
    own_upper: Floats
    window_gain: Floats
    own_gain: Floats
    constant: float


def worlds_of(
    key_kbit: Floats, clear: NDArray[np.bool_], most: int, brings_in: KeyUnderSkies | None = None
) -> Worlds:
    """At most `most` worlds that stand for drawn ones, equally likely.

    Parameters
    ----------
    key_kbit : of each window under a clear sky, shape (windows,) [kbit]
    clear : whether each window is clear in each drawn world, shape (drawn, windows)
    brings_in : key of the windows in such worlds, where that is not simply theirs or nothing
    """
    distinct, count = np.unique(clear, axis=0, return_counts=True)
    brings = distinct * key_kbit if brings_in is None else brings_in(distinct)
    share = count / count.sum()
    apart = np.abs(brings[:, None, :] - brings[None, :, :]).sum(axis=2)
    nearest = np.full(len(share), np.inf)
    kept: list[int] = []
    for _ in range(min(most, len(share))):
        # The world whose choice leaves the least probability far from a chosen one.
        left = np.minimum(nearest[:, None], apart).T @ share
        left[kept] = np.inf
        kept.append(int(np.argmin(left)))
        nearest = np.minimum(nearest, apart[:, kept[-1]])
    kept.sort()
    owner = np.argmin(apart[:, kept], axis=1)
    weight = np.bincount(owner, share, minlength=len(kept)).astype(np.float64)
    return Worlds(brings[kept], weight)


def solve_hedged(
    model: Model, worlds: Worlds, *, weight: float, tail: float, time_limit_s: float | None = None
) -> Hedged | None:
    """The best contacts for these worlds; None if none were found in the time.

    Parameters
    ----------
    weight : of the mean of the worst worlds against the mean of all, in [0, 1]
    tail : probability of the worst worlds together, in (0, 1]
    """
    contacts = _contacts(model)
    parts = [_world(model, key) for key in worlds.key_kbit]
    programme = _joined(contacts, parts, worlds.probability, weight, tail)
    found = solve_whole(programme, relative_gap=_GAP, time_limit_s=time_limit_s, nodes=None)
    if found.columns is None:
        return None
    count = model.windows.count
    values = _values(parts, found.columns, count)
    chosen = np.flatnonzero(found.columns[:count] > 0.5)
    return Hedged(
        chosen,
        float(worlds.probability @ values),
        worst_mean(values, worlds.probability, tail),
    )


def worst_mean(values: Floats, probability: Floats, tail: float) -> float:
    """Mean of the smallest values that have the probability `tail` together."""
    order = np.argsort(values, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(probability[order])[:-1]])
    share = np.clip(tail - before, 0.0, probability[order])
    return float(share @ values[order] / share.sum())


def _contacts(model: Model) -> Programme:
    """Windows and shifts with the rows that bind contacts, no deliveries."""
    structure = structure_of(model)
    nothing = np.zeros((model.relay.paths, model.relay.periods), dtype=bool)
    whole = build(structure, np.arange(model.windows.count), nothing, with_cuts=False)
    rows = whole.row_offsets[5]
    return replace(whole, matrix=whole.matrix[:rows], upper=whole.upper[:rows])


def _world(model: Model, key_kbit: Floats) -> _World:
    structure = structure_of(replace(model, windows=replace(model.windows, key_kbit=key_kbit)))
    count = model.windows.count
    full = build(structure, np.arange(count), structure.useful, with_cuts=False)
    rows = slice(full.row_offsets[5], full.row_offsets[9])
    own = slice(full.offsets[2], full.offsets[4])
    return _World(
        full.matrix[rows][:, :count],
        full.matrix[rows][:, own],
        full.upper[rows],
        full.upper_column[own],
        full.gain[:count],
        full.gain[own],
        full.constant,
    )


def _joined(
    contacts: Programme, parts: Sequence[_World], probability: Floats, weight: float, tail: float
) -> Programme:
    """All worlds beside each other; the last columns are the threshold and what lies below it."""
    first = len(contacts.gain)
    windows = parts[0].of_windows.shape[1]
    sizes = [len(part.own_gain) for part in parts]
    heads = first + np.concatenate([[0], np.cumsum(sizes)])
    worst = len(parts) + 1
    width = int(heads[-1]) + worst
    gain = np.zeros(width)
    most = sum(float(np.abs(p.window_gain).sum() + np.abs(p.own_gain) @ p.own_upper)
               + abs(p.constant) for p in parts)  # fmt: skip
    blocks = [hstack([contacts.matrix, csr_array((contacts.matrix.shape[0], width - first))])]
    limits = [contacts.upper]
    for number, (part, head) in enumerate(zip(parts, heads, strict=False)):
        share = (1.0 - weight) * probability[number]
        gain[:windows] += share * part.window_gain
        gain[head : head + len(part.own_gain)] = share * part.own_gain
        blocks.append(_placed(part.of_windows, part.of_own, int(head), width))
        limits.append(part.limit)
        # threshold - value - what lies below it <= 0
        row = np.zeros((1, width))
        row[0, :windows] = -part.window_gain
        row[0, head : head + len(part.own_gain)] = -part.own_gain
        row[0, heads[-1]], row[0, heads[-1] + 1 + number] = 1.0, -1.0
        blocks.append(csr_array(row))
        limits.append(np.array([part.constant]))
    gain[heads[-1]] = weight
    gain[heads[-1] + 1 :] = -weight * probability / tail
    lower = np.zeros(width)
    lower[:first] = contacts.lower_column
    lower[heads[-1]] = -most
    upper = np.concatenate(
        [contacts.upper_column, *(p.own_upper for p in parts), np.full(worst, 2.0 * most + 1.0)]
    )
    return replace(
        contacts,
        gain=gain,
        constant=float(sum((1.0 - weight) * p * part.constant
                           for p, part in zip(probability, parts, strict=True))),
        matrix=vstack(blocks, format="csr"),
        upper=np.concatenate(limits),
        lower_column=lower,
        upper_column=upper,
        is_whole=np.arange(width) < first,
    )  # fmt: skip


def _placed(of_windows: csr_array, of_own: csr_array, head: int, width: int) -> csr_array:
    rows, windows = of_windows.shape
    between = csr_array((rows, head - windows))
    after = csr_array((rows, width - head - of_own.shape[1]))
    return hstack([of_windows, between, of_own, after], format="csr")


def _values(parts: Sequence[_World], columns: Floats, windows: int) -> Floats:
    """Value of each world in an answer; its own columns stand one world after the other."""
    head = len(columns) - sum(len(p.own_gain) for p in parts) - len(parts) - 1
    values = []
    for part in parts:
        own = columns[head : head + len(part.own_gain)]
        values.append(part.constant + part.window_gain @ columns[:windows] + part.own_gain @ own)
        head += len(part.own_gain)
    return np.array(values)

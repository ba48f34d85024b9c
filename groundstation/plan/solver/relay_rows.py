"""Rows of the programme that bind deliveries: pools, fibres, demands, ages, cuts."""

import numpy as np
from scipy.sparse import csr_array, hstack

from groundstation.plan.solver.ageing import outliving, usable
from groundstation.plan.solver.layout import Layout
from groundstation.plan.solver.model import Floats


def pool_rows(layout: Layout) -> tuple[csr_array, Floats]:
    """level(t) - level(t - 1) + deliveries(t) - key of windows(t) <= stock at t = 0."""
    relay, w, periods = layout.model.relay, layout.model.windows, layout.periods
    count = len(layout.pool) * periods
    pool, window = w.pool[layout.windows], np.arange(len(layout.windows))
    own = np.flatnonzero((pool >= 0) & (w.period[layout.windows] < periods))
    own = own[layout.tracked[pool[own]] >= 0]
    fills = csr_array(
        (
            -w.key_kbit[layout.windows[own]],
            (layout.tracked[pool[own]] * periods + w.period[layout.windows[own]], window[own]),
        ),
        shape=(count, len(layout.windows)),
    )
    use = relay.pool_use[layout.path].tocoo()
    spends = csr_array(
        (use.data, (layout.tracked[use.col] * periods + layout.period[use.row], use.row)),
        shape=(count, len(layout.path)),
    )
    row = np.arange(count)
    later = row[row % periods > 0] if periods else row
    level = csr_array(
        (
            np.concatenate([np.ones(count), -np.ones(len(later))]),
            (np.concatenate([row, later]), np.concatenate([row, later - 1])),
        ),
        shape=(count, count),
    )
    upper = np.zeros(count)
    upper[::periods] = relay.stock_kbit[layout.pool]
    no_shifts = csr_array((count, layout.shifts))
    return hstack([fills, no_shifts, spends, level], format="csr"), upper


def fibre_rows(layout: Layout) -> tuple[csr_array, Floats]:
    """Deliveries over a fibre in a period are at most its capacity."""
    use = layout.model.relay.fibre_use[layout.path].tocoo()
    count = layout.model.relay.fibre_kbit.size
    rows = csr_array(
        (use.data, (use.col * layout.periods + layout.period[use.row], use.row)),
        shape=(count, len(layout.path)),
    )
    return layout.wide(rows, 2), layout.model.relay.fibre_kbit.reshape(-1)


def demand_rows(layout: Layout) -> tuple[csr_array, Floats]:
    """Deliveries of a demand in a period are at most what it wants."""
    relay = layout.model.relay
    row = relay.path_demand[layout.path] * layout.periods + layout.period
    rows = csr_array(
        (np.ones(len(row)), (row, np.arange(len(row)))),
        shape=(relay.demand_kbit.size, len(layout.path)),
    )
    return layout.wide(rows, 2), relay.demand_kbit.reshape(-1)


def age_rows(layout: Layout) -> tuple[csr_array, Floats]:
    """Levels at the end of a period are at most the key that outlives it."""
    relay, w, periods = layout.model.relay, layout.model.windows, layout.periods
    stock = relay.stock_by_life
    if stock is None:
        return csr_array((0, layout.offsets[-1])), np.zeros(0)
    lifetime = stock.shape[1]
    lasting = outliving(np.zeros((len(stock), periods)), stock)[layout.pool]
    # As long as nothing is lost there is nothing to say.
    is_lost = (np.arange(periods) >= lifetime - 1) | (lasting < relay.stock_kbit[layout.pool, None])
    place = np.cumsum(is_lost.reshape(-1)).reshape(is_lost.shape) - 1
    count = int(is_lost.sum())
    column = np.arange(len(layout.windows))
    pool, period = w.pool[layout.windows], w.period[layout.windows]
    own = column[(pool >= 0) & (period < periods)]
    own = own[layout.tracked[pool[own]] >= 0]
    # A window's key outlives the period in which it enters and lifetime - 2 more.
    until = np.minimum(period[own] + lifetime - 1, periods)
    member = np.repeat(own, until - period[own])
    after = np.arange(len(member)) - np.repeat(
        np.cumsum(until - period[own]) - (until - period[own]), until - period[own]
    )
    tracked, at = layout.tracked[pool[member]], period[member] + after
    kept = is_lost[tracked, at]
    fills = csr_array(
        (
            w.key_kbit[layout.windows[member[kept]]],
            (place[tracked[kept], at[kept]], member[kept]),
        ),
        shape=(count, len(layout.windows)),
    )
    level = csr_array(
        (np.ones(count), (np.arange(count), np.flatnonzero(is_lost))),
        shape=(count, len(layout.pool) * periods),
    )
    return layout.wide(level, 3) - layout.wide(fills, 0), lasting[is_lost]


def cut_rows(layout: Layout) -> tuple[csr_array, Floats]:
    """Deliveries of a demand from a pool need stock or a contact that came before."""
    relay, w = layout.model.relay, layout.model.windows
    use = relay.pool_use[layout.path].tocoo()
    demand, period = relay.path_demand[layout.path[use.row]], layout.period[use.row]
    key = np.stack([demand, use.col, period], axis=1)
    cuts, row = np.unique(key, axis=0, return_inverse=True)
    wanted = relay.demand_kbit[cuts[:, 0], cuts[:, 2]]
    stock, by_life = relay.stock_kbit[cuts[:, 1]], relay.stock_by_life
    if by_life is not None:
        stock = usable(by_life, layout.periods)[cuts[:, 1], cuts[:, 2]]
    needs = np.flatnonzero(stock < wanted)
    place = np.full(len(cuts), -1, np.int64)
    place[needs] = np.arange(len(needs))
    kept = place[row.reshape(-1)] >= 0
    spends = csr_array(
        (np.ones(int(kept.sum())), (place[row.reshape(-1)[kept]], use.row[kept])),
        shape=(len(needs), len(layout.path)),
    )
    order = np.argsort(w.pool[layout.windows], kind="stable")
    head = np.searchsorted(w.pool[layout.windows][order], cuts[needs, 1], "left")
    tail = np.searchsorted(w.pool[layout.windows][order], cuts[needs, 1], "right")
    length = tail - head
    cut = np.repeat(np.arange(len(needs)), length)
    member = order[
        np.arange(len(cut)) - np.repeat(np.cumsum(length) - length, length)
        + np.repeat(head, length)
    ]  # fmt: skip
    age = cuts[needs, 2][cut] - w.period[layout.windows[member]]
    timely = age >= 0
    if by_life is not None:
        timely &= age < by_life.shape[1]
    cut, member = cut[timely], member[timely]
    brings = np.minimum(wanted[needs][cut], w.key_kbit[layout.windows[member]])
    rows = layout.wide(spends, 2) - layout.wide(
        csr_array((brings, (cut, member)), shape=(len(needs), len(layout.windows))), 0
    )
    return rows.tocsr(), np.minimum(wanted, stock)[needs]

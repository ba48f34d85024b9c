"""Random instances of the exchange format, the published tiny one, and a solver by brute force."""

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import linprog

CUTS = [[0, 1], [0, 0.5], [0.5, 1], [0.25, 0.75]]

# One satellite, five stations, one night; optimum 302,860 bits and 581.44 weighted kbit, found by
# two solvers (HiGHS 1.12 and CP-SAT 9.15) on formulations of their own.
TINY = {
    "format": "satqkd-sched/1", "name": "tiny_1x5x1", "horizon_s": 86400, "period_s": 86400,
    "alpha": 0.45, "beta": 60.0,
    "windows": [[0, 1], [0, 0.5], [0.5, 1], [0, 0.666667], [0.333333, 1], [0.25, 0.75]],
    "setup_sat_s": 20, "setup_station_s": 60, "satellites": 1,
    "stations": [[51.5, -0.1, 1.0, 1], [48.9, 2.4, 1.0, 1], [52.5, 13.4, 2.0, 1],
                 [41.9, 12.5, 2.0, 1], [40.4, -3.7, 0.5, 1]],
    "passes": [[0, 2, 3290, 240, 920646], [0, 3, 3450, 250, 1073791], [0, 0, 8980, 200, 252825],
               [0, 1, 9050, 110, 88765], [0, 4, 9170, 170, 85595]],
    "fibre": [],
    "demand": [[0, 2, 44980, 10], [0, 3, 39589, 3], [0, 4, 61004, 1], [1, 4, 36513, 1],
               [2, 3, 29805, 1], [3, 4, 40423, 10]],
    "clear_prob": [[0.48, 0.98, 0.26, 0.49, 0.98], [0.67, 0.74, 0.4, 0.17, 0.63]],
    "pool0": [], "terminal_weight_per_kbit": 0.2,
    "limits": {"operator_nights": None, "max_contacts_night": None, "duty_s_per_orbit": None,
               "memory_kbit": None, "rf_stations": 0},
}  # fmt: skip


def make_random_instance(seed):
    """A small instance with every feature now and then; at most 14 windows, 3 demands."""
    random = np.random.default_rng(seed)
    satellites, stations = int(random.integers(1, 3)), int(random.integers(2, 5))
    days = int(random.integers(1, 4))
    passes = []
    cuts = [CUTS[0], *[CUTS[i] for i in sorted(random.choice([1, 2, 3], 1, replace=False))]]
    for _ in range(int(random.integers(1, 8))):
        start = int(random.integers(0, days)) * 86_400 + int(random.integers(0, 1_200))
        passes.append([
            int(random.integers(satellites)), int(random.integers(stations)), start,
            int(random.integers(6, 30)) * 10, int(random.integers(5_000, 900_000)),
        ])  # fmt: skip
    pairs = list(itertools.combinations(range(stations), 2))
    demand = [
        [*pairs[int(random.integers(len(pairs)))], int(random.integers(1_000, 120_000)),
         int(random.choice([1, 3, 10]))]
        for _ in range(int(random.integers(1, 4)))
    ]  # fmt: skip
    fibre = [[*pair, int(random.integers(500, 60_000))] for pair in pairs if random.random() < 0.25]
    pool0 = [
        [s, g, int(random.integers(1, 60_000))]
        for s in range(satellites) for g in range(stations) if random.random() < 0.35
    ]  # fmt: skip
    limits = {
        "operator_nights": int(random.integers(1, 3)) if random.random() < 0.3 else None,
        "max_contacts_night": int(random.integers(1, 3)) if random.random() < 0.2 else None,
        "duty_s_per_orbit": int(random.integers(150, 500)) if random.random() < 0.2 else None,
        "memory_kbit": int(random.integers(50, 300)) if random.random() < 0.2 else None,
        "rf_stations": int(random.integers(0, 2)),
    }
    return {
        "format": "satqkd-sched/1", "name": f"random {seed}", "horizon_s": days * 86_400,
        "period_s": 86_400, "alpha": 0.45, "beta": 60.0, "windows": cuts,
        "setup_sat_s": 20, "setup_station_s": 60, "satellites": satellites,
        "stations": [[50.0, 10.0, 1.0, int(random.integers(1, 3))] for _ in range(stations)],
        "passes": sorted(passes, key=lambda row: row[2]), "fibre": fibre, "demand": demand,
        "clear_prob": random.uniform(0.2, 1.0, (days + 1, stations)).round(2).tolist(),
        "pool0": pool0, "terminal_weight_per_kbit": float(random.choice([0.0, 0.2])),
        "limits": limits,
    }  # fmt: skip


def _offers(instance):
    """(satellite, station, start, stop, bits, night) of every window, by the format's words."""
    found = []
    for s, g, start, duration, sifted in instance["passes"]:
        night = (start + 43_200) // 86_400
        for u1, u2 in instance["windows"]:
            m = sifted * (3 * u2**2 - 2 * u2**3 - 3 * u1**2 + 2 * u1**3)
            bits = math.floor(max(0.0, 0.45 * m - 60.0 * math.sqrt(m)) + 1e-9)
            bits = math.floor(bits * instance["clear_prob"][night][g] + 1e-9)
            if bits > 0:
                span = (start + round(u1 * duration), start + round(u2 * duration))
                found.append((s, g, *span, bits, night))
    return found


def _fits(instance, chosen):  # noqa: PLR0911  one question after the other
    """Second by second and limit by limit, for windows of (satellite, station, ...)."""
    limits = instance["limits"]
    for c in chosen:
        rivals = [d for d in chosen if d is not c and d[0] == c[0]]
        if any(d[2] < c[3] + 20 and c[2] < d[3] + 20 for d in rivals):
            return False
        there = sum(d[1] == c[1] and d[2] <= c[2] < d[3] + 60 for d in chosen)
        if there > instance["stations"][c[1]][3]:
            return False
    for g in {c[1] for c in chosen}:
        nights = [c[5] for c in chosen if c[1] == g]
        if limits["operator_nights"] and len(set(nights)) > limits["operator_nights"]:
            return False
        most = limits["max_contacts_night"]
        if most and max(nights.count(n) for n in nights) > most:
            return False
    for s in {c[0] for c in chosen}:
        own = [c for c in chosen if c[0] == s]
        dumps = [a + d for t, g, a, d, _ in instance["passes"]
                 if t == s and g < limits["rf_stations"]]  # fmt: skip
        for c in own:
            orbit = [d for d in own if d[2] // 5_700 == c[2] // 5_700]
            duty = limits["duty_s_per_orbit"]
            if duty and sum(d[3] - d[2] for d in orbit) > duty:
                return False
            segment = sum(x <= c[2] for x in dumps)
            held = sum(d[4] for d in own if sum(x <= d[2] for x in dumps) == segment)
            if limits["memory_kbit"] and held > 1_000 * limits["memory_kbit"]:
                return False
    return True


def _largest_sets(instance, offers):
    """Every set of windows that fits and to which no other window can be added."""
    stack: list[tuple[int, ...]] = [()]
    seen: set[tuple[int, ...]] = {()}
    while stack:
        chosen = stack.pop()
        grown = False
        for i in range(len(offers)):
            if i in chosen or not _fits(instance, [offers[j] for j in (*chosen, i)]):
                continue
            grown = True
            bigger = tuple(sorted((*chosen, i)))
            if bigger not in seen:
                seen.add(bigger)
                stack.append(bigger)
        if not grown:
            yield [offers[j] for j in chosen]


def _relay_optimum(instance, chosen, weights, lives):
    """The relay of some contacts as a linear programme in levels of stock per day [kbit]."""
    if lives is not None:
        return _ageing_optimum(instance, chosen, weights, *lives)
    columns, rows, upper = _relay_rows(instance, chosen)
    terminal = instance["terminal_weight_per_kbit"]
    stock = sum(p[2] for p in instance["pool0"]) / 1e3 + sum(c[4] for c in chosen) / 1e3
    if not columns:
        return terminal * stock
    gain = [weights[c[0]][c[1]] - 2.0 * terminal for c in columns]
    return terminal * stock - linprog([-g for g in gain], A_ub=rows, b_ub=upper).fun


def _relay_rows(instance, chosen):
    """Deliveries (demand, day, satellite, ends, fibres), rows over them and their limits."""
    days = instance["horizon_s"] // 86_400
    near: dict[int, list[tuple[int, int | None]]] = {
        g: [(g, None)] for g in range(len(instance["stations"]))
    }
    for f, (a, b, _) in enumerate(instance["fibre"]):
        near[a].append((b, f))
        near[b].append((a, f))
    columns = [
        (k, t, s, x, y, f, h)
        for k, (a, b, _, _) in enumerate(instance["demand"])
        for t in range(days)
        for s in range(instance["satellites"])
        for x, f in near[a]
        for y, h in near[b]
        if x != y
    ]
    rows, upper = [], []
    for k, demand in enumerate(instance["demand"]):
        for t in range(days):
            rows.append([float(c[0] == k and c[1] == t) for c in columns])
            upper.append(demand[2] / 1e3)
    for f, fibre in enumerate(instance["fibre"]):
        for t in range(days):
            rows.append([float(c[1] == t) * ((c[5] == f) + (c[6] == f)) for c in columns])
            upper.append(fibre[2] / 1e3)
    for s in range(instance["satellites"]):
        for g in range(len(instance["stations"])):
            for t in range(days):
                rows.append([
                    float(c[2] == s and c[1] <= t) * ((c[3] == g) + (c[4] == g)) for c in columns
                ])  # fmt: skip
                key = sum(p[2] for p in instance["pool0"] if (p[0], p[1]) == (s, g))
                key += sum(c[4] for c in chosen
                           if (c[0], c[1]) == (s, g) and (c[3] - 1) // 86_400 <= t)  # fmt: skip
                upper.append(key / 1e3)
    return columns, rows, upper


def brute_shares(instance):
    """The lexicographically largest shares of the demands that have a path, in their order.

    Of every largest set of windows: the smallest share is made as large as it can be, and every
    pair that reaches no more while the others keep it is settled, until all are.
    """
    days = instance["horizon_s"] // 86_400
    wanted = [days * demand[2] / 1e3 for demand in instance["demand"]]
    return max(
        (_shares(_relay_rows(instance, chosen), wanted)
         for chosen in _largest_sets(instance, _offers(instance))),
        key=lambda shares: sorted(round(s, 5) for s in shares.values()),
    )  # fmt: skip


def _shares(relay, wanted):
    columns, rows, upper = relay
    owner = [c[0] for c in columns]
    free, settled = sorted(set(owner)), dict[int, float]()
    share = {k: [-float(o == k) / wanted[k] for o in owner] for k in free}
    while free:
        floors = [share[k] for k in settled]
        least = [1e-9 - settled[k] for k in settled]
        # The last column is the smallest share.
        a = [[*row, 0.0] for row in (*rows, *floors)] + [[*share[k], 1.0] for k in free]
        best = linprog(
            [0.0] * len(owner) + [-1.0], A_ub=a, b_ub=[*upper, *least, *[0.0] * len(free)]
        )
        level = -best.fun
        keeps = [share[k] for k in free]
        for k in list(free):
            more = linprog(share[k], A_ub=[*rows, *floors, *keeps],
                           b_ub=[*upper, *least, *[1e-9 - level] * len(keeps)])  # fmt: skip
            if -more.fun <= level + 1e-6:
                settled[k] = level
                free.remove(k)
    return settled


def _ageing_optimum(instance, chosen, weights, lifetime, stock_last):
    """The same where key gets too old: every kilobit is followed from its birth to its use.

    Columns are deliveries by the batches from which their two ends come, with the final stock that
    each batch leaves; nothing is known here of levels or of which key goes first.
    """
    days = instance["horizon_s"] // 86_400
    stock = zip(instance["pool0"], stock_last, strict=True)
    batches = [(s, g, 0, last, bits / 1e3) for (s, g, bits), last in stock]
    births = [(c, (c[3] - 1) // 86_400) for c in chosen]
    batches += [(c[0], c[1], t, t + lifetime - 1, c[4] / 1e3) for c, t in births]
    near: dict[int, list[tuple[int, int | None]]] = {
        g: [(g, None)] for g in range(len(instance["stations"]))
    }
    for f, (a, b, _) in enumerate(instance["fibre"]):
        near[a].append((b, f))
        near[b].append((a, f))
    columns = [
        (k, t, i, j, f, h)
        for k, (a, b, _, _) in enumerate(instance["demand"])
        for t in range(days)
        for x, f in near[a]
        for y, h in near[b]
        if x != y
        for i, one in enumerate(batches)
        for j, two in enumerate(batches)
        if one[0] == two[0] and (one[1], two[1]) == (x, y)
        and one[2] <= t <= one[3] and two[2] <= t <= two[3]
    ]  # fmt: skip
    terminal = instance["terminal_weight_per_kbit"]
    # What is alive after the last day is final stock, less what is taken of it.
    keeps = [terminal * float(last >= days) for *_, last, _ in batches]
    fixed = sum(worth * batch[4] for worth, batch in zip(keeps, batches, strict=True))
    if not columns:
        return fixed
    rows, upper = [], []
    for k, demand in enumerate(instance["demand"]):
        for t in range(days):
            rows.append([float(c[0] == k and c[1] == t) for c in columns])
            upper.append(demand[2] / 1e3)
    for f, fibre in enumerate(instance["fibre"]):
        for t in range(days):
            rows.append([float(c[1] == t) * ((c[4] == f) + (c[5] == f)) for c in columns])
            upper.append(fibre[2] / 1e3)
    for i, batch in enumerate(batches):
        rows.append([float((c[2] == i) + (c[3] == i)) for c in columns])
        upper.append(batch[4])
    gain = [weights[c[0]][c[1]] - keeps[c[2]] - keeps[c[3]] for c in columns]
    return fixed - linprog([-g for g in gain], A_ub=rows, b_ub=upper).fun


def brute_optimum(instance, problem, weights=None, lives=None):
    """The optimum over every largest set of windows; a plan never loses by one more contact.

    Weights are those of each demand on each day, those of the format without; lives are the days
    in which key can be used and the last day of each row of `pool0`.
    """
    if weights is None:
        days = instance["horizon_s"] // 86_400
        weights = [[weight] * days for *_, weight in instance["demand"]]
    offers = _offers(instance)
    assert len(offers) <= 14
    values = (
        float(sum(c[4] for c in chosen))
        if problem == "contacts"
        else _relay_optimum(instance, chosen, weights, lives)
        for chosen in _largest_sets(instance, offers)
    )
    return max(values)


@pytest.fixture
def tiny():
    return TINY


@pytest.fixture
def random_instance():
    return make_random_instance


@pytest.fixture
def fair_shares():
    return brute_shares


@pytest.fixture
def brute_force():
    return brute_optimum

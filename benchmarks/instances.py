"""Synthetic scheduling instances in the exchange format `satqkd-sched/1`, deterministic by seed.

Circular sun-synchronous orbits with the J2 drift of the node, a spherical Earth and a Sun that
moves along the ecliptic; passes above 25 degrees while the Sun is below -8 degrees; photons fall
with the square of the range and with the air mass; clouds are correlated in space and from night
to night; demand follows a gravity law. Plain enough for numpy alone, rich enough to be hard where
real networks are hard: passes of neighbours overlap, demand and key meet in different places.

    python benchmarks/instances.py week_20x100x7 > week.json
"""

import bisect
import json
import sys
from dataclasses import dataclass

import numpy as np

EARTH_RADIUS_KM, EARTH_MU_KM3_S2, EARTH_J2 = 6371.0, 398_600.4418, 1.08263e-3
SIDEREAL_RATE_RAD_S = 7.2921159e-5
DAY_S = 86_400
STEP_S = 10
MIN_ELEVATION_RAD, SUN_LIMIT_RAD = np.deg2rad(25.0), np.deg2rad(-8.0)
WINDOWS = [[0, 1], [0, 0.5], [0.5, 1], [0, 0.666667], [0.333333, 1], [0.25, 0.75]]
ALPHA, BETA = 0.45, 60.0

# Latitude and longitude of capitals and large towns of Europe, degrees.
CITIES = [
    (51.5, -0.1), (48.9, 2.4), (52.5, 13.4), (41.9, 12.5), (40.4, -3.7), (50.1, 14.4),
    (47.5, 19.0), (59.3, 18.1), (60.2, 24.9), (55.7, 12.6), (54.7, 25.3), (56.9, 24.1),
    (50.9, 4.4), (48.2, 16.4), (46.2, 6.1), (42.7, 23.3), (44.4, 26.1), (45.8, 16.0),
    (38.0, 23.7), (38.7, -9.1),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an instance is made of.

    Parameters
    ----------
    demands : number of pairs that want key
    stock_weeks : initial pools in weeks of income; 0 is a cold start
    is_global : stations all over the inhabited latitudes instead of Europe
    """

    satellites: int
    stations: int
    days: int
    seed: int
    demands: int
    stock_weeks: float
    terminal_weight_per_kbit: float = 0.2
    operator_nights: int | None = None
    is_global: bool = False


RECIPES = {
    "tiny_1x5x1": Recipe(1, 5, 1, 1, 6, 0.0),
    "dense_1x100x3": Recipe(1, 100, 3, 2, 200, 0.0),
    "week_3x20x7": Recipe(3, 20, 7, 3, 60, 0.35),
    "ops_6x30x5": Recipe(6, 30, 5, 4, 120, 0.35, operator_nights=3),
    "day_20x100x1": Recipe(20, 100, 1, 5, 400, 0.35),
    "week_20x100x7": Recipe(20, 100, 7, 6, 400, 0.35),
    "day_100x500x1": Recipe(100, 500, 1, 7, 2_000, 0.35, is_global=True),
    "cold_3x20x7": Recipe(3, 20, 7, 3, 60, 0.0, terminal_weight_per_kbit=0.0),
    "cold_ops_6x30x5": Recipe(6, 30, 5, 4, 120, 0.0, operator_nights=3),
    "cold_20x100x1": Recipe(20, 100, 1, 5, 400, 0.0, terminal_weight_per_kbit=0.0),
    "cold_20x100x7": Recipe(20, 100, 7, 6, 400, 0.0),
}
QUICK = ("tiny_1x5x1", "dense_1x100x3", "week_3x20x7")
WEEK = ("week_20x100x7",)
LARGE = ("ops_6x30x5", "day_20x100x1", "week_20x100x7", "day_100x500x1")
COLD = ("cold_3x20x7", "cold_ops_6x30x5", "cold_20x100x1", "cold_20x100x7")


def make_instance(name):
    """The instance of that name as the document of the exchange format."""
    recipe = RECIPES[name]
    random = np.random.default_rng(recipe.seed)
    stations = _stations(recipe, random)
    passes = _passes(recipe, stations, random)
    clear = _clear_probability(recipe, stations, random)
    document = {
        "format": "satqkd-sched/1",
        "name": name,
        "seed": recipe.seed,
        "region": "world" if recipe.is_global else "europe",
        "horizon_s": recipe.days * DAY_S,
        "period_s": DAY_S,
        "alpha": ALPHA,
        "beta": BETA,
        "windows": WINDOWS,
        "setup_sat_s": 20,
        "setup_station_s": 60,
        "satellites": recipe.satellites,
        "stations": stations,
        "pass_fields": ["sat", "station", "start_s", "duration_s", "sifted"],
        "passes": passes,
        "fibre_fields": ["a", "b", "bits_per_day"],
        "fibre": _fibre(stations),
        "demand_fields": ["a", "b", "bits_per_day", "weight"],
        "clear_prob": clear,
        "pool0_fields": ["sat", "station", "bits"],
        "terminal_weight_per_kbit": recipe.terminal_weight_per_kbit,
        "limits": {
            "operator_nights": recipe.operator_nights,
            "max_contacts_night": None,
            "duty_s_per_orbit": None,
            "memory_kbit": None,
            "rf_stations": 0,
        },
    }
    income = _income(document)
    document["demand"] = _demand(recipe, stations, income, random)
    document["pool0"] = _pools(recipe, passes, income, random)
    return document


def _stations(recipe, random):
    """[latitude, longitude, relative aperture area, telescopes] of each station."""
    places = list(CITIES[: recipe.stations])
    low, high = (-48.0, 62.0) if recipe.is_global else (36.0, 62.0)
    west, east = (-125.0, 150.0) if recipe.is_global else (-10.0, 30.0)
    while len(places) < recipe.stations:
        places.append((random.uniform(low, high), random.uniform(west, east)))
    areas = random.choice([0.5, 1.0, 2.0], size=recipe.stations, p=[0.3, 0.45, 0.25])
    # A crowd of stations has some with two telescopes.
    doubles = random.random(recipe.stations) < (0.1 if recipe.stations >= 30 else 0.0)
    return [
        [round(float(lat), 1), round(float(lon), 1), float(area), 1 + int(double)]
        for (lat, lon), area, double in zip(places, areas, doubles, strict=True)
    ]


def _unit(latitude_rad, longitude_rad):
    return np.stack(
        [
            np.cos(latitude_rad) * np.cos(longitude_rad),
            np.cos(latitude_rad) * np.sin(longitude_rad),
            np.sin(latitude_rad),
        ],
        axis=-1,
    )


def _sun(times_s):
    """Direction of the Sun, inertial, from the equinox of March plus five days."""
    longitude = 2.0 * np.pi * (times_s / DAY_S + 5.0) / 365.25
    tilt = np.deg2rad(23.44)
    return np.stack(
        [
            np.cos(longitude),
            np.sin(longitude) * np.cos(tilt),
            np.sin(longitude) * np.sin(tilt),
        ],
        axis=-1,
    )


def _satellite(times_s, altitude_km, node_rad, phase_rad):
    """Position of a satellite on a circular sun-synchronous orbit, inertial, km, shape (t, 3)."""
    radius = EARTH_RADIUS_KM + altitude_km
    motion = np.sqrt(EARTH_MU_KM3_S2 / radius**3)
    # The inclination at which J2 turns the node once a year.
    yearly = 2.0 * np.pi / (365.2422 * DAY_S)
    cosine = -yearly / (1.5 * motion * EARTH_J2 * (EARTH_RADIUS_KM / radius) ** 2)
    inclination = np.arccos(cosine)
    argument = phase_rad + motion * times_s
    node = node_rad + yearly * times_s
    x, y = np.cos(argument), np.sin(argument)
    return radius * np.stack(
        [
            x * np.cos(node) - y * np.cos(inclination) * np.sin(node),
            x * np.sin(node) + y * np.cos(inclination) * np.cos(node),
            y * np.sin(inclination),
        ],
        axis=-1,
    )


def _passes(recipe, stations, random):
    """[satellite, station, start, duration, sifted counts] of every usable pass, by start."""
    times = np.arange(0.0, recipe.days * DAY_S, STEP_S)
    place = np.deg2rad(np.array(stations)[:, :2])
    area = np.array(stations)[:, 2]
    fixed = _unit(place[:, 0], place[:, 1])
    spin = SIDEREAL_RATE_RAD_S * times + np.pi
    turn = np.stack([np.cos(spin), np.sin(spin)])
    sun = _turned(_sun(times), turn)
    is_dark = fixed @ sun.T < np.sin(SUN_LIMIT_RAD)
    passes = []
    for satellite in range(recipe.satellites):
        altitude = 500.0 + 8.0 * (satellite % 7)
        node = np.deg2rad(random.uniform(140.0, 200.0)) + 2.0 * np.pi * 5.0 / 365.25
        position = _turned(
            _satellite(times, altitude, node, random.uniform(0.0, 2.0 * np.pi)), turn
        )
        passes += _passes_of(satellite, position, fixed, area, is_dark, random)
    return sorted(passes, key=lambda row: (row[2], row[0], row[1]))


def _turned(vectors, turn):
    """Inertial vectors seen from the turning Earth."""
    cosine, sine = turn
    return np.stack(
        [
            vectors[:, 0] * cosine + vectors[:, 1] * sine,
            -vectors[:, 0] * sine + vectors[:, 1] * cosine,
            vectors[:, 2],
        ],
        axis=-1,
    )


def _passes_of(satellite, position, fixed, area, is_dark, random):
    radius = np.linalg.norm(position[0])
    along = fixed @ position.T
    range_km = np.sqrt(radius**2 + EARTH_RADIUS_KM**2 - 2.0 * EARTH_RADIUS_KM * along)
    sine = (along - EARTH_RADIUS_KM) / range_km
    is_up = (sine > np.sin(MIN_ELEVATION_RAD)) & is_dark
    rate = np.where(
        is_up,
        (500.0 / range_km) ** 2 * np.exp(-0.25 * (1.0 / np.maximum(sine, 0.1) - 1.0)),
        0.0,
    )
    edges = np.diff(np.pad(is_up, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    station, first = np.nonzero(edges == 1)
    _, last = np.nonzero(edges == -1)
    total = np.concatenate([np.zeros((len(fixed), 1)), np.cumsum(rate, axis=1)], axis=1)
    light = total[station, last] - total[station, first]
    sifted = 3_600.0 * STEP_S * light * area[station] * random.uniform(0.7, 1.2, size=len(light))
    return [
        [satellite, int(g), int(a) * STEP_S, int(b - a) * STEP_S, int(m)]
        for g, a, b, m in zip(station, first, last, sifted, strict=True)
        if b - a >= 6
    ]


def _clear_probability(recipe, stations, random):
    """Probability of a clear sky per night and station: 400 km, and 0.5 from night to night."""
    distance = _distances_km(stations)
    factor = np.linalg.cholesky(np.exp(-distance / 400.0) + 1e-9 * np.eye(len(stations)))
    state = factor @ random.standard_normal(len(stations))
    rows = []
    for _ in range(recipe.days + 1):
        # A logistic keeps the share within (0, 1); its mean is that of a mid-latitude autumn.
        clear = 1.0 / (1.0 + np.exp(-(0.1 + 1.1 * state)))
        rows.append([round(float(p), 2) for p in np.clip(clear, 0.05, 0.98)])
        state = 0.5 * state + np.sqrt(0.75) * (factor @ random.standard_normal(len(stations)))
    return rows


def _distances_km(stations):
    place = np.deg2rad(np.array(stations)[:, :2])
    unit = _unit(place[:, 0], place[:, 1])
    return EARTH_RADIUS_KM * np.arccos(np.clip(unit @ unit.T, -1.0, 1.0))


def _fibre(stations):
    """Fibre between stations up to 150 km apart, 10^(3.6 - 0.017 D/km) bit/s."""
    distance = _distances_km(stations)
    return [
        [int(a), int(b), int(10.0 ** (3.6 - 0.017 * distance[a, b]) * DAY_S)]
        for a, b in zip(*np.nonzero(np.triu(distance <= 150.0, k=1)), strict=True)
        if distance[a, b] > 1.0
    ]


def _income(document):
    """Key a day that the satellites can collect when each takes its best passes first, bits."""
    bits = _key_bits(document["passes"])
    taken = [[] for _ in range(document["satellites"])]
    income = 0.0
    for index in np.argsort(-bits, kind="stable"):
        satellite, _, start, duration, _ = document["passes"][index]
        busy, stop = taken[satellite], start + duration + document["setup_sat_s"]
        at = bisect.bisect(busy, (start, stop))
        is_clear = (at == 0 or busy[at - 1][1] <= start) and (
            at == len(busy) or stop <= busy[at][0]
        )
        if is_clear:
            busy.insert(at, (start, stop))
            income += bits[index]
    return income / (document["horizon_s"] / DAY_S)


def _key_bits(passes):
    sifted = np.array([row[4] for row in passes], dtype=float)
    return np.floor(np.maximum(0.0, ALPHA * sifted - BETA * np.sqrt(sifted)))


def _demand(recipe, stations, income, random):
    """Gravity law: big neighbours want most; weight 1, 3 or 10."""
    distance = _distances_km(stations)
    mass = np.array(stations)[:, 2] * random.uniform(0.5, 2.0, size=len(stations))
    a, b = np.triu_indices(len(stations), k=1)
    pull = mass[a] * mass[b] / (300.0 + distance[a, b])
    count = min(recipe.demands, len(a))
    chosen = np.sort(random.choice(len(a), size=count, replace=False, p=pull / pull.sum()))
    # A delivery spends two bits, so that about half of this can be met.
    share = 0.85 * income * pull[chosen] / pull[chosen].sum()
    bits = share * random.uniform(0.6, 1.6, size=count)
    weight = random.choice([1, 3, 10], size=count, p=[0.7, 0.2, 0.1])
    return [
        [int(a[i]), int(b[i]), int(n), int(w)] for i, n, w in zip(chosen, bits, weight, strict=True)
    ]


def _pools(recipe, passes, income, random):
    """Key that satellites and stations share already: an exponential spread about its mean."""
    if recipe.stock_weeks == 0.0:
        return []
    pairs = sorted({(row[0], row[1]) for row in passes})
    mean = recipe.stock_weeks * 7.0 * income / len(pairs)
    stock = random.exponential(mean, size=len(pairs))
    return [[s, g, int(n)] for (s, g), n in zip(pairs, stock, strict=True)]


if __name__ == "__main__":
    json.dump(make_instance(sys.argv[1]), sys.stdout, separators=(",", ":"))

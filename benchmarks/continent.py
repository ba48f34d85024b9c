"""A network of a continent for measurements: satellites, stations, fibres and pairs from one seed.

Stations stand at large towns of Europe, all built alike; satellites fly sun-synchronous circular
orbits that cross Europe by night, and come as element sets in a file. Their sources are slow, so
that a pass brings 20 to 250 kbit (P10 to P90), as flights have, and pools are worth planning for:
at ten times the rate one pass would serve a pair for days. Fibres join towns that are near; demand
follows a gravity law. Nothing is drawn but from the seed.

    python benchmarks/continent.py FOLDER [SATELLITES STATIONS]
"""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tle.design import planned_elements
from tle.lines import format_lines

FIRST_NIGHT = "2026-10-12"
EPOCH = datetime(2026, 10, 12, 12, tzinfo=UTC)
FIRST_NUMBER = 90_001
FIBRE_KM = 150.0
PRIORITIES = (1.0, 3.0, 10.0)

# Name, latitude and longitude in degrees, population in thousands (rounded, of the town).
TOWNS = [
    ("london", 51.51, -0.13, 8900), ("paris", 48.86, 2.35, 2100),
    ("madrid", 40.42, -3.70, 3300), ("berlin", 52.52, 13.40, 3700),
    ("rome", 41.90, 12.50, 2800), ("vienna", 48.21, 16.37, 1900),
    ("hamburg", 53.55, 9.99, 1800), ("warsaw", 52.23, 21.01, 1800),
    ("bucharest", 44.43, 26.10, 1800), ("budapest", 47.50, 19.04, 1750),
    ("barcelona", 41.39, 2.17, 1600), ("munich", 48.14, 11.58, 1500),
    ("milan", 45.46, 9.19, 1400), ("prague", 50.08, 14.44, 1300),
    ("sofia", 42.70, 23.32, 1250), ("brussels", 50.85, 4.35, 1200),
    ("birmingham", 52.48, -1.90, 1140), ("cologne", 50.94, 6.96, 1080),
    ("naples", 40.85, 14.27, 920), ("stockholm", 59.33, 18.07, 980),
    ("turin", 45.07, 7.69, 850), ("marseille", 43.30, 5.37, 870),
    ("amsterdam", 52.37, 4.90, 870), ("zagreb", 45.81, 15.98, 770),
    ("leeds", 53.80, -1.55, 790), ("valencia", 39.47, -0.38, 790),
    ("krakow", 50.06, 19.94, 780), ("frankfurt", 50.11, 8.68, 760),
    ("seville", 37.39, -5.98, 690), ("zaragoza", 41.65, -0.89, 670),
    ("lodz", 51.76, 19.46, 670), ("athens", 37.98, 23.73, 660),
    ("palermo", 38.12, 13.36, 650), ("helsinki", 60.17, 24.94, 660),
    ("rotterdam", 51.92, 4.48, 650), ("copenhagen", 55.68, 12.57, 640),
    ("stuttgart", 48.78, 9.18, 630), ("riga", 56.95, 24.11, 610),
    ("glasgow", 55.86, -4.25, 630), ("dusseldorf", 51.23, 6.78, 620),
    ("vilnius", 54.69, 25.28, 580), ("leipzig", 51.34, 12.37, 600),
    ("dortmund", 51.51, 7.47, 590), ("genoa", 44.41, 8.93, 560),
    ("malaga", 36.72, -4.42, 580), ("gothenburg", 57.71, 11.97, 580),
    ("dublin", 53.35, -6.26, 590), ("bremen", 53.08, 8.80, 570),
    ("dresden", 51.05, 13.74, 560), ("hanover", 52.37, 9.73, 540),
    ("antwerp", 51.22, 4.40, 530), ("lisbon", 38.72, -9.14, 550),
    ("manchester", 53.48, -2.24, 550), ("lyon", 45.76, 4.84, 520),
    ("nuremberg", 49.45, 11.08, 520), ("oslo", 59.91, 10.75, 700),
    ("poznan", 52.41, 16.93, 530), ("edinburgh", 55.95, -3.19, 530),
    ("toulouse", 43.60, 1.44, 490), ("gdansk", 54.35, 18.65, 470),
    ("murcia", 37.99, -1.13, 460), ("bristol", 51.45, -2.59, 470),
    ("tallinn", 59.44, 24.75, 440), ("bratislava", 48.15, 17.11, 440),
    ("szczecin", 53.43, 14.55, 400), ("bologna", 44.49, 11.34, 390),
    ("florence", 43.77, 11.26, 380), ("brno", 49.20, 16.61, 380),
    ("palma", 39.57, 2.65, 410), ("iasi", 47.16, 27.59, 390),
    ("plovdiv", 42.15, 24.75, 350), ("lublin", 51.25, 22.57, 340),
    ("bilbao", 43.26, -2.93, 350), ("nice", 43.70, 7.27, 340),
    ("catania", 37.50, 15.09, 310), ("varna", 43.21, 27.91, 330),
    ("bari", 41.12, 16.87, 320), ("cluj", 46.77, 23.60, 320),
    ("thessaloniki", 40.64, 22.94, 320), ("timisoara", 45.75, 21.21, 320),
    ("nantes", 47.22, -1.55, 320), ("montpellier", 43.61, 3.88, 290),
    ("strasbourg", 48.58, 7.75, 290), ("graz", 47.07, 15.44, 290),
    ("bordeaux", 44.84, -0.58, 260), ("ljubljana", 46.06, 14.51, 290),
    ("bergen", 60.39, 5.32, 290), ("aarhus", 56.16, 10.20, 280),
    ("kaunas", 54.90, 23.90, 290), ("tampere", 61.50, 23.76, 240),
    ("porto", 41.15, -8.61, 240), ("lille", 50.63, 3.06, 230),
    ("venice", 45.44, 12.32, 260), ("trieste", 45.65, 13.78, 200),
    ("patras", 38.25, 21.73, 170), ("heraklion", 35.34, 25.14, 170),
    ("geneva", 46.20, 6.14, 200), ("cagliari", 39.22, 9.12, 150),
    ("rennes", 48.11, -1.68, 220), ("turku", 60.45, 22.27, 190),
]  # fmt: skip

HEAD = """
[network]
name = "continent"
title = "Continent of {satellites} satellites and {stations} stations"
elements = ["elements/*.tle"]
default_night = {night}

[policies]
min_elevation_deg = 25.0
max_sun_elevation_deg = -10.0
min_contact_s = 60.0
warn_elements_age_d = 10.0
max_elements_age_d = 30.0
horizon_nights = {nights}
max_satellite_hops = {satellite_hops}
max_fibre_hops = 2

[key]
proof = "tight"
epsilon_secrecy = 1e-9
epsilon_correctness = 1e-15

[key.error_correction]
model = "logm"
efficiency = 1.16
"""

SATELLITE = """
[[satellites]]
name = "sat-{index:03d}"
norad_cat_id = {number}
setup_s = 60.0

[satellites.payload]
wavelength_nm = 785.0
pulse_rate_hz = 10e6
intensities = [0.7, 0.15, 0.0]
probabilities = [0.7, 0.2, 0.1]
key_basis_probability = 0.8
pulse_fwhm_ps = 200.0
polarisation_contrast = 150.0
divergence_urad = 25.0
divergence_definition = "1/e2-full"
pointing_jitter_urad = 2.0
pointing_bias_urad = 1.0
optics_efficiency = 0.8
reflecting_area_m2 = 0.1
albedo = 0.2
"""

STATION = """
[[stations]]
name = "{name}"
latitude_deg = {latitude}
longitude_deg = {longitude}
height_m = 200.0
setup_s = 60.0

[stations.telescope]
aperture_m = {aperture}
obscuration = 0.3

[stations.mount]
max_azimuth_rate_deg_s = 5.0
max_elevation_deg = 89.0

[[stations.receivers]]
wavelength_nm = 785.0
optics_efficiency = 0.7
filter_bandwidth_nm = 0.5
field_of_view_urad = 60.0
synchronisation_jitter_ps = 100.0
dark_sky_radiance = 5e10

[stations.receivers.detector]
efficiency = 0.6
dark_count_rate_hz = 250.0
dead_time_ns = 24.0
jitter_fwhm_ps = 350.0
gate_ns = 1.0
afterpulse_probability = 0.005
count = 4
basis_choice = "passive"
key_basis_probability = 0.8

[stations.atmosphere]
aerosol_optical_depth_550 = 0.12
aerosol = "rural23"
precipitable_water_mm = 15.0
ozone_du = 320.0
cirrus_optical_depth = 0.0

[[sites]]
name = "site-{name}"
title = "Site in {name}"
operator = "operator"
node = "{name}"
"""


def write_continent(
    folder: Path,
    *,
    satellites: int = 20,
    stations: int = 100,
    nights: int = 7,
    demands: int = 200,
    satellite_hops: int = 1,
    seed: int = 5,
) -> Path:
    """Write network file and element sets; the path of the network file."""
    rng = np.random.default_rng(seed)
    towns = TOWNS[:stations]
    parts = [
        HEAD.format(satellites=satellites, stations=stations, night=FIRST_NIGHT, nights=nights,
                    satellite_hops=satellite_hops)
    ]  # fmt: skip
    numbers = range(FIRST_NUMBER, FIRST_NUMBER + satellites)
    parts += [SATELLITE.format(index=i, number=n) for i, n in enumerate(numbers)]
    parts += [
        STATION.format(name=name, latitude=lat, longitude=lon, aperture=rng.choice([0.6, 0.8, 1.0]))
        for name, lat, lon, _ in towns
    ]
    parts += _fibres(towns)
    parts += _demands(towns, demands, rng)
    (folder / "elements").mkdir(parents=True, exist_ok=True)
    (folder / "elements" / "continent.tle").write_text(_elements(numbers, rng), encoding="ascii")
    file = folder / "groundstation.toml"
    file.write_text("\n".join(parts), encoding="utf-8")
    return file


def _elements(numbers, rng):
    """Sun-synchronous circular orbits whose nodes cross the equator around midnight."""
    lines = []
    for i, number in enumerate(numbers):
        planned = planned_elements(
            f"SAT-{i:03d}",
            epoch=EPOCH,
            altitude_m=500e3 + 20e3 * (i % 6),
            inclination_rad=None,
            local_time_ascending_node_h=float(22.5 + 3.0 * i / len(numbers)) % 24.0,
            raan_rad=None,
            argument_of_latitude_rad=float(rng.uniform(0.0, 2.0 * np.pi)),
        )
        lines += [planned.name, *format_lines(replace(planned, norad_cat_id=number))]
    return "\n".join(lines) + "\n"


def _distance_km(a, b):
    (lat1, lon1), (lat2, lon2) = np.radians(a[1:3]), np.radians(b[1:3])
    cosine = np.sin(lat1) * np.sin(lat2) + np.cos(lat1) * np.cos(lat2) * np.cos(lon1 - lon2)
    return 6371.0 * float(np.arccos(np.clip(cosine, -1.0, 1.0)))


def _fibres(towns):
    """Key rate of 10^(3.6 - 0.017 D) bit/s at D kilometres of fibre."""
    return [
        f'[[fibre_links]]\na = "{a[0]}"\nb = "{b[0]}"\nkey_rate_bps = '
        f"{10 ** (3.6 - 0.017 * distance):.3f}\n"
        for i, a in enumerate(towns)
        for b in towns[i + 1 :]
        if (distance := 1.2 * _distance_km(a, b)) <= FIBRE_KM
    ]


def _demands(towns, count, rng):
    pairs = [(i, j) for i in range(len(towns)) for j in range(i)]
    pull = np.array([towns[i][3] * towns[j][3] for i, j in pairs], dtype=float) ** 0.5
    chosen = rng.choice(len(pairs), min(count, len(pairs)), replace=False, p=pull / pull.sum())
    return [
        f'[[demands]]\nname = "pair-{n:03d}"\na = "site-{towns[pairs[c][0]][0]}"\n'
        f'b = "site-{towns[pairs[c][1]][0]}"\nbits_per_day = '
        f"{rng.choice([50e3, 100e3, 200e3, 400e3]):.0f}\n"
        f"priority = {rng.choice(PRIORITIES, p=[0.6, 0.3, 0.1])}\n"
        for n, c in enumerate(chosen)
    ]


if __name__ == "__main__":
    sizes = [int(text) for text in sys.argv[2:4]] or [20, 100]
    print(write_continent(Path(sys.argv[1]), satellites=sizes[0], stations=sizes[1]))

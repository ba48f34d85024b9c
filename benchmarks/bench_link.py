"""Budget, noise and counts of a pass as arrays against the same sample by sample."""

import time
from dataclasses import fields, replace
from datetime import UTC, datetime

import numpy as np

from passes.counts.expected import expected_noise, expected_rates
from passes.counts.source import DecoySource
from passes.link.downlink import downlink_budget
from passes.link.terminals import (
    Atmosphere,
    BasisChoice,
    Detector,
    HufnagelValley,
    Receiver,
    Transmitter,
)
from passes.track import Track

SENDER = Transmitter(850e-9, 7.4e-6, "7.4 urad 1/e2-half", 1.2e-6, 0.0, 1.0, 1.0, 0.2)
DETECTOR = Detector(0.5, 25.0, 50e-9, 350e-12, 2e-9, 0.0, 4, BasisChoice.PASSIVE, 0.5)
TELESCOPE = Receiver(850e-9, 1.0, 0.3, 0.16, 1e-9, 100e-6, 500e-12, 2e10, DETECTOR)
SOURCE = DecoySource(1e8, (0.8, 0.1, 0.0), (0.5, 0.25, 0.25), 0.5, 200e-12, 0.0036)
AIR = Atmosphere(0.15, "rural23", 0.014, 344.0)
TURBULENT = replace(AIR, turbulence=HufnagelValley(21.0, 1.7e-14))
HEIGHT_M = 500.0
# A satellite at 500 km rises above 10 degrees over a station of middle latitude five times a day.
PASSES_A_YEAR, SAMPLES_A_PASS = 1_800, 420
REPEATS = 400


def pass_of(samples, *, is_moonlit=False):
    """Past a station at 250 km, Sun far down; above 10 degrees."""
    t = np.linspace(-200.0, 200.0, samples)
    range_m = np.hypot(560e3, 7.0e3 * t)
    zero = np.zeros(t.size)
    return Track(
        epoch=datetime(2026, 1, 1, tzinfo=UTC),
        times_s=t,
        azimuth_rad=zero,
        elevation_rad=np.arcsin(500e3 / range_m),
        range_m=range_m,
        range_rate_m_s=zero,
        azimuth_rate_rad_s=zero,
        elevation_rate_rad_s=zero,
        sun_elevation_rad=zero - 0.8,
        moon_elevation_rad=zero + (0.5 if is_moonlit else -0.5),
        moon_separation_rad=zero + 1.0,
        moon_phase_angle_rad=zero + 1.0,
        sunlit_fraction=zero + (1.0 if is_moonlit else 0.0),
        solar_phase_angle_rad=zero + 1.0,
        is_usable=zero == 0.0,
    )


def counted(track, air=AIR):
    """Budget, noise and rates of one track."""
    noise = expected_noise(track, SENDER, TELESCOPE, air)
    budget = downlink_budget(
        track, SENDER, SOURCE, TELESCOPE, air, HEIGHT_M, light_noise_hz=noise.light_hz
    )
    return expected_rates(budget, noise, SOURCE, TELESCOPE)


def one_sample(track, index):
    """The same track at one instant."""
    arrays = {
        field.name: getattr(track, field.name)[index : index + 1]
        for field in fields(track)
        if isinstance(getattr(track, field.name), np.ndarray)
    }
    return replace(track, **arrays)


def best_s(task, repeats):
    """Shortest of some runs, which other work on the machine has disturbed least."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        task()
        best = min(best, time.perf_counter() - start)
    return best


def year_s():
    """Every pass of a year, one after the other, each with its own geometry."""
    base = pass_of(SAMPLES_A_PASS)
    tracks = [
        replace(base, range_m=base.range_m * (1.0 + 1e-4 * number))
        for number in range(PASSES_A_YEAR)
    ]
    start = time.perf_counter()
    for track in tracks:
        counted(track)
    return time.perf_counter() - start


def main():
    numbers = np.linspace(0.1, 1.0, 600)
    logarithms_s = best_s(lambda: np.log10(numbers), REPEATS)
    print(f"600 logarithms on this machine {1e6 * logarithms_s:24.1f} us")
    print("budget, noise and counts of one pass")
    dark, moonlit = pass_of(600), pass_of(600, is_moonlit=True)
    cases = {
        "dark, no turbulence": (dark, AIR),
        "moonlit, satellite in the Sun": (moonlit, AIR),
        "dark, turbulence": (dark, TURBULENT),
    }
    times_s = {}
    for name, (track, air) in cases.items():
        counted(track, air)
        times_s[name] = best_s(lambda track=track, air=air: counted(track, air), REPEATS)
        print(
            f"  600 samples, {name:30s} {1e3 * times_s[name]:7.3f} ms, "
            f"{1e6 * times_s[name] / 600:6.3f} us a sample"
        )
    for samples in (6_000, 60_000):
        track = pass_of(samples)
        seconds = best_s(lambda track=track: counted(track), 20)
        print(
            f"  {samples} samples{'':28s} {1e3 * seconds:10.3f} ms, "
            f"{1e6 * seconds / samples:6.3f} us a sample"
        )
    singles = [one_sample(dark, index) for index in range(600)]
    loop_s = best_s(lambda: [counted(single) for single in singles], 3)
    ours = counted(dark).detected_hz
    theirs = np.array([counted(single).detected_hz[0] for single in singles])
    print(f"  sample by sample {1e3 * loop_s:38.3f} ms")
    print(f"  ratio {loop_s / times_s['dark, no turbulence']:49.0f}")
    print(f"  largest relative difference {np.max(np.abs(theirs / ours - 1.0)):27.1e}")
    print(f"station-year of one satellite, {PASSES_A_YEAR} passes: {year_s():.2f} s")


if __name__ == "__main__":
    main()

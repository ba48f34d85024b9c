"""Count forecast of a pass from draws against full budgets, draw by draw, in the same run."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from passes.counts.expected import expected_rates
from passes.counts.noise import expected_noise
from passes.counts.source import DecoySource
from passes.counts.spread.forecast import forecast_counts
from passes.counts.spread.priors import default_priors
from passes.link.air.extinction import aerosol_optical_depth
from passes.link.downlink import downlink_budget
from passes.link.terminals import Atmosphere, BasisChoice, Detector, Receiver, Transmitter
from passes.track import Track

SENDER = Transmitter(850e-9, 7.4e-6, "7.4 urad 1/e2-half", 1.2e-6, 0.0, 1.0)
DETECTOR = Detector(0.5, 25.0, 50e-9, 350e-12, 2e-9, 0.0, 4, BasisChoice.PASSIVE, 0.5)
TELESCOPE = Receiver(850e-9, 1.0, 0.0, 0.16, 1e-9, 100e-6, 500e-12, 2e10, DETECTOR)
SOURCE = DecoySource(1e8, (0.8, 0.1, 0.0), (0.5, 0.25, 0.25), 0.5, 200e-12, 0.0036)
AIR = Atmosphere(0.15, "rural23", 0.014, 344.0)
DRAWS, COMPARED = 2_000, 200


def pass_of_600_s():
    t = np.arange(-300.0, 300.0)
    range_m = np.hypot(550e3, 6.5e3 * t)
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
        moon_elevation_rad=zero - 0.5,
        moon_separation_rad=zero + 1.0,
        moon_phase_angle_rad=zero + 1.0,
        sunlit_fraction=zero,
        solar_phase_angle_rad=zero,
        is_usable=zero == 0.0,
    )


def full_signal(track, v, index):
    """Signal counts of one draw, from a budget of its own."""
    value = {name: float(array[index]) for name, array in v.items()}
    depth = value["aerosol_optical_depth_550"] * (850 / 550) ** -value["angstrom_exponent"]
    sender = replace(
        SENDER,
        half_angle_rad=value["half_angle_rad"],
        pointing_jitter_rad=value["pointing_jitter_rad"],
        pointing_bias_rad=value["pointing_bias_rad"],
    )
    photons = value["mean_photon_number"] / SOURCE.intensities[0]
    source = replace(SOURCE, intensities=tuple(mu * photons for mu in SOURCE.intensities))
    receiver = replace(
        TELESCOPE,
        optics_efficiency=value["receiver_optics_efficiency"],
        dark_sky_radiance=TELESCOPE.dark_sky_radiance * value["background_scale"],
        detector=replace(DETECTOR, efficiency=value["detector_efficiency"]),
    )
    air = replace(
        AIR,
        aerosol_optical_depth_550=depth / aerosol_optical_depth(850e-9, 1.0, "rural23"),
        precipitable_water_m=value["precipitable_water_m"],
        cirrus_optical_depth=value["cirrus_optical_depth"],
    )
    noise = expected_noise(track, sender, receiver, air)
    budget = downlink_budget(
        track, sender, source, receiver, air, 0.0, light_noise_hz=noise.light_hz
    )
    return expected_rates(budget, noise, source, receiver).signal_hz.sum()


def main():
    track = pass_of_600_s()
    priors = default_priors(SENDER, SOURCE, TELESCOPE, AIR)
    noise = expected_noise(track, SENDER, TELESCOPE, AIR)
    budget = downlink_budget(
        track, SENDER, SOURCE, TELESCOPE, AIR, 0.0, light_noise_hz=noise.light_hz
    )

    def forecast():
        return forecast_counts(
            track,
            budget,
            noise,
            transmitter=SENDER,
            source=SOURCE,
            receiver=TELESCOPE,
            atmosphere=AIR,
            priors=priors,
            slot_s=1.0,
            generator=np.random.default_rng(1),
            draws=DRAWS,
        )

    result = forecast()
    repeats = 20
    start = time.process_time()
    for _ in range(repeats):
        forecast()
    fast_s = (time.process_time() - start) / repeats
    start = time.process_time()
    signal = np.array([full_signal(track, result.draws.values, k) for k in range(COMPARED)])
    slow_s = (time.process_time() - start) * DRAWS / COMPARED
    print(f"600-second pass, {DRAWS} draws with contributions {1e3 * fast_s:.1f} ms (limit 50 ms)")
    print(f"600-second pass, {DRAWS} full budgets {1e3 * slow_s:.0f} ms ({COMPARED} were computed)")
    print(f"ratio {slow_s / fast_s:.0f}")
    draws = result.draws
    ours = draws.efficiency[:COMPARED] @ draws.seconds
    off_db = 10.0 * np.log10(signal / ours)
    print(f"difference of the signal between draws {np.ptp(off_db):.4f} dB at most")


if __name__ == "__main__":
    main()

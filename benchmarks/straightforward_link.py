"""Loss, noise and counts of a pass as one would write them: a loop over its seconds."""

import math

from passes.link.air.extinction import vertical_loss
from passes.link.detection.receiver import collecting_area_m2, field_of_view_sr, gate_fraction
from passes.sky.magnitudes import NEPERS_PER_MAGNITUDE, photon_radiance
from passes.sky.radiance import SUNLIGHT_V_MINUS_I


def loss_db(transmittance):
    return -10.0 * math.log10(transmittance)


def counts_of_pass(track, sender, source, receiver, air, height_m):
    """Terms [dB], noise rates, clicks per second and QBER of each second of a dark pass.

    Without turbulence, fog, Moon and sunlit satellite; equal bases; no lamps.
    """
    detector = receiver.detector
    vertical = vertical_loss(sender.wavelength_m, air, height_m, None)
    at_sea = vertical_loss(receiver.wavelength_m, air, 0.0, None)
    extinction_mag = (
        at_sea.rayleigh_db + at_sea.ozone_db + at_sea.water_db
        + at_sea.mixed_db + at_sea.aerosol_db + at_sea.cirrus_db
    ) / 4.0  # fmt: skip
    in_gate = gate_fraction(
        detector.gate_s,
        source.pulse_fwhm_s,
        detector.jitter_fwhm_s,
        receiver.synchronisation_jitter_s,
    )
    per_radiance_hz = (
        collecting_area_m2(receiver)
        * field_of_view_sr(receiver)
        * 1e9
        * receiver.filter_bandwidth_m
        * receiver.optics_efficiency
        * detector.efficiency
    )
    sunset = float(photon_radiance(2.5 * 2.51, SUNLIGHT_V_MINUS_I, receiver.wavelength_m))
    rows = []
    for elevation_rad, range_m, sun_rad in zip(
        track.elevation_rad.tolist(),
        track.range_m.tolist(),
        track.sun_elevation_rad.tolist(),
        strict=True,
    ):
        rows.append(
            _second(
                elevation_rad, range_m, sun_rad, sender, source, receiver, vertical,
                extinction_mag, in_gate, per_radiance_hz, sunset,
            )
        )  # fmt: skip
    return rows


def _caught(width_m, diameter_m):
    return -math.expm1(-(diameter_m**2) / (2.0 * width_m**2))


def _second(
    elevation_rad, range_m, sun_rad, sender, source, receiver, vertical,
    extinction_mag, in_gate, per_radiance_hz, sunset,
):  # fmt: skip
    detector = receiver.detector
    zenith_deg = 90.0 - math.degrees(elevation_rad)
    cosine = math.cos(math.radians(zenith_deg))
    airmass = 1.0 / (cosine + 0.50572 * (96.07995 - zenith_deg) ** -1.6364)
    low = 1.0 / (cosine + 0.031141 * zenith_deg**0.1 * (92.4710 - zenith_deg) ** -1.3814)
    width_m = sender.half_angle_rad * range_m
    mean_m = math.hypot(width_m, 2.0 * sender.pointing_jitter_rad * range_m)
    inner_m = receiver.aperture_m * receiver.obscuration
    open_aperture = _caught(width_m, receiver.aperture_m)
    free = open_aperture - _caught(width_m, inner_m)
    trembling = _caught(mean_m, receiver.aperture_m) - _caught(mean_m, inner_m)
    terms = {
        "geometric": loss_db(open_aperture),
        "obscuration": loss_db(free / open_aperture),
        "pointing": loss_db(trembling / free),
        "transmitter optics": loss_db(sender.optics_efficiency),
        "rayleigh": vertical.rayleigh_db * airmass,
        "ozone": vertical.ozone_db * airmass,
        "water": vertical.water_db * low**vertical.water_power,
        "mixed gases": vertical.mixed_db * airmass**vertical.mixed_power,
        "aerosol": vertical.aerosol_db * low,
        "cirrus": vertical.cirrus_db * airmass,
        "receiver optics": loss_db(receiver.optics_efficiency),
        "detector efficiency": loss_db(detector.efficiency),
    }
    ungated = 10.0 ** (-sum(terms.values()) / 10.0)
    shell = 1.0 / math.sqrt(1.0 - 0.96 * math.cos(elevation_rad) ** 2)
    dimming = math.exp(-NEPERS_PER_MAGNITUDE * extinction_mag * (shell - 1.0))
    sky_hz = per_radiance_hz * receiver.dark_sky_radiance * shell * dimming
    twilight_hz = per_radiance_hz * sunset * 10.0 ** (0.438 * math.degrees(sun_rad))
    dark_hz = detector.count * detector.dark_count_rate_hz
    ungated_hz = source.pulse_rate_hz * sum(
        p * -math.expm1(-mu * ungated)
        for mu, p in zip(source.intensities, source.probabilities, strict=True)
    )
    rate_hz = (ungated_hz + sky_hz + twilight_hz + dark_hz) / detector.count
    live = 1.0 / (1.0 + rate_hz * detector.dead_time_s)
    terms |= {"gate": loss_db(in_gate), "dead time": loss_db(live)}
    efficiency = 10.0 ** (-sum(terms.values()) / 10.0)
    noise = -math.expm1(-(sky_hz + twilight_hz + dark_hz) * live * detector.gate_s) / 2.0
    afterpulse = detector.afterpulse_probability
    detected_hz = signal_hz = 0.0
    for mu, p in zip(source.intensities, source.probabilities, strict=True):
        photons = -math.expm1(-mu * efficiency)
        signal_hz += source.pulse_rate_hz * p * photons
        clicks = (1.0 + afterpulse) * (photons + 2.0 * noise * (1.0 - photons))
        detected_hz += source.pulse_rate_hz * p * clicks
    photons = -math.expm1(-source.intensities[0] * efficiency)
    clicks = (1.0 + afterpulse) * (photons + 2.0 * noise * (1.0 - photons))
    wrong = noise + source.intrinsic_qber * photons + afterpulse * clicks / 2.0
    sifted_hz = source.pulse_rate_hz * source.probabilities[0] * clicks / 2.0
    return terms, sky_hz, twilight_hz, detected_hz, signal_hz, sifted_hz, wrong / clicks

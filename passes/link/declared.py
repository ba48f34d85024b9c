"""Declared parameters of a link that cannot be are refused by name, before anything follows."""

import math
from collections.abc import Iterator
from functools import lru_cache

from passes.counts.source import DecoySource
from passes.errors import LinkError
from passes.link.terminals import Atmosphere, Detector, Receiver, Transmitter

# What a parameter may be: name, value, lowest, highest.
_Limit = tuple[str, float | None, float, float]
_TINY = 1e-12


@lru_cache(maxsize=256)
def require_possible(
    transmitter: Transmitter, source: DecoySource, receiver: Receiver, atmosphere: Atmosphere
) -> None:
    """Refuse a link of which a parameter is NaN, of the wrong sign, or a percentage.

    Raises
    ------
    LinkError : names the first parameter with its value and limits
    """
    for limits in (
        _of_transmitter(transmitter),
        _of_source(source),
        _of_receiver(receiver),
        _of_detector(receiver.detector),
        _of_atmosphere(atmosphere),
    ):
        for name, value, low, high in limits:
            if value is not None and not low <= value <= high:
                raise LinkError(f"{name} = {value:g} is outside {low:g}..{high:g}")
    if abs(math.fsum(source.probabilities) - 1.0) > 1e-9:
        raise LinkError(f"probabilities sum to {math.fsum(source.probabilities):.10g}, not to 1")


def _of_transmitter(one: Transmitter) -> Iterator[_Limit]:
    yield "transmitter half_angle_rad", one.half_angle_rad, _TINY, 1.0
    yield "transmitter pointing_jitter_rad", one.pointing_jitter_rad, 0.0, 1.0
    yield "transmitter pointing_bias_rad", one.pointing_bias_rad, 0.0, 1.0
    yield "transmitter optics_efficiency", one.optics_efficiency, _TINY, 1.0
    yield "transmitter reflecting_area_m2", one.reflecting_area_m2, 0.0, 1e4
    yield "transmitter albedo", one.albedo, 0.0, 1.0


def _of_source(one: DecoySource) -> Iterator[_Limit]:
    yield "pulse_rate_hz", one.pulse_rate_hz, _TINY, 1e12
    yield "pulse_fwhm_s", one.pulse_fwhm_s, 0.0, 1.0
    yield "intrinsic_qber", one.intrinsic_qber, 0.0, 0.5
    yield "key_basis_probability of the source", one.key_basis_probability, 0.0, 1.0
    for index, (mu, share) in enumerate(zip(one.intensities, one.probabilities, strict=True)):
        yield f"intensities[{index}]", mu, 0.0, 100.0
        yield f"probabilities[{index}]", share, 0.0, 1.0


def _of_receiver(one: Receiver) -> Iterator[_Limit]:
    yield "receiver aperture_m", one.aperture_m, 1e-3, 100.0
    yield "receiver obscuration", one.obscuration, 0.0, 1.0 - 1e-9
    yield "receiver optics_efficiency", one.optics_efficiency, _TINY, 1.0
    yield "receiver filter_bandwidth_m", one.filter_bandwidth_m, _TINY, 1e-6
    yield "receiver field_of_view_rad", one.field_of_view_rad, 1e-9, 0.1
    yield "receiver synchronisation_jitter_s", one.synchronisation_jitter_s, 0.0, 1.0
    yield "receiver dark_sky_radiance", one.dark_sky_radiance, 0.0, 1e25


def _of_detector(one: Detector) -> Iterator[_Limit]:
    yield "detector efficiency", one.efficiency, _TINY, 1.0
    yield "detector dark_count_rate_hz", one.dark_count_rate_hz, 0.0, 1e12
    yield "detector dead_time_s", one.dead_time_s, 0.0, 1.0
    yield "detector jitter_fwhm_s", one.jitter_fwhm_s, 0.0, 1.0
    yield "detector gate_s", one.gate_s, 1e-15, 1.0
    yield "detector afterpulse_probability", one.afterpulse_probability, 0.0, 1.0
    yield "detector count", float(one.count), 1.0, 1e6
    yield "detector key_basis_probability", one.key_basis_probability, 0.0, 1.0


def _of_atmosphere(one: Atmosphere) -> Iterator[_Limit]:
    yield "aerosol_optical_depth_550", one.aerosol_optical_depth_550, 0.0, 100.0
    yield "precipitable_water_m", one.precipitable_water_m, 0.0, 1.0
    yield "ozone_du", one.ozone_du, 0.0, 2000.0
    yield "cirrus_optical_depth", one.cirrus_optical_depth, 0.0, 1e3

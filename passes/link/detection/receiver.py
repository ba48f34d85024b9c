"""What a ground telescope and its detectors let through."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf

from passes.errors import LinkError
from passes.link.terminals import Receiver

Floats = NDArray[np.float64]

RMS_PER_FWHM = 1.0 / (2.0 * np.sqrt(2.0 * np.log(2.0)))


def gate_fraction(
    gate_s: float,
    pulse_fwhm_s: float,
    detector_jitter_fwhm_s: float,
    synchronisation_jitter_s: float,
    clock_offset_s: float = 0.0,
) -> float:
    """Share of the signal clicks that fall into the gate.

    Parameters
    ----------
    gate_s : full width of the gate
    pulse_fwhm_s, detector_jitter_fwhm_s : full widths at half maximum, taken as Gaussian
    synchronisation_jitter_s : rms
    clock_offset_s : between the gate's centre and the pulses

    Returns
    -------
    Fraction in (0, 1]. Real detectors have a slow tail that a Gaussian lacks: a few percent more
    are lost in gates shorter than 1 ns.
    """
    if not gate_s > 0.0:
        raise LinkError(f"gate of {1e9 * gate_s:g} ns is not positive")
    rms_s = np.sqrt(
        (RMS_PER_FWHM * pulse_fwhm_s) ** 2
        + (RMS_PER_FWHM * detector_jitter_fwhm_s) ** 2
        + synchronisation_jitter_s**2
    )
    if rms_s == 0.0:
        return 1.0 if abs(clock_offset_s) <= gate_s / 2.0 else 0.0
    late = erf((gate_s / 2.0 - clock_offset_s) / (np.sqrt(2.0) * rms_s))
    early = erf((gate_s / 2.0 + clock_offset_s) / (np.sqrt(2.0) * rms_s))
    return float(0.5 * (late + early))


def live_fraction(rate_hz: ArrayLike, dead_time_s: float) -> Floats:
    """Share of clicks that a non-paralysable detector counts, 1 / (1 + rate x dead time).

    For the other kind of detector see `passes.link.detection.dead_time`.

    Parameters
    ----------
    rate_hz : what one detector would count without dead time, any shape
    dead_time_s : after each counted click
    """
    return np.asarray(1.0 / (np.multiply(rate_hz, dead_time_s) + 1.0))


def collecting_area_m2(receiver: Receiver) -> float:
    """Area of the primary that the central obstruction leaves free."""
    return float(np.pi / 4.0 * receiver.aperture_m**2 * (1.0 - receiver.obscuration**2))


def field_of_view_sr(receiver: Receiver) -> float:
    """Solid angle of the field stop, from its full angle."""
    return float(np.pi / 4.0 * receiver.field_of_view_rad**2)

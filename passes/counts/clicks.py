"""From photons in a gate to clicks and their errors."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError

Floats = NDArray[np.float64]


def click_probability(mean_clicks: ArrayLike) -> Floats:
    """Probability that a detector that cannot count photons clicks in a gate, 1 - exp(-x).

    Parameters
    ----------
    mean_clicks : efficiency times mean photon number, plus the mean of all noise in the gate; not
        negative, any shape

    Returns
    -------
    Probability of the same shape, exact for Poisson light. The mean itself exceeds 1 in daylight.
    """
    mean = np.asarray(mean_clicks, dtype=np.float64)
    if not np.all(mean >= 0.0):
        raise LinkError(f"mean number of clicks {np.min(mean):g} is negative")
    return np.asarray(-np.expm1(-mean))


def mean_dark_clicks(dark_count_rate_hz: ArrayLike, gate_s: float, count: int = 1) -> Floats:
    """Mean number of dark counts of some detectors in one gate.

    Parameters
    ----------
    dark_count_rate_hz : per detector, any shape
    gate_s : full width of the gate
    count : detectors that are read in that gate
    """
    return np.asarray(count * np.asarray(dark_count_rate_hz, dtype=np.float64) * gate_s)


def with_afterpulses(clicks: ArrayLike, afterpulse_probability: float) -> Floats:
    """Clicks including those that earlier clicks leave behind, (1 + p) times as many.

    Echoes of echoes are left out: 0.01 % for a probability of 1 %.
    """
    _require_probability("afterpulse_probability", afterpulse_probability, 1.0)
    return np.asarray((1.0 + afterpulse_probability) * np.asarray(clicks, dtype=np.float64))


def quantum_bit_error_rate(
    signal: ArrayLike,
    noise: ArrayLike,
    optical_error: float,
    afterpulse_probability: float = 0.0,
) -> Floats:
    """Error rate of sifted clicks from light of the source, from noise and from afterpulses.

    Parameters
    ----------
    signal : clicks of the source, as rate or probability, any shape
    noise : dark counts and background in the same unit and the same gates; half of them are wrong
    optical_error : probability that a click of the source is wrong, see `combine_error_rates`
    afterpulse_probability : per click; half of these are wrong, whatever caused them

    Returns
    -------
    Error rate in [0, 1/2], shape of the inputs broadcast; NaN where nothing clicks.
    """
    _require_probability("optical_error", optical_error, 0.5)
    _require_probability("afterpulse_probability", afterpulse_probability, 1.0)
    source, dark = np.asarray(signal, dtype=np.float64), np.asarray(noise, dtype=np.float64)
    clicks = source + dark
    wrong = optical_error * source + (dark + afterpulse_probability * clicks) / 2.0
    with np.errstate(invalid="ignore"):
        return np.asarray(wrong / with_afterpulses(clicks, afterpulse_probability))


def _require_probability(name: str, value: float, largest: float) -> None:
    if not 0.0 <= value <= largest:
        raise LinkError(f"{name} {value:g} is outside 0..{largest:g}")

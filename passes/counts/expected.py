"""Expected counts per second along a track."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Noise:
    """Clicks that are not signal, per second and before gating; arrays of shape (n,).

    Each rate is what all detectors together would count without a gate, detector efficiency
    included.

    Parameters
    ----------
    dark_hz : dark counts
    sky_hz : night sky without Moon, airglow and stars
    twilight_hz : scattered sunlight
    moon_hz : scattered moonlight
    satellite_hz : sunlight reflected by the satellite itself
    """

    dark_hz: Floats
    sky_hz: Floats
    twilight_hz: Floats
    moon_hz: Floats
    satellite_hz: Floats


@dataclass(frozen=True, slots=True)
class CountRates:
    """Expected rates per second along a track; arrays of shape (n,).

    Parameters
    ----------
    detected_hz : clicks in the gates, all intensities and bases, noise included
    signal_hz : of these, clicks from photons of the source
    noise_hz : of these, everything else in the gates
    sifted_hz : signal-intensity clicks where both sides chose the same basis (the published
        meaning of "sifted key" for Micius; decoys are not in it)
    qber : error rate of the sifted clicks
    """

    detected_hz: Floats
    signal_hz: Floats
    noise_hz: Floats
    sifted_hz: Floats
    qber: Floats

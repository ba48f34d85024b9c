"""The pulsed decoy-state source on the satellite (or in a fibre terminal)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DecoySource:
    """A three-intensity weak-coherent-pulse source for decoy-state BB84.

    Parameters
    ----------
    pulse_rate_hz : pulses per second
    intensities : mean photon numbers (signal, decoy, vacuum), where the channel efficiency starts
    probabilities : of the three intensities, summing to 1
    key_basis_probability : share of pulses that the sender prepares in the key basis
    pulse_fwhm_s : duration of one pulse
    intrinsic_qber : error probability of a signal photon (polarisation contrast, alignment)
    """

    pulse_rate_hz: float
    intensities: tuple[float, float, float]
    probabilities: tuple[float, float, float]
    key_basis_probability: float
    pulse_fwhm_s: float
    intrinsic_qber: float

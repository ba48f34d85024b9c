"""The key that the same counts would give without any finite-size cost."""

import numpy as np
from numpy.typing import NDArray

from passes.counts.source import DecoySource
from passes.key.decoy.bounds import photon_number_probability
from passes.key.entropy import binary_entropy
from passes.key.records import DecoyCounts


def asymptotic_key_bits(
    counts: DecoyCounts, source: DecoySource, error_correction_bits: float
) -> float:
    """Key of an infinite block with infinitely many decoy intensities [bits], never negative.

    Parameters
    ----------
    counts : detections and errors by intensity
    source : intensities and probabilities
    error_correction_bits : disclosed, without finite-size terms

    Notes
    -----
    s_0 + s_1 [1 - h(e_1)] - lambda_EC (Gottesman, Lo, Lütkenhaus, Preskill 2004; Lo, Ma, Chen
    2005). With infinitely many intensities the gain g(mu) = sum_n e^{-mu} mu^n/n! Y_n is a known
    curve, and the yields are Y_0 = g(0), Y_1 = g(0) + g'(0). Here the curve is the parabola
    through the three gains that were counted; for a lossy channel that is low by at most
    eta^2 mu_1 mu_2 / 6 of Y_1: 1e-6 on a downlink, 2 % on a channel without loss.
    Test errors that were shared out by detections (an option of `decoy_counts_from_slots`)
    overstate the errors of single photons, and lower the limit by up to 1 %.
    """
    sifted = float(sum(counts.key))
    empty, single = _yields(counts.key, source)
    vacuum = min(max(photon_number_probability(0, source) * empty, 0.0), sifted)
    tau_1 = photon_number_probability(1, source)
    key_single = min(max(tau_1 * single, 0.0), sifted - vacuum)
    test_single = tau_1 * _yields(counts.test, source)[1]
    wrong_single = tau_1 * _yields(counts.test_errors, source)[1]
    phase_error = 0.5
    if test_single > 0.0:
        phase_error = min(max(wrong_single / test_single, 0.0), 0.5)
    bits = vacuum + key_single * (1.0 - binary_entropy(phase_error)) - error_correction_bits
    return max(bits, 0.0)


def _yields(counts: NDArray[np.float64], source: DecoySource) -> tuple[float, float]:
    """Counts that all pulses would give if each held no photon, and if each held exactly one."""
    a, b, c = source.intensities
    gains = [
        float(count) / share for count, share in zip(counts, source.probabilities, strict=True)
    ]
    rise = (gains[1] - gains[2]) / (b - c)
    bend = ((gains[0] - gains[1]) / (a - b) - rise) / (a - c)
    empty = gains[2] - rise * c + bend * b * c
    slope = rise - bend * (b + c)
    return empty, empty + slope

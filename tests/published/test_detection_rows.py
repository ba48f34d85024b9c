"""Detectors, gates and errors beside printed numbers and simulated clicks."""

import numpy as np
import pytest

from passes.counts.expected import rates_of
from passes.counts.polarisation import (
    combine_error_rates,
    contrast_error_rate,
    polarisation_error_rate,
    retardance_error_rate,
    rotation_error_rate,
)
from passes.counts.source import DecoySource, Pulses
from passes.link.detection.dead_time import counted_rate_hz
from passes.link.detection.receiver import gate_fraction
from passes.link.terminals import BasisChoice, Detector, Receiver


# One million clicks per second, 50 ns: printed to a click.
@pytest.mark.parametrize(
    ("rate_hz", "dead_time_s", "kind", "counted_hz", "tolerance"),
    [
        (1e6, 50e-9, "non-paralysable", 952_380.95238095, 1e-6),
        (1e6, 1e-6, "non-paralysable", 500_000.0, 1e-6),
        (5e6, 50e-9, "non-paralysable", 4_000_000.0, 1e-6),
        (1e6, 50e-9, "paralysable", 951_229.0, 1e-6),
    ],
)
def test_dead_time_takes_what_is_printed(rate_hz, dead_time_s, kind, counted_hz, tolerance):
    assert counted_rate_hz(rate_hz, dead_time_s, kind) == pytest.approx(counted_hz, rel=tolerance)


@pytest.mark.parametrize("kind", ["non-paralysable", "paralysable"])
def test_dead_time_agrees_with_simulated_clicks(kind):
    # Two clicks per dead time on average, where the kinds differ by more than a factor of two.
    arrivals_s = np.cumsum(np.random.default_rng(4).exponential(0.5, 60_000))
    counted, blind_until = 0, -1.0
    for arrival in arrivals_s:
        is_counted = arrival >= blind_until
        counted += is_counted
        if is_counted or kind == "paralysable":
            blind_until = arrival + 1.0
    # Counting error below 1 / sqrt(8000) = 1.1 %; three of them.
    assert counted_rate_hz(2.0, 1.0, kind) == pytest.approx(counted / arrivals_s[-1], rel=0.035)


def test_a_paralysable_detector_counts_most_at_one_click_per_dead_time():
    rates_hz = np.linspace(1e5, 1e8, 1000)
    counted = counted_rate_hz(rates_hz, 100e-9, "paralysable")
    assert rates_hz[np.argmax(counted)] == pytest.approx(1e7, rel=0.01)
    assert counted.max() == pytest.approx(1e7 / np.e, rel=1e-4)


# Gate, jitter (FWHM), share; four or eight digits.
@pytest.mark.parametrize(
    ("gate_s", "jitter_fwhm_s", "fraction", "tolerance"),
    [
        (1e-9, 350e-12, 0.99923186, 1e-6),
        (100e-12, 50e-12, 0.98146832, 1e-6),
        (0.5e-9, 350e-12, 0.9074, 5e-5),
    ],
)
def test_centred_gate_keeps_the_printed_share(gate_s, jitter_fwhm_s, fraction, tolerance):
    ours = gate_fraction(gate_s, 0.0, jitter_fwhm_s, 0.0)
    assert ours == pytest.approx(fraction, abs=tolerance)


def test_gate_against_pulse_jitter_and_clock_offset_agrees_with_drawn_clicks():
    rng = np.random.default_rng(7)
    rms_per_fwhm = 1.0 / 2.354820045
    instants_ns = (
        0.2 * rms_per_fwhm * rng.standard_normal(400_000)
        + 0.35 * rms_per_fwhm * rng.standard_normal(400_000)
        + 0.5 * rng.standard_normal(400_000)
        + 0.6
    )
    ours = gate_fraction(2e-9, 200e-12, 350e-12, 500e-12, clock_offset_s=0.6e-9)
    # Standard error 0.0007.
    assert ours == pytest.approx(np.mean(np.abs(instants_ns) <= 1.0), abs=0.0025)
    assert ours == gate_fraction(2e-9, 200e-12, 350e-12, 500e-12, clock_offset_s=-0.6e-9)
    # Without offset 0.26 dB are lost, with it 1.12 dB.
    assert -10 * np.log10(gate_fraction(2e-9, 200e-12, 350e-12, 500e-12)) == pytest.approx(
        0.26, abs=0.005
    )
    assert -10 * np.log10(ours) == pytest.approx(1.12, abs=0.02)


# Printed to eight or four decimals; rows of the former allow 1e-9, less than half a last digit.
@pytest.mark.parametrize(
    ("angle_deg", "error"), [(1, 0.00030459), (2, 0.0012), (3, 0.00273905), (5, 0.0076)]
)
def test_rotation_costs_the_square_of_its_sine(angle_deg, error):
    digits = 5e-9 if error in (0.00030459, 0.00273905) else 5e-5
    assert rotation_error_rate(np.radians(angle_deg)) == pytest.approx(error, abs=digits)


@pytest.mark.parametrize(
    ("contrast", "error"), [(225, 0.00442478), (500, 0.00199601), (280, 0.0036)]
)
def test_contrast_costs_one_part_of_itself_and_one(contrast, error):
    digits = 5e-9 if error != 0.0036 else 5e-5
    assert contrast_error_rate(contrast) == pytest.approx(error, abs=digits)


def test_rotation_and_contrast_combine_as_jones_and_mueller_say():
    # Linear polarisation of imperfect contrast through a rotator onto an analyser: the Stokes
    # vector (1, V) turned by twice the angle, error (1 - V cos 2 phi) / 2.
    contrast, angle = 280.0, np.radians(3.0)
    visibility = (contrast - 1) / (contrast + 1)
    expected = (1 - visibility * np.cos(2 * angle)) / 2
    assert polarisation_error_rate((contrast,), (angle,)) == pytest.approx(expected, rel=1e-12)
    # A further 1 %: the product rule, drawn as three independent flips.
    rng = np.random.default_rng(11)
    rates = (contrast_error_rate(contrast), float(rotation_error_rate(angle)), 0.01)
    flips = sum((rng.random(1_000_000) < rate).astype(int) for rate in rates)
    ours = polarisation_error_rate((contrast,), (angle,), (0.01,))
    # Standard error 1.3e-4.
    assert ours == pytest.approx(np.mean(flips % 2), abs=5e-4)
    assert ours == pytest.approx(float(combine_error_rates(*rates)), rel=1e-12)


def test_retarding_mirror_spoils_the_diagonal_basis_by_the_sine_of_half_its_delay():
    # Jones calculus: diagonal light through diag(1, exp(i delay)) onto the crossed analyser.
    delay = 0.3
    diagonal = np.array([1.0, 1.0]) / np.sqrt(2)
    crossed = np.array([1.0, -1.0]) / np.sqrt(2)
    leak = np.abs(crossed @ (np.array([1.0, np.exp(1j * delay)]) * diagonal)) ** 2
    assert retardance_error_rate(delay) == pytest.approx(leak, rel=1e-12)


def rates(mean_photons, noise=0.0, optical_error=0.0, echo=0.0):
    """A billion pulses of one intensity into a receiver that sees every photon."""
    detector = Detector(1.0, 0.0, 0.0, 0.0, 1e-9, echo, 4, BasisChoice.PASSIVE, 0.5)
    receiver = Receiver(785e-9, 1.0, 0.0, 1.0, 1e-9, 1e-4, 0.0, 0.0, detector)
    source = DecoySource(1e9, (mean_photons, 0.0, 0.0), (1.0, 0.0, 0.0), 0.5, 0.0, optical_error)
    per_gate = (np.array([noise]), np.array([noise]))
    return rates_of(np.ones(1), per_gate, Pulses.of(source), source, receiver)


def test_click_probability_is_that_of_poisson_light_and_never_above_one():
    # Ten photons on average are 0.99995 clicks; the mean itself would be ten.
    drawn = np.random.default_rng(5).poisson(0.7, 500_000) > 0
    assert rates(0.7).detected_hz[0] / 1e9 == pytest.approx(np.mean(drawn), abs=0.003)
    assert rates(10.0).detected_hz[0] / 1e9 == pytest.approx(0.9999546, abs=1e-7)
    assert rates(3.42).detected_hz[0] < 1e9
    assert rates(1e-12).detected_hz[0] / 1e9 == pytest.approx(1e-12, rel=1e-9)


def test_error_rate_of_signal_noise_and_afterpulses_agrees_with_drawn_clicks():
    rng = np.random.default_rng(13)
    signal, noise, optical_error, echo = 3e5, 1e5, 0.02, 0.05
    source = rng.poisson(signal)
    dark = rng.poisson(noise)
    echoes = rng.binomial(source + dark, echo)
    wrong = (
        rng.binomial(source, optical_error) + rng.binomial(dark, 0.5) + rng.binomial(echoes, 0.5)
    )
    # Of a billion gates; either of two detectors makes half of the noise.
    ours = rates(signal / 1e9, noise / 2e9, optical_error, echo)
    # Standard error 5e-4.
    assert ours.qber[0] == pytest.approx(wrong / (source + dark + echoes), abs=2e-3)
    assert ours.detected_hz[0] == pytest.approx(source + dark + echoes, rel=6e-3)
    # Bases agree by chance in half of the pulses.
    assert ours.sifted_hz[0] == pytest.approx(ours.detected_hz[0] / 2.0, rel=1e-12)

"""What a telescope catches on average of a beam that trembles, at any width."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ive

from passes.link.beam_terms import beam_losses_db, prepare_beam
from passes.link.optics.beam import aperture_capture, obscured_capture, offset_capture
from passes.link.optics.pointing import mean_pointing_transmittance
from passes.link.terminals import BasisChoice, Detector, Receiver, Transmitter

SENDER = Transmitter(850e-9, 7.4e-6, "7.4 urad 1/e2-half", 1.2e-6, 0.0, 1.0)
DETECTOR = Detector(0.5, 25.0, 50e-9, 350e-12, 2e-9, 0.0, 4, BasisChoice.PASSIVE, 0.5)
TELESCOPE = Receiver(850e-9, 1.0, 0.0, 0.16, 1e-9, 100e-6, 500e-12, 2e10, DETECTOR)


def losses(sender, receiver, range_m):
    """Losses onto the aperture, into its obstruction and by pointing [dB]."""
    out = np.empty((3, np.size(range_m)))
    beam_losses_db(prepare_beam(sender, receiver), np.atleast_1d(range_m), out)
    return out


@pytest.mark.parametrize("offset", [0.0, 0.01, 1.0, 9.9, 10.1, 60.0])
@pytest.mark.parametrize("half_square", [1e-4, 0.03, 0.99, 1.01, 8.0])
def test_capture_beside_the_axis_is_the_integral_over_the_aperture(half_square, offset):
    # Beam of radius 1: the irradiance averaged over a circle is an exponential times Bessel's I0.
    radius, away = np.sqrt(half_square / 2.0), np.sqrt(offset / 2.0)
    expected, _ = quad(
        lambda r: 4.0 * r * np.exp(-2.0 * (r - away) ** 2) * ive(0, 4.0 * r * away),
        *(0.0, radius),
        epsabs=0.0,
        epsrel=1e-12,
    )
    assert offset_capture(half_square, offset) == pytest.approx(expected, rel=1e-11)
    assert aperture_capture(1.0, 2.0 * radius, away) == pytest.approx(expected, rel=1e-11)


# From 20 times as wide as the telescope to half its width.
@pytest.mark.parametrize("width_m", [20.0, 3.0, 1.0, 0.5])
@pytest.mark.parametrize("bias", [0.0, 0.3])
def test_mean_over_the_jitter_is_the_integral_over_all_directions(width_m, bias):
    range_m = 600e3
    sender = replace(
        SENDER,
        half_angle_rad=width_m / range_m,
        pointing_jitter_rad=0.4 * width_m / range_m,
        pointing_bias_rad=bias * width_m / range_m,
    )
    receiver = replace(TELESCOPE, obscuration=0.3)
    # Gauss-Hermite over both axes of the offset, capture of the obscured telescope at each.
    node, weight = np.polynomial.hermite_e.hermegauss(61)
    x = bias * width_m + 0.4 * width_m * node[:, None]
    y = 0.4 * width_m * node[None, :]
    caught = obscured_capture(width_m, 1.0, 0.3, np.hypot(x, y))
    mean = weight @ caught @ weight / weight.sum() ** 2
    ours_db = losses(sender, receiver, range_m).sum()
    # The capture has kinks nowhere; 61 nodes give it to 1e-9 even in the narrow beam.
    assert ours_db == pytest.approx(-10.0 * np.log10(mean), abs=1e-7)


def test_a_wide_beam_loses_what_the_law_for_points_says():
    # 20 m of beam on 1 m: half of (1 / 20^2) of the loss of pointing itself, 1e-3 dB.
    sender = replace(SENDER, half_angle_rad=20.0 / 600e3, pointing_bias_rad=3e-6)
    _, _, pointing_db = losses(sender, TELESCOPE, 600e3)[:, 0]
    law = mean_pointing_transmittance(20.0 / 600e3, 1.2e-6, 3e-6)
    assert pointing_db == pytest.approx(-10.0 * np.log10(law), rel=3e-3)


def test_a_narrow_beam_loses_less_than_the_law_for_points_says():
    sender = replace(SENDER, half_angle_rad=0.4 / 600e3, pointing_jitter_rad=0.1 / 600e3)
    _, _, pointing_db = losses(sender, TELESCOPE, 600e3)[:, 0]
    law_db = -10.0 * np.log10(mean_pointing_transmittance(0.4, 0.1))
    # 1 m around a beam of 0.4 m that trembles by 0.1 m: nearly all stays inside.
    assert 0.1 < pointing_db < law_db / 2.0 < 1.0


def test_a_beam_that_hides_behind_the_obstruction_gains_by_trembling():
    sender = replace(SENDER, half_angle_rad=0.1 / 600e3, pointing_jitter_rad=0.2 / 600e3)
    _, hidden_db, pointing_db = losses(sender, replace(TELESCOPE, obscuration=0.3), 600e3)[:, 0]
    assert hidden_db > 10.0
    assert pointing_db < 0.0

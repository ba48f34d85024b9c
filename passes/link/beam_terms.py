"""What a downlink's beam loses between the two telescopes if the air were empty."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.link.air.extinction import DB_PER_NEPER
from passes.link.budget import Label, TermGroup, write_loss_db
from passes.link.optics.beam import offset_capture
from passes.link.terminals import Receiver, Transmitter

Floats = NDArray[np.float64]

OBSCURATION = Label("obscuration", TermGroup.GEOMETRY, "central obstruction of the receiver")
POINTING = Label(
    "pointing", TermGroup.POINTING, "mean over Gaussian jitter with bias", is_random=True
)
OPTICS = Label("transmitter optics", TermGroup.GEOMETRY, "declared efficiency")


@dataclass(frozen=True, slots=True, eq=False)
class Beam:
    """A beam and a telescope before anyone says how far apart they are.

    A Gaussian beam that trembles like a Gaussian is on average a wider Gaussian.

    Parameters
    ----------
    geometric : the label of the first loss, with the beam as it was declared
    squares_m2 : minus half the squared diameter over the squared half-angle, of aperture and, if
        there is one, obstruction; first in the beam at rest, then in its mean; shape (2, 1), (4, 1)
    bias : squared offset in units of the mean beam, 2 bias^2 / half_angle^2
    spread_db : standard deviation of the pointing loss
    """

    geometric: Label
    squares_m2: Floats
    bias: float
    spread_db: float


def prepare_beam(transmitter: Transmitter, receiver: Receiver) -> Beam:
    """What of the beam no range changes.

    The loss of pointing is 2 r^2 / half_angle^2 nepers, and the square of a distance with bias b
    and jitter s per axis has the variance 4 s^2 (s^2 + b^2).
    """
    jitter_rad, bias_rad = transmitter.pointing_jitter_rad, transmitter.pointing_bias_rad
    diameters_m = receiver.aperture_m * np.array([1.0, receiver.obscuration])
    if receiver.obscuration == 0.0:
        diameters_m = diameters_m[:1]
    squares_m2 = -0.5 * diameters_m[:, None] ** 2
    at_rest_rad2 = transmitter.half_angle_rad**2
    trembling_rad2 = at_rest_rad2 + 4.0 * jitter_rad**2
    deviation_rad2 = 2.0 * jitter_rad * np.hypot(jitter_rad, bias_rad)
    return Beam(
        geometric=Label(
            "geometric",
            TermGroup.GEOMETRY,
            f"Gaussian beam onto the aperture, {transmitter.beam}",
        ),
        squares_m2=np.concatenate([squares_m2 / at_rest_rad2, squares_m2 / trembling_rad2]),
        bias=2.0 * bias_rad**2 / trembling_rad2,
        spread_db=float(DB_PER_NEPER * 2.0 * deviation_rad2 / at_rest_rad2),
    )


def beam_losses_db(beam: Beam, range_m: Floats, out: Floats) -> None:
    """Write the losses onto the aperture, into its obstruction and by pointing [dB].

    Parameters
    ----------
    beam : of `prepare_beam`
    range_m : shape (n,)
    out : shape (3, n)
    """
    squares = beam.squares_m2 / (range_m * range_m)
    half = len(squares) // 2
    # Minus what is caught: the signs cancel in the ratios.
    if beam.bias == 0.0:
        caught = np.expm1(squares, squares)
        at_rest, trembling = caught[:half], caught[half:]
    else:
        at_rest = np.expm1(squares[:half])
        trembling = -offset_capture(-squares[half:], beam.bias)
    np.negative(at_rest[0], out[0])
    if half == 1:
        out[1].fill(1.0)
        np.divide(trembling[0], at_rest[0], out[2])
    else:
        free = at_rest[0] - at_rest[1]
        np.divide(free, at_rest[0], out[1])
        np.divide(trembling[0] - trembling[1], free, out[2])
    write_loss_db(out, out)

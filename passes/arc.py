"""One pass as polynomials of East, North and Up; every angle and rate follows from them."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tle.frames import EARTH_RATE_RAD_S

Floats = NDArray[np.float64]

SPEED_OF_LIGHT_M_S = 299_792_458.0
STENCIL = 10
# The nodes of a stencil in units of half its width, so that powers stay below 1.
_NODES = (np.arange(STENCIL) - (STENCIL - 1) / 2.0) / ((STENCIL - 1) / 2.0)
INVERSE_VANDERMONDE = np.linalg.inv(np.vander(_NODES, increasing=True))
HALF_WIDTH_STEPS = (STENCIL - 1) / 2.0


def stencil_coefficients(nodes: Floats) -> Floats:
    """Polynomials through ten equally spaced points, lowest power first.

    Parameters
    ----------
    nodes : shape (..., 10, 3)

    Returns
    -------
    coefficients in the variable that runs from -1 to 1 over the stencil, shape (..., 3, 10)
    """
    return np.asarray(np.einsum("pn,...nk->...kp", INVERSE_VANDERMONDE, nodes))


@dataclass(frozen=True, slots=True)
class Look:
    """Direction, distance and their rates at instants; every array has the instants' shape.

    Azimuth counts from North over East in [0, 2 pi); elevation is geometric (no refraction);
    range rate is positive when the satellite recedes.
    """

    azimuth_rad: Floats
    elevation_rad: Floats
    range_m: Floats
    azimuth_rate_rad_s: Floats
    elevation_rate_rad_s: Floats
    range_rate_m_s: Floats


@dataclass(frozen=True, slots=True)
class Arc:
    """A pass of one satellite over one site.

    Parameters
    ----------
    epoch : aware UTC instant from which times are counted
    aos_s, tca_s, los_s : rise, highest elevation, set above the mask
    aos_truncated, los_truncated : True if the pass goes on beyond the window that was searched
    centres_s : centre time of each polynomial piece, shape (k,)
    half_width_s : time that corresponds to 1 in the scaled variable of the pieces
    coefficients_m : polynomials of East, North, Up in the scaled variable, lowest power first,
        shape (k, 3, 10); accurate to centimetres within a quarter of the stencil's width
    """

    epoch: datetime
    aos_s: float
    tca_s: float
    los_s: float
    aos_truncated: bool
    los_truncated: bool
    centres_s: Floats
    half_width_s: float
    coefficients_m: Floats

    @property
    def duration_s(self) -> float:
        """From rise to set [s]."""
        return self.los_s - self.aos_s

    def topocentric_m(self, times_s: Floats) -> tuple[Floats, Floats]:
        """Position [m] and velocity [m/s] in East, North, Up at instants, shapes (n, 3)."""
        times_s = np.atleast_1d(np.asarray(times_s, dtype=np.float64))
        if len(self.centres_s) == 1:
            # One polynomial for all instants: not copied for each of them.
            x = (times_s - self.centres_s) / self.half_width_s
            position, derivative = horner(self.coefficients_m, x)
        else:
            middles = 0.5 * (self.centres_s[1:] + self.centres_s[:-1])
            piece = np.searchsorted(middles, times_s)
            x = (times_s - self.centres_s[piece]) / self.half_width_s
            position, derivative = horner(self.coefficients_m[piece], x)
        return position, derivative / self.half_width_s

    def point_ahead_rad(self, times_s: Floats, site_axes: Floats) -> Floats:
        """Angle between where the satellite is seen and where an uplink must point, shape (n,).

        Twice the velocity across the line of sight over the speed of light, in a frame that does
        not turn with the Earth (1 % of the value at LEO).

        Parameters
        ----------
        times_s : seconds from the epoch, shape (n,)
        site_axes : rows East, North, Up of the site in Earth-fixed axes (`Site.axes()`)
        """
        position, velocity = self.topocentric_m(times_s)
        turn = EARTH_RATE_RAD_S * site_axes[:, 2]
        inertial = velocity + np.cross(turn, position)
        distance = np.linalg.norm(position, axis=1)[:, None]
        across = inertial - position * np.sum(inertial * position, axis=1)[:, None] / distance**2
        return np.asarray(2.0 * np.linalg.norm(across, axis=1) / SPEED_OF_LIGHT_M_S)

    def doppler_hz(self, times_s: Floats, wavelength_m: float) -> Floats:
        """Shift of a downlink's optical frequency [Hz], positive when approaching; shape (n,)."""
        return -self.look(times_s).range_rate_m_s / wavelength_m

    def look(self, times_s: Floats) -> Look:
        """Direction, range and rates at instants, seconds from the epoch, shape (n,)."""
        position, velocity = self.topocentric_m(times_s)
        return look_from(position, velocity)


def horner(coefficients: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Polynomials and their first derivatives.

    Parameters
    ----------
    coefficients : shape (n, 3, 10), lowest power first, or (1, 3, 10) for the same everywhere
    x : shape (n,)

    Returns
    -------
    values, derivatives : shapes (n, 3)
    """
    # Components first, so that every step runs along the instants.
    columns = coefficients.transpose(2, 1, 0)
    value = np.broadcast_to(columns[-1], (3, len(x)))
    derivative = np.zeros((3, len(x)))
    for power in range(len(columns) - 2, -1, -1):
        derivative *= x
        derivative += value
        value = value * x
        value += columns[power]
    return value.T, derivative.T


def look_from(position_m: Floats, velocity_m_s: Floats) -> Look:
    """Angles, range and rates from topocentric East, North, Up, shapes (n, 3)."""
    east, north, up = position_m.T
    east_rate, north_rate, up_rate = velocity_m_s.T
    ground2 = east * east + north * north
    ground = np.sqrt(ground2)
    range_m = np.sqrt(ground2 + up * up)
    range_rate = (east * east_rate + north * north_rate + up * up_rate) / range_m
    return Look(
        azimuth_rad=np.arctan2(east, north) % (2.0 * np.pi),
        elevation_rad=np.arctan2(up, ground),
        range_m=range_m,
        azimuth_rate_rad_s=(east_rate * north - east * north_rate) / ground2,
        elevation_rate_rad_s=(up_rate * range_m - up * range_rate) / (range_m * ground),
        range_rate_m_s=range_rate,
    )

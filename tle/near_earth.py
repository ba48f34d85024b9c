"""SGP4 of many near-Earth satellites at many instants as whole arrays.

The near-Earth branch of Vallado et al., AIAA 2006-6753, appendix B, with WGS 72, without
velocities, and with the small corrections of angles as rotations instead of new sines. It costs
a third of the library sgp4 and equals it within micrometres (tests/tle/test_near_earth.py).
Whatever it does not hold for goes to the library.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tle.elements import ElementSet

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# WGS 72 as GP element sets are fitted with it: Earth radius, gravity, zonal harmonics.
EARTH_RADIUS_KM = 6_378.135
GM_KM3_S2 = 398_600.8
J2, J3, J4 = 1.082616e-3, -2.53881e-6, -1.65597e-6
# Earth radii to the power of 3/2 per minute.
_XKE = 60.0 / np.sqrt(EARTH_RADIUS_KM**3 / GM_KM3_S2)
# Kepler's equation is solved by rotations that hold for eccentric anomalies this far from the mean.
LARGEST_ECCENTRICITY = 0.1
# SGP4 turns to its deep-space branch at 225 minutes (6.4 a day) of the Brouwer mean motion.
SMALLEST_MEAN_MOTION_REV_PER_DAY = 6.5
# The last Newton step leaves half the eccentricity times its square: 0.4 micrometres.
_CONVERGED_RAD = 1e-6

# Taylor's coefficients of sine (over the angle) and cosine in powers of its square, highest first.
_SINE = (1.0 / 362_880.0, -1.0 / 5_040.0, 1.0 / 120.0, -1.0 / 6.0, 1.0)
_COSINE = (1.0 / 40_320.0, -1.0 / 720.0, 1.0 / 24.0, -0.5, 1.0)


def is_near_earth(elements: ElementSet) -> bool:
    """Whether the arrays of this module hold for an element set."""
    return (
        elements.eccentricity < LARGEST_ECCENTRICITY
        and elements.mean_motion_rev_per_day > SMALLEST_MEAN_MOTION_REV_PER_DAY
    )


def near_earth_positions_m(sets: Sequence[ElementSet], minutes: Floats) -> tuple[Floats, Flags]:
    """TEME positions [m], shape (3, k, n), and whether each satellite stays good, shape (k,).

    Parameters
    ----------
    sets : k element sets for which `is_near_earth` holds
    minutes : atomic minutes since the epoch of each set, shape (k, n)

    A satellite that is not good fails somewhere or leaves the limits of this module (drag may make
    its orbit eccentric); the library says where, and gives its positions.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = _MeanElements.of(sets)
        drag = _Drag.of(mean)
        return _periodic(mean, *_secular(mean, drag, minutes))


@dataclass(frozen=True, slots=True)
class _MeanElements:
    """Mean elements as columns (k, 1) in radians, minutes and Earth radii, and their secular rates.

    `axis` and `motion` belong to Brouwer's mean motion, which follows from Kozai's.
    """

    bstar: Floats
    eccentricity: Floats
    sin_i: Floats
    cos_i: Floats
    anomaly: Floats
    perigee: Floats
    node: Floats
    motion: Floats
    axis: Floats
    anomaly_rate: Floats
    perigee_rate: Floats
    node_rate: Floats
    node_rate_j2: Floats

    @classmethod
    def of(cls, sets: Sequence[ElementSet]) -> "_MeanElements":
        """Columns of the elements, Kozai's mean motion corrected."""
        columns = np.array(
            [
                (
                    one.bstar, one.eccentricity, one.inclination_deg, one.mean_anomaly_deg,
                    one.argument_of_perigee_deg, one.raan_deg, one.mean_motion_rev_per_day,
                )
                for one in sets
            ]
        ).T[:, :, None]  # fmt: skip
        bstar, e = columns[0], columns[1]
        inclination, anomaly, perigee, node = np.radians(columns[2:6])
        kozai = columns[6] * (2.0 * np.pi / 1_440.0)
        sin_i, cos_i = np.sin(inclination), np.cos(inclination)
        c2 = cos_i * cos_i
        c4 = c2 * c2
        root2 = 1.0 - e * e
        root = np.sqrt(root2)
        d1 = 0.75 * J2 * (3.0 * c2 - 1.0) / (root * root2)
        axis = (_XKE / kozai) ** (2.0 / 3.0)
        delta = d1 / (axis * axis)
        axis = axis * (1.0 - delta * delta - delta * (1.0 / 3.0 + 134.0 * delta * delta / 81.0))
        motion = kozai / (1.0 + d1 / (axis * axis))
        axis = (_XKE / motion) ** (2.0 / 3.0)
        inverse2 = 1.0 / (axis * root2) ** 2
        first = 1.5 * J2 * inverse2 * motion
        second = 0.5 * first * J2 * inverse2
        fourth = -0.46875 * J4 * inverse2 * inverse2 * motion
        node_rate_j2 = -first * cos_i
        return cls(
            bstar=bstar,
            eccentricity=e,
            sin_i=sin_i,
            cos_i=cos_i,
            anomaly=anomaly,
            perigee=perigee,
            node=node,
            motion=motion,
            axis=axis,
            anomaly_rate=motion
            + 0.5 * first * root * (3.0 * c2 - 1.0)
            + 0.0625 * second * root * (13.0 - 78.0 * c2 + 137.0 * c4),
            perigee_rate=-0.5 * first * (1.0 - 5.0 * c2)
            + 0.0625 * second * (7.0 - 114.0 * c2 + 395.0 * c4)
            + fourth * (3.0 - 36.0 * c2 + 49.0 * c4),
            node_rate=node_rate_j2
            + (0.5 * second * (4.0 - 19.0 * c2) + 2.0 * fourth * (3.0 - 7.0 * c2)) * cos_i,
            node_rate_j2=node_rate_j2,
        )


@dataclass(frozen=True, slots=True)
class _Drag:
    """Coefficients of atmospheric drag as columns (k, 1), named as in the source."""

    is_full: Floats
    eta: Floats
    cc1: Floats
    cc4: Floats
    cc5: Floats
    omgcof: Floats
    xmcof: Floats
    delmo: Floats
    d2: Floats
    d3: Floats
    d4: Floats
    t3cof: Floats
    t4cof: Floats
    t5cof: Floats

    @classmethod
    def of(cls, mean: _MeanElements) -> "_Drag":
        """The power law of density between 78 and 120 km, lowered for low perigees."""
        e, axis, motion = mean.eccentricity, mean.axis, mean.motion
        perigee_km = (axis * (1.0 - e) - 1.0) * EARTH_RADIUS_KM
        base_km = np.where(perigee_km < 98.0, 20.0, np.minimum(perigee_km - 78.0, 78.0))
        density = ((120.0 - base_km) / EARTH_RADIUS_KM) ** 4
        base = base_km / EARTH_RADIUS_KM + 1.0
        xi = 1.0 / (axis - base)
        eta = axis * e * xi
        eta2, e_eta = eta * eta, e * eta
        psi2 = np.abs(1.0 - eta2)
        coef = density * xi**4
        coef1 = coef / psi2**3.5
        con41, sin2 = 3.0 * mean.cos_i**2 - 1.0, mean.sin_i**2
        cc1 = mean.bstar * coef1 * motion * (
            axis * (1.0 + 1.5 * eta2 + e_eta * (4.0 + eta2))
            + 0.375 * J2 * xi / psi2 * con41 * (8.0 + 3.0 * eta2 * (8.0 + eta2))
        )  # fmt: skip
        root2 = 1.0 - e * e
        cc4 = 2.0 * motion * coef1 * axis * root2 * (
            eta * (2.0 + 0.5 * eta2)
            + e * (0.5 + 2.0 * eta2)
            - J2 * xi / (axis * psi2) * (
                -3.0 * con41 * (1.0 - 2.0 * e_eta + eta2 * (1.5 - 0.5 * e_eta))
                + 0.75 * sin2 * (2.0 * eta2 - e_eta * (1.0 + eta2)) * np.cos(2.0 * mean.perigee)
            )
        )  # fmt: skip
        # The terms with the inverse of the eccentricity are left out where it is below 1e-4.
        inverse_e = np.where(e > 1e-4, 1.0, 0.0) / np.maximum(e, 1e-4)
        cc3 = -2.0 * coef * xi * (J3 / J2) * motion * mean.sin_i * inverse_e
        cc1_2 = cc1 * cc1
        d2 = 4.0 * axis * xi * cc1_2
        third = d2 * xi * cc1 / 3.0
        d3 = (17.0 * axis + base) * third
        d4 = 0.5 * third * axis * xi * (221.0 * axis + 31.0 * base) * cc1
        is_full = np.where(perigee_km < 220.0, 0.0, 1.0)
        return cls(
            is_full=is_full,
            eta=eta,
            cc1=cc1,
            cc4=mean.bstar * cc4,
            cc5=is_full
            * (mean.bstar * 2.0 * coef1 * axis * root2)
            * (1.0 + 2.75 * (eta2 + e_eta) + e_eta * eta2),
            omgcof=is_full * mean.bstar * cc3 * np.cos(mean.perigee),
            xmcof=is_full * (-2.0 / 3.0) * coef * mean.bstar * inverse_e / np.maximum(eta, 1e-9),
            delmo=(1.0 + eta * np.cos(mean.anomaly)) ** 3,
            d2=is_full * d2,
            d3=is_full * d3,
            d4=is_full * d4,
            t3cof=is_full * (d2 + 2.0 * cc1_2),
            t4cof=is_full * 0.25 * (3.0 * d3 + cc1 * (12.0 * d2 + 10.0 * cc1_2)),
            t5cof=is_full
            * 0.2
            * (3.0 * d4 + 12.0 * cc1 * d3 + 6.0 * d2 * d2 + 15.0 * cc1_2 * (2.0 * d2 + cc1_2)),
        )


def _secular(
    mean: _MeanElements, drag: _Drag, t: Floats
) -> tuple[Floats, Floats, tuple[Floats, Floats, Floats]]:
    """Semi-major axis [Earth radii], eccentricity; mean anomaly, perigee and node [rad]."""
    anomaly = mean.anomaly + mean.anomaly_rate * t
    perigee = mean.perigee + mean.perigee_rate * t
    root2 = 1.0 - mean.eccentricity**2
    node = mean.node + t * (mean.node_rate + 3.5 * root2 * mean.node_rate_j2 * drag.cc1 * t)
    shrink = 1.0 - t * (drag.cc1 + t * (drag.d2 + t * (drag.d3 + t * drag.d4)))
    loss = drag.cc4 * t
    ahead = t * t * (1.5 * drag.cc1 + t * (drag.t3cof + t * (drag.t4cof + t * drag.t5cof)))
    if drag.is_full.any():
        factor = np.cos(anomaly)
        factor *= drag.eta
        factor += 1.0
        turn = drag.omgcof * t
        turn += drag.xmcof * (factor * factor * factor - drag.delmo)
        anomaly += turn
        perigee -= turn
        loss += drag.cc5 * (np.sin(anomaly) - np.sin(mean.anomaly))
    anomaly += mean.motion * ahead
    # Where drag has run its course the axis goes through zero: SGP4 stops there.
    axis = np.where(shrink > 0.0, mean.axis * (shrink * shrink), np.nan)
    return axis, mean.eccentricity - loss, (anomaly, perigee, node)


def _periodic(
    elements: _MeanElements,
    axis: Floats,
    eccentricity: Floats,
    angles: tuple[Floats, Floats, Floats],
) -> tuple[Floats, Flags]:
    """Long- and short-period terms, Kepler's equation, and the position they give."""
    anomaly, perigee, node = angles
    sin_i, cos_i = elements.sin_i, elements.cos_i
    good = (eccentricity > -0.001) & (eccentricity < LARGEST_ECCENTRICITY)
    e = np.maximum(eccentricity, 1e-6)
    axn = e * np.cos(perigee)
    inverse = 1.0 / (axis * (1.0 - e * e))
    ayn = e * np.sin(perigee) + inverse * (-0.5 * (J3 / J2) * sin_i)
    # At 180 degrees the divisor is kept from zero as in the source.
    long_period = -0.25 * (J3 / J2) * sin_i * (3.0 + 5.0 * cos_i) / np.maximum(1.0 + cos_i, 1.5e-12)
    sine, cosine, settled = _kepler(anomaly + perigee + inverse * long_period * axn, axn, ayn)
    e_cosine, e_sine = axn * cosine + ayn * sine, axn * sine - ayn * cosine
    e2 = axn * axn + ayn * ayn
    ratio = 1.0 / (1.0 - e_cosine)
    beta = np.sqrt(1.0 - e2)
    skew = e_sine / (1.0 + beta)
    sin_u = ratio * (sine - ayn - axn * skew)
    cos_u = ratio * (cosine - axn + ayn * skew)
    sin_2u, cos_2u = 2.0 * cos_u * sin_u, 1.0 - 2.0 * sin_u * sin_u
    parameter = axis * (1.0 - e2)
    once = 0.5 * J2 / parameter
    twice = 1.5 * once / parameter
    c2 = cos_i * cos_i
    height = axis * (1.0 - e_cosine) * (1.0 - twice * beta * (3.0 * c2 - 1.0))
    height += once * (0.5 * (1.0 - c2)) * cos_2u
    sin_u, cos_u = _nudged(sin_u, cos_u, twice * sin_2u * ((1.0 - 7.0 * c2) / 6.0))
    node += twice * sin_2u * cos_i
    sin_node, cos_node = np.sin(node), np.cos(node)
    sin_tilt, cos_tilt = _nudged(sin_i, cos_i, twice * cos_2u * (cos_i * sin_i))
    across = cos_tilt * sin_u
    position_m = np.empty((3, *height.shape))
    position_m[0] = cos_node * cos_u - sin_node * across
    position_m[1] = sin_node * cos_u + cos_node * across
    position_m[2] = sin_tilt * sin_u
    position_m *= height * (EARTH_RADIUS_KM * 1_000.0)
    good &= settled & (height >= 1.0)
    return position_m, np.all(good, axis=1)


def _kepler(latitude: Floats, axn: Floats, ayn: Floats) -> tuple[Floats, Floats, Flags]:
    """Sine and cosine of the eccentric argument of latitude, and where they settled."""
    sine_0, cosine_0 = np.sin(latitude), np.cos(latitude)
    sine, cosine = sine_0, cosine_0
    beyond = np.zeros_like(latitude)
    step = beyond
    for _ in range(4):
        step = (axn * sine - ayn * cosine - beyond) / (1.0 - cosine * axn - sine * ayn)
        beyond = beyond + step
        sine, cosine = _turned(sine_0, cosine_0, beyond)
        if np.abs(step).max() < _CONVERGED_RAD:
            break
    return sine, cosine, np.abs(step) < _CONVERGED_RAD


def _turned(sine: Floats, cosine: Floats, angle: Floats) -> tuple[Floats, Floats]:
    """Sine and cosine of a sum from those of its first angle; the second is at most 0.12 rad.

    The first terms left out are angle^11 / 11! and angle^10 / 10!: below 2e-16.
    """
    square = angle * angle
    s, c = (np.full_like(square, terms[0]) for terms in (_SINE, _COSINE))
    for odd, even in zip(_SINE[1:], _COSINE[1:], strict=True):
        s *= square
        s += odd
        c *= square
        c += even
    s *= angle
    return sine * c + cosine * s, cosine * c - sine * s


def _nudged(sine: Floats, cosine: Floats, angle: Floats) -> tuple[Floats, Floats]:
    """As `_turned` for the oblateness terms, at most 3 J2: angle^5 / 120 is below 3e-15."""
    square = angle * angle
    s = angle * (1.0 - square / 6.0)
    c = 1.0 - square * (0.5 - square / 24.0)
    return sine * c + cosine * s, cosine * c - sine * s

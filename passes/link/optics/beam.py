"""How much of the satellite's beam meets the telescope."""

import itertools
import math
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chndtr, factorial, pdtr

from passes.errors import LinkError

Floats = NDArray[np.float64]


class DivergenceDefinition(StrEnum):
    """What a published divergence means; the readings differ by 6 dB, so there is no default."""

    HALF_1_E2 = "1/e2-half"
    FULL_1_E2 = "1/e2-full"
    FULL_FWHM = "fwhm-full"
    FULL_DISC = "disc-full"


class PowerReference(StrEnum):
    """Where the photon number is defined: before the telescope clips the beam, or behind it."""

    LASER = "laser"
    TRANSMITTED = "transmitted"


# Squares of diameter and offset in units of the beam up to which a series is short.
_WIDEST_SERIES, _FARTHEST_SERIES = 1.0, 10.0

# Half-angle of the Gaussian over the declared angle. A disc of full angle t and the Gaussian with
# the same irradiance on axis: 4/(pi t^2) = 2/(pi w^2), hence w = t / sqrt 2.
_HALF_ANGLE_PER_ANGLE = {
    DivergenceDefinition.HALF_1_E2: 1.0,
    DivergenceDefinition.FULL_1_E2: 0.5,
    DivergenceDefinition.FULL_FWHM: 1.0 / np.sqrt(2.0 * np.log(2.0)),
    DivergenceDefinition.FULL_DISC: 1.0 / np.sqrt(2.0),
}


def divergence_half_angle_rad(angle_rad: float, definition: DivergenceDefinition | str) -> float:
    """1/e2 intensity half-angle of the Gaussian with the declared beam's on-axis irradiance [rad].

    Parameters
    ----------
    angle_rad : the declared divergence, positive
    definition : what was declared

    Returns
    -------
    Half-angle. For a Gaussian beam exact; a uniform disc onto 1 m at 1200 km comes out 0.02 dB too
    lossy, because a Gaussian falls off across the aperture.

    Examples
    --------
    >>> round(1e6 * divergence_half_angle_rad(10e-6, "disc-full"), 4)
    7.0711
    """
    if not angle_rad > 0.0:
        raise LinkError(f"divergence of {1e6 * angle_rad:g} urad is not positive")
    return float(angle_rad * _HALF_ANGLE_PER_ANGLE[DivergenceDefinition(definition)])


def klein_degnan_1974(aperture_over_beam: ArrayLike, obscuration: float = 0.0) -> Floats:
    """On-axis gain of a clipped Gaussian beam, relative to the full, evenly lit aperture.

    Parameters
    ----------
    aperture_over_beam : aperture radius over the 1/e2 radius of the beam in it, positive, any shape
    obscuration : diameter of the central obstruction over the aperture, in [0, 1)

    Returns
    -------
    Efficiency with respect to the power of the laser, including what is clipped and blocked; 0.8145
    at best (ratio 1.12, no obstruction).

    References
    ----------
    B. J. Klein and J. J. Degnan, Appl. Opt. 13, 2134 (1974), on axis in the far field.
    """
    alpha2 = np.asarray(aperture_over_beam, dtype=np.float64) ** 2
    field = np.exp(-alpha2) - np.exp(-(obscuration**2) * alpha2)
    return np.asarray(2.0 / alpha2 * field**2)


def transmitted_share(
    aperture_over_beam: ArrayLike, obscuration: float, reference: PowerReference | str
) -> Floats:
    """Power at the point where the photon number is defined, over that of the laser.

    Parameters
    ----------
    aperture_over_beam : aperture radius over the 1/e2 radius of the beam in it, any shape
    obscuration : diameter of the central obstruction over the aperture, in [0, 1)
    reference : where the photon number is defined

    Returns
    -------
    1 at the laser; behind the telescope what clipping and obstruction let through.
    """
    alpha2 = np.asarray(aperture_over_beam, dtype=np.float64) ** 2
    if PowerReference(reference) is PowerReference.LASER:
        return np.ones_like(alpha2)
    return np.asarray(np.exp(-2.0 * obscuration**2 * alpha2) - np.exp(-2.0 * alpha2))


def transmit_gain_efficiency(
    aperture_over_beam: ArrayLike, obscuration: float, reference: PowerReference | str
) -> Floats:
    """On-axis gain of a telescope over that of its full, evenly lit aperture.

    Parameters
    ----------
    aperture_over_beam : aperture radius over the 1/e2 radius of the beam in it, positive, any shape
    obscuration : diameter of the central obstruction over the aperture, in [0, 1)
    reference : whether the photon number is defined before the telescope ("laser") or behind it
        ("transmitted"); there is no default, since mistaking one for the other costs 0.4-2.3 dB

    Returns
    -------
    Efficiency of the same shape. At the best truncation 0.8145 of the laser or 0.8864 of what is
    transmitted, without obstruction.

    References
    ----------
    Klein and Degnan (1974), see `klein_degnan_1974`.
    """
    if not (0.0 <= obscuration < 1.0 and np.all(np.asarray(aperture_over_beam) > 0.0)):
        raise LinkError(
            f"truncation {np.min(aperture_over_beam):g} with obscuration {obscuration:g} "
            "is not possible"
        )
    share = transmitted_share(aperture_over_beam, obscuration, reference)
    return np.asarray(klein_degnan_1974(aperture_over_beam, obscuration) / share)


def optimum_truncation(obscuration: float) -> float:
    """Aperture radius over beam radius that gives the most light on axis from a given laser.

    Good to 1 % of the ratio for obscurations up to 0.4, where the gain is flat to 1e-4.

    References
    ----------
    Klein and Degnan (1974), see `klein_degnan_1974`; a fit to the maximum of its gain.
    """
    if not 0.0 <= obscuration <= 0.4:
        raise LinkError(f"obscuration {obscuration:g} of the transmitter is outside 0..0.4")
    return 1.12 - 1.30 * obscuration**2 + 2.12 * obscuration**4


def gaussian_beam_radius_m(range_m: ArrayLike, waist_m: float, wavelength_m: float) -> Floats:
    """1/e2 intensity radius of a diffraction-limited Gaussian beam at a distance from its waist.

    Parameters
    ----------
    range_m : distance from the waist, any shape
    waist_m : 1/e2 intensity radius of the waist, positive
    wavelength_m : of the laser

    Returns
    -------
    Radius of the shape of `range_m`; in the far field range x wavelength / (pi waist). Nothing
    clips this beam: for a telescope that does see `aperture_half_angle_rad`.

    References
    ----------
    H. Kogelnik and T. Li, Appl. Opt. 5, 1550 (1966), Eq. 20.
    """
    if not waist_m > 0.0:
        raise LinkError(f"waist of {waist_m:g} m is not positive")
    spread = wavelength_m * np.asarray(range_m, dtype=np.float64) / (np.pi * waist_m**2)
    return np.asarray(waist_m * np.sqrt(1.0 + spread**2))


def aperture_half_angle_rad(
    wavelength_m: float,
    aperture_m: float,
    beam_radius_m: float,
    obscuration: float,
    reference: PowerReference | str,
) -> float:
    """Half-angle of the far-field Gaussian as bright on axis as a diffracting telescope [rad].

    Parameters
    ----------
    wavelength_m : of the laser
    aperture_m : diameter of the telescope
    beam_radius_m : 1/e2 intensity radius of the beam in the aperture
    obscuration : diameter of the central obstruction over the aperture, in [0, 1)
    reference : whether the photon number is defined before or behind the telescope

    Returns
    -------
    Half-angle sqrt(8 / G) with G the on-axis gain; exact on axis for ranges far beyond
    pi w^2 / wavelength (83 km for 0.15 m at 849 nm). Real payloads rarely are diffraction limited:
    prefer a measured divergence. A receiver that fills a fair part of the beam gets slightly more
    than the Gaussian says: 0.07 dB for 1.2 m at 500 km, 0.01 dB at 1700 km; exact is
    `passes.link.optics.diffraction.diffraction_capture`.

    References
    ----------
    Klein and Degnan (1974), see `klein_degnan_1974`.
    """
    if not (aperture_m > 0.0 and beam_radius_m > 0.0 and 0.0 <= obscuration < 1.0):
        raise LinkError(
            f"telescope with aperture {aperture_m:g} m, beam radius {beam_radius_m:g} m and "
            f"obscuration {obscuration:g} is not possible"
        )
    alpha = aperture_m / (2.0 * beam_radius_m)
    efficiency = float(transmit_gain_efficiency(alpha, obscuration, reference))
    gain = (np.pi * aperture_m / wavelength_m) ** 2 * efficiency
    return float(np.sqrt(8.0 / gain))


def aperture_capture(
    beam_radius_m: ArrayLike, aperture_m: float, offset_m: ArrayLike = 0.0
) -> Floats:
    """Fraction of a Gaussian beam inside a circular aperture, exact at any offset.

    Parameters
    ----------
    beam_radius_m : 1/e2 intensity radius where the aperture is, any shape
    aperture_m : diameter of the aperture; for an obstruction subtract the capture of its diameter
    offset_m : distance between the centres of beam and aperture, any shape

    Returns
    -------
    Fraction in [0, 1]: the non-central chi-square distribution with two degrees of freedom.
    """
    over_radius2 = 4.0 / np.asarray(beam_radius_m, dtype=np.float64) ** 2
    if np.ndim(offset_m) == 0 and offset_m == 0.0:
        # The same distribution in closed form, thirty times faster.
        return np.asarray(-np.expm1(-over_radius2 * (aperture_m / 2.0) ** 2 / 2.0))
    within = chndtr(
        over_radius2 * (aperture_m / 2.0) ** 2, 2.0, over_radius2 * np.asarray(offset_m) ** 2
    )
    return np.asarray(within, dtype=np.float64)


def offset_capture(half_square: ArrayLike, offset: float) -> Floats:
    """Fraction of a Gaussian beam inside an aperture at one offset in units of the beam.

    The same as `aperture_capture`, five times faster where the beam is wider than the aperture.

    Parameters
    ----------
    half_square : diameter^2 / 2 radius^2 with the 1/e2 intensity radius of the beam where the
        aperture is, not negative, any shape
    offset : 2 distance^2 / radius^2 between the centres of beam and aperture, not negative

    Returns
    -------
    Fraction of the shape of `half_square`. The non-central chi-square distribution as a Poisson
    mixture, summed over the aperture's side first: exp(-x) sum_i x^i / i! P(N < i), N of mean
    `offset`. No term is negative, so that a beam far off its aim keeps its digits.
    """
    square = np.asarray(half_square, dtype=np.float64)
    if offset == 0.0:
        return np.asarray(-np.expm1(-square))
    largest = float(square.max(initial=0.0))
    if not (largest <= _WIDEST_SERIES and offset <= _FARTHEST_SERIES):
        return np.asarray(chndtr(2.0 * square, 2.0, 2.0 * offset), dtype=np.float64)
    # The term after the last is below 1e-17 of the first.
    terms = next(n for n in itertools.count(2) if largest**n < 1e-17 * math.factorial(n + 1))
    coefficients = pdtr(np.arange(terms), offset) / factorial(np.arange(1, terms + 1))
    total = np.full_like(square, coefficients[-1])
    for coefficient in coefficients[-2::-1].tolist():
        total *= square
        total += coefficient
    return np.asarray(square * np.exp(-square) * total)


def obscured_capture(
    beam_radius_m: ArrayLike, aperture_m: float, obscuration: float, offset_m: ArrayLike = 0.0
) -> Floats:
    """Fraction of a Gaussian beam that a telescope with a central obstruction catches.

    Parameters
    ----------
    beam_radius_m : 1/e2 intensity radius where the telescope is, any shape
    aperture_m : diameter of the telescope
    obscuration : diameter of the central obstruction over the aperture, in [0, 1)
    offset_m : distance between the centres of beam and telescope, any shape

    Returns
    -------
    Fraction in [0, 1], exact at any offset. In a wide beam 1 - obscuration^2 of the open
    aperture's; in a narrow one the obstruction takes more on axis and nothing far off it.
    """
    if not 0.0 <= obscuration < 1.0:
        raise LinkError(f"obscuration {obscuration:g} of the receiver is outside 0..1")
    blocked = aperture_capture(beam_radius_m, aperture_m * obscuration, offset_m)
    return np.asarray(aperture_capture(beam_radius_m, aperture_m, offset_m) - blocked)

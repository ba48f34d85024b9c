"""Light that a telescope feeds into a single-mode fibre."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError

Floats = NDArray[np.float64]

# Mode ratio with the highest coupling of an unobstructed telescope.
BEST_MODE_RATIO = 1.1209

_RADII, _SEPARATIONS, _ANGLES = 32, 48, 16
_TABLE_RATIO = np.geomspace(0.05, 100.0, 160)


class FibreCorrection(StrEnum):
    """What is taken out of the wavefront before the fibre."""

    NONE = "none"
    TIP_TILT = "tip-tilt"


@dataclass(frozen=True, slots=True, eq=False)
class FibreCoupling:
    """Coupling of one telescope into one fibre; made by `fibre_coupling`.

    Parameters
    ----------
    still_air : share of the collected light that enters the fibre without turbulence
    log_ratio, log_depth : ln(D/r0) and ln(-ln(mean coupling relative to still air)), shape (160,)
    """

    still_air: float
    log_ratio: Floats
    log_depth: Floats

    def relative(self, aperture_over_fried: ArrayLike) -> Floats:
        """Mean coupling relative to still air, in (0, 1].

        Parameters
        ----------
        aperture_over_fried : D/r0 in 0..100, any shape; below 0.05 the loss follows its 5/3 power
        """
        ratio = np.asarray(aperture_over_fried, dtype=np.float64)
        if not np.all((ratio >= 0.0) & (ratio <= _TABLE_RATIO[-1])):
            first = ratio[~((ratio >= 0.0) & (ratio <= _TABLE_RATIO[-1]))].flat[0]
            raise LinkError(
                f"fibre coupling behind an aperture of {first:.4g} Fried parameters, outside "
                f"0..{_TABLE_RATIO[-1]:g}",
                hint="a smaller aperture, weaker ground turbulence, or a field stop for the fibre",
            )
        table = np.log(np.maximum(ratio, _TABLE_RATIO[0]))
        depth = np.exp(np.interp(table, self.log_ratio, self.log_depth))
        return np.asarray(np.exp(-depth * np.minimum(ratio / _TABLE_RATIO[0], 1.0) ** (5.0 / 3.0)))

    def mean(self, aperture_over_fried: ArrayLike) -> Floats:
        """Mean share of the collected light that enters the fibre, shape of D/r0."""
        return self.still_air * self.relative(aperture_over_fried)


def still_air_coupling(mode_ratio: float, obscuration: float = 0.0) -> float:
    """Share of the light through an evenly lit pupil that enters a single-mode fibre.

    Parameters
    ----------
    mode_ratio : radius of the pupil over the 1/e2 radius of the fibre's mode imaged onto it
    obscuration : diameter of the central obstruction over the aperture, in [0, 1)

    Returns
    -------
    Share of what the obstructed pupil collects: 0.8145 at best without obstruction (1.1209).

    References
    ----------
    J. Shaklan and F. Roddier, Appl. Opt. 27, 2334 (1988); C. Ruilier, Proc. SPIE 3350, 319 (1998).
    """
    if not (mode_ratio > 0.0 and 0.0 <= obscuration < 1.0):
        raise LinkError(
            f"fibre coupling with mode ratio {mode_ratio:g} and obscuration {obscuration:g}"
        )
    alpha2 = mode_ratio**2
    overlap = np.exp(-(obscuration**2) * alpha2) - np.exp(-alpha2)
    return float(2.0 * overlap**2 / (alpha2 * (1.0 - obscuration**2)))


def fibre_coupling(
    mode_ratio: float, obscuration: float, correction: FibreCorrection | str
) -> FibreCoupling:
    """Mean coupling into a single-mode fibre through Kolmogorov turbulence.

    Parameters
    ----------
    mode_ratio, obscuration : see `still_air_coupling`
    correction : NONE, or TIP_TILT for a perfect tip-tilt mirror; higher corrections are
        `passes.link.turbulence.adaptive`

    Returns
    -------
    Table over D/r0, 0.1 % from the integral; building it takes 0.1 s. Weak scintillation, no outer
    scale: one of 25 m raises the uncorrected coupling by 1.0 to 1.4 dB. Trust it to 1.5 dB.

    References
    ----------
    Coherent efficiency as in Y. Dikmelik and F. M. Davidson, Appl. Opt. 44, 4946 (2005), with the
    5/3 power instead of their square. Without tip and tilt the residual phase is still Gaussian,
    so that its exact structure function, from the covariances of R. J. Noll, J. Opt. Soc. Am. 66,
    207 (1976), takes the place of D. L. Fried's factor 1 - (s/D)^(1/3) (J. Opt. Soc. Am. 56, 1372,
    1966), which is 0.5 to 2 dB too low for D/r0 of 2 to 8.
    """
    still_air = still_air_coupling(mode_ratio, obscuration)
    pairs = _pairs(mode_ratio, obscuration)
    structure = 6.88 * (pairs.separation / 2.0) ** (5.0 / 3.0)
    if FibreCorrection(correction) is FibreCorrection.TIP_TILT:
        structure = structure - _tilt_structure(pairs, obscuration)
    weight = pairs.weight / np.sum(pairs.weight)
    relative = [
        float(weight @ np.exp(-0.5 * structure * ratio ** (5.0 / 3.0))) for ratio in _TABLE_RATIO
    ]
    return FibreCoupling(still_air, np.log(_TABLE_RATIO), np.log(-np.log(relative)))


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Pairs of points of the pupil (radius 1), flat: one on the x axis at `radius`, one apart."""

    radius: Floats
    separation: Floats
    cosine: Floats
    weight: Floats


def _pairs(mode_ratio: float, obscuration: float) -> _Pairs:
    """Quadrature over both points of the pupil, weighted with the fibre's mode at each."""
    unit, unit_weight = np.polynomial.legendre.leggauss(_RADII)
    r = (obscuration + (1.0 - obscuration) * 0.5 * (1.0 + unit))[:, None, None]
    # Squared, the steps crowd at small separations, all that is left in strong turbulence.
    step, step_weight = np.polynomial.legendre.leggauss(_SEPARATIONS)
    s = (0.5 * (1.0 + step) ** 2)[None, :, None]
    s_weight = ((1.0 + step) * step_weight)[None, :, None]
    # Directions that keep the second point between the obstruction and the rim.
    first = np.arccos(np.clip((1.0 - r**2 - s**2) / (2.0 * r * s), -1.0, 1.0))
    last = np.arccos(np.clip((obscuration**2 - r**2 - s**2) / (2.0 * r * s), -1.0, 1.0))
    turn, turn_weight = np.polynomial.legendre.leggauss(_ANGLES)
    cosine = np.cos(first + 0.5 * (last - first) * (1.0 + turn))
    mode = np.exp(-(mode_ratio**2) * (2.0 * r**2 + s**2 + 2.0 * r * s * cosine))
    area = r * s * (last - first) * turn_weight * s_weight * unit_weight[:, None, None]
    inside = np.broadcast_to(last > first, area.shape)
    return _Pairs(*(np.broadcast_to(x, area.shape)[inside] for x in (r, s, cosine, mode * area)))


def _tilt_structure(pairs: _Pairs, obscuration: float) -> Floats:
    """Structure function that tip and tilt take out of pairs of points, for D = r0, flat.

    With tilts z = n (x, y) of unit variance over the pupil and g(p) the covariance of the phase at
    p with their coefficients a: 2 (g - g').(z - z') - <a a> |z - z'|^2.
    """
    radius, slope, variance = _tilt_covariance(obscuration)
    # g points outwards; over the radius it is a smooth even function.
    fit = np.polynomial.Polynomial.fit(radius**2, slope, 8)
    x2 = pairs.radius + pairs.separation * pairs.cosine
    y2 = pairs.separation * np.sqrt(1.0 - pairs.cosine**2)
    here, there = fit(pairs.radius**2), fit(x2**2 + y2**2)
    norm = 2.0 / np.sqrt(1.0 + obscuration**2)
    along = (here * pairs.radius - there * x2) * (pairs.radius - x2) + there * y2**2
    return np.asarray(2.0 * norm * along - variance * (norm * pairs.separation) ** 2)


def _tilt_covariance(obscuration: float) -> tuple[Floats, Floats, float]:
    """Radii, covariance of phase and tilt over the radius, variance of a tilt; rad^2 for D = r0."""
    unit, weight = np.polynomial.legendre.leggauss(48)
    square = obscuration**2 + (1.0 - obscuration**2) * 0.5 * (1.0 + unit)
    radius = np.sqrt(square)
    angle = 2.0 * np.pi * (np.arange(128) + 0.5) / 128
    apart2 = (
        square[:, None, None]
        + square[:, None]
        - 2.0 * radius[:, None, None] * radius[:, None] * np.cos(angle)
    )
    structure = 6.88 * (apart2 / 4.0) ** (5.0 / 6.0)
    norm = 2.0 / np.sqrt(1.0 + obscuration**2)
    tilt = norm * radius[:, None] * np.cos(angle)
    covariance = -0.5 * np.mean(structure * tilt, axis=-1) @ (0.5 * weight)
    # The tilt's coefficient is the mean of phase times tilt; half of cos^2 + sin^2 each.
    variance = float(0.5 * np.sum(0.5 * weight * norm * radius * covariance))
    return radius, covariance / radius, variance

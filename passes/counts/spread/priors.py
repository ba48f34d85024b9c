"""What is not known of a link before the pass, as distributions with their source."""

from dataclasses import dataclass, fields
from math import log

import numpy as np
from numpy.typing import NDArray

from passes.counts.source import DecoySource
from passes.counts.spread.distributions import (
    Distribution,
    HalfNormal,
    Lognormal,
    Normal,
    OccasionalExponential,
)
from passes.errors import LinkError
from passes.link.air.extinction import aerosol_optical_depth
from passes.link.terminals import Atmosphere, Receiver, Transmitter

Floats = NDArray[np.float64]

REFERENCE_WAVELENGTH_M = 550e-9
# A normal distribution of something positive stands this many sigma above zero at least, so that
# no draw out of a million is negative.
SIGMAS_ABOVE_ZERO = 5.0
# What a loss constant of the satellite-station pair stands for; the mean loss of pointing is one
# of them, because it is the same at every elevation.
STATIC_GAINS = (
    "half_angle_rad",
    "pointing_jitter_rad",
    "pointing_bias_rad",
    "receiver_optics_efficiency",
    "detector_efficiency",
    "mean_photon_number",
)


@dataclass(frozen=True, slots=True)
class Priors:
    """What may differ from what a link declares; the parameters are independent.

    Parameters
    ----------
    aerosol_optical_depth_550 : vertical, at 550 nm and at the station
    angstrom_exponent : from 550 nm to the laser's wavelength
    precipitable_water_m : vertical water column
    cirrus_optical_depth : vertical, grey
    pointing_jitter_rad : standard deviation per axis
    pointing_bias_rad : constant offset
    half_angle_rad : 1/e2 intensity half-angle of the beam
    receiver_optics_efficiency, detector_efficiency : as declared by the receiver; a draw above 1 is
        an error of the gain, as far as the mean may be wrong
    mean_photon_number : of the signal; decoys err by the same factor
    background_scale : light noise over that of the sky model; dark counts are not scaled
    intrinsic_qber : error probability of a signal photon
    loss_constant_db : loss of the satellite-station pair beyond its budget, from calibration. Where
        it is given it replaces every static gain (half angle, jitter, bias, receiver optics,
        detector and photon number): they stay as the budget has them.

    Raises
    ------
    LinkError : names the parameter, the figure and its limit
    """

    aerosol_optical_depth_550: Lognormal
    angstrom_exponent: Normal
    precipitable_water_m: Lognormal
    cirrus_optical_depth: OccasionalExponential
    pointing_jitter_rad: Lognormal
    pointing_bias_rad: HalfNormal
    half_angle_rad: Normal
    receiver_optics_efficiency: Lognormal
    detector_efficiency: Normal
    mean_photon_number: Normal
    background_scale: Lognormal
    intrinsic_qber: Lognormal
    loss_constant_db: Normal | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            prior = getattr(self, field.name)
            fault = None if prior is None else prior.fault() or _positive(field.name, prior)
            if fault is not None:
                raise LinkError(f"prior of {field.name}: {fault}")


_POSITIVE = ("half_angle_rad", "detector_efficiency", "mean_photon_number")


def _positive(name: str, prior: Distribution) -> str | None:
    if not isinstance(prior, Normal) or name not in _POSITIVE:
        return None
    if prior.mean > 0.0 and prior.mean >= SIGMAS_ABOVE_ZERO * prior.sigma:
        return None
    return f"mean {prior.mean:g} is less than 5 sigma of {prior.sigma:g} above 0"


def default_priors(
    transmitter: Transmitter, source: DecoySource, receiver: Receiver, atmosphere: Atmosphere
) -> Priors:
    """Declared values of a link with the spread of a link that was never calibrated.

    The widths are judgement, chosen so that each covers what published links leave open; relative
    ones keep their factor for every link. A measured or forecast quantity should replace its
    prior: an aerosol forecast is worth a factor of 1.3 instead of 1.8. A declared cirrus depth is
    taken as the mean of cirrus that is there for certain.

    Raises
    ------
    LinkError : a declared value of which no prior can be made, by name
    """
    cirrus = OccasionalExponential(0.3, 0.10, "assumed: on 30 % of clear nights, mean depth 0.10")
    if atmosphere.cirrus_optical_depth > 0.0:
        cirrus = OccasionalExponential(1.0, atmosphere.cirrus_optical_depth, "declared depth")
    water_m, mean_photon_number = atmosphere.precipitable_water_m, source.intensities[0]
    half_angle_rad, detector = transmitter.half_angle_rad, receiver.detector.efficiency
    return Priors(
        aerosol_optical_depth_550=Lognormal(
            atmosphere.aerosol_optical_depth_550, 1.8, "declared depth, assumed clear-night spread"
        ),
        angstrom_exponent=_exponent_prior(transmitter.wavelength_m, atmosphere),
        precipitable_water_m=Lognormal(water_m, 1.5, "declared column, assumed spread"),
        cirrus_optical_depth=cirrus,
        pointing_jitter_rad=Lognormal(
            transmitter.pointing_jitter_rad, 1.3, "declared jitter, assumed spread"
        ),
        pointing_bias_rad=HalfNormal(
            1e-6, transmitter.pointing_bias_rad, "assumed: 1 urad beyond the declared bias"
        ),
        half_angle_rad=Normal(
            half_angle_rad, 0.6 / 7.4 * half_angle_rad, "declared, assumed to 8 %"
        ),
        receiver_optics_efficiency=Lognormal(
            receiver.optics_efficiency, 1.15, "declared, assumed to 15 %"
        ),
        detector_efficiency=Normal(detector, 0.05 * detector, "declared, assumed to 5 %"),
        mean_photon_number=Normal(
            mean_photon_number, 0.03 * mean_photon_number, "declared, assumed to 3 %"
        ),
        background_scale=Lognormal(1.0, 2.0, "sky model, right to a factor of two"),
        intrinsic_qber=Lognormal(
            source.intrinsic_qber, 1.5, "declared, never measured on the link"
        ),
    )


def _exponent_prior(wavelength_m: float, atmosphere: Atmosphere) -> Normal:
    """What the atmosphere declares, or what its aerosol type has, either to 0.3."""
    if atmosphere.angstrom_exponent is not None:
        return Normal(atmosphere.angstrom_exponent, 0.3, "declared exponent, assumed spread")
    return Normal(
        _angstrom_exponent(wavelength_m, atmosphere.aerosol),
        0.3,
        f"{atmosphere.aerosol} of Shettle & Fenn, assumed spread",
    )


def _angstrom_exponent(wavelength_m: float, aerosol: str) -> float:
    """Exponent that gives an aerosol type's depth at a wavelength from that at 550 nm.

    At 550 nm itself no exponent matters; that of a nanometre further stands in.
    """
    if abs(wavelength_m - REFERENCE_WAVELENGTH_M) < 1e-9:
        wavelength_m = REFERENCE_WAVELENGTH_M + 1e-9
    ratio = aerosol_optical_depth(wavelength_m, 1.0, aerosol)
    return -log(ratio) / log(wavelength_m / REFERENCE_WAVELENGTH_M)

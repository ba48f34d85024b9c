"""The constants of links that measured counts can tell, with what is believed before."""

from dataclasses import dataclass, field
from enum import StrEnum
from math import hypot, log

from passes.counts.spread.distributions import Lognormal, Normal
from passes.counts.spread.priors import REFERENCE_WAVELENGTH_M, Priors
from passes.errors import LinkError
from passes.link.air.aerosol import angstrom_1929


class Constant(StrEnum):
    """What can be fitted."""

    LOSS = "loss_constant_db"
    DEPTH = "optical_depth"
    BACKGROUND = "background_scale"
    ERROR = "intrinsic_qber"


@dataclass(frozen=True, slots=True, order=True)
class Unknown:
    """One constant with the names that share it; an empty name stands for all.

    The loss constant and the error belong to a satellite with a station, the optical depth to a
    station in a night, the background scale to a station.
    """

    constant: Constant
    satellite: str
    station: str
    night: str

    def __str__(self) -> str:
        names = (self.satellite, self.station, self.night)
        return " ".join([self.constant, *(name for name in names if name)])


def unknowns_of(satellite: str, station: str, night: str) -> dict[Constant, Unknown]:
    """The four unknowns of one pass."""
    return {
        Constant.LOSS: Unknown(Constant.LOSS, satellite, station, ""),
        Constant.DEPTH: Unknown(Constant.DEPTH, "", station, night),
        Constant.BACKGROUND: Unknown(Constant.BACKGROUND, "", station, ""),
        Constant.ERROR: Unknown(Constant.ERROR, satellite, station, ""),
    }


_LOSS_PRIOR_DB = Normal(0.0, 5.0, "assumed")
_BACKGROUND_PRIOR = Lognormal(1.0, 2.0, "sky model, right to a factor of two")
_ERROR_PRIOR = Lognormal(0.01, 2.0, "assumed")


@dataclass(frozen=True, slots=True)
class CalibrationPriors:
    """What is believed of the constants before counts are measured.

    Parameters
    ----------
    optical_depth : vertical aerosol depth at the laser's wavelength of a night of which nothing
        else is known; see `optical_depth_prior`
    loss_constant_db : loss beyond the budget. The default is nearly flat: budgets of published
        terms are up to 5 dB short of what was measured.
    background_scale : light noise over that of the sky model
    intrinsic_qber : error probability of a signal photon
    depth_of_night : forecast or measured depth of one night, by (station, night)

    Raises
    ------
    LinkError : names the constant, the figure and its limit
    """

    optical_depth: Normal | Lognormal
    loss_constant_db: Normal = _LOSS_PRIOR_DB
    background_scale: Lognormal = _BACKGROUND_PRIOR
    intrinsic_qber: Lognormal = _ERROR_PRIOR
    depth_of_night: dict[tuple[str, str], Normal | Lognormal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for constant in Constant:
            _refuse(constant, getattr(self, constant))
        for (station, night), prior in self.depth_of_night.items():
            _refuse(f"optical_depth of {station}, {night}", prior)

    def of(self, unknown: Unknown) -> Normal | Lognormal:
        """What is believed of one unknown."""
        if unknown.constant is Constant.DEPTH:
            return self.depth_of_night.get((unknown.station, unknown.night), self.optical_depth)
        prior: Normal | Lognormal = getattr(self, unknown.constant)
        return prior


def _refuse(name: str, prior: Normal | Lognormal) -> None:
    fault = prior.fault()
    if fault is None and isinstance(prior, Lognormal) and prior.median == 0.0:
        fault = "median 0 leaves nothing to fit; it must be above 0"
    if fault is not None:
        raise LinkError(f"prior of {name}: {fault}")


def optical_depth_prior(priors: Priors, wavelength_m: float) -> Normal:
    """Aerosol depth at the laser's wavelength from the priors at 550 nm and of the exponent.

    Parameters
    ----------
    priors : of the link
    wavelength_m : of the laser

    Returns
    -------
    The lognormal depth (of the depth at 550 nm times the ratio that the exponent makes) as a normal
    distribution about its median, of the same width there. One draw in twenty is slightly below 0
    with a factor of 1.8. The lognormal itself has a tail in which the fit would put whatever else
    grows towards the horizon: haze on one side, tracking, clouds.
    """
    depth, exponent = priors.aerosol_optical_depth_550, priors.angstrom_exponent
    median = depth.median * float(angstrom_1929(wavelength_m, 1.0, exponent.mean))
    spread = exponent.sigma * log(wavelength_m / REFERENCE_WAVELENGTH_M)
    return Normal(median, median * hypot(log(depth.factor), spread), depth.source)

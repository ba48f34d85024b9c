"""Fitted constants of one link, turned into its forecast: the term, the noise, the spread.

- A constant is relative to the budget it was fitted with. Where the description of the link has
  changed since, it says nothing and is not used.
- The budget gains one named term; everything else in it stays what it was.
- A link without constants is forecast exactly as if there were no calibration.
"""

import hashlib
from dataclasses import dataclass, replace
from math import exp, hypot, log, log1p, sqrt

import numpy as np
from numpy.typing import NDArray

from passes.counts.noise import Noise
from passes.counts.source import DecoySource
from passes.counts.spread.distributions import Lognormal, Normal, OccasionalExponential
from passes.counts.spread.priors import REFERENCE_WAVELENGTH_M, Priors, default_priors
from passes.forecast import PassForecast
from passes.link.air.aerosol import angstrom_1929
from passes.link.air.extinction import DB_PER_NEPER, aerosol_optical_depth
from passes.link.budget import LinkBudget, Term, TermGroup
from passes.link.terminals import Atmosphere, Receiver, Transmitter
from passes.sky.airmass import gueymard_1995_water
from passes.track import Track

Floats = NDArray[np.float64]

TERM = "calibration"
# What an optical depth that was fitted must at least be to have a logarithm.
_LEAST_DEPTH = 1e-3
_LEAST_QBER = 1e-5
# Lognormal accepts factors up to this one.
_LARGEST_FACTOR = 10.0


@dataclass(frozen=True, slots=True)
class LinkConstants:
    """What counts have taught of one satellite over one station.

    Parameters
    ----------
    calibration_id : of the calibration they come from
    loss_db : loss beyond the budget, with its uncertainty on the night it is used
    optical_depth : of aerosol and thin cirrus on a night to come, at the laser's wavelength
    model_error_db : of a block of `block_s`, independent between blocks
    block_s : see there
    background_scale : light noise over that of the sky model; None if no count speaks of it
    signal_qber : error rate of the clicks that are not noise, afterpulses included; None if no
        count speaks of it
    """

    calibration_id: str
    loss_db: Normal
    optical_depth: Lognormal
    model_error_db: float
    block_s: float
    background_scale: Lognormal | None
    signal_qber: Lognormal | None

    @property
    def light_scale(self) -> float:
        """Most likely light noise over that of the sky model."""
        return 1.0 if self.background_scale is None else self.background_scale.median


def link_digest(
    transmitter: Transmitter,
    source: DecoySource,
    receiver: Receiver,
    atmosphere: Atmosphere,
    site_height_m: float,
) -> str:
    """Twelve hexadecimal digits that change with any figure that the link's budget is made from."""
    text = repr((transmitter, source, receiver, atmosphere, site_height_m))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def depth_of_budget(wavelength_m: float, atmosphere: Atmosphere) -> float:
    """Vertical aerosol depth at the laser's wavelength in an uncalibrated budget."""
    depth = atmosphere.aerosol_optical_depth_550
    if atmosphere.angstrom_exponent is not None:
        return float(angstrom_1929(wavelength_m, depth, atmosphere.angstrom_exponent))
    return aerosol_optical_depth(wavelength_m, depth, atmosphere.aerosol)


def calibrated_source(
    source: DecoySource, receiver: Receiver, constants: LinkConstants | None
) -> DecoySource:
    """The source with the error probability that was measured, if it was."""
    error = None if constants is None else intrinsic_qber(constants, receiver)
    return source if error is None else replace(source, intrinsic_qber=error.median)


def intrinsic_qber(constants: LinkConstants, receiver: Receiver) -> Lognormal | None:
    """Error probability of a photon, as `DecoySource` means it, from that of signal clicks.

    Of a click in 1 + a, a is an afterpulse and wrong in one case of two: e = q / (1 + a) + a / 2
    as in `passes.counts.expected.expected_rates`. None if no count speaks of it.
    """
    measured = constants.signal_qber
    if measured is None:
        return None
    afterpulse = receiver.detector.afterpulse_probability
    sigma = measured.median * log(measured.factor)
    error = (1.0 + afterpulse) * max(measured.median - afterpulse / 2.0, sigma, _LEAST_QBER)
    # The absolute width stays; next to a smaller error it is a larger factor.
    factor = min(exp((1.0 + afterpulse) * sigma / error), _LARGEST_FACTOR)
    return Lognormal(error, factor, measured.source)


def calibration_term(
    track: Track, wavelength_m: float, atmosphere: Atmosphere, constants: LinkConstants
) -> Term:
    """Loss of a link beyond its budget along a track, the air of a mean night included."""
    deeper = constants.optical_depth.median - depth_of_budget(wavelength_m, atmosphere)
    low_airmass = gueymard_1995_water(track.elevation_rad)
    return Term(
        TERM,
        constants.loss_db.mean + DB_PER_NEPER * deeper * low_airmass,
        TermGroup.GEOMETRY,
        f"calibration {constants.calibration_id}, fitted to measured counts",
    )


def uncalibrated_parts(
    forecast: PassForecast, constants: LinkConstants | None
) -> tuple[LinkBudget, Noise]:
    """Budget and noise of a forecast as they were before its calibration."""
    if constants is None:
        return forecast.budget, forecast.noise
    terms = tuple(term for term in forecast.budget.terms if term.name != TERM)
    return LinkBudget(terms), forecast.noise.with_light(1.0 / constants.light_scale)


def priors_of(
    transmitter: Transmitter,
    source: DecoySource,
    receiver: Receiver,
    atmosphere: Atmosphere,
    constants: LinkConstants | None,
    *,
    pass_spread_db: float = 0.0,
) -> Priors:
    """What may differ from what a link declares, relative to its uncalibrated budget.

    Parameters
    ----------
    source : as declared
    constants : None for a link that was never calibrated: the default priors
    pass_spread_db : of what differs from pass to pass with the same constants, `pass_spread_db`
    """
    believed = default_priors(transmitter, source, receiver, atmosphere)
    if constants is None:
        return believed
    ratio = float(angstrom_1929(transmitter.wavelength_m, 1.0, believed.angstrom_exponent.mean))
    cirrus = believed.cirrus_optical_depth
    if atmosphere.cirrus_optical_depth == 0.0:
        # Thin cirrus is part of the depths that were fitted; it would count twice.
        cirrus = OccasionalExponential(0.0, 0.0, "in the fitted depth")
    # Blocks that err by a factor have a mean above their median; so has their sum.
    block, whole = (value / DB_PER_NEPER for value in (constants.model_error_db, pass_spread_db))
    brighter_db = DB_PER_NEPER * max(block**2 - whole**2, 0.0) / 2.0
    loss = constants.loss_db
    return replace(
        believed,
        aerosol_optical_depth_550=replace(
            constants.optical_depth, median=constants.optical_depth.median / ratio
        ),
        angstrom_exponent=replace(believed.angstrom_exponent, sigma=0.0),
        cirrus_optical_depth=cirrus,
        background_scale=constants.background_scale or believed.background_scale,
        intrinsic_qber=intrinsic_qber(constants, receiver) or believed.intrinsic_qber,
        loss_constant_db=Normal(
            loss.mean - brighter_db, hypot(loss.sigma, pass_spread_db), loss.source
        ),
    )


def pass_spread_db(times_s: Floats, expected: Floats, constants: LinkConstants) -> float:
    """Standard deviation of the counts of a whole pass whose blocks err independently [dB].

    Lognormal blocks of one width add up to nearly one lognormal, of which mean and variance are
    those of the sum (L. F. Fenton, IRE Trans. Commun. Syst. 8, 57 (1960)). Poisson noise of the
    sum is added in quadrature.

    Parameters
    ----------
    times_s : usable slots, shape (n,)
    expected : counts of each, shape (n,), not all of them 0
    """
    block = np.floor((times_s - times_s[0]) / constants.block_s).astype(np.intp)
    counts = np.bincount(block, weights=expected)
    total = float(counts.sum())
    variance = (constants.model_error_db / DB_PER_NEPER) ** 2
    relative = np.expm1(variance) * float(np.sum(counts**2)) / total**2 + 1.0 / total
    return float(DB_PER_NEPER * sqrt(log1p(relative)))


def depth_prior(priors: Priors, wavelength_m: float) -> Normal:
    """Depth of a night of which nothing is known: aerosol, and the cirrus that some nights have.

    The mean is that of the aerosol alone: most nights have no cirrus, and counts move it soon.
    """
    ratio = float(angstrom_1929(wavelength_m, 1.0, priors.angstrom_exponent.mean))
    aerosol = priors.aerosol_optical_depth_550
    median = aerosol.median * ratio
    exponent = priors.angstrom_exponent.sigma * log(wavelength_m / REFERENCE_WAVELENGTH_M)
    cirrus = priors.cirrus_optical_depth
    variance = cirrus.probability * (2.0 - cirrus.probability) * cirrus.mean**2
    sigma = hypot(median * hypot(log(aerosol.factor), exponent), sqrt(variance))
    return Normal(median, max(sigma, _LEAST_DEPTH), aerosol.source)

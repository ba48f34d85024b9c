"""Draws of what is not known of a link, turned into efficiencies of a pass."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from passes.counts.moments import (
    ORDER,
    Moments,
    moments_from_slots,
    pointing_fading,
    scintillation_fading,
)
from passes.counts.noise import Noise, noise_probability_per_gate
from passes.counts.source import DecoySource
from passes.counts.spread.classes import AirmassClasses
from passes.counts.spread.distributions import Distribution
from passes.counts.spread.priors import STATIC_GAINS, Priors
from passes.errors import LinkError
from passes.link.air.aerosol import angstrom_1929
from passes.link.air.extinction import DB_PER_NEPER
from passes.link.air.tables import gas_absorption
from passes.link.optics.beam import aperture_capture
from passes.link.terminals import Atmosphere, Receiver, Transmitter

Floats = NDArray[np.float64]
Values = dict[str, Floats]

LARGEST_DRAWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Link:
    """What the budget of a pass was made from."""

    transmitter: Transmitter
    source: DecoySource
    receiver: Receiver
    atmosphere: Atmosphere


@dataclass(frozen=True, slots=True)
class Draws:
    """A pass under many draws of its parameters.

    Parameters
    ----------
    values : each parameter by name, shape (n,)
    seconds : length of each class of airmass, shape (k,)
    efficiency : of each class in each draw, shape (n, k)
    light_scale : light noise over that of the model, shape (n,)
    light_hz, dark_hz : noise of the model by class, before gating, shape (k,)
    pointing : E[h^j] of pointing within a second in each draw, j = 0..ORDER-1, shape (ORDER, n)
    scintillation : E[h^j] of scintillation by class, shape (ORDER, k)
    """

    values: Values
    seconds: Floats
    efficiency: Floats
    light_scale: Floats
    light_hz: Floats
    dark_hz: Floats
    pointing: Floats
    scintillation: Floats

    def noise(self) -> Noise:
        """Noise rates, all light as if from the sky; arrays of shape (n * k,) for all draws."""
        light_hz = np.multiply.outer(self.light_scale, self.light_hz).ravel()
        none = np.zeros_like(light_hz)
        dark_hz = np.broadcast_to(self.dark_hz, self.efficiency.shape).ravel()
        return Noise(dark_hz, light_hz, none, none, none)

    def moments(self, index: int, source: DecoySource, receiver: Receiver) -> Moments:
        """Moments of one draw, as the key room takes them; its own light, noise and fading.

        Mean photon numbers stay those of the source: what the draw says of them is part of the
        efficiency, which a click cannot tell apart.
        """
        light_hz = self.light_scale[index] * self.light_hz
        none = np.zeros_like(light_hz)
        noise = Noise(self.dark_hz, light_hz, none, none, none)
        key, test = noise_probability_per_gate(noise, receiver)
        pulses = source.pulse_rate_hz * self.seconds
        fading = self.pointing[:, index, None] * self.scintillation
        return moments_from_slots(self.efficiency[index], pulses, key, test, fading=fading)


def moments_of_draws(draws: Draws, source: DecoySource, receiver: Receiver) -> Floats:
    """Power sums of every draw: efficiency, noise in the key and in the test basis.

    The same numbers as `Draws.moments` for each draw, all at once; shape (3, n, ORDER).
    """
    count, classes = draws.efficiency.shape
    key, test = (
        noise.reshape(count, classes)
        for noise in noise_probability_per_gate(draws.noise(), receiver)
    )
    pulses = np.broadcast_to(source.pulse_rate_hz * draws.seconds, draws.efficiency.shape)
    powers = pulses.copy()
    sums = np.empty((3, count, ORDER))
    for order in range(ORDER):
        if order:
            powers *= draws.efficiency / order
        faded = powers * draws.scintillation[order]
        sums[0, :, order] = faded.sum(axis=1)
        sums[1, :, order] = (faded * key).sum(axis=1)
        sums[2, :, order] = (faded * test).sum(axis=1)
    return np.asarray(sums * draws.pointing.T)


def unknown_parameters(priors: Priors) -> dict[str, Distribution]:
    """The parameters that are drawn, by name; a loss constant stands for all static gains."""
    given = {field.name: getattr(priors, field.name) for field in fields(priors)}
    replaced = () if priors.loss_constant_db is None else STATIC_GAINS
    return {
        name: prior for name, prior in given.items() if prior is not None and name not in replaced
    }


def latin_hypercube_scores(generator: np.random.Generator, draws: int, parameters: int) -> Floats:
    """Standard normal scores of a Latin hypercube, shape (parameters, draws).

    Each parameter takes the middle of every one of `draws` equally likely strata once, in an order
    of its own, so that its spread is that of its prior and only the pairing is random.

    Parameters
    ----------
    generator : the same state gives the same scores
    draws : 2..1e6
    parameters : number of rows

    References
    ----------
    M. D. McKay, R. J. Beckman and W. J. Conover, Technometrics 21, 239 (1979).
    """
    if not 2 <= draws <= LARGEST_DRAWS:
        raise LinkError(f"{draws} draws is outside 2..{LARGEST_DRAWS}")
    middles = ndtri((np.arange(draws) + 0.5) / draws)
    return np.stack([generator.permutation(middles) for _ in range(parameters)])


def draw_values(priors: Priors, generator: np.random.Generator, draws: int) -> Values:
    """Values of the unknown parameters, each of shape (draws,)."""
    unknown = unknown_parameters(priors)
    scores = latin_hypercube_scores(generator, draws, len(unknown))
    return {
        name: prior.at(score) for (name, prior), score in zip(unknown.items(), scores, strict=True)
    }


def drawn_pass(values: Values, classes: AirmassClasses, link: Link) -> Draws:
    """Efficiency and noise of a pass under drawn parameters.

    Exact in every parameter that a term depends on, for the airmass and range of each class;
    dead time stays that of the budget, which is wrong by less than its own 0.01 dB.

    Parameters
    ----------
    values : of `draw_values`, each of shape (n,), or (1,) where all draws share it
    classes : of the pass under its budget
    link : what the budget was made from
    """
    loss_db = drawn_atmosphere_db(values, classes, link) - (
        classes.aerosol_db + classes.cirrus_db + classes.water_db
    )
    gain = _static_gain(values, classes, link)
    return Draws(
        values=values,
        seconds=classes.seconds,
        efficiency=classes.efficiency * gain * 10.0 ** (-loss_db / 10.0),
        light_scale=values["background_scale"] * _receiver_gain(values, link.receiver),
        light_hz=classes.light_hz,
        dark_hz=classes.dark_hz,
        pointing=_pointing_fading(values, link.transmitter),
        scintillation=scintillation_fading(classes.scintillation),
    )


def _pointing_fading(values: Values, sender: Transmitter) -> Floats:
    """E[h^j] of each draw, shape (ORDER, n); of the declared beam where a constant replaces it."""
    count = next(iter(values.values())).size
    drawn = [
        values.get(name, np.full(count, getattr(sender, name)))
        for name in ("half_angle_rad", "pointing_jitter_rad", "pointing_bias_rad")
    ]
    return pointing_fading(*np.broadcast_arrays(*drawn))


def drawn_atmosphere_db(values: Values, classes: AirmassClasses, link: Link) -> Floats:
    """Loss in aerosol, cirrus and water under drawn columns [dB], shape (n, k)."""
    wavelength_m = link.transmitter.wavelength_m
    aerosol = angstrom_1929(
        wavelength_m, values["aerosol_optical_depth_550"], values["angstrom_exponent"]
    )
    nepers = np.multiply.outer(aerosol, classes.low_airmass)
    cirrus = np.multiply.outer(values["cirrus_optical_depth"], classes.airmass)
    return np.asarray(DB_PER_NEPER * (nepers + cirrus) + _water_db(values, classes, link))


def _water_db(values: Values, classes: AirmassClasses, link: Link) -> Floats:
    """Water grows with a power of its column; a declared column of 0 stays dry."""
    column_m = values["precipitable_water_m"]
    if link.atmosphere.precipitable_water_m == 0.0:
        return np.zeros((column_m.size, classes.water_db.size))
    # A band of lines saturates, a laser's own line follows Beer's law.
    is_line = link.transmitter.water_line_zenith_loss_db is not None
    power = 1.0 if is_line else gas_absorption().at("b_h2o", link.transmitter.wavelength_m)
    ratio = (column_m / link.atmosphere.precipitable_water_m) ** power
    return np.multiply.outer(ratio, classes.water_db)


def _static_gain(values: Values, classes: AirmassClasses, link: Link) -> Floats:
    """Gain over the budget that does not depend on the air, shape (n, k) or (n, 1)."""
    if "loss_constant_db" in values:
        return np.asarray(10.0 ** (-values["loss_constant_db"] / 10.0))[:, None]
    beam = _beam_gain(values, classes, link.transmitter, link.receiver)
    photons = values["mean_photon_number"] / link.source.intensities[0]
    return np.asarray(beam * (photons * _receiver_gain(values, link.receiver))[:, None])


def _beam_gain(
    values: Values, classes: AirmassClasses, sender: Transmitter, receiver: Receiver
) -> Floats:
    """Capture and mean pointing over those of the budget, shape (n, k)."""
    half_angle_rad = values["half_angle_rad"]
    captured = _mean_capture(
        np.hypot(half_angle_rad, 2.0 * values["pointing_jitter_rad"]),
        values["pointing_bias_rad"],
        classes,
        receiver,
    )
    declared = _mean_capture(
        np.hypot([sender.half_angle_rad], 2.0 * sender.pointing_jitter_rad),
        np.array([sender.pointing_bias_rad]),
        classes,
        receiver,
    )
    return captured / declared


def _mean_capture(
    half_angle_rad: Floats, bias_rad: Floats, classes: AirmassClasses, receiver: Receiver
) -> Floats:
    """Mean capture of beams as wide as their jitter makes them, shape (n, k)."""
    radius_m = np.multiply.outer(half_angle_rad, classes.range_m)
    offset_m = np.multiply.outer(bias_rad, classes.range_m) if np.any(bias_rad) else 0.0
    full = aperture_capture(radius_m, receiver.aperture_m, offset_m)
    if receiver.obscuration == 0.0:
        return full
    inner_m = receiver.aperture_m * receiver.obscuration
    return full - aperture_capture(radius_m, inner_m, offset_m)


def _receiver_gain(values: Values, receiver: Receiver) -> Floats:
    """Receiver optics and detectors over those declared; noise light passes them too."""
    if "receiver_optics_efficiency" not in values:
        return np.ones(())
    optics = values["receiver_optics_efficiency"] / receiver.optics_efficiency
    return np.asarray(optics * values["detector_efficiency"] / receiver.detector.efficiency)

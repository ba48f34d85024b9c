"""Assembly of the loss budget of an uplink: a ground laser, a receiver on a satellite."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.counts.source import DecoySource
from passes.errors import LinkError
from passes.link.air.extinction import DB_PER_NEPER
from passes.link.air_terms import air_terms, prepare_air
from passes.link.budget import LinkBudget, Term, TermGroup, loss_db_of
from passes.link.optics.beam import aperture_capture
from passes.link.optics.pointing import mean_pointing_transmittance
from passes.link.receiver_terms import prepare_reception, receiver_terms, steady_loss_db
from passes.link.terminals import Atmosphere, Receiver
from passes.link.turbulence.profile import hufnagel_valley
from passes.link.turbulence.uplink import SpotModel, UplinkSpot, diffraction_radius_m, uplink_spot
from passes.link.turbulence_terms import turbulent_elevation_rad
from passes.track import Track

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroundTransmitter:
    """A collimated laser behind a ground telescope.

    Parameters
    ----------
    wavelength_m : of the quantum signal
    waist_m : 1/e2 intensity radius of the beam at the telescope
    pointing_jitter_rad : of the telescope, standard deviation per axis; what the air adds is wander
    pointing_bias_rad : constant offset
    optics_efficiency : telescope transmittance after the point where the photon number is defined
    water_line_zenith_loss_db : as for `passes.link.terminals.Transmitter`
    """

    wavelength_m: float
    waist_m: float
    pointing_jitter_rad: float
    pointing_bias_rad: float
    optics_efficiency: float
    water_line_zenith_loss_db: float | None = None


def uplink_budget(
    track: Track,
    transmitter: GroundTransmitter,
    source: DecoySource,
    receiver: Receiver,
    atmosphere: Atmosphere,
    site_height_m: float,
    *,
    model: SpotModel | str,
    tip_tilt_residual: ArrayLike = 1.0,
    light_noise_hz: ArrayLike = 0.0,
) -> LinkBudget:
    """Loss of an uplink along a track, from the sender's photon number to a click in the gate.

    Parameters
    ----------
    track : of the satellite over the station, usable samples at 5 degrees or higher; the spot of
        lower ones is that through the air at 5 degrees
    transmitter : the ground laser
    source : its pulses set gate loss and dead time
    receiver : on the satellite; it stands above the air, so that its fibre or field stop loses
        nothing to turbulence
    atmosphere : over the station, with its turbulence
    site_height_m : of the station
    model : LONG_TERM, a wide spot at rest, or SHORT_TERM_WITH_WANDER, a narrow one that moves; the
        same light on average, counted once either way
    tip_tilt_residual : share of the wander's variance that steering leaves
    light_noise_hz : ungated background clicks, which only lengthen the dead time

    Returns
    -------
    Terms as of `passes.link.downlink.downlink_budget`, with "turbulence spread" and, for a spot
    that moves, "beam wander".

    Raises
    ------
    LinkError
        Turbulence is not given, a usable sample is below 5 degrees, or the spot is refused.
    """
    if atmosphere.turbulence is None:
        raise LinkError(
            "uplink through turbulence that is not given", hint="give the station's turbulence"
        )
    profile = hufnagel_valley(
        atmosphere.turbulence.rms_wind_m_s, atmosphere.turbulence.ground_cn2, site_height_m
    )
    spot = uplink_spot(
        profile,
        transmitter.wavelength_m,
        transmitter.waist_m,
        turbulent_elevation_rad(track),
        track.range_m,
        model,
        tip_tilt_residual,
    )
    air = prepare_air(
        transmitter.wavelength_m,
        atmosphere,
        site_height_m,
        line_zenith_loss_db=transmitter.water_line_zenith_loss_db,
    )
    terms = (
        *_spot_terms(track, transmitter, receiver, spot),
        *air_terms(air, track),
    )
    reception = prepare_reception(source, receiver)
    return LinkBudget((*terms, *receiver_terms(reception, track, terms, light_noise_hz)))


def _spot_terms(
    track: Track, transmitter: GroundTransmitter, receiver: Receiver, spot: UplinkSpot
) -> tuple[Term, ...]:
    """What is lost between the two telescopes, each cause relative to the ones before it."""
    in_vacuum = aperture_capture(
        diffraction_radius_m(transmitter.wavelength_m, transmitter.waist_m, track.range_m),
        receiver.aperture_m,
    )
    at_rest = aperture_capture(spot.radius_m, receiver.aperture_m)
    mean_radius_m = np.hypot(spot.radius_m, 2.0 * spot.wander_rms_m)
    captured = aperture_capture(mean_radius_m, receiver.aperture_m)
    blocked = aperture_capture(mean_radius_m, receiver.aperture_m * receiver.obscuration)
    optics_db = steady_loss_db(float(loss_db_of(transmitter.optics_efficiency)), track)
    wander = Term(
        "beam wander",
        loss_db_of(captured / at_rest),
        TermGroup.POINTING,
        "Fante 1975, mean over the wander of the short-term spot",
        is_random=True,
        spread_db=_spread_db(spot.wander_rms_m, 0.0, spot.radius_m),
    )
    return (
        Term(
            "geometric",
            loss_db_of(in_vacuum),
            TermGroup.GEOMETRY,
            "Gaussian beam onto the aperture, diffraction alone",
        ),
        Term(
            "turbulence spread",
            loss_db_of(at_rest / in_vacuum),
            TermGroup.ATMOSPHERE,
            f"Yura 1973, {spot.model} spot through Hufnagel-Valley turbulence",
        ),
        *((wander,) if spot.model is SpotModel.SHORT_TERM_WITH_WANDER else ()),
        Term(
            "obscuration",
            loss_db_of((captured - blocked) / captured),
            TermGroup.GEOMETRY,
            "central obstruction of the receiver",
        ),
        _pointing(track, transmitter, mean_radius_m),
        Term("transmitter optics", optics_db, TermGroup.GEOMETRY, "declared efficiency"),
    )


def _pointing(track: Track, transmitter: GroundTransmitter, mean_radius_m: Floats) -> Term:
    """The telescope's own jitter against the spot that the air makes of its beam."""
    half_angle_rad = mean_radius_m / track.range_m
    jitter_rad, bias_rad = transmitter.pointing_jitter_rad, transmitter.pointing_bias_rad
    return Term(
        "pointing",
        loss_db_of(mean_pointing_transmittance(half_angle_rad, jitter_rad, bias_rad)),
        TermGroup.POINTING,
        "mean over Gaussian jitter with bias",
        is_random=True,
        spread_db=_spread_db(jitter_rad, bias_rad, half_angle_rad),
    )


def _spread_db(jitter: ArrayLike, bias: ArrayLike, radius: Floats) -> Floats:
    """Standard deviation of 2 r^2 / radius^2 nepers for a Gaussian offset r about a bias [dB]."""
    deviation = 2.0 * np.asarray(jitter, dtype=np.float64) * np.hypot(jitter, bias)
    return np.asarray(DB_PER_NEPER * 2.0 * deviation / radius**2)

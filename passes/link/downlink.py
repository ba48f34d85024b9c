"""Assembly of the loss budget of a satellite's downlink."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.counts.source import DecoySource
from passes.errors import LinkError
from passes.link.air.extinction import DB_PER_NEPER
from passes.link.air_terms import air_terms
from passes.link.budget import LinkBudget, Term, TermGroup
from passes.link.declared import require_possible
from passes.link.optics.beam import aperture_capture
from passes.link.optics.pointing import mean_pointing_transmittance
from passes.link.receiver_terms import dead_time_term, loss_db_of, receiver_terms, steady_loss_db
from passes.link.terminals import Atmosphere, Receiver, Transmitter
from passes.link.turbulence_terms import turbulence_terms
from passes.track import Track

Floats = NDArray[np.float64]


def downlink_budget(
    track: Track,
    transmitter: Transmitter,
    source: DecoySource,
    receiver: Receiver,
    atmosphere: Atmosphere,
    site_height_m: float,
    *,
    light_noise_hz: ArrayLike = 0.0,
) -> LinkBudget:
    """Loss of a downlink along a track, from the sender's photon number to a click in the gate.

    Parameters
    ----------
    track : samples with elevation in [0, pi/2]; the usable ones at 5 degrees or higher where the
        station's turbulence is known
    transmitter, receiver : a transmitter outside the receiver's filter is refused
    source : its pulses set gate loss and dead time
    atmosphere : the air at the station
    site_height_m : height of the station
    light_noise_hz : ungated background clicks of all detectors, which only lengthen the dead time

    Returns
    -------
    Budget whose terms add to the whole loss, each counted once. Scintillation loses nothing on
    average, it only has a spread. Terms that need what is not declared (turbulence, fog, collisions
    of oxygen outside 909-1099 nm) are left out.

    Raises
    ------
    LinkError
        A declared parameter cannot be, the transmitter is outside the filter, the gates miss the
        pulses, a fibre has no turbulence to couple through, or a usable sample with turbulence is
        below 5 degrees.
    """
    require_possible(transmitter, source, receiver, atmosphere)
    _require_same_band(transmitter, receiver)
    terms = (
        *_beam_terms(track, transmitter, receiver),
        *air_terms(
            track,
            transmitter.wavelength_m,
            atmosphere,
            site_height_m,
            line_zenith_loss_db=transmitter.water_line_zenith_loss_db,
        ),
        *turbulence_terms(track, receiver, atmosphere, site_height_m),
        *receiver_terms(track, source, receiver),
    )
    dead_time = dead_time_term(terms, source, receiver, light_noise_hz)
    return LinkBudget((*terms, dead_time))


def _require_same_band(transmitter: Transmitter, receiver: Receiver) -> None:
    offset_m = abs(transmitter.wavelength_m - receiver.wavelength_m)
    # Half a picometre of room, so that a decimal wavelength at the edge is not lost to rounding.
    if offset_m > receiver.filter_bandwidth_m / 2.0 + 0.5e-12:
        raise LinkError(
            f"transmitter at {1e9 * transmitter.wavelength_m:g} nm is outside the receiver's "
            f"filter of {1e9 * receiver.wavelength_m:g} nm, "
            f"{1e9 * receiver.filter_bandwidth_m:g} nm wide"
        )


def _beam_terms(track: Track, transmitter: Transmitter, receiver: Receiver) -> tuple[Term, ...]:
    """What is lost between the two telescopes if the air were empty."""
    radius_m = transmitter.half_angle_rad * track.range_m
    full = aperture_capture(radius_m, receiver.aperture_m)
    open_share = np.ones_like(full)
    if receiver.obscuration > 0.0:
        open_share -= aperture_capture(radius_m, receiver.aperture_m * receiver.obscuration) / full
    pointing_db, pointing_spread_db, optics_db = _steady_losses_db(transmitter)
    return (
        Term(
            "geometric",
            loss_db_of(full),
            TermGroup.GEOMETRY,
            f"Gaussian beam onto the aperture, {transmitter.beam}",
        ),
        Term(
            "obscuration",
            loss_db_of(open_share),
            TermGroup.GEOMETRY,
            "central obstruction of the receiver",
        ),
        Term(
            "pointing",
            steady_loss_db(pointing_db, track),
            TermGroup.POINTING,
            "mean over Gaussian jitter with bias",
            is_random=True,
            spread_db=steady_loss_db(pointing_spread_db, track),
        ),
        Term(
            "transmitter optics",
            steady_loss_db(optics_db, track),
            TermGroup.GEOMETRY,
            "declared efficiency",
        ),
    )


# A pure function of a frozen record: remembering it is no hidden state.
@lru_cache(maxsize=64)
def _steady_losses_db(transmitter: Transmitter) -> tuple[float, float, float]:
    """Mean loss of pointing, its standard deviation, and loss of the optics [dB].

    The loss of pointing is 2 r^2 / half_angle^2 nepers, and the square of a distance with bias b
    and jitter s per axis has the variance 4 s^2 (s^2 + b^2).
    """
    half_angle_rad = transmitter.half_angle_rad
    jitter_rad, bias_rad = transmitter.pointing_jitter_rad, transmitter.pointing_bias_rad
    deviation_rad2 = 2.0 * jitter_rad * np.hypot(jitter_rad, bias_rad)
    mean = mean_pointing_transmittance(half_angle_rad, jitter_rad, bias_rad)
    return (
        float(loss_db_of(mean)),
        float(DB_PER_NEPER * 2.0 * deviation_rad2 / half_angle_rad**2),
        float(loss_db_of(transmitter.optics_efficiency)),
    )

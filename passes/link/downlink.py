"""Assembly of the loss budget of a satellite's downlink."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.counts.source import DecoySource
from passes.errors import LinkError
from passes.link import beam_terms, receiver_terms
from passes.link.air_terms import Air, air_losses_db, prepare_air
from passes.link.beam_terms import Beam, beam_losses_db, prepare_beam
from passes.link.budget import NEPERS_PER_DB, LinkBudget, Row, TermTable, loss_db_of, write_loss_db
from passes.link.declared import require_possible
from passes.link.receiver_terms import Reception, live_share, prepare_reception
from passes.link.terminals import Atmosphere, Receiver, Transmitter
from passes.link.turbulence_terms import (
    SCINTILLATION,
    TurbulenceLosses,
    prepare_turbulence,
    turbulence_losses_db,
)
from passes.track import Track

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Downlink:
    """A downlink before it has a track: everything that no instant changes.

    Parameters
    ----------
    beam, air, turbulence, reception : its parts; turbulence is None where it is not known
    optics_db : loss of the transmitter's optics
    rows : of each term its label, the row of its loss and that of its spread, if it has one
    steady_db : losses and spreads that are the same at every sample
    """

    beam: Beam
    air: Air
    turbulence: TurbulenceLosses | None
    reception: Reception
    optics_db: float
    rows: tuple[Row, ...]
    steady_db: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LinkAlong:
    """The loss of a link along a track, with what counts need of it.

    Parameters
    ----------
    budget : its terms
    efficiency : probability that one photon leads to a click, equal to that of the budget, (n,)
    live_share : of the clicks that detectors do not miss while they recover, shape (n,)
    """

    budget: LinkBudget
    efficiency: Floats
    live_share: Floats


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
    transmitter, source, receiver, atmosphere, site_height_m : see `prepare_downlink`
    light_noise_hz : ungated background clicks of all detectors, which only lengthen the dead time

    Returns
    -------
    Budget whose terms add to the whole loss, each counted once. Scintillation loses nothing on
    average, it only has a spread. Terms that need what is not declared (turbulence, fog, collisions
    of oxygen outside 909-1099 nm) are left out. For many tracks of one link `prepare_downlink` once
    and `downlink_along` each.

    Raises
    ------
    LinkError
        As `prepare_downlink`, or a usable sample with turbulence is below 5 degrees.
    """
    link = prepare_downlink(transmitter, source, receiver, atmosphere, site_height_m)
    return downlink_along(link, track, light_noise_hz).budget


def prepare_downlink(
    transmitter: Transmitter,
    source: DecoySource,
    receiver: Receiver,
    atmosphere: Atmosphere,
    site_height_m: float,
) -> Downlink:
    """What of a downlink no instant changes, ready for the budgets of many passes.

    Parameters
    ----------
    transmitter, receiver : a transmitter outside the receiver's filter is refused
    source : its pulses set gate loss and dead time
    atmosphere : the air at the station
    site_height_m : height of the station

    Raises
    ------
    LinkError
        A declared parameter cannot be, the transmitter is outside the filter, the gates miss the
        pulses, or a fibre has no turbulence to couple through.
    """
    require_possible(transmitter, source, receiver, atmosphere)
    _require_same_band(transmitter, receiver)
    beam = prepare_beam(transmitter, receiver)
    air = prepare_air(
        transmitter.wavelength_m,
        atmosphere,
        site_height_m,
        line_zenith_loss_db=transmitter.water_line_zenith_loss_db,
    )
    turbulence = prepare_turbulence(receiver, atmosphere, site_height_m)
    reception = prepare_reception(source, receiver)
    optics_db = float(loss_db_of(transmitter.optics_efficiency))
    rows, steady_db = _layout(beam, air, turbulence, reception, optics_db)
    return Downlink(beam, air, turbulence, reception, optics_db, rows, steady_db)


def _require_same_band(transmitter: Transmitter, receiver: Receiver) -> None:
    offset_m = abs(transmitter.wavelength_m - receiver.wavelength_m)
    # Half a picometre of room, so that a decimal wavelength at the edge is not lost to rounding.
    if offset_m > receiver.filter_bandwidth_m / 2.0 + 0.5e-12:
        raise LinkError(
            f"transmitter at {1e9 * transmitter.wavelength_m:g} nm is outside the receiver's "
            f"filter of {1e9 * receiver.wavelength_m:g} nm, "
            f"{1e9 * receiver.filter_bandwidth_m:g} nm wide"
        )


def _layout(
    beam: Beam,
    air: Air,
    turbulence: TurbulenceLosses | None,
    reception: Reception,
    transmitter_optics_db: float,
) -> tuple[tuple[Row, ...], tuple[float, ...]]:
    """Terms in the order of the light's way with their rows, and what never changes.

    The rows: losses that follow range and elevation, dead time, the spread of scintillation; from
    there on what is the same at every sample.
    """
    turbulent = () if turbulence is None else (turbulence.into_detector,)
    changing = (beam.geometric, beam_terms.OBSCURATION, beam_terms.POINTING, *air.labels)
    filled = (*changing, *turbulent, reception.dead_time)
    rows = {label: row for row, label in enumerate(filled)}
    spreads = {} if turbulence is None else {SCINTILLATION: len(filled)}
    first_steady = len(filled) + len(spreads)
    steady = {
        beam_terms.OPTICS: transmitter_optics_db,
        receiver_terms.OPTICS: reception.optics_db,
        receiver_terms.EFFICIENCY: reception.efficiency_db,
        receiver_terms.GATE: reception.gate_db,
        **({} if turbulence is None else {SCINTILLATION: 0.0}),
    }
    rows |= {label: first_steady + row for row, label in enumerate(steady)}
    spreads[beam_terms.POINTING] = first_steady + len(steady)
    way = (
        *changing[:3],
        beam_terms.OPTICS,
        *changing[3:],
        *(() if turbulence is None else (SCINTILLATION, *turbulent)),
        receiver_terms.OPTICS,
        receiver_terms.GATE,
        receiver_terms.EFFICIENCY,
        reception.dead_time,
    )
    return (
        tuple((label, rows[label], spreads.get(label)) for label in way),
        (*steady.values(), beam.spread_db),
    )


def downlink_along(link: Downlink, track: Track, light_noise_hz: ArrayLike = 0.0) -> LinkAlong:
    """Loss of a prepared downlink along a track; arguments as for `downlink_budget`."""
    table, dead_time = _changing_losses_db(link, track)
    reception = link.reception
    efficiency = np.add.reduce(table[:dead_time])
    efficiency += link.optics_db + reception.optics_db + reception.efficiency_db
    efficiency *= -NEPERS_PER_DB
    np.exp(efficiency, efficiency)
    live = live_share(reception, efficiency, light_noise_hz)
    efficiency *= reception.in_gate
    efficiency *= live
    write_loss_db(live, table[dead_time])
    return LinkAlong(LinkBudget(TermTable(link.rows, table, link.steady_db)), efficiency, live)


def _changing_losses_db(link: Downlink, track: Track) -> tuple[Floats, int]:
    """Losses and spreads that change [dB], (k, n), all but the row of dead time, given second."""
    after_air = 3 + len(link.air.labels)
    is_turbulent = link.turbulence is not None
    dead_time = after_air + is_turbulent
    table = np.empty((dead_time + 1 + is_turbulent, track.range_m.size))
    beam_losses_db(link.beam, track.range_m, table[:3])
    air_losses_db(link.air, track, table[3:after_air])
    if link.turbulence is not None:
        table[-1], table[after_air] = turbulence_losses_db(link.turbulence, track)
    return table, dead_time

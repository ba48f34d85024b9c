"""Losses that follow from the turbulence over a station."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from passes.errors import LinkError
from passes.link.air.extinction import DB_PER_NEPER
from passes.link.budget import Label, TermGroup
from passes.link.terminals import Atmosphere, HufnagelValley, Receiver
from passes.link.turbulence.coupling import FibreCoupling, fibre_coupling
from passes.link.turbulence.elevation_table import ElevationTable, table_steps, tabulate
from passes.link.turbulence.profile import (
    LOWEST_ELEVATION_DEG,
    fried_parameter_m,
    hufnagel_valley,
)
from passes.link.turbulence.scintillation import (
    aperture_averaged_index,
    log_irradiance_variance,
)
from passes.link.turbulence.seeing import field_stop_transmittance
from passes.track import Track

Floats = NDArray[np.float64]

_KEPT = 64


SCINTILLATION = Label(
    "scintillation",
    TermGroup.ATMOSPHERE,
    "Andrews & Phillips 2005, aperture-averaged, Hufnagel-Valley profile",
    is_random=True,
)


@dataclass(frozen=True, slots=True, eq=False)
class TurbulenceLosses:
    """What turbulence does to one receiver, tabulated against elevation.

    Parameters
    ----------
    into_detector : the label of the loss into field stop or fibre
    scintillation_db : standard deviation; on average scintillation costs nothing
    into_detector_db : loss into field stop or fibre
    """

    into_detector: Label
    scintillation_db: ElevationTable
    into_detector_db: ElevationTable


def prepare_turbulence(
    receiver: Receiver, atmosphere: Atmosphere, site_height_m: float
) -> TurbulenceLosses | None:
    """What of the turbulence no direction changes.

    Parameters
    ----------
    receiver : with a fibre, it takes the place of the field stop
    atmosphere : without turbulence there is no loss

    Raises
    ------
    LinkError
        A fibre without turbulence, or behind a telescope of more than 100 Fried parameters at 5
        degrees.
    """
    turbulence = atmosphere.turbulence
    if turbulence is None:
        if receiver.fibre is not None:
            raise LinkError(
                "receiver couples into a single-mode fibre but turbulence is not given",
                hint="give the station's turbulence",
            )
        return None
    return TurbulenceLosses(
        _into_the_detector(receiver), *_tables(receiver, turbulence, site_height_m)
    )


def turbulence_losses_db(losses: TurbulenceLosses, track: Track) -> tuple[Floats, Floats]:
    """Spread of the scintillation and loss into stop or fibre along a track [dB], shape (n,).

    Parameters
    ----------
    losses : of `prepare_turbulence`
    track : usable samples stand at 5 degrees or higher; others may be lower and are then taken at
        5 degrees

    Raises
    ------
    LinkError : a usable sample is lower
    """
    steps = table_steps(turbulent_elevation_rad(track))
    return losses.scintillation_db.between(*steps), losses.into_detector_db.between(*steps)


def _into_the_detector(receiver: Receiver) -> Label:
    fibre = receiver.fibre
    if fibre is None:
        source = "Fried 1966, long exposure through Hufnagel-Valley turbulence"
        return Label("field stop", TermGroup.RECEIVER, source)
    correction = "tip and tilt corrected" if fibre.correction == "tip-tilt" else "uncorrected"
    source = f"Dikmelik & Davidson 2005, {correction}, Hufnagel-Valley turbulence"
    return Label("fibre coupling", TermGroup.RECEIVER, source, is_random=True)


def turbulent_elevation_rad(track: Track) -> Floats:
    """Elevation for models of turbulence, which end at 5 degrees: lower samples are taken there.

    Raises
    ------
    LinkError : a usable sample is lower
    """
    lowest_rad = np.radians(LOWEST_ELEVATION_DEG)
    if track.elevation_rad.min(initial=lowest_rad) >= lowest_rad:
        return track.elevation_rad
    is_low = track.elevation_rad < lowest_rad
    if np.any(is_low & track.is_usable):
        first_deg = np.degrees(track.elevation_rad[is_low & track.is_usable][0])
        raise LinkError(
            f"turbulence of a contact at elevation {first_deg:.2f} deg, below "
            f"{LOWEST_ELEVATION_DEG:g} deg",
            hint=f"min_elevation_deg of {LOWEST_ELEVATION_DEG:g} or more",
        )
    return np.maximum(track.elevation_rad, lowest_rad)


# Pure functions of frozen records: remembering them is no hidden state. A table of scintillation
# takes 2 ms, one of coupling 100 ms, as long as the budgets of many passes.
@lru_cache(maxsize=_KEPT)
def _tables(
    receiver: Receiver, turbulence: HufnagelValley, site_height_m: float
) -> tuple[ElevationTable, ElevationTable]:
    """Spread of the scintillation and loss into stop or fibre [dB], against elevation."""
    wavelength_m = receiver.wavelength_m
    profile = hufnagel_valley(turbulence.rms_wind_m_s, turbulence.ground_cn2, site_height_m)

    def spread_db(elevation_rad: Floats) -> Floats:
        index = aperture_averaged_index(profile, wavelength_m, elevation_rad, receiver.aperture_m)
        return np.asarray(DB_PER_NEPER * np.sqrt(log_irradiance_variance(index)))

    def loss_db(elevation_rad: Floats) -> Floats:
        fried_m = fried_parameter_m(profile, wavelength_m, elevation_rad)
        return np.asarray(-10.0 * np.log10(_share(receiver, fried_m)))

    return tabulate(spread_db), tabulate(loss_db)


def _share(receiver: Receiver, fried_m: Floats) -> Floats:
    """Mean share of the light behind the telescope that reaches the detectors' optics."""
    fibre = receiver.fibre
    if fibre is None:
        return field_stop_transmittance(receiver.field_of_view_rad, receiver.wavelength_m, fried_m)
    coupling = _coupling(fibre.mode_ratio, receiver.obscuration, fibre.correction)
    return coupling.mean(receiver.aperture_m / fried_m)


@lru_cache(maxsize=_KEPT)
def _coupling(mode_ratio: float, obscuration: float, correction: str) -> FibreCoupling:
    return fibre_coupling(mode_ratio, obscuration, correction)

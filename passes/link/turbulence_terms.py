"""Terms that follow from the turbulence over a station."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from passes.errors import LinkError
from passes.link.air.extinction import DB_PER_NEPER
from passes.link.budget import Term, TermGroup
from passes.link.terminals import Atmosphere, HufnagelValley, Receiver
from passes.link.turbulence.coupling import FibreCoupling, fibre_coupling
from passes.link.turbulence.elevation_table import ElevationTable, tabulate
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


def turbulence_terms(
    track: Track, receiver: Receiver, atmosphere: Atmosphere, site_height_m: float
) -> tuple[Term, ...]:
    """Field stop or fibre, and scintillation, along a track.

    Parameters
    ----------
    track : usable samples stand at 5 degrees or higher; others may be lower and are then taken at
        5 degrees
    receiver : with a fibre, it takes the place of the field stop
    atmosphere : without turbulence there is no term

    Returns
    -------
    No term, or a loss in the receiver with scintillation, which on average costs nothing and only
    has a spread.

    Raises
    ------
    LinkError
        A fibre without turbulence, or behind a telescope of more than 100 Fried parameters at 5
        degrees, or a usable sample below 5 degrees.
    """
    turbulence = atmosphere.turbulence
    if turbulence is None:
        if receiver.fibre is not None:
            raise LinkError(
                "receiver couples into a single-mode fibre but turbulence is not given",
                hint="give the station's turbulence",
            )
        return ()
    elevation_rad = turbulent_elevation_rad(track)
    spread_db, loss_db = (
        table.at(elevation_rad) for table in _tables(receiver, turbulence, site_height_m)
    )
    scintillation = Term(
        "scintillation",
        np.zeros_like(spread_db),
        TermGroup.ATMOSPHERE,
        "Andrews & Phillips 2005, aperture-averaged, Hufnagel-Valley profile",
        is_random=True,
        spread_db=spread_db,
    )
    return scintillation, _into_the_detector(receiver, loss_db)


def _into_the_detector(receiver: Receiver, loss_db: Floats) -> Term:
    fibre = receiver.fibre
    if fibre is None:
        source = "Fried 1966, long exposure through Hufnagel-Valley turbulence"
        return Term("field stop", loss_db, TermGroup.RECEIVER, source)
    correction = "tip and tilt corrected" if fibre.correction == "tip-tilt" else "uncorrected"
    source = f"Dikmelik & Davidson 2005, {correction}, Hufnagel-Valley turbulence"
    return Term("fibre coupling", loss_db, TermGroup.RECEIVER, source, is_random=True)


def turbulent_elevation_rad(track: Track) -> Floats:
    """Elevation for models of turbulence, which end at 5 degrees: lower samples are taken there.

    Raises
    ------
    LinkError : a usable sample is lower
    """
    lowest_rad = np.radians(LOWEST_ELEVATION_DEG)
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

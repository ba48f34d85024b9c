"""Loss terms of the air over a station."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.link.air.extinction import slant_extinction_db
from passes.link.air.fog import fog_loss_db
from passes.link.air.oxygen import mlawer_1998, oxygen_collision_db
from passes.link.budget import Term, TermGroup
from passes.link.terminals import Atmosphere
from passes.track import Track

Floats = NDArray[np.float64]

_SOURCE = {
    "rayleigh": "Bodhaine et al. 1999, station pressure",
    "ozone": "LOWTRAN7 table, station's ozone column",
    "water": "LOWTRAN7 table, station's water column",
    "mixed gases": "LOWTRAN7 table, station pressure",
    "aerosol": "optical depth at the station, Shettle & Fenn shape",
    "cirrus": "declared optical depth, grey",
    "oxygen collisions": "Mlawer et al. 1998, squared density above the station",
    "fog": "declared visibility and thickness",
}
_LINE_SOURCE = "declared line loss, Beer's law in the station's water column"
_EXPONENT_SOURCE = "optical depth at the station, declared exponent (Angstrom 1929)"
_FOG_SOURCE = {
    "kruse": "declared visibility and thickness, Kruse et al. 1962",
    "kim": "declared visibility and thickness, Kim et al. 2001",
}


def clear_air_db(
    wavelength_m: float,
    elevation_rad: ArrayLike,
    atmosphere: Atmosphere,
    height_m: float,
    *,
    line_zenith_loss_db: float | None = None,
) -> dict[str, Floats]:
    """Loss of each constituent of the clear air above a station [dB].

    Parameters
    ----------
    wavelength_m : 400-1600 nm
    elevation_rad : in [0, pi/2], any shape
    atmosphere : columns at the station; a measured exponent takes the place of the aerosol's shape
    height_m : of the station
    line_zenith_loss_db : of this very laser, in place of the band mean of water

    Returns
    -------
    As `passes.link.air.extinction.slant_extinction_db`, with "oxygen collisions" where that band
    absorbs at all (909-1099 nm).
    """
    losses_db = slant_extinction_db(
        wavelength_m,
        elevation_rad,
        atmosphere,
        height_m,
        angstrom_exponent=atmosphere.angstrom_exponent,
        line_zenith_loss_db=line_zenith_loss_db,
    )
    if mlawer_1998(wavelength_m) > 0.0:
        losses_db["oxygen collisions"] = oxygen_collision_db(wavelength_m, elevation_rad, height_m)
    return losses_db


def air_terms(
    track: Track,
    wavelength_m: float,
    atmosphere: Atmosphere,
    site_height_m: float,
    *,
    line_zenith_loss_db: float | None = None,
) -> tuple[Term, ...]:
    """Clear air and fog along a track, the same up and down; arguments as for `clear_air_db`.

    Fog is refused at the horizon, where a flat layer has no end; samples there that are not usable
    are taken at a tenth of a degree.
    """
    losses_db = clear_air_db(
        wavelength_m,
        track.elevation_rad,
        atmosphere,
        site_height_m,
        line_zenith_loss_db=line_zenith_loss_db,
    )
    source = dict(_SOURCE)
    if line_zenith_loss_db is not None:
        source["water"] = _LINE_SOURCE
    if atmosphere.angstrom_exponent is not None:
        source["aerosol"] = _EXPONENT_SOURCE
    fog = atmosphere.fog
    if fog is not None:
        above = np.where(
            track.is_usable, track.elevation_rad, np.maximum(track.elevation_rad, np.radians(0.1))
        )
        losses_db["fog"] = fog_loss_db(
            wavelength_m, above, fog.visibility_m, fog.thickness_m, fog.law
        )
        source["fog"] = _FOG_SOURCE[fog.law]
    return tuple(
        Term(name, loss_db, TermGroup.ATMOSPHERE, source[name])
        for name, loss_db in losses_db.items()
    )

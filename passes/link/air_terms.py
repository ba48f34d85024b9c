"""Loss terms of the air over a station."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.link.air.extinction import (
    CONSTITUENTS,
    VerticalLoss,
    slant_extinction_db,
    slant_losses_db,
    vertical_loss,
)
from passes.link.air.fog import fog_loss_db
from passes.link.air.lines import line_absorption_db
from passes.link.air.oxygen import mlawer_1998, oxygen_collision_db
from passes.link.budget import Label, Term, TermGroup
from passes.link.terminals import Atmosphere
from passes.sky.airmass_table import airmasses
from passes.track import Track

Floats = NDArray[np.float64]

_OXYGEN = "oxygen collisions"
_SOURCE = {
    "rayleigh": "Bodhaine et al. 1999, station pressure",
    "ozone": "LOWTRAN7 table, station's ozone column",
    "water": "LOWTRAN7 table, station's water column",
    "mixed gases": "LOWTRAN7 table, station pressure",
    "aerosol": "optical depth at the station, Shettle & Fenn shape",
    "cirrus": "declared optical depth, grey",
    _OXYGEN: "Mlawer et al. 1998, squared density above the station",
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
        losses_db[_OXYGEN] = oxygen_collision_db(wavelength_m, elevation_rad, height_m)
    return losses_db


@dataclass(frozen=True, slots=True, eq=False)
class Air:
    """Clear air and fog over a station for one laser, before anyone looks anywhere.

    Parameters
    ----------
    labels : of the losses, in their order
    vertical : loss of the constituents through one airmass
    wavelength_m, atmosphere, site_height_m, line_zenith_loss_db : what it was made from
    """

    labels: tuple[Label, ...]
    vertical: VerticalLoss
    wavelength_m: float
    atmosphere: Atmosphere
    site_height_m: float
    line_zenith_loss_db: float | None


def prepare_air(
    wavelength_m: float,
    atmosphere: Atmosphere,
    site_height_m: float,
    *,
    line_zenith_loss_db: float | None = None,
) -> Air:
    """What of the air no direction changes; arguments as for `clear_air_db`."""
    source = {name: _SOURCE[name] for name in CONSTITUENTS}
    if line_zenith_loss_db is not None:
        source["water"] = _LINE_SOURCE
    if atmosphere.angstrom_exponent is not None:
        source["aerosol"] = _EXPONENT_SOURCE
    if mlawer_1998(wavelength_m) > 0.0:
        source[_OXYGEN] = _SOURCE[_OXYGEN]
    if atmosphere.fog is not None:
        source["fog"] = _FOG_SOURCE[atmosphere.fog.law]
    return Air(
        labels=tuple(Label(name, TermGroup.ATMOSPHERE, text) for name, text in source.items()),
        vertical=vertical_loss(
            wavelength_m, atmosphere, site_height_m, atmosphere.angstrom_exponent
        ),
        wavelength_m=wavelength_m,
        atmosphere=atmosphere,
        site_height_m=site_height_m,
        line_zenith_loss_db=line_zenith_loss_db,
    )


def air_losses_db(air: Air, track: Track, out: Floats) -> None:
    """Write what the air takes along a track [dB].

    Parameters
    ----------
    air : of `prepare_air`
    track : elevations in [0, pi/2]. Fog is refused at the horizon, where a flat layer has no end;
        samples there that are not usable are taken at a tenth of a degree.
    out : in the order of the labels, shape (k, n)
    """
    elevation_rad = track.elevation_rad
    slant_losses_db(air.vertical, *airmasses(elevation_rad), out[: len(CONSTITUENTS)])
    if air.line_zenith_loss_db is not None:
        out[CONSTITUENTS.index("water")] = line_absorption_db(
            air.line_zenith_loss_db, elevation_rad, air.atmosphere.precipitable_water_m
        )
    for row, label in enumerate(air.labels[len(CONSTITUENTS) :], start=len(CONSTITUENTS)):
        if label.name == _OXYGEN:
            out[row] = oxygen_collision_db(air.wavelength_m, elevation_rad, air.site_height_m)
        else:
            out[row] = _fog_db(air, track)


def _fog_db(air: Air, track: Track) -> Floats:
    fog = air.atmosphere.fog
    if fog is None:
        return np.zeros_like(track.elevation_rad)
    above = np.where(
        track.is_usable, track.elevation_rad, np.maximum(track.elevation_rad, np.radians(0.1))
    )
    return fog_loss_db(air.wavelength_m, above, fog.visibility_m, fog.thickness_m, fog.law)


def air_terms(air: Air, track: Track) -> tuple[Term, ...]:
    """Clear air and fog along a track, the same up and down; see `air_losses_db`."""
    losses_db = np.empty((len(air.labels), track.elevation_rad.size))
    air_losses_db(air, track, losses_db)
    return tuple(label.term(row) for label, row in zip(air.labels, losses_db, strict=True))

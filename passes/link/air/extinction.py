"""Light lost in the clear air between a satellite and a station."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError
from passes.link.air.aerosol import angstrom_1929
from passes.link.air.lines import line_absorption_db
from passes.link.air.tables import TABLE_OZONE_DU, TABLE_WATER_M, aerosol_shape, gas_absorption
from passes.link.terminals import Atmosphere
from passes.sky.airmass_table import airmasses

Floats = NDArray[np.float64]

DB_PER_NEPER = 10.0 / math.log(10.0)
CONSTITUENTS = ("rayleigh", "ozone", "water", "mixed gases", "aerosol", "cirrus")

# Any boundary layer, LOWTRAN7 rev 4.2, whole column.
_VISIBILITY_M = 1e3 * np.array([5.0, 10.0, 15.0, 20.0, 23.0, 30.0, 40.0, 50.0])
_DEPTH_550 = np.array([1.1708, 0.6737, 0.4731, 0.3679, 0.3249, 0.2539, 0.1955, 0.1604])

WATER_LINES_NM = (813.0, 836.0)


def pressure_ratio(height_m: float) -> float:
    """Mean pressure at a height over that at sea level, international standard atmosphere.

    Valid from -500 m to 11 km. A height above the ellipsoid instead of the sea is good enough:
    50 m change Rayleigh scattering by 0.6 %, below 0.001 dB at 850 nm.
    """
    if not -500.0 <= height_m <= 11_000.0:
        raise LinkError(f"station height {height_m:g} m is outside -500..11000 m")
    return float((1.0 - 2.25577e-5 * height_m) ** 5.25588)


def bodhaine_1999(wavelength_m: float, pressure_over_sea_level: float = 1.0) -> float:
    """Rayleigh optical depth of the vertical column.

    Parameters
    ----------
    wavelength_m : of the light, 0.25-1.6 um
    pressure_over_sea_level : station pressure over 1013.25 hPa

    Returns
    -------
    Optical depth (nepers), good to 0.01 % of the full calculation below 850 nm; 6S and LOWTRAN7
    agree within 0.7 % at 785 nm.

    References
    ----------
    B. A. Bodhaine et al., J. Atmos. Oceanic Technol. 16, 1854 (1999), Eq. 30.
    """
    um2 = (1e6 * wavelength_m) ** 2
    sea_level = (
        0.0021520
        * (1.0455996 - 341.29061 / um2 - 0.90230850 * um2)
        / (1.0 + 0.0027059889 / um2 - 85.968563 * um2)
    )
    return float(sea_level * pressure_over_sea_level)


def aerosol_optical_depth(wavelength_m: float, depth_550: float, aerosol: str) -> float:
    """Vertical aerosol optical depth at a wavelength, from that at 550 nm.

    Parameters
    ----------
    wavelength_m : 400-1600 nm
    depth_550 : at 550 nm and at the station; it is not scaled with height here
    aerosol : column of the shipped table (Shettle & Fenn types of LOWTRAN7)
    """
    table = aerosol_shape()
    if aerosol not in table.columns:
        known = ", ".join(table.columns)
        raise LinkError(f"no aerosol {aerosol!r}", hint=f"one of {known}")
    return depth_550 * table.at(aerosol, wavelength_m)


def aerosol_depth_550_from_visibility(visibility_m: float) -> float:
    """Vertical optical depth of aerosol at 550 nm from the visibility at the ground.

    A stopgap: the ground says little about the column above it. Prefer a measured or forecast
    optical depth. Interpolated in the logarithms between 5 and 50 km, LOWTRAN7 rev 4.2. The runs
    were those of rural aerosol; maritime, urban and tropospheric have the same depth at 550 nm,
    since there the visibility alone sets the profile (its routine AERPRF) and the type the shape
    over wavelength. The depth is that above the place where the visibility was seen.
    """
    if not _VISIBILITY_M[0] <= visibility_m <= _VISIBILITY_M[-1]:
        raise LinkError(f"visibility {visibility_m / 1e3:g} km is outside 5..50 km")
    return float(np.exp(np.interp(np.log(visibility_m), np.log(_VISIBILITY_M), np.log(_DEPTH_550))))


def slant_extinction_db(
    wavelength_m: float,
    elevation_rad: ArrayLike,
    atmosphere: Atmosphere,
    height_m: float,
    *,
    angstrom_exponent: float | None = None,
    line_zenith_loss_db: float | None = None,
) -> dict[str, Floats]:
    """Loss of each constituent of the air between space and a station [dB].

    Parameters
    ----------
    wavelength_m : 400-1600 nm
    elevation_rad : in [0, pi/2], any shape; apparent, while a geometric one errs by 0.9 % of the
        loss at 10 deg, on the safe side
    atmosphere : columns at the station
    height_m : of the station; it thins Rayleigh scattering and the mixed gases and nothing else,
        because aerosol and water are given at the station
    angstrom_exponent : if measured, in place of the shape of `atmosphere.aerosol`
    line_zenith_loss_db : of this laser through 1.42 cm of water, if known, in place of the band
        mean of water; see `passes.link.air.lines.line_absorption_db`

    Returns
    -------
    "rayleigh", "ozone", "water", "mixed gases", "aerosol", "cirrus", each with the shape of
    `elevation_rad`. LOWTRAN7 is met within 0.03 dB above 10 deg, MODTRAN within 0.3 dB. The
    gases are means over 2 nm: see `water_line_warning`. Collisions of oxygen near 1064 nm are not
    in them: see `passes.link.air.oxygen`.

    References
    ----------
    Pressure-corrected airmass for the mixed gases: R. E. Bird and C. Riordan, J. Clim. Appl.
    Meteorol. 25, 87 (1986). Tables: see `passes.link.air.tables`.
    """
    airmass, low_airmass = airmasses(elevation_rad)
    vertical = vertical_loss(wavelength_m, atmosphere, height_m, angstrom_exponent)
    losses_db = dict(
        zip(CONSTITUENTS, slant_losses_db(vertical, airmass, low_airmass), strict=True)
    )
    if line_zenith_loss_db is not None:
        losses_db["water"] = line_absorption_db(
            line_zenith_loss_db, elevation_rad, atmosphere.precipitable_water_m
        )
    return losses_db


def slant_losses_db(
    vertical: "VerticalLoss", airmass: Floats, low_airmass: Floats, out: Floats | None = None
) -> Floats:
    """Loss of the constituents along a slant path [dB], from that through one airmass.

    Parameters
    ----------
    vertical : of `vertical_loss`
    airmass, low_airmass : of molecules and of what lies low, any one shape
    out : where to write, shape (6, ...)

    Returns
    -------
    Losses in the order of `CONSTITUENTS`, shape (6, ...).
    """
    losses_db = np.empty((len(CONSTITUENTS), *airmass.shape)) if out is None else out
    np.multiply(airmass, vertical.rayleigh_db, losses_db[0, ...])
    np.multiply(airmass, vertical.ozone_db, losses_db[1, ...])
    _grow(vertical.water_db, vertical.water_power, low_airmass, losses_db[2, ...])
    _grow(vertical.mixed_db, vertical.mixed_power, airmass, losses_db[3, ...])
    np.multiply(low_airmass, vertical.aerosol_db, losses_db[4, ...])
    # Cirrus lies above most of the air, so that the airmass of low layers would be too large.
    np.multiply(airmass, vertical.cirrus_db, losses_db[5, ...])
    return losses_db


def _grow(zenith_db: float, power: float, airmass: Floats, out: Floats) -> None:
    """Curve of growth of a band, zenith_db x airmass^power; by logarithms, in half the time."""
    if zenith_db == 0.0:
        out.fill(0.0)
        return
    np.log(airmass, out)
    out *= power
    np.exp(out, out)
    out *= zenith_db


@dataclass(frozen=True, slots=True)
class VerticalLoss:
    """Loss through one airmass of each constituent [dB], with the powers of band means."""

    rayleigh_db: float
    ozone_db: float
    water_db: float
    water_power: float
    mixed_db: float
    mixed_power: float
    aerosol_db: float
    cirrus_db: float


# A pure function of frozen records: remembering it is no hidden state. Looking up the tables costs
# as much as the losses of 1,000 samples.
@lru_cache(maxsize=256)
def vertical_loss(
    wavelength_m: float, atmosphere: Atmosphere, height_m: float, angstrom_exponent: float | None
) -> VerticalLoss:
    """Loss straight up through the air over a station; arguments as for `slant_extinction_db`."""
    pressure, gases = pressure_ratio(height_m), gas_absorption()
    water = atmosphere.precipitable_water_m / TABLE_WATER_M
    water_power, mixed_power = gases.at("b_h2o", wavelength_m), gases.at("b_mixed", wavelength_m)
    ozone = gases.at("tau_o3", wavelength_m) * atmosphere.ozone_du / TABLE_OZONE_DU
    mixed = gases.at("tau_mixed", wavelength_m) * pressure**mixed_power
    return VerticalLoss(
        rayleigh_db=DB_PER_NEPER * bodhaine_1999(wavelength_m, pressure),
        ozone_db=DB_PER_NEPER * ozone,
        water_db=DB_PER_NEPER * gases.at("tau_h2o", wavelength_m) * water**water_power,
        water_power=water_power,
        mixed_db=DB_PER_NEPER * mixed,
        mixed_power=mixed_power,
        aerosol_db=DB_PER_NEPER * _aerosol_depth(wavelength_m, atmosphere, angstrom_exponent),
        cirrus_db=DB_PER_NEPER * atmosphere.cirrus_optical_depth,
    )


def _aerosol_depth(wavelength_m: float, air: Atmosphere, exponent: float | None) -> float:
    if exponent is not None:
        return float(angstrom_1929(wavelength_m, air.aerosol_optical_depth_550, exponent))
    return aerosol_optical_depth(wavelength_m, air.aerosol_optical_depth_550, air.aerosol)


def water_line_warning(wavelength_m: float) -> str | None:
    """Say that a laser sits among water lines, where a mean over 2 nm means little, else None.

    Between 813 and 836 nm a line as narrow as a laser's meets zenith transmittances from below 0.01
    to 0.97 within 1 nm (0.005 nm MODTRAN cross sections of pwv-kpno, 1.42 cm of water).
    """
    low_nm, high_nm = WATER_LINES_NM
    if not low_nm <= 1e9 * wavelength_m <= high_nm:
        return None
    return (
        f"laser at {1e9 * wavelength_m:g} nm lies among water lines "
        f"({low_nm:g}..{high_nm:g} nm); the band mean may be wrong by 20 dB"
    )

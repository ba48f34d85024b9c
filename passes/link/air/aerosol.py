"""Aerosol over a station, when no table of the day gives it at the laser's wavelength."""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError

Floats = NDArray[np.float64]


class DepthHeight(StrEnum):
    """Over which height an optical depth was given; scaling twice costs decibels: no default."""

    STATION = "station"
    SEA_LEVEL = "sea-level"


def angstrom_1929(wavelength_m: float, depth_550: ArrayLike, exponent: ArrayLike) -> Floats:
    """Vertical aerosol optical depth by a power law of the wavelength.

    Parameters
    ----------
    wavelength_m : 400-1600 nm
    depth_550 : at 550 nm; any shape
    exponent : any shape; measured between wavelengths that bracket the laser's; 1.3 is typical,
        0.3 for sea salt and dust

    Returns
    -------
    Optical depth (nepers). One exponent is not enough for the whole range: the rural aerosol of
    Shettle & Fenn has about 1.1 at 550 nm and 1.4 on average, 9 % of the depth at 850 nm.

    References
    ----------
    A. Ångström, Geogr. Ann. 11, 156 (1929).
    """
    if not 400e-9 <= wavelength_m <= 1600e-9:
        raise LinkError(f"aerosol at wavelength {1e9 * wavelength_m:g} nm, outside 400..1600 nm")
    ratio = (wavelength_m / 550e-9) ** -np.asarray(exponent, dtype=np.float64)
    return np.asarray(np.asarray(depth_550, dtype=np.float64) * ratio)


def aerosol_depth_at_station(
    depth_550: float,
    height: DepthHeight | str,
    station_height_m: float,
    scale_height_m: float | None = None,
) -> float:
    """Optical depth over the station, from one that was given over the station or over the sea.

    Parameters
    ----------
    depth_550 : as measured, forecast or derived from a visibility
    height : "station" if it is that above the telescope (a Sun photometer beside it, a model that
        knows the terrain), "sea-level" if it is that of a column down to the sea
    station_height_m : above the sea
    scale_height_m : in which aerosol thins by a factor e, 1500-2000 m in a mixed boundary layer;
        needed for "sea-level" and nothing else

    Returns
    -------
    What `Atmosphere.aerosol_optical_depth_550` means. Height enters here and nowhere else. A
    visibility that was measured at the station gives a column over the station. The layer moves
    with the weather: between 1500 and 2000 m lies a factor of 1.4 of the depth at 2 km. LOWTRAN7,
    whose haze keeps its thickness over high ground, leaves 0.84, 0.69, 0.53, 0.38 at 1, 2, 3, 4 km.
    """
    if DepthHeight(height) is DepthHeight.STATION:
        return depth_550
    if scale_height_m is None:
        raise LinkError(
            "aerosol depth at sea level but scale_height_m is not given",
            hint="give scale_height_m (1500-2000 m), or a depth at the station",
        )
    if not scale_height_m > 0.0:
        raise LinkError(f"aerosol scale height {scale_height_m:g} m is not positive")
    return float(depth_550 * np.exp(-station_height_m / scale_height_m))


def rural_aerosol(visibility_m: float) -> str:
    """Column of the aerosol table whose rural haze has the visibility nearest in ratio.

    Hazier air holds larger particles and is greyer: at 1550 nm the three columns differ by a fifth.
    """
    if not visibility_m > 0.0:
        raise LinkError(f"visibility {visibility_m:g} m is not positive")
    columns_m = {"rural5": 5e3, "rural23": 23e3, "rural50": 50e3}
    return min(columns_m, key=lambda column: abs(np.log(visibility_m / columns_m[column])))

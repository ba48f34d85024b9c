"""Loss in fog and haze near the ground, from the visibility."""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError
from passes.link.air.extinction import DB_PER_NEPER

Floats = NDArray[np.float64]

# Koschmieder: what is visible has 2 % contrast left, ln 50 nepers.
NEPERS_PER_VISIBILITY = 3.912
REFERENCE_WAVELENGTH_M = 550e-9


class FogLaw(StrEnum):
    """How extinction depends on the wavelength; in dense fog the two differ, hence no default."""

    KRUSE = "kruse"
    KIM = "kim"


def kruse_1962(visibility_m: ArrayLike) -> Floats:
    """Exponent of the wavelength, also in dense fog: 0.585 V^(1/3) below 6 km.

    References
    ----------
    P. W. Kruse, L. D. McGlauchlin and R. B. McQuistan, Elements of Infrared Technology (1962), as
    printed in ITU-R P.1814 (2007), Eq. 5.
    """
    km = np.asarray(visibility_m, dtype=np.float64) / 1e3
    return np.asarray(np.select([km >= 50.0, km >= 6.0], [1.6, 1.3], 0.585 * np.cbrt(km)))


def kim_2001(visibility_m: ArrayLike) -> Floats:
    """Exponent of the wavelength that vanishes in fog, whose droplets are larger than the waves.

    References
    ----------
    I. I. Kim, B. McArthur and E. Korevaar, Proc. SPIE 4214, 26 (2001), Eq. 9.
    """
    km = np.asarray(visibility_m, dtype=np.float64) / 1e3
    in_haze = np.select([km >= 50.0, km >= 6.0, km >= 1.0], [1.6, 1.3, 0.16 * km + 0.34], km - 0.5)
    return np.asarray(np.maximum(in_haze, 0.0))


_EXPONENT = {FogLaw.KRUSE: kruse_1962, FogLaw.KIM: kim_2001}


def fog_attenuation_db_per_m(
    wavelength_m: float, visibility_m: ArrayLike, law: FogLaw | str
) -> Floats:
    """Attenuation of air with a visibility [dB/m].

    Parameters
    ----------
    wavelength_m : 400-1600 nm
    visibility_m : at 550 nm and 2 % contrast, positive, any shape
    law : "kruse" or "kim"

    Returns
    -------
    Attenuation of the shape of `visibility_m`. Single fogs of one visibility differ by a factor of
    two. The laws jump at 50 km, Kruse's at 6 km as well.

    References
    ----------
    Kim et al. (2001), Eq. 6: 3.91 / V (wavelength / 550 nm)^-q is in nepers per kilometre. ITU-R
    P.1814 (2007), Eq. 4, prints the same as dB/km, 4.343 times too little; its sister P.1817-1
    (2012) tabulates 13.8 dB/km at 1 km, as here.
    """
    visibility = np.asarray(visibility_m, dtype=np.float64)
    if not np.all(visibility > 0.0):
        raise LinkError(f"visibility {np.min(visibility):g} m is not positive")
    if not 400e-9 <= wavelength_m <= 1600e-9:
        raise LinkError(f"fog at wavelength {1e9 * wavelength_m:g} nm, outside 400..1600 nm")
    exponent = _EXPONENT[FogLaw(law)](visibility)
    colour = (wavelength_m / REFERENCE_WAVELENGTH_M) ** -exponent
    return np.asarray(DB_PER_NEPER * NEPERS_PER_VISIBILITY / visibility * colour)


def fog_loss_db(
    wavelength_m: float,
    elevation_rad: ArrayLike,
    visibility_m: float,
    thickness_m: float,
    law: FogLaw | str,
) -> Floats:
    """Loss through a flat layer of fog over the station [dB].

    Parameters
    ----------
    wavelength_m : 400-1600 nm
    elevation_rad : in (0, pi/2], any shape
    visibility_m : in the fog, positive
    thickness_m : from the telescope to the fog's top
    law : "kruse" or "kim"

    Returns
    -------
    Loss of the shape of `elevation_rad`. It comes on top of the air above the fog; an aerosol depth
    that was derived from this same visibility would count the fog twice.
    """
    elevation = np.asarray(elevation_rad, dtype=np.float64)
    if not np.all((elevation > 0.0) & (elevation <= np.pi / 2)):
        raise LinkError("elevation of a path through fog is outside 0..90 deg")
    if not thickness_m >= 0.0:
        raise LinkError(f"thickness of fog {thickness_m:g} m is negative")
    per_metre_db = fog_attenuation_db_per_m(wavelength_m, visibility_m, law)
    return np.asarray(per_metre_db * thickness_m / np.sin(elevation))

"""Absorption by colliding oxygen molecules around 1064 nm, which the gas table lacks."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError
from passes.link.air.extinction import DB_PER_NEPER
from passes.sky.airmass import kasten_young_1989

Floats = NDArray[np.float64]

BOLTZMANN_J_K = 1.380649e-23
OXYGEN_SHARE = 0.20946
# Conditions to which the band's strength refers: 1013 hPa, 296 K, 20.9 % oxygen.
REFERENCE_DENSITY_M3 = 101_300.0 / (BOLTZMANN_J_K * 296.0)
REFERENCE_OXYGEN_SHARE = 0.209
# US Standard Atmosphere 1976: sea level, lapse rate, tropopause, and g M / (R lapse rate).
SEA_LEVEL_DENSITY_M3 = 101_325.0 / (BOLTZMANN_J_K * 288.15)
SEA_LEVEL_K, LAPSE_K_M, TROPOPAUSE_K, TROPOPAUSE_M = 288.15, 0.0065, 216.65, 11_000.0
HYDROSTATIC_EXPONENT = 5.25588
STRATOSPHERE_SCALE_HEIGHT_M = 6_341.6

FIRST_PER_CM, LAST_PER_CM = 9_100.0, 11_000.0


def mlawer_1998(wavelength_m: float) -> float:
    """Collision-induced absorption of oxygen in air near 1064 nm, per oxygen molecule [m2].

    Parameters
    ----------
    wavelength_m : any; zero outside the band, 909-1099 nm

    Returns
    -------
    Cross section at 1013 hPa and 296 K; it grows with the density of the air. 10 %.

    References
    ----------
    E. J. Mlawer et al., J. Geophys. Res. 103, 3859 (1998): two Lorentzians, damped towards the red,
    with the constants of the continuum model MT_CKD.
    """
    per_cm = 0.01 / wavelength_m
    if not FIRST_PER_CM <= per_cm <= LAST_PER_CM:
        return 0.0
    strength = 0.0
    for centre, half_width, area in ((9375.0, 58.96, 1.166e-4), (9439.0, 45.04, 3.086e-5)):
        offset = per_cm - centre
        damping = np.exp(min(offset, 0.0) / 176.1)
        strength += area * damping / half_width / (1.0 + (offset / half_width) ** 2)
    # The model counts molecules in units of 1e20 per cm2.
    return float(1.054 * strength / np.pi * 1e-20 * 1e-4)


def squared_density_column_m5(height_m: float) -> float:
    """Integral of the squared number density of air above a height [m^-5].

    US Standard Atmosphere 1976 in closed form: a constant lapse rate up to 11 km and one
    temperature above; within 0.04 % of the layered atmosphere.
    """
    if not -500.0 <= height_m <= TROPOPAUSE_M:
        raise LinkError(f"station height {height_m:g} m is outside -500..11000 m")
    power = 2.0 * (HYDROSTATIC_EXPONENT - 1.0)
    station = 1.0 - LAPSE_K_M * height_m / SEA_LEVEL_K
    tropopause = TROPOPAUSE_K / SEA_LEVEL_K
    below_m = (station ** (power + 1.0) - tropopause ** (power + 1.0)) / (power + 1.0)
    below_m *= SEA_LEVEL_K / LAPSE_K_M
    above_m = tropopause**power * STRATOSPHERE_SCALE_HEIGHT_M / 2.0
    return float(SEA_LEVEL_DENSITY_M3**2 * (below_m + above_m))


def oxygen_collision_db(wavelength_m: float, elevation_rad: ArrayLike, height_m: float) -> Floats:
    """Loss by collisions of oxygen between space and a station [dB].

    Parameters
    ----------
    wavelength_m : any; zero outside 909-1099 nm
    elevation_rad : apparent, in [0, pi/2], any shape
    height_m : of the station above the sea

    Returns
    -------
    Loss of the shape of `elevation_rad`: 0.074 dB per airmass at 1064 nm and sea level, to 15 %.
    LOWTRAN7, from which the table of gases comes, does not know this band; add this term to
    `slant_extinction_db`. It thins with the square of the density, 4.6 km against 8 km, which would
    add 1 % to the airmass at 10 deg.
    """
    per_molecule = mlawer_1998(wavelength_m) * OXYGEN_SHARE / REFERENCE_OXYGEN_SHARE
    column = OXYGEN_SHARE * squared_density_column_m5(height_m) / REFERENCE_DENSITY_M3
    return np.asarray(DB_PER_NEPER * per_molecule * column * kasten_young_1989(elevation_rad))

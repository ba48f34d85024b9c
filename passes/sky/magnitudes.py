"""Astronomical magnitudes as light near the wavelength of a laser."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

PLANCK_J_S = 6.626_070_15e-34
LIGHT_M_S = 299_792_458.0
# Of flux.
NEPERS_PER_MAGNITUDE = 0.4 * math.log(10.0)
SQUARE_ARCSECOND_SR = (np.pi / 648_000.0) ** 2

# M. S. Bessell, F. Castelli and B. Plez, Astron. Astrophys. 333, 231 (1998), Table A2: effective
# wavelength and flux of magnitude zero.
V_WAVELENGTH_M, V_ZERO_W_M2_NM = 545e-9, 3.631e-11
I_WAVELENGTH_M, I_ZERO_W_M2_NM = 798e-9, 1.126e-11


def flux_w_m2_nm(magnitude_v: ArrayLike, v_minus_i: float, wavelength_m: float) -> Floats:
    """Flux of a source of given V magnitude with colour near a wavelength [W m-2 nm-1].

    Parameters
    ----------
    magnitude_v : Johnson V, any shape
    v_minus_i : colour V - I (Cousins); sunlight 0.70
    wavelength_m : where the flux is wanted

    Returns
    -------
    Flux, a power law of the wavelength between V (545 nm) and I (798 nm). Outside these two the
    flux of the nearer band is kept: for sunlight 7 % too much at 850 nm, four times too much at
    1550 nm.
    """
    step = math.log(wavelength_m / V_WAVELENGTH_M) / math.log(I_WAVELENGTH_M / V_WAVELENGTH_M)
    i_over_v = I_ZERO_W_M2_NM / V_ZERO_W_M2_NM * 10.0 ** (0.4 * v_minus_i)
    zero = V_ZERO_W_M2_NM * i_over_v ** min(max(step, 0.0), 1.0)
    return np.asarray(
        zero * np.exp(-NEPERS_PER_MAGNITUDE * np.asarray(magnitude_v, dtype=np.float64))
    )


def photons(energy_j: ArrayLike, wavelength_m: float) -> Floats:
    """How many photons of a wavelength carry an energy [J], or a rate of them a power [W]."""
    return np.asarray(
        np.asarray(energy_j, dtype=np.float64) * wavelength_m / (PLANCK_J_S * LIGHT_M_S)
    )


def photon_radiance(
    magnitude_v_per_square_arcsecond: ArrayLike, v_minus_i: float, wavelength_m: float
) -> Floats:
    """Photon radiance of a sky of given V surface brightness [photon s-1 m-2 sr-1 nm-1].

    Parameters
    ----------
    magnitude_v_per_square_arcsecond : V surface brightness, any shape
    v_minus_i : colour of that light
    wavelength_m : where the radiance is wanted; see `flux_w_m2_nm` for what happens outside V..I
    """
    flux = flux_w_m2_nm(magnitude_v_per_square_arcsecond, v_minus_i, wavelength_m)
    return photons(flux / SQUARE_ARCSECOND_SR, wavelength_m)

"""City light that a satellite's receiver sees below."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.sky.background.domain import within
from passes.sky.magnitudes import photons

Floats = NDArray[np.float64]

# Day-night band of VIIRS.
_BAND_NM = (500.0, 900.0)
# A field of 100 urad is 60 m wide at 600 km, the pixel 500 m: the lamp post may be in it or not.
UPWELLING_FACTOR = 3.0


@dataclass(frozen=True, slots=True)
class UpwellingRadiance:
    """Photon radiance of the ground at night [photon s-1 m-2 sr-1 nm-1], all of one shape.

    Parameters
    ----------
    low, central, high : a third of the pixel's mean, its mean, three times it
    """

    low: Floats
    central: Floats
    high: Floats


def viirs_upwelling_radiance(
    radiance_nw_cm2_sr: ArrayLike, wavelength_m: float
) -> UpwellingRadiance:
    """City light towards a satellite, from what the VIIRS day-night band measured.

    Parameters
    ----------
    radiance_nw_cm2_sr : of the pixel, in the unit of the product, nW cm-2 sr-1 over the whole band,
        0 to 100,000, any shape
    wavelength_m : in the band, 500-900 nm

    Returns
    -------
    Radiance above the air (nothing more is to be taken off for extinction), spread evenly over the
    400 nm of the band. The limits are a factor of 3 away: the field of view is much smaller than
    the pixel, and lamps have no even spectrum.

    References
    ----------
    D. Yastremski, K. Godin and T. Jennewein, arXiv:2412.14944 (2024), for the method.
    """
    measured = within("VIIRS radiance", radiance_nw_cm2_sr, 0.0, 1e5, "nW/cm2/sr")
    within("wavelength of the VIIRS band", wavelength_m, *_BAND_NM, "nm", 1e9)
    # 1 nW cm-2 is 1e-5 W m-2.
    power_w_m2_sr_nm = measured * 1e-5 / (_BAND_NM[1] - _BAND_NM[0])
    central = photons(power_w_m2_sr_nm, wavelength_m)
    return UpwellingRadiance(
        np.asarray(central / UPWELLING_FACTOR), central, np.asarray(central * UPWELLING_FACTOR)
    )

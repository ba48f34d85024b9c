"""City light that the air scatters back to a station."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError
from passes.sky.background.domain import within
from passes.sky.magnitudes import photon_radiance

Floats = NDArray[np.float64]

# C. R. Benn and S. L. Ellison, La Palma technical note 115 (1998): zenith at solar minimum, away
# from the Milky Way.
NATURAL_SKY_MAGNITUDE_V = 21.9


def light_pollution_radiance(
    sqm_magnitude: ArrayLike,
    city_v_minus_i: float,
    wavelength_m: float,
    *,
    natural_magnitude: float = NATURAL_SKY_MAGNITUDE_V,
) -> Floats:
    """What city light adds to the natural zenith [photon s-1 m-2 sr-1 nm-1].

    The reading of a sky quality meter is split, in V, into the natural sky and the rest; the rest
    goes to the laser's wavelength with the colour of the site's lamps.

    Parameters
    ----------
    sqm_magnitude : reading at zenith, moonless and clear [mag per square arcsecond], 14-23, any
        shape
    city_v_minus_i : V - I of the scattered light, -1..3: about 0.5-1 under white LEDs. It has no
        default: at 785 nm one magnitude of colour is a factor of 2.4, hence a site should measure
        it once
    wavelength_m : 400-900 nm; what lamps emit further out does not follow from V
    natural_magnitude : what the meter would read without lamps

    Returns
    -------
    Radiance of the shape of `sqm_magnitude`, to be added to the natural sky. The band of the meter
    is wider than V: 0.2 mag, besides the colour. City light rises faster towards the horizon than
    the natural sky does.

    Raises
    ------
    LinkError
        The reading is darker than the natural sky, so that nothing is left for the city.

    References
    ----------
    P. Cinzano, ISTIL Internal Report 9 (2005), for the meter's band.
    """
    reading = within("sky quality reading", sqm_magnitude, 14.0, 23.0, "mag")
    within("city_v_minus_i", city_v_minus_i, -1.0, 3.0, "mag")
    within("wavelength of city light", wavelength_m, 400.0, 900.0, "nm", 1e9)
    if np.any(reading > natural_magnitude):
        raise LinkError(
            f"sky quality reading {np.max(reading):g} mag is darker than the natural sky of "
            f"{natural_magnitude:g} mag",
            hint="give the natural_magnitude of the site",
        )
    city = 10.0 ** (-0.4 * reading) - 10.0 ** (-0.4 * natural_magnitude)
    return np.asarray(city * photon_radiance(0.0, city_v_minus_i, wavelength_m))

"""Sun and Moon as tables in the frame of SGP4, from the JPL ephemeris that skyfield-data ships."""

import warnings
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import skyfield_data
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from skyfield import api

from tle.clock import split_mjd
from tle.frames import gmst82_of_ut1_rad, teme_to_earth_fixed, turn_to_earth

Floats = NDArray[np.float64]

SPAN_S = 8 * 86_400.0
DEGREE = 14
SUN_RADIUS_M = 6.957e8  # IAU 2015 resolution B3, nominal
MOON_RADIUS_M = 1.7374e6  # IAU working group on cartographic coordinates, 2009


@dataclass(frozen=True, slots=True)
class SunMoonTable:
    """Apparent geocentric positions of Sun and Moon as Chebyshev series over spans of 8 days.

    Parameters
    ----------
    epoch : aware UTC instant from which times are counted
    start_s : beginning of the first span
    sun_m, moon_m : coefficients in TEME, shape (spans, 3, DEGREE + 1)
    """

    epoch: datetime
    start_s: float
    sun_m: Floats
    moon_m: Floats

    def sun_earth_fixed_m(self, times_s: Floats) -> Floats:
        """Positions of the Sun [m] in ITRF, shape (n, 3)."""
        return teme_to_earth_fixed(self.epoch, times_s, self._series(self.sun_m, times_s))

    def moon_earth_fixed_m(self, times_s: Floats) -> Floats:
        """Positions of the Moon [m] in ITRF, shape (n, 3)."""
        return teme_to_earth_fixed(self.epoch, times_s, self._series(self.moon_m, times_s))

    def earth_fixed_m(self, times_s: Floats) -> tuple[Floats, Floats]:
        """Positions of Sun and Moon [m] in ITRF, shapes (n, 3)."""
        teme = np.stack([self._series(body, times_s).T for body in (self.sun_m, self.moon_m)], 1)
        sun, moon = turn_to_earth(self.epoch, times_s, teme)
        return sun, moon

    def _series(self, coefficients: Floats, times_s: Floats) -> Floats:
        offset = (np.asarray(times_s, dtype=np.float64) - self.start_s) / SPAN_S
        if np.any((offset < 0.0) | (offset > len(coefficients))):
            raise ValueError(
                f"instants {np.min(times_s):.0f}..{np.max(times_s):.0f} s lie outside the Sun and "
                f"Moon table {self.start_s:.0f}..{self.start_s + len(coefficients) * SPAN_S:.0f} s"
            )
        span = np.minimum(offset.astype(np.intp), len(coefficients) - 1)
        x = 2.0 * (offset - span) - 1.0
        basis = chebyshev.chebvander(x, DEGREE)
        return np.asarray(np.einsum("nk,nck->nc", basis, coefficients[span]))


def sun_moon_table(epoch: datetime, start_s: float, stop_s: float) -> SunMoonTable:
    """Tabulate Sun and Moon over a window; error below 0.001 (Sun) and 0.01 arcsecond (Moon).

    Positions are apparent (light time and aberration) as seen from the Earth's centre, from
    JPL DE421, 1900 to 2050. They are stored in TEME so that one rotation serves satellites,
    Sun and Moon.
    """
    spans = max(1, int(np.ceil((stop_s - start_s) / SPAN_S)))
    angles = np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1)
    x = np.cos(angles)
    times_s = start_s + SPAN_S * (np.arange(spans)[:, None] + (x + 1.0) / 2.0)
    sun, moon = _apparent_teme_m(epoch, times_s.ravel())
    # Discrete orthogonality: the coefficients of the polynomial through all Chebyshev nodes.
    weights = chebyshev.chebvander(x, DEGREE) * (2.0 / (DEGREE + 1))
    weights[:, 0] *= 0.5
    shape = (spans, DEGREE + 1, 3)
    return SunMoonTable(
        epoch,
        start_s,
        np.einsum("nk,snc->sck", weights, sun.reshape(shape)),
        np.einsum("nk,snc->sck", weights, moon.reshape(shape)),
    )


def _kernel() -> Any:
    """JPL DE421 as skyfield opens it; skyfield has no types."""
    with warnings.catch_warnings():
        # Its polar-motion file has expired; ours comes from astropy-iers-data.
        warnings.simplefilter("ignore", RuntimeWarning)
        folder = skyfield_data.get_skyfield_data_path()
    return api.Loader(folder, verbose=False)("de421.bsp")


def _apparent_teme_m(epoch: datetime, times_s: Floats) -> tuple[Floats, Floats]:
    """Apparent geocentric Sun and Moon [m] in TEME, shapes (n, 3)."""
    day, fraction = split_mjd(epoch, times_s)
    scale = api.load.timescale(builtin=True)
    instants = scale.utc(1858, 11, 17 + day, 0, 0, fraction * 86_400.0)
    # True equator and equinox to TEME: the equation of the equinoxes, as skyfield has it. Both
    # sidereal times are taken at skyfield's UT1, so that its dUT1 cancels.
    ut1_mjd = instants.ut1 - 2_400_000.5
    turn = instants.gast * np.pi / 12.0 - gmst82_of_ut1_rad(np.floor(ut1_mjd), ut1_mjd % 1.0)
    cos, sin = np.cos(turn), np.sin(turn)
    vectors = []
    with closing(_kernel()) as kernel:
        here = kernel["earth"].at(instants)
        for body in ("sun", "moon"):
            gcrs = here.observe(kernel[body]).apparent().position.m
            x, y, z = np.einsum("ijn,jn->in", instants.M, gcrs)
            vectors.append(np.stack([cos * x + sin * y, cos * y - sin * x, z], axis=1))
    return vectors[0], vectors[1]

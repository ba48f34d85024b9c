"""The sky of every night drawn from one seed, and what forecasts know of it beforehand.

The rules it keeps:

1. A station is clear in a night if a latent normal number lies below the quantile of its clear
   share. The number is shared by stations as exp(-distance / 400 km).
2. Half of the number's variance is what the evening knows. That part follows from the night before
   with a correlation of 0.5; the rest is new every night, and later forecasts know more of it.
3. Worlds of a forecast are drawn as the truth is, from what is known when it is made: those of
   tonight from the part that is open still, those of later nights as one history per world. So the
   chance that a forecast gives is the share of times that it comes true.

Shares, variances and correlations are assumed: they serve to compare ways of planning and are no
climatology.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from groundstation.network import Network
from groundstation.weather.drawn_nights import distance_correlation

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

WORLDS = 40
CORRELATION_M = 400e3
# Hours of the day of a night's forecasts, UTC, and how much of the variance each knows.
HOURS = (14, 20, 22, 24, 26)
KNOWN = (0.5, 0.65, 0.75, 0.82, 0.88)
CARRIED = 0.5
# Share of summer nights with a clear sky.
CLEAR = {
    "heriot-watt-hogs": 0.30, "oberpfaffenhofen": 0.42, "graz": 0.45, "asiago": 0.50,
    "calern": 0.65, "matera": 0.70, "holomondas": 0.68, "helmos": 0.75, "skinakas": 0.85,
    "esa-ogs": 0.80,
}  # fmt: skip
# Streams of random numbers of a night: the truth has 0 to 5, worlds have one for each forecast,
# two for each later night.
_TONIGHT, _EVENING_AHEAD, _REST_AHEAD = 100, 200, 300


class DrawnSky:
    """Truth and forecasts of every night; stations in the order of the network."""

    def __init__(self, network: Network, seed: int, clear: Mapping[str, float] = CLEAR) -> None:
        self._seed = seed
        self.stations = tuple(s.name for s in network.stations)
        self._limit = ndtri([clear[name] for name in self.stations])
        correlation = distance_correlation(
            np.array([s.site.latitude_rad for s in network.stations]),
            np.array([s.site.longitude_rad for s in network.stations]),
            CORRELATION_M,
        )
        self._root = np.linalg.cholesky(correlation + 1e-9 * np.eye(len(self.stations)))
        self._evenings: list[Floats] = []

    def is_clear(self, number: int) -> Flags:
        """Whether each station is clear in a night, shape (stations,)."""
        return np.asarray(self._known(number, len(KNOWN)) < self._limit)

    def tonight(self, number: int, step: int) -> Flags:
        """Whether each station is clear in the worlds of a forecast, shape (WORLDS, stations)."""
        open_part = np.sqrt(1.0 - KNOWN[step]) * self._normal(number, _TONIGHT + step, count=WORLDS)
        return np.asarray(self._known(number, step) + open_part < self._limit)

    def ahead(self, number: int, nights: int) -> Flags:
        """The same for later nights, as a night's evening sees them.

        World i of every night is one history. Shape (nights, WORLDS, stations), beginning with
        tomorrow.
        """
        evening = np.tile(self._evening(number), (WORLDS, 1))
        found = np.zeros((nights, WORLDS, len(self.stations)), dtype=bool)
        for later in range(nights):
            fresh = self._normal(number, _EVENING_AHEAD + later, count=WORLDS)
            evening = CARRIED * evening + np.sqrt(1.0 - CARRIED**2) * fresh
            rest = self._normal(number, _REST_AHEAD + later, count=WORLDS)
            total = np.sqrt(KNOWN[0]) * evening + np.sqrt(1.0 - KNOWN[0]) * rest
            found[later] = total < self._limit
        return found

    def _normal(self, *names: int, count: int = 1) -> Floats:
        rng = np.random.default_rng([self._seed, *names])
        return np.asarray(rng.standard_normal((count, len(self.stations))) @ self._root.T)

    def _evening(self, number: int) -> Floats:
        """What the evening of a night knows, of unit variance."""
        while len(self._evenings) <= number:
            fresh = self._normal(len(self._evenings), 0)[0]
            if self._evenings:
                fresh = CARRIED * self._evenings[-1] + np.sqrt(1.0 - CARRIED**2) * fresh
            self._evenings.append(fresh)
        return self._evenings[number]

    def _known(self, number: int, step: int) -> Floats:
        """What a forecast knows of the latent number; after the last one, all of it."""
        total: Floats = np.sqrt(KNOWN[0]) * self._evening(number)
        for later, more in enumerate(np.diff([*KNOWN, 1.0])[:step], start=1):
            total = total + np.sqrt(more) * self._normal(number, later)[0]
        return total

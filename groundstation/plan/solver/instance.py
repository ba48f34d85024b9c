"""An instance of the exchange format as a record, and the windows that its passes offer."""

from dataclasses import dataclass

import numpy as np

from groundstation.plan.solver.errors import InstanceError
from groundstation.plan.solver.model import Floats, Ints

DAY_S = 86_400.0
# Keeps a product that is a whole number from being rounded down by its last binary digit.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class InstanceLimits:
    """Limits on contacts; None means that there is none.

    Parameters
    ----------
    operator_nights : nights with any contact, per station over the horizon
    max_contacts_night : contacts per station and night
    duty_s_per_orbit : sum of contact durations per satellite and 5,700 s block of starts [s]
    memory_kbit : expected key that a satellite may hold between radio contacts [kbit]
    rf_stations : stations 0 ... n - 1 have radio; a satellite empties its memory over them
    """

    operator_nights: int | None
    max_contacts_night: int | None
    duty_s_per_orbit: float | None
    memory_kbit: float | None
    rf_stations: int


@dataclass(frozen=True, slots=True)
class Instance:
    """Passes, limits, pools and demands of `satqkd-sched/1`.

    Parameters
    ----------
    cuts : windows [u1, u2] offered of every pass, in normalised pass time
    passes : (satellite, station, start [s], duration [s], sifted counts)
    clear_probability : per night and station; None for a clear sky
    fibres : (station, station, bits per period)
    demands : (station, station, bits per period, weight per kbit)
    stocks : (satellite, station, bits)
    """

    name: str
    horizon_s: float
    period_s: float
    alpha: float
    beta: float
    cuts: tuple[tuple[float, float], ...]
    setup_satellite_s: float
    setup_station_s: float
    satellites: int
    telescopes: tuple[int, ...]
    passes: tuple[tuple[int, int, float, float, float], ...]
    clear_probability: tuple[tuple[float, ...], ...] | None
    fibres: tuple[tuple[int, int, float], ...]
    demands: tuple[tuple[int, int, float, float], ...]
    stocks: tuple[tuple[int, int, float], ...]
    terminal_per_kbit: float
    limits: InstanceLimits

    @property
    def periods(self) -> int:
        """Delivery periods in the horizon, the last one perhaps cut short."""
        return int(np.ceil(self.horizon_s / self.period_s))


@dataclass(frozen=True, slots=True)
class Offer:
    """Windows with a positive value, in the order of passes and cuts; arrays (windows,).

    Parameters
    ----------
    pass_index, cut : which part of which pass
    start_s, stop_s : whole seconds from the beginning of the horizon [s]
    value_bits : expected key, whole bits
    """

    pass_index: Ints
    cut: Ints
    start_s: Floats
    stop_s: Floats
    value_bits: Floats


def offered_windows(instance: Instance) -> Offer:
    """Every window of every pass that is worth a bit or more.

    A window [u1, u2] holds m = sifted (F(u2) - F(u1)) counts, F(u) = 3 u^2 - 2 u^3, worth
    floor(max(0, alpha m - beta sqrt(m))) bits under a clear sky.
    """
    passes = np.array(instance.passes, dtype=np.float64).reshape(-1, 5)
    cuts = np.array(instance.cuts, dtype=np.float64).reshape(-1, 2)
    share = _light(cuts[:, 1]) - _light(cuts[:, 0])
    counts = passes[:, 4, None] * share[None, :]
    key = np.maximum(0.0, instance.alpha * counts - instance.beta * np.sqrt(counts))
    bits = np.floor(key + _ROUNDING)
    value = np.floor(bits * _clear(instance, passes)[:, None] + _ROUNDING)
    index, cut = np.nonzero(value > 0.0)
    start = passes[:, 2, None] + np.round(cuts[None, :, 0] * passes[:, 3, None])
    stop = passes[:, 2, None] + np.round(cuts[None, :, 1] * passes[:, 3, None])
    is_real = stop[index, cut] > start[index, cut]
    index, cut = index[is_real], cut[is_real]
    return Offer(index, cut, start[index, cut], stop[index, cut], value[index, cut])


def night_of(start_s: Floats) -> Ints:
    """Night of a pass: the days that have begun at noon before it."""
    night: Ints = np.floor((start_s + DAY_S / 2.0) / DAY_S).astype(np.int64)
    return night


def _light(u: Floats) -> Floats:
    """Share of a pass's counts before normalised time u."""
    return 3.0 * u**2 - 2.0 * u**3


def _clear(instance: Instance, passes: Floats) -> Floats:
    if instance.clear_probability is None or not len(passes):
        return np.ones(len(passes))
    clear = np.array(instance.clear_probability)
    night = night_of(passes[:, 2])
    beyond = np.flatnonzero((night < 0) | (night >= len(clear)))
    if len(beyond):
        raise InstanceError(
            f"reading passes[{beyond[0]}]: its night {night[beyond[0]]} has no row in clear_prob, "
            f"which has {len(clear)}"
        )
    station = passes[:, 1].astype(np.int64)
    probability: Floats = clear[night, station]
    return probability

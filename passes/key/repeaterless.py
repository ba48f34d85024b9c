"""The most secret bits that any protocol can send through a channel without a repeater."""

import math

import numpy as np
from numpy.typing import ArrayLike


def plob_2017_bits(efficiency: ArrayLike, pulses: ArrayLike) -> float:
    """Repeaterless ceiling sum_t n_t (-log2(1 - eta_t)) [bits].

    Parameters
    ----------
    efficiency : channel efficiency, in [0, 1]; shape (n,). With the detector's efficiency in it
        the ceiling is that of a receiver that cannot do better than this detector
    pulses : mode uses in each slot, >= 0; shape (n,) or one number

    Notes
    -----
    Pirandola, Laurenza, Ottaviani, Banchi, Nat. Commun. 8, 15043 (2017). Infinite for
    a channel without loss.
    """
    eta = np.asarray(efficiency, dtype=np.float64)
    sent = np.asarray(pulses, dtype=np.float64)
    if not np.all((eta >= 0.0) & (eta <= 1.0)):
        raise ValueError("efficiency is outside 0..1")
    if not np.all((sent >= 0.0) & np.isfinite(sent)):
        raise ValueError("pulses is negative or not finite")
    if np.any((eta == 1.0) & (sent > 0.0)):
        return math.inf
    lossy = np.where(eta < 1.0, eta, 0.0)
    return float(np.sum(sent * -np.log1p(-lossy))) / math.log(2.0)

"""The most secret bits that two receivers can get from a source of pairs without a repeater."""

import numpy as np
from numpy.typing import ArrayLike

from passes.key.repeaterless import plob_2017_bits


def pair_ceiling_bits(efficiency_a: ArrayLike, efficiency_b: ArrayLike, pairs: ArrayLike) -> float:
    """Ceiling sum_t n_t eta_a,t eta_b,t of pairs entangled in polarisation [bits].

    Parameters
    ----------
    efficiency_a, efficiency_b : of the links, in [0, 1]; shape (n,). With the detectors in them
        the ceiling is that of receivers that cannot do better than these detectors
    pairs : emitted in each slot, >= 0; shape (n,) or one number

    Notes
    -----
    A pair of two qubits holds at most one secret bit, and none once either photon is lost; which
    photons arrived can be told, as if the loss were erasure, whose two-way capacity is the share
    of qubits that are left (Bennett, DiVincenzo, Smolin, Phys. Rev. Lett. 78, 3217, 1997;
    Pirandola, Laurenza, Ottaviani, Banchi, Nat. Commun. 8, 15043, 2017). It holds for pairs in
    separate time modes, whatever the two parties do with them. It is below `two_link_ceiling_bits`
    per pair.

    The bound of a single channel, -log2(1 - eta_a eta_b), is that of a fibre which loses as much as
    both links: a comparison, not a bound for a source between the receivers.
    """
    a, b = np.asarray(efficiency_a, dtype=np.float64), np.asarray(efficiency_b, dtype=np.float64)
    for name, eta in (("efficiency_a", a), ("efficiency_b", b)):
        if not np.all((eta >= 0.0) & (eta <= 1.0)):
            raise ValueError(f"{name} is outside 0..1")
    sent = np.asarray(pairs, dtype=np.float64)
    if not np.all((sent >= 0.0) & np.isfinite(sent)):
        raise ValueError("pairs is negative or not finite")
    return float(np.sum(sent * a * b))


def two_link_ceiling_bits(
    efficiency_a: ArrayLike, efficiency_b: ArrayLike, modes: ArrayLike
) -> float:
    """Ceiling of any source between two receivers, whatever it sends, even with a memory [bits].

    The smaller of the two sums of n_t (-log2(1 - eta_t)): the key between the ends of a chain is
    at most what its worst link carries (Pirandola, Commun. Phys. 2, 51, 2019). Takes what
    `passes.key.repeaterless.plob_2017_bits` takes, with a mode use of both links in `modes`.
    A satellite without a memory that sends photon pairs stays far below it.
    """
    return min(plob_2017_bits(efficiency_a, modes), plob_2017_bits(efficiency_b, modes))

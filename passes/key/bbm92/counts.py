"""Expected coincidences of a source of entangled pairs with one link to either receiver."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import KeyLengthError
from passes.key.bbm92.proof import Bbm92Counts
from passes.key.validity import check_fraction

Floats = NDArray[np.float64]

# Where a window holds more clicks than this, the second order in it starts to matter.
_MOST_CLICKS_PER_WINDOW = 0.1


@dataclass(frozen=True, slots=True)
class ExpectedCoincidences:
    """What two receivers share after a pass.

    Parameters
    ----------
    counts : sifted bits and errors by basis
    coincidences : of all bases, before sifting
    signal_to_noise : coincidences of one pair over accidental ones
    qber : error rate of the sifted bits
    qber_by_cause : its parts "intrinsic", "multiple_pairs" (photons of two different pairs) and
        "noise" (at least one click that is no photon of the source), which add up to it
    """

    counts: Bbm92Counts
    coincidences: float
    signal_to_noise: float
    qber: float
    qber_by_cause: Mapping[str, float]


def bbm92_counts(
    efficiency_a: ArrayLike,
    efficiency_b: ArrayLike,
    slot_s: ArrayLike,
    *,
    pair_rate_hz: float,
    noise_rate_a_hz: ArrayLike,
    noise_rate_b_hz: ArrayLike,
    coincidence_window_s: float,
    visibility: float,
    first_basis_probabilities: tuple[float, float] = (0.5, 0.5),
    detector_mismatch: float = 0.0,
) -> ExpectedCoincidences:
    """Expected counts of a double downlink, summed slot by slot.

    Parameters
    ----------
    efficiency_a, efficiency_b : probability that a photon of a pair leads to a click, detector
        included, by slot, in [0, 1]; shape (n,)
    slot_s : duration of the slots; shape (n,) or one number
    pair_rate_hz : pairs that enter both links
    noise_rate_a_hz, noise_rate_b_hz : dark counts and background of all detectors of a receiver;
        shape (n,) or one number
    coincidence_window_s : full width; clicks at most half of it apart belong together. The share
        of pairs that jitter throws out of it belongs to the efficiencies
    visibility : of the source and the polarisation optics, mean of both bases, in [0, 1]
    first_basis_probabilities : with which receiver a (b) measures in the first basis
    detector_mismatch : is handed on to the counts

    Notes
    -----
    A pair gives a coincidence with probability eta_a eta_b; it is wrong with (1 - V) / 2. Clicks
    of different origin meet by chance, S_a S_b tau per second with S = R eta + noise, and are wrong
    half of the time. Pairs and noise are taken as Poissonian and dead times as short; second orders
    in the clicks per window are left out, so the rates are right to that number (at most 0.1).

    Raises
    ------
    KeyLengthError : names the setting that is out of range
    """
    a, b = _slots("efficiency_a", efficiency_a, 1.0), _slots("efficiency_b", efficiency_b, 1.0)
    seconds = _slots("slot_s", slot_s)
    noise_a = _slots("noise_rate_a_hz", noise_rate_a_hz)
    noise_b = _slots("noise_rate_b_hz", noise_rate_b_hz)
    rate, window = float(_slots("pair_rate_hz", pair_rate_hz)), coincidence_window_s
    _slots("coincidence_window_s", window)
    check_fraction("visibility", visibility)
    for probability in first_basis_probabilities:
        check_fraction("first_basis_probabilities", probability)
    if a.shape != b.shape:
        raise KeyLengthError(f"efficiency_a has shape {a.shape}, efficiency_b {b.shape}")
    clicks_a, clicks_b = rate * a + noise_a, rate * b + noise_b
    _refuse_crowded_windows(np.concatenate([clicks_a, clicks_b], axis=None), window)

    true = float(np.sum(seconds * rate * a * b))
    accidental = float(np.sum(seconds * window * clicks_a * clicks_b))
    multiple = float(np.sum(seconds * window * rate**2 * a * b))
    total = true + accidental
    causes = {
        "intrinsic": true * (1.0 - visibility) / 2.0,
        "multiple_pairs": multiple / 2.0,
        "noise": (accidental - multiple) / 2.0,
    }
    by_cause = {name: wrong / total if total > 0.0 else 0.0 for name, wrong in causes.items()}
    qber = sum(by_cause.values())
    p_a, p_b = first_basis_probabilities
    sifted = total * np.array([p_a * p_b, (1.0 - p_a) * (1.0 - p_b)])
    return ExpectedCoincidences(
        counts=Bbm92Counts(sifted, sifted * qber, detector_mismatch),
        coincidences=total,
        signal_to_noise=true / accidental if accidental > 0.0 else np.inf,
        qber=qber,
        qber_by_cause=MappingProxyType(by_cause),
    )


def _slots(name: str, values: ArrayLike, highest: float = np.inf) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    wrong = ~((array >= 0.0) & (array <= highest) & np.isfinite(array))
    if wrong.any():
        first = array[wrong].flat[0]
        raise KeyLengthError(f"{name} = {first:g} is outside 0..{highest:g}")
    return array


def _refuse_crowded_windows(clicks_hz: Floats, window_s: float) -> None:
    most = float(clicks_hz.max(initial=0.0)) * window_s
    if most > _MOST_CLICKS_PER_WINDOW:
        raise KeyLengthError(
            f"coincidence_window_s = {window_s:g} holds {most:.2g} clicks "
            f"(at most {_MOST_CLICKS_PER_WINDOW:g})"
        )

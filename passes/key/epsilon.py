"""The promise of a key, split into the failures that the proof allows itself."""

import math
from dataclasses import dataclass

# Lim, Curty, Walenta, Xu, Zbinden, Phys. Rev. A 89, 022307 (2014), eq. (B4):
# eps_sec = 2 (2 alpha_1 + alpha_2 + alpha_3) + nu + 10 eps_1 + 2 eps_2, all set equal.
_LIM_2014_TERMS = (
    ("alpha_1", 4, "smoothing, phase error estimate"),
    ("alpha_2", 2, "smoothing, chain rule"),
    ("alpha_3", 2, "smoothing, chain rule"),
    ("nu", 1, "privacy amplification"),
    ("eps_1", 10, "deviation of detections by intensity"),
    ("eps_2", 2, "deviation of errors by intensity"),
)


@dataclass(frozen=True, slots=True)
class EpsilonTerm:
    """One kind of failure: its symbol, how often it is counted, what it is, its probability."""

    symbol: str
    count: int
    meaning: str
    probability: float


@dataclass(frozen=True, slots=True)
class EpsilonBudget:
    """How the secrecy of one block is divided; the terms sum to `secrecy`.

    Parameters
    ----------
    secrecy : distance of the key from one that nobody knows, promised
    correctness : probability that the two keys differ, promised
    terms : failures that add up to `secrecy`
    """

    secrecy: float
    correctness: float
    terms: tuple[EpsilonTerm, ...]

    @property
    def shares(self) -> int:
        """How many equal shares the secrecy is cut into (21 for Lim et al. 2014)."""
        return sum(term.count for term in self.terms)

    @property
    def spent(self) -> float:
        """What the terms add up to."""
        return math.fsum(term.count * term.probability for term in self.terms)


def lim_2014_budget(secrecy: float, correctness: float) -> EpsilonBudget:
    """The 21 equal shares of Lim et al., Phys. Rev. A 89, 022307 (2014), eq. (B4)."""
    shares = sum(count for _, count, _ in _LIM_2014_TERMS)
    terms = tuple(
        EpsilonTerm(symbol, count, meaning, secrecy / shares)
        for symbol, count, meaning in _LIM_2014_TERMS
    )
    return EpsilonBudget(secrecy, correctness, terms)


def tight_budget(secrecy: float, correctness: float, *, has_vacuum_state: bool) -> EpsilonBudget:
    """Equal shares of the mode `tight`, one for every one-sided bound that it uses.

    Parameters
    ----------
    has_vacuum_state : whether the third intensity is zero. Then detections take four bounds a
        basis (three lower or upper ones of eq. (3), one of eq. (2)) and errors four: the 21 shares
        of Lim et al. With a third intensity above zero eq. (2) needs one more a basis: 23.
    """
    detections = 8 if has_vacuum_state else 10
    counts = {"eps_1": detections, "eps_2": 4}
    terms = tuple((symbol, counts.get(symbol, n), text) for symbol, n, text in _LIM_2014_TERMS)
    shares = sum(count for _, count, _ in terms)
    return EpsilonBudget(
        secrecy,
        correctness,
        tuple(EpsilonTerm(symbol, n, text, secrecy / shares) for symbol, n, text in terms),
    )

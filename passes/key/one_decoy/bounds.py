"""Bounds on empty pulses and single photons from counts at two intensities.

The inequalities are those of Rusca, Boaron, Grünenfelder, Martin, Zbinden, Appl. Phys. Lett. 112,
171104 (2018), with Hoeffding's deviation sqrt(n ln(1/eps) / 2) of every count. Photon numbers
count in every term: s_0 detections of empty pulses, s_1 of single photons, v_1 their errors.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from passes.key.decoy.bounds import fung_2010_deviation
from passes.key.entropy import binary_entropy
from passes.key.epsilon import EpsilonBudget, EpsilonTerm
from passes.key.hypergeometric import remaining_errors

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class BlockBounds:
    """What empty pulses and single photons contributed to the key and to the test basis [bits]."""

    key_vacuum_lower: float
    key_vacuum_upper: float
    key_single_lower: float
    test_vacuum_upper: float
    test_single_lower: float
    test_single_errors_upper: float
    phase_error: float


@dataclass(frozen=True, slots=True)
class Theory:
    """In what two proofs of one-decoy BB84 differ.

    Parameters
    ----------
    terms : of the budget: symbol, how often it counts, what it is; all get equal shares
    vacuum_gives_key : whether s_0 is part of the key
    has_both_intensities : bound empty pulses by the errors of either intensity, not of the decoy
        only
    cuts_counts : keep the limits of each count, and v_1, within what was counted altogether
    sampling : deviation of the phase error from (v_1/s_1, s_1 in the test basis, s_1 in the key
        basis, share)
    fixed_cost_bits : from the share; without the cost of correctness
    """

    terms: tuple[tuple[str, int, str], ...]
    vacuum_gives_key: bool
    has_both_intensities: bool
    cuts_counts: bool
    sampling: Callable[[float, float, float, float], float]
    fixed_cost_bits: Callable[[float], float]

    @property
    def shares(self) -> int:
        """Into how many equal shares the secrecy is cut."""
        return sum(count for _, count, _ in self.terms)

    def budget(self, secrecy: float, correctness: float) -> EpsilonBudget:
        """The equal shares by name."""
        share = secrecy / self.shares
        terms = tuple(EpsilonTerm(symbol, n, text, share) for symbol, n, text in self.terms)
        return EpsilonBudget(secrecy, correctness, terms)

    def bits(self, found: BlockBounds) -> float:
        """Key before error correction and fixed cost."""
        vacuum = found.key_vacuum_lower if self.vacuum_gives_key else 0.0
        return vacuum + found.key_single_lower * (1.0 - binary_entropy(found.phase_error))


def block_bounds(
    key: Sequence[Pair],
    test: Sequence[Pair],
    intensities: Pair,
    probabilities: Pair,
    theory: Theory,
    share: float | None,
) -> BlockBounds:
    """All bounds of one block, each failing with probability `share`; None for an infinite block.

    Parameters
    ----------
    key, test : detections and errors of the basis, each by intensity (signal, decoy)
    intensities, probabilities : of signal and decoy
    """
    log_inverse = 0.0 if share is None else -math.log(share)
    in_key, in_test = (
        _Basis(detections, errors, intensities, probabilities, log_inverse, theory)
        for detections, errors in (key, test)
    )
    s_key, s_test = in_key.single_lower(), in_test.single_lower()
    errors = in_test.single_errors_upper()
    phase_error = 0.5
    if s_key > 0.0 and s_test > 0.0 and errors < 0.5 * s_test:
        ratio = errors / s_test
        deviation = 0.0 if share is None else theory.sampling(ratio, s_test, s_key, share)
        phase_error = min(ratio + deviation, 0.5)
    return BlockBounds(
        key_vacuum_lower=in_key.vacuum_lower(),
        key_vacuum_upper=in_key.vacuum_upper(),
        key_single_lower=s_key,
        test_vacuum_upper=in_test.vacuum_upper(),
        test_single_lower=s_test,
        test_single_errors_upper=errors,
        phase_error=phase_error,
    )


class _Basis:
    """Counts of one basis with their limits, scaled to what one intensity alone would give."""

    def __init__(
        self,
        detections: Pair,
        errors: Pair,
        intensities: Pair,
        probabilities: Pair,
        log_inverse: float,
        theory: Theory,
    ) -> None:
        self._theory = theory
        self._mu = intensities
        weights = [p * math.exp(-mu) for mu, p in zip(intensities, probabilities, strict=True)]
        self._tau_0 = sum(weights)
        self._tau_1 = sum(w * mu for w, mu in zip(weights, intensities, strict=True))
        self._n, self._m = sum(detections), sum(errors)
        self._spread = math.sqrt(self._n * log_inverse / 2.0)
        error_spread = math.sqrt(self._m * log_inverse / 2.0)
        self._n_lower, self._n_upper = self._limits(detections, self._spread, weights)
        self._m_lower, self._m_upper = self._limits(errors, error_spread, weights)

    def _limits(self, counts: Pair, spread: float, weights: list[float]) -> tuple[Pair, Pair]:
        lower, upper = [x - spread for x in counts], [x + spread for x in counts]
        if self._theory.cuts_counts:
            lower = [max(x, 0.0) for x in lower]
            upper = [min(x, sum(counts)) for x in upper]
        w1, w2 = weights
        return (lower[0] / w1, lower[1] / w2), (upper[0] / w1, upper[1] / w2)

    def vacuum_upper(self) -> float:
        """s_0^+: empty pulses are wrong half of the time, and their errors are among all errors."""
        errors = min(self._m_upper) if self._theory.has_both_intensities else self._m_upper[1]
        return _within(2.0 * (self._tau_0 * errors + self._spread), self._n)

    def vacuum_lower(self) -> float:
        """s_0^-."""
        mu1, mu2 = self._mu
        gain = mu1 * self._n_lower[1] - mu2 * self._n_upper[0]
        return _within(self._tau_0 * gain / (mu1 - mu2), self._n)

    def single_lower(self) -> float:
        """s_1^-."""
        mu1, mu2 = self._mu
        ratio = (mu2 / mu1) ** 2
        gain = self._n_lower[1] - ratio * self._n_upper[0]
        gain -= (1.0 - ratio) * self.vacuum_upper() / self._tau_0
        return _within(self._tau_1 * mu1 / (mu2 * (mu1 - mu2)) * gain, self._n)

    def single_errors_upper(self) -> float:
        """v_1^+."""
        mu1, mu2 = self._mu
        bound = self._tau_1 * (self._m_upper[0] - self._m_lower[1]) / (mu1 - mu2)
        return _within(bound, self._m if self._theory.cuts_counts else self._n)


def _within(bound: float, total: float) -> float:
    return min(max(bound, 0.0), total)


def _fung_2010(ratio: float, test: float, key: float, share: float) -> float:
    """Printed gamma; without a single error it has no margin at all, so nothing is promised."""
    if ratio <= 0.0:
        return 0.5
    # The function divides its argument by the 21 shares of another proof.
    return fung_2010_deviation(ratio, test, key, 21.0 * share)


def serfling_deviation(test: float, key: float, failure: float) -> float:
    """How far the error rate of the key may lie above that of the sample.

    Serfling, Ann. Stat. 2, 39 (1974), for a sample of `test` out of `test` + `key` items without
    replacement: exceeded with probability `failure` squared, which is what smoothing needs. Holds
    for samples without any error.
    """
    return math.sqrt((test + key) / (test * key) * (key + 1.0) / key * -math.log(failure))


def _exact_deviation(ratio: float, test: float, key: float, share: float) -> float:
    """The same from the hypergeometric distribution itself."""
    if test < 1.0 or key < 1.0:
        return 0.5
    errors = remaining_errors(ratio * test, test, key, 2.0 * math.log(share))
    return errors / math.floor(key) - ratio


# Each of eps_1 and eps_2 is one one-sided inequality. Detections: n_1^+, n_2^- and the half of the
# empty pulses, in either basis; errors: m_2^+ in either basis, m_1^+ and m_2^- in the test basis.
RUSCA_2018 = Theory(
    terms=(
        ("alpha_1", 4, "smoothing, phase error estimate"),
        ("alpha_2", 2, "smoothing, chain rule"),
        ("alpha_3", 2, "smoothing, chain rule"),
        ("nu", 1, "privacy amplification"),
        ("eps_1", 6, "deviation of detections by intensity, and of errors in empty pulses"),
        ("eps_2", 4, "deviation of errors by intensity"),
    ),
    vacuum_gives_key=True,
    has_both_intensities=False,
    cuts_counts=False,
    sampling=_fung_2010,
    fixed_cost_bits=lambda share: -6.0 * math.log2(share),
)

# With two intensities and a known total, n_1^+ and n_2^- are one event, and so are m_1^+ and
# m_2^-. That leaves two events of each kind in either basis; with one chain rule instead of two
# the sum is the 15 of the program, and the fixed cost that of hashing and of the chain rule,
# 2 log2(1/(2 share)) + log2(2/share^2).
WIESEMANN_2026 = Theory(
    terms=(
        ("alpha_1", 4, "smoothing, phase error estimate"),
        ("alpha_2", 2, "smoothing, chain rule"),
        ("nu", 1, "privacy amplification"),
        ("eps_1", 4, "deviation of detections by intensity, and of errors in empty pulses"),
        ("eps_2", 4, "deviation of errors by intensity"),
    ),
    vacuum_gives_key=False,
    has_both_intensities=True,
    cuts_counts=True,
    sampling=lambda _ratio, test, key, share: serfling_deviation(test, key, share),
    fixed_cost_bits=lambda share: -4.0 * math.log2(share) - 1.0,
)

WIESEMANN_2026_EXACT = replace(WIESEMANN_2026, sampling=_exact_deviation)

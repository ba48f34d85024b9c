"""Sampling without replacement: how many errors the untested part may hold."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtri

from passes.errors import KeyLengthError

Floats = NDArray[np.float64]

# Above it Stirling's series with four terms is exact to 1e-17.
_STIRLING_FROM = 16.0
_CHUNK = 512
# The remainder of a geometric tail is added as its bound once it is this small a share.
_NEGLIGIBLE = 1e-15
_TINY = 1e-300


def log_tail_at_most(found: int, draws: int, marked: int, population: int) -> float:
    """Logarithm of the probability of at most `found` marked items among those drawn.

    Parameters
    ----------
    found, draws, marked, population : whole numbers, 0 <= marked, draws <= population

    Notes
    -----
    The probability of `found` itself in the form of C. Loader, Fast and accurate computation of
    binomial probabilities (2000), which keeps all digits for any population; the smaller ones by
    the ratio of neighbours. Where the sum is cut, the bound of its geometric remainder is added,
    so the result is never too small. It agrees with scipy.stats.hypergeom to 1e-10.
    """
    if found >= min(draws, marked):
        return 0.0
    if found < max(0, draws + marked - population):
        return -math.inf
    mode = (draws + 1) * (marked + 1) // (population + 2)
    if found >= mode:  # the sum would not fall: not a tail
        upper = -math.expm1(_log_sum(draws - found - 1, draws, population - marked, population))
        return math.log(upper) if upper > 0.0 else -math.inf
    return _log_sum(found, draws, marked, population)


def _log_sum(found: int, draws: int, marked: int, population: int) -> float:
    """Logarithm of the sum of probabilities of `found` and below, for `found` below the mode."""
    if found < max(0, draws + marked - population):
        return -math.inf
    start = _log_probability_of_one(found, draws, marked, population)
    total, last = 1.0, 1.0
    top = found
    while top > 0:
        k = np.arange(top, max(top - _CHUNK, 0), -1, dtype=np.float64)
        ratio = k * (population - marked - draws + k) / ((marked - k + 1.0) * (draws - k + 1.0))
        terms = last * np.cumprod(np.maximum(ratio, 0.0))
        total += float(terms.sum())
        last, step = float(terms[-1]), float(ratio[-1])
        top -= _CHUNK
        if step < 1.0 and last * step / (1.0 - step) < _NEGLIGIBLE * total:
            total += last * step / (1.0 - step)
            break
    return start + math.log(total)


def remaining_errors(found: float, tested: float, untested: float, log_failure: float) -> int:
    """Errors in the untested part that the sample rules out, except with a failure probability.

    The smallest c such that a population with `found` + c errors would show at most `found` of
    them in the test sample with probability exp(log_failure) or less. Real numbers are rounded to
    the safe side. c is at most `untested`, which rules out nothing.

    Parameters
    ----------
    found, tested, untested : errors in the sample, its size, size of the rest; >= 0
    log_failure : ln of the failure probability, < 0
    """
    if not log_failure < 0.0:
        raise KeyLengthError(f"log_failure = {log_failure:g} is not below 0")
    v, n, rest = math.ceil(found), math.floor(tested), math.floor(untested)
    if n <= 0 or rest <= 0 or v >= n:
        return max(rest, 0)

    def is_ruled_out(c: int) -> bool:
        return log_tail_at_most(v, n, v + c, n + rest) <= log_failure

    if not is_ruled_out(rest):
        return rest
    guess = float(remaining_errors_estimate(v, n, rest, log_failure))
    low, high = _bracket(is_ruled_out, min(max(int(guess), 1), rest), rest)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_ruled_out(middle) else (middle, high)
    return high


def _bracket(is_ruled_out: Callable[[int], bool], guess: int, highest: int) -> tuple[int, int]:
    """An interval (low, high] around the guess that holds the first c that is ruled out."""
    step = max(guess // 4096, 1)
    low = high = guess
    if is_ruled_out(guess):
        while low > 0 and is_ruled_out(low):
            high, low = low, max(low - step, 0)
            step *= 2
        return low, high
    while not is_ruled_out(high):
        low, high = high, min(high + step, highest)
        step *= 2
    return low, high


def remaining_errors_estimate(
    found: ArrayLike, tested: ArrayLike, untested: ArrayLike, log_failure: float
) -> Floats:
    """`remaining_errors` for real numbers and whole arrays, smooth, for planning.

    The tail is taken as its largest term over one minus the ratio of the next, an upper bound,
    with factorials of real numbers; Newton's method in the logarithm of c. Within 0.3 % of the
    exact count, or one error (tests/passes/test_hypergeometric.py).
    """
    v, n, rest = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (found, tested, untested))
    )
    v, n = np.maximum(v, _TINY), np.maximum(n, 1e-3)
    total = n + rest
    seen = v / n
    # Wilson's interval for the rate in the whole as a start.
    z2 = float(ndtri(math.exp(max(log_failure, -700.0)))) ** 2 * rest / (n * total)
    rate = seen + 0.5 * z2
    rate += np.sqrt(z2 * (seen * (1.0 - np.minimum(seen, 1.0)) + 0.25 * z2))
    c = np.minimum(np.maximum(rate / (1.0 + z2) * total - v, 3.0), rest)
    right = np.maximum(n - v, 0.5)
    # What does not depend on c.
    goal = log_failure + np.log(rest / total) - 0.5 * np.log(n * rest / (right * total))
    goal -= (1.0 / n + 1.0 / rest - 1.0 / right - 1.0 / total) / 12.0
    goal += gammaln(v + 1.0) - v * np.log(v) + v
    for _ in range(3):
        value, slope = _log_tail(v, right, c, np.maximum(rest - c, 0.5), n / total)
        change = (value - goal) / (np.minimum(slope, -1e-12) * c)
        c = np.minimum(c * np.exp(-np.minimum(np.maximum(change, -0.7), 0.7)), rest)
    # Never below the share that was seen, also where more errors than items leave no tail.
    return np.asarray(np.maximum(c, seen * rest))


def _log_tail(
    wrong: Floats, right: Floats, left: Floats, good: Floats, share: Floats
) -> tuple[Floats, Floats]:
    """Logarithm of the tail without its constant, and its slope in the errors left over.

    Parameters
    ----------
    wrong, right : in the sample
    left, good : wrong and right in the rest
    share : of the sample in the whole
    """
    marked, unmarked = wrong + left, right + good
    # As ratios to what is expected, so that large numbers do not cancel.
    log_wrong = np.log(wrong / (marked * share))
    log_right = np.log(right / (unmarked * share))
    log_left = np.log(left / (marked * (1.0 - share)))
    log_good = np.log(good / (unmarked * (1.0 - share)))
    value = -wrong * log_wrong
    value -= right * log_right
    value -= (left + 0.5) * log_left
    value -= (good + 0.5) * log_good
    value += _stirling_fraction(marked) - _stirling_fraction(left)
    value += (1.0 / unmarked - 1.0 / good) / 12.0
    # Largest term over one minus the ratio of the next: an upper bound of the sum.
    ratio = wrong * good / ((left + 1.0) * (right + 1.0))
    value -= np.log(1.0 - np.minimum(ratio, 0.999))
    return value, log_good - log_left


def _stirling_fraction(n: Floats) -> Floats:
    """Logarithm of n! minus Stirling's formula, by Stieltjes' continued fraction: to 5e-5 at 1."""
    return np.asarray(
        (1.0 / 12.0) / (n + (1.0 / 30.0) / (n + (53.0 / 210.0) / (n + (195.0 / 371.0) / n)))
    )


def log_probability(
    found: ArrayLike, draws: ArrayLike, marked: ArrayLike, population: ArrayLike
) -> Floats:
    """Logarithm of the hypergeometric probability, for real arguments with gamma functions.

    P = b(x; K, p) b(n - x; N - K, p) / b(n; N, p) with p = n / N and b the binomial probability.
    """
    x, n, k, total = (np.asarray(a, dtype=np.float64) for a in (found, draws, marked, population))
    p = n / total
    trials = np.stack(np.broadcast_arrays(k, total - k, total))
    successes = np.stack(np.broadcast_arrays(x, n - x, n))
    parts = _log_binomial(successes, trials, p)
    return np.asarray(parts[0] + parts[1] - parts[2])


def _log_binomial(x: Floats, n: Floats, p: Floats) -> Floats:
    """Logarithm of the binomial probability by Loader's deviances."""
    y = n - x
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = _stirling_error(np.stack([n, x, y]))
        middle = errors[0] - errors[1] - errors[2]
        middle = middle - _deviance(x, n * p) - _deviance(y, n * (1.0 - p))
        middle = middle + 0.5 * np.log(n / (2.0 * np.pi * x * y))
        at_zero = n * np.log1p(-p)
        at_all = n * np.log(p)
    return np.where(x <= 0.0, at_zero, np.where(y <= 0.0, at_all, middle))


def _stirling_error(n: Floats) -> Floats:
    """Logarithm of n! minus Stirling's formula."""
    large = np.maximum(n, _STIRLING_FROM)
    s = 1.0 / (large * large)
    error = (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s / 1680.0))) / large
    is_small = n < _STIRLING_FROM
    if is_small.any():
        small = np.maximum(n[is_small], 1e-300)
        direct = gammaln(small + 1.0) - (small + 0.5) * np.log(small) + small - 0.5 * _LOG_2PI
        error[is_small] = direct
    return np.asarray(error)


_LOG_2PI = math.log(2.0 * math.pi)


def _log_probability_of_one(found: int, draws: int, marked: int, population: int) -> float:
    """`log_probability` of whole numbers; arrays of one number take ten times as long."""
    p = draws / population
    in_marked = _log_binomial_of_one(found, marked, p)
    in_rest = _log_binomial_of_one(draws - found, population - marked, p)
    return in_marked + in_rest - _log_binomial_of_one(draws, population, p)


def _log_binomial_of_one(x: float, n: float, p: float) -> float:
    y = n - x
    if x <= 0.0:
        return n * math.log1p(-p) if p < 1.0 else (0.0 if n == 0.0 else -math.inf)
    if y <= 0.0:
        return n * math.log(p)
    value = _stirling_error_of_one(n) - _stirling_error_of_one(x) - _stirling_error_of_one(y)
    value -= _deviance_of_one(x, n * p)
    value -= _deviance_of_one(y, n * (1.0 - p))
    return value + 0.5 * math.log(n / (2.0 * math.pi * x * y))


def _stirling_error_of_one(n: float) -> float:
    if n < _STIRLING_FROM:
        return math.lgamma(n + 1.0) - (n + 0.5) * math.log(n) + n - 0.5 * _LOG_2PI
    s = 1.0 / (n * n)
    return (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s / 1680.0))) / n


def _deviance_of_one(x: float, mean: float) -> float:
    excess = (x - mean) / mean
    return mean * ((1.0 + excess) * math.log1p(excess) - excess)


def _deviance(x: Floats, mean: Floats) -> Floats:
    """Deviance x ln(x / mean) + mean - x, good to 1e-16 of the distance from the mean."""
    excess = (x - mean) / mean
    return np.asarray(mean * ((1.0 + excess) * np.log1p(excess) - excess))

"""Settings and counts from which no key length is computed, named with their limit."""

import math
from collections.abc import Sequence

from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.records import DecoyCounts, ErrorCorrection, SecurityParameters

INTENSITIES = 3
# Beyond them exponentials and their inverses leave what doubles hold with some digits.
SMALLEST_INTENSITY, LARGEST_INTENSITY = 1e-9, 100.0
_ROUNDING = 1e-9
# Below it squares of 21/epsilon leave the range of doubles; above it, counts their whole numbers.
_SMALLEST_EPSILON = 1e-100
_LARGEST_COUNT = 1e15


def check_source(source: DecoySource) -> None:
    """Refuse a source whose decoy states prove nothing; KeyLengthError names the reason."""
    check_intensities(source.intensities)
    check_probabilities(source.probabilities)
    check_fraction("key_basis_probability", source.key_basis_probability)
    check_fraction("intrinsic_qber", source.intrinsic_qber, highest=0.5)


def check_intensities(intensities: Sequence[float]) -> None:
    """Refuse intensities other than mu1 > mu2 + mu3 and mu2 > mu3 >= 0 (Lim et al. 2014)."""
    _check_length("intensities", intensities)
    for index, intensity in enumerate(intensities):
        if not 0.0 <= intensity <= LARGEST_INTENSITY:
            raise KeyLengthError(
                f"intensities[{index}] = {intensity:g} is not a mean photon number in "
                f"0..{LARGEST_INTENSITY:g}"
            )
    signal, decoy, vacuum = intensities
    if 0.0 < decoy < SMALLEST_INTENSITY:
        raise KeyLengthError(
            f"intensities[1] = {decoy:g} is below {SMALLEST_INTENSITY:g}, too faint to count"
        )
    if decoy <= vacuum:
        raise KeyLengthError(
            f"intensities[1] = {decoy:g} must be larger than intensities[2] = {vacuum:g}"
        )
    if signal <= decoy + vacuum:
        raise KeyLengthError(
            f"intensities[0] = {signal:g} must be larger than intensities[1] + intensities[2] "
            f"= {decoy + vacuum:g}"
        )


def check_probabilities(probabilities: Sequence[float]) -> None:
    """Refuse probabilities of the intensities that are not all positive or do not sum to 1."""
    _check_length("probabilities", probabilities)
    for index, probability in enumerate(probabilities):
        if not 0.0 < probability < 1.0:
            raise KeyLengthError(
                f"probabilities[{index}] = {probability:g} is not between 0 and 1 (exclusive)"
            )
    total = math.fsum(probabilities)
    if abs(total - 1.0) > _ROUNDING:
        raise KeyLengthError(f"probabilities sum to {total:.10g}, not to 1")


def check_fraction(name: str, value: float, *, highest: float = 1.0) -> None:
    """Refuse what is not in 0..highest, NaN included."""
    if not 0.0 <= value <= highest:
        raise KeyLengthError(f"{name} = {value:g} is outside 0..{highest:g}")


def check_security(security: SecurityParameters) -> None:
    """Refuse promises that are none, or an error correction that cannot exist."""
    if security.error_correction not in set(ErrorCorrection):
        raise KeyLengthError(f"error_correction '{security.error_correction}' does not exist")
    check_epsilon("epsilon_secrecy", security.epsilon_secrecy)
    check_epsilon("epsilon_correctness", security.epsilon_correctness)
    efficiency = security.error_correction_efficiency
    if not (math.isfinite(efficiency) and efficiency >= 1.0):
        raise KeyLengthError(
            f"error_correction_efficiency = {efficiency:g} is below 1, the Shannon limit"
        )
    if security.error_correction is ErrorCorrection.DISCLOSED:
        bits = security.disclosed_bits
        if bits is None:
            raise KeyLengthError("disclosed_bits is missing for error correction 'disclosed'")
        if not (math.isfinite(bits) and bits >= 0.0):
            raise KeyLengthError(f"disclosed_bits = {bits:g} is not a number of bits >= 0")


def check_epsilon(name: str, value: float) -> None:
    """Refuse a failure probability that is none; NaN included."""
    if not _SMALLEST_EPSILON <= value < 1.0:
        raise KeyLengthError(
            f"{name} = {value:g} is not between 0 and 1 (at least {_SMALLEST_EPSILON:g})"
        )


def check_counts(counts: DecoyCounts) -> None:
    """Refuse counts that are negative, not finite, or hold more errors than detections."""
    for name in ("key", "test", "test_errors"):
        values = getattr(counts, name)
        _check_length(name, values)
        for index, value in enumerate(values):
            _check_count(f"{name}[{index}]", float(value))
    _check_count("key_errors", counts.key_errors)
    _check_errors("key_errors", counts.key_errors, float(sum(counts.key)))
    for index in range(INTENSITIES):
        _check_errors(
            f"test_errors[{index}]", float(counts.test_errors[index]), float(counts.test[index])
        )


def _check_length(name: str, values: Sequence[float]) -> None:
    if len(values) != INTENSITIES:
        raise KeyLengthError(f"{name} has {len(values)} values, not one per intensity (3)")


def _check_count(name: str, value: float) -> None:
    if not 0.0 <= value <= _LARGEST_COUNT:
        raise KeyLengthError(f"{name} = {value:g} is not a count in 0..{_LARGEST_COUNT:g}")


def _check_errors(name: str, errors: float, detections: float) -> None:
    # Expected counts come out of sums, so equality is meant up to rounding.
    if errors > detections * (1.0 + _ROUNDING):
        raise KeyLengthError(f"{name} = {errors:g} exceeds its {detections:g} detections")

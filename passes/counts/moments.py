"""A pass, or any part of it, as a dozen numbers that add."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

ORDER = 12
LARGEST_TRUNCATION_ERROR = 1e-12


@dataclass(frozen=True, slots=True)
class Moments:
    """Weighted power sums of channel efficiency over pulses.

    The expected decoy-state counts depend on a pass only through
    S(mu) = sum over pulses of exp(-mu eta) = sum_j (-mu)^j M_j, hence on M_j; noise that changes
    along the pass enters through B_j in the same way. Cutting a pass and adding the parts is the
    identity; a block of passes is the sum of their moments.

    Parameters
    ----------
    efficiency : M_j = sum_t n_t eta_t^j / j!, j = 0..ORDER-1, n_t the pulses in slot t;
        shape (ORDER,)
    noise_key : B_j = sum_t n_t p_t eta_t^j / j! with p_t the noise probability per gate and
        detector as seen in the key basis; shape (ORDER,)
    noise_test : the same for the test basis; shape (ORDER,)
    largest_efficiency : of all slots, from which the truncation error is bounded
    """

    efficiency: Floats
    noise_key: Floats
    noise_test: Floats
    largest_efficiency: float

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(
            self.efficiency + other.efficiency,
            self.noise_key + other.noise_key,
            self.noise_test + other.noise_test,
            max(self.largest_efficiency, other.largest_efficiency),
        )


def moments_from_slots(
    efficiency: ArrayLike,
    pulses: ArrayLike,
    noise_key: ArrayLike,
    noise_test: ArrayLike,
    *,
    fading: ArrayLike | None = None,
) -> Moments:
    """Moments of a pass from its slots; one slot is a channel that does not change.

    Parameters
    ----------
    efficiency : probability that one photon leads to a click, in [0, 1]; shape (n,)
    pulses : pulses sent in each slot, >= 0; shape (n,) or one number
    noise_key, noise_test : noise probability per gate and detector as seen in the key (test)
        basis, in [0, 0.5]; shape (n,) or one number
    fading : E[h^j] of the factor h by which the efficiency fluctuates about its mean within a
        slot, j = 0..ORDER-1, with E[h] = 1; shape (ORDER,) or (ORDER, n). Default: no fluctuation.
        `pointing_fading` and `scintillation_fading` give it; independent causes multiply

    Returns
    -------
    Exact power sums; `truncation_error` says from which product of intensity and efficiency on
    a dozen of them no longer suffice.

    Raises
    ------
    ValueError : names the first value outside its range
    """
    eta, sent, key, test = checked_slots(efficiency, pulses, noise_key, noise_test)
    powers = np.ones((ORDER, eta.size))
    for order in range(1, ORDER):
        powers[order] = powers[order - 1] * eta / order
    largest = float(eta.max(initial=0.0))
    if fading is not None:
        factors = _checked_fading(fading, eta.size)
        powers *= factors
        # The remainder of the series is that of an efficiency with this last moment.
        largest *= float(factors[-1].max(initial=1.0)) ** (1.0 / (ORDER - 1))
    return Moments(
        efficiency=powers @ sent,
        noise_key=powers @ (sent * key),
        noise_test=powers @ (sent * test),
        largest_efficiency=largest,
    )


def _checked_fading(fading: ArrayLike, slots: int) -> Floats:
    """Moments of fading as (ORDER, n); ValueError where they are none."""
    factors = np.asarray(fading, dtype=np.float64)
    if factors.shape not in {(ORDER,), (ORDER, slots)}:
        raise ValueError(f"fading has shape {factors.shape}, not ({ORDER},) or ({ORDER}, {slots})")
    factors = factors.reshape(ORDER, -1)
    if not np.allclose(factors[:2], 1.0, rtol=0.0, atol=1e-9):
        raise ValueError("fading does not start with E[1] = E[h] = 1")
    # Lyapunov: E[h^j]^(1/j) does not fall.
    if not (np.all(np.isfinite(factors)) and np.all(np.diff(factors, axis=0) >= -1e-9)):
        raise ValueError("fading is no sequence of moments: it falls or is not finite")
    return factors


def pointing_fading(
    half_angle_rad: ArrayLike, jitter_rad: ArrayLike, bias_rad: ArrayLike = 0.0
) -> Floats:
    """E[h^j] / E[h]^j of a Gaussian beam that trembles about a bias, j = 0..ORDER-1.

    With g = half_angle^2 / (4 jitter^2) the transmittance follows E[h^j] = g / (g + j) (Kiasaleh,
    TDA Progress Report 42-118, 209, 1994; beam much wider than the telescope), with a bias times
    exp(-2 j bias^2 / (half_angle^2 + 4 j jitter^2)).

    Parameters
    ----------
    half_angle_rad : 1/e2 intensity half-angle
    jitter_rad : standard deviation per axis
    bias_rad : constant offset; all scalars, or shape (n,) for a result (ORDER, n)
    """
    half_angle = np.asarray(half_angle_rad, dtype=np.float64)
    jitter = np.asarray(jitter_rad, dtype=np.float64)
    offset = 2.0 * (np.asarray(bias_rad, dtype=np.float64) / half_angle) ** 2
    if not (np.all(half_angle > 0.0) and np.all(jitter >= 0.0)):
        raise ValueError("half angle is not positive, or pointing jitter is negative")
    j = np.arange(ORDER).reshape((ORDER,) + (1,) * (offset * jitter).ndim)
    inverse = 4.0 * (jitter / half_angle) ** 2
    wider = 1.0 + j * inverse
    lift = j * offset * (1.0 / (1.0 + inverse) - 1.0 / wider)
    return np.asarray((1.0 + inverse) ** j / wider * np.exp(lift))


def scintillation_fading(log_irradiance_variance: ArrayLike) -> Floats:
    """E[h^j] of log-normal scintillation with mean 1: exp(s^2 j (j - 1) / 2), j = 0..ORDER-1.

    Parameters
    ----------
    log_irradiance_variance : s^2 >= 0, of ln h after aperture averaging; scalar or (n,)
    """
    variance = np.asarray(log_irradiance_variance, dtype=np.float64)
    if not np.all(variance >= 0.0):
        raise ValueError("log-irradiance variance is negative")
    j = np.arange(ORDER).reshape((ORDER,) + (1,) * variance.ndim)
    return np.asarray(np.exp(0.5 * variance * j * (j - 1)))


def checked_slots(
    efficiency: ArrayLike, pulses: ArrayLike, noise_key: ArrayLike, noise_test: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    """The four arrays of a pass at one shape (n,); ValueError names what is out of range."""
    eta = np.atleast_1d(np.asarray(efficiency, dtype=np.float64))
    if eta.ndim != 1:
        raise ValueError(f"efficiency has {eta.ndim} dimensions, not one per slot")
    _refuse_outside("efficiency", eta, 1.0)
    ranges = {"pulses": math.inf, "noise_key": 0.5, "noise_test": 0.5}
    arrays = []
    for (name, highest), given in zip(ranges.items(), (pulses, noise_key, noise_test), strict=True):
        array = np.asarray(given, dtype=np.float64)
        if array.shape not in {(), (1,), eta.shape}:
            raise ValueError(f"{name} has shape {array.shape}, efficiency {eta.shape}")
        _refuse_outside(name, np.atleast_1d(array), highest)
        arrays.append(np.broadcast_to(array, eta.shape))
    sent, key, test = arrays
    return eta, sent, key, test


def _refuse_outside(name: str, values: Floats, highest: float) -> None:
    wrong = ~((values >= 0.0) & (values <= highest) & np.isfinite(values))
    if wrong.any():
        slot = int(np.argmax(wrong))
        raise ValueError(f"{name}[{slot}] = {values[slot]:g} is outside 0..{highest:g}")


def truncation_error(mean_photon_number: float, largest_efficiency: float) -> float:
    """Bound on the relative error of `signal_sum` and `noise_sum`, from cutting at ORDER.

    For y = mu eta the remainder of exp(-y) after ORDER terms is at most y^ORDER / ORDER!
    (Lagrange), and 1 - exp(-y) >= y (1 - y/2). Both relative errors grow with y, so the largest
    efficiency bounds the sum. It stays below 1e-12 up to y = 0.486.
    """
    y = mean_photon_number * largest_efficiency
    if y >= 2.0:
        return math.inf
    return y ** (ORDER - 1) / (math.factorial(ORDER) * (1.0 - y / 2.0))


def signal_sum(moments: Moments, mean_photon_number: float) -> float:
    """Pulses of which at least one photon clicks: sum_t n_t (1 - exp(-mu eta_t)).

    The series starts at j = 1, so that nothing cancels when few pulses click.

    Raises
    ------
    ValueError : where the truncation error could exceed 1e-12 of the result
    """
    _refuse_truncation(moments, mean_photon_number)
    return -_power_series(moments.efficiency, mean_photon_number, first=1)


def noise_sum(moments: Moments, noise: Floats, mean_photon_number: float) -> float:
    """Noise in pulses of which no photon clicks: sum_t n_t p_t exp(-mu eta_t).

    `noise` is `moments.noise_key` or `moments.noise_test`; refuses like `signal_sum`.
    """
    _refuse_truncation(moments, mean_photon_number)
    return _power_series(noise, mean_photon_number, first=0)


def _refuse_truncation(moments: Moments, mean_photon_number: float) -> None:
    error = truncation_error(mean_photon_number, moments.largest_efficiency)
    if error > LARGEST_TRUNCATION_ERROR:
        raise ValueError(
            f"mean photon number {mean_photon_number:g} times efficiency "
            f"{moments.largest_efficiency:g} exceeds 0.486, where {ORDER} moments err by up to "
            f"{error:.1e} (limit {LARGEST_TRUNCATION_ERROR:g}); count from slots instead"
        )


def _power_series(power_sums: Floats, mean_photon_number: float, *, first: int) -> float:
    """sum_{j >= first} (-mu)^j M_j by Horner's rule, smallest terms first."""
    total = 0.0
    for power_sum in power_sums[:first:-1].tolist():
        total = -mean_photon_number * (total + power_sum)
    total += float(power_sums[first])
    return total * (-mean_photon_number) ** first

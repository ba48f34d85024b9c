"""A dated calibration: what all recorded counts teach of links and nights; records only.

- A calibration is named by what it was fitted to: the same results make the same one.
- It is used from the night after its last result on, so that no night changes under its own
  results.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from groundstation.results.constants import LinkConstants
from passes.counts.calibration.unknowns import Constant
from passes.counts.spread.distributions import Lognormal, Normal

Floats = NDArray[np.float64]

# Static gains wander: 0.1 dB a week of one satellite over one station, an assumption.
WANDER_DB_PER_ROOT_WEEK = 0.1
# Beyond it a link needs a look, whatever the statistics say.
LARGEST_DRIFT_DB = 1.0
LARGEST_DRIFT_SIGMAS = 3.0


@dataclass(frozen=True, slots=True)
class FittedConstant:
    """One constant that outlives the night.

    Parameters
    ----------
    constant : loss, background or error; depths are kept by night
    satellite : empty for the background, which belongs to the station
    value : most likely
    is_learnt : False where no count speaks of it and it is as believed before
    link_digest : of the description that the budgets of its passes were made from
    passes : that it was fitted to
    """

    constant: Constant
    satellite: str
    value: Normal | Lognormal
    is_learnt: bool
    link_digest: str
    passes: int


@dataclass(frozen=True, slots=True)
class PeriodConstant:
    """The loss constant of a pair fitted to one period alone.

    Parameters
    ----------
    first_night, last_night : of the period's passes
    loss_db : with its uncertainty
    passes : in the period
    """

    first_night: str
    last_night: str
    loss_db: Normal
    passes: int


@dataclass(frozen=True, slots=True)
class Drift:
    """The loss constant of one pair against time.

    Parameters
    ----------
    satellite : of the pair
    periods : in order
    change_db : of the last period from the mean of those before; None with one period only
    sigma_db : of the change
    """

    satellite: str
    periods: tuple[PeriodConstant, ...]
    change_db: float | None
    sigma_db: float | None

    @property
    def is_flagged(self) -> bool:
        """True beyond three sigma or one decibel."""
        if self.change_db is None or self.sigma_db is None:
            return False
        change_db = abs(self.change_db)
        return change_db > LARGEST_DRIFT_DB or change_db > LARGEST_DRIFT_SIGMAS * self.sigma_db


@dataclass(frozen=True, slots=True, eq=False)
class BandFit:
    """Constants of one station at one wavelength, fitted together.

    Parameters
    ----------
    station, wavelength_m : of the band
    digest : of what it was fitted to
    first_night, last_night, passes, blocks : that it was fitted to
    residual_rms_db : of blocks, after the fit
    model_error_db : of a block, estimated from the residuals
    block_s : length of a block
    depth : mean and standard deviation from night to night, the fit's own prior
    depth_to_come : of a night that has not been measured, as the forecast takes it
    nights : depth of each night with its uncertainty
    constants : p of them, in the order of `covariance`
    covariance : of the constants, shape (p, p): decibels of a normal one, logarithm of a lognormal
    drifts : of each pair
    """

    station: str
    wavelength_m: float
    digest: str
    first_night: str
    last_night: str
    passes: int
    blocks: int
    residual_rms_db: float
    model_error_db: float
    block_s: float
    depth: Normal
    depth_to_come: Lognormal
    nights: tuple[tuple[str, Normal], ...]
    constants: tuple[FittedConstant, ...]
    covariance: Floats
    drifts: tuple[Drift, ...]

    def constant(self, constant: Constant, satellite: str) -> FittedConstant | None:
        """One of the constants, by name."""
        found = (c for c in self.constants if (c.constant, c.satellite) == (constant, satellite))
        return next(found, None)


@dataclass(frozen=True, slots=True, eq=False)
class DatedCalibration:
    """All bands, with what they were fitted to.

    Parameters
    ----------
    calibration_id : first 12 hexadecimal digits of the SHA-256 of the inputs
    from_night : first night it is used for
    made_at : aware UTC
    program : version
    inputs : digests of the results, sorted
    left_out : a sentence for each result that could not be used
    """

    calibration_id: str
    from_night: str
    made_at: datetime
    program: str
    inputs: tuple[str, ...]
    left_out: tuple[str, ...]
    bands: tuple[BandFit, ...]

    def constants_of(
        self, satellite: str, station: str, wavelength_m: float, link_digest: str, night: str
    ) -> LinkConstants | None:
        """Constants of one link on one night; None if it was never measured as it is now described.

        The uncertainty of the loss grows with the time since the last result.
        """
        band = next((b for b in self.bands if is_band(b, station, wavelength_m)), None)
        loss = None if band is None else band.constant(Constant.LOSS, satellite)
        if band is None or loss is None or loss.link_digest != link_digest or not loss.is_learnt:
            return None
        weeks = (date.fromisoformat(night) - date.fromisoformat(band.last_night)).days / 7.0
        wander_db = WANDER_DB_PER_ROOT_WEEK * max(weeks, 0.0) ** 0.5
        found = loss.value
        if not isinstance(found, Normal):
            return None
        return LinkConstants(
            calibration_id=self.calibration_id,
            loss_db=Normal(found.mean, float(np.hypot(found.sigma, wander_db)), found.source),
            optical_depth=band.depth_to_come,
            model_error_db=band.model_error_db,
            block_s=band.block_s,
            background_scale=_learnt(band.constant(Constant.BACKGROUND, "")),
            signal_qber=_learnt(band.constant(Constant.ERROR, satellite)),
        )


def is_band(band: BandFit, station: str, wavelength_m: float) -> bool:
    """Whether a band is that of a station and a wavelength, to a twentieth of a nanometre."""
    return band.station == station and abs(band.wavelength_m - wavelength_m) < 0.05e-9


def night_after(night: str) -> str:
    """The date of the next night."""
    return (date.fromisoformat(night) + timedelta(days=1)).isoformat()


def _learnt(found: FittedConstant | None) -> Lognormal | None:
    if found is None or not found.is_learnt or not isinstance(found.value, Lognormal):
        return None
    return found.value

"""All recorded results fitted into one dated calibration.

- Results are grouped by station and wavelength: light of one colour shares the air of a night.
- A pair whose link was described anew is fitted from the passes since then: a constant belongs to
  the budget that it corrects.
- Of each band the last 120 nights count; what a link was a season ago says less than its drift.
- A band that cannot be fitted is left out with a sentence; the others do not wait for it.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from groundstation import __version__
from groundstation.results.band_fit import (
    FittedBand,
    depth_to_come,
    fit_band,
    is_taught,
    lasting,
)
from groundstation.results.calibration import (
    BandFit,
    DatedCalibration,
    Drift,
    FittedConstant,
    PeriodConstant,
    night_after,
)
from groundstation.results.errors import ResultError
from groundstation.results.measured_pass import can_teach, measured_pass
from groundstation.results.store import RecordedResult
from passes.counts.calibration.fit import BLOCK_S, Calibration, fit_calibration
from passes.counts.calibration.measured import MeasuredPass
from passes.counts.calibration.unknowns import CalibrationPriors, Constant, Unknown
from passes.counts.spread.distributions import Normal
from passes.errors import LinkError

Floats = NDArray[np.float64]

LONGEST_NIGHTS = 120
PERIOD_NIGHTS = 7
# Separates the name of a satellite from its period; no name in a network file holds it.
_PERIOD = "\n"


def calibration_inputs(results: Sequence[RecordedResult]) -> tuple[str, ...]:
    """Digests of the results that teach something, sorted: what a calibration is named by."""
    return tuple(sorted(item.result.digest for item in results if can_teach(item)))


def calibration_id_of(inputs: Sequence[str]) -> str:
    """The name of the calibration of these inputs by this version of the program."""
    text = json.dumps({"program": __version__, "results": list(inputs)})
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def calibrate(
    results: Sequence[RecordedResult],
    *,
    now: datetime,
    before: DatedCalibration | None = None,
    progress: Callable[[str], None] | None = None,
) -> DatedCalibration | None:
    """Fit everything that was recorded; None without a result that teaches anything.

    Parameters
    ----------
    results : the version that counts of each
    now : aware UTC, when the calibration is made
    before : an earlier calibration, of which the bands that have nothing new are kept
    progress : called with the name of each band
    """
    inputs = calibration_inputs(results)
    if not inputs:
        return None
    bands, left_out = [], []
    teaching = [item for item in results if can_teach(item)]
    for key in sorted({_band_of(item) for item in teaching}):
        chosen = _recent([item for item in teaching if _band_of(item) == key])
        digest = calibration_id_of([key[0], f"{key[1]:g}", *calibration_inputs(chosen)])
        kept = [band for band in (before.bands if before else ()) if band.digest == digest]
        if kept:
            bands.append(kept[0])
            continue
        if progress is not None:
            progress(f"calibration of {key[0]}, {key[1]:g} nm")
        try:
            bands.append(_band(key, digest, chosen))
        except ResultError as error:
            left_out.append(f"{key[0]}, {key[1]:g} nm: {error}")
    return DatedCalibration(
        calibration_id=calibration_id_of(inputs),
        from_night=night_after(max(item.night for item in teaching)),
        made_at=now,
        program=__version__,
        inputs=inputs,
        left_out=tuple(left_out),
        bands=tuple(bands),
    )


def _band_of(item: RecordedResult) -> tuple[str, float]:
    """Station and wavelength in nanometres, to a tenth."""
    wavelength_m = 0.0 if item.forecast is None else item.forecast.wavelength_m
    return item.station, round(wavelength_m * 1e9, 1)


def _recent(items: Sequence[RecordedResult]) -> list[RecordedResult]:
    """The last nights of a band, and of each satellite only what fits its present description."""
    last = max(date.fromisoformat(item.night) for item in items)
    newest = {item.satellite: _link(item) for item in sorted(items, key=lambda i: i.night)}
    return [
        item
        for item in items
        if (last - date.fromisoformat(item.night)).days < LONGEST_NIGHTS
        and _link(item) == newest[item.satellite]
    ]


def _link(item: RecordedResult) -> str:
    return "" if item.forecast is None else item.forecast.link_digest


def _band(key: tuple[str, float], digest: str, items: Sequence[RecordedResult]) -> BandFit:
    name = f"{key[0]} {key[1]:g} nm"
    pairs = [(item, measured_pass(item, item.satellite, name)) for item in items]
    used = [(item, found) for item, found in pairs if found is not None]
    first = next((item.forecast for item, _ in used if item.forecast is not None), None)
    if first is None:
        raise ResultError("no measured second lies in a usable one")
    fitted = fit_band([found for _, found in used], first.depth_prior)
    chosen = [item for item, _ in used]
    unknowns, covariance = lasting(fitted.fit)
    nights = sorted({item.night for item in chosen})
    return BandFit(
        station=key[0],
        wavelength_m=first.wavelength_m,
        digest=digest,
        first_night=nights[0],
        last_night=nights[-1],
        passes=len(chosen),
        blocks=fitted.fit.blocks,
        residual_rms_db=fitted.fit.residual_rms_db,
        model_error_db=fitted.model_error_db,
        block_s=BLOCK_S,
        depth=fitted.depth,
        depth_to_come=depth_to_come(fitted.fit, first.depth_prior),
        nights=tuple((night, _depth(fitted.fit, name, night)) for night in nights),
        constants=tuple(_constant(fitted.fit, unknown, chosen) for unknown in unknowns),
        covariance=covariance,
        drifts=drifts_of(fitted, used),
    )


def _depth(fit: Calibration, station: str, night: str) -> Normal:
    found = fit.posterior(Unknown(Constant.DEPTH, "", station, night))
    if not isinstance(found, Normal):
        raise ResultError(f"the depth of {station}, {night}, is not normal")
    return found


def _constant(
    fit: Calibration, unknown: Unknown, items: Sequence[RecordedResult]
) -> FittedConstant:
    own = [item for item in items if unknown.satellite in ("", item.satellite)]
    return FittedConstant(
        constant=unknown.constant,
        satellite=unknown.satellite,
        value=fit.posterior(unknown),
        is_learnt=is_taught(fit, unknown),
        link_digest=_link(own[-1]) if unknown.satellite else "",
        passes=len(own),
    )


def drifts_of(
    fitted: FittedBand, used: Sequence[tuple[RecordedResult, MeasuredPass]]
) -> tuple[Drift, ...]:
    """The loss constant of every pair fitted to each week alone, air and noise shared.

    Weeks count back from the last night of the band, so that the last one is whole.
    """
    last = max(date.fromisoformat(item.night) for item, _ in used)
    labelled: list[MeasuredPass] = []
    spans: dict[tuple[str, int], tuple[str, list[str]]] = {}
    for item, found in used:
        week = (last - date.fromisoformat(item.night)).days // PERIOD_NIGHTS
        label = f"{item.satellite}{_PERIOD}{week}"
        labelled.append(replace(found, satellite=label))
        spans.setdefault((item.satellite, -week), (label, []))[1].append(item.night)
    try:
        fit = fit_calibration(
            labelled,
            CalibrationPriors(optical_depth=fitted.depth),
            model_error_db=fitted.model_error_db,
        )
    except LinkError as error:
        raise ResultError(f"no constant by week: {error}") from error
    station = used[0][1].station
    satellites = sorted({satellite for satellite, _ in spans})
    return tuple(
        _drift(
            fit,
            station,
            satellite,
            [spans[key] for key in sorted(spans) if key[0] == satellite],
        )
        for satellite in satellites
    )


def _drift(
    fit: Calibration, station: str, satellite: str, periods: Sequence[tuple[str, list[str]]]
) -> Drift:
    unknowns = [Unknown(Constant.LOSS, label, station, "") for label, _ in periods]
    index = [fit.unknowns.index(unknown) for unknown in unknowns]
    sigma = fit.priors.loss_constant_db.sigma
    covariance = sigma**2 * fit.covariance[np.ix_(index, index)]
    values = [fit.loss_constant_db(label, station) for label, _ in periods]
    rows = tuple(
        PeriodConstant(min(nights), max(nights), value, len(nights))
        for value, (_, nights) in zip(values, periods, strict=True)
    )
    if len(rows) == 1:
        return Drift(satellite, rows, None, None)
    # The last period from the mean of those before, each weighing as it is known.
    weight = 1.0 / np.diag(covariance)[:-1]
    contrast = np.append(-weight / weight.sum(), 1.0)
    change = float(contrast @ [value.mean for value in values])
    return Drift(satellite, rows, change, float(np.sqrt(contrast @ covariance @ contrast)))

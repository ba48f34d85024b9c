"""A calibration as a JSON document, and back."""

from typing import Any

import numpy as np

from groundstation.instants import utc_instant, utc_text
from groundstation.results.calibration import (
    BandFit,
    DatedCalibration,
    Drift,
    FittedConstant,
    PeriodConstant,
)
from passes.counts.calibration.unknowns import Constant
from passes.counts.spread.distributions import Lognormal, Normal

SCHEMA = "calibration/1"


def calibration_document(calibration: DatedCalibration) -> dict[str, Any]:
    """The calibration with units in its keys; covariance in decibels and logarithms."""
    return {
        "schema": SCHEMA,
        "calibration_id": calibration.calibration_id,
        "from_night": calibration.from_night,
        "made_at_utc": utc_text(calibration.made_at),
        "program": calibration.program,
        "results": list(calibration.inputs),
        "left_out": list(calibration.left_out),
        "bands": [_band(band) for band in calibration.bands],
    }


def calibration_from_document(document: dict[str, Any]) -> DatedCalibration:
    """The calibration that `calibration_document` wrote."""
    return DatedCalibration(
        calibration_id=document["calibration_id"],
        from_night=document["from_night"],
        made_at=utc_instant(document["made_at_utc"]),
        program=document["program"],
        inputs=tuple(document["results"]),
        left_out=tuple(document["left_out"]),
        bands=tuple(_read_band(band) for band in document["bands"]),
    )


def _band(band: BandFit) -> dict[str, Any]:
    return {
        "station": band.station,
        "wavelength_nm": band.wavelength_m * 1e9,
        "digest": band.digest,
        "first_night": band.first_night,
        "last_night": band.last_night,
        "passes": band.passes,
        "blocks": band.blocks,
        "residual_rms_db": band.residual_rms_db,
        "model_error_db": band.model_error_db,
        "block_s": band.block_s,
        "optical_depth": _value(band.depth),
        "optical_depth_to_come": _value(band.depth_to_come),
        "nights": [{"night": night, "optical_depth": _value(d)} for night, d in band.nights],
        "constants": [
            {
                "constant": item.constant.value,
                "satellite": item.satellite or None,
                "value": _value(item.value),
                "is_learnt": item.is_learnt,
                "link_digest": item.link_digest,
                "passes": item.passes,
            }
            for item in band.constants
        ],
        "covariance": band.covariance.tolist(),
        "drift": [_drift(drift) for drift in band.drifts],
    }


def _drift(drift: Drift) -> dict[str, Any]:
    return {
        "satellite": drift.satellite,
        "change_db": drift.change_db,
        "sigma_db": drift.sigma_db,
        "is_flagged": drift.is_flagged,
        "periods": [
            {
                "first_night": period.first_night,
                "last_night": period.last_night,
                "loss_db": _value(period.loss_db),
                "passes": period.passes,
            }
            for period in drift.periods
        ],
    }


def _read_band(band: dict[str, Any]) -> BandFit:
    return BandFit(
        station=band["station"],
        wavelength_m=band["wavelength_nm"] * 1e-9,
        digest=band["digest"],
        first_night=band["first_night"],
        last_night=band["last_night"],
        passes=band["passes"],
        blocks=band["blocks"],
        residual_rms_db=band["residual_rms_db"],
        model_error_db=band["model_error_db"],
        block_s=band["block_s"],
        depth=_normal(band["optical_depth"]),
        depth_to_come=Lognormal(**band["optical_depth_to_come"]),
        nights=tuple((n["night"], _normal(n["optical_depth"])) for n in band["nights"]),
        constants=tuple(
            FittedConstant(
                Constant(item["constant"]),
                item["satellite"] or "",
                _read_value(item["value"]),
                item["is_learnt"],
                item["link_digest"],
                item["passes"],
            )
            for item in band["constants"]
        ),
        covariance=np.array(band["covariance"], dtype=np.float64),
        drifts=tuple(
            Drift(
                drift["satellite"],
                tuple(
                    PeriodConstant(
                        p["first_night"], p["last_night"], _normal(p["loss_db"]), p["passes"]
                    )
                    for p in drift["periods"]
                ),
                drift["change_db"],
                drift["sigma_db"],
            )
            for drift in band["drift"]
        ),
    )


def _value(value: Normal | Lognormal) -> dict[str, Any]:
    if isinstance(value, Normal):
        return {"mean": value.mean, "sigma": value.sigma, "source": value.source}
    return {"median": value.median, "factor": value.factor, "source": value.source}


def _read_value(value: dict[str, Any]) -> Normal | Lognormal:
    return _normal(value) if "mean" in value else Lognormal(**value)


def _normal(value: dict[str, Any]) -> Normal:
    return Normal(**value)

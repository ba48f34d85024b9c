"""One pass as a flat row: the columns of `passes.csv`, `passes.json` and the listing."""

from typing import Any

import numpy as np

from groundstation.export.clear_columns import clear_columns
from groundstation.instants import utc_text
from groundstation.network import Network
from groundstation.night_records import NightPass
from groundstation.plan.records import Plan
from passes.forecast import PassForecast

SCHEMA = "passes/1"
SECONDS_PER_DAY = 86_400.0


def pass_rows(
    passes: tuple[NightPass, ...], network: Network, plan: Plan | None = None
) -> list[dict[str, Any]]:
    """Rows in order of rise, units in the keys, unrounded; with a plan, decision and reason."""
    numbers = {s.name: s.norad_cat_id for s in network.satellites}
    taken = {c.pass_id for c in plan.contacts} if plan else set()
    reasons = {r.pass_id: r.reason for r in plan.rejections} if plan else {}
    rows = []
    for item in passes:
        row = {**_geometry(item, numbers[item.satellite]), **_light(item), **_worth(item)}
        row |= clear_columns(item.clear)
        if plan is not None:
            is_taken = item.pass_id in taken
            row["decision"] = "contact" if is_taken else "rejected"
            row["reason"] = None if is_taken else reasons.get(item.pass_id)
        rows.append(row)
    return rows


def _geometry(item: NightPass, norad_cat_id: int | None) -> dict[str, Any]:
    return {
        "pass_id": item.pass_id,
        "satellite": item.satellite,
        "norad_cat_id": norad_cat_id,
        "station": item.station,
        "aos_utc": utc_text(item.aos),
        "tca_utc": utc_text(item.tca),
        "los_utc": utc_text(item.los),
        "duration_s": (item.los - item.aos).total_seconds(),
        "max_elevation_deg": float(np.degrees(item.max_elevation_rad)),
        "aos_azimuth_deg": float(np.degrees(item.aos_azimuth_rad)),
        "tca_azimuth_deg": float(np.degrees(item.tca_azimuth_rad)),
        "los_azimuth_deg": float(np.degrees(item.los_azimuth_rad)),
        "min_range_km": item.min_range_m / 1e3,
        "aos_truncated": item.aos_truncated,
        "los_truncated": item.los_truncated,
    }


def _light(item: NightPass) -> dict[str, Any]:
    return {
        "sun_elevation_deg": float(np.degrees(item.sun_elevation_rad)),
        "sunlit_fraction": item.sunlit_fraction,
        "moon_separation_deg": float(np.degrees(item.moon_separation_rad)),
        "moon_elevation_deg": float(np.degrees(item.moon_elevation_rad)),
        "moon_illumination": item.moon_illumination,
        "keyhole_s": item.keyhole_s,
        "elements_epoch_utc": utc_text(item.elements_epoch),
        "elements_age_d": item.elements_age_s / SECONDS_PER_DAY,
        "sigma_time_s": item.sigma_time_s,
        "sigma_pointing_mrad": None
        if item.sigma_pointing_rad is None
        else item.sigma_pointing_rad * 1e3,
    }


def _worth(item: NightPass) -> dict[str, Any]:
    row: dict[str, Any] = {
        "window_open_utc": utc_text(item.start) if item.start else None,
        "window_close_utc": utc_text(item.stop) if item.stop else None,
        "window_s": item.usable_s,
        "min_loss_db": None,
        "key_basis_detections": None,
        "qber": None,
        "secret_key_bits": None,
        **_promised(item),
        "refusal": item.refusal,
    }
    if item.forecast is not None:
        usable = item.track.is_usable
        row["min_loss_db"] = float(item.forecast.budget.total_db[usable].min())
        row["key_basis_detections"] = item.forecast.key.sifted_bits
        row["qber"] = item.forecast.key.qber
        row["secret_key_bits"] = whole_bits(item)
    return row


def _promised(item: NightPass) -> dict[str, Any]:
    """Counts and key under a clear sky as quantiles, and the calibration they were made with."""
    row: dict[str, Any] = {}
    for name in ("sifted", "key_bits"):
        quantiles = None if item.spread is None else getattr(item.spread, name)
        for level in ("p10", "p50", "p90"):
            row[f"{name}_{level}"] = None if quantiles is None else getattr(quantiles, level)
    row["calibration_id"] = None if item.spread is None else item.spread.calibration_id
    return row


def whole_bits(item: NightPass) -> int:
    """Secret bits of a pass under a clear sky, rounded down; 0 without a forecast."""
    return whole_bits_of(item.forecast)


def whole_bits_of(forecast: PassForecast | None) -> int:
    """Secret bits of a forecast, rounded down; 0 without one."""
    return 0 if forecast is None else int(np.floor(forecast.key.secret_key_bits))

"""A link for machines: one row per second with units in the keys, and one document around them."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundstation.instants import after, utc_text
from groundstation.night.link_detail import BASES, INTENSITIES, LinkDetail
from groundstation.results.spread import SEED
from passes.forecast import slot_s

Floats = NDArray[np.float64]

SCHEMA = "link/2"
NOISE = ("dark", "sky", "city", "twilight", "moon", "satellite")
QUANTILES = ("detected", "signal", "noise", "sifted", "qber")


def column_of(term: str) -> str:
    """A term's name as part of a key."""
    return term.replace(" ", "_")


def arrays_of(detail: LinkDetail) -> dict[str, Floats]:
    """Every quantity along a track by its column, shape (n,) each; azimuth is left out.

    Columns that end in `_hz` are before the gate, those in `_gated_hz` inside it.
    """
    track, forecast, causes = detail.track, detail.forecast, detail.causes
    arrays = {
        "elevation_deg": np.degrees(track.elevation_rad),
        "range_km": track.range_m / 1e3,
    }
    for term in forecast.budget.terms:
        arrays[f"{column_of(term.name)}_db"] = term.loss_db
        if term.spread_db is not None:
            arrays[f"{column_of(term.name)}_spread_db"] = term.spread_db
    arrays["total_db"] = forecast.budget.total_db
    arrays["total_spread_db"] = forecast.budget.spread_db
    for name in NOISE:
        rate_hz = getattr(forecast.noise, f"{name}_hz")
        arrays[f"{name}_hz"] = np.broadcast_to(rate_hz, track.times_s.shape)
    for name in ("detected", "signal", "noise", "sifted"):
        arrays[f"{name}_gated_hz"] = getattr(forecast.rates, f"{name}_hz")
    for name in ("background", "dark", "afterpulse"):
        arrays[f"{name}_gated_hz"] = causes.clicks_hz[name]
    arrays["sifted_errors_gated_hz"] = forecast.rates.sifted_hz * forecast.rates.qber
    for b, basis in enumerate(BASES):
        for k, intensity in enumerate(INTENSITIES):
            arrays[f"{basis}_{intensity}_gated_hz"] = causes.sifted_hz[b, k]
            arrays[f"{basis}_{intensity}_errors_gated_hz"] = causes.errors_hz[b, k]
    arrays["qber"] = forecast.rates.qber
    for name, qber in causes.qber_by_cause.items():
        arrays[f"qber_{name}"] = qber
    return arrays


def rows_of(detail: LinkDetail, step: int) -> list[dict[str, Any]]:
    """Every `step`-th second, units in the keys; what has no value (QBER of nothing) is None."""
    track = detail.track
    columns = {
        "utc": [utc_text(after(track.epoch, time_s)) for time_s in track.times_s],
        "is_usable": track.is_usable.tolist(),
        "azimuth_deg": np.degrees(track.azimuth_rad).tolist(),
        **{name: values.tolist() for name, values in arrays_of(detail).items()},
    }
    return [
        {name: _finite(values[index]) for name, values in columns.items()}
        for index in range(0, len(track.times_s), max(step, 1))
    ]


def document_of(detail: LinkDetail, step: int) -> dict[str, Any]:
    """The whole link: what it is, its terms, its totals, their uncertainty, every second."""
    return {
        "schema": SCHEMA,
        "pass_id": detail.pass_id,
        "satellite": detail.satellite,
        "station": detail.station,
        "remarks": list(detail.remarks),
        "terms": [
            {
                "name": term.name,
                "column": f"{column_of(term.name)}_db",
                "group": term.group.value,
                "source": term.source,
                "is_random": term.is_random,
            }
            for term in detail.forecast.budget.terms
        ],
        "totals": totals_of(detail),
        "spread": spread_of(detail),
        "rows": rows_of(detail, step),
    }


def totals_of(detail: LinkDetail) -> dict[str, Any]:
    """Counts of the usable seconds, their QBER by cause, and the key of one block of them."""
    rates, key = detail.forecast.rates, detail.forecast.key
    clicks = {name: float(detail.counted(hz)) for name, hz in detail.causes.clicks_hz.items()}
    sifted, errors = (
        detail.counted(detail.causes.sifted_hz),
        detail.counted(detail.causes.errors_hz),
    )
    return {
        "usable_s": float(np.count_nonzero(detail.track.is_usable)) * slot_s(detail.track),
        "detected": float(detail.counted(rates.detected_hz)),
        "detected_by_cause": clicks,
        "sifted": float(detail.counted(rates.sifted_hz)),
        "sifted_errors": float(detail.counted(rates.sifted_hz * rates.qber)),
        "by_basis_and_intensity": [
            {
                "basis": basis,
                "intensity": intensity,
                "mean_photon_number": detail.source.intensities[k],
                "clicks": float(sifted[b, k]),
                "errors": float(errors[b, k]),
            }
            for b, basis in enumerate(BASES)
            for k, intensity in enumerate(INTENSITIES)
        ],
        "qber_by_cause": {name: _finite(q) for name, q in detail.qber_by_cause().items()},
        "secret_key_bits": key.secret_key_bits,
        "asymptotic_bits": key.asymptotic_bits,
        "repeaterless_bits": _finite(detail.repeaterless_bits),
        "waterfall": [
            {"cause": step.cause, "cost_bits": step.cost_bits, "left_bits": step.left_bits}
            for step in detail.waterfall
        ],
        "qber": _finite(key.qber),
        "phase_error": _finite(key.phase_error),
        "proof": str(key.proof),
    }


def spread_of(detail: LinkDetail) -> dict[str, Any] | None:
    """P10, P50 and P90 of the counts under default priors, and which parameter matters."""
    spread = detail.spread
    if spread is None:
        return None
    quantiles = {
        name: {p: getattr(getattr(spread, name), p) for p in ("p10", "p50", "p90")}
        for name in QUANTILES
    }
    key = detail.key_spread
    key_bits = None
    if key is not None:
        key_bits = {"p10": key.p10, "p50": key.p50, "p90": key.p90, "mean": key.mean}
        key_bits["no_key_probability"] = key.no_key_probability
    return {
        "draws": int(spread.efficiency_scale.size),
        "seed": SEED,
        "priors": "default" if detail.constants is None else detail.constants.calibration_id,
        **quantiles,
        "key_bits": key_bits,
        "signal_std_db": spread.std_db,
        "contributions": [
            {"parameter": c.parameter, "std_db": c.std_db, "share": c.share}
            for c in spread.contributions
        ],
    }


def explanation_of(detail: LinkDetail) -> tuple[str, ...]:
    """What each term costs at culmination, in words."""
    return detail.forecast.budget.explain(int(np.argmax(detail.track.elevation_rad)))


def _finite(value: Any) -> Any:
    """None in place of a number that JSON cannot say."""
    return None if isinstance(value, float) and not math.isfinite(value) else value

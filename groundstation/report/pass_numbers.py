"""A pass as plain numbers with units in their keys: what its page shows, for machines."""

from typing import Any

import numpy as np

from groundstation.export.pass_rows import pass_rows
from groundstation.instants import utc_text
from groundstation.pass_records import PassOutcome
from groundstation.report.figures.link import best_second, present_groups
from groundstation.report.night_numbers import cloud_numbers, finite, short
from groundstation.report.pass_falls import pass_falls, pass_times
from groundstation.results.records import result_document
from passes.forecast import PassForecast
from passes.track import Track

SCHEMA = "pass/1"
# Of a number in a series: the eye and the mount see no more, and there is one for every second.
SERIES_DIGITS = 6


def pass_numbers(outcome: PassOutcome) -> dict[str, Any]:
    """The pass as a tree of dicts, lists, strings and finite numbers; times ISO 8601 with Z."""
    item, forecast, light = outcome.night_pass, outcome.night_pass.forecast, outcome.light
    numbers: dict[str, Any] = {
        "schema": SCHEMA,
        "night": outcome.night,
        "generated_utc": utc_text(outcome.generated),
        "pass": pass_rows((item,), outcome.network)[0],
        "windows_utc": [[utc_text(a), utc_text(b)] for a, b in item.windows],
        "decision": _decision(outcome),
        "seconds": [{"step": s.name, "seconds": s.seconds} for s in pass_times(outcome)],
        "waterfall": [
            {"step": f.name, "amount": f.amount, "note": f.note} for f in pass_falls(outcome)
        ],
        "key_steps": []
        if light is None
        else [
            {"cause": s.cause, "cost_bits": s.cost_bits, "left_bits": s.left_bits}
            for s in light.steps
        ],
        "qber_by_cause": {} if light is None else dict(light.qber_by_cause),
        "repeaterless_bits": None if light is None else light.repeaterless_bits,
        "terminal": {} if light is None else dict(light.terminal),
        "loss": None if forecast is None else _loss(outcome, forecast),
        "series": _series(item.track, forecast),
        "cloud": None if outcome.cloud is None else cloud_numbers(outcome.cloud),
        "result": None if outcome.result is None else result_document(outcome.result.result),
        "calibration_id": outcome.calibration_id or None,
        "elements": {
            "satellite": outcome.elements.satellite,
            "norad_cat_id": outcome.elements.norad_cat_id,
            "epoch_utc": utc_text(outcome.elements.epoch),
            "source": outcome.elements.source,
            "sha256": outcome.elements.digest,
        },
        "network": {"name": outcome.network.name, "sha256": outcome.network.digest},
        "warnings": list(outcome.warnings),
        "program": {"version": outcome.version, "libraries": dict(outcome.libraries)},
    }
    return {key: finite(value) for key, value in numbers.items()}


def _decision(outcome: PassOutcome) -> dict[str, Any] | None:
    decision = outcome.decision
    if decision is None:
        return None
    contact, rejection = decision.contact, decision.rejection
    return {
        "plan_id": decision.plan_id,
        "is_taken": contact is not None,
        "reason": None if rejection is None else rejection.reason,
        "windows_utc": []
        if contact is None
        else [[utc_text(a), utc_text(b)] for a, b in contact.windows],
        "key_bits": None if contact is None else contact.key_bits,
        "expected_bits": None if contact is None else contact.expected_bits,
        "is_whole": None if contact is None else contact.is_whole,
        "relays": [{"demand": r.demand, "bits": r.bits} for r in decision.relays],
    }


def _loss(outcome: PassOutcome, forecast: PassForecast) -> dict[str, Any]:
    """Every term of the budget at the best second, and the sum of each group."""
    item, budget = outcome.night_pass, forecast.budget
    best = best_second(item, forecast)
    return {
        "best_second_s": float(item.track.times_s[best]),
        "total_db": float(budget.total_db[best]),
        "groups_db": {
            group.value: float(budget.group_db(group)[best]) for group in present_groups(budget)
        },
        "terms": [
            {
                "name": term.name,
                "group": term.group.value,
                "loss_db": float(np.broadcast_to(term.loss_db, budget.total_db.shape)[best]),
                "source": term.source,
            }
            for term in budget.terms
        ],
    }


def _series(track: Track, forecast: PassForecast | None) -> dict[str, Any]:
    """Every second of the pass as columns; light only where there is a forecast."""
    columns = {
        "times_s": track.times_s,
        "azimuth_deg": np.degrees(track.azimuth_rad),
        "elevation_deg": np.degrees(track.elevation_rad),
        "range_km": track.range_m / 1e3,
    }
    if forecast is not None:
        columns |= {
            "loss_db": forecast.budget.total_db,
            "sifted_hz": forecast.rates.sifted_hz,
            "noise_hz": forecast.rates.noise_hz,
            "qber": forecast.rates.qber,
        }
    listed = {
        name: [short(value, SERIES_DIGITS) for value in values.tolist()]
        for name, values in columns.items()
    }
    return {
        "epoch_utc": utc_text(track.epoch),
        **listed,
        "is_usable": [int(value) for value in track.is_usable],
    }

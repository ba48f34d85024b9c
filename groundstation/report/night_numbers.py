"""A night as plain numbers with units in their keys: what the page shows, for machines."""

import math
from typing import Any

import numpy as np

from groundstation.export.pass_rows import pass_rows
from groundstation.export.plan_document import plan_document
from groundstation.instants import utc_text
from groundstation.night_records import NightOutcome, NightPass, StationNight
from groundstation.report.figures.link import best_second, present_groups
from passes.forecast import PassForecast

SCHEMA = "night/2"
# Of a number in a row of a pass: more say nothing and are a third of the page.
DIGITS = 9


def night_numbers(outcome: NightOutcome) -> dict[str, Any]:
    """The night as a tree of dicts, lists, strings and finite numbers; times ISO 8601 with Z.

    `plan` is the document that the night also writes as a file; `passes` are the rows of its other
    file as one list of names and one list of values for each pass.
    """
    taken = {contact.pass_id for contact in outcome.plan.contacts}
    numbers = {
        "schema": SCHEMA,
        "night": outcome.night,
        "generated_utc": utc_text(outcome.generated),
        "is_cloud_modelled": False,
        "headline": headline(outcome),
        # Why a pass is not taken stands in its own row.
        "plan": {k: v for k, v in plan_document(outcome).items() if k != "rejections"},
        "plan_gap_fraction": relative_gap(outcome.plan.value, outcome.plan.bound),
        "passes": _columns(pass_rows(outcome.passes, outcome.network, outcome.plan)),
        "links": [
            _link(night_pass, night_pass.forecast)
            for night_pass in outcome.passes
            if night_pass.forecast is not None and night_pass.pass_id in taken
        ],
        "stations": [_station_night(sky) for sky in outcome.skies],
    }
    return {key: _finite(value) for key, value in numbers.items()}


def headline(outcome: NightOutcome) -> dict[str, Any]:
    """The few numbers that are read first."""
    plan = outcome.plan
    wanted = sum(delivery.wanted_bits for delivery in plan.deliveries)
    # More than was asked for must not hide what another pair lacks.
    useful = sum(min(d.delivered_bits, d.wanted_bits) for d in plan.deliveries)
    return {
        "contacts": len(plan.contacts),
        "passes": len(outcome.passes),
        "key_clear_sky_bits": sum(contact.key_bits for contact in plan.contacts),
        "wanted_bits": wanted,
        "delivered_bits": sum(delivery.delivered_bits for delivery in plan.deliveries),
        "fraction_of_demand_met": useful / wanted if wanted else None,
        "demands": len(plan.deliveries),
        "demands_met": sum(d.delivered_bits >= d.wanted_bits for d in plan.deliveries),
        "warnings": len(outcome.warnings),
    }


def relative_gap(value: float, bound: float) -> float | None:
    """How far a plan may be from the best one, as a share of the bound; None without a bound."""
    if not math.isfinite(bound) or bound <= 0.0:
        return None
    return max(bound - value, 0.0) / bound


def _link(night_pass: NightPass, forecast: PassForecast) -> dict[str, Any]:
    """The light of one contact: loss over its usable seconds and at the best of them."""
    usable = night_pass.track.is_usable
    best, budget, rates = best_second(night_pass, forecast), forecast.budget, forecast.rates
    return {
        "pass_id": night_pass.pass_id,
        "lowest_loss_db": float(budget.total_db[best]),
        "highest_loss_db": float(np.max(budget.total_db[usable], initial=budget.total_db[best])),
        "loss_at_lowest_db": {
            group.value: float(budget.group_db(group)[best]) for group in present_groups(budget)
        },
        "highest_sifted_rate_hz": float(rates.sifted_hz[best]),
        "phase_error_bound": forecast.key.phase_error,
        "asymptotic_bits": forecast.key.asymptotic_bits,
        "proof": forecast.key.proof,
    }


def _station_night(sky: StationNight) -> dict[str, Any]:
    def spans(name: str) -> list[dict[str, str]]:
        return [
            {"start_utc": utc_text(start), "stop_utc": utc_text(stop)}
            for start, stop in getattr(sky, name)
        ]

    return {
        "station": sky.station,
        "dark": spans("dark"),
        "nautical": spans("nautical"),
        "astronomical": spans("astronomical"),
        "lowest_sun_elevation_deg": float(np.degrees(sky.lowest_sun_elevation_rad)),
        "lowest_sun_utc": utc_text(sky.lowest_sun_at),
        "remark": sky.remark,
    }


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Rows without their keys repeated; a refusal is the reason and stands there once."""
    rows = [{k: v for k, v in row.items() if k != "refusal"} for row in rows]
    names = list(rows[0]) if rows else []
    return {"columns": names, "rows": [[_short(row[name]) for name in names] for row in rows]}


def _short(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _finite(value: Any) -> Any:
    """The same tree with None for NaN and infinity, which JSON lacks."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

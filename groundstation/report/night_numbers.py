"""A night as plain numbers with units in their keys: what the page shows, for machines."""

import math
from typing import Any

import numpy as np

from groundstation.export.clear_columns import clear_columns
from groundstation.export.pass_rows import pass_rows
from groundstation.export.plan_document import plan_document
from groundstation.instants import utc_text
from groundstation.night_records import CloudOutlook, NightOutcome, NightPass, StationNight
from groundstation.report.figures.link import best_second, present_groups
from groundstation.report.key_pools import satellite_pools
from groundstation.report.waterfall import night_falls
from passes.forecast import PassForecast

SCHEMA = "night/3"
# What is known of a pass that cannot be a contact.
REFUSED_COLUMNS = (
    "pass_id", "satellite", "station", "aos_utc", "tca_utc", "los_utc", "max_elevation_deg",
    "sun_elevation_deg", "reason",
)  # fmt: skip
# Of a number: more say nothing and are a third of the page; the night's other files have them all.
DIGITS = 9


def night_numbers(outcome: NightOutcome) -> dict[str, Any]:
    """The night as a tree of dicts, lists, strings and finite numbers; times ISO 8601 with Z.

    `plan` is the document that the night also writes as a file, without what the rows have;
    `passes` and `refused` are the rows of its other file as one list of names and one list of
    values for each pass, of a refused one only what is known without light.
    """
    taken = {contact.pass_id for contact in outcome.plan.contacts}
    numbers = {
        "schema": SCHEMA,
        "night": outcome.night,
        "generated_utc": utc_text(outcome.generated),
        "is_cloud_modelled": any(c.expected_bits is not None for c in outcome.plan.contacts),
        "headline": headline(outcome),
        "plan": _plan(outcome),
        "plan_gap_fraction": relative_gap(outcome.plan.value, outcome.plan.bound),
        **_passes(outcome),
        "links": [
            _link(night_pass, night_pass.forecast)
            for night_pass in outcome.passes
            if night_pass.forecast is not None and night_pass.pass_id in taken
        ],
        "waterfall": [
            {"step": fall.name, "bits": fall.amount, "note": fall.note}
            for fall in night_falls(outcome)
        ],
        "satellite_pools": [
            {
                "satellite": pool.satellite,
                "station": pool.station,
                "before_bits": pool.before_bits,
                "received_bits": pool.received_bits,
                "spent_bits": pool.spent_bits,
                "left_bits": pool.left_bits,
            }
            for pool in satellite_pools(outcome)
        ],
        "stations": [_station_night(sky) for sky in outcome.skies],
        "clouds": [cloud_numbers(cloud) for cloud in outcome.clouds],
    }
    return {key: finite(value) for key, value in numbers.items()}


def _plan(outcome: NightOutcome) -> dict[str, Any]:
    """The document of the plan without what stands in the rows of the passes."""
    document = plan_document(outcome)
    del document["rejections"]
    known = clear_columns(None)
    for contact in document["contacts"]:
        for name in known:
            del contact[name]
    return document


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
        "expected_bits": sum(contact.counted_bits for contact in plan.contacts)
        if any(contact.expected_bits is not None for contact in plan.contacts)
        else None,
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


def cloud_numbers(cloud: CloudOutlook) -> dict[str, Any]:
    """Cover at every sample: quantiles over the members and their mean."""
    return {
        "station": cloud.station,
        "kind": cloud.kind,
        "source": cloud.source,
        "issued_utc": None if cloud.issued_at is None else utc_text(cloud.issued_at),
        "retrieved_utc": utc_text(cloud.retrieved_at),
        "sha256": cloud.sha256,
        "members": cloud.members,
        "epoch_utc": utc_text(cloud.epoch),
        # Samples are evenly spaced.
        "step_s": cloud.times_s[1] - cloud.times_s[0] if len(cloud.times_s) > 1 else None,
        "cover_p10": list(cloud.p10),
        "cover_p50": list(cloud.p50),
        "cover_p90": list(cloud.p90),
        "cover_mean": list(cloud.mean),
    }


def _passes(outcome: NightOutcome) -> dict[str, Any]:
    """Rows without their keys repeated; those of refused passes have no light to tell of."""
    rows = pass_rows(outcome.passes, outcome.network, outcome.plan)
    refused = {item.pass_id for item in outcome.passes if item.refusal is not None}
    able = [row for row in rows if row["pass_id"] not in refused]
    columns = tuple(name for name in (able[0] if able else ()) if name != "refusal")
    return {
        "passes": _listed(able, columns),
        "refused": _listed([row for row in rows if row["pass_id"] in refused], REFUSED_COLUMNS),
    }


def _listed(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> dict[str, Any]:
    """Rows as one list of names and one list of values for each."""
    if not rows:
        return {"columns": [], "rows": []}
    return {"columns": list(columns), "rows": [[row[name] for name in columns] for row in rows]}


def short(value: Any, digits: int = DIGITS) -> Any:
    """A number without digits that say nothing; anything else as it is."""
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def finite(value: Any) -> Any:
    """The same tree with None for NaN and infinity, which JSON lacks, and no idle digits."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    if isinstance(value, float):
        return short(value) if math.isfinite(value) else None
    return value

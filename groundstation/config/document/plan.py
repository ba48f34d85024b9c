"""Table of what a plan is to achieve."""

from typing import Literal

from groundstation.config.document.fields import Table, optional
from groundstation.plan_policy import (
    AHEAD_WORTH,
    DISCOUNT_PER_NIGHT,
    DRAWN_NIGHTS,
    HOP_COST_PER_KBIT,
    NIGHTS_AHEAD,
    POOL_WORTH_PER_KBIT,
    RISK_SCENARIOS,
    RISK_TAIL,
    RISK_WEIGHT,
)


class Plan(Table):
    """Goal and weights of contacts and relays; values count in kilobits times priority."""

    goal: Literal["priority", "max-min"] = optional(
        "priority",
        "most key times priority, or the smallest share of a demand as large as it can be first",
    )
    pool_worth_per_kbit: float = optional(
        POOL_WORTH_PER_KBIT, "worth of key that stays in a pool", "1/kbit", ge=0.0, le=1e6
    )
    hop_cost_per_kbit: float = optional(
        HOP_COST_PER_KBIT, "cost of key on every hop of its path", "1/kbit", ge=0.0, le=1e6
    )
    stability_per_change_kbit: float = optional(
        0.0, "cost of every contact that differs from the published plan", "kbit", ge=0.0, le=1e9
    )
    cut_passes: bool = optional(True, "take competing passes in part, where that is better")
    drawn_nights: int = optional(
        DRAWN_NIGHTS, "drawn from the weather for P10, P50 and P90", "1", ge=10, le=10_000
    )
    seed: int = optional(1, "of these draws", "1", ge=0, le=2**32 - 1)
    risk: Literal["expected", "scenarios"] = optional(
        "expected", "plan for expected key, or choose contacts for many drawn skies at once"
    )
    risk_scenarios: int = optional(RISK_SCENARIOS, "of these skies", "1", ge=2, le=100)
    risk_weight: float = optional(
        RISK_WEIGHT,
        "weight of the mean of the worst skies against the mean of all",
        "1",
        ge=0.0,
        le=1.0,
    )
    risk_tail: float = optional(
        RISK_TAIL, "probability of the worst skies together", "1", ge=0.01, le=1.0
    )
    discount_per_night: float = optional(
        DISCOUNT_PER_NIGHT,
        "share by which key of the next night is worth less",
        "1",
        ge=0.0,
        le=0.5,
    )
    nights_ahead: int | None = optional(
        None,
        f"nights after the plan whose use key in the pools may serve; {NIGHTS_AHEAD} where [keys] "
        "tells what is in them, else 0",
        "night",
        ge=0,
        le=31,
    )
    ahead_worth: float = optional(
        AHEAD_WORTH, "share of the worth of these nights that counts", "1", ge=0.0, le=1.0
    )
    starved_hour_kbit: float = optional(
        0.0, "worth of an hour with key for a pair that would be without", "kbit", ge=0.0, le=1e9
    )
    key_lifetime_nights: int | None = optional(
        None,
        "nights in which key can be relayed, with that in which it came; no end where left out",
        "night",
        ge=1,
        le=3650,
    )

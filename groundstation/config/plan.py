"""Table of the plan -> the record of groundstation.plan_policy."""

from groundstation.config.document.plan import Plan
from groundstation.plan_policy import PlanGoal, PlanPolicy, PlanRisk


def plan_policy_of(table: Plan) -> PlanPolicy:
    """What plans of the network are to achieve."""
    return PlanPolicy(
        goal=PlanGoal(table.goal),
        pool_worth_per_kbit=table.pool_worth_per_kbit,
        hop_cost_per_kbit=table.hop_cost_per_kbit,
        stability_per_change_kbit=table.stability_per_change_kbit,
        are_passes_cut=table.cut_passes,
        drawn_nights=table.drawn_nights,
        seed=table.seed,
        risk=PlanRisk(table.risk),
        risk_scenarios=table.risk_scenarios,
        risk_weight=table.risk_weight,
        risk_tail=table.risk_tail,
        discount_per_night=table.discount_per_night,
        nights_ahead=table.nights_ahead,
        ahead_worth=table.ahead_worth,
        starved_hour_kbit=table.starved_hour_kbit,
        key_lifetime_nights=table.key_lifetime_nights,
    )

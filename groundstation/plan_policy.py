"""What a network file says about planning: goal and weights, with units; records only."""

from dataclasses import dataclass
from enum import StrEnum

# The definition of a plan's value, in priority-weighted kilobits: what stays in a pool is worth
# a little (else every night would drain them), and a shorter path breaks a tie.
POOL_WORTH_PER_KBIT = 0.05
HOP_COST_PER_KBIT = 0.001
# A kilobit tomorrow is worth a hundredth less than one tonight, so that nothing waits for nothing.
DISCOUNT_PER_NIGHT = 0.01
# Nights beyond the plan's own whose use key in the pools may serve, where it is known from night to
# night what the pools hold, and the share that counts: 7.6 % more key in 60 nights of europe-2026.
NIGHTS_AHEAD, AHEAD_WORTH = 2, 1.0
# Nights drawn for P10, P50 and P90; the error of a P10 is then about 3 % in probability.
DRAWN_NIGHTS = 100


# Skies planned for at once, weight of the worst of them, and how much of the probability they are.
RISK_SCENARIOS, RISK_WEIGHT, RISK_TAIL = 12, 0.5, 0.1
# Every window more costs a column and every sky a relay: beyond this it takes minutes.
MOST_HEDGED_WINDOWS = 1_500


class PlanRisk(StrEnum):
    """How a plan counts on weather that is not known yet."""

    EXPECTED = "expected"
    SCENARIOS = "scenarios"


class PlanGoal(StrEnum):
    """What a plan makes as large as it can."""

    PRIORITY = "priority"
    MAX_MIN = "max-min"


@dataclass(frozen=True, slots=True)
class PlanPolicy:
    """How contacts and relays are chosen.

    Parameters
    ----------
    goal : most priority-weighted key, or first of all the largest share for the pair that gets the
        smallest share of its demand, then for the next one, and so on
    pool_worth_per_kbit : value of a kilobit that stays in a pool, in weighted kilobits
    hop_cost_per_kbit : cost of a kilobit on every hop of its path, in weighted kilobits
    stability_per_change_kbit : cost of every contact that the plan people hold does not have, in
        weighted kilobits; 0 changes freely
    are_passes_cut : whether a pass that competes with another may be taken in part
    drawn_nights : nights drawn from the weather for the quantiles of key per pair
    seed : of these draws
    risk : expected key, or contacts chosen for many drawn skies at once
    risk_scenarios : of these skies
    risk_weight : weight of the mean of the worst skies against the mean of all
    risk_tail : probability of the worst skies together
    most_hedged_windows : beyond this many windows expected key is used
    discount_per_night : share by which a kilobit of the next night is worth less
    nights_ahead : nights without contacts after those of the plan, whose use what stays in the
        pools may serve; None for two where a ledger tells what is in the pools, and none else
    ahead_worth : share of their worth that counts
    key_lifetime_nights : nights in which key can be relayed, with that in which it came; None if it
        never gets too old
    starved_hour_kbit : worth of every hour in which a pair would be without key and is not
    """

    goal: PlanGoal = PlanGoal.PRIORITY
    pool_worth_per_kbit: float = POOL_WORTH_PER_KBIT
    hop_cost_per_kbit: float = HOP_COST_PER_KBIT
    stability_per_change_kbit: float = 0.0
    are_passes_cut: bool = True
    drawn_nights: int = DRAWN_NIGHTS
    seed: int = 1
    risk: PlanRisk = PlanRisk.EXPECTED
    risk_scenarios: int = RISK_SCENARIOS
    risk_weight: float = RISK_WEIGHT
    risk_tail: float = RISK_TAIL
    most_hedged_windows: int = MOST_HEDGED_WINDOWS
    discount_per_night: float = DISCOUNT_PER_NIGHT
    nights_ahead: int | None = None
    ahead_worth: float = AHEAD_WORTH
    starved_hour_kbit: float = 0.0
    key_lifetime_nights: int | None = None

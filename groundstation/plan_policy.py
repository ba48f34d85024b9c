"""What a network file says about planning: goal and weights, with units; records only."""

from dataclasses import dataclass
from enum import StrEnum

# The definition of a plan's value, in priority-weighted kilobits: what stays in a pool is worth
# a little (else every night would drain them), and a shorter path breaks a tie.
POOL_WORTH_PER_KBIT = 0.05
HOP_COST_PER_KBIT = 0.001
# Nights drawn for P10, P50 and P90; the error of a P10 is then about 3 % in probability.
DRAWN_NIGHTS = 100


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
    """

    goal: PlanGoal = PlanGoal.PRIORITY
    pool_worth_per_kbit: float = POOL_WORTH_PER_KBIT
    hop_cost_per_kbit: float = HOP_COST_PER_KBIT
    stability_per_change_kbit: float = 0.0
    are_passes_cut: bool = True
    drawn_nights: int = DRAWN_NIGHTS
    seed: int = 1

"""A solution in the words of the exchange format: contacts and deliveries by index."""

from typing import Any

import numpy as np

from groundstation.plan.solver.instance import Instance, Offer
from groundstation.plan.solver.model import Model, Solution
from groundstation.plan.solver.modelling import Goal

_DIGITS = 6


def result_of(
    instance: Instance, model: Model, offer: Offer, solution: Solution, goal: Goal
) -> dict[str, Any]:
    """Contacts [pass, window], deliveries [demand, period, sat, end, end, kbit], certificate."""
    return {
        "format": "satqkd-sched/1",
        "instance": instance.name,
        "problem": goal.value,
        "contacts": [[int(offer.pass_index[i]), int(offer.cut[i])] for i in solution.chosen],
        "value": solution.value,
        "bound": solution.bound,
        "gap": solution.gap,
        "method": solution.method,
        "deliveries": _deliveries(model, solution),
    }


def _deliveries(model: Model, solution: Solution) -> list[list[Any]]:
    relay = model.relay
    rows = []
    for path, period in np.argwhere(solution.flow_kbit > 0.0):
        end_a, end_b = relay.path_ends[path]
        rows.append(
            [
                int(relay.path_demand[path]),
                int(period),
                int(relay.pool_satellite[relay.pool_use[[path]].indices[0]]),
                int(end_a),
                int(end_b),
                round(float(solution.flow_kbit[path, period]), _DIGITS),
            ]
        )
    return rows

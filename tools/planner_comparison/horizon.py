"""One problem over several nights, with a delivery period for each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from groundstation.network import Network
from groundstation.plan.choosing import problem_of
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.network_model import Problem
from groundstation.plan.records import Candidate


def nightly_problem(
    network: Network,
    candidates: Sequence[Candidate],
    ahead_of: Mapping[str, int],
    periods: int,
    given: PlanInputs,
) -> Problem:
    """Key of a night can be delivered in it or later; every night wants its own.

    Parameters
    ----------
    ahead_of : how many nights after the first one each pass is, by its id
    periods : nights that want key; those after the last pass get it from the pools
    """
    problem, _ = problem_of(network, candidates, 1, given)
    model = problem.model
    period = [ahead_of[problem.able[offer.candidate].pass_id] for offer in problem.offers]
    windows = replace(model.windows, period=np.array(period, dtype=np.int64))
    relay = replace(
        model.relay,
        demand_kbit=np.repeat(model.relay.demand_kbit, periods, axis=1),
        fibre_kbit=np.repeat(model.relay.fibre_kbit, periods, axis=1),
    )
    return replace(problem, model=replace(model, windows=windows, relay=relay))

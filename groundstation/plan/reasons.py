"""Why a pass is not taken, in one sentence that a person accepts."""

from collections.abc import Sequence

from groundstation.plan.programme import Problem, Solution, solve
from groundstation.plan.records import Candidate, Rejection

# Each regret is one more programme; beyond this many the sentence names the conflict only.
_MOST_REGRETS = 80


def rejections(
    candidates: Sequence[Candidate],
    able: Sequence[Candidate],
    problem: Problem,
    solution: Solution,
) -> tuple[Rejection, ...]:
    """One reason for every candidate that is not a contact, in the order of the candidates."""
    chosen = {able[i].pass_id for i in solution.chosen}
    position = {candidate.pass_id: i for i, candidate in enumerate(able)}
    with_regret = len(able) - len(chosen) <= _MOST_REGRETS
    reasons = []
    for candidate in candidates:
        if candidate.pass_id in chosen:
            continue
        if candidate.refusal is not None:
            text = candidate.refusal
        elif candidate.pass_id not in position:
            text = "no secret key even under a clear sky: too few counts for the finite-key bound"
        else:
            index = position[candidate.pass_id]
            text = _conflict(able, problem, solution, index)
            if _is_settled(problem, index):
                text += "; it starts too soon to change that"
            elif with_regret:
                text += _regret(problem, solution, index)
        reasons.append(Rejection(candidate.pass_id, text))
    return tuple(reasons)


def _conflict(able: Sequence[Candidate], problem: Problem, solution: Solution, index: int) -> str:
    """Which chosen contacts stand in the way."""
    candidate = able[index]
    blockers = sorted(
        {i for clique in problem.cliques if index in clique for i in clique} & set(solution.chosen)
    )
    parts = []
    for i in blockers:
        other = able[i]
        start = f"{other.windows[0][0]:%H:%M}Z"
        if other.satellite == candidate.satellite:
            parts.append(f"{other.satellite} serves {other.station} at {start}")
        else:
            parts.append(f"{other.station} receives {other.satellite} at {start}")
    if not parts and index in problem.fixed:
        return "it was not to be taken"
    return " and ".join(parts) or "its key has no use tonight"


def _is_settled(problem: Problem, index: int) -> bool:
    """Whether the pass, or one that excludes it, was fixed before anything was decided."""
    rivals = {i for clique in problem.cliques if index in clique for i in clique}
    return index in problem.fixed or any(problem.fixed.get(i) for i in rivals)


def _regret(problem: Problem, solution: Solution, index: int) -> str:
    """What the best plan with this pass would lose, from solving that plan."""
    forced = solve(problem, fixed={index: True})
    loss = solution.value - forced.value
    if loss < 0.05:
        return "; taking this pass instead is worth as much"
    return f"; taking this pass instead would cost {loss:.1f} kbit of weighted delivery"

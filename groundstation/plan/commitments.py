"""What must and must not be a contact, made possible, with a sentence for what is not.

The rules it keeps:

1. What is frozen goes before what is wished.
2. Of two frozen contacts that exclude each other the one with more key stays: newer elements shift
   passes by seconds, and two contacts that just followed each other may now overlap. So it is
   where they exceed a limit together that is new in the network file.
3. As many wished passes are taken as fit, each with the part that the best such plan has.
4. A wish that cannot be met never stops a plan; it is a sentence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from groundstation.plan.limits_fit import TOLERANCE, obstacle
from groundstation.plan.network_model import Problem
from groundstation.plan.once import each_pass_once
from groundstation.plan.records import Candidate
from groundstation.plan.solver.model import Flags, Limits
from groundstation.plan.solver.solve import solve

_GAP = 1e-6


def committed(
    problem: Problem,
    candidates: Sequence[Candidate],
    fixed: Mapping[str, bool],
    wishes: Mapping[str, bool],
    *,
    time_limit_s: float | None = None,
) -> tuple[Problem, list[str]]:
    """The problem with what is forced and forbidden, and sentences on what cannot be.

    Parameters
    ----------
    candidates : every pass, also those that cannot be contacts
    fixed : passes that keep their assignment, True for taken
    wishes : passes that somebody wants taken or left out
    time_limit_s : for finding the parts of wished passes [s]
    """
    parts: dict[str, list[int]] = {}
    for i, offer in enumerate(problem.offers):
        parts.setdefault(problem.able[offer.candidate].pass_id, []).append(i)
    remarks: list[str] = []
    kept = _frozen(problem, parts, fixed, remarks)
    out = {name for name, taken in {**wishes, **fixed}.items() if not taken}
    is_out = np.array([_name(problem, i) in out for i in range(len(problem.offers))], dtype=bool)
    problem = _bound(problem, kept, is_out)
    _tell_vain(candidates, parts, fixed, wishes, remarks)
    names = [n for n, wanted in wishes.items() if wanted and n in parts and n not in fixed]
    if not names:
        return problem, remarks
    wished = _best_parts(problem, {name: parts[name] for name in names}, time_limit_s)
    remarks += [
        f"{name} was to be taken{_why(problem, parts[name], kept, wished)}"
        for name in sorted(set(names) - set(wished))
    ]
    return _bound(problem, [*kept, *wished.values()], is_out), remarks


def _bound(problem: Problem, forced: Sequence[int], is_out: Flags) -> Problem:
    """The problem with some parts forced and some passes forbidden."""
    is_forced = np.zeros(len(problem.offers), dtype=bool)
    is_forced[list(forced)] = True
    model = replace(
        problem.model,
        limits=_with_room(problem.model.limits, forced),
        forced=is_forced,
        forbidden=is_out & ~is_forced,
    )
    return replace(problem, model=model)


def _with_room(limits: Limits, forced: Sequence[int]) -> Limits:
    """Limits that what is forced keeps to the last digit, not only to the solver's tolerance."""
    used = limits.capacity_use[:, list(forced)].sum(axis=1) if forced else 0.0
    capacity = np.maximum(limits.capacity, used * (1.0 + 1e-9))
    return replace(limits, capacity=capacity)


def _best_parts(
    problem: Problem, parts: Mapping[str, Sequence[int]], time_limit_s: float | None
) -> dict[str, int]:
    """The parts of wished passes in the plan that has most of them, and of these the most value."""
    model, relay = problem.model, problem.model.relay
    w = model.windows
    # More than all that a plan can be worth: one wish met outweighs everything else.
    most = 1.0 + float(np.abs(w.worth).sum() + (relay.weight_per_kbit * relay.demand_kbit).sum())
    most += float(relay.terminal_per_kbit.max(initial=0.0)) * float(
        w.key_kbit.sum() + relay.stock_kbit.sum()
    )
    worth = w.worth.copy()
    for own in parts.values():
        worth[list(own)] += most
    dear = replace(model, windows=replace(w, worth=worth))
    found = each_pass_once(dear, lambda m: solve(m, gap=_GAP, time_limit_s=time_limit_s))
    chosen = {int(i) for i in found.chosen}
    return {name: i for name, own in parts.items() for i in own if i in chosen}


def _frozen(
    problem: Problem,
    parts: Mapping[str, Sequence[int]],
    fixed: Mapping[str, bool],
    remarks: list[str],
) -> list[int]:
    kept: list[int] = []
    taken = [parts[name][0] for name, is_taken in fixed.items() if is_taken and name in parts]
    for i in sorted(taken, key=lambda i: (-problem.offers[i].key_bits, i)):
        met = obstacle(problem, i, kept, TOLERANCE)
        if not met.is_any:
            kept.append(i)
        elif met.rivals:
            rival = _name(problem, met.rivals[0])
            remarks.append(f"{_name(problem, i)} was to be kept but now overlaps {rival}")
        else:
            told = " and ".join(met.limits)
            remarks.append(f"{_name(problem, i)} was to be kept but cannot be: {told}")
    return kept


def _why(
    problem: Problem, parts: Sequence[int], kept: Sequence[int], wished: Mapping[str, int]
) -> str:
    """Why no part of a wished pass is taken beside what must be; told of the largest that may be.

    Parameters
    ----------
    parts : of the pass
    """
    taken = [*kept, *wished.values()]
    found = {i: obstacle(problem, i, taken) for i in parts}
    met = found[max(parts, key=lambda i: (not found[i].is_final, problem.offers[i].key_bits))]
    if met.rivals:
        return f" but overlaps {_name(problem, met.rivals[0])}, which is taken"
    return f" but cannot be: {' and '.join(met.limits)}" if met.limits else " but does not fit"


def _tell_vain(
    candidates: Sequence[Candidate],
    parts: Mapping[str, Sequence[int]],
    fixed: Mapping[str, bool],
    wishes: Mapping[str, bool],
    remarks: list[str],
) -> None:
    """A sentence for every wish that nothing can be done about."""
    known = {c.pass_id: c for c in candidates}
    for name, is_wished in wishes.items():
        if name in fixed and fixed[name] is not is_wished:
            word = "taken" if is_wished else "left out"
            remarks.append(f"{name} cannot be {word}: it starts too soon to change that")
        elif name not in known:
            remarks.append(f"{name} was named but is no pass of this span")
        elif is_wished and name not in parts:
            reason = known[name].refusal or "it brings no key"
            remarks.append(f"{name} was to be taken but cannot be: {reason}")


def _name(problem: Problem, offer: int) -> str:
    return problem.able[problem.offers[offer].candidate].pass_id

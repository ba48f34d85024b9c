"""What must and must not be a contact, made possible, with a sentence for what is not.

The rules it keeps:

1. What is frozen goes before what is wished.
2. Of two frozen contacts that exclude each other the one with more key stays: newer elements shift
   passes by seconds, and two contacts that just followed each other may now overlap.
3. As many wished passes are taken as fit, each with the part that the best such plan has.
4. A wish that cannot be met never stops a plan; it is a sentence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from groundstation.plan.network_model import Problem
from groundstation.plan.once import each_pass_once
from groundstation.plan.records import Candidate
from groundstation.plan.solver.model import Flags, Windows
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
    for name in sorted(set(names) - set(wished)):
        largest = max(parts[name], key=lambda i: problem.offers[i].key_bits)
        rival = _rival(problem.model.windows, largest, [*kept, *wished.values()])
        told = "" if rival is None else f" but overlaps {_name(problem, rival)}, which is taken"
        remarks.append(f"{name} was to be taken{told or ' but does not fit'}")
    return _bound(problem, [*kept, *wished.values()], is_out), remarks


def _bound(problem: Problem, forced: Sequence[int], is_out: Flags) -> Problem:
    """The problem with some parts forced and some passes forbidden."""
    is_forced = np.zeros(len(problem.offers), dtype=bool)
    is_forced[list(forced)] = True
    model = replace(problem.model, forced=is_forced, forbidden=is_out & ~is_forced)
    return replace(problem, model=model)


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
        rival = _rival(problem.model.windows, i, kept)
        if rival is None:
            kept.append(i)
        else:
            remarks.append(
                f"{_name(problem, i)} was to be kept but now overlaps {_name(problem, rival)}"
            )
    return kept


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


def _rival(w: Windows, window: int, among: Sequence[int]) -> int | None:
    """The first of some windows that cannot be taken together with this one."""
    for other in among:
        first, second = sorted((window, other), key=lambda i: (float(w.start_s[i]), i))
        on_satellite = w.satellite[first] == w.satellite[second]
        if on_satellite and w.start_s[second] < w.satellite_until_s[first]:
            return other
        at_station = w.station[first] == w.station[second]
        if at_station and w.start_s[second] < w.station_until_s[first]:
            return other
    return None

"""What must and must not be a contact, made possible, with a sentence for what is not.

The rules it keeps:

1. What is frozen goes before what is wished.
2. Of two frozen contacts that exclude each other the one with more key stays: newer elements shift
   passes by seconds, and two contacts that just followed each other may now overlap.
3. A wished pass is taken with the part that brings most key and fits beside those taken before it.
4. A wish that cannot be met never stops a plan; it is a sentence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from groundstation.plan.network_model import Problem
from groundstation.plan.records import Candidate
from groundstation.plan.solver.model import Windows


def committed(
    problem: Problem,
    candidates: Sequence[Candidate],
    fixed: Mapping[str, bool],
    wishes: Mapping[str, bool],
) -> tuple[Problem, list[str]]:
    """The problem with what is forced and forbidden, and sentences on what cannot be.

    Parameters
    ----------
    candidates : every pass, also those that cannot be contacts
    fixed : passes that keep their assignment, True for taken
    wishes : passes that somebody wants taken or left out
    """
    parts: dict[str, list[int]] = {}
    for i, offer in enumerate(problem.offers):
        parts.setdefault(problem.able[offer.candidate].pass_id, []).append(i)
    remarks: list[str] = []
    forced: list[int] = []
    forced += _frozen(problem, parts, fixed, remarks)
    forced += _wished(problem, candidates, parts, fixed, wishes, forced, remarks)
    model = problem.model
    is_forced = np.zeros(len(problem.offers), dtype=bool)
    is_forced[forced] = True
    out = {name for name, taken in {**wishes, **fixed}.items() if not taken}
    is_forbidden = np.array(
        [problem.able[o.candidate].pass_id in out for o in problem.offers], dtype=bool
    ).reshape(len(problem.offers))
    is_forbidden &= ~is_forced
    return (
        replace(problem, model=replace(model, forced=is_forced, forbidden=is_forbidden)),
        remarks,
    )


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


def _wished(
    problem: Problem,
    candidates: Sequence[Candidate],
    parts: Mapping[str, Sequence[int]],
    fixed: Mapping[str, bool],
    wishes: Mapping[str, bool],
    forced: Sequence[int],
    remarks: list[str],
) -> list[int]:
    known = {c.pass_id: c for c in candidates}
    taken: list[int] = []
    best = {
        name: max(parts[name], key=lambda i: problem.offers[i].key_bits)
        for name, is_wished in wishes.items()
        if is_wished and name in parts
    }
    for name, is_wished in wishes.items():
        if name in fixed and fixed[name] is not is_wished:
            word = "taken" if is_wished else "left out"
            remarks.append(f"{name} cannot be {word}: it starts too soon to change that")
        elif name not in known:
            remarks.append(f"{name} was named but is no pass of this span")
        elif is_wished and name not in parts:
            reason = known[name].refusal or "it brings no key"
            remarks.append(f"{name} was to be taken but cannot be: {reason}")
    order = sorted(
        (n for n in best if n not in fixed), key=lambda n: (-problem.offers[best[n]].key_bits, n)
    )
    for name in order:
        fits = [
            i for i in parts[name] if _rival(problem.model.windows, i, [*forced, *taken]) is None
        ]
        if fits:
            taken.append(max(fits, key=lambda i: (problem.offers[i].key_bits, -i)))
            continue
        rival = _rival(problem.model.windows, best[name], [*forced, *taken])
        if rival is not None:
            remarks.append(
                f"{name} was to be taken but overlaps {_name(problem, rival)}, which is taken"
            )
    return taken


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

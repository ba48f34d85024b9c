"""A plan goes before the referee before anybody sees it.

The rules it keeps:

1. A plan that the independent checker rejects is never returned.
2. A contact that the referee's own orbit and Sun contradict is refused and the rest planned again:
   one pass at the edge of a limit must not cost the network its night.
3. No second of a contact lies outside somebody's permission, whatever is frozen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from groundstation.errors import PlanError
from groundstation.network import Network
from groundstation.night.block_check import block_bits
from groundstation.night.contact_checks import LookedAt, looked_at
from groundstation.night.offering import Offering
from groundstation.permission.check import unpermitted
from groundstation.permission.records import Permissions
from groundstation.plan.check import check_plan
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.planner import make_plan
from groundstation.plan.radio_check import announced_keys
from groundstation.plan.records import Candidate, Plan
from groundstation.plan.solver.solve import Progress


@dataclass(frozen=True, slots=True)
class Referee:
    """What a plan is held against.

    Parameters
    ----------
    offered, night : the passes, and whose they are
    permissions : that the passes were cut to
    start : first instant of the first night
    known : what the planner is told beside the passes
    pools : bits that a satellite and a station share, by their names
    """

    network: Network
    offered: Offering
    night: str
    permissions: Permissions
    start: datetime
    known: PlanInputs
    pools: Mapping[tuple[str, str], float]

    def look(self, plan: Plan) -> LookedAt:
        """What the referee's own orbit and Sun contradict, and what key the contacts bring."""
        return looked_at(plan, self.network, self._orbits(), self.offered.slots)

    def _orbits(self) -> dict[str, tuple[str, str]]:
        """The two lines of each satellite's element set."""
        return {used.satellite: (used.line1, used.line2) for used in self.offered.elements}

    def faults(self, plan: Plan, contact_bits: Mapping[str, int]) -> list[str]:
        """What else there is against a plan: feasibility, key, value, permission.

        Parameters
        ----------
        contact_bits : whole secret bits of each contact's windows, by pass id
        """
        network, known = self.network, self.known
        lacking = {
            d.name: max(0.0, d.minimum_reserve_bits - known.pair_bits[d.name])
            for d in network.demands
            if d.name in known.pair_bits
        }
        before = known.previous
        faults = check_plan(
            plan,
            network,
            # The sky has been looked at contact by contact.
            {},
            {item.pass_id: item.key_bits for item in self.offered.candidates},
            network.policies.horizon_nights,
            start=self.start,
            contact_bits=contact_bits,
            block_bits=block_bits(network.key, self.offered.slots, plan.contacts, known.sky),
            chance={} if known.sky is None else known.sky.chance(),
            stocks={ends: int(bits) for ends, bits in self.pools.items()},
            lacking_bits=lacking,
            held_bits=known.pair_bits,
            previous=None if before is None else [c.pass_id for c in before.contacts],
            orbit_s={name: _period_s(lines) for name, lines in self._orbits().items()},
            worked=known.usage.worked,
            announced=announced_keys(
                plan,
                network,
                self._orbits(),
                self.start + timedelta(days=network.policies.horizon_nights),
            ),
        )
        for contact in plan.contacts:
            said = unpermitted(
                self.permissions, contact.satellite, contact.station, contact.windows
            )
            faults += [f"{contact.pass_id}: {text}" for text in said]
        return faults


def _period_s(lines: tuple[str, str]) -> float:
    """Orbital period from the mean motion of two lines, revolutions a day in columns 53 to 63."""
    return 86_400.0 / float(lines[1][52:63])


def checked_plan(
    referee: Referee,
    candidates: Sequence[Candidate],
    *,
    plan_id: str,
    remarks: Sequence[str],
    time_limit_s: float | None,
    progress: Progress | None,
) -> tuple[Plan, list[str]]:
    """A plan that the referee accepts, and a sentence for every pass that had to be left out.

    Raises
    ------
    PlanError
        the referee finds that the plan cannot be carried out
    """
    network = referee.network
    left = {item.pass_id: item for item in candidates}
    warnings: list[str] = []
    while True:
        plan = make_plan(
            network,
            list(left.values()),
            night=referee.night,
            nights=network.policies.horizon_nights,
            plan_id=plan_id,
            start=referee.start,
            inputs=referee.known,
            time_limit_s=time_limit_s,
            progress=progress,
            remarks=remarks,
        )
        looked = referee.look(plan)
        if not looked.faults:
            break
        for pass_id, texts in looked.faults.items():
            reason = f"refused by the independent check: {texts[0].removeprefix(f'{pass_id}: ')}"
            left[pass_id] = replace(left[pass_id], refusal=reason)
            warnings.append(f"{pass_id} {reason}")
    faults = referee.faults(plan, looked.bits)
    if faults:
        raise PlanError(
            "the plan does not hold: " + "; ".join(faults),
            where=f"night {referee.night}",
            hint="this is a defect of the program; keep the network file and report it",
        )
    return plan, warnings

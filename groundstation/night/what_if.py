"""What a night would bring with a station more, a satellite less or a station under cloud.

The rules it keeps:

1. Both plans are made from the same elements, weather and calibration; nothing is stored.
2. What is published and frozen counts for neither: the question is what the network could do.
3. A network without satellites has a plan, too: what its fibres bring, and a sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from groundstation.config.load import kept_network
from groundstation.errors import ConfigError, UsageError
from groundstation.network import Network
from groundstation.night.freeze import Outage
from groundstation.night.outcome import span_of
from groundstation.night.present import present_outcome
from groundstation.plan.difference import PlanDifference, plan_difference
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.planner import make_plan
from groundstation.plan.records import Plan
from groundstation.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class PairChange:
    """Key of one pair before and after [bit]."""

    demand: str
    a: str
    b: str
    wanted_bits: int
    before_bits: int
    after_bits: int

    @property
    def change_bits(self) -> int:
        """More is positive."""
        return self.after_bits - self.before_bits


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Two plans side by side.

    Parameters
    ----------
    change : what was changed, in words
    pairs : in the order of the demands of the changed network
    """

    change: str
    before: Plan
    after: Plan
    pairs: tuple[PairChange, ...]
    difference: PlanDifference


def what_if(
    network: Network,
    night: str,
    db: Database | None,
    *,
    now: datetime,
    add_station: Path | None = None,
    without: str | None = None,
    cloud_out: str | None = None,
    progress: Callable[[str], None],
) -> WhatIf:
    """Plan a night as it is and changed.

    Parameters
    ----------
    add_station : file with tables as in the network file, read as if they stood at its end
    without : satellite that is left out
    cloud_out : station that takes nothing in the whole night

    Raises
    ------
    UsageError
        a name is unknown, or nothing is to be changed
    ConfigError
        the added tables have faults, told with their own lines
    """
    changed, words = network, []
    outages: tuple[Outage, ...] = ()
    if add_station is not None:
        changed = _extended(network, add_station)
        known = {s.name for s in network.stations}
        added = [s.name for s in changed.stations if s.name not in known]
        words.append(f"with {', '.join(added) or add_station.name}")
    if without is not None:
        _require("satellite", without, [s.name for s in network.satellites], network)
        changed = replace(
            changed, satellites=tuple(s for s in changed.satellites if s.name != without)
        )
        words.append(f"without {without}")
    if cloud_out is not None:
        _require("station", cloud_out, [s.name for s in changed.stations], network)
        start, _ = span_of(changed, night)
        outages = (Outage(cloud_out, start, "clouded out"),)
        words.append(f"{cloud_out} clouded out")
    if not words:
        raise UsageError("nothing to ask", hint="give --add-station, --without or --cloud-out")

    def plan_of(given: Network, out: tuple[Outage, ...]) -> Plan:
        return present_outcome(
            given,
            night,
            db,
            now=now,
            progress=progress,
            outages=out,
            is_free=True,
            only_plan=True,
        ).plan

    before = plan_of(network, ())
    after = plan_of(changed, outages) if changed.satellites else _plan_of_fibres(changed, before)
    return WhatIf(
        " and ".join(words), before, after, _pairs(before, after), plan_difference(before, after)
    )


def _plan_of_fibres(network: Network, before: Plan) -> Plan:
    """What is left where no satellite is: relays over fibre alone."""
    held = {d.demand: float(d.held_bits) for d in before.deliveries if d.held_bits is not None}
    return make_plan(
        network,
        (),
        night=before.night,
        nights=network.policies.horizon_nights,
        plan_id=before.plan_id,
        inputs=PlanInputs(pair_bits=held),
        remarks=("the network has no satellite",),
    )


def _pairs(before: Plan, after: Plan) -> tuple[PairChange, ...]:
    old = {d.demand: d.delivered_bits for d in before.deliveries}
    return tuple(
        PairChange(d.demand, d.a, d.b, d.wanted_bits, old.get(d.demand, 0), d.delivered_bits)
        for d in after.deliveries
    )


def _extended(network: Network, file: Path) -> Network:
    """The network whose file goes on with another one."""
    try:
        more, base = file.read_bytes(), Path(network.file).read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {file.name}: {error.strerror}", where=str(file.parent.resolve())
        ) from error
    try:
        found = kept_network(base + b"\n" + more, Path(network.file))
    except ConfigError as error:
        raise _at_home(error, base.count(b"\n") + 1, network, file) from None
    if len(found.stations) == len(network.stations):
        raise UsageError(
            f"{file.name} adds no station",
            where=str(file.resolve()),
            hint="write a [[stations]] table as in the network file",
        )
    return found


def _at_home(error: ConfigError, lines_before: int, network: Network, file: Path) -> ConfigError:
    """Faults below the network file's end are those of the other file, with its own lines."""
    faults = [
        replace(fault, file=str(file.resolve()), line=fault.line - lines_before)
        if fault.file == network.file and fault.line is not None and fault.line > lines_before
        else fault
        for fault in error.faults
    ]
    return ConfigError(str(error), faults, hint=error.hint)


def _require(what: str, name: str, known: list[str], network: Network) -> None:
    if name not in known:
        raise UsageError(
            f"unknown {what} {name!r}{did_you_mean(name, known)}",
            where=network.file,
            hint=f"one of {', '.join(known)}",
        )

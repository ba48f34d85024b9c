"""What the plan commands ask for, and the plan that answers it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import click

from groundstation.cli.network_option import network_of
from groundstation.cli.night_option import night_for
from groundstation.cli.progress import is_terminal, progress_of
from groundstation.cli.settings import Settings
from groundstation.errors import UsageError
from groundstation.network import Network
from groundstation.night.nightly import open_for_reading
from groundstation.night.present import present_outcome
from groundstation.night.span import night_of, reference_longitude_rad
from groundstation.night_records import NightOutcome
from groundstation.plan_policy import PlanGoal

# Before this many seconds nobody waits for the solver.
_PATIENCE_S = 1.0
_MOST_NIGHTS = 31
# Elements, weather, passes, forecast, plan.
_STEPS = 5


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Night or span, goal, wishes and time limit of a plan command."""

    night: str | None = None
    start: datetime | None = None
    stop: datetime | None = None
    goal: str | None = None
    wishes: Mapping[str, bool] = field(default_factory=dict)
    time_limit_s: float | None = None


def planned(
    settings: Settings, request: PlanRequest, *, is_for_people: bool = True
) -> NightOutcome:
    """The plan that is asked for; nothing is stored.

    Parameters
    ----------
    is_for_people : whether a terminal may show how far it is

    Raises
    ------
    UsageError
        night and span contradict each other
    """
    network = network_of(settings)
    if request.goal is not None:
        network = replace(network, plan=replace(network.plan, goal=PlanGoal(request.goal)))
    network, evening, span = _when(settings, network, request)
    said: list[str] = []
    has_bar = is_for_people and is_terminal()
    with progress_of("plan", _STEPS, is_wanted=is_for_people) as bar:
        outcome = present_outcome(
            network,
            evening,
            open_for_reading(network),
            now=settings.instant(),
            progress=bar.step,
            within=span,
            wishes=request.wishes,
            time_limit_s=request.time_limit_s,
            solving=bar.solving if has_bar else _Told(),
            only_plan=True,
            warn=said.append,
        )
    return replace(outcome, warnings=tuple(dict.fromkeys((*outcome.warnings, *said))))


def _when(
    settings: Settings, network: Network, request: PlanRequest
) -> tuple[Network, str, tuple[datetime, datetime] | None]:
    """The first evening, with a horizon that reaches to the end of the span."""
    start, stop = request.start, request.stop
    if (start is None) != (stop is None):
        raise UsageError("--from and --to belong together")
    if start is None or stop is None:
        return network, night_for(settings, network, request.night), None
    if request.night is not None:
        raise UsageError("--night and --from exclude each other", hint="give one of them")
    if stop <= start:
        raise UsageError("--to must be after --from")
    longitude_rad = reference_longitude_rad(network)
    first, last = night_of(start, longitude_rad), night_of(stop, longitude_rad)
    nights = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    if nights > _MOST_NIGHTS:
        raise UsageError(f"a span of {nights} nights (limit {_MOST_NIGHTS})")
    policies = replace(network.policies, horizon_nights=nights)
    return replace(network, policies=policies), first, (start, stop)


class _Told:
    """Tells on standard error how far the solver is, once it takes longer than a moment."""

    def __init__(self) -> None:
        self._begin: float | None = None

    def __call__(self, stage: str, value: float, bound: float) -> None:
        """One line of stage, value and gap."""
        now = time.monotonic()
        self._begin = now if self._begin is None else self._begin
        seconds = now - self._begin
        if seconds < _PATIENCE_S:
            return
        gap = (bound - value) / abs(bound) if 0.0 < abs(bound) < float("inf") else None
        told = "no bound yet" if gap is None else f"gap {100.0 * max(gap, 0.0):.3f} %"
        click.echo(f"{seconds:7.1f} s  {stage}: value {value:,.2f}, {told}", err=True)

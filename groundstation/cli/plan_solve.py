"""`groundstation plan solve`: the best plan of an instance of the exchange format, with proof."""

import contextlib
import ctypes
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click


@click.command("solve")
@click.argument("instance", type=click.Path(path_type=Path))
@click.option(
    "--problem",
    type=click.Choice(["contacts", "relay"]),
    default="relay",
    show_default=True,
    help="Most key collected, or most weighted key delivered.",
)
@click.option(
    "--gap",
    type=click.FloatRange(0.0, 1.0),
    metavar="X",
    help="Stop at this relative gap, 0.005 for half a percent; the default suits the size.",
)
@click.option("--time-limit", type=click.FloatRange(0.0), metavar="S", help="Stop after S seconds.")
@click.option(
    "--progress/--no-progress",
    default=None,
    help="Value and gap of every stage on stderr; the default is on at a terminal.",
)
@click.option("--json", "as_json", is_flag=True, help="The result of the exchange format.")
def command(
    *,
    instance: Path,
    problem: str,
    gap: float | None,
    time_limit: float | None,
    progress: bool | None,
    as_json: bool,
) -> int:
    """Solve INSTANCE, a file of the format satqkd-sched/1; - reads standard input.

    The plan comes with a proven bound and is checked before it is printed. Without --time-limit
    the same instance gives the same plan; with it, a plan that holds and the best bound known.

    \b
    Examples:
      groundstation plan solve week.json
      groundstation plan solve week.json --problem contacts --json > plan.json
      groundstation plan solve week.json --gap 0.005 --progress
      groundstation plan solve week.json --time-limit 60
    """
    from groundstation.errors import PlanError
    from groundstation.plan.solver.exchange import parse_instance
    from groundstation.plan.solver.modelling import Goal, model_of
    from groundstation.plan.solver.results import result_of
    from groundstation.plan.solver.solve import solve
    from groundstation.plan.solver_check import check_result

    document, record = parse_instance(instance)
    begin = time.monotonic()
    goal = Goal(problem)
    model, offer = model_of(record, goal)

    def tell(stage: str, value: float, bound: float) -> None:
        gap_text = f"gap {_percent(value, bound)}" if bound < float("inf") else "no bound yet"
        seconds = time.monotonic() - begin
        click.echo(f"{seconds:7.1f} s  {stage}: value {value:,.2f}, {gap_text}", err=True)

    is_shown = sys.stderr.isatty() if progress is None else progress
    with _solver_talks_on_stderr():
        solution = solve(
            model, gap=gap, time_limit_s=time_limit, progress=tell if is_shown else None
        )
    result = result_of(record, model, offer, solution, goal)
    faults = check_result(document, result, problem)
    if faults:
        raise PlanError(f"checking the plan of {instance}: {faults[0]}", where=str(instance))
    if as_json:
        click.echo(json.dumps(result))
    else:
        unit = "bits" if goal is Goal.CONTACTS else "weighted kbit"
        delivered = sum(row[5] for row in result["deliveries"])
        click.echo(f"value     {solution.value:,.3f} {unit}")
        click.echo(f"bound     {solution.bound:,.3f} {unit}")
        click.echo(f"gap       {_percent(solution.value, solution.bound)}")
        click.echo(f"time      {time.monotonic() - begin:.1f} s")
        click.echo(f"contacts  {len(solution.chosen)} of {model.windows.count} windows")
        if goal is Goal.RELAY:
            click.echo(f"delivered {delivered:,.3f} kbit in {len(result['deliveries'])} relays")
        click.echo(f"method    {solution.method}; checked")
    return 0


def _percent(value: float, bound: float) -> str:
    gap = 0.0 if bound == value else (bound - value) / abs(bound) if bound else float("inf")
    return f"{100.0 * gap:.3f} %"


@contextlib.contextmanager
def _solver_talks_on_stderr() -> Iterator[None]:
    """HiGHS prints a line of its own now and then; the result must stand alone on stdout."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        # C keeps its own buffer, which must not be written after stdout is back.
        ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)

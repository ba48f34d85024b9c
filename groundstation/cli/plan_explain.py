"""`groundstation plan explain`: why a pass is taken, or why not."""

import json
from typing import TYPE_CHECKING, Any

import click

from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from groundstation.plan.records import Plan


@click.command("explain")
@click.argument("pass_id", metavar="PASS")
@click.option("--night", metavar="DATE", help="Date of the evening [default: tonight].")
@click.option(
    "--exact", is_flag=True, help="Plan again with PASS taken: the least that it costs, and how."
)
@click.option("--json", "as_json", is_flag=True, help="A JSON document.")
@click.pass_obj
def command(settings: Settings, pass_id: str, night: str | None, exact: bool, as_json: bool) -> int:
    """Say why the plan takes PASS or leaves it out, and what swapping would cost.

    The cost of a swap is what one exchange of contacts loses; with --exact the whole night is
    planned again with PASS taken, which may be cheaper.

    \b
    Examples:
      groundstation plan explain spoqc-holomondas-20260615T0049
      groundstation plan explain spoqc-holomondas-20260615T0049 --exact
      groundstation plan explain spoqc-holomondas-20260615T0049 --json
    """
    from groundstation.cli.plan_request import PlanRequest, planned
    from groundstation.errors import UsageError
    from groundstation.plan.block_records import block_sentence
    from groundstation.suggest import did_you_mean

    plan = planned(settings, PlanRequest(night)).plan
    contact = next((c for c in plan.contacts if c.pass_id == pass_id), None)
    rejection = next((r for r in plan.rejections if r.pass_id == pass_id), None)
    if contact is None and rejection is None:
        known = [c.pass_id for c in plan.contacts] + [r.pass_id for r in plan.rejections]
        raise UsageError(
            f"no pass {pass_id!r} in the night {plan.night}{did_you_mean(pass_id, known)}",
            hint="groundstation passes lists them",
        )
    answer: dict[str, Any] = {"schema": "plan-explain/1", "plan_id": plan.plan_id}
    answer |= {"pass_id": pass_id, "is_taken": contact is not None}
    if contact is not None:
        pool = {(contact.satellite, contact.station)}
        uses = [
            {"demand": relay.demand, "bits": relay.bits}
            for relay in plan.carried
            if pool & {(h.satellite, end) for h in relay.hops for end in (h.a, h.b)}
        ]
        answer |= {
            "start_utc": contact.start.isoformat(),
            "stop_utc": contact.stop.isoformat(),
            "is_whole": contact.is_whole,
            "key_bits": contact.key_bits,
            "uses": uses,
        }
        said = block_sentence(plan, contact)
        if said is not None:
            answer |= {"block": contact.block, "block_says": said}
    elif rejection is not None:
        answer |= {
            "reason": rejection.reason,
            "regret_kbit": rejection.regret_kbit,
            "swap_kbit": rejection.swap_kbit,
            "displaced": list(rejection.displaced),
        }
        if exact:
            forced = planned(settings, PlanRequest(night, wishes={pass_id: True})).plan
            answer["exact"] = _exact(plan, forced, pass_id)
    if as_json:
        click.echo(json.dumps(answer, indent=1))
    else:
        _print(answer)
    return 0


def _exact(plan: "Plan", forced: "Plan", pass_id: str) -> dict[str, Any]:
    """The plan with the pass against the plan, or why there is none."""
    from groundstation.plan.difference import plan_difference

    if all(contact.pass_id != pass_id for contact in forced.contacts):
        said = [remark for remark in forced.remarks if remark.startswith(pass_id)]
        return {"is_possible": False, "reason": "; ".join(said)}
    difference = plan_difference(plan, forced)
    return {
        "is_possible": True,
        "cost_kbit": max(0.0, plan.value - forced.value),
        "added": list(difference.added),
        "dropped": list(difference.dropped),
        "moved": [moved.pass_id for moved in difference.moved],
    }


def _print(answer: dict[str, Any]) -> None:
    if answer["is_taken"]:
        part = "" if answer["is_whole"] else ", a part of the pass"
        click.echo(
            f"{answer['pass_id']} is taken, {answer['start_utc'][11:19]}Z to "
            f"{answer['stop_utc'][11:19]}Z{part}: {answer['key_bits'] / 1e3:,.1f} kbit of key"
        )
        if "block_says" in answer:
            click.echo(f"  {answer['block_says']}")
        for use in answer["uses"]:
            click.echo(f"  its pool carries {use['bits'] / 1e3:,.1f} kbit for {use['demand']}")
        if not answer["uses"]:
            click.echo("  its key stays in the pool")
        return
    click.echo(f"{answer['pass_id']} is not taken: {answer['reason']}")
    if answer["swap_kbit"] is not None:
        click.echo(f"  swapping costs {answer['swap_kbit']:,.1f} kbit times priority")
    for name in answer["displaced"]:
        click.echo(f"  it excludes {name}")
    exact = answer.get("exact")
    if exact is None:
        return
    if not exact["is_possible"]:
        click.echo(f"  it cannot be taken: {exact['reason']}")
        return
    click.echo(
        f"  the best plan with it is worth {exact['cost_kbit']:,.1f} kbit times priority less"
    )
    for word in ("added", "dropped", "moved"):
        if exact[word]:
            click.echo(f"  {word}: {', '.join(exact[word])}")

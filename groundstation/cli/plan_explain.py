"""`groundstation plan explain`: why a pass is taken, or why not."""

import json
from typing import Any

import click

from groundstation.cli.settings import Settings


@click.command("explain")
@click.argument("pass_id", metavar="PASS")
@click.option("--night", metavar="DATE", help="Date of the evening [default: tonight].")
@click.option("--json", "as_json", is_flag=True, help="A JSON document.")
@click.pass_obj
def command(settings: Settings, pass_id: str, night: str | None, as_json: bool) -> int:
    """Say why the plan takes PASS or leaves it out, and what swapping would cost.

    \b
    Examples:
      groundstation plan explain spoqc-holomondas-20260615T0049
      groundstation plan explain spoqc-holomondas-20260615T0049 --json
    """
    from groundstation.cli.plan_request import PlanRequest, planned
    from groundstation.errors import UsageError
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
            for relay in plan.relays
            if pool & {(h.satellite, end) for h in relay.hops for end in (h.a, h.b)}
        ]
        answer |= {
            "start_utc": contact.start.isoformat(),
            "stop_utc": contact.stop.isoformat(),
            "is_whole": contact.is_whole,
            "key_bits": contact.key_bits,
            "uses": uses,
        }
    elif rejection is not None:
        answer |= {
            "reason": rejection.reason,
            "regret_kbit": rejection.regret_kbit,
            "swap_kbit": rejection.swap_kbit,
            "displaced": list(rejection.displaced),
        }
    if as_json:
        click.echo(json.dumps(answer, indent=1))
    else:
        _print(answer)
    return 0


def _print(answer: dict[str, Any]) -> None:
    if answer["is_taken"]:
        part = "" if answer["is_whole"] else ", a part of the pass"
        click.echo(
            f"{answer['pass_id']} is taken, {answer['start_utc'][11:19]}Z to "
            f"{answer['stop_utc'][11:19]}Z{part}: {answer['key_bits'] / 1e3:,.1f} kbit of key"
        )
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

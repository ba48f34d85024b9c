"""`groundstation plan`: contacts and relays of a night, shown and not stored."""

import json

import click

from groundstation.cli.settings import Settings

DEGRADED = 3


@click.command("plan")
@click.option("--night", metavar="DATE", help="Date of the evening [default: tonight].")
@click.option("--json", "as_json", is_flag=True, help="A JSON document (the plan.json of a night).")
@click.pass_obj
def command(settings: Settings, night: str | None, as_json: bool) -> int:
    """Choose contacts and relays for a night, and say why each other pass is left out.

    Nothing is stored; `groundstation nightly` publishes.

    \b
    Examples:
      groundstation plan
      groundstation --example europe-2026 plan --json
    """
    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for
    from groundstation.cli.plan_text import print_plan
    from groundstation.export.plan_document import plan_document
    from groundstation.night.nightly import middle_of, night_inputs
    from groundstation.night.outcome import compute_night

    network = network_of(settings)
    evening = night_for(settings, network, night)
    selection, known = night_inputs(network, middle_of(network, evening))
    outcome = compute_night(network, selection, evening, now=settings.instant(), known=known)
    document = plan_document(outcome)
    if as_json:
        click.echo(json.dumps(document, indent=1))
    else:
        print_plan(document, with_rejections=True)
    for sentence in outcome.warnings:
        click.echo(f"warning: {sentence}", err=True)
    return DEGRADED if outcome.warnings else 0

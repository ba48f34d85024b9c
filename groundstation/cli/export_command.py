"""`groundstation export`: a night in the formats that other programs read."""

from pathlib import Path

import click

from groundstation.cli.settings import Settings
from groundstation.export.schemas import SCHEMAS, schema_text
from groundstation.export_policy import DEFAULT_PATTERN, FORMAT_NAMES

DEGRADED = 3
# Elements, weather, passes, forecast, plan.
_STEPS = 5


def _print_schema(ctx: click.Context, param: click.Parameter, name: str | None) -> None:
    del param
    if name is not None and not ctx.resilient_parsing:
        click.echo(schema_text(name), nl=False)
        ctx.exit()


@click.command("export")
@click.argument("night", required=False)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(FORMAT_NAMES),
    help="A format; may be given several times [default: all].",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("export"),
    show_default=True,
    help="Folder to write to.",
)
@click.option(
    "--pattern",
    default=DEFAULT_PATTERN,
    show_default=True,
    help="Path of each file: {name} {night} {plan} {satellite} {station} {pass} {suffix}.",
)
@click.option(
    "--rate-hz", type=float, default=1.0, show_default=True, help="Rows a second when pointing."
)
@click.option(
    "--schema",
    type=click.Choice(tuple(SCHEMAS)),
    is_eager=True,
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON Schema of a file and exit.",
)
@click.pass_obj
def command(
    settings: Settings,
    night: str | None,
    formats: tuple[str, ...],
    out: Path,
    pattern: str,
    rate_hz: float,
) -> int:
    """Write the passes, contacts and orbits of NIGHT (a date; default: tonight) as files.

    The files go to OUT/NIGHT-PLAN/, complete or not at all; OUT/latest then points there. A
    calendar continues the one in OUT/latest: changed contacts get a higher SEQUENCE, dropped ones
    are CANCELLED. The same files again: "unchanged". The nightly run writes the formats that the
    table [export] of the network file names into the folder of the night.

    \b
    Examples:
      groundstation export --format ics --format pointing --rate-hz 5
      groundstation export --schema plan > plan.schema.json
      groundstation --example micius-2016 export --out files --pattern "{station}/{name}"
    """
    from dataclasses import replace

    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for
    from groundstation.cli.progress import progress_of
    from groundstation.export.formats import CALENDAR, FORMATS, ExportSettings
    from groundstation.export.manifest import MANIFEST, created_before, manifest
    from groundstation.export.publish import LATEST, named, publish
    from groundstation.night.nightly import open_for_reading
    from groundstation.night.present import present_outcome

    network = network_of(settings)
    evening = night_for(settings, network, night)
    named([], pattern, night=evening, plan_id="")
    doubts: list[str] = []
    with progress_of("export", _STEPS) as bar:
        outcome = present_outcome(
            network,
            evening,
            open_for_reading(network),
            now=settings.instant(),
            progress=bar.step,
            warn=doubts.append,
        )
    plan_id = outcome.plan.plan_id
    set_name = f"{evening}-{plan_id}"
    outcome = replace(outcome, generated=created_before(out, set_name) or outcome.generated)
    calendars = sorted((out / LATEST).rglob(CALENDAR)) if (out / LATEST).is_dir() else []
    choices = ExportSettings(
        rate_hz=rate_hz, previous_calendar=calendars[0].read_bytes() if calendars else None
    )
    files = [
        file for name in formats or FORMAT_NAMES for file in FORMATS[name].write(outcome, choices)
    ]
    paths = named(files, pattern, night=evening, plan_id=plan_id)
    listed = manifest(paths, night=evening, plan_id=plan_id, created=outcome.generated)
    target, changed = publish(out, set_name, {**paths, MANIFEST: listed})
    for path in sorted(paths):
        click.echo(str(target / path))
    if not changed:
        click.echo("unchanged")
    warnings = tuple(dict.fromkeys((*outcome.warnings, *doubts)))
    for sentence in warnings:
        click.echo(f"warning: {sentence}", err=True)
    return DEGRADED if warnings else 0

"""`groundstation export`: a night in the formats that other programs read."""

from pathlib import Path

import click

from groundstation.cli.settings import Settings

DEGRADED = 3
FORMAT_NAMES = (
    "csv",
    "json",
    "jsonl",
    "ics",
    "pointing",
    "cpf",
    "oem",
    "omm",
    "tle",
    "czml",
    "kml",
    "geojson",
    "schedule",
    "requests",
)


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
    default="{name}",
    show_default=True,
    help="Path of each file: {name} {night} {plan} {satellite} {station} {pass} {suffix}.",
)
@click.option(
    "--rate-hz", type=float, default=1.0, show_default=True, help="Rows a second when pointing."
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
    are CANCELLED. The same files again: "unchanged".

    \b
    Examples:
      groundstation export --format ics --format pointing --rate-hz 5
      groundstation --example micius-2016 export --out files --pattern "{station}/{name}"
    """
    from dataclasses import replace

    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for
    from groundstation.export.formats import CALENDAR, FORMATS, ExportSettings
    from groundstation.export.manifest import MANIFEST, created_before, manifest
    from groundstation.export.publish import LATEST, named, publish
    from groundstation.night.nightly import middle_of, night_inputs
    from groundstation.night.outcome import compute_night

    network = network_of(settings)
    evening = night_for(settings, network, night)
    named([], pattern, night=evening, plan_id="")
    selection, known = night_inputs(network, middle_of(network, evening))
    outcome = compute_night(network, selection, evening, now=settings.instant(), known=known)
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
    for sentence in outcome.warnings:
        click.echo(f"warning: {sentence}", err=True)
    return DEGRADED if outcome.warnings else 0

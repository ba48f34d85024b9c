"""`groundstation doctor`: is everything here that a night needs?"""

import click

from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings

FAILED = 1
DEGRADED = 3


@click.command("doctor")
@format_options
@click.pass_obj
def command(settings: Settings, form: str | None) -> int:
    """Check versions, clock, Earth-orientation data, ages of inputs, lock, database and disk.

    Inputs are element sets, forecasts of the weather and permission files; variables of [notify]
    that are not set are found as well.

    Exit 0 if all is well, 3 if something is degraded, 1 if a night could not run.
    """
    import os

    from groundstation.night.health import examine

    findings = examine(
        settings.config,
        settings.example,
        settings.instant(),
        environment=os.environ,
        is_given=settings.now is not None,
    )
    write_listing(
        [{"check": f.check, "state": f.state, "detail": f.detail} for f in findings],
        schema="doctor/1",
        form=form,
        columns=(Column("check", "check"), Column("state", "state"), Column("detail", "detail")),
    )
    states = {f.state for f in findings}
    return FAILED if "failed" in states else DEGRADED if "degraded" in states else 0

"""`groundstation plot`: one figure of a night or a pass as a file."""

from pathlib import Path

import click

from groundstation.cli.settings import Settings

OF_A_NIGHT = ("timeline", "map", "pools", "waterfall", "weather")
OF_A_PASS = ("sky", "link", "loss", "rate", "pulses")


@click.command("plot")
@click.argument("figure", type=click.Choice([*OF_A_PASS, *OF_A_NIGHT]))
@click.argument("subject", required=False, metavar="[PASS|NIGHT]")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, .svg or .png [default: FIGURE.svg].",
)
@click.option("--dark", is_flag=True, help="In the colours of the dark theme.")
@click.pass_obj
def command(
    settings: Settings, figure: str, subject: str | None, out: Path | None, dark: bool
) -> int:
    """Draw FIGURE of a pass or a night, as the reports show it.

    \b
    Of a pass: sky, link (elevation, loss by term, clicks and QBER by cause), loss and
    rate (as a contact's card has them), pulses (from pulses sent to secret key).
    Of a night: timeline, map, pools (key of every pair against its use), waterfall
    (from key offered to key delivered), weather (cloud over every station).

    Without PASS it is the first contact of the night; a night in its place names which night.
    Without NIGHT it is tonight.

    \b
    Examples:
      groundstation plot timeline 2026-06-14 -o night.png
      groundstation plot pools
      groundstation plot link speqtre-helmos-20260614T2043 -o link.svg
      groundstation --example micius-2016 plot sky -o sky.svg
    """
    from groundstation.atomic import write_atomically
    from groundstation.cli.plot_sources import figure_of_night, figure_of_pass
    from groundstation.errors import UsageError
    from groundstation.report.drawing.picture import picture

    target = out or Path(f"{figure}.svg")
    if target.suffix.lower() not in {".svg", ".png"}:
        raise UsageError(f"plot writes .svg or .png, not {str(target)!r}")
    of_night = figure in OF_A_NIGHT
    drawn = (figure_of_night if of_night else figure_of_pass)(settings, figure, subject)
    write_atomically(target, picture(drawn, target.suffix, is_dark=dark))
    click.echo(f"wrote {target}", err=True)
    return 0

"""`groundstation weather`: fetch, import and show what is known of the sky."""

import click

from groundstation.cli import weather_fetch, weather_import, weather_show


@click.group("weather")
def command() -> None:
    """Fetch, import and show what is known of the sky over the stations.

    What is unknown or stale is never safe, and is never filled in.

    \b
    Examples:
      groundstation weather fetch
      groundstation weather import ensemble.grib2
      groundstation weather import LIBG.txt --station matera
      groundstation weather show
    """


command.add_command(weather_fetch.command)
command.add_command(weather_import.command)
command.add_command(weather_show.command)

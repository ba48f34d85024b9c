"""`groundstation weather show`: cover of the coming night, and whether it is safe to open."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from groundstation.network import Network
    from groundstation.night.weather_step import NightWeather

DEGRADED = 3


@click.command("show")
@click.option("--night", metavar="DATE", help="Date of the evening [default: tonight].")
@click.option("--station", "stations", multiple=True, metavar="NAME", help="Only this station.")
@click.option("--ensemble", is_flag=True, help="Every member, not percentiles.")
@click.option("--all", "with_daylight", is_flag=True, help="Hours of daylight, too.")
@format_options
@click.pass_obj
def command(
    settings: Settings,
    night: str | None,
    stations: tuple[str, ...],
    ensemble: bool,
    with_daylight: bool,
    form: str | None,
) -> int:
    """Show cloud cover of the dark hours of a night, and whether it is safe to open now.

    Cover is that of the freshest ensemble, else forecast, else of nights drawn from the
    climatology; whatever was fetched or imported before counts, nothing is fetched. Go or no-go
    follows from the station's own sensors and reports against the limits in [safety]; Alpaca
    devices are asked unless --offline. Exit 3 where weather is unknown, stale or replaced.

    \b
    Examples:
      groundstation weather show
      groundstation weather show --station matera --ensemble --csv
    """
    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for, restricted
    from groundstation.database import open_if_present
    from groundstation.night.span import night_span, reference_longitude_rad
    from groundstation.night.weather_rows import (
        MEMBERS_SCHEMA,
        SCHEMA,
        hour_rows,
        hours_of,
        member_rows,
    )
    from groundstation.night.weather_step import night_weather

    whole = network_of(settings)
    start, stop = night_span(night_for(settings, whole, night), reference_longitude_rad(whole))
    network = restricted(whole, (), stations)
    now = settings.instant()
    # Nights are drawn for all stations together, whichever are shown.
    weather = night_weather(
        whole,
        open_if_present(Path(whole.folder) / "state" / "groundstation.db"),
        start,
        stop,
        now=now,
        offline=settings.offline,
        is_fetching=False,
    )
    hours = hours_of(network, start, stop, with_daylight=with_daylight)
    title = f"{network.title}: weather, {start:%Y-%m-%d %H:%M} to {stop:%Y-%m-%d %H:%M} UTC"
    if ensemble:
        rows = member_rows(network, weather, hours)
        write_listing(rows, schema=MEMBERS_SCHEMA, form=form, columns=_MEMBERS, title=title)
    else:
        rows = hour_rows(network, weather, hours, now)
        write_listing(rows, schema=SCHEMA, form=form, columns=_COLUMNS, title=title)
    if form is None:
        _print_safety(network, weather)
    others = {s.name for s in whole.stations} - {s.name for s in network.stations}
    doubts = [w for w in weather.warnings if w.partition(":")[0] not in others]
    for sentence in doubts:
        click.echo(f"warning: {sentence}", err=True)
    return DEGRADED if doubts else 0


def _print_safety(network: "Network", weather: "NightWeather") -> None:
    """Go or no-go of every station, a line each."""
    for station in network.stations:
        safety = weather.safety[station.name]
        state = "safe to open" if safety.is_safe else f"NOT SAFE: {'; '.join(safety.reasons)}"
        click.echo(f"{station.name}: {state}")


def _percent(value: float) -> str:
    return f"{value:.0f}"


def _hour(text: str) -> str:
    return f"{text[8:10]} {text[11:16]}"


def _decimal(value: float) -> str:
    return f"{value:.1f}"


def _share(value: float) -> str:
    return f"{value:.0%}"


def _is_safe(value: Any) -> str:
    return "yes" if value else "NO"


_COLUMNS = (
    Column("station", "station"),
    Column("time_utc", "hour", _hour),
    Column("cover_p10_percent", "cover % P10", _percent, is_number=True),
    Column("cover_p50_percent", "P50", _percent, is_number=True),
    Column("cover_p90_percent", "P90", _percent, is_number=True),
    Column("fraction_within_limits", "in limits", _share, is_number=True),
    Column("members", "members", is_number=True),
    Column("source", "source"),
    Column("age_h", "age h", _decimal, is_number=True),
    Column("is_safe_now", "safe now", _is_safe),
    Column("unknown_because", "why unknown", wraps=True),
)
_MEMBERS = (
    Column("station", "station"),
    Column("time_utc", "hour", _hour),
    Column("member", "member"),
    Column("cover_percent", "cover %", _percent, is_number=True),
    Column("wind_m_s", "wind m/s", _decimal, is_number=True),
    Column("gust_m_s", "gusts m/s", _decimal, is_number=True),
    Column("humidity_percent", "humidity %", _percent, is_number=True),
    Column("rain_mm_h", "rain mm/h", _decimal, is_number=True),
    Column("source", "source"),
)

"""`groundstation passes`: the pass table of a night or of any span."""

import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings, UtcInstant

if TYPE_CHECKING:
    from groundstation.catalogue import Selection
    from groundstation.network import Network
    from groundstation.night.pass_names import KnownPass
    from groundstation.night.weather_step import NightWeather
    from tle.elements import ElementSet

NOTHING_FOUND = 4
DEGRADED = 3
_LOWEST_DEG = 10.0


@click.command("passes")
@click.option("--night", metavar="DATE", help="Date of the evening [default: tonight].")
@click.option("--from", "start", type=UtcInstant(), help="Beginning of a span instead of a night.")
@click.option("--to", "stop", type=UtcInstant(), help="End of the span.")
@click.option("-s", "--station", "stations", multiple=True, help="Only this station; repeatable.")
@click.option("--satellite", "satellites", multiple=True, help="Only this satellite; repeatable.")
@click.option("--elements", type=click.Path(path_type=Path), help="Element file, with --sites.")
@click.option(
    "--sites",
    type=click.Path(path_type=Path),
    help="CSV with name,lat_deg,lon_deg,alt_m instead of a network file.",
)
@click.option(
    "--min-elevation-deg",
    type=click.FloatRange(0.0, 89.0),
    help="Lowest elevation of every station [default: the network's; 10 with --sites].",
)
@click.option("--apparent", is_flag=True, help="Elevation limits are as seen through the air.")
@click.option("--usable", is_flag=True, help="Only passes that can be a contact.")
@click.option("--all", "with_daylight", is_flag=True, help="Passes in daylight too.")
@click.option("--exit-status", is_flag=True, help="Exit with 4 if there is no pass.")
@format_options
@click.pass_obj
def command(
    settings: Settings,
    night: str | None,
    start: datetime | None,
    stop: datetime | None,
    stations: tuple[str, ...],
    satellites: tuple[str, ...],
    elements: Path | None,
    sites: Path | None,
    min_elevation_deg: float | None,
    apparent: bool,
    usable: bool,
    with_daylight: bool,
    exit_status: bool,
    form: str | None,
) -> int:
    """List passes with darkness, window, loss and key under a clear sky.

    Passes with the Sun above the horizon are left out unless --all is given. 'window' and
    'usable s' are the seconds in which a contact may run: above mask and limit, dark, within
    range, on shift, and slow enough for the mount. '± s' is one standard deviation of the times,
    from the age of the elements. Times are UTC.

    \b
    Examples:
      groundstation --example micius-2016 passes --night 2016-12-19 --station xinglong
      groundstation passes --usable --csv > passes.csv
      groundstation passes --from 2026-06-14T20:00Z --to 2026-06-15T04:00Z --json
      groundstation passes --elements a.tle --sites b.csv --min-elevation-deg 20 --nl
    """
    from groundstation.cli.night_option import night_for, restricted, with_elevation
    from groundstation.cli.progress import progress_of
    from groundstation.cli.result_state import calibration_in_force
    from groundstation.export.pass_rows import SCHEMA, pass_rows
    from groundstation.night.forecasts import survey
    from groundstation.night.pass_weather import attach_weather
    from groundstation.night.shining import permission_documents, permissions_of_network
    from groundstation.night.span import night_span, reference_longitude_rad

    if (start is None) != (stop is None):
        raise click.UsageError("--from and --to belong together")
    if (elements is None) != (sites is None):
        raise click.UsageError("--elements and --sites belong together")
    if start is not None and stop is not None and stop <= start:
        raise click.UsageError("--to must be after --from")
    whole, available = _network(settings, elements, sites)
    evening = night_for(settings, whole, night)
    if start is None or stop is None:
        start, stop = night_span(
            evening, reference_longitude_rad(whole), whole.policies.horizon_nights
        )
    network = with_elevation(
        restricted(whole, satellites, stations), min_elevation_deg, is_apparent=apparent
    )
    selection, known = _selection(network, available, start + (stop - start) / 2)
    documents = permission_documents(network)
    permissions = permissions_of_network(network, documents, settings.instant())
    calibration = calibration_in_force(network, evening) if sites is None else None
    title = f"passes of {len(network.satellites)} satellites over {len(network.stations)} stations"
    with progress_of(title, None, is_wanted=form is None):
        seen = survey(network, selection, start, stop, known, permissions, calibration)
    passes, doubts = seen.passes, seen.warnings
    if sites is None:
        weather = _weather(settings, whole, start, stop)
        passes, doubts = attach_weather(passes, weather, whole), (*doubts, *weather.warnings)
    rows = pass_rows(passes, network)
    found = len(rows)
    if usable:
        rows = [row for row in rows if row["refusal"] is None]
    elif not with_daylight and sites is None:
        rows = [row for row in rows if row["sun_elevation_deg"] < 0.0]
    write_listing(
        rows,
        schema=SCHEMA,
        form=form,
        columns=_shown(rows) if sites is None else [c for c in _COLUMNS if c.key not in _OF_LINKS],
        title=f"{network.title}: {len(rows)} passes, {start:%Y-%m-%d %H:%M} to "
        f"{stop:%Y-%m-%d %H:%M} UTC",
    )
    for sentence in doubts:
        click.echo(f"warning: {sentence}", err=True)
    if len(rows) < found and form is None:
        click.echo(f"note: {found - len(rows)} of {found} passes not shown (--all)", err=True)
    for sky in seen.skies if form is None and sites is None else ():
        if sky.remark:
            click.echo(f"note: {sky.station}: {sky.remark}", err=True)
    if not rows and exit_status:
        return NOTHING_FOUND
    return DEGRADED if doubts else 0


def _weather(
    settings: Settings, network: "Network", start: datetime, stop: datetime
) -> "NightWeather":
    """What was fetched, imported or measured before; nothing is asked for a listing."""
    from groundstation.database import open_if_present
    from groundstation.night.weather_step import night_weather

    db = open_if_present(Path(network.folder) / "state" / "groundstation.db")
    return night_weather(network, db, start, stop, now=settings.instant(), offline=True)


def _network(
    settings: Settings, elements: Path | None, sites: Path | None
) -> "tuple[Network, tuple[ElementSet, ...] | None]":
    """The network of the settings, or one made of two files with its element sets."""
    if elements is None or sites is None:
        from groundstation.cli.network_option import network_of

        return network_of(settings), None
    from groundstation.adhoc import adhoc_network

    made = adhoc_network(elements, sites, math.radians(_LOWEST_DEG))
    return made.network, made.sets


def _selection(
    network: "Network", available: "tuple[ElementSet, ...] | None", instant: datetime
) -> "tuple[Selection, list[KnownPass]]":
    """Element sets for an instant and known passes: from the state, or from what was given."""
    if available is None:
        from groundstation.night.nightly import night_inputs

        return night_inputs(network, instant)
    from groundstation.catalogue import select_elements

    return select_elements(network, available, instant), []


def _clock(text: str) -> str:
    return text[11:19]


def _day_and_clock(text: str) -> str:
    return f"{text[8:10]} {text[11:19]}"


def _decimals(count: int) -> Any:
    return lambda value: f"{value:.{count}f}"


def _significant(value: float) -> str:
    return f"{value:.2f}" if value < 1.0 else f"{value:.1f}"


def _key(value: float) -> str:
    return f"{value / 1e3:,.1f}"


def _shown(rows: list[dict[str, Any]]) -> list[Column]:
    """The chance of a clear sky stands before the reason wherever it is known of any pass."""
    if all(row["probability_clear"] is None for row in rows):
        return list(_COLUMNS)
    clear = Column("probability_clear", "P(clear)", lambda p: f"{p:.0%}", is_number=True)
    return [*_COLUMNS[:-1], clear, _COLUMNS[-1]]


_OF_LINKS = ("window_open_utc", "window_s", "min_loss_db", "qber", "secret_key_bits", "refusal")
_COLUMNS = (
    Column("pass_id", "pass"),
    Column("aos_utc", "rise", _day_and_clock),
    Column("tca_utc", "highest", _clock),
    Column("los_utc", "set", _clock),
    Column("sigma_time_s", "± s", _significant, is_number=True),
    Column("max_elevation_deg", "el °", _decimals(1), is_number=True),
    Column("min_range_km", "km", _decimals(0), is_number=True),
    Column("sun_elevation_deg", "Sun °", _decimals(1), is_number=True),
    Column("sunlit_fraction", "lit", _decimals(2), is_number=True),
    Column("window_open_utc", "window", _clock),
    Column("window_s", "usable s", _decimals(0), is_number=True),
    Column("min_loss_db", "loss dB", _decimals(1), is_number=True),
    Column("qber", "QBER", lambda value: f"{value:.2%}", is_number=True),
    Column("secret_key_bits", "key kbit", _key, is_number=True),
    Column("refusal", "why not", wraps=True),
)

"""`groundstation passes`: the pass table of a night or of any span."""

from datetime import datetime
from typing import Any

import click

from groundstation.cli.main import Settings, UtcInstant
from groundstation.cli.output import Column, format_options, write_listing

NOTHING_FOUND = 4
DEGRADED = 3


@click.command("passes")
@click.option("--night", metavar="DATE", help="Date of the evening [default: tonight].")
@click.option("--from", "start", type=UtcInstant(), help="Beginning of a span instead of a night.")
@click.option("--to", "stop", type=UtcInstant(), help="End of the span.")
@click.option("-s", "--station", "stations", multiple=True, help="Only this station; repeatable.")
@click.option("--satellite", "satellites", multiple=True, help="Only this satellite; repeatable.")
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
    usable: bool,
    with_daylight: bool,
    exit_status: bool,
    form: str | None,
) -> int:
    """List passes with darkness, window, loss and key under a clear sky.

    Passes with the Sun above the horizon are left out unless --all is given. 'window' and
    'usable s' are the seconds in which a contact may run: above mask and limit, dark, within
    range, on shift, and slow enough for the mount. Times are UTC.

    \b
    Examples:
      groundstation --example micius-2016 passes --night 2016-12-19 --station xinglong
      groundstation passes --usable --csv > passes.csv
      groundstation passes --from 2026-06-14T20:00Z --to 2026-06-15T04:00Z --json
    """
    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for, restricted
    from groundstation.export.pass_rows import SCHEMA, pass_rows
    from groundstation.night.nightly import night_inputs
    from groundstation.night.span import night_span, reference_longitude_rad
    from groundstation.night.survey import survey

    if (start is None) != (stop is None):
        raise click.UsageError("--from and --to belong together")
    if start is not None and stop is not None and stop <= start:
        raise click.UsageError("--to must be after --from")
    whole = network_of(settings)
    evening = night_for(settings, whole, night)
    if start is None or stop is None:
        start, stop = night_span(
            evening, reference_longitude_rad(whole), whole.policies.horizon_nights
        )
    network = restricted(whole, satellites, stations)
    selection, known = night_inputs(network, start + (stop - start) / 2)
    seen = survey(network, selection, start, stop, known)
    rows = pass_rows(seen.passes, network)
    found = len(rows)
    if usable:
        rows = [row for row in rows if row["refusal"] is None]
    elif not with_daylight:
        rows = [row for row in rows if row["sun_elevation_deg"] < 0.0]
    write_listing(
        rows,
        schema=SCHEMA,
        form=form,
        columns=_COLUMNS,
        title=f"{network.title}: {len(rows)} passes, {start:%Y-%m-%d %H:%M} to "
        f"{stop:%Y-%m-%d %H:%M} UTC",
    )
    for sentence in seen.warnings:
        click.echo(f"warning: {sentence}", err=True)
    if len(rows) < found and form is None:
        click.echo(f"note: {found - len(rows)} of {found} passes not shown (--all)", err=True)
    for sky in seen.skies if form is None else ():
        if sky.remark:
            click.echo(f"note: {sky.station}: {sky.remark}", err=True)
    if not rows and exit_status:
        return NOTHING_FOUND
    return DEGRADED if seen.warnings else 0


def _clock(text: str) -> str:
    return text[11:19]


def _day_and_clock(text: str) -> str:
    return f"{text[8:10]} {text[11:19]}"


def _decimals(count: int) -> Any:
    return lambda value: f"{value:.{count}f}"


def _key(value: float) -> str:
    return f"{value / 1e3:,.1f}"


_COLUMNS = (
    Column("pass_id", "pass"),
    Column("aos_utc", "rise", _day_and_clock),
    Column("tca_utc", "highest", _clock),
    Column("los_utc", "set", _clock),
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

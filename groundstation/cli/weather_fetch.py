"""`groundstation weather fetch`: newer forecasts from the sources of the network file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from datetime import datetime

    from groundstation.network import Network
    from groundstation.weather.fetch import WeatherFetch
    from groundstation.weather_policy import ForecastSource

SCHEMA = "weather-fetch/1"
FAILED, DEGRADED, TRY_LATER = 1, 3, 75

_ADVICE = {
    "blocked": "find out why, then groundstation weather fetch --source {source} --force-source",
    "not found": "look at the station's airport, metar, in the network file; it may be closed now",
    "rejected": "look at the reason and at the source in the network file",
    "failed": "nothing was stored; the next attempt is possible in 15 minutes",
    "unreachable": "check the network; nothing was asked and nothing has to wait",
}


@click.command("fetch")
@click.option("--source", "name", metavar="NAME", help="Only this source [default: all].")
@click.option("--force-source", is_flag=True, help="Ask a source that refused or moved again.")
@format_options
@click.pass_obj
def command(settings: Settings, name: str | None, force_source: bool, form: str | None) -> int:
    """Fetch newer forecasts and reports from the sources that the network file names.

    Every station is asked for at most once an hour, reports of airports at most every 5 minutes and
    their forecasts every 30. A fetch that comes too early for all of them sends nothing and ends
    with exit 75. An answer that cannot be believed is refused and the last good one kept: exit 3,
    or exit 1 if there is none.

    \b
    Examples:
      groundstation weather fetch
      groundstation weather fetch --source ensemble-icon_eu --json
    """
    from groundstation.cli.network_option import network_of
    from groundstation.database import open_database
    from groundstation.night.weather_fetched import fetch_source

    network = network_of(settings)
    sources = _sources(settings, network, name)
    db = open_database(Path(network.folder) / "state" / "groundstation.db")
    results = [
        (item, fetched)
        for item in sources
        for fetched in fetch_source(network, db, item, now=settings.instant, force=force_source)
    ]
    now = settings.instant()
    write_listing(
        [_row(item, fetched, now) for item, fetched in results],
        schema=SCHEMA,
        form=form,
        columns=_COLUMNS,
    )
    _explain(results)
    return _exit_code(results, now)


def _sources(
    settings: Settings, network: "Network", name: str | None
) -> "tuple[ForecastSource, ...]":
    """The sources to ask, or why none may be asked."""
    from groundstation.errors import UsageError
    from groundstation.suggest import did_you_mean
    from tle.provider.providers import is_loopback

    if settings.example:
        raise UsageError(
            "a shipped example cannot store anything",
            hint=f"groundstation init DIR --example {settings.example}",
        )
    known = [item.source.name for item in network.weather.sources]
    if not known:
        raise UsageError(
            "the network file names no source of weather",
            where=network.file,
            hint='add a table [[weather.sources]] with api = "ensemble" and model = "icon_eu", or '
            "groundstation weather import",
        )
    if name is not None and name not in known:
        raise UsageError(
            f"unknown source {name!r}{did_you_mean(name, known)}",
            where=network.file,
            hint=f"one of {', '.join(known)}",
        )
    chosen = tuple(item for item in network.weather.sources if name in {None, item.source.name})
    if settings.offline:
        names = ", ".join(item.source.name for item in chosen)
        raise UsageError(
            f"--offline excludes fetching from {names}",
            hint="leave --offline out, or groundstation weather import FILE",
        )
    if settings.now is not None and not all(is_loopback(i.source.address) for i in chosen):
        # The providers' intervals run in real time; a chosen present could jump over them.
        raise UsageError("--now excludes fetching: providers are asked in the present")
    return chosen


def _row(item: "ForecastSource", fetched: "WeatherFetch", now: "datetime") -> dict[str, Any]:
    from datetime import timedelta

    from groundstation.instants import utc_text

    weather = fetched.weather
    row: dict[str, Any] = {
        "source": item.source.name,
        "station": fetched.station,
        "outcome": fetched.outcome.value,
        "members": None,
        "first_utc": None,
        "last_utc": None,
        "age_h": None,
        "next_fetch_utc": None if fetched.until is None else utc_text(fetched.until),
        "reason": fetched.reason or None,
    }
    if weather is not None:
        row["members"] = len(weather.members)
        row["first_utc"] = utc_text(weather.epoch)
        row["last_utc"] = utc_text(weather.epoch + timedelta(seconds=float(weather.times_s[-1])))
        row["age_h"] = (now - weather.provenance.dated).total_seconds() / 3_600.0
    return row


def _explain(results: "Sequence[tuple[ForecastSource, WeatherFetch]]") -> None:
    """Say on the error stream what is not as it should be, with the next step."""
    advised: dict[tuple[str, str], None] = {}
    for item, fetched in results:
        if fetched.outcome.value in _ADVICE:
            held = "; the last good one is kept" if fetched.weather is not None else ""
            said = fetched.reason or fetched.outcome.value
            click.echo(f"warning: {item.source.name}, {fetched.station}: {said}{held}", err=True)
            advised[item.source.name, fetched.outcome.value] = None
    for source, outcome in advised:
        click.echo(f"  try: {_ADVICE[outcome].format(source=source)}", err=True)
    waits = [fetched.until for _, fetched in results if fetched.until is not None]
    if waits:
        click.echo(f"next fetch at the earliest {min(waits):%Y-%m-%dT%H:%M:%SZ}", err=True)


def _exit_code(results: "Sequence[tuple[ForecastSource, WeatherFetch]]", now: "datetime") -> int:
    """0 answered, 3 degraded, 75 nothing could be asked, 1 refused with nothing to fall back to."""
    outcomes = {fetched.outcome.value for _, fetched in results}
    refused = outcomes & {"blocked", "rejected"}
    if not outcomes & set(_ADVICE):
        return TRY_LATER if outcomes == {"too early"} else 0
    is_fresh = any(
        fetched.weather is not None
        and (now - fetched.weather.provenance.dated).total_seconds() <= item.max_age_s
        for item, fetched in results
    )
    if is_fresh:
        return DEGRADED
    return FAILED if refused else TRY_LATER


def _minute(text: str) -> str:
    return f"{text[:10]} {text[11:16]}"


_COLUMNS = (
    Column("source", "source"),
    Column("station", "station"),
    Column("outcome", "outcome"),
    Column("members", "members", is_number=True),
    Column("first_utc", "from", _minute),
    Column("last_utc", "to", _minute),
    Column("age_h", "age h", lambda value: f"{value:.1f}", is_number=True),
    Column("reason", "reason", wraps=True),
)

"""`groundstation tle fetch`: newer element sets from the sources of the network file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from datetime import datetime

    from groundstation.network import Network
    from tle.provider.credentials import Credentials
    from tle.provider.providers import ElementSource
    from tle.provider.source_result import SourceResult

SCHEMA = "fetch/1"
FAILED, DEGRADED, TRY_LATER = 1, 3, 75

_ADVICE = {
    "blocked": "find out why, then groundstation tle fetch --source {source} --force-source",
    "rejected": "look at the reason; groundstation tle fetch --source {source} --accept takes an "
    "answer whose number of objects changed",
    "failed": "nothing was stored; the next attempt is possible in 15 minutes",
    "unreachable": "check the network; nothing was asked and nothing has to wait",
}


@click.command("fetch")
@click.option("--source", "name", metavar="NAME", help="Only this source [default: all].")
@click.option("--accept", is_flag=True, help="Accept an answer whose number of objects changed.")
@click.option("--force-source", is_flag=True, help="Ask a source that refused or moved again.")
@format_options
@click.pass_obj
def command(
    settings: Settings, name: str | None, accept: bool, force_source: bool, form: str | None
) -> int:
    """Fetch newer element sets from the sources that the network file names.

    Providers set the pace: CelesTrak every 2 hours, Space-Track and mirrors every hour. A fetch
    that comes too early sends nothing and ends with exit 75. An answer that is no complete
    catalogue is refused; a satellite that is missing in it ends with exit 3.

    \b
    Examples:
      groundstation tle fetch
      groundstation tle fetch --source celestrak
    """
    from groundstation import __version__
    from groundstation.cli.network_option import network_of
    from groundstation.database import open_database
    from tle.provider.sources import fetch_source
    from tle.provider.transport import Transport

    network = network_of(settings)
    sources = _sources(settings, network, name)
    # Every login is found before the first request, so that a mistake costs no provider anything.
    logins = {source.name: _login(source) for source in sources}
    db = open_database(Path(network.folder) / "state" / "groundstation.db")
    transport = Transport(f"qkd-groundstation/{__version__}")
    results = [
        fetch_source(
            db,
            source,
            now=settings.instant,
            transport=transport,
            credentials=logins[source.name],
            accept=accept,
            force=force_source,
        )
        for source in sources
    ]
    write_listing([_row(r, network) for r in results], schema=SCHEMA, form=form, columns=_COLUMNS)
    for result in results:
        _explain(result, network, settings.instant())
    return _exit_code(results)


def _sources(settings: Settings, network: "Network", name: str | None) -> list["ElementSource"]:
    """The sources to ask, or why none may be asked."""
    from groundstation.errors import UsageError
    from groundstation.suggest import did_you_mean
    from tle.provider.providers import SourceKind, is_loopback

    if settings.example:
        raise UsageError(
            "a shipped example cannot store anything",
            hint=f"groundstation init DIR --example {settings.example}",
        )
    known = [source.name for source in network.sources]
    if not known:
        raise UsageError(
            "the network file names no source of element sets",
            where=network.file,
            hint='add a table [[sources]] with kind = "celestrak", or groundstation tle import',
        )
    if name is not None and name not in known:
        raise UsageError(
            f"unknown source {name!r}{did_you_mean(name, known)}",
            where=network.file,
            hint=f"one of {', '.join(known)}",
        )
    chosen = [source for source in network.sources if name in {None, source.name}]
    if not any(source.norad_cat_ids for source in chosen):
        raise UsageError("no satellite has a catalogue number", where=network.file)
    remote = [source for source in chosen if source.kind is not SourceKind.FOLDER]
    if settings.offline and remote:
        raise UsageError(
            f"--offline excludes fetching from {', '.join(source.name for source in remote)}",
            hint="leave --offline out, or groundstation tle import FILE",
        )
    if settings.now is not None and any(not is_loopback(source.address) for source in remote):
        # The providers' intervals run in real time; a chosen present could jump over them.
        raise UsageError("--now excludes fetching: providers are asked in the present")
    return chosen


def _login(source: "ElementSource") -> "Credentials | None":
    import os

    from groundstation.errors import UsageError
    from tle.errors import SourceError
    from tle.provider.credentials import find_credentials
    from tle.provider.providers import SourceKind

    if source.kind is not SourceKind.SPACE_TRACK:
        return None
    file = None if source.credentials_file is None else Path(source.credentials_file)
    try:
        return find_credentials(os.environ, file)
    except SourceError as error:
        raise UsageError(f"{source.name}: {error}", hint=error.hint) from None


def _row(result: "SourceResult", network: "Network") -> dict[str, Any]:
    from groundstation.instants import utc_text

    return {
        "source": result.source,
        "outcome": result.outcome.value,
        "records": result.records,
        "wanted_sets": result.wanted_sets,
        "new_sets": result.new_sets,
        "missing": [_satellite(number, network) for number in result.missing],
        "next_fetch_utc": None if result.next_fetch is None else utc_text(result.next_fetch),
        "reasons": list(result.reasons),
    }


def _satellite(number: int, network: "Network") -> str:
    """A catalogue number with the network's name for it."""
    names = [s.name for s in network.satellites if s.norad_cat_id == number]
    return f"{names[0]} ({number})" if names else str(number)


def _explain(result: "SourceResult", network: "Network", now: "datetime") -> None:
    """Say on the error stream what is not as it should be, with the next step."""
    for reason in result.reasons:
        click.echo(f"warning: {result.source}: {reason}", err=True)
    if result.missing:
        listed = ", ".join(_satellite(number, network) for number in result.missing)
        click.echo(f"warning: {result.source}: no element set of {listed}", err=True)
    if result.next_fetch is not None:
        earliest = _minute_text(result.next_fetch, now)
        click.echo(f"next fetch from {result.source} at the earliest {earliest}", err=True)
    advice = _ADVICE.get(result.outcome.value)
    if advice is not None:
        click.echo(f"  try: {advice.format(source=result.source)}", err=True)


def _minute_text(instant: "datetime", now: "datetime") -> str:
    """The next full minute, with its date where that is not today's."""
    from datetime import timedelta

    up = instant + timedelta(seconds=-instant.second % 60, microseconds=-instant.microsecond)
    if up < instant:
        up += timedelta(minutes=1)
    return f"{up:%H:%MZ}" if up.date() == now.date() else f"{up:%Y-%m-%dT%H:%MZ}"


def _exit_code(results: Sequence["SourceResult"]) -> int:
    """0 answered, 3 answered but something is missing, 75 nothing could be asked, 1 refused."""
    outcomes = {result.outcome.value for result in results}
    refused = outcomes & {"blocked", "rejected"}
    if any(result.has_answer or result.missing for result in results):
        troubled = refused or outcomes & {"failed", "unreachable"}
        return DEGRADED if troubled or any(result.missing for result in results) else 0
    return FAILED if refused else TRY_LATER


_COLUMNS = (
    Column("source", "source"),
    Column("outcome", "outcome"),
    Column("records", "records", is_number=True),
    Column("wanted_sets", "wanted", is_number=True),
    Column("new_sets", "new", is_number=True),
    Column("missing", "missing", ", ".join),
    Column("next_fetch_utc", "next fetch"),
)

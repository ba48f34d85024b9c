"""`groundstation tle`: import, list, show and export element sets."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groundstation.cli import tle_age, tle_fetch
from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from groundstation.network import Network
    from tle.elements import ElementSet

SCHEMA = "elements/1"
BAD_DATA = 1
# As in tle.elements.ElementFormat, which --help need not import.
FORMATS = ("tle", "omm-json", "omm-csv", "omm-kvn", "omm-xml")


@click.group("tle")
def command() -> None:
    """Import, fetch, list, show and export element sets.

    \b
    Examples:
      groundstation tle import tonight.tle gp.json
      groundstation tle list
      groundstation tle show spoqc
      groundstation tle export --format omm-json
    """


@command.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--keep-good", is_flag=True, help="Store the good records of a file with bad ones.")
@click.pass_obj
def import_(settings: Settings, files: tuple[Path, ...], keep_good: bool) -> int:
    """Read element sets and store those that are new: TLE, 3LE, OMM as JSON, CSV, KVN or XML.

    The format is recognised by content. Every record is checked (columns, characters, checksum,
    keywords, units, limits). A file with a bad record is refused as a whole unless --keep-good is
    given.
    """
    from groundstation.catalogue import describe_faults
    from groundstation.cli.network_option import network_of
    from groundstation.database import open_database
    from groundstation.errors import UsageError
    from tle.archive import add_elements
    from tle.formats import read_elements

    network = network_of(settings)
    if settings.example:
        raise UsageError(
            "a shipped example cannot store anything",
            hint=f"groundstation init DIR --example {settings.example}",
        )
    accepted, faults = [], []
    for path in files:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from error
        sets, bad = read_elements(content, path.name)
        accepted.extend(sets)
        faults.extend(bad)
    if faults:
        click.echo(f"error: {describe_faults(faults)}", err=True)
        if not (keep_good and accepted):
            click.echo("  nothing was stored", err=True)
            if accepted:
                click.echo(f"  try: --keep-good stores the {len(accepted)} good ones", err=True)
            return BAD_DATA
    db = open_database(Path(network.folder) / "state" / "groundstation.db")
    new = add_elements(db, accepted, settings.instant())
    click.echo(f"{new} new, {len(accepted) - new} known, {len(faults)} refused")
    return BAD_DATA if faults else 0


@command.command("list")
@format_options
@click.pass_obj
def list_(settings: Settings, form: str | None) -> None:
    """List the element sets in the network's files and in the store."""
    rows = sorted(_known_rows(settings), key=lambda row: (row["norad_cat_id"], row["epoch_utc"]))
    write_listing(rows, schema=SCHEMA, form=form, columns=_COLUMNS)


@command.command("show")
@click.argument("satellite")
@click.pass_obj
def show(settings: Settings, satellite: str) -> None:
    """Show the element sets of a satellite, by its name in the network or catalogue number."""
    from groundstation.cli.network_option import network_of
    from groundstation.errors import UsageError

    number = _number_of(network_of(settings), satellite)
    rows = [row for row in _known_rows(settings) if row["norad_cat_id"] == number]
    if not rows:
        raise UsageError(f"no element set of {satellite} is known", hint="groundstation tle import")
    for row in sorted(rows, key=lambda row: str(row["epoch_utc"])):
        origin = f"{row['format']} from {row['source']}"
        click.echo(f"# epoch {row['epoch_utc']}, {row['age_d']:+.2f} d, {origin}")
        click.echo(f"# sha256 {row['sha256']}")
        click.echo(row["lines"])


@command.command("export")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="tle",
    show_default=True,
    help="What to write.",
)
@click.option("--satellite", "names", multiple=True, help="Only this one (name or number).")
@click.option("--all", "every", is_flag=True, help="Every known set, not only the nearest to now.")
@click.pass_obj
def export(settings: Settings, form: str, names: tuple[str, ...], every: bool) -> None:
    """Write the element sets of the network's satellites to standard output.

    For each satellite the set whose epoch is nearest to the present, with the digits that it was
    published with. What a TLE cannot hold, such as a catalogue number above 339999, is an error.
    """
    from groundstation.cli.network_option import network_of
    from groundstation.errors import UsageError
    from tle.archive import elements_at
    from tle.elements import ElementFormat
    from tle.formats import write_elements

    network = network_of(settings)
    asked = [_number_of(network, name) for name in names]
    numbers = asked or [s.norad_cat_id for s in network.satellites if s.norad_cat_id]
    known = sorted(_known_sets(network), key=lambda e: (e.epoch, e.digest))
    now = settings.instant()
    chosen: list[ElementSet] = []
    for number in dict.fromkeys(numbers):
        sets = [elements for elements in known if elements.norad_cat_id == number]
        nearest = elements_at(sets, now)
        if nearest is None:
            raise UsageError(
                f"no element set of {number} is known", hint="groundstation tle import"
            )
        chosen.extend(sets if every else [nearest])
    click.echo(write_elements(chosen, ElementFormat(form), now), nl=False)


def _number_of(network: "Network", satellite: str) -> int:
    """The catalogue number that a name or number on the command line means."""
    from groundstation.errors import UsageError
    from groundstation.suggest import did_you_mean

    numbers = {s.name: s.norad_cat_id for s in network.satellites}
    number = int(satellite) if satellite.isdecimal() else numbers.get(satellite)
    if number is None:
        planned = satellite in numbers
        raise UsageError(
            f"{satellite} is only planned; it has no element set"
            if planned
            else f"unknown satellite {satellite!r}{did_you_mean(satellite, numbers)}",
            where=network.file,
        )
    return number


def _known_sets(network: "Network") -> "list[ElementSet]":
    """Every set of the network's files and of the store, once."""
    from groundstation.catalogue import read_element_files
    from groundstation.database import open_if_present
    from tle.archive import stored_elements

    db = open_if_present(Path(network.folder) / "state" / "groundstation.db")
    sets = read_element_files(network) + (stored_elements(db) if db else [])
    return list({e.digest: e for e in reversed(sets)}.values())


def _known_rows(settings: Settings) -> list[dict[str, Any]]:
    """Every set once, with its age at the present instant."""
    from groundstation.cli.network_option import network_of
    from groundstation.instants import utc_text

    now = settings.instant()
    return [
        {
            "norad_cat_id": e.norad_cat_id,
            "name": e.name,
            "object_id": e.object_id,
            "epoch_utc": utc_text(e.epoch),
            "age_d": e.age_s(now) / 86_400.0,
            "inclination_deg": e.inclination_deg,
            "mean_motion_rev_per_day": e.mean_motion_rev_per_day,
            "format": e.format.value,
            "source": e.source,
            "sha256": e.digest,
            "lines": e.text.rstrip("\n"),
        }
        for e in _known_sets(network_of(settings))
    ]


_COLUMNS = (
    Column("norad_cat_id", "number", is_number=True),
    Column("name", "name"),
    Column("object_id", "object"),
    Column("epoch_utc", "epoch"),
    Column("age_d", "age d", lambda value: f"{value:.1f}", is_number=True),
    Column("inclination_deg", "incl °", lambda value: f"{value:.3f}", is_number=True),
    Column("mean_motion_rev_per_day", "rev/day", lambda value: f"{value:.5f}", is_number=True),
    Column("format", "format"),
    Column("source", "source"),
    Column("sha256", "sha256", lambda value: value[:12]),
)

command.add_command(tle_fetch.command)
command.add_command(tle_age.command)

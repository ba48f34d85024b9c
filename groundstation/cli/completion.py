"""What a shell offers after a tab: stations, satellites, pass ids, nights, examples.

The rules it keeps:

1. Names come from the network file as text and from what is published; nothing is computed, so
   that an answer takes a tenth of a second. No library beyond click is loaded.
2. A file that is absent or damaged offers nothing: a shell must not print errors into a line.
"""

import csv
import os
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

VARIABLE = "_GROUNDSTATION_COMPLETE"
_FILE_NAME = "groundstation.toml"
_EXAMPLES = Path(__file__).parent.parent / "data" / "examples"
_NIGHTS_READ = 14

Source = Callable[[Path], Iterator[tuple[str, str]]]


class Names(click.ParamType[str]):
    """A text whose possible values are known from the working folder."""

    name = "text"

    def __init__(self, *sources: Source) -> None:
        self._sources = sources

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Every name that begins with what is typed, with what people know it by."""
        del param
        network = _network_file(ctx)
        found: dict[str, str] = {}
        for source in self._sources:
            found |= dict(source(network))
        return [
            CompletionItem(name, help=text or None)
            for name, text in found.items()
            if name.startswith(incomplete)
        ]


def is_completing() -> bool:
    """Whether a shell asks for completions in this process."""
    return VARIABLE in os.environ


def name_parameters(command: click.Command) -> None:
    """Let the parameters of one command be completed by what their names promise."""
    for param in command.params:
        kinds = [_KINDS[name] for name in _titles(param) if name in _KINDS]
        if kinds and isinstance(param.type, click.types.StringParamType):
            param.type = Names(*kinds[0])


def with_names(command: click.Command) -> click.Command:
    """The command; its parameters, and those of all commands below it, are completed by name."""
    name_parameters(command)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                with_names(child)
    return command


def _titles(param: click.Parameter) -> Iterator[str]:
    """What a parameter is known by: its options, or the parts of an argument's metavar."""
    yield from param.opts
    metavar = getattr(param, "metavar", None) or ""
    if isinstance(param, click.Argument):
        yield metavar.strip("[]")
        yield from metavar.strip("[]").split("|")
        yield f"<{param.name}>"


def _network_file(ctx: click.Context) -> Path:
    """The network file that the line names, as `network_option` would find it."""
    given: dict[str, Any] = ctx.find_root().params
    if given.get("example"):
        return _EXAMPLES / str(given["example"]) / _FILE_NAME
    return Path(given.get("folder") or ".") / (given.get("config") or _FILE_NAME)


def _tables(network: Path, kind: str) -> Iterator[tuple[str, str]]:
    try:
        document = tomllib.loads(network.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    tables = document.get(kind)
    for table in tables if isinstance(tables, list) else []:
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            yield table["name"], str(table.get("title", ""))


def _stations(network: Path) -> Iterator[tuple[str, str]]:
    yield from _tables(network, "stations")


def _satellites(network: Path) -> Iterator[tuple[str, str]]:
    yield from _tables(network, "satellites")


def _folders(network: Path) -> list[Path]:
    """Folders of published nights, the newest first."""
    try:
        entries = list((network.parent / "nights").iterdir())
    except OSError:
        return []
    nights = [entry for entry in entries if entry.name[:4].isdigit() and entry.is_dir()]
    return sorted(nights, key=lambda entry: entry.name, reverse=True)


def _nights(network: Path) -> Iterator[tuple[str, str]]:
    for folder in _folders(network):
        yield folder.name, ""


def _months(network: Path) -> Iterator[tuple[str, str]]:
    for folder in _folders(network):
        yield folder.name[:7], "month"


def _passes(network: Path) -> Iterator[tuple[str, str]]:
    for folder in _folders(network)[:_NIGHTS_READ]:
        try:
            with (folder / "passes.csv").open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    rise, height = row["aos_utc"], float(row["max_elevation_deg"])
                    decision = row.get("decision") or ""
                    yield row["pass_id"], f"{rise[:10]} {rise[11:16]}Z, {height:.0f}°, {decision}"
        except (OSError, ValueError, KeyError, csv.Error):
            continue


def _examples(network: Path) -> Iterator[tuple[str, str]]:
    del network
    for path in sorted(_EXAMPLES.glob(f"*/{_FILE_NAME}")):
        yield path.parent.name, ""


_KINDS: dict[str, tuple[Source, ...]] = {
    "--station": (_stations,),
    "--second-station": (_stations,),
    "--satellite": (_satellites,),
    "<satellite>": (_satellites,),
    "--night": (_nights,),
    "<night>": (_nights,),
    "--include": (_passes,),
    "--exclude": (_passes,),
    "PASS": (_passes,),
    "<pass_id>": (_passes,),
    "PASS|NIGHT": (_passes, _nights),
    "NIGHT|PASS|MONTH": (_nights, _passes, _months),
    "--example": (_examples,),
}

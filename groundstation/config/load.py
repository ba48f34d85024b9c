"""Read a network file: text -> tables -> checked model -> Network, or every fault at once."""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from groundstation.config.consistency import inconsistencies
from groundstation.config.document.root import Document
from groundstation.config.export import export_policy_of
from groundstation.config.faults import Finding, findings_of
from groundstation.config.keys import key_store_of
from groundstation.config.locator import LineIndex, locate, path_text
from groundstation.config.notify import notify_findings, notify_of
from groundstation.config.permissions import permissions_of
from groundstation.config.plan import plan_policy_of
from groundstation.config.radio import radio_stations_of
from groundstation.config.records import (
    key_policy_of,
    policies_of,
    satellites_of,
    sources_of,
    stations_of,
)
from groundstation.config.relay import demands_of, fibre_links_of, fibre_nodes_of, sites_of
from groundstation.config.tables import table_of, tables_of
from groundstation.config.weather import weather_of
from groundstation.errors import ConfigError, Fault, UsageError
from groundstation.network import Network

FILE_NAME = "groundstation.toml"

_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_HINT = "groundstation config schema describes every key; correct the lines above"


@dataclass(frozen=True, slots=True)
class NetworkFile:
    """A network file that holds no fault.

    Parameters
    ----------
    path : of the file
    digest : SHA-256 of its bytes
    document : what it says, in its own units, defaults filled in
    lines : where everything stands
    """

    path: Path
    digest: str
    document: Document
    lines: LineIndex


def load_network(path: Path) -> Network:
    """The network that a file describes.

    Parameters
    ----------
    path : a network file, or a folder that holds one under its usual name

    Raises
    ------
    UsageError
        There is no such file.
    ConfigError
        The file has faults; the error carries all of them.
    """
    return network_of_file(read_network_file(path))


def read_network_file(path: Path) -> NetworkFile:
    """A network file, checked against models and rules."""
    file = path / FILE_NAME if path.is_dir() else path
    return _checked(file, _bytes_of(file), with_elements=True)


def kept_network(data: bytes, file: Path) -> Network:
    """The network that kept bytes describe; the element files they name may be gone.

    Parameters
    ----------
    data : what the network file held
    file : where it was, for messages and for what is relative to it
    """
    return network_of_file(_checked(file, data, with_elements=False))


def _checked(file: Path, data: bytes, *, with_elements: bool) -> NetworkFile:
    tables, lines = _parse(file, data)
    findings: list[Finding] = []
    document: Document | None = None
    try:
        document = Document.model_validate(tables)
    except ValidationError as error:
        findings += findings_of(error, Document)
    findings += inconsistencies(tables)
    findings += notify_findings(tables)
    if with_elements:
        findings += _absent_elements(file, tables) + _absent_climatologies(file, tables)
    if document is None or findings:
        raise _config_error(file, lines, findings)
    return NetworkFile(file, hashlib.sha256(data).hexdigest(), document, lines)


def network_of_file(file: NetworkFile) -> Network:
    """The record of a checked file."""
    document = file.document
    key = key_policy_of(document)
    fibre_links, findings = fibre_links_of(document, key)
    if findings:
        raise _config_error(file.path, file.lines, findings)
    table = document.network
    return Network(
        name=table.name,
        title=table.title or table.name,
        file=str(file.path),
        folder=str(file.path.parent),
        digest=file.digest,
        elements=tuple(table.elements),
        avoid=tuple(table.avoid),
        default_night=None if table.default_night is None else table.default_night.isoformat(),
        satellites=satellites_of(document),
        stations=stations_of(document, file.path.parent),
        radio_stations=radio_stations_of(document.radio_stations),
        fibre_nodes=fibre_nodes_of(document),
        fibre_links=fibre_links,
        sites=sites_of(document),
        demands=demands_of(document),
        key=key,
        policies=policies_of(document),
        sources=sources_of(document, file.path.parent),
        weather=weather_of(document),
        permissions=permissions_of(document.permissions),
        notify=notify_of(document.notify),
        plan=plan_policy_of(document.plan),
        export=export_policy_of(document.export),
        key_store=key_store_of(document.keys, document.randomness, file.path.parent),
    )


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise UsageError(
            f"there is no network file {file.name}",
            where=str(file.parent.resolve()),
            hint="groundstation init DIR --example europe-2026",
        ) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            f"cannot read network file {file.name}: {reason}",
            where=str(file.parent.resolve()),
            hint="name a readable file with --config FILE",
        ) from error


def _parse(file: Path, data: bytes) -> tuple[dict[str, Any], LineIndex]:
    """Tables with their lines, or the one fault that keeps the text from being read."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fault = Fault(str(file), line, "text", f"byte {data[error.start]:#04x} is not UTF-8")
        raise ConfigError(_headline(1), [fault], hint="save the file as UTF-8") from None
    try:
        return tomllib.loads(text), locate(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            _headline(1), [_syntax_fault(file, text, str(error))], hint="correct the TOML syntax"
        ) from None


def _syntax_fault(file: Path, text: str, message: str) -> Fault:
    """What tomllib says, with its place taken out of the words."""
    place = _PLACE.search(message)
    words = message if place is None else message[: place.start()]
    words = words[:1].lower() + words[1:]
    if place is None or place["line"] is None:
        return Fault(str(file), text.count("\n") + 1, "end of file", words)
    return Fault(str(file), int(place["line"]), f"column {place['column']}", words)


def _absent_elements(file: Path, tables: dict[str, Any]) -> list[Finding]:
    """Element files that are named but not there; a pattern may match nothing yet."""
    network = tables.get("network")
    names = network.get("elements") if isinstance(network, dict) else None
    return [
        (("network", "elements", index), f"there is no file {name} in {file.parent.resolve()}")
        for index, name in enumerate(names if isinstance(names, list) else [])
        if isinstance(name, str) and not _is_there(file.parent, name)
    ]


def _absent_climatologies(file: Path, tables: dict[str, Any]) -> list[Finding]:
    """Tables of climatology that are named but not there."""
    return [
        (
            ("stations", index, "climatology", "file"),
            f"there is no file {name} in {file.parent.resolve()}",
        )
        for index, station in tables_of(tables, "stations")
        if isinstance(name := table_of(station, "climatology").get("file"), str)
        and not (file.parent / name).is_file()
    ]


def _is_there(folder: Path, name: str) -> bool:
    return has_magic(name) or (folder / name).is_file()


def _config_error(file: Path, lines: LineIndex, findings: list[Finding]) -> ConfigError:
    """All faults in the order in which an editor meets them."""
    faults = [
        Fault(str(file), lines.line_of(path), path_text(path), message)
        for path, message in findings
    ]
    faults.sort(key=lambda fault: (fault.line or 0, fault.path))
    return ConfigError(_headline(len(faults)), faults, hint=_HINT)


def _headline(count: int) -> str:
    return f"the network file has {count} fault{'' if count == 1 else 's'}"

"""Newer element sets for a night: fetched where that is allowed, read where they lie.

The rules it keeps:

1. A source, or a file, that fails is named and does not stop the others: the archive keeps what
   was good before.
2. Offline only folders are looked at; with a chosen present only servers on this machine, for the
   providers' intervals run in real time.
"""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from groundstation import __version__
from groundstation.catalogue import read_element_files
from groundstation.errors import GroundStationError
from groundstation.network import Network
from tle.archive import add_elements, stored_elements
from tle.elements import ElementSet
from tle.errors import SourceError, TleError
from tle.provider.credentials import Credentials, find_credentials
from tle.provider.providers import ElementSource, SourceKind, is_loopback
from tle.provider.source_result import SourceResult
from tle.provider.sources import fetch_source
from tle.provider.transport import Transport


def gather_elements(
    network: Network,
    db: Database,
    *,
    now: datetime,
    clock: Callable[[], datetime],
    offline: bool,
    is_present: bool = True,
) -> tuple[list[ElementSet], list[str]]:
    """Every set that is known after asking sources and reading files, and what went wrong.

    Parameters
    ----------
    now : when sets of files count as seen
    clock : the real present, against which providers' intervals run
    is_present : False if `now` was chosen
    """
    warnings: list[str] = []
    for source in network.sources:
        is_here = source.kind is SourceKind.FOLDER
        may_ask = not offline and (is_present or is_loopback(source.address))
        if source.norad_cat_ids and (is_here or may_ask):
            warnings += _fetch(db, source, clock if is_present else lambda: now)
    sets, faults = read_files(network)
    add_elements(db, [elements for elements in sets if elements.text], now)
    return sets + stored_elements(db), warnings + faults


def read_files(network: Network) -> tuple[list[ElementSet], list[str]]:
    """The sets of the element files; of those that cannot be read only a sentence."""
    sets: list[ElementSet] = []
    faults: list[str] = []
    for pattern in network.elements:
        try:
            sets += read_element_files(network, (pattern,))
        except (GroundStationError, TleError, OSError) as error:
            faults.append(f"element files {pattern} are not used: {error}")
    return sets, faults


def _fetch(db: Database, source: ElementSource, clock: Callable[[], datetime]) -> list[str]:
    """Ask one source; sentences for what is not as it should be."""
    try:
        result = fetch_source(
            db,
            source,
            now=clock,
            transport=Transport(f"qkd-groundstation/{__version__}"),
            credentials=_login(source),
        )
    except (SourceError, OSError) as error:
        return [f"elements from {source.name}: {error}"]
    return _remarks(result)


def _remarks(result: SourceResult) -> list[str]:
    lines = [f"elements from {result.source}: {reason}" for reason in result.reasons]
    if result.missing:
        listed = ", ".join(str(number) for number in result.missing)
        lines.append(f"elements from {result.source}: no set of {listed}")
    # To come too early is no fault: what was fetched shortly before is still there.
    is_early = result.next_fetch is not None and not result.missing
    return [] if is_early and result.outcome.value == "too early" else lines


def _login(source: ElementSource) -> Credentials | None:
    if source.kind is not SourceKind.SPACE_TRACK:
        return None
    file = None if source.credentials_file is None else Path(source.credentials_file)
    return find_credentials(os.environ, file)

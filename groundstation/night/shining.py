"""Permission to shine for a whole network: every link, from the files of its folder."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from groundstation.network import Network
from groundstation.permission.evaluate import permissions_at
from groundstation.permission.files import read_permission_files
from groundstation.permission.records import (
    LinkPermission,
    PermissionDocument,
    Permissions,
    Span,
)
from groundstation.plan.records import Plan


def links_of(network: Network) -> list[tuple[str, int | None, str]]:
    """Every satellite, with its catalogue number, over every station."""
    return [
        (satellite.name, satellite.norad_cat_id, station.name)
        for satellite in network.satellites
        for station in network.stations
    ]


def permission_documents(network: Network) -> tuple[PermissionDocument, ...]:
    """Every file that the network's permission rules name, found or not."""
    return read_permission_files(Path(network.folder), network.permissions, links_of(network))


def permissions_of_network(
    network: Network,
    documents: Sequence[PermissionDocument],
    now: datetime,
    previous: Plan | None = None,
) -> Permissions:
    """What every link of a network is allowed at an instant.

    Contacts of the plan before that are over stay as they were: a flag that says "nogo" now does
    not make undone what was allowed then.
    """
    permissions = permissions_at(network.permissions, documents, links_of(network), now)
    over = [c for c in previous.contacts if c.stop <= now] if previous else []
    by_link = dict(permissions.by_link)
    for contact in over:
        link = (contact.satellite, contact.station)
        if link in by_link:
            by_link[link] = tuple(_and_also(said, contact.windows) for said in by_link[link])
    return replace(permissions, by_link=by_link)


def _and_also(said: LinkPermission, windows: Sequence[Span]) -> LinkPermission:
    """A permission that holds in further windows, where it does not hold there already."""
    if said.spans is None:
        return said
    missing = [w for w in windows if not any(a <= w[0] and w[1] <= b for a, b in said.spans)]
    return replace(said, spans=tuple(sorted((*said.spans, *missing)))) if missing else said

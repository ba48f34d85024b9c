"""Permission to shine for a whole network, and what avoid lists leave of it: every link."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path

from groundstation.network import Network
from groundstation.permission.avoid import avoided
from groundstation.permission.evaluate import permissions_at
from groundstation.permission.files import read_avoid_files, read_permission_files
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
    """Every file that permission rules and avoid lists of the network name, found or not."""
    folder = Path(network.folder)
    required = read_permission_files(folder, network.permissions, links_of(network))
    return (*required, *read_avoid_files(folder, network.avoid))


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
    permissions = _with_avoided(
        permissions_at(network.permissions, documents, links_of(network), now), network, documents
    )
    over = [c for c in previous.contacts if c.stop <= now] if previous else []
    by_link = dict(permissions.by_link)
    for contact in over:
        link = (contact.satellite, contact.station)
        if link in by_link:
            by_link[link] = tuple(_and_also(said, contact.windows) for said in by_link[link])
    return replace(permissions, by_link=by_link)


def _with_avoided(
    permissions: Permissions, network: Network, documents: Sequence[PermissionDocument]
) -> Permissions:
    """Permissions with what avoid lists leave of every satellite."""
    lists = [d for d in documents if any(fnmatch(d.path, pattern) for pattern in network.avoid)]
    if not lists:
        return permissions
    said = avoided(lists, [(s.name, s.norad_cat_id) for s in network.satellites])
    by_link = {
        (satellite, station): (
            *permissions.of(satellite, station),
            *said.by_satellite[satellite],
        )
        for satellite, _, station in links_of(network)
    }
    return Permissions(
        {link: own for link, own in by_link.items() if own},
        (*permissions.origins, *said.origins),
        (*permissions.warnings, *said.warnings),
    )


def _and_also(said: LinkPermission, windows: Sequence[Span]) -> LinkPermission:
    """A permission that holds in further windows, where it does not hold there already."""
    if said.spans is None:
        return said
    missing = [w for w in windows if not any(a <= w[0] and w[1] <= b for a, b in said.spans)]
    return replace(said, spans=tuple(sorted((*said.spans, *missing)))) if missing else said

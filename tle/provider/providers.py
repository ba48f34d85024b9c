"""Providers of element sets: their addresses, what is asked of them, and their rules.

CelesTrak      one catalogue number per query; a query at most every 2 h, which is how often the
               data change; an address that moved or refuses is left alone (usage policy and "How
               to Perform SupGP Queries", celestrak.org, read in 2026)
Space-Track    class gp once an hour for one account, away from the full hour (API documentation,
               space-track.org)
mirror         any address; once an hour
folder         files on this machine; no limit
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode, urlsplit, urlunsplit

from tle.errors import SourceError

SECONDS_PER_HOUR = 3_600.0
SECONDS_PER_DAY = 86_400.0

# A query names every satellite in its address, and servers cut addresses at about 8000 characters.
MOST_PER_QUERY = 500
# Minutes around the full hour in which everybody's timers fire.
_CROWDED_MINUTES = (58, 59, 0, 1, 2)


class SourceKind(StrEnum):
    """The kinds of source that a network file may name."""

    CELESTRAK = "celestrak"
    CELESTRAK_SUP = "celestrak-sup"
    SPACE_TRACK = "space-track"
    MIRROR = "mirror"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class ElementSource:
    """A source of element sets.

    Parameters
    ----------
    name : unique in the network
    kind : the provider
    address : base of the provider's addresses, the whole address of a mirror, or a folder's path
    credentials_file : with user and password; None where the environment holds them
    norad_cat_ids : catalogue numbers whose sets are wanted, ascending
    """

    name: str
    kind: SourceKind
    address: str
    credentials_file: str | None
    norad_cat_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """How a provider wants to be treated.

    Parameters
    ----------
    interval_s : shortest time between two requests
    is_per_address : True if the interval holds for all queries together, not for each
    avoids_full_hour : True if a request near the full hour has to wait
    most_future_s : an epoch further ahead than this is not believed
    """

    interval_s: float
    is_per_address: bool = False
    avoids_full_hour: bool = False
    most_future_s: float = 2.0 * SECONDS_PER_DAY


@dataclass(frozen=True, slots=True)
class Query:
    """One request: its address, and the satellites that it should be about."""

    url: str
    wanted: tuple[int, ...]


ADDRESSES = {
    SourceKind.CELESTRAK: "https://celestrak.org",
    SourceKind.CELESTRAK_SUP: "https://celestrak.org",
    SourceKind.SPACE_TRACK: "https://www.space-track.org",
}
RULES = {
    SourceKind.CELESTRAK: Rules(interval_s=2.0 * SECONDS_PER_HOUR),
    # Supplemental sets fitted to an operator's ephemeris are given for up to two weeks ahead.
    SourceKind.CELESTRAK_SUP: Rules(
        interval_s=2.0 * SECONDS_PER_HOUR, most_future_s=16.0 * SECONDS_PER_DAY
    ),
    SourceKind.SPACE_TRACK: Rules(
        interval_s=SECONDS_PER_HOUR, is_per_address=True, avoids_full_hour=True
    ),
    SourceKind.MIRROR: Rules(interval_s=SECONDS_PER_HOUR),
    SourceKind.FOLDER: Rules(interval_s=0.0),
}
_CELESTRAK_PATHS = {
    SourceKind.CELESTRAK: "/NORAD/elements/gp.php",
    SourceKind.CELESTRAK_SUP: "/NORAD/elements/supplemental/sup-gp.php",
}


def queries_of(source: ElementSource) -> tuple[Query, ...]:
    """The requests that bring every wanted satellite of a source over the network.

    Raises
    ------
    SourceError
        the source asks for more satellites than one address can name
    """
    base, numbers = source.address.rstrip("/"), source.norad_cat_ids
    if source.kind in _CELESTRAK_PATHS:
        path = _CELESTRAK_PATHS[source.kind]
        return tuple(
            Query(f"{base}{path}?{urlencode({'CATNR': number, 'FORMAT': 'JSON'})}", (number,))
            for number in numbers
        )
    if source.kind is SourceKind.SPACE_TRACK:
        if len(numbers) > MOST_PER_QUERY:
            raise SourceError(
                f"{source.name}: {len(numbers)} satellites are more than one query can name "
                f"(limit {MOST_PER_QUERY})",
                hint="name those that are needed in sources.satellites",
            )
        listed = ",".join(str(number) for number in numbers)
        path = f"/basicspacedata/query/class/gp/NORAD_CAT_ID/{listed}/orderby/NORAD_CAT_ID"
        return (Query(f"{base}{path}/format/json", numbers),)
    return (Query(source.address, numbers),)


def login_url(source: ElementSource) -> str:
    """Where Space-Track takes user and password."""
    return source.address.rstrip("/") + "/ajaxauth/login"


def unsafe_reason(url: str) -> str | None:
    """Why an address must not be asked; None if nothing speaks against it.

    >>> unsafe_reason("https://celestrak.org"), unsafe_reason("http://127.0.0.1:8000/gp")
    (None, None)
    >>> unsafe_reason("http://celestrak.org")
    'is not https'
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not an address"
    if parts.scheme not in {"http", "https"} or not host:
        return "is not an address like https://example.org"
    if parts.username is not None or parts.password is not None:
        return "holds a user name or a password"
    if parts.fragment:
        return "has a part after #, which is never sent"
    if parts.scheme == "http" and not is_loopback(url):
        return "is not https"
    return None


def is_loopback(url: str) -> bool:
    """True for an address on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown(url: str) -> str:
    """An address as messages show it: without its query, which may hold a token."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "that cannot be read"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def quiet_minute(identity: str) -> int:
    """The minute of the hour that an installation asks in, 5 to 54, always the same for it."""
    return 5 + hashlib.sha256(identity.encode()).digest()[0] * 50 // 256


def outside_full_hour(instant: datetime, minute: int) -> datetime:
    """An instant, or the given minute of the hour if it lies within 2 minutes of a full hour."""
    if instant.minute not in _CROWDED_MINUTES:
        return instant
    hour = (instant + timedelta(minutes=2)).replace(minute=0, second=0, microsecond=0)
    return hour + timedelta(minutes=minute)

"""Reports and forecasts of airports as a source: its interfaces, its rules, what is asked of it.

Terms: aviationweather.gov/data/api (Aviation Weather Center, United States' National Weather
Service), read in 2026: free, without a login; no interface more often than once a minute, 100
requests a minute in all, at most 400 reports an answer, a User-Agent of one's own. So all airports
are asked for in one query, and a failure is not tried again at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from tle.provider.providers import Rules
from tle.provider.transport import Limits


class ReportApi(StrEnum):
    """The interfaces that are asked: what is seen at airports, and what is expected there."""

    METAR = "metar"
    TAF = "taf"


ADDRESS = "https://aviationweather.gov"
RULES = {
    # Reports come every 30 or 60 minutes, special ones in between; forecasts every 6 h, amended in
    # between.
    ReportApi.METAR: Rules(interval_s=300.0),
    ReportApi.TAF: Rules(interval_s=1_800.0),
}
# A long forecast has 1 kB.
LIMITS = Limits(size_bytes=1_000_000, pauses_s=())
MOST_PER_QUERY = 400


@dataclass(frozen=True, slots=True)
class ReportSource:
    """A source of reports or forecasts of airports.

    Parameters
    ----------
    name : unique in the network
    api : which interface
    address : base of its addresses
    """

    name: str
    api: ReportApi
    address: str = ADDRESS


def report_url(source: ReportSource, airports: Iterable[str]) -> str:
    """The address of one query, always the same for the same airports."""
    query = {"ids": ",".join(sorted(set(airports))), "format": "raw"}
    return f"{source.address.rstrip('/')}/api/data/{source.api}?{urlencode(query)}"


def airport_key(source: ReportSource, airport: str) -> str:
    """Under which the reports of one airport are kept; no address that is ever asked."""
    return f"{source.address.rstrip('/')}/api/data/{source.api}#{airport}"

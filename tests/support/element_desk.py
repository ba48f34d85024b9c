"""A desk that fetches element sets: state on disk, a clock set by hand, made-up satellites."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from tle import archive
from tle.archive import stored_elements
from tle.elements import ElementSet
from tle.lines import format_lines
from tle.provider import fetches
from tle.provider.credentials import Credentials
from tle.provider.providers import ElementSource, SourceKind
from tle.provider.source_result import SourceResult
from tle.provider.sources import fetch_source
from tle.provider.transport import Limits, Transport

NOW = datetime(2026, 6, 14, 12, 10, tzinfo=UTC)
QUICK = Limits(connect_s=0.5, read_s=0.15, total_s=3.0, size_bytes=200_000, pauses_s=(2.0, 8.0))
NUMBERS = (25544, 41731, 60476)
HOUR = timedelta(hours=1)


def text_of(numbers: Iterable[int], day: float = 165.25) -> str:
    """Two-line sets of made-up satellites; day 165.25 of 2026 is 14 June, 6 h."""
    lines: list[str] = []
    for number in numbers:
        elements = ElementSet(
            norad_cat_id=number,
            name="",
            object_id="2016-051A",
            epoch_year=2026,
            epoch_day=day,
            mean_motion_rev_per_day=15.2,
            eccentricity=0.0012,
            inclination_deg=97.4,
            raan_deg=12.0,
            argument_of_perigee_deg=80.0,
            mean_anomaly_deg=280.0,
            bstar=1e-4,
        )
        lines += format_lines(elements)
    return "".join(f"{line}\n" for line in lines)


class Desk:
    """A database on disk, a clock that is set by hand, and one source."""

    def __init__(self, folder: Path, source: ElementSource) -> None:
        self.path = folder / "state.db"
        self.source = source
        self.now = NOW
        self.pauses_s: list[float] = []
        self.credentials: Credentials | None = None
        self.limits = QUICK

    def open(self) -> Database:
        db = Database(self.path)
        archive.migrations.apply(db)
        fetches.migrations.apply(db)
        return db

    def fetch(self, *, accept: bool = False, force: bool = False) -> SourceResult:
        """As a fresh process would: a new connection, a new transport."""
        db = self.open()
        try:
            return fetch_source(
                db,
                self.source,
                now=lambda: self.now,
                transport=Transport("test", self.limits, sleep=self.pauses_s.append),
                credentials=self.credentials,
                accept=accept,
                force=force,
            )
        finally:
            db.close()

    def stored(self) -> list[int]:
        db = self.open()
        try:
            return [elements.norad_cat_id for elements in stored_elements(db)]
        finally:
            db.close()

    def rows(self) -> list[dict[str, Any]]:
        db = self.open()
        try:
            return list(db.table("fetch").rows_where(order_by="id"))
        finally:
            db.close()


def source_of(kind, address, numbers=NUMBERS):
    return ElementSource("here", SourceKind(kind), address, None, tuple(numbers))

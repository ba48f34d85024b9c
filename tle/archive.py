"""Every element set ever seen, in SQLite, with where and when it came from."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from tle.elements import ElementSet
from tle.lines import parse_record

migrations = Migrations("tle")


@migrations()
def create_element_set(db: Database) -> None:
    """One row per set; the digest of its two lines identifies it."""
    db.table("element_set").create(
        {
            "digest": str,
            "norad_cat_id": int,
            "name": str,
            "epoch": str,
            "line1": str,
            "line2": str,
            "source": str,
            "retrieved_at": str,
        },
        pk="digest",
        not_null={"norad_cat_id", "epoch", "line1", "line2", "source", "retrieved_at"},
    )
    db.table("element_set").create_index(["norad_cat_id", "epoch"])


def add_elements(db: Database, sets: Iterable[ElementSet], retrieved_at: datetime) -> int:
    """Store sets that are not known yet in one transaction; return how many were new.

    A set that is known keeps the source and time of its first arrival.
    """
    rows = [_row(elements, retrieved_at) for elements in sets]
    before = db.table("element_set").count
    with db.atomic():
        db.table("element_set").insert_all(rows, ignore=True)
    return int(db.table("element_set").count - before)


def stored_elements(db: Database, norad_cat_id: int | None = None) -> list[ElementSet]:
    """All stored sets, or those of one object, by catalogue number and epoch."""
    where, arguments = ("norad_cat_id = ?", [norad_cat_id]) if norad_cat_id else (None, None)
    rows = db.table("element_set").rows_where(
        where, arguments, order_by="norad_cat_id, epoch, digest"
    )
    return [
        parse_record(row["line1"], row["line2"], name=row["name"], source=row["source"])
        for row in rows
    ]


def elements_at(sets: Iterable[ElementSet], instant: datetime) -> ElementSet | None:
    """The set whose epoch is nearest to an instant; None if there is none.

    For a prediction that is the latest set; for history a set from just after the instant is as
    good as one from just before.
    """
    return min(
        sets, key=lambda elements: (abs(elements.age_s(instant)), elements.digest), default=None
    )


def _row(elements: ElementSet, retrieved_at: datetime) -> dict[str, Any]:
    line1, line2 = elements.text.splitlines()
    return {
        "digest": elements.digest,
        "norad_cat_id": elements.norad_cat_id,
        "name": elements.name,
        "epoch": elements.epoch.isoformat().replace("+00:00", "Z"),
        "line1": line1,
        "line2": line2,
        "source": elements.source,
        "retrieved_at": retrieved_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }

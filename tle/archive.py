"""Every element set ever seen, in SQLite, with where and when it came from."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from tle.elements import ElementFormat, ElementSet
from tle.lines import parse_record
from tle.omm.record import elements_from_text

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


@migrations()
def keep_text_of_any_format(db: Database) -> None:
    """The published record of any format instead of two lines; no row and no digest changes."""
    table = db.table("element_set")
    table.add_column("format", str, not_null_default=ElementFormat.TLE.value)
    table.add_column("text", str, not_null_default="")
    db.execute("UPDATE element_set SET text = line1 || char(10) || line2 || char(10)")
    table.transform(drop={"line1", "line2"}, defaults={"format": None, "text": None})


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
    where, arguments = (
        (None, None) if norad_cat_id is None else ("norad_cat_id = ?", [norad_cat_id])
    )
    rows = db.table("element_set").rows_where(
        where, arguments, order_by="norad_cat_id, epoch, digest"
    )
    return [_elements(row) for row in rows]


def elements_at(sets: Iterable[ElementSet], instant: datetime) -> ElementSet | None:
    """The set whose epoch is nearest to an instant; None if there is none.

    For a prediction that is the latest set; for history a set from just after the instant is as
    good as one from just before. Of one epoch an OMM comes before a TLE, which has fewer digits.
    """
    return min(
        sets,
        key=lambda elements: (
            abs(elements.age_s(instant)),
            elements.format is ElementFormat.TLE,
            elements.digest,
        ),
        default=None,
    )


def _row(elements: ElementSet, retrieved_at: datetime) -> dict[str, Any]:
    return {
        "digest": elements.digest,
        "norad_cat_id": elements.norad_cat_id,
        "name": elements.name,
        "epoch": elements.epoch.isoformat().replace("+00:00", "Z"),
        "format": elements.format.value,
        "text": elements.text,
        "source": elements.source,
        "retrieved_at": retrieved_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }


def _elements(row: dict[str, Any]) -> ElementSet:
    # A database that is opened for reading only may still be as the first migration made it.
    text = row.get("text") or f"{row['line1']}\n{row['line2']}\n"
    form = ElementFormat(row.get("format", ElementFormat.TLE))
    if form is ElementFormat.TLE:
        line1, line2 = text.splitlines()
        return parse_record(line1, line2, name=row["name"], source=row["source"])
    return elements_from_text(text, name=row["name"], source=row["source"], form=form)

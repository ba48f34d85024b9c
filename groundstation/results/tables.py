"""Tables of the results room in the state database; rows are added, never changed or removed.

- `pass_forecast` : every forecast that was issued for a pass, by the digest of its content.
- `pass_reference` : the expected counts of forecasts, by the digest of their bytes.
- `result` : every version of every result; the highest version of a pass counts.
- `calibration` : every fit, by the digest of what it was fitted to.
"""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("results")

_GUARDED = ("pass_forecast", "pass_reference", "result", "calibration")


@migrations()
def create_forecasts(db: Database) -> None:
    """Forecasts as they were issued, and what their budgets expect."""
    db.table("pass_reference").create(
        {"sha256": str, "content": bytes}, pk="sha256", not_null={"content"}
    )
    db.table("pass_forecast").create(
        {
            "sha256": str,
            "pass_id": str,
            "night": str,
            "plan_id": str,
            "issued_at": str,
            "reference_sha256": str,
            "document": str,
        },
        pk="sha256",
        not_null={"pass_id", "night", "plan_id", "issued_at", "reference_sha256", "document"},
        foreign_keys=[("reference_sha256", "pass_reference", "sha256")],
    )
    db.table("pass_forecast").create_index(["pass_id", "issued_at"])


@migrations()
def create_results(db: Database) -> None:
    """Results with the forecast they are compared with."""
    db.table("result").create(
        {
            "id": int,
            "pass_id": str,
            "version": int,
            "night": str,
            "satellite": str,
            "station": str,
            "sha256": str,
            "document": str,
            "forecast_sha256": str,
            "is_hindsight": int,
            "file": str,
            "recorded_at": str,
        },
        pk="id",
        not_null={
            "pass_id",
            "version",
            "night",
            "satellite",
            "station",
            "sha256",
            "document",
            "is_hindsight",
            "file",
            "recorded_at",
        },
        foreign_keys=[("forecast_sha256", "pass_forecast", "sha256")],
    )
    db.table("result").create_index(["pass_id", "version"], unique=True)
    db.table("result").create_index(["night"])


@migrations()
def create_calibration(db: Database) -> None:
    """Fits by what they were fitted to; the night they are used from."""
    db.table("calibration").create(
        {
            "id": int,
            "calibration_id": str,
            "from_night": str,
            "made_at": str,
            "last_result": int,
            "document": str,
        },
        pk="id",
        not_null={"calibration_id", "from_night", "made_at", "last_result", "document"},
    )
    # Not unique: a correction that is taken back makes an earlier calibration the newest again.
    db.table("calibration").create_index(["calibration_id"])
    db.table("calibration").create_index(["from_night"])


@migrations()
def forbid_change(db: Database) -> None:
    """What was recorded stays recorded, whoever writes to the tables."""
    for table in _GUARDED:
        for action in ("UPDATE", "DELETE"):
            db.execute(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )

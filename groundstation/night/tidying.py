"""What steps made for a plan that has been replaced is dropped; inputs are never.

The newest output of every step of the newest nights stays, so that their next run finds it. What
is dropped can be computed again from the inputs that are kept.
"""

from sqlite_utils import Database

from groundstation.night.steps import Step, StepStatus
from groundstation.night.store import Store

NIGHTS_KEPT = 3

_MADE = (Step.PASSES, Step.FORECAST, Step.EXPORT, Step.REPORT)
# Older rows were dropped by earlier runs.
_ROWS_LOOKED_AT = 1_000


def drop_outdated(db: Database, store: Store) -> None:
    """Drop what the steps of older runs made; their inputs and plans stay."""
    rows = list(
        db.query(
            "SELECT night, step, output_hash FROM night_step "
            "WHERE status = ? AND output_hash != '' ORDER BY id DESC LIMIT ?",
            [StepStatus.DONE.value, _ROWS_LOOKED_AT],
        )
    )
    nights = list(dict.fromkeys(row["night"] for row in rows))[:NIGHTS_KEPT]
    newest: dict[tuple[str, str], str] = {}
    for row in rows:
        newest.setdefault((row["night"], row["step"]), row["output_hash"])
    kept = {digest for (night, _), digest in newest.items() if night in nights}
    # Anything that is not made by these steps is an input, or the decision of a plan.
    kept |= {row["output_hash"] for row in rows if row["step"] not in _MADE}
    store.drop({row["output_hash"] for row in rows} - kept)

"""The last step: tell people and machines what changed, once."""

import json
from typing import Any

from groundstation.errors import GroundStationError
from groundstation.export.own_night import own_night
from groundstation.instants import utc_text
from groundstation.night.notifier import NightSummary, Notifier, notify_all
from groundstation.night.publishing import digest_of
from groundstation.night.record_codec import encode
from groundstation.night.run import NightRun
from groundstation.night.steps import Step


class _UntoldError(GroundStationError):
    """Somebody could not be told; the step is made again by the next run."""


def make_notify(run: NightRun) -> None:
    """Tell every notifier that was not told of this plan already; failures are warnings."""
    files: dict[str, str] = run.output(Step.EXPORT)
    document, digest = json.loads(files["plan.json"]), digest_of(files)
    names = sorted(notifier.identity for notifier in run.notifiers)

    def work() -> bytes:
        before = _told(run)
        waiting = [item for item in run.notifiers if before.get(item.identity) != digest]
        failures = notify_all(
            waiting, summary_of(run, document), lambda item: _remember(run, item, digest)
        )
        if failures:
            raise _UntoldError("; ".join(failures))
        return encode({"told": tuple(names)})

    last = run.log.last_done(Step.NOTIFY)
    inputs = run.hash_of("notify", digest, names)
    if not names and last is not None:
        # Nobody is there to be told, as in a run offline: who was told stays on record.
        inputs = last.input_hash
    try:
        run.make(Step.NOTIFY, inputs, work)
    except _UntoldError as error:
        run.remarks.append(str(error))


def _told(run: NightRun) -> dict[str, str]:
    """Digest of the files that each notifier was told of last, by its identity."""
    rows = run.db.table("notified").rows_where("night = ?", [run.night])
    return {str(row["notifier"]): str(row["files"]) for row in rows}


def _remember(run: NightRun, notifier: Notifier, digest: str) -> None:
    """Write down at once who was told: a run that is killed now does not tell them again."""
    with run.db.atomic():
        run.db.table("notified").upsert(
            {
                "night": run.night,
                "notifier": notifier.identity,
                "files": digest,
                "told_at": utc_text(run.clock()),
            },
            pk=("night", "notifier"),
        )


def summary_of(run: NightRun, document: dict[str, Any]) -> NightSummary:
    """The night in the words of its plan document; of several nights only the first."""
    tonight = own_night(document)["contacts"]
    warnings = (*document["warnings"], *run.warnings)
    difference = document["difference"]
    return NightSummary(
        network=run.network.name,
        title=run.network.title,
        night=run.night,
        plan_id=document["plan_id"],
        status="degraded" if warnings else "done",
        contacts=len(tonight),
        key_bits=sum(contact["key_bits"] for contact in tonight),
        changes=() if difference is None else tuple(difference["sentences"]),
        warnings=warnings,
        folder=str(run.folder / "nights" / run.night),
    )

"""What the network file wants a night to be exported as, beside the files of every night.

The rules it keeps:

1. These files are published with the plan: in its folder, before any link moves.
2. A calendar goes on from the one that is published; a damaged one is said and begun anew.
3. A format that cannot be written is left out and said, in every run until it can be.
"""

from pathlib import Path

from groundstation.errors import GroundStationError, StateError
from groundstation.export.formats import CALENDAR, FORMATS, ExportSettings
from groundstation.export.publish import named
from groundstation.night_records import NightOutcome
from passes.errors import PassError
from tle.errors import TleError

MISSING = "not-exported.txt"


def further_files(outcome: NightOutcome, latest: Path) -> dict[str, str]:
    """Texts of the formats that `[export]` names, by path in the night's folder.

    `MISSING` is among them where something is left out, one sentence a line.

    Parameters
    ----------
    latest : folder of what is published, of whichever night; it need not exist
    """
    policy = outcome.network.export
    files: dict[str, str] = {}
    missing: list[str] = []
    for name in policy.formats:
        previous = _calendar_in(latest) if name == "ics" else None
        try:
            files |= _files(outcome, name, previous)
        except StateError as error:
            missing.append(f"{error}; the calendar begins anew")
            files |= _files(outcome, name, None)
        except (GroundStationError, PassError, TleError) as error:
            missing.append(f"not exported as {name}: {error}")
    if missing:
        files[MISSING] = "".join(f"{' '.join(sentence.split())}\n" for sentence in missing)
    return files


def _files(outcome: NightOutcome, name: str, previous: bytes | None) -> dict[str, str]:
    policy = outcome.network.export
    settings = ExportSettings(policy.pointing_rate_hz, previous)
    made = list(FORMATS[name].write(outcome, settings))
    paths = named(made, policy.pattern, night=outcome.night, plan_id=outcome.plan.plan_id)
    return {path: content.decode("utf-8") for path, content in paths.items()}


def _calendar_in(latest: Path) -> bytes | None:
    """The calendar that is published, wherever the pattern has put it."""
    found = sorted(latest.rglob(f"*{CALENDAR}*")) if latest.is_dir() else []
    return found[0].read_bytes() if found else None

"""The seam behind which notifications are sent; a night knows nothing else of them.

The rules it keeps:

1. A notification that fails is a warning: it never fails a night, and it is sent again by the next
   run, to whom it failed and to nobody else.
2. What changed is told once: a run that changes nothing sends nothing. A run that is killed
   between sending and writing that down sends again, with the same plan id.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from groundstation.errors import GroundStationError


@dataclass(frozen=True, slots=True)
class NightSummary:
    """What people are told of a night.

    Parameters
    ----------
    network, title, night, plan_id : identities
    status : "done" or "degraded"
    contacts, key_bits : number of contacts, and their key under a clear sky
    changes : sentences against the plan before; empty for a first plan
    warnings : sentences on what is degraded
    folder : where the files of the night lie
    """

    network: str
    title: str
    night: str
    plan_id: str
    status: str
    contacts: int
    key_bits: int
    changes: tuple[str, ...]
    warnings: tuple[str, ...]
    folder: str


class Notifier(Protocol):
    """Something that tells people or machines of a night."""

    @property
    def identity(self) -> str:
        """The same in every run, another for every address; nothing secret follows from it."""

    def send(self, summary: NightSummary) -> None:
        """Tell it; raises GroundStationError or OSError if it could not be told."""


def notify_all(
    notifiers: Sequence[Notifier],
    summary: NightSummary,
    told: Callable[[Notifier], None] | None = None,
) -> list[str]:
    """Tell everybody; a sentence for each who could not be told.

    Parameters
    ----------
    told : called with each who was told, at once
    """
    failures = []
    for notifier in notifiers:
        try:
            notifier.send(summary)
        except (GroundStationError, OSError) as error:
            failures.append(f"notification by {type(notifier).__name__} failed: {error}")
        else:
            if told is not None:
                told(notifier)
    return failures

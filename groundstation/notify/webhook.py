"""The summary of a night to a web address, as JSON."""

import json
from dataclasses import dataclass, field

from groundstation.night.notifier import NightSummary
from groundstation.notify.identity import digest_of
from groundstation.notify.message import document
from groundstation.notify.posting import post


@dataclass(frozen=True, slots=True)
class Webhook:
    """A web address that takes `night-summary/1`; it may hold a token and is never printed."""

    url: str = field(repr=False)

    @property
    def identity(self) -> str:
        """Kind and digest of the address."""
        return f"webhook {digest_of(self.url)}"

    def send(self, summary: NightSummary) -> None:
        """Post the summary.

        Raises
        ------
        NotifyError
            the address did not take it
        """
        post(self.url, json.dumps(document(summary)).encode(), "application/json")

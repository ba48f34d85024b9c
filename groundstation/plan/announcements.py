"""When the key of a contact can be used: satellites announce what joins two keys.

The rules it keeps:

1. A satellite announces the exclusive-or of two keys, and sifts and corrects each of them, in radio
   contacts. Key of a contact counts from the end of the first radio contact that begins after it.
2. A satellite without radio stations announces at once, or a delay after the contact.
3. Key that is announced in a later night counts from that night on; after the plan's last night it
   only fills its pool.

A pair needs two contacts; the radio contact after the later one carries what joins them.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from groundstation.plan.horizon import NIGHT, Horizon
from groundstation.plan.records import Span


@dataclass(frozen=True, slots=True)
class Announcements:
    """Radio contacts and delays of satellites.

    Parameters
    ----------
    radio : of every satellite that has radio stations, in order of their beginning
    delay_s : of every satellite that needs time after a contact
    until : to which radio contacts were looked for; a key without any is announced later
    """

    radio: Mapping[str, Sequence[Span]] = field(default_factory=dict)
    delay_s: Mapping[str, float] = field(default_factory=dict)
    until: datetime | None = None

    def is_at_once(self, satellite: str) -> bool:
        """Whether key counts from the end of its contact."""
        return satellite not in self.radio and not self.delay_s.get(satellite, 0.0)

    def announced_at(self, satellite: str, stop: datetime) -> datetime | None:
        """When the key of a contact that ends at an instant is announced; None where it is not."""
        ready = stop + timedelta(seconds=self.delay_s.get(satellite, 0.0))
        if satellite not in self.radio:
            return ready
        spans = self.radio[satellite]
        first = bisect_left(spans, ready, key=lambda span: span[0])
        # Contacts over two radio stations overlap: one that begins later may end sooner.
        return min((span[1] for span in spans[first:]), default=None)

    def counts_from(self, satellite: str, stop: datetime) -> datetime | None:
        """The same with the end of the search for what is not announced; None for at once."""
        if self.is_at_once(satellite):
            return None
        return self.announced_at(satellite, stop) or self.until

    def period_of(self, horizon: Horizon, satellite: str, stop: datetime) -> int:
        """The night from which on key of a contact may be delivered; `horizon.periods` for none."""
        night = horizon.night_of(stop)
        if self.is_at_once(satellite):
            return night
        at = self.announced_at(satellite, stop)
        if at is None:
            return horizon.periods
        return max(night, min((at - horizon.start) // NIGHT, horizon.periods))

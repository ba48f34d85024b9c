"""Which time the ledger believes.

- Time never runs backwards here: the time that counts is the latest ever seen, or now if later.
- A step forward beyond the limit is not believed before a person confirms it. Until then key is
  judged by the later time (nothing that might have expired is handed out), but the ledger does not
  remember that time and expires nothing: when the clock is put right, nothing was lost.
"""

from dataclasses import dataclass

SECONDS_PER_DAY = 86_400.0
LARGEST_STEP_S = 2 * SECONDS_PER_DAY


@dataclass(frozen=True, slots=True)
class Clock:
    """One reading of the clock, as the ledger believes it.

    Parameters
    ----------
    now : for judging whether key is too old; never before `latest`
    latest : what the ledger remembers and writes into its entries
    """

    now: float
    latest: float

    @property
    def step_s(self) -> float:
        """Seconds by which the clock is ahead of what is believed; 0 if it is believed."""
        return self.now - self.latest


def read_clock(
    now: float, latest: float, *, largest_step_s: float = LARGEST_STEP_S, is_confirmed: bool = False
) -> Clock:
    """The reading to judge one command by.

    Parameters
    ----------
    now : what the clock shows, seconds since 1970
    latest : the latest time that the ledger has seen
    largest_step_s : that is believed without confirmation
    is_confirmed : a person says that the clock is right
    """
    later = max(now, latest)
    if later - latest > largest_step_s and not is_confirmed:
        return Clock(later, latest)
    return Clock(later, later)

"""One thing that `groundstation doctor` has looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: `state` is "ok", "degraded" or "failed"."""

    check: str
    state: str
    detail: str

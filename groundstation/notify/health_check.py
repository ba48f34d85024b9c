"""Pings to a monitor that raises an alarm when a night does not end, or ends badly.

The addresses are those of healthchecks.io and its kin: `URL/start` when a run starts and
`URL/<exit status>` when it ends, with the end of the log as body.
"""

from groundstation.notify.errors import NotifyError
from groundstation.notify.posting import post

# healthchecks.io keeps the first 100 kB of a body; the end of a log is what matters.
MOST_BYTES = 10_000


def ping_start(url: str) -> str | None:
    """Say that a run starts; a sentence if that failed."""
    return _ping(url, "start", "")


def ping_end(url: str, exit_status: int, log: str) -> str | None:
    """Say how a run ended; a sentence if that failed.

    Exit status 3, done but degraded, is a success with a message: its alarm is in the notification.
    """
    status = 0 if exit_status == 3 else exit_status
    return _ping(url, str(status), log)


def _ping(url: str, what: str, log: str) -> str | None:
    body = log.encode("utf-8", "replace")[-MOST_BYTES:]
    try:
        post(f"{url.rstrip('/')}/{what}", body, "text/plain; charset=utf-8")
    except NotifyError as error:
        return f"health check: {error}"
    return None

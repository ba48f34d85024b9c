"""Whether the machine's clock can be trusted: the kernel's own word, and what was seen before."""

import ctypes
import os
from datetime import datetime, timedelta

# adjtimex(2): the clock is not synchronised.
TIME_ERROR = 5
STA_UNSYNC = 0x0040
# A run may end while another writes; a clock that went back by more was set.
MOST_BACK = timedelta(minutes=2)


class _Timex(ctypes.Structure):
    """struct timex of the Linux kernel, 64 bit (linux/timex.h)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time_sec", ctypes.c_long),
        ("time_usec", ctypes.c_long),
        ("tick", ctypes.c_long),
        ("ppsfreq", ctypes.c_long),
        ("jitter", ctypes.c_long),
        ("shift", ctypes.c_int),
        ("stabil", ctypes.c_long),
        ("jitcnt", ctypes.c_long),
        ("calcnt", ctypes.c_long),
        ("errcnt", ctypes.c_long),
        ("stbcnt", ctypes.c_long),
        ("tai", ctypes.c_int),
        ("rest", ctypes.c_int * 11),
    )


def kernel_says_synchronised() -> bool | None:
    """What adjtimex(2) says, asked without changing anything; None where it cannot be asked."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        buffer = _Timex()
        state = library.adjtimex(ctypes.byref(buffer))
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    return state != TIME_ERROR and not buffer.status & STA_UNSYNC


def clock_state(
    now: datetime, last_seen: datetime | None, *, is_synchronised: bool | None
) -> tuple[str, str]:
    """State ("ok", "degraded", "failed") and a sentence.

    Parameters
    ----------
    now : aware UTC
    last_seen : the latest instant in the state database, None where there is none
    is_synchronised : what the kernel says
    """
    if last_seen is not None and now < last_seen - MOST_BACK:
        return (
            "failed",
            f"{now:%Y-%m-%dT%H:%MZ} is before the last run at {last_seen:%Y-%m-%dT%H:%MZ}",
        )
    zone = os.environ.get("TZ", "")
    told = f" (TZ={zone}; all times are UTC all the same)" if zone not in {"", "UTC"} else ""
    if is_synchronised is False:
        return "degraded", f"not synchronised: start an NTP client{told}"
    if is_synchronised is None:
        return "ok", f"the kernel does not say whether it is synchronised{told}"
    return "ok", f"synchronised{told}"

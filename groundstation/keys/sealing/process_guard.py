"""Keep a process that holds key from leaving its memory behind.

No core dump is written, and no other process of the same user may attach or read its memory
(prctl(2), PR_SET_DUMPABLE). Memory can still be swapped out: use encrypted swap or none.
"""

import ctypes
import os
import resource
import sys

from groundstation.keys.sealing.errors import SealError

_PR_SET_DUMPABLE = 4


def forbid_core_dumps() -> None:
    """Set the core size to zero for good and the process to undumpable; children inherit the first.

    Raises
    ------
    SealError
        the system refuses; the process must not load key then
    """
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ValueError, OSError) as error:
        raise SealError(f"cannot switch core dumps off: {error}") from error
    if not sys.platform.startswith("linux"):
        return
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        reason = os.strerror(ctypes.get_errno()).lower()
        raise SealError(f"cannot make the process undumpable: {reason}")

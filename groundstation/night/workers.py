"""Work of a large night shared among processes.

The rules it keeps:

1. What is made does not depend on how many processes make it: work comes in batches, a batch is
   made the same way anywhere, and answers are put together in the order of the batches.
2. A process that dies stops the work with a sentence; nothing waits for it for ever.
3. A process whose caller is gone ends, too.
4. A small night is made by one process: starting another takes longer.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TypeVar

from groundstation.errors import GroundStationError
from groundstation.network import Network

_Batch = TypeVar("_Batch")
_Answer = TypeVar("_Answer")

# Satellites times stations times nights. Every one of them is a hundredth of a second of work;
# another process needs two seconds until it is ready.
LARGE_NIGHT = 1_000
# Each process needs some 250 MB: a small machine with many cores must not run out of memory.
MOST_PROCESSES = 4


class WorkerError(GroundStationError):
    """A process that shared the work ended before its part was done."""


def is_large(network: Network) -> bool:
    """Whether a network's nights are worth more than one process, and too many to keep whole."""
    pairs = len(network.satellites) * len(network.stations)
    return pairs * network.policies.horizon_nights >= LARGE_NIGHT


def processes_for(network: Network) -> int:
    """How many processes plan a network here: one for a small one, else one for each core."""
    if not is_large(network):
        return 1
    return min(MOST_PROCESSES, _cores())


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_processes(
    work: Callable[[_Batch], _Answer],
    batches: Sequence[_Batch],
    *,
    processes: int,
    doing: str,
) -> list[_Answer]:
    """What `work` makes of every batch, in their order.

    Parameters
    ----------
    work : a function of a module, or a partial of one: it has to travel
    processes : 1 makes everything here
    doing : what is being done, for a sentence if it fails

    Raises
    ------
    WorkerError
        a process was killed, or ran out of memory
    """
    if processes < 2 or len(batches) < 2:
        return [work(batch) for batch in batches]
    # Not forked: threads of this process would be missing in the other with their locks held.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(processes, len(batches)), context, initializer=_begin)
    try:
        return list(pool.map(work, batches))
    except BrokenProcessPool as error:
        raise WorkerError(
            f"{doing}: one of {processes} processes ended before its part was done",
            hint="it was killed, or the memory was not enough; run again",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """What a process does before its first batch."""
    # The caller is interrupted and ends its helpers; they need no traceback of their own.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """Wait until the caller is gone, then go."""
    with contextlib.suppress(OSError):
        wait([sentinel])
    os._exit(1)

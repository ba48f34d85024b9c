"""Work shared among processes: order, one process or several, processes that die."""

import contextlib
import dataclasses
import operator
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from groundstation.night.workers import (
    LARGE_NIGHT,
    WorkerError,
    in_processes,
    is_large,
    processes_for,
)

# A spawned interpreter with numpy is ready after a second or two, on a busy machine after ten.
PATIENCE_S = 60.0
ORPHANS = """
import time
from groundstation.night.workers import in_processes
if __name__ == "__main__":
    print("started", flush=True)
    in_processes(time.sleep, [600.0, 600.0], processes=2, doing="sleeping")
"""


def test_one_process_makes_every_batch_in_order():
    assert in_processes(operator.neg, [3, 1, 2], processes=1, doing="turning") == [-3, -1, -2]


def test_nothing_to_do_needs_no_process():
    assert in_processes(operator.neg, [], processes=4, doing="turning") == []


def test_a_small_network_is_planned_by_one_process(europe):
    assert not is_large(europe.network)
    assert processes_for(europe.network) == 1


def test_a_network_is_large_from_a_thousand_pairs_and_nights_on(europe):
    pairs = len(europe.network.satellites) * len(europe.network.stations)
    for nights, expected in ((-(-LARGE_NIGHT // pairs), True), ((LARGE_NIGHT - 1) // pairs, False)):
        policies = dataclasses.replace(europe.network.policies, horizon_nights=nights)
        network = dataclasses.replace(europe.network, policies=policies)
        assert is_large(network) is expected
        assert processes_for(network) >= 1


@pytest.mark.slow
def test_answers_of_several_processes_come_in_the_order_of_the_batches():
    batches = list(range(40))
    assert in_processes(operator.neg, batches, processes=2, doing="turning") == [
        -b for b in batches
    ]


@pytest.mark.slow
@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGSEGV])
def test_a_process_that_dies_is_told_and_waited_for_no_longer(death):
    begin = time.monotonic()
    with pytest.raises(WorkerError, match="looking for passes: one of 2 processes ended") as caught:
        in_processes(signal.raise_signal, [death, death], processes=2, doing="looking for passes")
    assert "memory" in str(caught.value.hint)
    assert time.monotonic() - begin < PATIENCE_S


@pytest.mark.slow
def test_a_fault_of_the_work_itself_comes_back_as_it_is():
    for processes in (1, 2):
        with pytest.raises(ValueError, match="invalid literal for int"):
            in_processes(int, ["1", "one"], processes=processes, doing="reading")


def children_of(process):
    listed = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def wait_until(is_true):
    end = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def is_running(process):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are read from /proc")
def test_processes_whose_caller_was_killed_end(tmp_path):
    script = tmp_path / "orphans.py"
    script.write_text(ORPHANS)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        assert caller.stdout.readline() == b"started\n"
        # Two helpers and multiprocessing's own tracker of resources.
        wait_until(lambda: len(children_of(caller.pid)) >= 3)
        helpers = children_of(caller.pid)
        # They listen for their caller's end once they have begun with their batch.
        time.sleep(5.0)
        os.kill(caller.pid, signal.SIGKILL)
    wait_until(lambda: not any(is_running(helper) for helper in helpers))

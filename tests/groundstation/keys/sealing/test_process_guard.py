"""A process that holds key leaves no core dump and lets nobody look."""

import subprocess
import sys

CODE = """
import ctypes, os, resource, signal
from groundstation.keys.sealing.process_guard import forbid_core_dumps
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
forbid_core_dumps()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)
os.abort()
"""


def test_an_aborted_process_leaves_no_core_and_is_not_dumpable(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["(0,", "0)", "0"], done.stderr
    assert done.returncode == -6
    assert list(tmp_path.iterdir()) == []

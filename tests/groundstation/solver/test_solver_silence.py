"""What HiGHS prints by itself never reaches standard output, which other programs read."""

import os
import subprocess
import sys

import click
import pytest

from groundstation.plan.solver.silence import silenced


def test_what_a_library_prints_is_dropped_and_everything_else_is_not():
    code = (
        "import ctypes, os; from groundstation.plan.solver.silence import silenced\n"
        "library = ctypes.CDLL(None)\n"
        "print('before')\n"
        "with silenced():\n"
        "    library.printf(b'noise in the buffer of the library\\n')\n"
        "    os.write(1, b'noise at once\\n')\n"
        "print('after')\n"
    )
    # Unbuffered, the library would keep nothing back that could come out later.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    )
    assert done.stdout == "before\nafter\n"


def test_an_error_inside_gives_standard_output_back(capfd):
    with pytest.raises(ZeroDivisionError), silenced():
        _ = 1 / 0
    click.echo("after")
    assert capfd.readouterr().out == "after\n"


def test_a_process_without_standard_output_goes_on():
    code = (
        "import os, sys; from groundstation.plan.solver.silence import silenced; os.close(1)\n"
        "with silenced(): print('inside', file=sys.stderr)\n"
        "os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "inside\n")

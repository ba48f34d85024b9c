"""What HiGHS prints by itself never reaches standard output, which other programs read."""

import ctypes
import os
import subprocess
import sys

import click
import pytest

from groundstation.plan.solver.silence import silenced


def test_what_a_library_prints_is_dropped_and_everything_else_is_not(capfd):
    library = ctypes.CDLL(None)
    click.echo("before")
    with silenced():
        library.printf(b"noise in the library's buffer\n")
        os.write(1, b"noise at once\n")
    click.echo("after")
    library.fflush(None)
    assert capfd.readouterr().out == "before\nafter\n"


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

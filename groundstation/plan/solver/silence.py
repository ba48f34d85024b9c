"""Keeps what a compiled library prints away from standard output, which other programs read."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_STANDARD_OUTPUT = 1


@contextmanager
def silenced() -> Iterator[None]:
    """Nothing that is printed below Python reaches standard output meanwhile.

    HiGHS as of scipy 1.17.1 prints a line about its own sub-solver now and then, whatever its
    options say. The library's buffer is emptied on either side, so that nothing comes out later.
    """
    sys.stdout.flush()
    library = ctypes.CDLL(None)
    library.fflush(None)
    try:
        kept = os.dup(_STANDARD_OUTPUT)
    except OSError:
        # Closed by whoever started this process: nobody reads it.
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, _STANDARD_OUTPUT)
        yield
    finally:
        library.fflush(None)
        os.dup2(kept, _STANDARD_OUTPUT)
        os.close(nowhere)
        os.close(kept)

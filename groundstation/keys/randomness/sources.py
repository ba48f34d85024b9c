"""Raw bytes of a hardware generator: from a file, a character device or a command.

All of them give exactly as many bytes as were asked for, in time, or none. What a device gives is
not random because it comes from a device: `groundstation.keys.randomness.mixing` tests it.
"""

import os
import select
import stat
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from groundstation.keys.randomness.errors import RandomnessError

PLACEHOLDER = "{bytes}"


class RawSource(Protocol):
    """Something that gives raw bytes."""

    @property
    def name(self) -> str:
        """For records: which device, without any of its bytes."""

    def read(self, n_bytes: int) -> bytes:
        """Exactly so many bytes; RandomnessError where it has not got them."""


class RecordedFile:
    """Bytes that a generator wrote to a file before; each is read once.

    Parameters
    ----------
    path : regular file
    offset_bytes : where to begin. Whoever stops and starts again keeps `position_bytes` and gives
        it back: bytes that were used before are random only while they are used once
    """

    def __init__(self, path: Path, offset_bytes: int = 0) -> None:
        if offset_bytes < 0:
            raise RandomnessError(f"offset of {offset_bytes} bytes is negative", where=str(path))
        self._path = path
        self._position = offset_bytes

    @property
    def name(self) -> str:
        """The file."""
        return f"file {self._path.name}"

    @property
    def position_bytes(self) -> int:
        """How far the file is used up."""
        return self._position

    def read(self, n_bytes: int) -> bytes:
        """The next bytes; none at all where the file holds fewer."""
        try:
            if not stat.S_ISREG(self._path.stat().st_mode):
                raise RandomnessError(f"{self.name} is not a regular file")
            with self._path.open("rb") as file:
                file.seek(self._position)
                found = file.read(n_bytes)
        except OSError as error:
            raise _unreadable(self.name, error) from error
        if len(found) < n_bytes:
            raise RandomnessError(
                f"{self.name} has {len(found)} of {n_bytes} bytes left",
                hint="record new ones; a file is not used twice",
            )
        self._position += n_bytes
        return found


@dataclass(frozen=True, slots=True)
class CharacterDevice:
    """A device of the operating system that is read like a file.

    Parameters
    ----------
    path : such as /dev/qrandom0
    timeout_s : for one read as a whole
    """

    path: Path
    timeout_s: float = 10.0

    @property
    def name(self) -> str:
        """The device."""
        return f"device {self.path.name}"

    def read(self, n_bytes: int) -> bytes:
        """Bytes as they come."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as error:
            raise _unreadable(self.name, error) from error
        try:
            if not stat.S_ISCHR(os.fstat(descriptor).st_mode):
                raise RandomnessError(f"{self.name} is not a character device")
            return self._read(descriptor, n_bytes)
        except OSError as error:
            raise _unreadable(self.name, error) from error
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int, n_bytes: int) -> bytes:
        found = bytearray()
        deadline = time.monotonic() + self.timeout_s
        while len(found) < n_bytes:
            ready, _, _ = select.select([descriptor], [], [], max(deadline - time.monotonic(), 0.0))
            part = os.read(descriptor, n_bytes - len(found)) if ready else b""
            if not part:
                why = "ended" if ready else f"was silent for {self.timeout_s:g} s"
                raise RandomnessError(f"{self.name} {why} after {len(found)} of {n_bytes} bytes")
            found += part
        return bytes(found)


@dataclass(frozen=True, slots=True)
class Command:
    """A program that writes random bytes to its standard output.

    Parameters
    ----------
    arguments : program and arguments, without a shell; `{bytes}` stands for the number of bytes
    timeout_s : for one run
    """

    arguments: Sequence[str]
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        """Refuse a command that is none."""
        if not self.arguments:
            raise RandomnessError("a command without a program gives no bytes")

    @property
    def name(self) -> str:
        """The program without its path and arguments."""
        return f"command {Path(self.arguments[0]).name}"

    def read(self, n_bytes: int) -> bytes:
        """Everything that one run writes, which must be exactly so many bytes."""
        arguments = [part.replace(PLACEHOLDER, str(n_bytes)) for part in self.arguments]
        try:
            # What it writes to standard error is not kept: a driver could print what it reads.
            ended = subprocess.run(  # noqa: S603  the operator's own command, without a shell
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=self.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            # The exception holds what was read; it does not travel on.
            raise RandomnessError(f"{self.name} took more than {self.timeout_s:g} s") from None
        except OSError as error:
            raise _unreadable(self.name, error) from error
        if ended.returncode != 0:
            raise RandomnessError(f"{self.name} ended with status {ended.returncode}")
        if len(ended.stdout) != n_bytes:
            raise RandomnessError(
                f"{self.name} wrote {len(ended.stdout)} bytes, asked for {n_bytes}"
            )
        return ended.stdout


@dataclass(frozen=True, slots=True)
class Callback:
    """Bytes of a function, for generators that have a Python library of their own."""

    label: str
    function: Callable[[int], bytes]

    @property
    def name(self) -> str:
        """As it was called."""
        return self.label

    def read(self, n_bytes: int) -> bytes:
        """What the function gives."""
        found = self.function(n_bytes)
        if len(found) != n_bytes:
            raise RandomnessError(f"{self.label} gave {len(found)} bytes, asked for {n_bytes}")
        return found


def _unreadable(name: str, error: OSError) -> RandomnessError:
    return RandomnessError(f"cannot read {name}: {(error.strerror or str(error)).lower()}")

"""Commands to a running station process, through a socket that only its user can open.

The process holds the ledger's lock; `groundstation keys` commands that change the ledger ask it to
do what they would have done. One frame asks, one frame answers.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from groundstation.errors import BusyError, GroundStationError
from groundstation.keys.errors import KeyLedgerError
from groundstation.keys.station.errors import LinkError
from groundstation.keys.station.frames import read_frame, write_frame

Commands = Mapping[str, Callable[[dict[str, Any]], Any]]
_OTHERS = 0o177


async def serve_control(
    path: Path, run_command: Callable[[str, dict[str, Any]], Awaitable[Any]]
) -> None:
    """Answer commands until cancelled."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            frame = await read_frame(reader)
            if frame is not None:
                await write_frame(writer, await _result(frame, run_command))
        except (LinkError, OSError):
            # Who asked has gone; what was done is done.
            return
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_unix_server(answer, sock=_bound(path))
    async with server:
        await server.serve_forever()


def _bound(path: Path) -> socket.socket:
    """A socket that nobody but its owner may open, from its first moment on."""
    # The ledger's lock is ours, so nobody answers at a socket that was left behind.
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(_OTHERS)
    try:
        bound.bind(str(path))
    finally:
        os.umask(mask)
    return bound


async def _result(
    frame: dict[str, Any], run_command: Callable[[str, dict[str, Any]], Awaitable[Any]]
) -> dict[str, Any]:
    name, arguments = frame.get("command"), frame.get("arguments")
    if not isinstance(name, str) or not isinstance(arguments, dict):
        return {"error": "a command with arguments is expected", "exit_code": 2}
    try:
        return {"result": await run_command(name, arguments)}
    except GroundStationError as error:
        return {
            "error": str(error),
            "where": error.where,
            "hint": error.hint,
            "exit_code": error.exit_code,
        }


class RemoteError(KeyLedgerError):
    """What the station process refused, with its exit code."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(
            str(answer.get("error")), where=answer.get("where"), hint=answer.get("hint")
        )
        # Each refusal has the exit code that it would have had without the process between.
        self.exit_code = int(answer.get("exit_code", 1))  # type: ignore[misc]


def ask_process(path: Path, command: str, arguments: Mapping[str, Any]) -> Any:
    """Have the station process do something; its result.

    Raises
    ------
    BusyError
        The ledger is in use by a process that takes no commands.
    RemoteError
        The process refuses.
    """
    try:
        return asyncio.run(_asked(path, command, arguments))
    except OSError as error:
        raise BusyError(
            "the key ledger is in use by a process that takes no commands",
            where=str(path),
            hint="wait until it has ended, or stop it",
        ) from error


async def _asked(path: Path, command: str, arguments: Mapping[str, Any]) -> Any:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        await write_frame(writer, {"command": command, "arguments": dict(arguments)})
        answer = await read_frame(reader)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    if answer is None:
        raise LinkError("the station process ended before it answered")
    if "result" not in answer:
        raise RemoteError(answer)
    return answer["result"]

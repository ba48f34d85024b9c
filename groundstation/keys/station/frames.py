"""Frames on a connection: four bytes of length, then that much JSON."""

import asyncio
import json
from typing import Any

from groundstation.keys.station.errors import LinkError

LARGEST_FRAME_BYTES = 48_000_000
_HEAD_BYTES = 4


async def read_frame(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next frame; None where the connection ends between two frames.

    Raises
    ------
    LinkError
        The frame is too long, cut short, or no JSON object.
    """
    try:
        head = await reader.readexactly(_HEAD_BYTES)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise LinkError("the connection ended within a frame") from None
        return None
    length = int.from_bytes(head)
    if length > LARGEST_FRAME_BYTES:
        raise LinkError(f"a frame of {length} bytes exceeds {LARGEST_FRAME_BYTES}")
    try:
        document = json.loads(await reader.readexactly(length))
    except asyncio.IncompleteReadError:
        raise LinkError("the connection ended within a frame") from None
    except (ValueError, RecursionError):
        raise LinkError("a frame is not JSON") from None
    if not isinstance(document, dict):
        raise LinkError("a frame is no JSON object")
    return document


async def write_frame(writer: asyncio.StreamWriter, document: dict[str, Any]) -> None:
    """Send one frame."""
    content = json.dumps(document, separators=(",", ":")).encode("utf-8")
    if len(content) > LARGEST_FRAME_BYTES:
        raise LinkError(f"a frame of {len(content)} bytes exceeds {LARGEST_FRAME_BYTES}")
    writer.write(len(content).to_bytes(_HEAD_BYTES) + content)
    await writer.drain()

"""The station process: answers its peers, calls them, and lets commands in by a local socket.

- One asyncio loop; everything that touches the ledger runs in threads, one after the other commits
  in the ledger's own writer.
- A frame carries messages of the protocol and relay messages; the answering frame carries what is
  to be said to the caller. What gets lost is said again: by the protocol, which asks again, and by
  the outbox, which keeps a message until its answer was taken.
- A frame that a peer should not have sent ends its connection; it changes nothing.
"""

import asyncio
import contextlib
import logging
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundstation.keys.errors import KeyLedgerError
from groundstation.keys.station.control import Commands, serve_control
from groundstation.keys.station.errors import LinkError
from groundstation.keys.station.frames import read_frame, write_frame
from groundstation.keys.station.identity import (
    Certificates,
    client_context,
    peer_of,
    server_context,
)
from groundstation.keys.station.node import Messages, Node
from groundstation.keys.store.errors import StoreBrokenError

_LOG = logging.getLogger("groundstation.keys.station")
_MOST_QUEUED = 10_000
_CALL_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where a station listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Wiring:
    """How a station is reached and reaches others.

    Parameters
    ----------
    listen : port 0 for any that is free
    peers : addresses by name
    retry_s : after which what was not answered is said again
    control : socket for commands; None for none
    """

    certificates: Certificates
    listen: Address
    peers: Mapping[str, Address]
    retry_s: float = 5.0
    control: Path | None = None


class StationProcess:
    """A node on its network; `run` until it is cancelled.

    Parameters
    ----------
    commands : what may be asked through the control socket
    clock : seconds since 1970
    on_ready : is told the port that is listened on
    """

    def __init__(
        self,
        node: Node,
        wiring: Wiring,
        *,
        clock: Callable[[], float],
        commands: Commands | None = None,
        on_ready: Callable[[int], None] | None = None,
    ) -> None:
        self._node = node
        self._wiring = wiring
        self._clock = clock
        self._commands = commands or {}
        self._on_ready = on_ready
        self._queues: dict[str, deque[dict[str, Any]]] = {
            peer: deque(maxlen=_MOST_QUEUED) for peer in wiring.peers
        }
        self._wakers = {peer: asyncio.Event() for peer in wiring.peers}
        self.stuck: dict[str, str] = {}
        self.unreachable: dict[str, str] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(
            self._answer_peer,
            self._wiring.listen.host,
            self._wiring.listen.port,
            ssl=server_context(self._wiring.certificates),
            ssl_handshake_timeout=_CALL_TIMEOUT_S,
        )
        if self._on_ready is not None:
            self._on_ready(server.sockets[0].getsockname()[1])
        self._post(await asyncio.to_thread(self._node.start))
        calling = client_context(self._wiring.certificates)
        async with server, asyncio.TaskGroup() as tasks:
            for peer in self._wiring.peers:
                tasks.create_task(self._call(peer, calling))
            tasks.create_task(self._remind())
            if self._wiring.control is not None:
                tasks.create_task(serve_control(self._wiring.control, self._run_command))

    def wake(self) -> None:
        """Say what is to be said now, without waiting for the next reminder."""
        for waker in self._wakers.values():
            waker.set()

    def _post(self, messages: Messages) -> None:
        for peer, document in messages:
            queue = self._queues.get(peer)
            if queue is not None and document not in queue:
                queue.append(document)
                self._wakers[peer].set()

    async def _run_command(self, name: str, arguments: dict[str, Any]) -> Any:
        command = self._commands.get(name)
        if command is None:
            raise LinkError(f"the station process knows no command {name!r}")
        result = await asyncio.to_thread(command, arguments)
        await self._go_on()
        self.wake()
        return result

    async def _go_on(self) -> None:
        stuck = await asyncio.to_thread(self._node.go_on, self._clock())
        self.stuck = {str(order_id): reason for order_id, reason in stuck.items()}

    async def _remind(self) -> None:
        while True:
            try:
                await self._go_on()
                self._post(await asyncio.to_thread(self._node.remind))
            except StoreBrokenError:
                # Nobody knows what the disk holds: end, and look again when started anew.
                raise
            except KeyLedgerError as error:
                _LOG.warning("%s", error)
            self.wake()
            await asyncio.sleep(self._wiring.retry_s)

    # Others call us.

    async def _answer_peer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            peer = peer_of(writer.get_extra_info("peercert"), self._node.peers)
            while (frame := await read_frame(reader)) is not None:
                await write_frame(writer, await self._answer(peer, frame))
        except (LinkError, OSError) as error:
            _LOG.warning("a connection ends: %s", error)
        except asyncio.CancelledError:
            # This process ends. Nobody awaits the task of a connection, and asyncio would tell of
            # a cancelled one as of a fault.
            return
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    async def _answer(self, peer: str, frame: dict[str, Any]) -> dict[str, Any]:
        said, relay = [], []
        for document in _list(frame, "messages"):
            said += await self._received(peer, document)
        for text in _list(frame, "relay"):
            try:
                relay.append(await asyncio.to_thread(self._node.told, peer, text))
            except KeyLedgerError as error:
                _LOG.warning("%s is not answered: %s", peer, error)
        # What was just done may allow the next step of an order that is led here.
        self._post([each for each in said if each[0] != peer])
        for waker in self._wakers.values():
            waker.set()
        return {"messages": [each[1] for each in said if each[0] == peer], "relay": relay}

    async def _received(self, peer: str, document: object) -> Messages:
        try:
            return await asyncio.to_thread(self._node.receive, peer, document)
        except KeyLedgerError as error:
            _LOG.warning("a message of %s is refused: %s", peer, error)
            return []

    # We call others.

    async def _call(self, peer: str, context: ssl.SSLContext) -> None:
        """Keep a connection to one peer and say what there is to say."""
        while True:
            await self._wakers[peer].wait()
            if not await self._has_news(peer):
                self._wakers[peer].clear()
                continue
            try:
                await self._talk(peer, context)
            except (LinkError, OSError, TimeoutError) as error:
                self.unreachable[peer] = f"{error}" or type(error).__name__
                self._wakers[peer].clear()
                await asyncio.sleep(self._wiring.retry_s)
                self._wakers[peer].set()

    async def _has_news(self, peer: str) -> bool:
        if self._queues[peer]:
            return True
        return bool(await asyncio.to_thread(self._node.outbox, peer))

    async def _talk(self, peer: str, context: ssl.SSLContext) -> None:
        address = self._wiring.peers[peer]
        async with asyncio.timeout(_CALL_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(
                address.host, address.port, ssl=context, server_hostname=peer
            )
        try:
            self.unreachable.pop(peer, None)
            while True:
                self._wakers[peer].clear()
                while await self._exchange(peer, reader, writer):
                    pass
                await self._wakers[peer].wait()
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    async def _exchange(
        self, peer: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Say everything that waits and take the answers; whether that changed anything."""
        queue = self._queues[peer]
        messages = [queue.popleft() for _ in range(len(queue))]
        outbox = await asyncio.to_thread(self._node.outbox, peer)
        if not messages and not outbox:
            return False
        async with asyncio.timeout(_CALL_TIMEOUT_S):
            await write_frame(writer, {"messages": messages, "relay": outbox})
            answer = await read_frame(reader)
        if answer is None:
            raise LinkError(f"{peer} has ended the connection")
        for document in _list(answer, "messages"):
            self._post(await self._received(peer, document))
        for text in _list(answer, "relay"):
            try:
                await asyncio.to_thread(self._node.take_answer, peer, text)
            except KeyLedgerError as error:
                _LOG.warning("an answer of %s is not taken: %s", peer, error)
        self.wake()
        after = await asyncio.to_thread(self._node.outbox, peer)
        return bool(queue) or after != outbox


def _list(frame: dict[str, Any], name: str) -> list[Any]:
    value = frame.get(name, [])
    if not isinstance(value, list):
        raise LinkError(f"a frame whose {name} are no list")
    return value

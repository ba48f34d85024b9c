"""Run the station process of a node until it is told to end."""

import asyncio
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from groundstation.errors import UsageError
from groundstation.keys.operations.commands import COMMANDS, run_command
from groundstation.keys.operations.opening import SOCKET_NAME, Desk
from groundstation.keys.station.identity import Certificates
from groundstation.keys.station.process import Address, StationProcess, Wiring
from groundstation.keys_policy import KeyStorePolicy


def wiring_of(policy: KeyStorePolicy) -> Wiring:
    """How the node is reached and reaches its peers; UsageError without certificates."""
    if policy.tls is None:
        raise UsageError(
            "the network file names no certificates for the station process",
            hint="add [keys.tls] with certificate, private_key, authority and listen",
        )
    tls = policy.tls
    return Wiring(
        Certificates(Path(tls.certificate), Path(tls.private_key), Path(tls.authority)),
        Address(tls.host, tls.port),
        {peer.name: Address(peer.host, peer.port) for peer in policy.peers},
        policy.retry_s,
        Path(policy.folder) / SOCKET_NAME,
    )


def station_of(desk: Desk, *, on_ready: Callable[[int], None] | None = None) -> StationProcess:
    """The process of an open ledger; its `run` serves."""
    commands: dict[str, Callable[[dict[str, Any]], Any]] = {
        name: partial(run_command, desk, name) for name in COMMANDS
    }
    return StationProcess(
        desk.node,
        wiring_of(desk.policy),
        clock=desk.clock,
        commands=commands,
        on_ready=on_ready,
    )


def serve(desk: Desk, *, on_ready: Callable[[int], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    asyncio.run(_serve(desk, on_ready))


async def _serve(desk: Desk, on_ready: Callable[[int], None] | None) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(station_of(desk, on_ready=on_ready).run())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return

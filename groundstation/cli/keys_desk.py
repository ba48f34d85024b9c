"""How the `keys` commands reach the ledger: open it, or ask the process that has it open."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from groundstation.keys.store.queries import Reader
    from groundstation.keys_policy import KeyStorePolicy
    from groundstation.network import Network

DEGRADED = 3
NOTHING_FOUND = 4


def policy_and_network(settings: Settings) -> "tuple[Network, KeyStorePolicy]":
    """The network, and the key ledger that it names."""
    from groundstation.cli.network_option import network_of
    from groundstation.keys.operations.opening import policy_of

    network = network_of(settings)
    return network, policy_of(network)


def change(settings: Settings, command: str, arguments: Mapping[str, Any]) -> Any:
    """Run a command that changes the ledger, here or in the station process."""
    from groundstation.errors import BusyError
    from groundstation.keys.operations.commands import run_command
    from groundstation.keys.operations.opening import SOCKET_NAME, open_desk
    from groundstation.keys.sealing.process_guard import forbid_core_dumps
    from groundstation.keys.station.control import ask_process

    network, policy = policy_and_network(settings)
    forbid_core_dumps()
    try:
        desk = open_desk(network, clock=clock_of(settings))
    except BusyError:
        return ask_process(Path(policy.folder) / SOCKET_NAME, command, arguments)
    with desk.store:
        return run_command(desk, command, arguments)


def reader_of(policy: "KeyStorePolicy") -> "Reader":
    """The ledger for reading; also while a process writes it."""
    from groundstation.keys.store.queries import open_reader

    return open_reader(Path(policy.folder))


def clock_of(settings: Settings) -> Any:
    """Seconds since 1970, or the instant of --now."""
    import time

    if settings.now is None:
        return time.time
    told = settings.now.timestamp()
    return lambda: told

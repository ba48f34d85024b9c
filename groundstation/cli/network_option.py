"""Which network a command works on: --config, --example, or groundstation.toml right here."""

from pathlib import Path
from typing import TYPE_CHECKING

from groundstation.errors import UsageError

if TYPE_CHECKING:
    from groundstation.cli.settings import Settings
    from groundstation.network import Network


def network_path_of(settings: "Settings") -> Path:
    """The network file that the global options name."""
    from groundstation.config.examples import example_path
    from groundstation.config.load import FILE_NAME

    if settings.config is not None and settings.example is not None:
        raise UsageError("--config and --example exclude each other", hint="give one of them")
    if settings.example is not None:
        return example_path(settings.example)
    return settings.config if settings.config is not None else Path(FILE_NAME)


def network_of(settings: "Settings") -> "Network":
    """The network that the global options name, read and checked."""
    from groundstation.config.load import load_network

    return load_network(network_path_of(settings))

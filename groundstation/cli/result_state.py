"""The state that `groundstation result` reads and writes, and names checked against the network."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from groundstation.cli.network_option import network_of
from groundstation.cli.settings import Settings
from groundstation.errors import UsageError

if TYPE_CHECKING:
    from sqlite_utils import Database

    from groundstation.network import Network
    from groundstation.results.calibration import DatedCalibration


def state_for_writing(settings: Settings) -> "tuple[Database, Network]":
    """The state database with the tables of results, and the network that owns it."""
    from groundstation.database import claim, open_database
    from groundstation.results.tables import migrations

    if settings.example:
        raise UsageError(
            "a shipped example cannot keep results",
            hint=f"groundstation init DIR --example {settings.example}",
        )
    network = network_of(settings)
    folder = Path(network.folder)
    db = open_database(folder / "state" / "groundstation.db", (migrations,))
    claim(db, network.name, folder)
    return db, network


def state_for_reading(settings: Settings) -> "Database | None":
    """The state database if there is one and it holds results."""
    from groundstation.database import open_if_present
    from groundstation.results.store import has_results

    folder = Path(network_of(settings).folder)
    db = open_if_present(folder / "state" / "groundstation.db")
    return db if db is not None and has_results(db) else None


def calibration_in_force(network: "Network", night: str) -> "DatedCalibration | None":
    """What counts have taught of the links before a night; None without results."""
    from groundstation.database import open_if_present
    from groundstation.results.calibration_store import calibration_for

    db = open_if_present(Path(network.folder) / "state" / "groundstation.db")
    return calibration_for(db, night)


def checked_night(text: str) -> str:
    """A date, or a usage error that says how one looks."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"{text!r} is not a night like 2026-06-14") from None


def known_stations(settings: Settings, stations: tuple[str, ...]) -> None:
    """Refuse names that the network does not have, with the nearest one."""
    from groundstation.suggest import did_you_mean

    if not stations:
        return
    network = network_of(settings)
    known = [station.name for station in network.stations]
    for name in stations:
        if name not in known:
            raise UsageError(
                f"unknown station {name!r}{did_you_mean(name, known)}",
                where=network.file,
                hint=f"one of {', '.join(known)}",
            )

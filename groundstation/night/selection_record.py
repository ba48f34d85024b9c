"""Which element set each satellite uses, as bytes that are kept, and back."""

from typing import Any

from groundstation.catalogue import Selection
from groundstation.errors import StateError
from groundstation.network import Network
from groundstation.night.record_codec import encode


def selection_bytes(selection: Selection) -> bytes:
    """Sets, ageing and sentences; satellites by name."""
    return encode(
        {
            "chosen": tuple((satellite.name, elements) for satellite, elements in selection.chosen),
            "warnings": selection.warnings,
            "ageing": dict(selection.ageing),
        }
    )


def selection_from(record: dict[str, Any], network: Network) -> Selection:
    """The selection that `selection_bytes` wrote, read back as a record.

    Raises
    ------
    StateError
        a satellite of it is no longer in the network
    """
    satellites = {satellite.name: satellite for satellite in network.satellites}
    gone = [name for name, _ in record["chosen"] if name not in satellites]
    if gone:
        raise StateError(
            f"the network no longer has the satellite {', '.join(gone)}",
            where=network.file,
            hint="run groundstation nightly without --only",
        )
    return Selection(
        tuple((satellites[name], elements) for name, elements in record["chosen"]),
        tuple(record["warnings"]),
        dict(record["ageing"]),
    )

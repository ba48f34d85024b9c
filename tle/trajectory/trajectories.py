"""Any trajectory file to an ephemeris, by what its first line says."""

from tle.errors import EphemerisError
from tle.trajectory.cpf import read_cpf
from tle.trajectory.ephemeris import Ephemeris
from tle.trajectory.oem import read_oem


def read_trajectory(text: str, source: str = "trajectory") -> Ephemeris:
    """Read an OEM (KVN) or a CPF file.

    Raises
    ------
    EphemerisError
        the text is neither, or the format's own reader refuses it
    """
    first = next(
        (line.strip() for line in text.removeprefix("\ufeff").split("\n") if line.strip()), ""
    )
    if first.startswith("CCSDS_OEM_VERS"):
        return read_oem(text, source)
    if first.upper().startswith("H1"):
        return read_cpf(text, source)
    reason = "it is empty" if not first else f"it starts with {first[:60]!r}"
    hint = "an OEM in XML is not read; ask for KVN" if first.startswith("<") else None
    raise EphemerisError(f"{source}:1: neither an OEM in KVN nor a CPF file; {reason}", hint=hint)

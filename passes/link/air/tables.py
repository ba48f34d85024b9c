"""The shipped tables of gas absorption and aerosol shape."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from passes.errors import LinkError

Floats = NDArray[np.float64]

# The columns for which the gas table was made: US Standard Atmosphere 1976.
TABLE_WATER_M = 0.0142
TABLE_OZONE_DU = 344.0


@dataclass(frozen=True, slots=True)
class SpectralTable:
    """Columns of numbers against wavelength, ascending; every array has shape (n,)."""

    wavelength_nm: Floats
    columns: dict[str, Floats]

    def at(self, column: str, wavelength_m: float) -> float:
        """Value of a column at a wavelength, linear between rows."""
        wavelength_nm = 1e9 * wavelength_m
        first_nm, last_nm = self.wavelength_nm[0], self.wavelength_nm[-1]
        # 1e9 * 400e-9 is not exactly 400: the ends get the room of a rounding error.
        if not first_nm - 1e-6 <= wavelength_nm <= last_nm + 1e-6:
            raise LinkError(
                f"extinction at wavelength {wavelength_nm:g} nm, "
                f"outside the tables ({first_nm:g}..{last_nm:g} nm)"
            )
        return float(np.interp(wavelength_nm, self.wavelength_nm, self.columns[column]))


def gas_absorption() -> SpectralTable:
    """Zenith optical depths and exponents of water, mixed gases and ozone at sea level.

    Columns tau_h2o (1.42 cm of water), b_h2o, tau_mixed, b_mixed, tau_o3 (344 DU); origin and use
    stand in the head of the file.
    """
    return _read("gas_absorption.csv")


def aerosol_shape() -> SpectralTable:
    """Aerosol optical depth relative to 550 nm, one column per aerosol type."""
    return _read("aerosol_shape.csv")


# The files are part of the program and never change while it runs, so reading them once is no
# hidden state.
@cache
def _read(name: str) -> SpectralTable:
    text = files("passes.link").joinpath("data", name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    names = lines[0].split(",")
    rows = np.loadtxt(lines[1:], delimiter=",")
    return SpectralTable(rows[:, 0], dict(zip(names[1:], rows[:, 1:].T, strict=True)))

"""The shipped spectra of airglow with sunlight."""

from enum import StrEnum
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from passes.sky.background.domain import within

Floats = NDArray[np.float64]


class AirglowLines(StrEnum):
    """What a filter sees of the airglow lines around its wavelength; they differ by 3 to 100 times.

    BETWEEN : a filter of 1 nm or less, tuned between two lines
    MEAN : a filter of several nm, or one whose place among the lines is not known
    BRIGHTEST : a filter of 1 nm that happens to sit on the strongest line within 5 nm
    """

    BETWEEN = "between-lines"
    MEAN = "mean-10nm"
    BRIGHTEST = "brightest-1nm"


_COLUMN = {
    AirglowLines.BETWEEN: "between_lines",
    AirglowLines.MEAN: "mean_10nm",
    AirglowLines.BRIGHTEST: "brightest_1nm",
}


def airglow_at_130_sfu(wavelength_m: float, lines: AirglowLines | str) -> float:
    """Airglow at zenith for a solar radio flux of 130 sfu [photon s-1 m-2 sr-1 nm-1].

    Parameters
    ----------
    wavelength_m : 400-1600 nm
    lines : what the filter sees of the lines

    References
    ----------
    S. Noll et al., Astron. Astrophys. 543, A92 (2012); origin and limits in the head of the file.
    """
    return _interpolate(_COLUMN[AirglowLines(lines)], wavelength_m)


def solar_irradiance(wavelength_m: float) -> float:
    """Sunlight outside the air at the mean distance, 10 nm mean, 400-1600 nm [W m-2 nm-1].

    References
    ----------
    ASTM G173-03, extraterrestrial column.
    """
    return _interpolate("sun", wavelength_m)


def _interpolate(column: str, wavelength_m: float) -> float:
    """Value of a column, linear between rows."""
    table = _table()
    grid_nm = table["wavelength_nm"]
    within("wavelength of sky light", wavelength_m, grid_nm[0], grid_nm[-1], "nm", 1e9)
    return float(np.interp(1e9 * wavelength_m, grid_nm, table[column]))


# The file is part of the program and never changes while it runs, so reading it once is no hidden
# state.
@cache
def _table() -> dict[str, Floats]:
    text = files("passes.sky").joinpath("data", "sky_light.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    rows = np.loadtxt(lines[1:], delimiter=",")
    return dict(zip(lines[0].split(","), rows.T, strict=True))

"""Optical depth of thin ice clouds."""

from enum import StrEnum

from passes.errors import LinkError


class CirrusModel(StrEnum):
    """The two cirrus clouds of LOWTRAN7."""

    STANDARD = "standard"
    SUBVISUAL = "subvisual"


class CirrusClass(StrEnum):
    """What an observer calls a cirrus of some optical depth."""

    SUBVISUAL = "subvisual"
    THIN = "thin"
    OPAQUE = "opaque"


_LOWTRAN7_DEPTH = {CirrusModel.STANDARD: 0.140, CirrusModel.SUBVISUAL: 0.006}


def lowtran7_cirrus_depth(model: CirrusModel | str) -> float:
    """Vertical optical depth of a cirrus model, grey over 400-1600 nm.

    References
    ----------
    F. X. Kneizys et al., LOWTRAN7, AFGL-TR-88-0177 (1988), clouds 18 and 19.
    """
    return _LOWTRAN7_DEPTH[CirrusModel(model)]


def sassen_cho_1992(optical_depth: float) -> CirrusClass:
    """Class of a cirrus by its vertical optical depth: limits at 0.03 and 0.3.

    A subvisual cirrus costs at most 0.13 dB at zenith and is not seen; beyond 0.3 (1.3 dB) it is no
    longer thin. Beyond 3 it is no cirrus and the contact is lost to cloud: refused.

    References
    ----------
    K. Sassen and B. S. Cho, J. Appl. Meteorol. 31, 1275 (1992).
    """
    if not 0.0 <= optical_depth <= 3.0:
        raise LinkError(f"cirrus optical depth {optical_depth:g} is outside 0..3")
    if optical_depth <= 0.03:
        return CirrusClass.SUBVISUAL
    return CirrusClass.THIN if optical_depth <= 0.3 else CirrusClass.OPAQUE

"""Tables of the air over a station -> the record of passes.link, in SI units."""

from groundstation.config.document.sky import Atmosphere as AtmosphereTable
from groundstation.config.document.sky import Fog as FogTable
from groundstation.config.document.sky import Turbulence
from groundstation.config.document.station import Station
from groundstation.config.terminals import MILLI, Reading
from passes.link.terminals import Atmosphere, Fog, HufnagelValley
from passes.link.turbulence.wind import bufton_rms_wind_m_s


def atmosphere_of(station: Station, path: str) -> tuple[Atmosphere | None, list[str]]:
    """The air over a station, with what is not known of it."""
    table = station.atmosphere
    if table is None:
        return None, [f"{path}.atmosphere"]
    read = Reading(table, f"{path}.atmosphere")
    fog, foggy = _fog_of(table.fog, f"{path}.atmosphere.fog")
    turbulence, calm = _turbulence_of(station.turbulence, f"{path}.turbulence")
    atmosphere = Atmosphere(
        aerosol_optical_depth_550=read.number("aerosol_optical_depth_550"),
        aerosol=_aerosol(read, table),
        precipitable_water_m=read.number("precipitable_water_mm") / MILLI,
        ozone_du=read.number("ozone_du"),
        cirrus_optical_depth=read.number("cirrus_optical_depth"),
        angstrom_exponent=table.angstrom_exponent,
        fog=fog,
        turbulence=turbulence,
    )
    missing = read.missing + foggy + calm
    return (None if missing else atmosphere), missing


def _aerosol(read: Reading, table: AtmosphereTable) -> str:
    """The aerosol's model; an exponent takes its place."""
    return "" if table.angstrom_exponent is not None else read.word("aerosol")


def _fog_of(table: FogTable | None, path: str) -> tuple[Fog | None, list[str]]:
    if table is None:
        return None, []
    read = Reading(table, path)
    fog = Fog(read.number("visibility_m"), read.number("thickness_m"), read.word("law"))
    return (None if read.missing else fog), read.missing


def _turbulence_of(table: Turbulence | None, path: str) -> tuple[HufnagelValley | None, list[str]]:
    if table is None:
        return None, []
    read = Reading(table, path)
    ground_cn2 = read.number("ground_cn2")
    if table.ground_wind_m_s is None:
        wind_m_s = read.number("rms_wind_m_s")
    else:
        wind_m_s = bufton_rms_wind_m_s(table.ground_wind_m_s)
    return (None if read.missing else HufnagelValley(wind_m_s, ground_cn2)), read.missing

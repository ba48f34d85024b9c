"""Tables of what is above a station: air, fog, turbulence, city light."""

from typing import Literal

from groundstation.config.document.fields import Table, optional, physical

# Columns of the aerosol table that ships with the link budget (LOWTRAN7 models).
AerosolWord = Literal["rural50", "rural23", "rural5", "maritime23", "urban5", "tropospheric50"]
# C. R. Benn and S. L. Ellison, La Palma technical note 115 (1998): V at solar minimum.
NATURAL_SKY_MAG_ARCSEC2 = 21.9


class Fog(Table):
    """A flat layer of fog over the telescope."""

    visibility_m: float | None = physical("in the fog", "m", gt=0.0, le=1e5)
    thickness_m: float | None = physical("from the telescope to its top", "m", ge=0.0, le=5e3)
    law: Literal["kruse", "kim"] | None = physical(
        "how it depends on the wavelength; in dense fog the two differ, so there is no default"
    )


class Atmosphere(Table):
    """The air over the station on the night."""

    aerosol_optical_depth_550: float | None = physical(
        "vertical, at 550 nm, at the station's height", "1", ge=0.0, le=5.0
    )
    aerosol: AerosolWord | None = physical("model whose shape over wavelength is taken")
    angstrom_exponent: float | None = optional(
        None, "measured from 550 nm to the laser, instead of aerosol", "1", ge=-1.0, le=4.0
    )
    precipitable_water_mm: float | None = physical("vertical water column", "mm", ge=0.0, le=80.0)
    ozone_du: float | None = physical("total ozone", "Dobson unit", ge=0.0, le=700.0)
    cirrus_optical_depth: float | None = physical("vertical, grey", "1", ge=0.0, le=5.0)
    fog: Fog | None = optional(None, "no fog where left out")


class Turbulence(Table):
    """The Hufnagel-Valley profile over the station."""

    ground_cn2: float | None = physical(
        "Cn2 of the layer at the ground", "m^(-2/3)", gt=0.0, le=1e-11
    )
    rms_wind_m_s: float | None = physical(
        "rms wind between 5 and 20 km; this or ground_wind_m_s", "m/s", ge=0.0, le=100.0
    )
    ground_wind_m_s: float | None = optional(
        None,
        "wind at the ground, from which Bufton's profile gives the rms",
        "m/s",
        ge=0.0,
        le=50.0,
    )


class CityLight(Table):
    """City light over the station, from a sky quality meter."""

    sqm_mag_arcsec2: float | None = physical(
        "reading at zenith, moonless and clear", "mag/arcsec2", ge=14.0, le=23.0
    )
    city_v_minus_i: float | None = physical(
        "V - I of the scattered light; one magnitude is a factor of 2.4 at 785 nm",
        "mag",
        ge=-1.0,
        le=3.0,
    )
    natural_mag_arcsec2: float = optional(
        NATURAL_SKY_MAG_ARCSEC2,
        "what the meter would read without lamps",
        "mag/arcsec2",
        ge=20.0,
        le=23.0,
    )

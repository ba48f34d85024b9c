"""Tables of an optical ground station: place, telescope, receivers, air, working times."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from groundstation.config.document.fields import (
    Name,
    Table,
    Text,
    TimeOfDay,
    needed,
    optional,
    physical,
    tables,
)
from groundstation.config.document.optics import Detector

# Columns of the aerosol table that ships with the link budget (LOWTRAN7 models).
AerosolWord = Literal["rural50", "rural23", "rural5", "maritime23", "urban5", "tropospheric50"]


def _is_pair(values: list[float]) -> list[float]:
    azimuth_deg, elevation_deg = values
    if not 0.0 <= azimuth_deg < 360.0:
        raise ValueError(f"azimuth {azimuth_deg:g} deg is outside 0..360 (360 itself is 0)")
    if not -90.0 <= elevation_deg <= 90.0:
        raise ValueError(f"elevation {elevation_deg:g} deg is outside -90..90")
    return values


def _ascends(pairs: list[list[float]]) -> list[list[float]]:
    for before, after in pairwise(pairs):
        if after[0] <= before[0]:
            raise ValueError(f"azimuth {after[0]:g} deg does not ascend after {before[0]:g} deg")
    return pairs


def _lasts(span: list[str]) -> list[str]:
    if span[0] == span[1]:
        raise ValueError(f"shift starts and stops at {span[0]}; leave shifts out to work always")
    return span


HorizonPoint = Annotated[list[float], Field(min_length=2, max_length=2), AfterValidator(_is_pair)]
Horizon = Annotated[list[HorizonPoint], AfterValidator(_ascends)]
Shift = Annotated[list[TimeOfDay], Field(min_length=2, max_length=2), AfterValidator(_lasts)]


class Telescope(Table):
    """The telescope, shared by all receivers of a station."""

    aperture_m: float | None = physical("diameter of the primary", "m", gt=0.0, le=50.0)
    obscuration: float | None = physical(
        "diameter of the central obstruction over the aperture", "1", ge=0.0, lt=1.0
    )


class Receiver(Table):
    """The back end for one wavelength."""

    wavelength_nm: float | None = physical("centre of the filter", "nm", ge=400.0, le=1600.0)
    optics_efficiency: float | None = physical(
        "telescope, filter and back end together, without detectors", "1", gt=0.0, le=1.0
    )
    filter_bandwidth_nm: float | None = physical("full width of the filter", "nm", gt=0.0, le=100.0)
    field_of_view_urad: float | None = physical("full angle on the sky", "urad", gt=0.0, le=1e5)
    synchronisation_jitter_ps: float | None = physical(
        "rms of the time reference", "ps", ge=0.0, le=1e5
    )
    dark_sky_radiance: float | None = physical(
        "night sky at the zenith without Moon", "photon s-1 m-2 sr-1 nm-1", ge=0.0, le=1e16
    )
    detector: Detector | None = optional(None, "what clicks; without it no link budget")


class Atmosphere(Table):
    """The air over the station on the night."""

    aerosol_optical_depth_550: float | None = physical(
        "vertical, at 550 nm, at the station's height", "1", ge=0.0, le=5.0
    )
    aerosol: AerosolWord | None = physical("model whose shape over wavelength is taken")
    precipitable_water_mm: float | None = physical("vertical water column", "mm", ge=0.0, le=80.0)
    ozone_du: float | None = physical("total ozone", "Dobson unit", ge=0.0, le=700.0)
    cirrus_optical_depth: float | None = physical("vertical, grey", "1", ge=0.0, le=5.0)


class Mount(Table):
    """What the telescope mount can follow; no limit where a key is left out."""

    max_azimuth_rate_deg_s: float | None = optional(
        None, "fastest azimuth motion", "deg/s", gt=0.0, le=90.0
    )
    max_elevation_rate_deg_s: float | None = optional(
        None, "fastest elevation motion", "deg/s", gt=0.0, le=90.0
    )
    max_azimuth_acceleration_deg_s2: float | None = optional(
        None, "strongest change of the azimuth rate", "deg/s2", gt=0.0, le=90.0
    )
    max_elevation_deg: float | None = optional(None, "highest elevation", "deg", gt=0.0, le=90.0)
    azimuth_range_deg: list[float] | None = optional(
        None,
        "first and last azimuth that the cables allow, as [-270, 270]",
        "deg",
        min_length=2,
        max_length=2,
    )


class Maintenance(Table):
    """A span in which the station is closed."""

    start: AwareDatetime = needed("first instant, with its offset from UTC")
    stop: AwareDatetime = needed("last instant, with its offset from UTC")
    reason: Text = needed("what the report says")


class Station(Table):
    """An optical ground station, a trusted node of the key network."""

    name: Name = needed("unique among satellites, stations and fibre nodes")
    title: str | None = optional(None, "what people call it; the name where left out")
    latitude_deg: float = needed("geodetic, North positive", "deg", ge=-90.0, le=90.0)
    longitude_deg: float = needed("East positive", "deg", ge=-180.0, le=360.0)
    height_m: float = needed("above the ellipsoid", "m", ge=-500.0, le=9000.0)
    horizon: Horizon = optional(
        [[0.0, 0.0]],
        "mask as [azimuth, elevation] pairs, azimuths ascending, linear in between",
        "deg",
        min_length=1,
    )
    min_elevation_deg: float | None = optional(
        None, "lowest elevation of a contact, instead of the policy's", "deg", ge=0.0, le=90.0
    )
    max_sun_elevation_deg: float | None = optional(
        None, "the Sun must be below, instead of the policy's", "deg", ge=-90.0, le=90.0
    )
    telescope: Telescope | None = optional(None, "without it no link budget")
    receivers: list[Receiver] = tables("one per wavelength; without any no link budget")
    atmosphere: Atmosphere | None = optional(None, "without it no link budget")
    mount: Mount = Field(default_factory=Mount, description="limits of the mount")
    shifts: list[Shift] = optional(
        [], 'daily working times [["18:00", "04:00"]]; empty means always', "HH:MM UTC"
    )
    maintenance: list[Maintenance] = tables("spans in which the station is closed")
    setup_s: float = optional(60.0, "time between two contacts", "s", ge=0.0, le=86_400.0)
    note: str = optional("", "what a reader of the report should know")

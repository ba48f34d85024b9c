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
from groundstation.config.document.sky import Atmosphere, CityLight, Turbulence
from groundstation.config.document.weather import Airport, Climatology, Safety, Sensor


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


class Fibre(Table):
    """A single-mode fibre behind the telescope; it needs the station's turbulence."""

    mode_ratio: float | None = physical(
        "radius of the pupil over the 1/e2 radius of the fibre's mode imaged onto it; 1.12 couples "
        "best without obstruction",
        "1",
        gt=0.0,
        le=10.0,
    )
    correction: Literal["none", "tip-tilt"] | None = physical(
        "what is taken out of the wavefront before the fibre"
    )


class Receiver(Table):
    """The back end for one wavelength."""

    wavelength_nm: float | None = physical("centre of the filter", "nm", ge=400.0, le=1600.0)
    optics_efficiency: float | None = physical(
        "telescope, filter and back end together, without detectors", "1", gt=0.0, le=1.0
    )
    filter_bandwidth_nm: float | None = physical("full width of the filter", "nm", gt=0.0, le=100.0)
    field_of_view_urad: float | None = physical(
        "full angle on the sky; left out behind a fibre", "urad", gt=0.0, le=1e5
    )
    synchronisation_jitter_ps: float | None = physical(
        "rms of the time reference", "ps", ge=0.0, le=1e5
    )
    dark_sky_radiance: float | None = physical(
        "night sky at the zenith without Moon", "photon s-1 m-2 sr-1 nm-1", ge=0.0, le=1e16
    )
    clock_offset_ps: float = optional(
        0.0, "between the centre of the gates and the pulses", "ps", ge=-1e5, le=1e5
    )
    fibre: Fibre | None = optional(
        None, "single-mode fibre instead of a field stop; optics_efficiency is then without it"
    )
    detector: Detector | None = optional(None, "what clicks; without it no link budget")


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
    turbulence: Turbulence | None = optional(
        None, "without it field stops lose nothing, nothing scintillates and no fibre couples"
    )
    city_light: CityLight | None = optional(
        None, "lamps on top of dark_sky_radiance, which is then the sky without them"
    )
    mount: Mount = Field(default_factory=Mount, description="limits of the mount")
    shifts: list[Shift] = optional(
        [], 'daily working times [["18:00", "04:00"]]; empty means always', "HH:MM UTC"
    )
    maintenance: list[Maintenance] = tables("spans in which the station is closed")
    setup_s: float = optional(60.0, "time between two contacts", "s", ge=0.0, le=86_400.0)
    telescopes: int = optional(1, "that follow a satellite each at the same time", "1", ge=1, le=99)
    crew_nights_per_week: int | None = optional(
        None,
        "nights from Monday to Sunday, by the date of their evening, in which it may be used; no "
        "limit where left out",
        "night",
        ge=0,
        le=7,
    )
    max_contacts_per_night: int | None = optional(
        None, "from noon to noon; no limit where left out", "1", ge=0, le=1_000
    )
    metar: Airport | None = optional(None, "airport whose reports count for the station (ICAO)")
    sensors: list[Sensor] = tables("what measures the sky at the station")
    climatology: Climatology | None = optional(
        None, "drawn from where no forecast is known; without it the weather is then unknown"
    )
    safety: Safety | None = optional(None, "limits instead of the network's")
    note: str = optional("", "what a reader of the report should know")

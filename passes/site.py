"""A place on the ellipsoid: position, local axes, horizon."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from passes.errors import GeometryError

Floats = NDArray[np.float64]

# NIMA TR8350.2 (WGS 84), table 3.1.
EQUATORIAL_RADIUS_M = 6_378_137.0
FLATTENING = 1.0 / 298.257223563


@dataclass(frozen=True, slots=True)
class HorizonMask:
    """The elevation below which a site sees nothing, against azimuth.

    Parameters
    ----------
    azimuth_rad : ascending azimuths in [0, 2 pi), shape (n,); linear in between and around
    elevation_rad : elevation of the horizon at these azimuths, shape (n,), in [-pi/2, pi/2]
    """

    azimuth_rad: tuple[float, ...] = (0.0,)
    elevation_rad: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        azimuth, elevation = np.asarray(self.azimuth_rad), np.asarray(self.elevation_rad)
        if azimuth.size == 0 or azimuth.shape != elevation.shape:
            raise GeometryError(
                f"horizon mask has {azimuth.size} azimuths but {elevation.size} elevations"
            )
        if np.any(np.diff(azimuth) <= 0) or azimuth[0] < 0 or azimuth[-1] >= 2 * np.pi:
            raise GeometryError("horizon mask azimuths must ascend within 0..360 degrees")
        if np.any(np.abs(elevation) > np.pi / 2):
            raise GeometryError("horizon mask elevations must lie within -90..90 degrees")

    @property
    def is_level(self) -> bool:
        """True if the horizon is the same in every direction."""
        return len(set(self.elevation_rad)) == 1

    def elevation_at(self, azimuth_rad: Floats) -> Floats:
        """Elevation of the horizon [rad] at azimuths of any shape."""
        return np.asarray(
            np.interp(
                np.asarray(azimuth_rad, dtype=np.float64),
                np.asarray(self.azimuth_rad),
                np.asarray(self.elevation_rad),
                period=2 * np.pi,
            )
        )


@dataclass(frozen=True, slots=True)
class Site:
    """A telescope's place: geodetic position on WGS 84 with its horizon.

    Parameters
    ----------
    name : how people call it
    latitude_rad, longitude_rad : geodetic, East positive
    height_m : above the ellipsoid (not above the sea; 30 m matter 0.2 s at most)
    horizon : the mask of hills, trees and domes
    """

    name: str
    latitude_rad: float
    longitude_rad: float
    height_m: float
    horizon: HorizonMask = field(default_factory=HorizonMask)

    def __post_init__(self) -> None:
        if not abs(self.latitude_rad) <= np.pi / 2:
            raise GeometryError(
                f"{self.name}: latitude {np.degrees(self.latitude_rad):g} deg is outside -90..90"
            )
        if not abs(self.longitude_rad) <= 2 * np.pi:
            east_deg = np.degrees(self.longitude_rad)
            raise GeometryError(f"{self.name}: longitude {east_deg:g} deg is outside -360..360")

    def position_m(self) -> Floats:
        """Earth-fixed Cartesian position [m], shape (3,)."""
        sin_lat, cos_lat = np.sin(self.latitude_rad), np.cos(self.latitude_rad)
        e2 = FLATTENING * (2.0 - FLATTENING)
        normal_m = EQUATORIAL_RADIUS_M / np.sqrt(1.0 - e2 * sin_lat**2)
        ring_m = (normal_m + self.height_m) * cos_lat
        return np.array(
            [
                ring_m * np.cos(self.longitude_rad),
                ring_m * np.sin(self.longitude_rad),
                (normal_m * (1.0 - e2) + self.height_m) * sin_lat,
            ]
        )

    def axes(self) -> Floats:
        """Rows East, North, Up of the local horizon in Earth-fixed axes, shape (3, 3)."""
        sin_lat, cos_lat = np.sin(self.latitude_rad), np.cos(self.latitude_rad)
        sin_lon, cos_lon = np.sin(self.longitude_rad), np.cos(self.longitude_rad)
        return np.array(
            [
                [-sin_lon, cos_lon, 0.0],
                [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat],
                [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
            ]
        )

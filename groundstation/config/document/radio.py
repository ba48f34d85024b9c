"""Table of a radio station, which carries the announcements of satellites."""

from groundstation.config.document.fields import Name, Table, needed, optional


class RadioStation(Table):
    """A place from which satellites are commanded and heard by radio."""

    name: Name = needed("unique among radio stations")
    title: str | None = optional(None, "what people call it; the name where left out")
    latitude_deg: float = needed("geodetic, North positive", "deg", ge=-90.0, le=90.0)
    longitude_deg: float = needed("East positive", "deg", ge=-180.0, le=360.0)
    height_m: float = optional(0.0, "above the ellipsoid", "m", ge=-500.0, le=9000.0)
    min_elevation_deg: float = optional(
        5.0, "lowest elevation of a radio contact", "deg", ge=0.0, lt=90.0
    )

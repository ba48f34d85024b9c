"""When satellites announce what joins two keys: radio stations and delays; records only."""

from dataclasses import dataclass

from passes.site import Site


@dataclass(frozen=True, slots=True)
class RadioStation:
    """A place from which satellites are commanded and heard by radio, by day and under clouds.

    Parameters
    ----------
    name, title : identifier and what people call it
    site : position; its horizon is the lowest elevation
    min_elevation_rad : of a radio contact
    """

    name: str
    title: str
    site: Site
    min_elevation_rad: float


@dataclass(frozen=True, slots=True)
class AnnouncementPolicy:
    """How the key of a contact becomes known to be usable.

    Parameters
    ----------
    radio_stations : names of those that carry its announcements; without any they need none
    delay_s : from the end of a contact until its key can be announced
    """

    radio_stations: tuple[str, ...] = ()
    delay_s: float = 0.0


AT_ONCE = AnnouncementPolicy()

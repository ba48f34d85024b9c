"""Tables of a satellite: catalogue number or planned orbit, payload, what the planner needs."""

from pydantic import AwareDatetime

from groundstation.config.document.fields import (
    Name,
    Table,
    Text,
    TimeOfDay,
    needed,
    optional,
    tables,
)
from groundstation.config.document.optics import Payload


class PlannedOrbit(Table):
    """The orbit of a satellite that does not fly yet: circular, at a mean altitude."""

    altitude_km: float = needed(
        "mean height above the equatorial radius", "km", ge=200.0, le=2000.0
    )
    sun_synchronous: bool = optional(False, "the inclination follows from the altitude")
    inclination_deg: float | None = optional(
        None, "needed where the orbit is not sun-synchronous", "deg", ge=0.0, le=180.0
    )
    local_time_ascending_node: TimeOfDay | None = optional(
        None, "mean solar time of the ascending node; this or raan_deg", "HH:MM"
    )
    raan_deg: float | None = optional(
        None,
        "right ascension of the ascending node; this or the local time",
        "deg",
        ge=0.0,
        lt=360.0,
    )
    argument_of_latitude_deg: float = needed(
        "position on the orbit at the epoch, from the ascending node", "deg", ge=0.0, lt=360.0
    )
    epoch: AwareDatetime = needed("instant of the values above, with its offset from UTC")


class Unavailable(Table):
    """A span in which somebody else uses the satellite, over every station."""

    start: AwareDatetime = needed("first instant, with its offset from UTC")
    stop: AwareDatetime = needed("last instant, with its offset from UTC")
    user: Text = needed("who uses it")
    reason: Text = needed("for what")


class Satellite(Table):
    """A satellite of the network."""

    name: Name = needed("unique among satellites, stations and fibre nodes")
    norad_cat_id: int | None = optional(
        None, "catalogue number; this or planned_orbit", "1", ge=1, le=999_999_999
    )
    planned_orbit: PlannedOrbit | None = optional(None, "this or norad_cat_id")
    payload: Payload | None = optional(None, "the quantum terminal; without it no link budget")
    setup_s: float = optional(60.0, "time between two contacts", "s", ge=0.0, le=86_400.0)
    max_contact_s_per_orbit: float | None = optional(
        None,
        "length of all contacts that begin within one orbit of each other; no limit where left out",
        "s",
        gt=0.0,
        le=86_400.0,
    )
    key_memory_kbit: float | None = optional(
        None,
        "key of all contacts that begin within one orbit of each other, which it keeps on board; "
        "no limit where left out",
        "kbit",
        gt=0.0,
        le=1e12,
    )
    radio_stations: list[Name] = optional(
        [], "that carry its announcements; without any they need no radio contact"
    )
    announcement_delay_min: float = optional(
        0.0,
        "from the end of a contact until its key can be announced",
        "min",
        ge=0.0,
        le=10_080.0,
    )
    unavailable: list[Unavailable] = tables("spans in which somebody else uses it")
    is_trusted: bool = optional(True, "whether keys may be relayed through it")
    note: str = optional("", "what a reader of the report should know")

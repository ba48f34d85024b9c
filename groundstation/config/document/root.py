"""The whole network file: the network's own tables and the lists of all others."""

from datetime import date
from typing import Literal

from pydantic import Field

from groundstation.config.document.export import Export
from groundstation.config.document.fields import Name, Table, Text, needed, optional, tables
from groundstation.config.document.ground import Demand, FibreLink, FibreNode, Site
from groundstation.config.document.keys import Keys, Randomness
from groundstation.config.document.notify import Notify
from groundstation.config.document.permission import Permission
from groundstation.config.document.plan import Plan
from groundstation.config.document.radio import RadioStation
from groundstation.config.document.satellite import Satellite
from groundstation.config.document.source import ElementSource
from groundstation.config.document.station import Station
from groundstation.config.document.weather import Safety, Weather


class NetworkTable(Table):
    """What the network is called, and where its element sets are."""

    name: Name = needed("identifier")
    title: str | None = optional(None, "what people call it; the name where left out")
    elements: list[Text] = optional(
        [], "element files or patterns like elements/*.tle, relative to the network file"
    )
    avoid: list[Text] = optional(
        [],
        "lists of when other users have the satellites, files or patterns like avoid/*.csv, "
        "relative to the network file",
    )
    default_night: date | None = optional(None, "night that a command takes when none is named")


class ErrorCorrection(Table):
    """Model of the bits that error correction discloses."""

    model: Literal["block", "logm"] = needed("f n h(Q), or the finite-length estimate")
    efficiency: float = needed("f, at least 1", "1", ge=1.0, le=3.0)


class Key(Table):
    """How secret key is counted."""

    proof: Literal["tight", "lim2014", "satquma"] = needed("proof mode")
    epsilon_secrecy: float = needed("of one block", "1", gt=0.0, lt=1.0)
    epsilon_correctness: float = needed("of one block", "1", gt=0.0, lt=1.0)
    error_correction: ErrorCorrection = needed("model of the disclosed bits")
    block_nights: int = optional(
        0,
        "contacts of a satellite and a station in so many nights may be distilled as one block; "
        "0: each by itself",
        "night",
        ge=0,
        le=31,
    )


class Policies(Table):
    """Limits that hold for the whole network."""

    min_elevation_deg: float = needed("lowest elevation of a contact", "deg", ge=0.0, le=90.0)
    max_sun_elevation_deg: float = needed(
        "the Sun must be below for a contact", "deg", ge=-90.0, le=90.0
    )
    max_range_km: float | None = optional(
        None, "largest slant range of a contact, no limit where left out", "km", gt=0.0, le=1e5
    )
    min_contact_s: float = optional(
        30.0, "shorter contacts are not planned", "s", ge=0.0, le=3600.0
    )
    warn_elements_age_d: float = optional(3.0, "older element sets are remarked", "d", gt=0.0)
    max_elements_age_d: float = optional(10.0, "older element sets are refused", "d", gt=0.0)
    horizon_nights: int = optional(1, "nights that one plan covers", "night", ge=1, le=31)
    max_satellite_hops: int = optional(2, "satellites on one relay path", "1", ge=0, le=8)
    max_fibre_hops: int = optional(2, "fibres on one relay path", "1", ge=0, le=8)
    freeze_min: float = optional(
        30.0, "a pass that starts sooner keeps its assignment", "min", ge=0.0, le=1440.0
    )


class Document(Table):
    """A network file of groundstation."""

    network: NetworkTable = needed("name and element files")
    policies: Policies = needed("limits that hold for the whole network")
    key: Key = needed("proof, its promises, error correction")
    satellites: list[Satellite] = Field(min_length=1, description="at least one")
    stations: list[Station] = Field(min_length=1, description="at least one")
    radio_stations: list[RadioStation] = tables("what carries the announcements of satellites")
    fibre_nodes: list[FibreNode] = tables("trusted nodes without telescope")
    fibre_links: list[FibreLink] = tables("fibre QKD links")
    sites: list[Site] = tables("places that use key")
    demands: list[Demand] = tables("key that two sites want to share")
    sources: list[ElementSource] = tables("where newer element sets are fetched")
    weather: Weather = Field(
        default_factory=Weather, description="forecasts, and chances of a clear sky"
    )
    safety: Safety = Field(default_factory=Safety, description="limits under which it is safe")
    permissions: list[Permission] = tables("permission that links need before they shine")
    notify: Notify = Field(default_factory=Notify, description="who is told of a night")
    keys: Keys | None = Field(default=None, description="the key ledger of one node")
    randomness: Randomness = Field(
        default_factory=Randomness, description="where random bytes come from"
    )
    plan: Plan = Field(default_factory=Plan, description="what a plan is to achieve")
    export: Export = Field(
        default_factory=Export, description="files that a night writes for other programs"
    )

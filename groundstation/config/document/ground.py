"""Tables of the ground network: fibre nodes and links, consumer sites, demands."""

from typing import Annotated

from pydantic import AfterValidator

from groundstation.config.document.fields import Name, Table, Text, needed, optional, physical
from groundstation.config.document.optics import Detector, Source
from groundstation.config.document.split import SplitText
from groundstation.config.use import parse_key_use


def _is_readable(text: str) -> str:
    parse_key_use(text)
    return text


KeyUseText = Annotated[str, AfterValidator(_is_readable)]


class FibreNode(Table):
    """A trusted node without telescope."""

    name: Name = needed("unique among satellites, stations and fibre nodes")
    title: str | None = optional(None, "what people call it; the name where left out")
    latitude_deg: float = needed("geodetic, North positive", "deg", ge=-90.0, le=90.0)
    longitude_deg: float = needed("East positive", "deg", ge=-180.0, le=360.0)


class Terminals(Source):
    """The QKD terminals at the two ends of a fibre."""

    detector: Detector | None = optional(None, "what clicks at the far end")
    block_s: float | None = physical("time over which one key block is gathered", "s", gt=0.0)


class FibreLink(Table):
    """A fibre QKD link: its declared key rate, or length and loss with terminals."""

    a: Name = needed("station or fibre node")
    b: Name = needed("station or fibre node")
    key_rate_bps: float | None = optional(None, "declared secret key rate", "bit/s", ge=0.0, le=1e9)
    length_km: float | None = optional(None, "of the fibre", "km", gt=0.0, le=2000.0)
    loss_db_per_km: float | None = optional(None, "of the fibre", "dB/km", gt=0.0, le=10.0)
    extra_loss_db: float | None = optional(
        None, "connectors, splices and the receiver, without detectors", "dB", ge=0.0, le=60.0
    )
    terminals: Terminals | None = optional(None, "needed where no key rate is declared")


class Site(Table):
    """A place that uses key."""

    name: Name = needed("unique among sites")
    title: str | None = optional(None, "what people call it; the name where left out")
    operator: Text = needed("who runs it")
    node: Name = needed("station or fibre node that serves it")


class Demand(Table):
    """Key that two sites want to share."""

    name: Name = needed("unique among demands")
    a: Name = needed("site")
    b: Name = needed("site")
    bits_per_day: float | None = optional(None, "wanted; this or use", "bit/d", gt=0.0, le=1e15)
    use: KeyUseText | None = optional(None, 'the same in words: "AES-256 every 60 s"')
    priority: float = optional(1.0, "worth of one delivered bit", "1", gt=0.0, le=1e6)
    minimum_reserve_bits: float = optional(
        0.0, "level below which the pair's pool should not fall", "bit", ge=0.0, le=1e15
    )
    untrusted: list[Name] = optional(
        [], "stations, fibre nodes or satellites that must not know the key"
    )
    split: SplitText | None = optional(
        None, 'shares on ways without a common node, and how many give the key: "2 of 3"'
    )

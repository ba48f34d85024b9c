"""A night as KML 2.3 (OGC 12-007r2) for globes: stations, fibres, ground tracks, contacts."""

from xml.etree import ElementTree as ET

from groundstation.export.antimeridian import cut_at_antimeridian
from groundstation.export.geojson import ground_nodes_deg
from groundstation.export.ground_tracks import below_contact
from groundstation.export.xml_text import xml_text
from groundstation.instants import utc_text
from groundstation.night_records import NightOutcome

NAMESPACE = "http://www.opengis.net/kml/2.2"
# Colours are aabbggrr.
_STYLES = {"track": ("80a0a0a0", "1"), "fibre": ("ff3c7fd9", "3"), "contact": ("ff2a9d4a", "4")}


def kml(outcome: NightOutcome) -> str:
    """The KML text; lines are cut at 180 degrees of longitude, contacts carry their time span."""
    root = ET.Element("kml", {"xmlns": NAMESPACE})
    document = ET.SubElement(root, "Document")
    _text(document, "name", f"{outcome.network.title}, night {outcome.night}")
    for name, (colour, width) in _STYLES.items():
        style = ET.SubElement(document, "Style", {"id": name})
        line = ET.SubElement(style, "LineStyle")
        _text(line, "color", colour)
        _text(line, "width", width)
    nodes = ground_nodes_deg(outcome.network)
    folder = _folder(document, "Stations and nodes")
    for title, (longitude, latitude) in nodes.values():
        place = _placemark(folder, title)
        point = ET.SubElement(place, "Point")
        _text(point, "coordinates", f"{longitude},{latitude}")
    folder = _folder(document, "Fibres")
    for link in outcome.network.fibre_links:
        ends = [nodes[link.a][1], nodes[link.b][1]]
        place = _placemark(folder, f"{link.a} - {link.b}", style="fibre")
        _add_lines(place, [e[0] for e in ends], [e[1] for e in ends])
    folder = _folder(document, "Ground tracks")
    for track in outcome.ground_tracks:
        place = _placemark(folder, track.satellite, style="track")
        _add_lines(place, list(track.longitude_deg), list(track.latitude_deg))
    _add_contacts(_folder(document, "Contacts"), outcome)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add_contacts(folder: ET.Element, outcome: NightOutcome) -> None:
    for contact in outcome.plan.contacts:
        name = f"{contact.satellite} over {contact.station}"
        place = _placemark(
            folder,
            name,
            style="contact",
            description=f"{contact.key_bits / 1e3:.0f} kbit of key under a clear sky, "
            f"pass {contact.pass_id}",
            span=(utc_text(contact.start), utc_text(contact.stop)),
        )
        _add_lines(place, *below_contact(outcome, contact))


def _folder(document: ET.Element, name: str) -> ET.Element:
    folder = ET.SubElement(document, "Folder")
    _text(folder, "name", name)
    return folder


def _placemark(
    folder: ET.Element,
    name: str,
    *,
    style: str = "",
    description: str = "",
    span: tuple[str, str] | None = None,
) -> ET.Element:
    """A placemark; the order of its parts is the schema's."""
    place = ET.SubElement(folder, "Placemark")
    _text(place, "name", name)
    if description:
        _text(place, "description", description)
    if span is not None:
        element = ET.SubElement(place, "TimeSpan")
        _text(element, "begin", span[0])
        _text(element, "end", span[1])
    if style:
        _text(place, "styleUrl", f"#{style}")
    return place


def _add_lines(place: ET.Element, longitude: list[float], latitude: list[float]) -> None:
    group = ET.SubElement(place, "MultiGeometry")
    for line in cut_at_antimeridian(longitude, latitude):
        element = ET.SubElement(group, "LineString")
        _text(element, "tessellate", "1")
        _text(element, "coordinates", " ".join(f"{x:.5f},{y:.5f}" for x, y in line))


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = xml_text(text)

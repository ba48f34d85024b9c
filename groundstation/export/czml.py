"""A night as CZML for Cesium globes: stations, satellites in motion, contacts as lines in time."""

import json
from datetime import timedelta
from typing import Any

import numpy as np

from groundstation.export.geojson import ground_nodes_deg
from groundstation.instants import utc_text
from groundstation.night_records import ElementsUsed, NightOutcome
from tle.trajectory.sgp4_ephemeris import ephemeris_from_elements

STEP_S = 120.0
SPEED_UP = 60
_STATION_RGBA, _SATELLITE_RGBA, _CONTACT_RGBA = (
    [60, 127, 217, 255],
    [240, 180, 40, 255],
    [42, 157, 74, 255],
)


def czml(outcome: NightOutcome) -> str:
    """The CZML text: positions Earth-fixed in metres, every two minutes, degree 7 between them.

    Degree 7 over two minutes is good to a centimetre at a low orbit.
    """
    span = f"{utc_text(outcome.start)}/{utc_text(outcome.stop)}"
    packets: list[dict[str, Any]] = [
        {
            "id": "document",
            "name": f"{outcome.network.title}, night {outcome.night}",
            "version": "1.0",
            "clock": {
                "interval": span,
                "currentTime": utc_text(outcome.start),
                "multiplier": SPEED_UP,
            },
        }
    ]
    packets += _stations(outcome)
    packets += [_satellite(outcome, used, span) for used in outcome.elements]
    packets += _contacts(outcome, span)
    return json.dumps(packets, separators=(",", ":")) + "\n"


def _stations(outcome: NightOutcome) -> list[dict[str, Any]]:
    heights = {station.name: station.site.height_m for station in outcome.network.stations}
    return [
        {
            "id": f"node/{name}",
            "name": title,
            "position": {
                "cartographicDegrees": [longitude, latitude, heights.get(name, 0.0)],
            },
            "point": {"pixelSize": 8, "color": {"rgba": _STATION_RGBA}},
            "label": {
                "text": title,
                "font": "12px sans-serif",
                "pixelOffset": {"cartesian2": [10, 0]},
            },
        }
        for name, (title, (longitude, latitude)) in ground_nodes_deg(outcome.network).items()
    ]


def _satellite(outcome: NightOutcome, used: ElementsUsed, span: str) -> dict[str, Any]:
    length_s = (outcome.stop - outcome.start).total_seconds()
    ephemeris = ephemeris_from_elements(used.elements, outcome.start, 0.0, length_s, STEP_S)
    segment = ephemeris.segments[0]
    rows = np.column_stack([segment.times_s, np.round(segment.positions_m, 2)])
    return {
        "id": f"satellite/{used.satellite}",
        "name": used.satellite,
        "availability": span,
        "position": {
            "epoch": utc_text(outcome.start),
            "referenceFrame": "FIXED",
            "interpolationAlgorithm": "LAGRANGE",
            "interpolationDegree": 7,
            "cartesian": rows.ravel().tolist(),
        },
        "point": {"pixelSize": 6, "color": {"rgba": _SATELLITE_RGBA}},
        "label": {"text": used.satellite, "font": "12px sans-serif"},
    }


def _contacts(outcome: NightOutcome, span: str) -> list[dict[str, Any]]:
    packets = []
    for contact in outcome.plan.contacts:
        shown = [
            {"interval": f"{utc_text(start)}/{utc_text(stop)}", "boolean": True}
            for start, stop in contact.windows
        ]
        packets.append(
            {
                "id": f"contact/{contact.pass_id}",
                "name": f"{contact.satellite} over {contact.station}",
                "availability": f"{utc_text(contact.start - timedelta(seconds=1))}/"
                f"{utc_text(contact.stop + timedelta(seconds=1))}",
                "polyline": {
                    "show": [{"interval": span, "boolean": False}, *shown],
                    "positions": {
                        "references": [
                            f"node/{_escaped(contact.station)}#position",
                            f"satellite/{_escaped(contact.satellite)}#position",
                        ]
                    },
                    "width": 2,
                    "material": {"solidColor": {"color": {"rgba": _CONTACT_RGBA}}},
                    "arcType": "NONE",
                },
            }
        )
    return packets


def _escaped(name: str) -> str:
    """A name inside a reference, where # and . end the identifier."""
    return "".join(f"\\{c}" if c in "#.\\" else c for c in name)

"""What to ask permission for: every span in which a station would shine a beacon at a satellite."""

from typing import Any

import numpy as np

from groundstation.instants import utc_text
from groundstation.night_records import NightOutcome, NightPass


def permission_requests(outcome: NightOutcome) -> list[dict[str, Any]]:
    """One row per usable window of every pass that could be a contact, chosen ones first.

    Clearing houses want requests days ahead, when the choice may still change: the alternatives
    are asked for as well and marked `alternative`.
    """
    chosen = {contact.pass_id for contact in outcome.plan.contacts}
    able = [item for item in outcome.passes if item.refusal is None and item.windows]
    able.sort(key=lambda item: (item.pass_id not in chosen, item.aos, item.pass_id))
    sites = {station.name: station.site for station in outcome.network.stations}
    numbers = {s.name: s.norad_cat_id for s in outcome.network.satellites}
    rows = []
    for item in able:
        site = sites[item.station]
        for index, (start, stop) in enumerate(item.windows, 1):
            rows.append(
                {
                    "request_id": f"{outcome.plan.plan_id}-{item.pass_id}-{index}",
                    "satellite": item.satellite,
                    "norad_cat_id": numbers[item.satellite],
                    "station": item.station,
                    "latitude_deg": round(float(np.degrees(site.latitude_rad)), 6),
                    "longitude_deg": round(float(np.degrees(site.longitude_rad)), 6),
                    "height_m": site.height_m,
                    "start_utc": utc_text(start),
                    "stop_utc": utc_text(stop),
                    **_sector(item, start.timestamp(), stop.timestamp()),
                    "decision": "contact" if item.pass_id in chosen else "alternative",
                    "pass_id": item.pass_id,
                }
            )
    return rows


def _sector(item: NightPass, start: float, stop: float) -> dict[str, float | None]:
    """Where the beam points: azimuth at both ends, lowest and highest elevation."""
    times = item.track.times_s + item.track.epoch.timestamp()
    inside = (times >= start) & (times <= stop)
    if not inside.any():
        return dict.fromkeys(
            ("azimuth_start_deg", "azimuth_stop_deg", "min_elevation_deg", "max_elevation_deg")
        )
    azimuth = np.degrees(item.track.azimuth_rad[inside])
    elevation = np.degrees(item.track.elevation_rad[inside])
    return {
        "azimuth_start_deg": round(float(azimuth[0]), 3),
        "azimuth_stop_deg": round(float(azimuth[-1]), 3),
        "min_elevation_deg": round(float(elevation.min()), 3),
        "max_elevation_deg": round(float(elevation.max()), 3),
    }

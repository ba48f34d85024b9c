"""The part of a ground track that lies below a contact."""

import numpy as np

from groundstation.night_records import NightOutcome
from groundstation.plan.records import Contact


def below_contact(outcome: NightOutcome, contact: Contact) -> tuple[list[float], list[float]]:
    """Longitudes and latitudes [deg] below a contact, its ends interpolated; empty if unknown."""
    track = next((t for t in outcome.ground_tracks if t.satellite == contact.satellite), None)
    if track is None or len(track.times_s) < 2:
        return [], []
    times_s = np.array(track.times_s)
    first = (contact.start - track.epoch).total_seconds()
    last = (contact.stop - track.epoch).total_seconds()
    inside = times_s[(times_s > first) & (times_s < last)]
    ask_s = np.concatenate([[first], inside, [last]])
    longitude = np.interp(ask_s, times_s, np.unwrap(track.longitude_deg, period=360.0))
    latitude = np.interp(ask_s, times_s, track.latitude_deg)
    return ((longitude + 180.0) % 360.0 - 180.0).tolist(), latitude.tolist()

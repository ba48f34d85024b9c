"""Key of a contact counted second by second, without the running sums that planned it."""

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from groundstation.network import Network
from groundstation.night.survey import Survey
from groundstation.night.window_keys import bits_of, pass_slots
from groundstation.night_records import NightPass
from groundstation.plan.records import Contact
from groundstation.results.calibration import DatedCalibration
from passes.counts.moments import moments_from_slots
from passes.forecast import slot_s

Floats = NDArray[np.float64]

# Plan documents tell instants to the millisecond.
_ROUNDING = timedelta(milliseconds=1)


def contact_bits(
    network: Network,
    seen: Survey,
    contacts: tuple[Contact, ...],
    night: str = "",
    calibration: DatedCalibration | None = None,
) -> dict[str, int]:
    """Whole secret bits of each contact's windows by the forecast, by pass id.

    A second counts if its slot lies between the edges of a window, and at an edge that is the
    pass's own every usable second counts. Edges may be rounded to a millisecond, as those of a plan
    that was read from its document are.
    """
    slots = pass_slots(network, seen, night, calibration)
    items = {item.pass_id: item for item in seen.passes}
    found = {}
    for contact in contacts:
        if contact.pass_id not in slots:
            found[contact.pass_id] = 0
            continue
        own = slots[contact.pass_id]
        inside = _inside(items[contact.pass_id], contact, own.times_s)
        if not inside.any():
            found[contact.pass_id] = 0
            continue
        moments = moments_from_slots(
            own.efficiency[inside],
            own.pulses,
            own.noise_key[inside],
            own.noise_test[inside],
            fading=own.fading[:, inside],
        )
        found[contact.pass_id] = bits_of(moments, own, network.key)
    return found


def _inside(item: NightPass, contact: Contact, times_s: Floats) -> NDArray[np.bool_]:
    """Which usable samples the contact holds with the whole of their slots."""
    half = timedelta(seconds=slot_s(item.track) / 2.0)
    starts, stops = ({window[end] for window in item.windows} for end in (0, 1))
    spans = [
        (
            start - _ROUNDING - (half if _is_among(start, starts) else -half),
            stop + _ROUNDING + (half if _is_among(stop, stops) else -half),
        )
        for start, stop in contact.windows
    ]
    middles = [item.track.epoch + timedelta(seconds=float(t)) for t in times_s]
    return np.array([any(a <= m <= b for a, b in spans) for m in middles], dtype=bool)


def _is_among(instant: datetime, instants: set[datetime]) -> bool:
    return any(abs(instant - other) <= _ROUNDING for other in instants)

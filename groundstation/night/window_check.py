"""Key of a contact counted second by second, without the running sums that planned it."""

from datetime import timedelta

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


def contact_bits(
    network: Network,
    seen: Survey,
    contacts: tuple[Contact, ...],
    night: str = "",
    calibration: DatedCalibration | None = None,
) -> dict[str, int]:
    """Whole secret bits of each contact's windows by the forecast, by pass id.

    A second counts if its slot lies between the edges of a window, and at an edge that is the
    pass's own every usable second counts.
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
    starts = {start for start, _ in item.windows}
    stops = {stop for _, stop in item.windows}
    inside = []
    for t in times_s:
        middle = item.track.epoch + timedelta(seconds=float(t))
        inside.append(
            any(
                (start <= middle - half or (start in starts and start <= middle + half))
                and (middle + half <= stop or (stop in stops and middle - half <= stop))
                for start, stop in contact.windows
            )
        )
    return np.array(inside, dtype=bool)

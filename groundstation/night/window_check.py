"""Key of a contact counted second by second, without the running sums that planned it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from groundstation.network import KeyPolicy, Network
from groundstation.night.pass_slots import PassSlots, pass_slots
from groundstation.night.survey import Survey
from groundstation.night.window_keys import bits_of
from groundstation.plan.records import Contact
from groundstation.results.calibration import DatedCalibration
from passes.counts.moments import Moments, moments_from_slots

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
    return bits_of_contacts(network.key, pass_slots(network, seen, night, calibration), contacts)


def bits_of_contacts(
    policy: KeyPolicy, slots: Mapping[str, PassSlots], contacts: Sequence[Contact]
) -> dict[str, int]:
    """The same from the usable seconds of the passes, by their ids."""
    found = {}
    for contact in contacts:
        moments = moments_of_contact(slots, contact)
        found[contact.pass_id] = (
            0 if moments is None else bits_of(moments, slots[contact.pass_id], policy)
        )
    return found


def moments_of_contact(slots: Mapping[str, PassSlots], contact: Contact) -> Moments | None:
    """Moments of the seconds of a contact; None if it holds none."""
    own = slots.get(contact.pass_id)
    inside = None if own is None else _inside(own, contact)
    if own is None or inside is None or not inside.any():
        return None
    return moments_from_slots(
        own.efficiency[inside],
        own.pulses,
        own.noise_key[inside],
        own.noise_test[inside],
        fading=own.fading[:, inside],
    )


def _inside(own: PassSlots, contact: Contact) -> NDArray[np.bool_]:
    """Which usable samples the contact holds with the whole of their slots."""
    half = timedelta(seconds=own.length_s / 2.0)
    starts, stops = ({window[end] for window in own.windows} for end in (0, 1))
    spans = [
        (
            start - _ROUNDING - (half if _is_among(start, starts) else -half),
            stop + _ROUNDING + (half if _is_among(stop, stops) else -half),
        )
        for start, stop in contact.windows
    ]
    middles = [own.epoch + timedelta(seconds=float(t)) for t in own.times_s]
    return np.array([any(a <= m <= b for a, b in spans) for m in middles], dtype=bool)


def _is_among(instant: datetime, instants: set[datetime]) -> bool:
    return any(abs(instant - other) <= _ROUNDING for other in instants)

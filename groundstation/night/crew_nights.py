"""Nights that crews have worked before a plan begins, from the plans that people held.

The rules it keeps:

1. A night is worked if the plan of it had a contact at the station: the crew was there, whatever
   the weather did.
2. A plan over several nights counts until the night whose own plan replaces it.
3. Only stations whose crew is limited matter, and of them only the week of the first night.
"""

import json
from collections.abc import Mapping
from datetime import date, timedelta

from sqlite_utils import Database

from groundstation.export.plan_document import plan_from_document
from groundstation.network import Network
from groundstation.night.state import current_plan_id, plan_text
from groundstation.plan.limits import evening_of, monday_of

# As many nights as a plan can cover: an older one says nothing of this week.
_LONGEST_PLAN = 31

Worked = Mapping[str, frozenset[date]]


def worked_evenings(network: Network, db: Database | None, night: str) -> Worked:
    """Evenings of the week before a night in which each limited crew worked, by station.

    Parameters
    ----------
    db : the state for reading; None where there is none yet
    night : date of the plan's first evening
    """
    longitude = {
        s.name: s.site.longitude_rad
        for s in network.stations
        if s.limits.crew_nights_per_week is not None
    }
    if db is None or not longitude:
        return {}
    first = date.fromisoformat(night)
    evenings: dict[str, set[date]] = {name: set() for name in longitude}
    for days in range(_LONGEST_PLAN, 0, -1):
        own = first - timedelta(days=days)
        plan_id = current_plan_id(db, own.isoformat())
        text = None if plan_id is None else plan_text(db, plan_id)
        if text is None:
            continue
        for name, found in evenings.items():
            evenings[name] = {evening for evening in found if evening < own}
        for contact in plan_from_document(json.loads(text)).contacts:
            if contact.station in longitude:
                at = evening_of(contact.start, longitude[contact.station])
                evenings[contact.station].add(at)
    return {
        name: frozenset(e for e in found if monday_of(first) <= e < first)
        for name, found in evenings.items()
    }


def worked_document(worked: Worked) -> dict[str, list[str]]:
    """Worked evenings as JSON values; stations without any are left out."""
    return {
        name: sorted(evening.isoformat() for evening in evenings)
        for name, evenings in sorted(worked.items())
        if evenings
    }


def worked_from(document: Mapping[str, list[str]] | None) -> Worked:
    """What `worked_document` wrote; nothing for a plan that was made without."""
    return {
        name: frozenset(date.fromisoformat(evening) for evening in evenings)
        for name, evenings in (document or {}).items()
    }

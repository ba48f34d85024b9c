"""The first night of a plan's document, where the plan covers several."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from groundstation.instants import utc_instant


def own_night(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the contacts and deliveries of its first night.

    Of plans that are made night by night and look further ahead, only this is carried out: the next
    evening plans the rest again.
    """
    if document.get("nights", 1) == 1:
        return dict(document)
    end = utc_instant(document["start_utc"]) + timedelta(days=1)
    return {
        **document,
        "contacts": [c for c in document["contacts"] if utc_instant(c["stop_utc"]) < end],
        "deliveries": [
            {
                **delivery,
                "wanted_bits": delivery["by_night"][0][0],
                "delivered_bits": delivery["by_night"][0][1],
            }
            for delivery in document["deliveries"]
        ],
    }

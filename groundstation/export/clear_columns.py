"""The chance of a clear sky over a pass, as columns and as a sentence."""

from typing import Any

import numpy as np

from groundstation.night_records import PassWeather


def clear_columns(clear: PassWeather | None) -> dict[str, Any]:
    """Probability with its interval, source of the weather, and why it is not known.

    `probability_clear_low` and `_high` enclose what the number of members and the shape of the
    clouds leave open. None stands where the weather is not known or was not looked at; the key of
    the same row is that under a clear sky, and is not multiplied with it.
    """
    chance = None if clear is None else clear.whole
    is_known = chance is not None and not np.isnan(chance.probability)
    return {
        "probability_clear": chance.probability if chance and is_known else None,
        "probability_clear_low": chance.lowest if chance and is_known else None,
        "probability_clear_high": chance.highest if chance and is_known else None,
        "weather_source": chance.source if chance else None,
        "weather_reason": chance.reason if chance else None,
    }


def clear_sentence(clear: PassWeather | None) -> str:
    """What a report says of the sky over a pass; empty where no weather was looked at."""
    if clear is None:
        return ""
    chance = clear.whole
    if np.isnan(chance.probability):
        return f"Chance of a clear sky unknown: {chance.reason}."
    members = len(chance.by_member)
    of = f"{members} members of {chance.source}" if members > 1 else f"one run of {chance.source}"
    return (
        f"Clear sky with {chance.probability:.0%} ({chance.lowest:.0%} to {chance.highest:.0%}), "
        f"from {of}; {chance.model}."
    )

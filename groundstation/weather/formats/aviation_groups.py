"""The groups of METAR and TAF that say what the sky does; a group that is not known is refused.

- Layers are counted at the upper end of their class: FEW 2/8, SCT 4/8, BKN 7/8, OVC 8/8.
- CAVOK, NSC, NCD and CLR say that nothing matters to aircraft: no cloud below 5000 ft (1500 m), or
  below 12000 ft where an automatic station says CLR. Cirrus may cover the sky: the total is not
  known. Only SKC is a clear sky.
- An automatic station sees what drifts over its ceilometer and misses high cloud: unless it is
  overcast, its total is not known.

Codes: World Meteorological Organization, Manual on Codes, WMO-No. 306, FM 15 and FM 51; ICAO
Annex 3, appendix 3.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from groundstation.weather.formats.documents import refuse, shown
from groundstation.weather.records import Quantity

METRES_PER_HUNDRED_FEET = 30.48
_M_S_PER_UNIT = {"KT": 1_852.0 / 3_600.0, "MPS": 1.0, "KMH": 1.0 / 3.6}
_OKTAS = {"FEW": 2, "SCT": 4, "BKN": 7, "OVC": 8}
# Bounds of the three layers as Open-Meteo draws them, so that all sources mean the same.
_MID_FROM_M, _HIGH_FROM_M = 3_000.0, 8_000.0
# Upper ends of light, moderate and heavy rain in mm/h (WMO-No. 8, volume I, chapter 14; violent
# rain begins where heavy ends).
_RAIN_MM_H = {"-": 2.5, "": 10.0, "+": 50.0}

_WIND = re.compile(r"(?:\d{3}|VRB|///)(P?\d{2,3}|//)(?:G(P?\d{2,3}|//))?(KT|MPS|KMH)\Z")
_CLOUD = re.compile(r"(FEW|SCT|BKN|OVC|///)(\d{3}|///)(?:CB|TCU|///)?\Z")
_VERTICAL = re.compile(r"VV(?:\d{3}|///)\Z")
_PHENOMENA = "DZ|RA|SN|SG|IC|PL|GR|GS|UP|BR|FG|FU|VA|DU|SA|HZ|PO|SQ|FC|SS|DS"
_FALLING = ("DZ", "RA", "SN", "SG", "PL", "GR", "GS", "UP")
_PRESENT = re.compile(
    rf"([-+]|VC)?((?:MI|PR|BC|DR|BL|SH|TS|FZ)*)((?:{_PHENOMENA}){{0,3}})\Z", re.ASCII
)
_IGNORED = re.compile(
    r"""(?:\d{3}V\d{3}                              # wind direction varies
    |\d{4}(?:NDV|[NS]?[EW]?)|////                   # visibility in metres
    |[PM]?\d{1,2}SM|[PM]?\d/\d{1,2}SM               # and in statute miles
    |R\d{2}[LCR]?/[\w/+-]+                          # runway
    |[QA](?:\d{4}|////)                             # pressure
    |RE[A-Z/]{2,8}|WS|ALL|RWY|WS\d{3}/\d{5}KT|W(?:\d{2}|//)/[SH]\d{1,3}
    |(?:BLACK)?(?:BLU|WHT|GRN|YLO[12]?|AMB|RED)\+?      # colour states of military airfields
    |T[XN]M?\d{2}/\d{4}Z|QNH\d{4}INS)\Z""",
    re.VERBOSE | re.ASCII,
)
_TEMPERATURE = re.compile(r"(M?)(\d{2})/(M?)(\d{2})\Z|(?:M?\d{2}|//)/(?:M?\d{2}|//)\Z", re.ASCII)
_NOTHING_SIGNIFICANT = ("CAVOK", "NSC", "NCD", "CLR")
_CLEAR, _UNSEEN_WEATHER = "SKC", "//"


@dataclass(frozen=True, slots=True)
class Sky:
    """What groups say; a quantity that they are silent about is absent.

    `says_cloud` is True where they speak of cloud at all, even if no cover follows from it.
    """

    values: Mapping[Quantity, float]
    says_cloud: bool


@dataclass(slots=True)
class _Said:
    """What the groups read so far have said; a layer is its cover and its base in metres."""

    wind_m_s: tuple[float, float] | None = None
    layers: list[tuple[float, float]] = field(default_factory=list)
    words: set[str] = field(default_factory=set)
    rain_mm_h: float | None = None
    dew_point_spread_k: float | None = None


def read_groups(groups: Sequence[str], place: str, *, is_automatic: bool, is_forecast: bool) -> Sky:
    """What a row of groups says of cloud, wind and rain.

    Parameters
    ----------
    groups : between time and the first change, remark or trend
    is_automatic : an automatic report
    is_forecast : a report without a group of precipitation means none; a change of a forecast
        without one means no change

    Raises
    ------
    WeatherError
        a group that is not known
    """
    said = _Said()
    for index, group in enumerate(groups):
        is_known = (
            _took_wind(said, group)
            or _took_temperature(said, group)
            or _took_cloud(said, group)
            or _took_word(said, group)
            or _is_mile(groups, index)
            or _IGNORED.match(group)
            or _took_weather(said, group)
        )
        if not is_known:
            refuse(place, shown(group), "is not a group of METAR or TAF that is known here")
    values: dict[Quantity, float] = {}
    if said.wind_m_s is not None:
        values[Quantity.WIND_SPEED], values[Quantity.WIND_GUST] = said.wind_m_s
    is_dry = said.words & {"NSW", "CAVOK"} or not (is_forecast or _UNSEEN_WEATHER in said.words)
    if said.rain_mm_h is not None or is_dry:
        values[Quantity.RAIN_RATE] = (said.rain_mm_h or 0.0) / 3.6e6
    if said.dew_point_spread_k is not None:
        values[Quantity.DEW_POINT_SPREAD] = said.dew_point_spread_k
    says_cloud = bool(said.layers or said.words & {*_NOTHING_SIGNIFICANT, _CLEAR})
    if says_cloud:
        values.update(_cover(said, is_automatic=is_automatic))
    return Sky(values, says_cloud)


def _took_wind(said: _Said, group: str) -> bool:
    found = _WIND.match(group)
    if found is None:
        return False
    factor = _M_S_PER_UNIT[found[3]]
    speed = _speed(found[1]) * factor
    said.wind_m_s = speed, speed if found[2] is None else _speed(found[2]) * factor
    return True


def _took_temperature(said: _Said, group: str) -> bool:
    """Air and dew point in whole degrees, M for minus."""
    found = _TEMPERATURE.match(group)
    if found is None:
        return False
    if found[2] is not None:
        air, dew = (
            float(digits) * (-1.0 if sign else 1.0)
            for sign, digits in ((found[1], found[2]), (found[3], found[4]))
        )
        said.dew_point_spread_k = max(air - dew, 0.0)
    return True


def _speed(text: str) -> float:
    return np.nan if text == "//" else float(text.removeprefix("P"))


def _took_cloud(said: _Said, group: str) -> bool:
    found = _CLOUD.match(group)
    if found is not None:
        cover = np.nan if found[1] == "///" else _OKTAS[found[1]] / 8.0
        base_m = np.nan if found[2] == "///" else float(found[2]) * METRES_PER_HUNDRED_FEET
        said.layers.append((cover, base_m))
    elif _VERTICAL.match(group):
        # The sky cannot be seen from the ground.
        said.layers.append((1.0, 0.0))
    else:
        return False
    return True


def _took_word(said: _Said, group: str) -> bool:
    if group not in {*_NOTHING_SIGNIFICANT, _CLEAR, "NSW", _UNSEEN_WEATHER}:
        return False
    said.words.add(group)
    return True


def _is_mile(groups: Sequence[str], index: int) -> bool:
    """True for the 1 of `1 1/2SM`."""
    following = groups[index + 1] if index + 1 < len(groups) else ""
    return groups[index].isdigit() and len(groups[index]) == 1 and following.endswith("SM")


def _took_weather(said: _Said, group: str) -> bool:
    found = _PRESENT.match(group)
    if found is None or not (found[2] or found[3]):
        return False
    rate = 0.0
    if found[1] != "VC":
        if any(name in found[3] for name in _FALLING):
            rate = _RAIN_MM_H[found[1] or ""]
        elif "TS" in found[2]:
            # No rain has reached the place yet; nobody opens under a thunderstorm.
            rate = _RAIN_MM_H["-"]
    said.rain_mm_h = max(rate, said.rain_mm_h or 0.0)
    return True


def _cover(said: _Said, *, is_automatic: bool) -> dict[Quantity, float]:
    """Cover in total and by height, as far as the groups tell it."""
    covers = [cover for cover, _ in said.layers]
    if any(cover >= 1.0 for cover in covers):
        total = 1.0
    elif _CLEAR in said.words:
        total = 0.0
    else:
        total = float(np.max(covers)) if covers and not is_automatic else np.nan
    found = {Quantity.CLOUD_TOTAL: total}
    if _CLEAR in said.words:
        found |= dict.fromkeys((Quantity.CLOUD_LOW, Quantity.CLOUD_MID, Quantity.CLOUD_HIGH), 0.0)
    elif "CLR" in said.words:
        found[Quantity.CLOUD_LOW] = 0.0
    for cover, base_m in said.layers:
        layer = _layer_at(base_m)
        if layer is not None:
            found[layer] = float(np.max([cover, found.get(layer, 0.0)]))
    return found


def _layer_at(base_m: float) -> Quantity | None:
    if np.isnan(base_m):
        return None
    if base_m < _MID_FROM_M:
        return Quantity.CLOUD_LOW
    return Quantity.CLOUD_MID if base_m < _HIGH_FROM_M else Quantity.CLOUD_HIGH

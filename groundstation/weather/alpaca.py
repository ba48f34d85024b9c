"""Ask an ASCOM Alpaca device for the weather, or whether it is safe; nothing is ever set.

- A value counts only with its age: a sensor that cannot tell when it last measured tells nothing.
- A property that the device does not implement, or has not measured yet, is not known.
- The unit of cloud cover is declared, not guessed: the interface says percent, and several drivers
  and simulators send a fraction. A cover above 0 and up to 1 from a device that was declared to
  send percent is refused: it may be an overcast sky.

Interface: ASCOM Alpaca API Reference, devices ObservingConditions and SafetyMonitor, with the error
numbers of its section on error handling (ascom-standards.org, read in 2026).
"""

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np
import urllib3
from urllib3.exceptions import HTTPError

from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.documents import json_object, naming, number, refuse, shown
from groundstation.weather.records import (
    Provenance,
    Quantity,
    Weather,
    WeatherKind,
    sha256_of,
)
from groundstation.weather.safety import Safety

HOLDS_S = 300.0

_NOT_IMPLEMENTED, _VALUE_NOT_SET = 0x400, 0x402
_MOST_BYTES = 65_536
_OK = 200
# Any number will do; it only tells clients apart in the device's log.
_CLIENT_ID = 1_984


class CloudUnit(StrEnum):
    """What a device means by the number that it calls cloud cover."""

    PERCENT = "percent"
    FRACTION = "fraction"


@dataclass(frozen=True, slots=True)
class AlpacaLimits:
    """What one question may cost: until a connection stands, and until the whole answer is here."""

    connect_s: float = 2.0
    total_s: float = 10.0


class AlpacaDevice:
    """One device of an Alpaca server.

    Parameters
    ----------
    address : of the server, like "http://192.168.1.20:11111"
    number : of the device among those of its type
    """

    def __init__(self, address: str, number: int = 0, limits: AlpacaLimits | None = None) -> None:
        self.address = address
        self.number = number
        self._limits = limits or AlpacaLimits()
        self._transactions = itertools.count(1)
        self._pool = urllib3.PoolManager(retries=False)

    def ask(self, device_type: str, name: str, **parameters: str) -> Any:
        """The value of a property; None if it is not implemented or not yet measured.

        Raises
        ------
        WeatherError
            no answer, or one that is not of the interface
        """
        transaction = next(self._transactions)
        query = {**parameters, "ClientID": _CLIENT_ID, "ClientTransactionID": transaction}
        place = f"{self.address}/api/v1/{device_type}/{self.number}/{name}"
        body = self._body(f"{place}?{urlencode(query)}", place)
        answer = json_object(body, place)
        if answer.get("ClientTransactionID") != transaction:
            refuse(place, "ClientTransactionID", "is the answer to another question")
        error = answer.get("ErrorNumber")
        if isinstance(error, bool) or not isinstance(error, int):
            refuse(place, "ErrorNumber", "is missing")
        if error in {_NOT_IMPLEMENTED, _VALUE_NOT_SET}:
            return None
        if error != 0:
            said = shown(str(answer.get("ErrorMessage", "")))
            refuse(place, "ErrorNumber", f"error 0x{error:x}: {said!r}")
        if "Value" not in answer:
            refuse(place, "Value", "is missing")
        return answer["Value"]

    def _body(self, url: str, place: str) -> bytes:
        deadline_s = time.monotonic() + self._limits.total_s
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            refuse(place, "", "is not an address like http://192.168.1.20:11111")
        body = bytearray()
        try:
            response = self._pool.request(
                "GET",
                url,
                timeout=urllib3.Timeout(connect=self._limits.connect_s, read=self._limits.total_s),
                redirect=False,
                preload_content=False,
            )
            try:
                while piece := response.read1(_MOST_BYTES, decode_content=True):
                    body += piece
                    if len(body) > _MOST_BYTES or time.monotonic() > deadline_s:
                        refuse(place, "", "the answer is too long or too slow")
            finally:
                response.close()
                # Small servers drop a connection that waits, often just as it is used again.
                self._pool.clear()
        except HTTPError as error:
            raise WeatherError(f"no answer: {type(error).__name__}", where=place) from error
        if response.status != _OK:
            said = shown(bytes(body).decode("utf-8", "replace"))
            refuse(place, "", f"status {response.status}: {said!r}")
        return bytes(body)


# Air beyond it is told in kelvin, or in Fahrenheit on a warm day: the spread would look too large.
_COLDEST_OR_HOTTEST_C = 60.0
_SENSORS = {
    "CloudCover": (Quantity.CLOUD_TOTAL, 0.01),
    "WindSpeed": (Quantity.WIND_SPEED, 1.0),
    "WindGust": (Quantity.WIND_GUST, 1.0),
    "Humidity": (Quantity.HUMIDITY, 0.01),
    "RainRate": (Quantity.RAIN_RATE, 1.0 / 3.6e6),
}


def read_observing_conditions(
    device: AlpacaDevice,
    station: str,
    cloud_unit: CloudUnit,
    *,
    now: Callable[[], datetime],
) -> Weather:
    """What an ObservingConditions device measured last, as one sample as old as its oldest value.

    Raises
    ------
    WeatherError
        no answer, a device that is not connected or knows nothing, or a value that is not possible
    """
    _check_connected(device, "observingconditions")
    values: dict[Quantity, float] = {}
    ages_s: list[float] = []
    for name, (quantity, factor) in _SENSORS.items():
        value = _sensor(device, name)
        if value is None:
            continue
        scale = 1.0 if name == "CloudCover" and cloud_unit is CloudUnit.FRACTION else factor
        place = f"{device.address} {name}"
        is_doubtful = 0.0 < value[0] <= 1.0
        if name == "CloudCover" and cloud_unit is CloudUnit.PERCENT and is_doubtful:
            refuse(place, "", f"{value[0]:g} percent may be a fraction: declare its unit")
        if name == "Humidity" and is_doubtful:
            refuse(place, "", f"{value[0]:g} percent may be a fraction: no air is so dry")
        values[quantity] = value[0] * scale
        ages_s.append(value[1])
    air, dew = (_sensor(device, name) for name in ("Temperature", "DewPoint"))
    for name, measured in (("Temperature", air), ("DewPoint", dew)):
        if measured is not None and not abs(measured[0]) <= _COLDEST_OR_HOTTEST_C:
            place = f"{device.address} {name}"
            refuse(place, "", f"{measured[0]:g} is no temperature in degrees Celsius")
    if air is not None and dew is not None:
        values[Quantity.DEW_POINT_SPREAD] = max(air[0] - dew[0], 0.0)
        ages_s += [air[1], dew[1]]
    if not values:
        refuse(device.address, "", "the device knows no value that is used here")
    retrieved_at = now()
    measured_at = retrieved_at - timedelta(seconds=max(ages_s))
    # There is no document; the digest is of what was read, so that the same values have the same.
    digest = sha256_of(json.dumps({k.value: v for k, v in values.items()}, sort_keys=True).encode())
    with naming(device.address):
        return Weather(
            station=station,
            provenance=Provenance(
                WeatherKind.OBSERVATION, f"alpaca {station}", measured_at, retrieved_at, digest
            ),
            epoch=measured_at,
            times_s=np.zeros(1),
            members=("sensor",),
            series={quantity: np.array([[value]]) for quantity, value in values.items()},
            is_held=True,
            longest_gap_s=HOLDS_S,
        )


def ask_safety_monitor(device: AlpacaDevice) -> Safety:
    """Go or no-go of a SafetyMonitor; no answer, or any other than true, is a no."""
    place = f"safety monitor {device.address}"
    try:
        _check_connected(device, "safetymonitor")
        value = device.ask("safetymonitor", "issafe")
    except WeatherError as error:
        return Safety((f"{place}: {error}",))
    if value is True:
        return Safety(())
    reason = "says that it is not safe" if value is False else f"answers {shown(repr(value))}"
    return Safety((f"{place} {reason}",))


def _check_connected(device: AlpacaDevice, device_type: str) -> None:
    if device.ask(device_type, "connected") is not True:
        refuse(device.address, "", "the server is not connected to its device")


def _sensor(device: AlpacaDevice, name: str) -> tuple[float, float] | None:
    """Value and age in seconds; None if one of them is not known."""
    value = device.ask("observingconditions", name.lower())
    if value is None:
        return None
    age_s = device.ask("observingconditions", "timesincelastupdate", SensorName=name)
    place = f"{device.address} {name}"
    if age_s is None or number(age_s, place, "age") < 0.0:
        return None
    return number(value, place, ""), float(age_s)

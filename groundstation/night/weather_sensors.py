"""What a station's own sensors say now, as documents that can be read again."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np

from groundstation.instants import utc_instant, utc_text
from groundstation.network import Station
from groundstation.night.weather_inputs import InputRole, WeatherInput
from groundstation.weather.alpaca import (
    HOLDS_S,
    AlpacaDevice,
    CloudUnit,
    ask_safety_monitor,
    read_observing_conditions,
)
from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.documents import json_object
from groundstation.weather.formats.recognition import WeatherFormat
from groundstation.weather.records import Provenance, Quantity, Weather, WeatherKind, sha256_of
from groundstation.weather_policy import AlpacaConditions, BoltwoodFile

ALPACA = "alpaca"


def ask_sensor(
    station: Station, number: int, *, now: datetime, offline: bool
) -> tuple[WeatherInput, bytes]:
    """The answer of the station's sensor with a number from 0; a sensor that fails says why.

    Parameters
    ----------
    now : the present, aware
    offline : devices on the network are not asked, which is a no
    """
    sensor = station.weather.sensors[number]
    max_age_s = station.weather.limits.max_age_s
    name, place = f"sensors/{station.name}-{number + 1}", station.name
    if isinstance(sensor, BoltwoodFile):
        try:
            body = Path(sensor.file).read_bytes()
        except OSError as error:
            return _silent(place, now, f"boltwood {place}: {error.strerror}: {sensor.file}")
        form = WeatherFormat.BOLTWOOD.value
        zone = sensor.time_zone
        item = WeatherInput(
            InputRole.SENSOR, place, f"{name}.txt", form, now, max_age_s, time_zone=zone
        )
        return item, body
    if offline:
        return _silent(place, now, f"alpaca {place}: was not asked (--offline)")
    device = AlpacaDevice(sensor.url, sensor.device)
    if not isinstance(sensor, AlpacaConditions):
        return _silent(place, now, *ask_safety_monitor(device).reasons)
    unit = CloudUnit.FRACTION if sensor.is_cloud_fraction else CloudUnit.PERCENT
    try:
        weather = read_observing_conditions(device, place, unit, now=lambda: now)
    except WeatherError as error:
        where = f" ({error.where})" if error.where else ""
        return _silent(place, now, f"alpaca {place}: {error}{where}")
    item = WeatherInput(InputRole.SENSOR, place, f"{name}.json", ALPACA, now, max_age_s)
    return item, _written(weather)


def read_alpaca_document(body: bytes, place: str, station: str, retrieved_at: datetime) -> Weather:
    """The values of a device that `ask_sensor` wrote down."""
    document = json_object(body, place)
    measured_at = utc_instant(document["measured_at"])
    return Weather(
        station=station,
        provenance=Provenance(
            WeatherKind.OBSERVATION,
            f"alpaca {station}",
            measured_at,
            retrieved_at,
            sha256_of(body),
        ),
        epoch=measured_at,
        times_s=np.zeros(1),
        members=("sensor",),
        series={Quantity(name): np.array([[v]]) for name, v in document["values"].items()},
        is_held=True,
        longest_gap_s=HOLDS_S,
    )


def _written(weather: Weather) -> bytes:
    values = {quantity.value: float(v[0, 0]) for quantity, v in weather.series.items()}
    document = {"measured_at": utc_text(weather.epoch), "values": values}
    return (json.dumps(document, sort_keys=True) + "\n").encode()


def _silent(station: str, now: datetime, *reasons: str) -> tuple[WeatherInput, bytes]:
    """A sensor without values: a monitor that only says yes or no, or one that does not answer."""
    return WeatherInput(InputRole.SENSOR, station, None, ALPACA, now, reasons=reasons), b""

"""A weather device on the network is believed only where it says what it measured, and when."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import urllib3

from groundstation.weather.alpaca import (
    AlpacaDevice,
    AlpacaLimits,
    CloudUnit,
    ask_safety_monitor,
    read_observing_conditions,
)
from groundstation.weather.errors import WeatherError
from groundstation.weather.records import Quantity
from groundstation.weather.safety import SafetyLimits, judge_now

NOW = datetime(2026, 6, 14, 21, 0, tzinfo=UTC)
NOT_IMPLEMENTED, VALUE_NOT_SET, NOT_CONNECTED = 0x400, 0x402, 0x407
VALUES = {
    "cloudcover": 35.0,
    "windspeed": 3.0,
    "windgust": 5.0,
    "humidity": 60.0,
    "rainrate": 0.0,
    "temperature": 18.0,
    "dewpoint": 11.5,
    "connected": True,
    "issafe": True,
}


class Device:
    """Answers as the published interface says: `errors` by property, `ages_s` by sensor."""

    def __init__(self, reply) -> None:
        self.reply = reply
        self.values = dict(VALUES)
        self.errors: dict[str, int] = {}
        self.ages_s = dict.fromkeys(("CloudCover", "WindSpeed", "WindGust"), 4.0)
        self.ages_s |= {"Humidity": 20.0, "RainRate": 4.0}
        self.ages_s |= {"Temperature": 5.0, "DewPoint": 6.0}
        self.changes: dict[str, object] = {}

    def __call__(self, path: str):
        name = urlsplit(path).path.rpartition("/")[2]
        query = {key: values[0] for key, values in parse_qs(urlsplit(path).query).items()}
        answer: dict[str, object] = {
            "ClientTransactionID": int(query["ClientTransactionID"]),
            "ServerTransactionID": 1,
            "ErrorNumber": self.errors.get(name, 0),
            "ErrorMessage": "as told" if name in self.errors else "",
        }
        if name not in self.errors:
            is_age = name == "timesincelastupdate"
            answer["Value"] = self.ages_s[query["SensorName"]] if is_age else self.values[name]
        kept = answer | self.changes
        return self.reply(json.dumps({k: v for k, v in kept.items() if v is not None}))


@pytest.fixture
def device(provider, reply):
    provider.answer = Device(reply)
    return provider.answer


def read(provider, unit=CloudUnit.PERCENT):
    asked = AlpacaDevice(provider.url)
    return read_observing_conditions(asked, "matera", unit, now=lambda: NOW)


def refused(provider, unit=CloudUnit.PERCENT):
    with pytest.raises(WeatherError) as caught:
        read(provider, unit)
    return f"{caught.value.where} {caught.value}"


def test_values_are_read_in_our_units_as_old_as_the_oldest(provider, device):
    weather = read(provider)
    found = {quantity: float(values[0, 0]) for quantity, values in weather.series.items()}
    assert found == pytest.approx(
        {
            Quantity.CLOUD_TOTAL: 0.35,
            Quantity.WIND_SPEED: 3.0,
            Quantity.WIND_GUST: 5.0,
            Quantity.HUMIDITY: 0.6,
            Quantity.RAIN_RATE: 0.0,
            Quantity.DEW_POINT_SPREAD: 6.5,
        }
    )
    assert weather.epoch == NOW - timedelta(seconds=20)
    device.values["rainrate"] = 3.6
    assert read(provider).series[Quantity.RAIN_RATE][0, 0] == pytest.approx(1e-6)


@pytest.mark.usefixtures("device")
def test_the_questions_follow_the_interface(provider):
    read(provider)
    paths = [urlsplit(path) for path in provider.paths]
    assert paths[0].path == "/api/v1/observingconditions/0/connected"
    assert all(part.path == part.path.lower() for part in paths)
    transactions = [parse_qs(part.query)["ClientTransactionID"] for part in paths]
    assert transactions == [[str(i)] for i in range(1, len(paths) + 1)]
    assert "SensorName=CloudCover" in provider.paths[2]


def test_the_unit_of_cover_is_declared_and_a_doubtful_one_refused(provider, device):
    device.values["cloudcover"] = 0.9
    assert "0.9 percent may be a fraction" in refused(provider)
    fraction = read(provider, CloudUnit.FRACTION)
    assert fraction.series[Quantity.CLOUD_TOTAL][0, 0] == pytest.approx(0.9)
    device.values["cloudcover"] = 1.0
    assert "1 percent may be a fraction" in refused(provider)
    device.values["cloudcover"] = 35.0
    assert "cloud_total_fraction 35 is outside 0..1" in refused(provider, CloudUnit.FRACTION)
    device.values["cloudcover"] = 0.0
    assert read(provider).series[Quantity.CLOUD_TOTAL][0, 0] == 0.0


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("humidity", 0.6, "0.6 percent may be a fraction"),
        ("humidity", 140.0, "humidity"),
        ("temperature", 291.2, "Temperature 291.2 is no temperature in degrees Celsius"),
        ("dewpoint", 72.0, "DewPoint 72 is no temperature in degrees Celsius"),
        ("windspeed", -1.0, "wind"),
        ("rainrate", -0.1, "rain"),
    ],
)
def test_a_value_in_a_unit_that_cannot_be_is_refused(provider, device, name, value, match):
    device.values[name] = value
    assert match in refused(provider)


@pytest.mark.parametrize("error", [NOT_IMPLEMENTED, VALUE_NOT_SET])
def test_a_property_that_is_not_there_is_unknown_and_so_not_safe(provider, device, error):
    device.errors["cloudcover"] = error
    weather = read(provider)
    assert Quantity.CLOUD_TOTAL not in weather.series
    judged = judge_now(weather, NOW, SafetyLimits(600.0, max_cloud_fraction=0.5))
    assert judged.reasons == ("cloud cover is unknown (alpaca matera)",)


def test_a_value_without_an_age_is_unknown(provider, device):
    device.ages_s["WindGust"] = -1.0
    assert Quantity.WIND_GUST not in read(provider).series
    device.errors["timesincelastupdate"] = NOT_IMPLEMENTED
    assert "knows no value" in refused(provider)


def test_a_sensor_that_has_stopped_is_not_safe(provider, device):
    device.ages_s["RainRate"] = 4_000.0
    judged = judge_now(read(provider), NOW, SafetyLimits(600.0))
    assert judged.reasons == ("alpaca matera is 1.1 h old (limit 600 s)",)


def test_an_error_of_the_device_is_refused_with_its_number(provider, device):
    device.errors["humidity"] = NOT_CONNECTED
    assert "ErrorNumber error 0x407: 'as told'" in refused(provider)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"ClientTransactionID": 99}, "is the answer to another question"),
        ({"ErrorNumber": None}, "ErrorNumber is missing"),
        ({"ErrorNumber": "0"}, "ErrorNumber is missing"),
        ({"Value": None}, "Value is missing"),
        ({"Value": False}, "the server is not connected to its device"),
        ({"Value": "true"}, "the server is not connected to its device"),
    ],
)
def test_an_answer_that_is_not_of_the_interface_is_refused(provider, device, changes, match):
    device.changes = changes
    assert match in refused(provider)
    assert not ask_safety_monitor(AlpacaDevice(provider.url)).is_safe


@pytest.mark.parametrize("value", ["35", True, [35.0]])
def test_a_value_that_is_no_number_is_refused(provider, device, value):
    device.values["cloudcover"] = value
    assert "is not a number" in refused(provider)


def test_a_page_a_status_and_a_flood_are_refused(provider, reply):
    provider.answer = lambda _: reply("<html>login</html>")
    assert "is a web page" in refused(provider)
    provider.answer = lambda _: reply("no such device", status=400)
    assert "status 400: 'no such device'" in refused(provider)
    provider.answer = lambda _: reply(b" " * 100_000)
    assert "the answer is too long" in refused(provider)
    provider.answer = lambda _: reply("{", length=100)
    assert "no answer" in refused(provider)


def test_a_redirect_is_not_followed(provider, reply):
    provider.answer = lambda _: reply(status=302, headers={"Location": f"{provider.url}/elsewhere"})
    assert "status 302" in refused(provider)
    assert len(provider.paths) == 1


def test_a_device_that_is_switched_off_is_not_safe():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    device = AlpacaDevice(f"http://127.0.0.1:{port}", limits=AlpacaLimits(0.5, 1.0))
    (reason,) = ask_safety_monitor(device).reasons
    assert reason == f"safety monitor http://127.0.0.1:{port}: no answer: NewConnectionError"


def test_a_monitor_is_safe_only_if_it_says_true(provider, device):
    monitor = AlpacaDevice(provider.url)
    assert ask_safety_monitor(monitor).is_safe
    for value, said in ((False, "says that it is not safe"), (1, "answers 1"), ("true", "answers")):
        device.values["issafe"] = value
        (reason,) = ask_safety_monitor(monitor).reasons
        assert said in reason
    device.values["issafe"] = True
    device.errors["issafe"] = NOT_IMPLEMENTED
    assert "answers None" in ask_safety_monitor(monitor).reasons[0]
    device.errors.clear()
    device.values["connected"] = False
    assert "not connected" in ask_safety_monitor(monitor).reasons[0]


@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "127.0.0.1:11111", "http://a:b@127.0.0.1"])
def test_an_address_that_is_none_is_never_asked(address):
    with pytest.raises(WeatherError, match="is not an address"):
        AlpacaDevice(address).ask("safetymonitor", "issafe")


@pytest.fixture(scope="module")
def simulator(tmp_path_factory) -> Iterator[str]:
    """The Alpaca simulators of other people, as a process on loopback."""
    pytest.importorskip("alpaca_simulators", reason="extra validation")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = Path(tmp_path_factory.mktemp("alpaca")) / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "alpaca_simulators.main:app", "--port", str(port)],
            stdout=out,
            stderr=out,
            cwd=log.parent,
            env={**os.environ, "HOME": str(log.parent)},
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            if process.poll() is not None:
                pytest.fail(log.read_text())
            try:
                urllib3.request("GET", address, retries=False, timeout=0.5)
                break
            except urllib3.exceptions.HTTPError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def put(address, path, **fields):
    answer = urllib3.request(
        "PUT",
        f"{address}/api/v1/{path}",
        body=urlencode(fields),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        retries=False,
    )
    assert answer.json()["ErrorNumber"] == 0


@pytest.mark.slow
def test_other_peoples_simulators_are_understood(simulator):
    device = AlpacaDevice(simulator)
    with pytest.raises(WeatherError, match="not connected"):
        read_observing_conditions(device, "matera", CloudUnit.FRACTION, now=lambda: NOW)
    assert "not connected" in ask_safety_monitor(device).reasons[0]
    put(simulator, "observingconditions/0/connected", Connected="true")
    put(simulator, "safetymonitor/0/connected", Connected="true")
    put(simulator, "observingconditions/0/cloudcover", CloudCover="0.4")
    put(simulator, "observingconditions/0/rainrate", RainRate="7.2")
    weather = read_observing_conditions(device, "matera", CloudUnit.FRACTION, now=lambda: NOW)
    assert weather.series[Quantity.CLOUD_TOTAL][0, 0] == pytest.approx(0.4)
    assert weather.series[Quantity.RAIN_RATE][0, 0] == pytest.approx(2e-6)
    assert weather.series[Quantity.HUMIDITY][0, 0] == pytest.approx(0.6)
    assert weather.epoch == NOW - timedelta(seconds=1)
    # It sends a fraction where the interface says percent.
    with pytest.raises(WeatherError, match=r"0\.4 percent may be a fraction"):
        read_observing_conditions(device, "matera", CloudUnit.PERCENT, now=lambda: NOW)
    assert ask_safety_monitor(device).is_safe
    put(simulator, "safetymonitor/0/issafe", IsSafe="false")
    assert "says that it is not safe" in ask_safety_monitor(device).reasons[0]
    absent = AlpacaDevice(simulator, 7)
    with pytest.raises(WeatherError, match="not connected"):
        read_observing_conditions(absent, "matera", CloudUnit.FRACTION, now=lambda: NOW)

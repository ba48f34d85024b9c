"""Weather in a network file: units are converted once, faults are told all at once."""

import pytest

from groundstation.config.load import load_network
from groundstation.errors import ConfigError
from groundstation.weather.open_meteo_source import WeatherApi, WeatherSource
from groundstation.weather.safety import SafetyLimits
from groundstation.weather_policy import (
    AlpacaConditions,
    AlpacaSafetyMonitor,
    BoltwoodFile,
    StationWeather,
    WeatherPolicy,
)

YEAR = ", ".join(["40"] * 12)
DAY = "[" + ", ".join(["40"] * 24) + "]"


def test_without_a_word_of_weather_nothing_is_known_or_asked(network_folder):
    network = load_network(network_folder())
    assert network.weather == WeatherPolicy()
    assert {station.weather for station in network.stations} == {StationWeather()}
    assert network.stations[0].weather.limits == SafetyLimits(600.0)


def test_sources_and_clouds_become_records_in_si_units(network_folder):
    tail = """
[weather]
aspect_ratio = 0.8
aspect_ratio_range = [0.5, 1.2]
correlation_length_km = 250.0
seed = 7
scenarios = 30
max_import_age_h = 6.0

[[weather.sources]]
api = "ensemble"
model = "icon_eu"
max_age_h = 8.0

[[weather.sources]]
api = "forecast"
model = "icon_seamless"
name = "own-server"
url = "https://weather.example"
forecast_days = 5
"""
    policy = load_network(network_folder(tail)).weather
    ensemble, forecast = policy.sources
    assert (ensemble.source.name, ensemble.source.api) == ("ensemble-icon_eu", WeatherApi.ENSEMBLE)
    assert ensemble.source.address == "https://ensemble-api.open-meteo.com"
    assert (ensemble.max_age_s, forecast.max_age_s) == (28_800.0, 43_200.0)
    assert (forecast.source.name, forecast.source.address) == (
        "own-server",
        "https://weather.example",
    )
    assert isinstance(forecast.source, WeatherSource)
    assert forecast.source.forecast_days == 5
    assert (policy.aspect_ratio, policy.aspect_ratio_range) == (0.8, (0.5, 1.2))
    assert (policy.correlation_length_m, policy.seed, policy.scenarios) == (250_000.0, 7, 30)
    assert policy.max_import_age_s == 21_600.0


def test_sensors_limits_and_climatology_become_records(network_folder):
    keys = f"""
metar = "LIBG"
climatology = {{ source = "book", cover_percent = [{YEAR}], concentration = 0.7 }}
safety = {{ max_wind_m_s = 8.0, max_age_min = 3 }}
sensors = [
  {{ kind = "boltwood", file = "sky.txt", time_zone = "Europe/Rome" }},
  {{ kind = "alpaca-conditions", url = "http://10.0.0.2:1", device = 1, cloud_unit = "fraction" }},
  {{ kind = "alpaca-safety", url = "http://10.0.0.2:11111" }},
]
"""
    tail = """
[safety]
max_wind_m_s = 15.0
max_gust_m_s = 20.0
max_humidity_percent = 85.0
max_rain_mm_h = 0.36
max_cloud_percent = 50.0
min_dew_point_spread_k = 2.5
max_report_age_min = 60.0
"""
    folder = network_folder(tail, matera=keys)
    matera, calern, _ = load_network(folder).stations
    own = matera.weather
    assert own.metar == "LIBG"
    assert own.climatology is not None
    assert own.sensors == (
        BoltwoodFile(str(folder / "sky.txt"), "Europe/Rome"),
        AlpacaConditions("http://10.0.0.2:1", 1, is_cloud_fraction=True),
        AlpacaSafetyMonitor("http://10.0.0.2:11111", 0),
    )
    assert own.climatology.mean_fraction == ((0.4,),) * 12
    assert own.climatology.concentration == 0.7
    assert own.max_report_age_s == 3_600.0
    expected = SafetyLimits(
        max_age_s=600.0,
        max_cloud_fraction=0.5,
        max_wind_m_s=15.0,
        max_gust_m_s=20.0,
        max_humidity_fraction=0.85,
        max_rain_rate_m_s=0.36 / 3.6e6,
        min_dew_point_spread_k=2.5,
    )
    assert calern.weather.limits == expected
    # The station's own limits go before the network's, the others stay.
    assert (own.limits.max_wind_m_s, own.limits.max_age_s) == (8.0, 180.0)
    assert own.limits.max_gust_m_s == 20.0


def test_a_year_may_have_hours(network_folder):
    keys = f'climatology = {{ source = "book", cover_percent = [{", ".join([DAY] * 12)}] }}'
    matera = load_network(network_folder("", matera=keys)).stations[0]
    assert matera.weather.climatology is not None
    assert matera.weather.climatology.mean_fraction == ((0.4,) * 24,) * 12


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('climatology = { source = "book" }', "needs cover_percent or file"),
        (f'climatology = {{ source = "b", cover_percent = [{YEAR}], file = "x" }}', "and not both"),
        ('climatology = { source = "book", file = "absent.csv" }', "there is no file absent.csv"),
        ('climatology = { source = "book", cover_percent = [1, 2] }', "cover_percent"),
        (f"climatology = {{ cover_percent = [{YEAR}] }}", "source: is missing"),
        ('metar = "Gioia"', "metar"),
        ('sensors = [{ kind = "boltwood", file = "x" }]', "time_zone: is missing for a sensor"),
        (
            'sensors = [{ kind = "boltwood", file = "x", time_zone = "Mars/Base" }]',
            "there is no time zone 'Mars/Base'",
        ),
        (
            'sensors = [{ kind = "alpaca-conditions", url = "http://10.0.0.2:1" }]',
            "cloud_unit: is missing",
        ),
        (
            'sensors = [{ kind = "alpaca-safety", url = "http://10.0.0.2:1", file = "x" }]',
            "file: has no meaning for a sensor of kind alpaca-safety",
        ),
        ('sensors = [{ kind = "alpaca-safety", url = "10.0.0.2" }]', "is not an address like"),
    ],
)
def test_a_fault_of_a_station_is_named_with_its_path(network_folder, keys, said):
    with pytest.raises(ConfigError) as caught:
        load_network(network_folder("", matera=keys))
    assert said in "; ".join(str(fault) for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        (
            '[[weather.sources]]\napi = "ensemble"\nmodel = "a"\n' * 2,
            "'ensemble-a' is already the name of weather.sources[0]",
        ),
        (
            '[[weather.sources]]\napi = "forecast"\nmodel = "a"\nurl = "http://weather.example"',
            "the address is not https",
        ),
        ("[weather]\naspect_ratio_range = [1.5, 0.6]", "the smaller one comes first"),
        ("[weather]\nscenarios = 1", "scenarios"),
        ("[safety]\nmax_wind_km_h = 40", "max_wind_km_h"),
    ],
)
def test_a_fault_of_the_network_is_named_with_its_path(network_folder, tail, said):
    with pytest.raises(ConfigError) as caught:
        load_network(network_folder(tail))
    assert said in "; ".join(str(fault) for fault in caught.value.faults)

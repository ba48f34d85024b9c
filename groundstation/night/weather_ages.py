"""How old the forecasts of a network's stations are; nothing is fetched."""

from datetime import datetime

from sqlite_utils import Database

from groundstation.network import Network
from groundstation.night.weather_gather import gather_weather
from groundstation.night.weather_inputs import InputRole


def weather_ages_s(network: Network, db: Database | None, now: datetime) -> dict[str, float]:
    """Age of the newest forecast of each station that has one [s], in the network's order.

    It counts from the start of the model run where the source tells it, else from when the content
    first came.
    """
    inputs = gather_weather(network, db, now=now, offline=True, is_fetching=False).inputs
    newest: dict[str, datetime] = {}
    for item in inputs:
        if item.role is InputRole.FORECAST and item.name is not None:
            dated = item.retrieved_at if item.issued_at is None else item.issued_at
            newest[item.station] = max(newest.get(item.station, dated), dated)
    return {
        station.name: (now - newest[station.name]).total_seconds()
        for station in network.stations
        if station.name in newest
    }

"""Passes of every simulated night with the key of their parts, computed once.

They depend on elements and stations, not on weather or on a way of planning: all ways share them,
and a file for each night keeps them between runs.
"""

import os
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from groundstation.catalogue import read_element_files
from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.network import Network
from groundstation.night.forecasts import with_forecasts
from groundstation.night.gathering import choose_elements
from groundstation.night.offering import candidate_of
from groundstation.night.outcome import input_hash
from groundstation.night.record_codec import decode, encode
from groundstation.night.span import night_span, reference_longitude_rad
from groundstation.night.survey import Survey, find_night_passes
from groundstation.night.window_keys import WindowKeys
from groundstation.plan.records import Candidate
from groundstation.plan.windows import KeyOf

FIRST_NIGHT = date(2026, 6, 14)


@dataclass(frozen=True, slots=True)
class NightPasses:
    """What the orbits bring in one night.

    Parameters
    ----------
    name : date of its evening, ISO
    start, stop : its first and last instant
    candidates : all passes
    key_of : whole bits of a part of one under a clear sky
    """

    name: str
    start: datetime
    stop: datetime
    candidates: tuple[Candidate, ...]
    key_of: KeyOf


def simulated_network() -> Network:
    """The shipped europe-2026, in a world that flies as the element sets of one day say."""
    network = load_network(example_path("europe-2026"))
    policies = replace(
        network.policies, max_elements_age_s=1e9, warn_elements_age_s=1e9, horizon_nights=1
    )
    return replace(network, policies=policies)


class Nights:
    """The nights of a network, counted from the first.

    Parameters
    ----------
    folder : of the files that keep passes; it is made
    """

    def __init__(self, network: Network, folder: Path) -> None:
        self._network = network
        self._folder = folder
        self._seen: dict[int, NightPasses] = {}

    def night(self, number: int) -> NightPasses:
        """Passes of a night, from its file if there is one of the same inputs."""
        if number not in self._seen:
            # A plan looks at most a few nights ahead; older ones make room.
            self._seen = {n: found for n, found in self._seen.items() if n >= number - 1}
            self._seen[number] = self._made(number)
        return self._seen[number]

    def _made(self, number: int) -> NightPasses:
        name = (FIRST_NIGHT + timedelta(days=number)).isoformat()
        start, stop = night_span(name, reference_longitude_rad(self._network))
        seen = self._survey(name, start, stop)
        return NightPasses(
            name,
            start,
            stop,
            tuple(candidate_of(item) for item in seen.passes),
            WindowKeys(self._network, seen, name).bits,
        )

    def _survey(self, name: str, start: datetime, stop: datetime) -> Survey:
        selection = choose_elements(self._network, read_element_files(self._network), name)
        inputs = input_hash(self._network, selection, name)[:12]
        file = self._folder / f"{name}-{inputs}.record"
        if file.exists():
            kept: Survey = decode(file.read_bytes())
            return kept
        seen = find_night_passes(self._network, selection, start, stop)
        seen = with_forecasts(self._network, seen, name)
        self._folder.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(encode(seen))
        part.replace(file)
        return seen


def forecast_instant(number: int, hour: int) -> datetime:
    """When a forecast of a night is made; the hour counts from the midnight before its evening."""
    evening = FIRST_NIGHT + timedelta(days=number)
    midnight = datetime(evening.year, evening.month, evening.day, tzinfo=UTC)
    return midnight + timedelta(hours=hour)

"""The comparison of planners as modules, and a small network with two of its nights."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
_MODULES = ("drawn_sky", "nights", "evening", "ways", "relays_after", "simulation", "report")


@pytest.fixture(scope="session")
def comparison():
    sys.path.insert(0, str(TOOLS))
    try:
        found = {name: importlib.import_module(f"planner_comparison.{name}") for name in _MODULES}
    finally:
        sys.path.remove(str(TOOLS))
    return SimpleNamespace(**found)


@pytest.fixture(scope="session")
def small(comparison):
    """Two satellites over three stations in Greece, and the one demand between two of them."""
    network = comparison.nights.simulated_network()
    names = ("holomondas", "helmos", "skinakas")
    return replace(
        network,
        satellites=network.satellites[:2],
        stations=tuple(s for s in network.stations if s.name in names),
        demands=tuple(d for d in network.demands if d.name == "carrier-trunk"),
        fibre_links=(),
    )


@pytest.fixture(scope="session")
def nights(comparison, small, tmp_path_factory):
    return comparison.nights.Nights(small, tmp_path_factory.mktemp("passes"))


@pytest.fixture(scope="session")
def evening(comparison, small, nights):
    return comparison.evening.evening_of(nights, comparison.drawn_sky.DrawnSky(small, 3), 0, 1)

"""The shipped examples, computed once for all tests that look at their results."""

from datetime import UTC, datetime

import pytest

from groundstation.catalogue import read_element_files, select_elements
from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.night.nightly import middle_of
from groundstation.night.outcome import compute_night

NOW = datetime(2026, 6, 14, 12, tzinfo=UTC)


def outcome_of(name, night):
    network = load_network(example_path(name))
    selection = select_elements(network, read_element_files(network), middle_of(network, night))
    return compute_night(network, selection, night, now=NOW)


@pytest.fixture(scope="session")
def europe():
    return outcome_of("europe-2026", "2026-06-14")


@pytest.fixture(scope="session")
def micius():
    return outcome_of("micius-2016", "2016-12-19")

"""Desks for a mirror and for CelesTrak, both answered by a provider on this machine."""

import pytest
from element_desk import Desk, source_of


@pytest.fixture
def mirror(provider, tmp_path):
    return Desk(tmp_path, source_of("mirror", provider.url + "/gp.txt"))


@pytest.fixture
def celestrak(provider, tmp_path):
    return Desk(tmp_path, source_of("celestrak", provider.url))

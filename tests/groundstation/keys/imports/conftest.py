"""A pass whose key is written, sealed, broken and read again."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import numpy as np
import pytest

from groundstation.keys.imports.container import Contents
from groundstation.keys.imports.key_length import DistillationPolicy
from groundstation.keys.imports.simulation import (
    SimulatedPass,
    simulated_final_key,
    simulated_reconciled_key,
)
from groundstation.keys.imports.transport import TransportKey, producer_mac
from passes.counts.moments import moments_from_slots
from passes.counts.source import DecoySource

SEGMENT_ID = UUID("6f1f4c5e-0d3a-4a0b-9a52-3c1f0b6a7d21")
POLICY = DistillationPolicy(1e-9, 1e-15)


def a_pass(seconds=200, policy=POLICY):
    """100 MHz, 40 dB of loss at best: some 10^5 sifted bits with 1.2 % errors."""
    time_s = np.linspace(-1.0, 1.0, seconds)
    efficiency = 1e-4 * (1.0 - 0.8 * time_s**2)
    return SimulatedPass(
        satellite="spoqc",
        pass_id="matera-spoqc-20260614T2103",
        start=datetime(2026, 6, 14, 21, 3, 5, tzinfo=UTC),
        end=datetime(2026, 6, 14, 21, 6, 25, tzinfo=UTC),
        moments=moments_from_slots(efficiency, 1e8, 2e-8, 2e-8),
        source=DecoySource(1e8, (0.7, 0.15, 0.0), (0.7, 0.2, 0.1), 0.8, 2e-10, 0.01),
        receiver_key_basis_probability=0.8,
        afterpulse_probability=1e-3,
        error_correction_efficiency=1.16,
        policy=policy,
    )


def transport_key(station, number=1):
    return TransportKey(
        f"{station}-2026-06",
        station,
        sha256(f"{station} {number}".encode()).digest(),
        sha256(b"pair").digest(),
    )


@pytest.fixture
def policy():
    return POLICY


@pytest.fixture
def matera():
    return transport_key("matera")


@pytest.fixture
def graz():
    return transport_key("graz")


@pytest.fixture
def other_secret():
    """A key of the same name with another secret."""
    return transport_key("matera", 2)


@pytest.fixture(scope="session")
def simulated_pass():
    return a_pass()


@pytest.fixture(scope="session")
def reconciled(simulated_pass):
    return simulated_reconciled_key(simulated_pass, SEGMENT_ID, np.random.default_rng(8))


@pytest.fixture(scope="session")
def final(simulated_pass):
    return simulated_final_key(simulated_pass, SEGMENT_ID, np.random.default_rng(9))


@pytest.fixture(params=["final", "reconciled"])
def either(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def sealed():
    """Contents of a file for one station; the nonce comes from a generator that can be repeated."""

    def seal(simulated, key, peer=None):
        return simulated.sealed_for(key, peer, np.random.default_rng(5).bytes)

    return seal


@pytest.fixture
def write(tmp_path):
    """A key file in a new directory."""
    count = iter(range(1000))

    def written(manifest, ciphertext):
        path = tmp_path / f"file-{next(count)}"
        path.mkdir()
        (path / "manifest.json").write_bytes(manifest)
        (path / "key.bin").write_bytes(ciphertext)
        return path

    return written


@pytest.fixture
def signed_again():
    """Contents whose manifest was changed by someone who has the producer's secret."""

    def changed(contents, key, change):
        document = json.loads(contents.manifest)
        change(document)
        document["producer_mac"] = producer_mac(document, key).hex()
        return Contents(json.dumps(document).encode(), contents.ciphertext)

    return changed

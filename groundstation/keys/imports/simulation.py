"""Key files of passes that never were, for rehearsals, examples and tests.

The counts are drawn about those that `passes.counts` expects; the key is drawn from a generator
that can be repeated. It is no secret, and its producer says so by name.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import numpy as np

from groundstation.keys.amplification.bit_order import pack
from groundstation.keys.authentication.verification_tag import tags_needed, verification_tag
from groundstation.keys.imports.container import Contents
from groundstation.keys.imports.errors import KeyImportError
from groundstation.keys.imports.key_length import DistillationPolicy, proven_parts
from groundstation.keys.imports.records import Protocol, Reconciliation, Segment, Selection
from groundstation.keys.imports.transport import TransportKey
from groundstation.keys.imports.writing import sealed_contents
from passes.counts.moments import Moments
from passes.counts.source import DecoySource
from passes.key.audit import whole_bits
from passes.key.decoy.counts import decoy_counts_from_moments
from passes.key.entropy import binary_entropy
from passes.key.records import DecoyCounts

PRODUCER = "simulation"


@dataclass(frozen=True, slots=True)
class SimulatedPass:
    """A pass of decoy-state BB84 to draw key from.

    Parameters
    ----------
    satellite, pass_id, start, end : what the manifest says of it
    moments : of the pass; `moments.efficiency[0]` is the number of pulses
    source, receiver_key_basis_probability, afterpulse_probability : as in
        `decoy_counts_from_moments`
    error_correction_efficiency : f; f n h(Q) bits are disclosed
    policy : promises of the key
    """

    satellite: str
    pass_id: str
    start: datetime
    end: datetime
    moments: Moments
    source: DecoySource
    receiver_key_basis_probability: float
    afterpulse_probability: float
    error_correction_efficiency: float
    policy: DistillationPolicy


@dataclass(frozen=True, slots=True)
class SimulatedKey:
    """Key of a pass, to be sealed for one station after the other."""

    segment: Segment
    key: bytes = field(repr=False)
    reconciliation: Reconciliation | None

    def sealed_for(
        self,
        transport_key: TransportKey,
        peer_station: str | None,
        random_bytes: Callable[[int], bytes],
    ) -> Contents:
        """The file for the station of a transport key; `peer_station` gets the same bits."""
        segment = replace(self.segment, station=transport_key.station, peer_station=peer_station)
        return sealed_contents(
            segment, self.key, self.reconciliation, transport_key, random_bytes=random_bytes
        )


def simulated_counts(simulated: SimulatedPass, rng: np.random.Generator) -> DecoyCounts:
    """Whole counts of one such pass: detections are Poisson, errors binomial among them."""
    expected = decoy_counts_from_moments(
        simulated.moments,
        simulated.source,
        simulated.receiver_key_basis_probability,
        simulated.afterpulse_probability,
    )
    key, test = rng.poisson(expected.key), rng.poisson(expected.test)
    key_rate = expected.key_errors / max(float(expected.key.sum()), 1e-300)
    test_rates = np.divide(
        expected.test_errors, expected.test, out=np.zeros(3), where=expected.test > 0.0
    )
    return DecoyCounts(
        key=key.astype(np.float64),
        test=test.astype(np.float64),
        key_errors=float(rng.binomial(int(key.sum()), min(key_rate, 1.0))),
        test_errors=rng.binomial(test, np.minimum(test_rates, 1.0)).astype(np.float64),
    )


def simulated_reconciled_key(
    simulated: SimulatedPass, segment_id: UUID, rng: np.random.Generator
) -> SimulatedKey:
    """Tier 2: the reconciled key of a pass with its tallies and tags.

    Raises
    ------
    KeyImportError : a pass so poor that nothing was detected
    """
    counts = simulated_counts(simulated, rng)
    n_bits = int(counts.key.sum())
    if n_bits == 0:
        raise KeyImportError(f"pass {simulated.pass_id} has no detection in the key basis")
    key = _drawn(n_bits, rng)
    qber = counts.key_errors / n_bits
    disclosed = simulated.error_correction_efficiency * n_bits * binary_entropy(min(qber, 0.5))
    correctness = simulated.policy.epsilon_correctness
    points = tuple(int.from_bytes(rng.bytes(8)) for _ in range(tags_needed(n_bits, correctness)))
    reconciliation = Reconciliation(
        pulses=round(simulated.moments.efficiency[0]),
        selection=Selection.WHOLE_PASS,
        counts=counts,
        source=simulated.source,
        leak_ec_bits=(math.ceil(disclosed),),
        points=points,
        tags=tuple(verification_tag(key, n_bits, point) for point in points),
    )
    return SimulatedKey(_segment(simulated, segment_id, 2, n_bits), key, reconciliation)


def simulated_final_key(
    simulated: SimulatedPass, segment_id: UUID, rng: np.random.Generator
) -> SimulatedKey:
    """Tier 1: as many random bits as the block would give.

    Raises
    ------
    KeyImportError : a pass without secret key
    """
    block = simulated_reconciled_key(simulated, segment_id, rng).reconciliation
    assert block is not None  # noqa: S101  a reconciled key has it
    _, ((_, length),) = proven_parts(block, simulated.policy)
    n_bits = whole_bits(length)
    if n_bits == 0:
        raise KeyImportError(f"pass {simulated.pass_id} gives no secret key ({length:.1f} bits)")
    segment = _segment(simulated, segment_id, 1, n_bits)
    return SimulatedKey(segment, _drawn(n_bits, rng), None)


def _drawn(n_bits: int, rng: np.random.Generator) -> bytes:
    return pack(rng.integers(0, 2, n_bits, dtype=np.uint8))


def _segment(simulated: SimulatedPass, segment_id: UUID, tier: int, n_bits: int) -> Segment:
    return Segment(
        segment_id=segment_id,
        tier=tier,
        producer=PRODUCER,
        station="",
        peer_station=None,
        satellite=simulated.satellite,
        pass_id=simulated.pass_id,
        start=simulated.start,
        end=simulated.end,
        protocol=Protocol.DECOY_BB84,
        n_bits=n_bits,
        epsilon_secrecy=simulated.policy.epsilon_secrecy,
        epsilon_correctness=simulated.policy.epsilon_correctness,
    )

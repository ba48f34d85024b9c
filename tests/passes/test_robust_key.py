"""Key under intensities that are not known exactly: the worst of the box, not of its middle."""

import itertools

import numpy as np
import pytest

from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.decoy.counts import decoy_counts_from_slots
from passes.key.decoy.proof import secret_key
from passes.key.decoy.robust import worst_case_key
from passes.key.records import ErrorCorrection, SecurityParameters

SECURITY = SecurityParameters(1e-9, 1e-15, ErrorCorrection.BLOCK, 1.16)


def block(vacuum=0.0, eta=2e-3):
    source = DecoySource(1e8, (0.65, 0.15, vacuum), (0.75, 0.15, 0.1), 0.85, 0.0, 0.005)
    return source, decoy_counts_from_slots([eta], 3e10, 2e-7, 2e-7, source, 0.85, 1e-3)


def on_a_grid(counts, source, proof, uncertainty, points=7):
    shifts = np.linspace(1.0 - uncertainty, 1.0 + uncertainty, points)
    lengths = []
    for one, two, three in itertools.product(
        shifts, shifts, shifts if source.intensities[2] else [1.0]
    ):
        mu = tuple(m * s for m, s in zip(source.intensities, (one, two, three), strict=True))
        assumed = DecoySource(
            source.pulse_rate_hz, mu, source.probabilities, source.key_basis_probability, 0.0, 0.005
        )
        lengths.append(secret_key(counts, assumed, SECURITY, proof=proof).unclipped_bits)
    return min(lengths)


@pytest.mark.parametrize("proof", ["tight", "satquma", "lim2014"])
@pytest.mark.parametrize("uncertainty", [0.01, 0.05, 0.15])
def test_the_worst_of_an_empty_vacuum_state_is_a_corner(proof, uncertainty):
    source, counts = block()
    worst, assumed = worst_case_key(
        counts, source, SECURITY, intensity_uncertainty=uncertainty, proof=proof
    )
    lowest = on_a_grid(counts, source, proof, uncertainty)
    assert worst.unclipped_bits == pytest.approx(lowest, rel=1e-12)
    assert worst.unclipped_bits < secret_key(counts, source, SECURITY, proof=proof).unclipped_bits
    again = secret_key(counts, assumed, SECURITY, proof=proof)
    assert again.unclipped_bits == worst.unclipped_bits


@pytest.mark.parametrize("proof", ["tight", "lim2014"])
def test_a_vacuum_state_above_zero_has_its_worst_case_too(proof):
    source, counts = block(vacuum=0.002)
    worst, _ = worst_case_key(counts, source, SECURITY, intensity_uncertainty=0.2, proof=proof)
    lowest = on_a_grid(counts, source, proof, 0.2, points=5)
    # The kink inside the box is met to a few thousandths by the nominal vacuum.
    assert worst.unclipped_bits <= lowest + 0.005 * abs(lowest)


def test_certain_intensities_change_nothing():
    source, counts = block()
    worst, assumed = worst_case_key(counts, source, SECURITY, intensity_uncertainty=0.0)
    assert worst == secret_key(counts, source, SECURITY)
    assert assumed == source
    with pytest.raises(KeyLengthError, match=r"intensity_uncertainty = 0\.5 is outside"):
        worst_case_key(counts, source, SECURITY, intensity_uncertainty=0.5)

"""Sources that are good, stuck, biased and periodic, as arrays of bits."""

import numpy as np
import pytest


@pytest.fixture
def good_bits():
    def drawn(count, seed=1):
        raw = np.random.default_rng(seed).bytes(-(-count // 8))
        return np.unpackbits(np.frombuffer(raw, np.uint8), count=count)

    return drawn


@pytest.fixture
def biased_bits():
    def drawn(count, share_of_ones, seed=1):
        return (np.random.default_rng(seed).random(count) < share_of_ones).astype(np.uint8)

    return drawn

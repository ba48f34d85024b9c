"""Root steps down, and measured results are drawn from the forecast that they are to match."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from groundstation.results.records import Result, Sky, SlotCounts
from passes.counts.moments import moments_from_slots
from passes.key.decoy.counts import decoy_counts_from_moments
from passes.key.decoy.proof import secret_key
from passes.link.terminals import BasisChoice

NOBODY = 65_534


@contextmanager
def _without_privileges() -> Iterator[None]:
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.fixture
def unprivileged() -> Callable[[], AbstractContextManager[None]]:
    """A context in which file permissions hold: where tests run as root, root steps down."""
    return _without_privileges


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """A folder that everybody may enter and read and nobody but root may write."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


class SimulatedWorld:
    """What is true behind the forecasts: constants of links, air of nights, counts of passes.

    Everything follows from the seed and from names, so that passes may be asked for in any order.

    - loss_sigma_db : of the constant of a satellite over a station
    - depth_factor : one sigma of the optical depth of a night about the budget's own
    - block_db : of ten seconds, independent, on top of everything else
    """

    def __init__(self, seed=0, *, loss_sigma_db=1.5, depth_factor=1.8, block_db=0.0):
        self.seed, self.block_db = seed, block_db
        self.loss_sigma_db, self.depth_factor = loss_sigma_db, depth_factor

    def generator(self, *names):
        return np.random.default_rng([self.seed, *(crc32(str(name).encode()) for name in names)])

    def loss_db(self, satellite, station):
        score = self.generator("loss", satellite, station).standard_normal()
        return 1.0 + self.loss_sigma_db * float(score)

    def optical_depth(self, station, night, declared):
        score = self.generator("depth", station, night).standard_normal()
        return declared * self.depth_factor ** float(score)

    def background_scale(self, station):
        return 1.5 ** float(self.generator("light", station).standard_normal())

    def intrinsic_qber(self, satellite, station, declared):
        score = self.generator("error", satellite, station).standard_normal()
        return declared * 1.3 ** float(score)

    def result(self, issued, link, security, proof, *, sky=Sky.CLEAR):
        """What the pass of an issued forecast delivers: counts of whole seconds and the key."""
        if sky is not Sky.CLEAR:
            return Result(issued.pass_id, sky)
        expected, slot_s = issued.reference.counts, issued.reference.slot_s
        rng = self.generator("counts", issued.pass_id)
        depth = self.optical_depth(issued.station, issued.night, expected.optical_depth)
        loss_db = self.loss_db(issued.satellite, issued.station)
        kept = 10 ** (-loss_db / 10) * np.exp(
            -(depth - expected.optical_depth) * expected.low_airmass
        )
        block = np.floor((expected.times_s - expected.times_s[0]) / 10.0).astype(int)
        kept = kept * 10 ** (rng.normal(0.0, self.block_db, block.max() + 1)[block] / 10)
        scale = self.background_scale(issued.station)
        wrong = self.intrinsic_qber(issued.satellite, issued.station, link.source.intrinsic_qber)
        # A click in 1 + a is an afterpulse, wrong in one case of two.
        afterpulse = link.receiver.detector.afterpulse_probability
        click_wrong = wrong / (1 + afterpulse) + afterpulse / 2
        photons = rng.poisson(expected.signal * kept)
        noise = rng.poisson(scale * expected.light + expected.dark)
        outside = scale * issued.reference.outside_light + issued.reference.outside_dark
        counts = SlotCounts(
            issued.reference.epoch,
            expected.times_s.copy(),
            slot_s,
            (photons + noise).astype(float),
            (rng.binomial(photons, click_wrong) + rng.binomial(noise, 0.5)).astype(float),
            rng.poisson(outside).astype(float),
        )
        assert counts.errors is not None
        key = self._key_bits(issued.reference, kept, scale, wrong, link, security, proof)
        sifted, errors = int(counts.sifted.sum()), int(counts.errors.sum())
        return Result(issued.pass_id, sky, counts, sifted, errors, key)

    @staticmethod
    def _key_bits(reference, kept, scale, wrong, link, security, proof):
        """Key of the true efficiencies and the true noise, as one block."""
        source, detector = link.source, link.receiver.detector
        chosen, sent = detector.key_basis_probability, source.key_basis_probability
        matched = chosen * sent + (1 - chosen) * (1 - sent)
        pulses = source.pulse_rate_hz * reference.slot_s
        per_click = pulses * source.probabilities[0] * matched
        per_click *= 1 + detector.afterpulse_probability
        counts = reference.counts
        efficiency = -np.log1p(-counts.signal / per_click) / source.intensities[0] * kept
        light, dark = scale * counts.light / per_click / 2, counts.dark / per_click / 2
        # Behind a beam splitter dark counts weigh 1 / P on a basis of probability P.
        weights = (1.0, 1.0)
        if detector.basis_choice is BasisChoice.PASSIVE:
            weights = (matched / chosen, matched / (1 - chosen))
        noise = [light + dark * weight for weight in weights]
        found = secret_key(
            decoy_counts_from_moments(
                moments_from_slots(efficiency, pulses, *noise),
                replace(source, intrinsic_qber=wrong),
                chosen,
                detector.afterpulse_probability,
            ),
            source,
            security,
            proof=proof,
        )
        return int(found.secret_key_bits)


@pytest.fixture(scope="session")
def simulated_world():
    """`simulated_world(seed)` is a world; its `result(issued, link, security, proof)` a pass."""
    return SimulatedWorld

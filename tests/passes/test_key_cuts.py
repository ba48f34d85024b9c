"""Cut-offs: prefix sums are sums, and the best cut-off is that of an independent computation."""

import csv
from pathlib import Path

import numpy as np
import pytest

from passes.counts.moments import moments_from_slots
from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.optimum.cuts import PublicPass, moments_above, scan_cuts
from passes.key.optimum.task import Optimisation
from passes.key.records import ErrorCorrection, Proof, SecurityParameters

PROFILES = Path(__file__).parents[1] / "published" / "data" / "satquma_profiles.csv"
SOURCE = DecoySource(1e8, (0.65, 0.15, 0.0), (0.8, 0.12, 0.08), 0.85, 0.0, 0.005)
SECURITY = SecurityParameters(1e-9, 1e-15, ErrorCorrection.LOGM, 1.16)


def zenith_pass(excess_db):
    """SatQuMA's pass over the zenith: efficiency, and elevation from the geometry it states."""
    lines = PROFILES.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    eta = {int(r["t_s"]): float(r["h500_th90"]) for r in rows if r["h500_th90"]}
    last = max(eta)
    t = np.arange(-last, last + 1)
    radius, height = 6_371e3, 500e3
    psi = np.sqrt(398_600.4418e9 / (radius + height) ** 3) * np.abs(t)
    elevation = np.arctan2(
        (radius + height) * np.cos(psi) - radius, (radius + height) * np.sin(psi)
    )
    efficiency = np.array([eta[abs(k)] for k in t.tolist()]) * 10.0 ** (-excess_db / 10.0)
    return PublicPass.of(elevation, efficiency, 1e8, 5e-7, 5e-7)


def test_moments_above_a_cut_are_those_of_its_slots():
    rng = np.random.default_rng(3)
    elevation, eta = rng.uniform(0.1, 1.5, 50), rng.uniform(1e-4, 1e-2, 50)
    noise = rng.uniform(1e-8, 1e-6, 50)
    seen = PublicPass.of(elevation, eta, 1e8, noise, 2.0 * noise)
    cuts = np.array([0.0, 0.7, elevation[7], 1.6])
    for cut, moments in zip(cuts, moments_above(seen, cuts), strict=True):
        use = elevation >= cut
        exact = moments_from_slots(eta[use], 1e8, noise[use], 2.0 * noise[use])
        for name in ("efficiency", "noise_key", "noise_test"):
            assert getattr(moments, name) == pytest.approx(getattr(exact, name), rel=1e-12)
        assert moments.largest_efficiency == exact.largest_efficiency


# Zenith pass with 18 dB more loss: 117,389 bit from 20 deg, the most, 119,950, from 24.8 deg; found
# by another program for SatQuMA's bounds. Counts move with whole seconds.
def test_the_cut_off_that_gives_most_is_that_found_elsewhere():
    task = Optimisation(SECURITY, Proof.SATQUMA, afterpulse_probability=1e-3)
    given = scan_cuts(zenith_pass(18.0), SOURCE, task, np.radians([20.0, 24.8]))
    assert given.planned_bits == pytest.approx([117_389, 119_950], rel=1e-3)
    free = scan_cuts(zenith_pass(18.0), SOURCE, task)
    assert np.degrees(free.cuts_rad[free.best]) == pytest.approx(24.8, abs=1.5)
    assert free.planned_bits[free.best] == pytest.approx(119_950, rel=1e-3)
    assert len(free.cuts_rad) == 60


def test_elevations_must_fit_the_slots():
    with pytest.raises(KeyLengthError, match=r"elevation has shape \(2,\), efficiency \(3,\)"):
        PublicPass.of([0.1, 0.2], [1e-3] * 3, 1e8, 0.0, 0.0)
    with pytest.raises(KeyLengthError, match="elevation is outside"):
        PublicPass.of([0.1, 45.0], [1e-3] * 2, 1e8, 0.0, 0.0)

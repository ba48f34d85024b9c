"""One-decoy BB84 on passes of the SatQuMA program: key at the best source settings.

Reference figures: the formulas of Rusca et al., Appl. Phys. Lett. 112, 171104 (2018), evaluated
with error correction 1.16 n h(Q) and optimised over the source by an independent implementation.
"""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from passes.counts.moments import Moments, moments_from_slots
from passes.key.one_decoy.counts import one_decoy_counts_from_moments
from passes.key.one_decoy.proof import OneDecoySource, one_decoy_key
from passes.key.records import ErrorCorrection, SecurityParameters

PROFILES = Path(__file__).parent / "data" / "satquma_profiles.csv"
SECURITY = SecurityParameters(1e-9, 1e-15, ErrorCorrection.BLOCK, 1.16)


def pass_moments(profile: str, half_s: int, loss_db: float, pulses: float, noise: float) -> Moments:
    lines = PROFILES.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    half = {int(row["t_s"]): float(row[profile]) for row in rows if row[profile]}
    eta = [half[abs(t)] * 10.0 ** (-loss_db / 10.0) for t in range(-half_s, half_s + 1)]
    return moments_from_slots(eta, pulses, noise, noise)


def best_key(moments: Moments, qber: float) -> float:
    """Largest key over basis choice (alike on both sides), intensities and their probability."""

    def cost(odds: np.ndarray) -> float:
        basis, signal, mu, ratio = 1.0 / (1.0 + np.exp(-odds))
        source = OneDecoySource(
            1e8, (float(mu), float(mu * ratio)), (float(signal), float(1.0 - signal)), basis, qber
        )
        counts = one_decoy_counts_from_moments(moments, source, float(basis), 1e-3)
        return -one_decoy_key(counts, source, SECURITY, proof="rusca2018").unclipped_bits

    start = np.log([0.9 / 0.1, 0.7 / 0.3, 0.5 / 0.5, 0.3 / 0.7])
    for _ in range(2):
        options = {"xatol": 1e-4, "fatol": 1.0, "maxiter": 600, "adaptive": True}
        found = minimize(cost, start, method="Nelder-Mead", options=options)
        start = found.x
    return float(-found.fun)


@pytest.mark.parametrize(
    ("profile", "half_s", "loss_db", "pulses", "noise", "qber", "passes", "expected"),
    [
        ("h500_th90", 200, 0.0, 1e8, 1e-8, 0.001, 1, 34054279),
        ("h500_th90", 200, 12.0, 1e8, 1e-8, 0.001, 1, 1558547),
        ("h500_th90", 200, 12.0, 1e8, 5e-7, 0.005, 1, 927071),
        ("h500_th80", 200, 0.0, 5e8, 1e-8, 0.001, 1, 186585898),
        ("h500_th45", 170, 6.0, 1e8, 1e-7, 0.005, 1, 3230934),
        ("h500_th30", 140, 8.0, 1e8, 5e-7, 0.005, 1, 831342),
        ("h500_th90", 200, 18.0, 1e8, 5e-7, 0.005, 100, 232691),
    ],
)
def test_best_key_of_rusca_2018(
    profile: str,
    half_s: int,
    loss_db: float,
    pulses: float,
    noise: float,
    qber: float,
    passes: int,
    expected: float,
) -> None:
    moments = pass_moments(profile, half_s, loss_db, pulses * passes, noise)
    key = best_key(moments, qber) / passes
    # The reference is cut to whole bits; two searches of one maximum agree to 1e-8.
    assert key == pytest.approx(expected, abs=1.0)

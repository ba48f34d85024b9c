"""Key length from moments against the straightforward sum over seconds, in the same run."""

import time

import numpy as np

from passes.counts.moments import moments_from_slots
from passes.counts.source import DecoySource
from passes.key.counts import decoy_counts_from_moments, decoy_counts_from_slots
from passes.key.decoy_bb84 import secret_key
from passes.key.records import ErrorCorrection, SecurityParameters

SOURCE = DecoySource(1e8, (0.65, 0.15, 0.0), (0.8, 0.12, 0.08), 0.85, 2e-10, 0.005)
SECURITY = SecurityParameters(1e-9, 1e-15, ErrorCorrection.LOGM, 1.16)


def per_call_s(function, repeats):
    start = time.process_time()
    for _ in range(repeats):
        function()
    return (time.process_time() - start) / repeats


def main():
    t = np.arange(-300.0, 301.0)
    loss_db = 30.0 + 20.0 * np.log10(np.hypot(1.0, t / 120.0))
    efficiency = 10.0 ** (-loss_db / 10.0)
    moments = moments_from_slots(efficiency, SOURCE.pulse_rate_hz, 1e-7, 1e-7)

    def from_moments():
        return secret_key(decoy_counts_from_moments(moments, SOURCE, 0.85, 1e-3), SOURCE, SECURITY)

    def from_slots():
        counts = decoy_counts_from_slots(
            efficiency, SOURCE.pulse_rate_hz, 1e-7, 1e-7, SOURCE, 0.85, 1e-3
        )
        return secret_key(counts, SOURCE, SECURITY)

    fast, slow = per_call_s(from_moments, 300), per_call_s(from_slots, 300)
    print(f"601-second pass, key length from moments {fast * 1e6:.0f} us")
    print(f"601-second pass, key length second by second {slow * 1e6:.0f} us")
    print(f"ratio {slow / fast:.1f}")
    difference = from_moments().secret_key_bits / from_slots().secret_key_bits - 1.0
    print(f"difference of the two lengths {difference:+.1e}")


if __name__ == "__main__":
    main()

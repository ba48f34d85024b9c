"""Privacy amplification against randextract and the direct product, in the same run.

Processor time of one thread. The direct product packs the rows of the Toeplitz matrix into bytes
and counts the common ones: exact, without transforms, quadratic. A quarter of the bits is kept.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import resource
import time
import warnings

import numpy as np
from randextract import ToeplitzHashing

from groundstation.keys.amplification.toeplitz import toeplitz_hash

RATIO = 4
LONGEST_DIRECT, LONGEST_REFERENCE = 100_000, 1_000_000


def drawn(n):
    """A key and a seed."""
    rng = np.random.default_rng(n)
    return rng.integers(0, 2, n, np.uint8), rng.integers(0, 2, n + n // RATIO - 1, np.uint8)


def direct(key, seed, m):
    """Row i of the matrix is the reversed seed from n - 1 + i down to i."""
    n = key.size
    packed = np.packbits(key)
    reverse = seed[::-1]
    out = np.empty(m, np.uint8)
    for i in range(m):
        row = np.packbits(reverse[m - 1 - i : m - 1 - i + n])
        out[i] = int(np.bitwise_count(row & packed).sum()) & 1
    return out


def by_randextract(key, seed, m):
    """The reference; its seed is rolled against ours."""
    hashing = ToeplitzHashing(input_length=key.size, output_length=m)
    return np.asarray(hashing.extract(key, np.roll(seed, m)))


def timed(function, *arguments):
    """Result and processor time [s]."""
    start = time.process_time()
    result = function(*arguments)
    return result, time.process_time() - start


def main():
    warnings.simplefilter("ignore")
    by_randextract(*drawn(64), 16)
    print(f"{'bits in':>10}  {'ours':>8}  {'randextract':>11}  {'direct':>8}  bound / distance")
    for n in (10_000, 100_000, 1_000_000, 10_000_000):
        key, seed = drawn(n)
        m = n // RATIO
        ours, ours_s = timed(toeplitz_hash, key, seed, m)
        cells = [f"{n:>10,}", f"{ours_s:6.3f} s"]
        for name, function, longest in (
            ("randextract", by_randextract, LONGEST_REFERENCE),
            ("direct", direct, LONGEST_DIRECT),
        ):
            width = 9 if name == "randextract" else 6
            if n > longest:
                cells.append(f"{'-':>{width + 2}}")
                continue
            other, other_s = timed(function, key, seed, m)
            if not np.array_equal(ours.bits, other):
                raise SystemExit(f"{name} gives other bits for n = {n}")
            cells.append(f"{other_s / ours_s:>{width}.1f} x")
        cells.append(f"{ours.error_bound:.1e} / {ours.rounding_distance:.1e}")
        print("  ".join(cells))
    largest_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"largest memory of the run: {largest_gib:.2f} GiB")


if __name__ == "__main__":
    main()

"""Amplified key is the product with the Toeplitz matrix, bit for bit."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.keys.amplification.bit_order import pack, unpack
from groundstation.keys.amplification.errors import AmplificationError
from groundstation.keys.amplification.rounding import (
    ROOT_ERROR,
    convolution_error_bound,
)
from groundstation.keys.amplification.toeplitz import (
    LARGEST_LOG2_LENGTH,
    _whole_sums,
    seed_bits_needed,
    toeplitz_hash,
)


def random_bits(rng, count):
    return rng.integers(0, 2, count, dtype=np.uint8)


def by_matrix(key, seed, output_bits):
    """The definition, entry by entry: T[i, j] = s[i - j + n - 1]."""
    n = key.size
    rows, columns = np.indices((output_bits, n))
    return (seed[rows - columns + n - 1].astype(np.int64) @ key) % 2


def reference_agrees(n):
    """The reference has T[i, j] = r[i - j] with Python's negative indices; ours begins n - 1 on."""
    randextract = pytest.importorskip("randextract")
    rng = np.random.default_rng(n)
    m = n // 4
    key, seed = random_bits(rng, n), random_bits(rng, n + m - 1)
    reference = randextract.ToeplitzHashing(input_length=n, output_length=m).extract(key, seed)
    return np.array_equal(toeplitz_hash(key, np.roll(seed, n - 1), m).bits, np.asarray(reference))


# Its import compiles galois, which warns of old names.
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("n", [10_000, 100_000, 1_000_000])
def test_output_is_bit_identical_to_randextract(n):
    assert reference_agrees(n)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 200), st.data())
def test_output_is_the_product_with_the_matrix_written_out(n, data):
    m = data.draw(st.integers(1, n))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    key, seed = random_bits(rng, n), random_bits(rng, seed_bits_needed(n, m))
    assert np.array_equal(toeplitz_hash(key, seed, m).bits, by_matrix(key, seed, m))


# Tiles of 32 and 64 bits: one tile, one row of wide tiles, and a grid of squares, each with last
# tiles that reach over the edge.
@settings(max_examples=50, deadline=None)
@given(st.integers(5, 6), st.integers(1, 300), st.data())
def test_cutting_the_matrix_into_tiles_changes_nothing(log2_length, n, data):
    m = data.draw(st.integers(1, n))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    key, seed = random_bits(rng, n), random_bits(rng, seed_bits_needed(n, m))
    tiled = toeplitz_hash(key, seed, m, largest_log2_length=log2_length)
    assert np.array_equal(tiled.bits, by_matrix(key, seed, m))


@pytest.mark.slow
def test_ten_million_bits_take_less_than_a_gigabyte():
    # The time is printed by benchmarks/bench_amplification.py: 2.6 s of a slow core.
    code = (
        "import resource, numpy as np\n"
        "from groundstation.keys.amplification.toeplitz import toeplitz_hash\n"
        "n, m = 10**7, 25 * 10**5\n"
        "draw = lambda count: np.random.default_rng(1).integers(0, 2, count, dtype=np.uint8)\n"
        "found = toeplitz_hash(draw(n), draw(n + m - 1), m)\n"
        "assert found.rounding_distance < found.error_bound < 1e-5\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) * 1024 < 1e9


def test_four_bits_by_hand():
    # T[i, j] = s[i - j + 3] with s = 101100: rows 1101 (s3 s2 s1 s0), 0110 (s4 ...), 0011.
    key = np.array([1, 1, 0, 1], dtype=np.uint8)
    seed = np.array([1, 0, 1, 1, 0, 0], dtype=np.uint8)
    # Row 0: 1 1 0 1 -> 1+1+1 = 1; row 1: 0 1 1 0 -> 1; row 2: 0 0 1 1 -> 1.
    assert toeplitz_hash(key, seed, 3).bits.tolist() == [1, 1, 1]
    other = np.array([0, 0, 1, 1], dtype=np.uint8)
    # Row 0: 0+1 = 1; row 1: 1+0 = 1; row 2: 1+1 = 0.
    assert toeplitz_hash(other, seed, 3).bits.tolist() == [1, 1, 0]


def test_any_two_keys_collide_for_exactly_one_seed_in_two_to_the_m():
    # 2-universal: for x != y at most a share 2^-m of the seeds gives both the same output. For a
    # Toeplitz matrix of all seeds it is exactly that share.
    n, m = 4, 2
    seeds = [np.array(s, dtype=np.uint8) for s in itertools.product((0, 1), repeat=n + m - 1)]
    keys = [np.array(k, dtype=np.uint8) for k in itertools.product((0, 1), repeat=n)]
    table = np.array([[toeplitz_hash(k, s, m).bits @ (1, 2) for s in seeds] for k in keys])
    for one, other in itertools.combinations(table, 2):
        assert np.count_nonzero(one == other) * 2**m == len(seeds)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 500), st.integers(0, 2**32))
def test_hashing_is_linear_in_the_key_and_in_the_seed(n, number):
    rng = np.random.default_rng(number)
    m = max(n // 3, 1)
    x, y = random_bits(rng, n), random_bits(rng, n)
    s, t = (random_bits(rng, n + m - 1) for _ in range(2))

    def hashed(key, seed):
        return toeplitz_hash(key, seed, m).bits

    assert np.array_equal(hashed(x ^ y, s), hashed(x, s) ^ hashed(y, s))
    assert np.array_equal(hashed(x, s ^ t), hashed(x, s) ^ hashed(x, t))


def test_measured_distance_lies_below_the_bound_and_far_below_one_half():
    rng = np.random.default_rng(3)
    n, m = 200_000, 50_000
    # All ones give the largest sums, n, and the largest norms.
    for key, seed in (
        (np.ones(n, np.uint8), np.ones(n + m - 1, np.uint8)),
        (random_bits(rng, n), random_bits(rng, n + m - 1)),
    ):
        for log2_length in (LARGEST_LOG2_LENGTH, 17, 15):
            found = toeplitz_hash(key, seed, m, largest_log2_length=log2_length)
            assert found.rounding_distance < found.error_bound < 1e-6


def test_roots_of_unity_are_as_exact_as_the_bound_takes_them():
    # The transform of an impulse in place 1 is the list of roots; each went through at most k
    # products, so a single one is at least as exact as the list.
    from scipy.fft import rfft

    for log2_length in (10, 16, 20):
        length = 2**log2_length
        impulse = np.zeros(length)
        impulse[1] = 1.0
        angle = (
            2
            * np.arctan2(np.longdouble(0), np.longdouble(-1))
            * np.arange(length // 2 + 1)
            / length
        )
        error = np.hypot(
            (rfft(impulse).real - np.cos(angle)).astype(float),
            (rfft(impulse).imag + np.sin(angle)).astype(float),
        )
        assert error.max() < ROOT_ERROR


def test_bound_grows_with_length_products_and_norms():
    # Percival 2003, theorem 5.1, for k = 20, one product: first order in eps = 2^-53 with
    # beta = 16 eps: 60 + 61 sqrt(5) + 960 times eps.
    expected = (60 + 61 * 5**0.5 + 960) * 2.0**-53 * 1e6
    assert convolution_error_bound(20, 1, 1e6) == pytest.approx(expected, rel=1e-9)
    assert convolution_error_bound(20, 9, 1e6) == pytest.approx(
        expected + 8 * 2.0**-53 * 1e6, rel=1e-9
    )


def test_key_so_long_that_sums_could_be_wrong_is_refused(monkeypatch):
    import groundstation.keys.amplification.toeplitz as module

    monkeypatch.setattr(module, "LARGEST_DISTANCE", 1e-13)
    rng = np.random.default_rng(1)
    with pytest.raises(AmplificationError, match=r"sums of 1000 bits may be wrong by .* limit"):
        toeplitz_hash(random_bits(rng, 1000), random_bits(rng, 1099), 100)


def test_sum_between_two_whole_numbers_is_refused():
    from scipy.fft import rfft

    sums = np.array([3.0, 5.0, 2.11, 0.0])
    with pytest.raises(AmplificationError, match=r"0\.11 away from a whole number, limit 0\.1"):
        _whole_sums(rfft(sums), 2, 10)


def test_sums_that_are_whole_but_wrong_are_refused():
    from scipy.fft import rfft

    assert _whole_sums(rfft(np.array([3.0, 5.0, 2.0, 0.0])), 2, 10)[0].tolist() == [3, 5, 2, 0]
    with pytest.raises(AmplificationError, match="sums add up to 11 and not to 10"):
        _whole_sums(rfft(np.array([3.0, 5.0, 3.0, 0.0])), 2, 10)


@pytest.mark.parametrize(
    ("key", "seed", "output_bits", "message"),
    [
        (np.ones(4, np.uint8), np.ones(6, np.uint8), 2, r"seed has shape \(6,\), not \(5,\)"),
        (np.ones(4, np.uint8), np.ones(8, np.uint8), 5, r"output of 5 bits is outside 1\.\.4"),
        (np.ones(4, np.uint8), np.ones(3, np.uint8), 0, r"output of 0 bits is outside 1\.\.4"),
        (np.zeros(0, np.uint8), np.ones(3, np.uint8), 1, r"key has shape \(0,\)"),
        (np.full(4, 2, np.uint8), np.ones(5, np.uint8), 2, "key holds something else"),
        (np.ones(4, np.uint8), np.full(5, 255, np.uint8), 2, "seed holds something else"),
        (np.ones(4), np.ones(5, np.uint8), 2, "key holds something else"),
    ],
)
def test_lengths_and_values_that_do_not_fit_are_refused(key, seed, output_bits, message):
    with pytest.raises(AmplificationError, match=message):
        toeplitz_hash(key, seed, output_bits)


def test_hashed_bits_do_not_show_in_the_record():
    found = toeplitz_hash(np.ones(64, np.uint8), np.ones(95, np.uint8), 32)
    assert "bits" not in repr(found)


@given(st.binary(min_size=1, max_size=40), st.integers(0, 7))
def test_bits_survive_packing_and_the_first_is_the_most_significant(raw, cut):
    n_bits = 8 * len(raw) - cut
    whole = int.from_bytes(raw) >> cut << cut
    raw = whole.to_bytes(len(raw))
    bits = unpack(raw, n_bits)
    assert "".join(map(str, bits)) == f"{whole:0{8 * len(raw)}b}"[:n_bits]
    assert pack(bits) == raw


@pytest.mark.parametrize(
    ("raw", "n_bits", "message"),
    [
        (b"\x80", 9, "9 bits take 2 bytes, not 1"),
        (b"\x80\x00\x00", 9, "9 bits take 2 bytes, not 3"),
        (b"\x80\x40", 9, "the last byte of 9 bits is not filled with zeros"),
        (b"", -1, "bits take 0 bytes"),
    ],
)
def test_bytes_that_are_not_so_many_bits_are_refused(raw, n_bits, message):
    with pytest.raises(AmplificationError, match=message):
        unpack(raw, n_bits)

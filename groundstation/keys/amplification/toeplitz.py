"""Privacy amplification: a Toeplitz matrix times the reconciled key, over GF(2).

Rules:
- T[i, j] = s[i - j + n - 1] for n bits in, m bits out and a seed s of n + m - 1 bits; the family is
  2-universal (Mansour, Nisan, Tiwari, Theor. Comput. Sci. 107, 121, 1993).
- The seed is chosen at random after the key is fixed, used once, and may be known to everybody.
- The sums are counted by Fourier transforms in whole numbers, then taken modulo 2. That they are
  the right whole numbers is proved anew at every run: by a bound on the error before it
  (`convolution_error_bound`), by the measured distance to the next whole number, and by the sum of
  all outputs, which is known beforehand. Where one of them fails there is no result.
"""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from groundstation.keys.amplification.bit_order import Bits
from groundstation.keys.amplification.errors import AmplificationError
from groundstation.keys.amplification.rounding import convolution_error_bound

# Rounding is safe below one half; a distance of 0.1 already means that something is broken.
LARGEST_DISTANCE = 0.1
# Transforms of 2^23 numbers, 64 MiB each, keep 10^7 bits below 1 GB.
LARGEST_LOG2_LENGTH = 23

Spectrum = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Amplified:
    """Hashed bits with the proof that no sum was rounded to the wrong side.

    Parameters
    ----------
    bits : zeros and ones, shape (m,)
    error_bound : before the run, largest error of a sum
    rounding_distance : measured, largest distance of a sum from a whole number
    """

    bits: Bits = field(repr=False)
    error_bound: float
    rounding_distance: float


def seed_bits_needed(input_bits: int, output_bits: int) -> int:
    """Length of the seed, n + m - 1."""
    return input_bits + output_bits - 1


def toeplitz_hash(
    key: Bits, seed: Bits, output_bits: int, *, largest_log2_length: int = LARGEST_LOG2_LENGTH
) -> Amplified:
    """Multiply a key by the Toeplitz matrix of a seed.

    Parameters
    ----------
    key : zeros and ones, shape (n,), n > 0
    seed : zeros and ones, shape (n + output_bits - 1,)
    output_bits : m, in 1..n
    largest_log2_length : of one transform; longer work is cut into tiles

    Raises
    ------
    AmplificationError : lengths or values that do not fit, or sums that are not proved to be right
    """
    _check(key, seed, output_bits)
    tiles = _tiles(key.size, output_bits, largest_log2_length)
    bits = np.empty(output_bits, dtype=np.uint8)
    spectra, norms, totals = _products(key, seed, tiles)
    bound = convolution_error_bound(tiles.log2_length, tiles.columns, max(norms))
    if not bound < LARGEST_DISTANCE:
        raise AmplificationError(
            f"sums of {key.size} bits may be wrong by {bound:.3g}, limit {LARGEST_DISTANCE:g}"
        )
    distance = 0.0
    for row in range(tiles.rows):
        start = row * tiles.row_bits
        end = min(start + tiles.row_bits, output_bits)
        sums, off = _whole_sums(spectra.popleft(), tiles.log2_length, totals[row])
        distance = max(distance, off)
        first = tiles.column_bits - 1
        bits[start:end] = sums[first : first + end - start] % 2.0
    return Amplified(bits, bound, distance)


@dataclass(frozen=True, slots=True)
class _Tiles:
    """How the matrix is cut; all tiles have the size of the first, the last ones reach over."""

    log2_length: int
    row_bits: int
    column_bits: int
    rows: int
    columns: int


def _tiles(n: int, m: int, largest_log2_length: int) -> _Tiles:
    """One tile where it fits, else one row of wide tiles, else squares, which share their seeds."""
    needed = max((n + m - 2).bit_length(), 1)
    if needed <= largest_log2_length:
        return _Tiles(needed, m, n, 1, 1)
    length = 2**largest_log2_length
    if m <= length // 2:
        width = length - m + 1
        return _Tiles(largest_log2_length, m, width, 1, -(-n // width))
    half = length // 2
    return _Tiles(largest_log2_length, half, half, -(-m // half), -(-n // half))


def _products(
    key: Bits, seed: Bits, tiles: _Tiles
) -> tuple[deque[Spectrum], list[float], list[int]]:
    """Spectra of the sums of each row, the norms that bound their error, and their totals.

    Tiles on one diagonal have the same seed: with each column of tiles one new seed comes in.
    """
    length = 2**tiles.log2_length
    spectra: deque[Spectrum] = deque()
    norms, totals = [0.0] * tiles.rows, [0] * tiles.rows
    seeds = deque(_seed_tile(seed, key.size, tiles, diagonal) for diagonal in range(tiles.rows))
    for column in range(tiles.columns):
        if column:
            seeds.pop()
            seeds.appendleft(_seed_tile(seed, key.size, tiles, -column))
        start = column * tiles.column_bits
        part = key[start : start + tiles.column_bits]
        spectrum, ones = rfft(part.astype(np.float64), length), int(part.sum(dtype=np.int64))
        for row, (of_seed, seed_ones) in enumerate(seeds):
            product = of_seed * spectrum
            if column:
                spectra[row] += product
            else:
                spectra.append(product)
            norms[row] += math.sqrt(ones * seed_ones)
            totals[row] += ones * seed_ones
    return spectra, norms, totals


def _seed_tile(seed: Bits, n: int, tiles: _Tiles, diagonal: int) -> tuple[Spectrum, int]:
    """Transform of the seed of the tiles with row - column = diagonal, and its number of ones.

    Tile (R, C) holds T[R w + i, C w + j] = s[(R - C) w + n - 1 + i - j], w the width (with one row
    R = 0): it needs h + w - 1 bits of the seed from index (R - C) w + n - w on. What lies outside
    the seed belongs to bits that the key does not have, or to outputs that nobody asked for; it is
    taken as zero.
    """
    height, width = tiles.row_bits, tiles.column_bits
    first = diagonal * width + n - width
    span = height + width - 1
    part = seed[max(first, 0) : max(first + span, 0)].astype(np.float64)
    padded = np.zeros(2**tiles.log2_length)
    offset = max(-first, 0)
    padded[offset : offset + part.size] = part
    return rfft(padded, overwrite_x=True), int(part.sum())


def _whole_sums(
    spectrum: Spectrum, log2_length: int, total: int
) -> tuple[NDArray[np.float64], float]:
    """Sums of one row of tiles as whole numbers, and how far the worst was from one."""
    sums = irfft(spectrum, 2**log2_length, overwrite_x=True)
    whole = np.rint(sums)
    sums -= whole
    distance = float(np.abs(sums, out=sums).max())
    if not distance < LARGEST_DISTANCE:
        raise AmplificationError(
            f"a sum is {distance:.3g} away from a whole number, limit {LARGEST_DISTANCE:g}",
            hint="this points to a fault of the machine: repeat the run elsewhere",
        )
    # Whole numbers below 2^53 add up exactly in doubles.
    if total >= 2**53 or int(whole.sum()) != total:
        raise AmplificationError(
            f"sums add up to {int(whole.sum())} and not to {total}",
            hint="this points to a fault of the machine: repeat the run elsewhere",
        )
    return whole, distance


def _check(key: Bits, seed: Bits, output_bits: int) -> None:
    if key.ndim != 1 or key.size == 0:
        raise AmplificationError(f"key has shape {key.shape}, not (n,) with n > 0")
    if not 1 <= output_bits <= key.size:
        raise AmplificationError(f"output of {output_bits} bits is outside 1..{key.size}")
    needed = seed_bits_needed(key.size, output_bits)
    if seed.shape != (needed,):
        raise AmplificationError(f"seed has shape {seed.shape}, not ({needed},)")
    for name, bits in (("key", key), ("seed", seed)):
        if bits.dtype != np.uint8 or int(bits.max()) > 1:
            raise AmplificationError(f"{name} holds something else than zeros and ones of a byte")

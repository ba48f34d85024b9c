"""Finite fields of 2^m elements with 1 <= m <= 8, on whole arrays by tables of logarithms.

Elements are integers below 2^m whose bits are the coefficients of a polynomial over GF(2); sums are
XOR, products are taken modulo an irreducible polynomial. Tables are read at places that depend on
the key: on a machine shared with somebody hostile, timing may tell.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Elements = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A field with the powers of one generator.

    Parameters
    ----------
    size : number of elements
    power : (2 size - 2,), the generator's powers, once around and once again
    logarithm : (size,), of every element; that of 0 is never read
    """

    size: int
    power: Elements
    logarithm: NDArray[np.intp]

    def product(self, many: Elements, one: int) -> Elements:
        """Every element of an array times one element."""
        if one == 0:
            return np.zeros_like(many)
        result = self.power[self.logarithm[many] + self.logarithm[one]]
        return np.where(many == 0, np.uint8(0), result)

    def quotient(self, one: int, other: int) -> int:
        """One element divided by another; ZeroDivisionError by 0."""
        if other == 0:
            raise ZeroDivisionError("division by the zero of a finite field")
        if one == 0:
            return 0
        return int(self.power[self.logarithm[one] - self.logarithm[other] + self.size - 1])


def make_field(polynomial: int, generator: int) -> Field:
    """The field of polynomials modulo an irreducible one.

    Parameters
    ----------
    polynomial : its coefficients as bits, the highest power included
    generator : an element whose powers are all elements but 0

    Raises
    ------
    ValueError
        If the powers of the generator are fewer, or the degree is not in 1 to 8.
    """
    degree = polynomial.bit_length() - 1
    if not 1 <= degree <= 8:
        raise ValueError(f"a field modulo a polynomial of degree {degree} is not between 2 and 256")
    size = 1 << degree
    powers = [1]
    while len(powers) < size - 1:
        powers.append(_product(powers[-1], generator, polynomial, size))
    if set(powers) != set(range(1, size)):
        raise ValueError(f"{generator:#x} generates no field modulo {polynomial:#x}")
    logarithm = np.zeros(size, np.intp)
    logarithm[powers] = np.arange(size - 1)
    return Field(size, np.array(powers * 2, np.uint8), logarithm)


def _product(one: int, other: int, polynomial: int, size: int) -> int:
    result = 0
    while other:
        if other & 1:
            result ^= one
        one <<= 1
        if one & size:
            one ^= polynomial
        other >>= 1
    return result


# x^8 + x^4 + x^3 + x + 1 and the generator x + 1: the field of FIPS 197 (AES, 2001), section 4.2.
GF256 = make_field(0x11B, 0x03)

"""How much key an application uses, in words: "AES-256 every 60 s"."""

import re
from dataclasses import dataclass
from decimal import Decimal

SECONDS_PER_DAY = 86_400.0

# The International System of Units (BIPM, 9th edition), table 8: min, h and d beside the second.
SECONDS_PER_UNIT = {"s": 1.0, "min": 60.0, "h": 3_600.0, "d": SECONDS_PER_DAY}

# FIPS 197 (NIST, 2001): AES with keys of 128, 192 or 256 bits.
AES_KEY_BITS = (128, 192, 256)

_USE = re.compile(
    r"(?:AES-(?P<aes>\d+)|(?P<bits>\d+) bits?) every (?P<number>\d+(?:\.\d+)?) ?(?P<unit>[a-z]+)",
    re.IGNORECASE,
)
_READABLE = '"AES-256 every 60 s" or "4096 bits every 1 h" (units s, min, h, d)'


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key of `key_bits` bits, renewed every `number` `unit`."""

    key_bits: int
    is_aes: bool
    number: float
    unit: str

    @property
    def bits_per_day(self) -> float:
        """Key that one day takes."""
        return self.key_bits * SECONDS_PER_DAY / (self.number * SECONDS_PER_UNIT[self.unit])

    def __str__(self) -> str:
        key = f"AES-{self.key_bits}" if self.is_aes else f"{self.key_bits} bits"
        # Decimal writes 0.00001 and 1000000 out, which a float's own text does not.
        number = f"{Decimal(repr(self.number)):f}".removesuffix(".0")
        return f"{key} every {number} {self.unit}"


def parse_key_use(text: str) -> KeyUse:
    """Read a key use.

    Raises
    ------
    ValueError
        The words are not understood; the message says what is.

    Examples
    --------
    >>> parse_key_use("AES-256 every 60 s").bits_per_day
    368640.0
    """
    match = _USE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"cannot read {text!r}; readable is {_READABLE}")
    is_aes = match["aes"] is not None
    key_bits = int(match["aes"] if is_aes else match["bits"])
    if is_aes and key_bits not in AES_KEY_BITS:
        raise ValueError(f"AES-{key_bits} does not exist; AES has 128, 192 or 256 bits")
    unit = match["unit"].lower()
    if unit not in SECONDS_PER_UNIT:
        raise ValueError(f"unit {match['unit']!r} is not one of {', '.join(SECONDS_PER_UNIT)}")
    number = float(match["number"])
    if key_bits == 0 or number == 0.0:
        raise ValueError(f"{text!r} asks for nothing or for infinitely much")
    return KeyUse(key_bits, is_aes, number, unit)

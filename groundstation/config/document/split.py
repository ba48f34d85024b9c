"""How a demand's key is shared over several ways, in words: "2 of 3"."""

import re
from typing import Annotated

from pydantic import AfterValidator

from groundstation.network import Split

# Disjoint ways are few: a station seldom sees more satellites in one night.
MOST_SHARES = 8
_SPLIT = re.compile(r"(?P<threshold>\d{1,3}) of (?P<shares>\d{1,3})")


def parse_split(text: str) -> Split:
    """Read a split.

    Raises
    ------
    ValueError
        The words are not understood, or such shares split no trust.

    Examples
    --------
    >>> parse_split("2 of 3")
    Split(threshold=2, shares=3)
    """
    match = _SPLIT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'cannot read {text!r}; readable is "2 of 3"')
    split = Split(int(match["threshold"]), int(match["shares"]))
    if not 2 <= split.threshold <= split.shares <= MOST_SHARES:
        raise ValueError(
            f"{text!r} splits no trust; the first number is at least 2, the second at least the"
            f" first and at most {MOST_SHARES}"
        )
    return split


def _is_readable(text: str) -> str:
    parse_split(text)
    return text


SplitText = Annotated[str, AfterValidator(_is_readable)]

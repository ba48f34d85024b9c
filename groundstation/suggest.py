"""'did you mean ...?' for names that do not exist."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion with a leading space, or nothing if no name is close.

    >>> did_you_mean("matara", ["graz", "matera"])
    " (did you mean 'matera'?)"
    >>> did_you_mean("xyz", ["graz", "matera"])
    ''
    """
    close = difflib.get_close_matches(word.lower(), list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""

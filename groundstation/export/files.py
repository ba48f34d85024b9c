"""A file to be exported: its name, its contents, and what a pattern may call it."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

LONGEST_NAME = 80
_DIGEST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file of one format.

    Parameters
    ----------
    name : default name, safe for every file system
    content : bytes of the file
    satellite, station, pass_id : what it is about; empty where it is about the whole night
    """

    name: str
    content: bytes
    satellite: str = ""
    station: str = ""
    pass_id: str = ""

    @property
    def suffix(self) -> str:
        """What follows the last dot of the default name."""
        return self.name.rpartition(".")[2]


def text_file(
    name: str, text: str, *, satellite: str = "", station: str = "", pass_id: str = ""
) -> ExportFile:
    """A file of UTF-8 text."""
    return ExportFile(name, text.encode("utf-8"), satellite, station, pass_id)


def safe_name(text: str) -> str:
    """A name of letters, digits, dot, dash and underscore; different for different texts.

    Accents are dropped and other signs become dashes; wherever that or the length changes the
    text, six digits of its SHA-256 follow, so that two names never meet in one file.

    >>> safe_name("graz-1")
    'graz-1'
    >>> safe_name("Graz Lustbühel")
    'Graz-Lustbuhel-63b99b'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip(".-")
    short = plain[: LONGEST_NAME - _DIGEST_DIGITS - 1]
    if short == text and text:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_DIGITS]
    return f"{short or 'name'}-{digest}"

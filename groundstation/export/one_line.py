"""Text that fits one line of a file that is read line by line."""

import unicodedata

# Controls, halves of surrogate pairs, and what readers take for the end of a line or paragraph.
_BLANKED = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Calendar readers drop it, wherever it stands.
_BYTE_ORDER_MARK = "\ufeff"


def one_line(text: str) -> str:
    r"""The text with a blank for every sign that ends lines or is no text at all.

    >>> one_line("a\r\nb\x07")
    'a  b '
    """
    return "".join(" " if _is_blanked(sign) else sign for sign in text)


def _is_blanked(sign: str) -> bool:
    return sign == _BYTE_ORDER_MARK or unicodedata.category(sign) in _BLANKED

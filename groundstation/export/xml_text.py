"""Text that an XML 1.0 document can hold."""


def xml_text(text: str) -> str:
    r"""The text with a blank for every character that XML 1.0 section 2.2 does not allow.

    >>> xml_text("a\x00b")
    'a b'
    """
    return "".join(sign if _is_allowed(ord(sign)) else " " for sign in text)


def _is_allowed(code: int) -> bool:
    return (
        code in (0x9, 0xA, 0xD)
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or 0x10000 <= code <= 0x10FFFF
    )

"""Characters that were mis-decoded, or that act on a terminal or a line instead of being shown."""

import re
from contextlib import suppress

_CONTROL = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""Unicode categories Cc and Cs, separators of lines and paragraphs, and marks of direction."""

_ANY = re.compile(f"[{_CONTROL}]")
_C1 = re.compile("[\x80-\x9f]")
_MISREAD = re.compile("[\u00c2\u00c3\u00e2][\u0080-\u00bf\u0152-\u0178\u02c6\u02dc\u2013-\u2122]")
"""Beginning of a character of UTF-8 whose bytes were decoded as Windows-1252 or Latin-1."""

_OUTSIDE_LAYOUT = re.compile(rf"(?![\n\t])[{_CONTROL}]")


def is_control(character: str) -> bool:
    """Whether it is a control character, a surrogate, or sets the direction of the text around it."""
    return _ANY.fullmatch(character) is not None


def visible(text: str) -> str:
    r"""The text with its control characters as escapes, except line feeds and tabs.

    Example:
        >>> visible("\x1b[31mred"), visible("abc\u202edef")
        ('\\x1b[31mred', 'abc\\u202edef')
    """
    return _OUTSIDE_LAYOUT.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def visible_json(text: str) -> str:
    r"""JSON of equal content with its control characters as ``\u`` escapes; line feeds and tabs are kept."""
    if text.isprintable():  # several times as fast, and true of nearly all texts
        return text
    return _OUTSIDE_LAYOUT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def repaired(text: str) -> str:
    r"""Text whose characters of Windows-1252 were decoded as Latin-1, or its UTF-8 as one of these two.

    Example:
        >>> repaired("wait\x85"), repaired("cafÃ©"), repaired("caf\xc3\xa9"), repaired("café")
        ('wait…', 'café', 'café', 'café')
    """
    if _MISREAD.search(text):
        for encoding in ("cp1252", "latin-1"):
            with suppress(UnicodeError):
                return text.encode(encoding).decode("utf-8")
    return _C1.sub(lambda c: c[0].encode("latin-1").decode("cp1252", errors="replace"), text)

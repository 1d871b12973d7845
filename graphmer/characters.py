"""Characters that act on a terminal or on the direction of a line instead of being shown."""

import re

_CONTROL = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""Unicode categories Cc and Cs, separators of lines and paragraphs, and marks of direction."""

_ANY = re.compile(f"[{_CONTROL}]")
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
    return _OUTSIDE_LAYOUT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

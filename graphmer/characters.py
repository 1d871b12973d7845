"""Characters that act on a terminal or on the direction of a line instead of being shown."""

import unicodedata

_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BREAKS = frozenset("\u2028\u2029")
_LAYOUT = frozenset("\n\t")


def is_control(character: str) -> bool:
    """Whether it is a control character, a surrogate, or sets the direction of the text around it."""
    if character in _DIRECTION or character in _BREAKS:
        return True
    return unicodedata.category(character) in ("Cc", "Cs")


def visible(text: str) -> str:
    r"""The text with its control characters as escapes, except line feeds and tabs.

    Example:
        >>> visible("\x1b[31mred"), visible("abc\u202edef")
        ('\\x1b[31mred', 'abc\\u202edef')
    """
    return "".join(
        _escape(character) if is_control(character) and character not in _LAYOUT else character
        for character in text
    )


def visible_json(text: str) -> str:
    r"""JSON of equal content with its control characters as ``\u`` escapes; line feeds and tabs are kept."""
    return "".join(
        f"\\u{ord(character):04x}" if is_control(character) and character not in _LAYOUT else character
        for character in text
    )


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")

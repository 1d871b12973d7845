"""One-line representations of objects."""

import re
from datetime import date, time

_AFTER_NOUN = re.compile(r"(?= (?:of|that|with|without|outside|before|in|to|by)\b)")
"""Where the noun of a phrase ends."""


def short_repr(instance: object, name: str, *facts: str) -> str:
    """The class, the name and what is worth knowing of an object.

    Example:
        >>> short_repr(1.5, "demo", counted(3, "turn"), counted(1, "speaker"))
        "float('demo', 3 turns, 1 speaker)"
    """
    return f"{type(instance).__name__}({', '.join([repr(name), *facts])})"


def shown(value: object) -> str:
    """A value in a message, shortened; of a container, only its type.

    Example:
        >>> shown("hello"), shown(None), shown([1, 2])
        ("'hello'", 'None', 'list')
    """
    plain = isinstance(value, str | int | float | complex | bytes | date | time) or value is None
    text = repr(value) if plain else type(value).__name__
    return text if len(text) <= 60 else f"{text[:60]}..."


def counted(number: int, noun: str) -> str:
    """A number of things whose plural ends in ``s``.

    Example:
        >>> counted(1, "turn"), counted(2, "turn"), counted(2, "line of the program")
        ('1 turn', '2 turns', '2 lines of the program')
    """
    first, *rest = _AFTER_NOUN.split(noun, maxsplit=1)
    return f"{number} {first}{'' if number == 1 else 's'}{''.join(rest)}"

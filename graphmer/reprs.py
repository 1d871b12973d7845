"""One-line representations of objects."""


def short_repr(instance: object, name: str, *facts: str) -> str:
    """The class, the name and what is worth knowing of an object.

    Example:
        >>> short_repr(1.5, "demo", counted(3, "turn"), counted(1, "speaker"))
        "float('demo', 3 turns, 1 speaker)"
    """
    return f"{type(instance).__name__}({', '.join([repr(name), *facts])})"


def counted(number: int, noun: str) -> str:
    """A number of things whose plural ends in ``s``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"

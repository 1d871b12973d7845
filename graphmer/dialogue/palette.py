"""One colour and one short code for each emotion, one colour for each edge rule, the same in every picture.

The colours are those of Okabe and Ito (2008), which can be distinguished with any colour vision. The codes
identify the emotions without colour.
"""

from collections.abc import Sequence

_ORANGE, _SKY, _GREEN, _YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
_BLUE, _VERMILLION, _PURPLE, _GREY = "#0072B2", "#D55E00", "#CC79A7", "#999999"

_KNOWN = {
    "neutral": _GREY,
    "happy": _ORANGE,
    "joy": _ORANGE,
    "sad": _BLUE,
    "sadness": _BLUE,
    "angry": _VERMILLION,
    "anger": _VERMILLION,
    "excited": _YELLOW,
    "surprise": _SKY,
    "frustrated": _PURPLE,
    "disgust": _PURPLE,
    "fear": _GREEN,
}
_ORDER = (_BLUE, _ORANGE, _GREEN, _VERMILLION, _SKY, _PURPLE, _YELLOW, _GREY)
_RULES = (_BLUE, _VERMILLION, _GREEN, _PURPLE, _ORANGE, _GREY)


def colours(names: Sequence[str]) -> list[str]:
    """Colour of each name: the fixed colour of a known emotion, or the next unused colour.

    With more than eight names colours repeat, and only the `codes` are unique.

    Example:
        >>> colours(["calm", "angry", "neutral"])
        ['#0072B2', '#D55E00', '#999999']
    """
    taken = [_KNOWN[name] for name in names if name in _KNOWN]
    free = [colour for colour in _ORDER if colour not in taken] or list(_ORDER)
    unknown = [name for name in names if name not in _KNOWN]
    found = {name: free[number % len(free)] for number, name in enumerate(unknown)}
    return [_KNOWN.get(name) or found[name] for name in names]


def codes(names: Sequence[str]) -> list[str]:
    """Shortest unique prefix of each name, capitalised.

    Example:
        >>> codes(["surprise", "sadness", "joy"])
        ['Su', 'Sa', 'J']
    """
    return [
        next(
            (
                name[:size].capitalize()
                for size in range(1, len(name))
                if sum(other.lower().startswith(name[:size].lower()) for other in names) == 1
            ),
            name.capitalize(),
        )
        for name in names
    ]


def score_colour(score: float, interval: tuple[float, float]) -> str:
    """The colour of a score between blue (lowest), grey (middle) and vermillion (highest).

    Example:
        >>> [score_colour(score, (-3, 3)) for score in (-3, 0, 3)]
        ['#0072b2', '#c8c8c8', '#d55e00']
    """
    low, high = interval
    place = max(-1.0, min(1.0, 2 * (score - low) / (high - low) - 1))
    end = _parts(_BLUE if place < 0 else _VERMILLION)
    return "#" + "".join(f"{round(200 + (part - 200) * abs(place)):02x}" for part in end)


def relation_colours(relations: Sequence[str]) -> list[str]:
    """A colour a relation, the same for all of one edge rule (the name up to the first ``/``).

    From the seventh rule on colours repeat.

    Example:
        >>> relation_colours(["near/past/intra", "near/past/inter", "own/past/intra"])
        ['#0072B2', '#0072B2', '#D55E00']
    """
    rules = [relation.split("/")[0] for relation in relations]
    number = {rule: place for place, rule in enumerate(dict.fromkeys(rules))}
    return [_RULES[number[rule] % len(_RULES)] for rule in rules]


def ink_on(colour: str) -> str:
    """Black or white, whichever is easier to read on a colour.

    Example:
        >>> ink_on("#F0E442"), ink_on("#0072B2")
        ('#111', '#fff')
    """
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return "#111" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.3 else "#fff"


def _parts(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

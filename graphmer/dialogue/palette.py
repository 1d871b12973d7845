"""One colour and one short code for each emotion, the same in every picture.

The colours are those of Okabe and Ito (2008), which people with any colour vision can tell apart; the codes
say the same without colour.
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


def colours(names: Sequence[str]) -> list[str]:
    """A colour a name: the customary one where there is one, else the next that no other name has.

    From the ninth name on colours repeat, and only the `codes` tell them apart.

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
    """The shortest beginning of each name that no other name has, capitalised.

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

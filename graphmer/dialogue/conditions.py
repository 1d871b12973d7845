"""Parsing of conditions and missing-modality protocols: ``at``, ``rate:0.5``, ``mixed``."""

from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from itertools import combinations

from graphmer.dialogue.corruption import Noise, Shift
from graphmer.dialogue.missing import Burst, Complete, Drop, FixedSet, MissingProtocol, Rate, SpeakerSet
from graphmer.dialogue.policies import Mixed, PartialSets, RandomDrops, RandomRates, RandomSets, Varied

_WITHOUT_VALUE: Mapping[str, Callable[[], MissingProtocol]] = {
    "complete": Complete,
    "sets": RandomSets,
    "partial": PartialSets,
    "rates": RandomRates,
    "drops": RandomDrops,
    "mixed": Mixed,
    "varied": Varied,
}
_WITH_SET: Mapping[str, Callable[[tuple[str, ...], str], MissingProtocol]] = {
    "fixed": FixedSet,
    "speaker": SpeakerSet,
}
_WITH_NUMBER: Mapping[str, Callable[[float], MissingProtocol]] = {
    "rate": Rate,
    "drop": Drop,
    "noise": Noise,
}
_WITH_TURNS: Mapping[str, Callable[[int], MissingProtocol]] = {"burst": Burst, "shift": Shift}


def protocol(spec: str, modalities: Sequence[str]) -> MissingProtocol:
    """Missing-modality protocol from its name.

    ===================  =========================================================================
    ``complete``         no masking
    ``at``, ``fixed:at`` every utterance has this set (also ``audio+text``, ``fixed:audio+text``)
    ``rate:0.5``         each utterance loses this fraction of its modalities at random
    ``drop:0.3``         each utterance loses everything with this probability
    ``burst:4``          one modality at a time is missing, for this number of consecutive turns
    ``speaker:t``        one speaker of the dialogue has only this set
    ``noise:0.5``        Gaussian noise with this standard deviation, in training standard deviations
    ``shift:2``          one modality is delayed by this number of turns
    ``sets``             training: a random set per dialogue
    ``partial``          training: a random set per utterance, never the complete one
    ``rates``            training: a random rate per dialogue
    ``drops``            training: a random rate of dropped utterances per dialogue
    ``mixed``            training: ``sets`` or ``rates``, chosen at random per dialogue
    ``varied``           training: ``mixed``, or for one in four dialogues ``drops``
    ===================  =========================================================================

    Args:
        spec: the name; a set is written as in `conditions`, or as full names joined by ``+``.
        modalities: all modalities of the corpus, in the order of the columns.

    Raises:
        ValueError: if the protocol or a modality is unknown, or the number is invalid for the protocol.

    Example:
        >>> protocol("ta", ("audio", "text", "video"))
        FixedSet(modalities=('audio', 'text'), written='at')
    """
    _check_modalities(modalities)
    kind, colon, value = spec.partition(":")
    if not colon and kind in _WITHOUT_VALUE:
        return _WITHOUT_VALUE[kind]()
    if colon and kind in _WITH_SET:
        chosen = _parse_set(value, modalities, spec)
        return _WITH_SET[kind](chosen, short_name(chosen, modalities))
    if colon and kind in _WITH_NUMBER:
        return _WITH_NUMBER[kind](_number(value, spec))
    if colon and kind in _WITH_TURNS:
        return _WITH_TURNS[kind](_whole(value, spec))
    chosen = () if colon else _find_set(kind, modalities)
    if not chosen:
        raise ValueError(_unknown(spec, modalities))
    return FixedSet(chosen, short_name(chosen, modalities))


def conditions(modalities: Sequence[str]) -> tuple[str, ...]:
    """Short names of all ``2**M - 1`` sets of modalities, in the usual order: single modalities first.

    Raises:
        ValueError: if there are no modalities, or a name occurs twice.

    Example:
        >>> conditions(("audio", "text", "video"))
        ('a', 't', 'v', 'at', 'av', 'tv', 'atv')
    """
    _check_modalities(modalities)
    sizes = range(1, len(modalities) + 1)
    return tuple(short_name(s, modalities) for size in sizes for s in combinations(modalities, size))


def short_name(chosen: Collection[str], modalities: Sequence[str]) -> str:
    """Short name of a set of modalities: its initials if all initials differ, else the full names.

    Args:
        chosen: the set of modalities, in any order.
        modalities: all modalities of the corpus, in the order of the name.

    Raises:
        ValueError: if the set is empty or contains an unknown modality.

    Example:
        >>> short_name({"text", "audio"}, ("audio", "text")), short_name(["tail"], ("text", "tail"))
        ('at', 'tail')
    """
    unknown = sorted(set(chosen) - set(modalities))
    if unknown or not chosen:
        raise ValueError(
            f"A set of modalities must hold at least one of {list(modalities)}; got {sorted(chosen)}."
        )
    ordered = [name for name in modalities if name in chosen]
    return "".join(name[0] for name in ordered) if _by_initials(modalities) else "+".join(ordered)


def _by_initials(modalities: Sequence[str]) -> bool:
    return len({name[0] for name in modalities}) == len(modalities)


def _check_modalities(modalities: Sequence[str]) -> None:
    if not modalities or len(set(modalities)) != len(modalities) or not all(modalities):
        raise ValueError(
            f"Modalities must be at least one name, and different names; got {list(modalities)}."
        )


def _find_set(text: str, modalities: Sequence[str]) -> tuple[str, ...]:
    """Set of modalities named by `text`, in the order of `modalities`; empty if `text` names none."""
    parts = text.split("+")
    if _by_initials(modalities) and not set(parts) <= set(modalities):
        full = {name[0]: name for name in modalities}
        parts = [full.get(letter, "") for letter in text]
    if len(set(parts)) != len(parts) or not set(parts) <= set(modalities):
        return ()
    return tuple(name for name in modalities if name in parts)


def _parse_set(text: str, modalities: Sequence[str], spec: str) -> tuple[str, ...]:
    chosen = _find_set(text, modalities)
    if not chosen:
        known = [*conditions(modalities), *modalities]
        raise ValueError(
            f"{spec!r}: {text!r} is not a set of the modalities {list(modalities)}; write one as in "
            f"{conditions(modalities)[-1]!r}, or full names joined by '+'.{_suggestion(text, known)}"
        )
    return chosen


def _number(text: str, spec: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{spec!r}: a number must follow the colon; got {text!r}.") from None


def _whole(text: str, spec: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{spec!r}: a whole number of turns must follow the colon; got {text!r}.") from None


def _unknown(spec: str, modalities: Sequence[str]) -> str:
    sets = [*conditions(modalities), *modalities]
    with_value = [f"{name}:" for name in (*_WITH_SET, *_WITH_NUMBER, *_WITH_TURNS)]
    names = [*_WITHOUT_VALUE, *with_value]
    kind, colon, _ = spec.partition(":")
    guess = _suggestion(kind + colon, with_value) if colon else _suggestion(spec, [*names, *sets])
    return (
        f"Unknown missing-modality protocol {spec!r}; it must be one of {names}, or a set such as "
        f"{sets[0]!r}.{guess}"
    )


def _suggestion(text: str, known: Sequence[str]) -> str:
    close = get_close_matches(text, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""

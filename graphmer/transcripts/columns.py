"""Which columns of a table, or keys of JSON, hold the speaker, the text, times and labels."""

import re
from collections.abc import Mapping, Sequence

from graphmer.errors import CorpusError

_NAMES = {
    "speaker": (
        "speaker speakername speakerid speakerlabel speakeridx speakerindex participant participantname "
        "participantid author authorname sender sendername who name username user person "
        "character interlocutor agent role from voice spk authorid senderid userid sprecher sprecherin "
        "locuteur hablante"
    ),
    "text": (
        "text utterance utterancetext transcript transcription sentence message messagetext content body "
        "words line linetext caption speech said texte texto"
    ),
    "start": (
        "start starttime startoffset starts begin begintime beginoffset onset tmin from t0 timestart "
        "timestamp ts time datetime date created createdat sent sentat beginn anfang "
        "début debut inicio"
    ),
    "end": "end endtime endoffset ends stop stoptime offset tmax to t1 timeend ende fin",
    "duration": "duration dur",
    "dialogue": (
        "dialogue dialogueid dialog dialogid conversation conversationid convid conv session sessionid "
        "call callid meeting meetingid video videoid thread threadid chat chatid file filename recording "
        "recordingid sceneid"
    ),
    "turn": (
        "turn turnid turnnumber turnno turnindex utteranceid uttid utterancenumber utteranceindex "
        "utteranceidx turnidx position index order seq sequence number no"
    ),
    "label": "emotion emotionlabel label emo feeling mood sentiment",
}
"""Names of the columns of each role, without case and signs, the most telling first."""

ROLES = tuple(_NAMES)
"""What a column may hold."""

_ALIASES = {role: tuple(names.split()) for role, names in _NAMES.items()}

_LINES = frozenset({"dialogue", "dialog", "conversation"})
"""Names of a dialogue that are those of its text in tables without another text."""

_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), 0.001),
}


def known_roles(names: Sequence[str]) -> dict[str, str]:
    """Column of each role by its name; a column has one role.

    Example:
        >>> known_roles(["Start_Time", "Utterance", "No.", "Speaker ID"])
        {'speaker': 'Speaker ID', 'text': 'Utterance', 'start': 'Start_Time', 'turn': 'No.'}
    """
    keys = {name: _words(name)[0] for name in names}
    found: dict[str, str] = {}
    for role, aliases in _ALIASES.items():
        free = {key: name for name, key in reversed(keys.items()) if name not in found.values()}
        column = next((free[alias] for alias in aliases if alias in free), None)
        if column is not None:
            found[role] = column
    if {"end", "duration"} <= set(found) and "start" not in found and _words(found["end"])[0] == "offset":
        found["start"] = found.pop("end")
    if "text" not in found and _words(found.get("dialogue", ""))[0] in _LINES:
        found["text"] = found.pop("dialogue")  # lines of a script
    return found


def columns_of(names: Sequence[str], given: Mapping[str, str], where: str) -> dict[str, str]:
    """Column of each role: as given, the others by their names.

    Args:
        names: of all columns.
        given: columns by role.
        where: place in messages.

    Raises:
        CorpusError: if a given column is absent, or none has the text.
    """
    for column in given.values():
        if column not in names:
            raise CorpusError(f"{where}: has no column {column!r}; its columns are {listed(names)}.")
    free = [name for name in names if name not in given.values()]
    found = {role: column for role, column in known_roles(free).items() if role not in given} | dict(given)
    if "text" not in found:
        raise CorpusError(
            f"{where}: no column is known to have the text; its columns are {listed(names)}. Name them: "
            "--columns text=COLUMN,speaker=COLUMN."
        )
    return {role: found[role] for role in ROLES if role in found}


def unit_of(name: str) -> float | None:
    """Seconds of the unit in the name of a column, ``None`` if there is none.

    Example:
        >>> unit_of("start_ms"), unit_of("End (s)"), unit_of("begin")
        (0.001, 1.0, None)
    """
    return _words(name)[1]


def _words(name: str) -> tuple[str, float | None]:
    """A name without case, signs and unit, and the unit."""
    words = re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold())
    unit = _UNITS.get(words[-1]) if len(words) > 1 else None
    return "".join(words if unit is None else words[:-1]), unit


def listed(names: Sequence[str], shown: int = 12) -> str:
    """Names of columns for a message."""
    others = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(repr(name[:40]) for name in names[:shown]) + others

"""Words of a turn: names of speakers, missing text."""

import re

from graphmer.characters import repaired as repaired

LONGEST_NAME = 40
"""Characters of the longest name of a speaker."""

_NAMED = re.compile(
    rf"(?P<name>[^\s:\uff1a\"{{}}<>|=/\\-][^:\uff1a\"{{}}<>|=\\\n]{{0,{LONGEST_NAME - 1}}})"
    r"(?::(?:\s+|$)|\uff1a\s*)(?P<text>.*)",
    re.DOTALL,
)
_MOST_WORDS = 6
"""Words of the longest name that stands alone."""

_HAS_LETTER = re.compile(r"[^\W\d_]")
_NOT_NAMES = frozenset(
    {"note", "notes", "nb", "ps", "re", "fwd", "todo", "http", "https", "ftp", "from", "subject"}
)
_PLACEHOLDER = re.compile(
    r"[\[(<]?\s*(inaudible|unintelligible|silence|no speech|media omitted|blank_audio)\s*[\])>]?|xxx|"
    r"(image|video|audio|sticker|gif|document) omitted|(this message was|you) deleted( this message)?\.?",
    re.IGNORECASE,
)
_BOLD = re.compile(
    r"(?:^(?:[-*\u2022]\s+)?|(?<=[\])] ))(\*\*|__)(?P<name>[^*_:\n]{1,40})(?::\1|\1\s*:)(?:\s+|$)"
)
_MARKS = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def named(text: str) -> tuple[str, str] | None:
    """Name and words of ``Name: words``; ``None`` for any other text.

    Example:
        >>> named("Ann B.: hello"), named("10:30 Meeting: moved"), named("https://a.b/c")
        (('Ann B.', 'hello'), None, None)
    """
    found = _NAMED.fullmatch(text)
    if found is None:
        return None
    name = " ".join(found["name"].split())
    is_open = any(name.count(sign) != name.count(other) for sign, other in ("()", "[]"))
    if is_open or not _HAS_LETTER.search(name) or name.casefold() in _NOT_NAMES:
        return None
    return name, found["text"]


def is_name(line: str) -> bool:
    """Whether a line may be nothing but the name of a speaker.

    Example:
        >>> is_name("Ann B."), is_name("It is over."), is_name("Who is it?"), is_name("0:03")
        (True, False, False, False)
    """
    found = named(f"{line}: ")
    is_sentence = ":" in line or re.search(r"[?!;\u2026\u3002]|\w{4}\.$", line) is not None
    return found is not None and not is_sentence and len(line.split()) <= _MOST_WORDS


def without_markdown(line: str) -> str:
    """A line whose name is in bold type of Markdown, at its begin or after a time, without the signs.

    Example:
        >>> without_markdown("**Ann:** hello"), without_markdown("[0:03] __Ann__: a **b** c")
        ('Ann: hello', '[0:03] Ann: a **b** c')
    """
    return _BOLD.sub(r"\g<name>: ", line, count=1)


def words(text: str) -> str | None:
    r"""Text of a turn without marks of direction and needless blanks; ``None`` if there are no words.

    Example:
        >>> words("  well,\n yes "), words("[inaudible]"), words(" ")
        ('well, yes', None, None)
    """
    clean = " ".join(_MARKS.sub("", text).split())
    return None if not clean or _PLACEHOLDER.fullmatch(clean) else clean

"""Codes of transcription on the main lines of CHAT.

Source: MacWhinney, The CHILDES Project, part 1: the CHAT transcription format.
"""

import re
from typing import TypeAlias

_TOKEN = re.compile(r"\[(?P<code>[^\[\]]*)\]|(?P<bracket>[<>])|(?P<word>[^\s<>\[\]]+)|[\[\]]")
_RETRACED = re.compile(r"/{1,3}|/-|/\?")
_REPLACED = re.compile(r"::?\s+(.+)", re.DOTALL)
_PAUSE = re.compile(r"\((?:\.{1,3}|[\d:.]+)\)|#[\d_:.]*")
_NOT_SAID = re.compile(r"&[=+~*{}].*|&(?!-).*|0.*|\+(?:\^|\"|,|\+)?|(?:xxx?|yyy?|www)(?:@.*)?|‡|„")
_TERMINATOR = re.compile(r"\+[/.!?\"]*?(?P<mark>\.\.\.|\.\.\?|[.!?])")
_MARKS = re.compile("[\u2039\u203a↑↓≠∾⁑⤇→↗↘⇗⇘∞≈≋⌈⌉⌊⌋∆∇☺♋♀⁇∬Ϋ∮↫↻⤆◉▁▔°ˈˌ\u0001-\u0008]")
_PUNCTUATION = frozenset({".", "?", "!", ",", ";", ":", "...", "...?"})

_Item: TypeAlias = "str | list[_Item]"


def spoken(line: str) -> str:
    """Words of a main line, without what was not said and without what the speaker took back.

    Taken back is what comes before ``[/]``, ``[//]`` and the like: a word, or words in ``<...>``. A word
    before ``[: ...]`` is replaced. Events, pauses, omitted words (``0v``), fragments and unintelligible words
    (``xxx``) are removed; letters in ``(...)`` and fillers (``&-um``) are kept.

    Example:
        >>> spoken("<I want> [//] I need (th)at (.) gonna [: going to] 0v xxx &-um cookie [*] +...")
        'I need that going to um cookie...'
    """
    stack: list[list[_Item]] = [[]]
    for token in _TOKEN.finditer(line.replace("+<", " ")):
        if token["word"] is not None:
            stack[-1].append(token["word"])
        elif token["bracket"] == "<":
            stack.append([])
        elif token["bracket"] == ">" and len(stack) > 1:
            group = stack.pop()
            stack[-1].append(group)
        elif token["code"] is not None:
            _apply(token["code"].strip(), stack[-1])
    return _sentence([word for level in stack for word in map(_word, _flat(level)) if word])


def _apply(code: str, items: list[_Item]) -> None:
    """Remove or replace the last item, if the code says so."""
    replaced = _REPLACED.fullmatch(code)
    if items and (_RETRACED.fullmatch(code) or replaced):
        items.pop()
    if replaced:
        items.append(list(replaced[1].split()))


def _flat(items: list[_Item]) -> list[str]:
    words: list[str] = []
    rest: list[_Item] = items[::-1]
    while rest:
        item = rest.pop()
        if isinstance(item, str):
            words.append(item)
        else:
            rest += item[::-1]
    return words


def _word(word: str) -> str:
    """What was said of a word, or nothing."""
    terminator = _TERMINATOR.fullmatch(word)
    if terminator is not None:
        return terminator["mark"].replace("..?", "...?")
    if _PAUSE.fullmatch(word) or _NOT_SAID.fullmatch(word):
        return ""
    plain = _MARKS.sub("", word.removeprefix("&-"))
    if not any(character.isalpha() for character in plain):
        return plain
    plain = re.sub(r"@[\w:$&+-]*", "", plain)
    plain = re.sub(r"(?<=\w)[:^~](?=\w)|(?<=\w):+$|[()^]", "", plain)
    return re.sub(r"(?<=\w)[_+](?=\w)", " ", plain)


def _sentence(words: list[str]) -> str:
    """Words with blanks between them, but not before punctuation; empty if there is nothing but that."""
    if all(word in _PUNCTUATION for word in words):
        return ""
    text = "".join(word if word in _PUNCTUATION else f" {word}" for word in words)
    return text.strip()

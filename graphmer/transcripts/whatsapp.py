"""WhatsApp's exported chats, of Android and iOS and in any language."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from graphmer.errors import CorpusError
from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.chat_dates import STAMP, dated
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript
from graphmer.transcripts.words import is_name

_MARK = "\u200e"
"""What iOS writes before its own words."""

_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_HEAD = re.compile(rf"\[(?P<ios>{STAMP})\] ?|(?P<android>{STAMP})(?: ?[-\u2013] |, (?=[^:\n]+ : ))")
"""Date and time of a message; in Korean exports a comma follows, and a blank is before the colon."""

_AUTHOR = re.compile(r"(?P<name>[^:\n]{1,60}?)\s?:(?:\s(?P<text>.*))?", re.DOTALL)
_QUOTED = re.compile('["\u201c-\u201f\u00ab\u00bb]')
_ATTACHED = re.compile(r"[^\n/\\]{1,120}\.\w{2,5} \([^()\n]{4,40}\)(?P<caption>(?:\n.*)?)", re.DOTALL)
_BRACKETED = re.compile(r"<[^<>\n]{3,80}>")
_OF_IOS = re.compile(rf"{_MARK}[^\n]{{2,40}}|[^\n]*•[^\n]*{_MARK}[^\n]{{2,40}}")
_SHARED = re.compile(r"\n|://")
"""In words of iOS that a person shares: a poll, or the link of a place."""

_NOTE = re.compile(
    rf"\s*(?:{_MARK}<[^<>\n]{{3,80}}>|<(?:this message was edited|diese nachricht wurde bearbeitet\.?|"
    r"se edit[oó] este mensaje\.?|mensagem editada|questo messaggio è stato modificato\.?|"
    r"ce message a été modifié\.?|dit bericht is bewerkt\.?)>)\s*$",
    re.IGNORECASE,
)
"""At the end of a message: that it was edited, or in iOS what is attached to it."""

_DELETED = re.compile(
    r"(?:this message was deleted|you deleted this message|diese nachricht wurde gelöscht|"
    r"du hast diese nachricht gelöscht|(?:se )?elimin(?:ó|aste) este mensaje|mensagem apagada|"
    r"(?:você apagou )?esta mensagem(?: foi apagada)?|hai eliminato questo messaggio|"
    r"questo messaggio è stato eliminato|ce message a été supprimé|vous avez supprimé ce message|"
    r"dit bericht is verwijderd|je hebt dit bericht verwijderd|"
    r"данное сообщение удалено|вы удалили данное сообщение|bu mesaj silindi|bu mesajı sildiniz|"  # noqa: RUF001
    r"pesan ini (?:telah )?dihapus|anda (?:telah )?menghapus pesan ini|"
    r"यह (?:मैसेज|संदेश) (?:मिटाया गया था|मिटा दिया गया था|हटा दिया गया था)|"
    r"आपने यह (?:मैसेज|संदेश) (?:मिटा|हटा) दिया(?: है)?|"
    r"(?:تم|لقد) حذف(?:ت)? هذه الرسالة|null)[.।]?",
    re.IGNORECASE,
)
_ENCRYPTED = re.compile(
    r"end-to-end|ende-zu-ende|(?:extremo|ponta) a (?:extremo|ponta)|bout en bout", re.IGNORECASE
)
"""In the notice at the beginning of a chat, which some exports have without a mark."""

_LONGEST_MEDIUM = 40
"""Characters of the longest words of iOS that stand for a medium; longer ones are of the system."""


@dataclass(frozen=True)
class _Message:
    """A message, or a line of the system, as it is in the file; `stamp` is its date and time."""

    stamp: str
    is_ios: bool
    author: str | None
    text: str

    @property
    def is_marked(self) -> bool:
        """Whether its words are those of iOS."""
        return self.is_ios and self.text.startswith(_MARK)

    @property
    def is_system(self) -> bool:
        """Whether it has no author, or is of iOS and neither a medium nor a poll nor a place."""
        if self.author is None:
            return True
        if not self.is_marked or _BRACKETED.match(self.text[1:]) or _SHARED.search(self.text):
            return False
        plain = _DIRECTIONS.sub("", self.text)
        return len(plain) > _LONGEST_MEDIUM or plain.startswith(f"{self.author} ")


class WhatsAppFormat:
    """Messages with a date; lines without one continue the message before them.

    The order of day, month and year is that of the whole file. Messages are turns and are never merged;
    their times are seconds since the first one. Media and deleted messages are turns without text; lines of
    the system (no author, or words of iOS that are no medium) are left out and counted.
    """

    name = "WhatsApp"

    def matches(self, head: str) -> bool:
        return _HEAD.match(_DIRECTIONS.sub("", head.partition("\n")[0])) is not None

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport(
            taken={"speaker": "names before the colon", "times": "seconds since the first"}
        )
        messages = _with_authors_above(list(_messages(file)))
        times = dated([message.stamp for message in messages], report, str(file.path))
        groups, first = _groups(messages), min(times)
        cues: list[Cue] = []
        for message, time in zip(messages, times, strict=True):
            stranger = bool(options.roster) and message.author not in options.roster
            notice = message is messages[0] and _ENCRYPTED.search(message.text) is not None
            if message.is_system or message.author in groups or stranger or notice:
                report.left_out["system line"] += 1
            else:
                cues.append(Cue(message.author, _said(message), time - first))
        if not cues:
            raise CorpusError(f"{file.path}: has no message of a person. Export the chat again.")
        names = _names({str(cue.speaker) for cue in cues})
        unknown = sorted(plain for name, plain in names.items() if name != plain)
        if unknown:
            report.notes.append(f"`~` of unknown contacts cut off: {', '.join(unknown)}")
        named = [replace(cue, speaker=names[str(cue.speaker)]) for cue in cues]
        found = tuple(turns(named, options, report, str(file.path), numbered=True))
        return Transcript(self.name, [TranscribedDialogue(file.path.stem, found)], report)


def _messages(file: TextFile) -> Iterator[_Message]:
    head: re.Match[str] | None = None
    parts: list[str] = []
    for line in file.text.lstrip("\ufeff\n\t ").split("\n"):
        found = _HEAD.match(_DIRECTIONS.sub("", line))
        if found is None:
            parts.append(line)
            continue
        if head is not None:
            yield _message(head, parts)
        head, parts = found, [_after(line, found.end())]
    if head is not None:
        yield _message(head, parts)


def _with_authors_above(messages: Sequence[_Message]) -> Sequence[_Message]:
    """Messages whose author is their first line, as they are copied from Teams; if that holds for all."""
    parts = [message.text.partition("\n") for message in messages]
    if any(each.author is not None for each in messages) or not all(is_name(p[0]) and p[2] for p in parts):
        return messages
    return [
        replace(message, author=first, text=rest)
        for message, (first, _, rest) in zip(messages, parts, strict=True)
    ]


def _after(line: str, length: int) -> str:
    """The line after so many characters that are no marks of direction; it begins with its own marks."""
    for place, character in enumerate(line):
        if not length:
            return line[place:]
        length -= _DIRECTIONS.match(character) is None
    return ""


def _message(head: re.Match[str], parts: Sequence[str]) -> _Message:
    text = "\n".join(parts).strip()
    stamp, is_ios = head["ios"] or head["android"], head["ios"] is not None
    found = _AUTHOR.fullmatch(text)
    if found is None or _QUOTED.search(found["name"]):
        return _Message(stamp, is_ios, None, text)
    author = " ".join(_DIRECTIONS.sub("", found["name"]).split())
    return _Message(stamp, is_ios, author or None, found["text"] or "")


def _groups(messages: Sequence[_Message]) -> set[str]:
    """Authors of nothing but words of iOS, some of the system, where others talk: the name of the group.

    Where only one other author talks, it may be the contact of that name, who has sent a medium.
    """
    total = Counter(message.author for message in messages if message.author is not None)
    system = Counter(message.author for message in messages if message.is_system)
    marked = Counter(message.author for message in messages if message.is_marked)
    persons = {name for name, number in total.items() if number > system[name]}
    return {
        name
        for name, number in total.items()
        if system[name] and number == (marked[name] if len(persons - {name}) > 1 else system[name])
    }


def _said(message: _Message) -> str:
    """Text without the note that it was edited; empty if it was a medium or deleted."""
    text = _NOTE.sub("", message.text)
    plain = _DIRECTIONS.sub("", text).strip()
    attached = _ATTACHED.fullmatch(plain)
    if attached is not None:
        return attached["caption"]
    is_medium = message.is_ios and _OF_IOS.fullmatch(text.strip()) is not None
    return "" if is_medium or _BRACKETED.fullmatch(plain) or _DELETED.fullmatch(plain) else plain


def _names(authors: set[str]) -> dict[str, str]:
    """Names without the ``~`` of unknown contacts, unless there is a known one of that name."""
    found = {}
    for author in authors:
        plain = author.removeprefix("~").strip()
        found[author] = plain if plain and plain not in authors else author
    return found

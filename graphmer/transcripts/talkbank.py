"""CHAT, the transcripts of TalkBank and CHILDES (``.cha``)."""

import re
from collections.abc import Iterator

from graphmer.errors import CorpusError
from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.talkbank_codes import spoken
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript

_HEADER = re.compile(r"@(?:UTF8|Begin|Languages|Participants|Font|Window|PID|Color words)\b")
_MAIN = re.compile(r"\*([^\s:*]{1,40}):\s*(.*)", re.DOTALL)
_BULLET = re.compile(r"[\x15•][^\x15•\n]*?(\d{1,12})_(\d{1,12})[^\x15•\n]{0,3}[\x15•]", re.ASCII)
_ANY_BULLET = re.compile(r"\x15[^\x15]*\x15?|•[^•]*\d_\d[^•]*•")


class TalkBankFormat:
    """Main lines ``*CODE:`` with a tab, whose code is the speaker; a tab continues the line before.

    The text has the words that were said, without codes of transcription: see `spoken`; the line with its
    codes is kept as the raw text of the turn. Times are those of
    the first and the last bullet of a line; a line may have none. Dependent lines (``%``) are not read.
    """

    name = "CHAT (TalkBank)"

    def matches(self, head: str) -> bool:
        return (
            _HEADER.match(head) is not None and re.search(r"(?m)^@(?:Begin|Participants)\b", head) is not None
        )

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport(taken={"speaker": "codes of main lines", "times": "bullets"})
        cues: list[Cue] = []
        participants: dict[str, str] = {}
        ended = False
        for number, line in _joined(file):
            where = f"{file.path}:{number}"
            if line.startswith("@Participants:"):
                participants |= _participants(line.partition(":")[2])
            elif line.startswith("*"):
                cue = _cue(line, where)
                if options.roster and cue.speaker not in options.roster:
                    report.left_out[f"line of {cue.speaker}"] += 1
                else:
                    cues.append(cue)
            elif line.startswith("%"):
                report.left_out["dependent line"] += 1
            ended = ended or line.startswith("@End")
        if not cues:
            raise CorpusError(
                f"{file.path}: has no utterance. Name a file with lines such as *CHI: and a tab."
            )
        report.notes += _notes(participants, cues, ended=ended)
        found = tuple(turns(cues, options, report, str(file.path)))
        return Transcript(self.name, [TranscribedDialogue(file.path.stem, found)], report)


def _joined(file: TextFile) -> Iterator[tuple[int, str]]:
    """Number and text of each line, with the lines that continue it."""
    parts: list[str] = []
    first = 0
    for number, line in enumerate(file.text.lstrip("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        if line[0] in "\t " and parts:
            parts.append(line.strip())
        elif line[0] in "@*%":
            if parts:
                yield first, " ".join(parts)
            parts, first = [line.rstrip()], number
        else:
            raise CorpusError(
                f"{file.path}:{number}: a line must begin with @, *, % or a tab; got {line.strip()[:40]!r}. "
                "Begin it with a tab if it continues the line before."
            )
    if parts:
        yield first, " ".join(parts)


def _participants(text: str) -> dict[str, str]:
    """Name and role by code, of ``CHI Ross Target_Child, MOT Mother``."""
    found = {}
    for part in text.split(","):
        code, _, described = " ".join(part.split()).partition(" ")
        if code:
            found[code] = described
    return found


def _cue(line: str, where: str) -> Cue:
    found = _MAIN.fullmatch(line)
    if found is None:
        raise CorpusError(f"{where}: must be *CODE: and the words; got {line[:40]!r}. Correct the line.")
    bullets = [(int(start) / 1000, int(end) / 1000) for start, end in _BULLET.findall(found[2])]
    start = bullets[0][0] if bullets else None
    end = max(end for _, end in bullets) if bullets else None
    if start is not None and end is not None and end < start:
        raise CorpusError(f"{where}: the utterance ends before it starts ({start} s, {end} s). Correct it.")
    text = _ANY_BULLET.sub(" ", found[2])
    return Cue(found[1], spoken(text), start, end, raw=" ".join(text.split()))


def _notes(participants: dict[str, str], cues: list[Cue], *, ended: bool) -> Iterator[str]:
    codes = dict.fromkeys(str(cue.speaker) for cue in cues)
    known = [f"{code} is {participants[code]}" for code in codes if participants.get(code)]
    if known:
        yield f"participants: {', '.join(known)}"
    strangers = [code for code in codes if code not in participants]
    if strangers:
        yield f"speakers that @Participants has not: {', '.join(strangers)}"
    untimed = sum(cue.start is None for cue in cues)
    if 0 < untimed < len(cues):
        yield f"{untimed} of {len(cues)} utterances without times: all stay in the order of the file"
    if not ended:
        yield "no @End: the file may be cut off"

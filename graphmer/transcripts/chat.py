"""Plain chats: ``Name: text``, one message per line."""

from collections import Counter

from graphmer.errors import CorpusError
from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript
from graphmer.transcripts.words import named

_FEW = 4
"""Messages up to which each may have another author."""


class ChatFormat:
    """Lines ``Name: text``; a line without a name continues the message before it.

    Messages are turns already and are never merged. ``Name:`` alone is a turn whose text is missing.
    """

    name = "chat of lines `Name: text`"

    def matches(self, head: str) -> bool:
        lines = [line.strip() for line in head.split("\n") if line.strip()]
        if not lines or named(lines[0]) is None:
            return False
        names = Counter(found[0] for found in map(named, lines) if found is not None)
        total = names.total()
        return 2 * total >= len(lines) and (total <= _FEW or max(names.values()) > 1)

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport(taken={"speaker": "names before the colon"})
        cues: list[Cue] = []
        for number, line in enumerate(file.text.split("\n"), start=1):
            found = named(line.strip())
            if found is not None and (not options.roster or found[0] in options.roster):
                cues.append(Cue(*found))
            elif line.strip() and cues:
                cues[-1] = Cue(cues[-1].speaker, f"{cues[-1].text} {line.strip()}")
            elif line.strip():
                raise CorpusError(
                    f"{file.path}:{number}: a message must begin with `Name: `; got {line.strip()[:40]!r}. "
                    "Add the name of the speaker."
                )
        if not cues:
            raise CorpusError(f"{file.path}: has no message. Write lines `Name: text`.")
        found_turns = tuple(turns(cues, options, report, str(file.path)))
        once = sorted(name for name, number in report.speakers.items() if number == 1)
        if once and len(cues) > _FEW:
            report.notes.append(
                f"names with one message: {', '.join(once)}; if one is no speaker, give --roster"
            )
        return Transcript(self.name, [TranscribedDialogue(file.path.stem, found_turns)], report)

"""EmoContext (SemEval-2019 task 3): chats of three turns, the last one labelled."""

from graphmer.dialogue import Utterance
from graphmer.errors import CorpusError
from graphmer.transcripts.published_json import spoken
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript

_TURNS = ("turn1", "turn2", "turn3")
_COLUMNS = ["id", *_TURNS, "label"]
_SPEAKERS = ("A", "B", "A")


class EmoContextFormat:
    """A table with tabs and one chat per line; quotation marks in it are characters of the chat.

    The first and the third turn are of one speaker, ``A``. The files that were given out for prediction have
    no labels.
    """

    name = "EmoContext's table"

    def matches(self, head: str) -> bool:
        return self._columns(head) in (_COLUMNS, _COLUMNS[:-1])

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport()
        columns = self._columns(file.text)
        dialogues: dict[str, TranscribedDialogue] = {}
        for number, line in enumerate(file.text.split("\n")[1:], start=2):
            if not line:
                continue
            where = f"{file.path}:{number}"
            fields = line.split("\t")
            if len(fields) != len(columns):
                raise CorpusError(
                    f"{where}: must have {len(columns)} fields between tabs; got {len(fields)}. Correct it."
                )
            row = dict(zip(columns, fields, strict=True))
            id, label = row["id"].strip(), row.get("label", "").strip() or None
            if not id or id in dialogues:
                raise CorpusError(f"{where}: id: must be a name of its own; got {id!r}. Correct it.")
            turns = tuple(
                Utterance(
                    speaker,
                    emotion=label if turn == _TURNS[-1] else None,
                    id=f"{id}_{turn}",
                    text=spoken(row[turn], speaker, report),
                )
                for speaker, turn in zip(_SPEAKERS, _TURNS, strict=True)
            )
            dialogues[id] = TranscribedDialogue(id, turns)
        if not dialogues:
            raise CorpusError(f"{file.path}: has a header but no rows. Name a table with chats.")
        return Transcript(self.name, list(dialogues.values()), report)

    @staticmethod
    def _columns(head: str) -> list[str]:
        return head.partition("\n")[0].strip("\n").split("\t")

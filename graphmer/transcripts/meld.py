"""MELD's published tables: ``train_sent_emo.csv`` and the like, and those of its dyadic edition."""

from graphmer.dialogue import Utterance
from graphmer.errors import CorpusError
from graphmer.transcripts.published_table import (
    NumberedTurns,
    columns_of,
    seconds,
    table_rows,
    whole_number,
)
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript
from graphmer.transcripts.words import repaired, words

_COLUMNS = ("Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID", "StartTime", "EndTime")
_DYADIC = "Old_Dialogue_ID"


class MeldFormat:
    """MELD's CSV: one row per utterance, times of the episode, numbers of utterances with gaps.

    Rows are ordered by dialogue and utterance number; the rows are turns already and are never merged. Of the
    dyadic edition, which has every pair of speakers of a dialogue as a dialogue of its own, the numbers in
    the first edition are not kept.

    Args:
        dyadic: whether it is the dyadic edition.
    """

    def __init__(self, *, dyadic: bool = False) -> None:
        self.name = "MELD's dyadic CSV" if dyadic else "MELD's CSV"
        self.dyadic = dyadic

    def matches(self, head: str) -> bool:
        columns = columns_of(head)
        return set(_COLUMNS) <= set(columns) and (_DYADIC in columns) == self.dyadic

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport()
        found: NumberedTurns[int] = NumberedTurns()
        for where, row in table_rows(file, _COLUMNS):
            dialogue, number = (
                whole_number(row, column, where) for column in ("Dialogue_ID", "Utterance_ID")
            )
            turn = _utterance(row, f"dia{dialogue}_utt{number}", where, report)
            found.add(dialogue, number, turn, where)
        dialogues = [TranscribedDialogue(f"dia{number}", turns) for number, turns in found.dialogues()]
        return Transcript(self.name, dialogues, report)


def _utterance(row: dict[str, str], id: str, where: str, report: ReadingReport) -> Utterance:
    speaker, text = repaired(row["Speaker"]).strip(), repaired(row["Utterance"])
    if not speaker:
        raise CorpusError(f"{where}: Speaker: must not be empty. Name the speaker.")
    report.repaired += text != row["Utterance"]
    report.speakers[speaker] += 1
    clean = words(text)
    report.without_text += clean is None
    start, end = (seconds(row, column, where) for column in ("StartTime", "EndTime"))
    return Utterance(speaker, emotion=row["Emotion"].strip() or None, id=id, text=clean, start=start, end=end)

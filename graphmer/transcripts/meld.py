"""MELD's published tables: ``train_sent_emo.csv`` and the like."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator

from graphmer.dialogue import Utterance
from graphmer.errors import CorpusError
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript
from graphmer.transcripts.words import repaired, words

_COLUMNS = ("Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID", "StartTime", "EndTime")
_TIME = re.compile(r"(\d{1,3}):(\d{1,2}):(\d{1,2})[,.](\d{1,3})")


class MeldFormat:
    """MELD's CSV: one row per utterance, times of the episode, numbers of utterances with gaps.

    Rows are ordered by dialogue and utterance number; the rows are turns already and are never merged.
    """

    name = "MELD's CSV"

    def matches(self, head: str) -> bool:
        header = next(csv.reader([head.partition("\n")[0]]), [])
        return {"Utterance", "Speaker", "Dialogue_ID", "Utterance_ID"} <= set(header)

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        reader = csv.DictReader(io.StringIO(file.text), strict=True)
        absent = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
        if absent:
            raise CorpusError(f"{file.path}:1: the column {absent[0]!r} is absent. Add it.")
        report = ReadingReport()
        dialogues: dict[int, dict[int, tuple[int, Utterance]]] = defaultdict(dict)
        for row in _rows(reader, file):
            line = reader.line_num
            where = f"{file.path}:{line}"
            if None in row or None in row.values():
                raise CorpusError(
                    f"{where}: the row has another number of fields than the header. Quote its commas."
                )
            dialogue, number = (_number(row, column, where) for column in ("Dialogue_ID", "Utterance_ID"))
            if number in dialogues[dialogue]:
                raise CorpusError(
                    f"{where}: utterance {number} of dialogue {dialogue} is also in line "
                    f"{dialogues[dialogue][number][0]}. Remove one of the rows."
                )
            dialogues[dialogue][number] = (
                line,
                _utterance(row, f"dia{dialogue}_utt{number}", where, options, report),
            )
        found = []
        for number, rows in sorted(dialogues.items()):
            turns = tuple(turn for _, (_, turn) in sorted(rows.items()))
            found.append(TranscribedDialogue(f"dia{number}", turns))
        if not found:
            raise CorpusError(f"{file.path}: has a header but no rows. Name a table with utterances.")
        return Transcript(self.name, found, report)


def _rows(reader: "csv.DictReader[str]", file: TextFile) -> Iterator[dict[str, str]]:
    try:
        yield from reader
    except csv.Error as error:
        where = f"{file.path}:{reader.line_num + 1}"  # the first line of the row
        raise CorpusError(f"{where}: no valid CSV ({error}). Correct the row.") from None


def _utterance(
    row: dict[str, str], id: str, where: str, options: ReadingOptions, report: ReadingReport
) -> Utterance:
    speaker, text = repaired(row["Speaker"]).strip(), repaired(row["Utterance"])
    if not speaker:
        raise CorpusError(f"{where}: Speaker: must not be empty. Name the speaker.")
    speaker = options.merge_speakers.get(speaker, speaker)
    report.repaired += text != row["Utterance"]
    report.speakers[speaker] += 1
    clean = words(text)
    report.without_text += clean is None
    start, end = (_seconds(row[column], f"{where}: {column}") for column in ("StartTime", "EndTime"))
    return Utterance(speaker, emotion=row["Emotion"].strip() or None, id=id, text=clean, start=start, end=end)


def _number(row: dict[str, str], column: str, where: str) -> int:
    value = (row[column] or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value) is None:
        raise CorpusError(
            f"{where}: {column}: must be a whole number below 10^9; got {value[:40]!r}. Correct it."
        )
    return int(value)


def _seconds(text: str, where: str) -> float | None:
    if not text.strip():
        return None
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise CorpusError(f"{where}: must be like 00:16:16,059; got {text!r}. Correct it or leave it empty.")
    hours, minutes, seconds = (int(part) for part in found.groups()[:3])
    return hours * 3600 + minutes * 60 + seconds + int(found[4].ljust(3, "0")) / 1000

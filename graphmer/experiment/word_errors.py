"""Word errors in the test part of labelled transcripts, before features are extracted."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from graphmer.experiment.words import part_of
from graphmer.transcripts import Transcript
from graphmer.transcripts.word_errors import with_word_errors

SEED = 0
"""Seed of the errors: the same for every extractor, so that differences are paired."""


def damaged_transcripts(transcripts: Mapping[Path, Transcript], rate: float) -> dict[Path, Transcript]:
    """Transcripts with word errors in the test part, or in all of them where no file is of the test part.

    Words are replaced by those of the other files, or of all of them where there are no others.

    Args:
        transcripts: by file, whose names say the part.
        rate: expected word error rate, in [0, 1].

    Raises:
        ValueError: if the rate is not in [0, 1], or there are no words.
    """
    tested = [path for path in transcripts if part_of(path) == "test"] or list(transcripts)
    source = [path for path in transcripts if path not in tested] or list(transcripts)
    words = {
        word
        for path in source
        for dialogue in transcripts[path].dialogues
        for turn in dialogue.turns
        for word in (turn.text or "").split()
    }
    vocabulary = sorted(words)
    return {
        path: _damaged(each, rate, vocabulary) if path in tested else each
        for path, each in transcripts.items()
    }


def _damaged(transcript: Transcript, rate: float, vocabulary: list[str]) -> Transcript:
    dialogues = []
    for dialogue in transcript.dialogues:
        turns = tuple(
            turn
            if turn.text is None
            else replace(
                turn,
                text=with_word_errors(
                    turn.text,
                    rate,
                    vocabulary,
                    seed=SEED,
                    dialogue=dialogue.id,
                    turn=turn.id or str(number),
                ),
            )
            for number, turn in enumerate(dialogue.turns)
        )
        dialogues.append(replace(dialogue, turns=turns))
    return replace(transcript, dialogues=tuple(dialogues))

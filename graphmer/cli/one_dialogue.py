"""Files that hold one dialogue with its predicted emotions: subtitles, ELAN and Praat."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from graphmer.dialogue import Utterance
from graphmer.errors import ConfigError
from graphmer.inference import DialoguePrediction, WhatIf
from graphmer.storage import is_stream, write_text
from graphmer.transcripts import TranscribedDialogue
from graphmer.transcripts.write import WRITERS


@contextmanager
def one_dialogue(
    out: Path | None, form: str, *, simulated: bool
) -> Iterator[Callable[[DialoguePrediction | WhatIf], None]]:
    """Context manager that yields a function which takes the prediction of the only dialogue.

    The file is written when the block ends without an error.

    Args:
        out: file to write; ``None`` for the terminal.
        form: one of `WRITERS`.
        simulated: whether to mark the file, because the model was trained on simulated dialogues.

    Raises:
        ConfigError: if there is no dialogue, or several, or predictions under other sets of modalities.
        CorpusError: if a turn has no times.
    """
    found: list[DialoguePrediction] = []

    def write(prediction: DialoguePrediction | WhatIf) -> None:
        if isinstance(prediction, WhatIf):
            raise ConfigError(f"--what-if: {form} has no place for it. Write jsonl, csv or parquet.")
        if found:
            raise ConfigError(
                f"--format {form}: a file has one dialogue, and here are several. Choose one with --shard, "
                "or write jsonl, csv or parquet."
            )
        found.append(prediction)

    yield write
    if not found:
        raise ConfigError(f"--format {form}: there is no dialogue to write. Name a file with a dialogue.")
    text = "".join(WRITERS[form](_transcribed(each), "SIMULATED" if simulated else "") for each in found)
    if out is None:
        sys.stdout.write(text)
    elif is_stream(out):
        out.write_text(text, encoding="utf-8")
    else:
        write_text(out, text)


def _transcribed(prediction: DialoguePrediction) -> TranscribedDialogue:
    """The dialogue with the predicted emotions."""
    dialogue = prediction.dialogue
    turns = zip(
        dialogue.speaker.tolist(),
        prediction.emotion,
        dialogue.text,
        dialogue.start.tolist(),
        dialogue.end.tolist(),
        strict=True,
    )
    return TranscribedDialogue(
        dialogue.id,
        tuple(
            Utterance(dialogue.speakers[speaker], emotion=emotion, text=text, start=start, end=end)
            for speaker, emotion, text, start, end in turns
        ),
    )

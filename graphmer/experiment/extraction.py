"""Transcribed dialogues with features."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graphmer.dialogue import Dialogue
from graphmer.features import Clip, Extractor, Missing, VectorCache, extract
from graphmer.reprs import counted
from graphmer.transcripts import TranscribedDialogue, Transcript

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Extraction:
    """Dialogues whose turns have features, and the turns that have none.

    Args:
        dialogues: with vectors in their turns.
        missing: number of turns without a vector by modality and reason.
        notes: what else a user should know, by modality.
    """

    dialogues: Sequence[TranscribedDialogue]
    missing: Counter[tuple[str, str]]
    notes: Mapping[str, Sequence[str]]

    def lines(self) -> list[str]:
        """What is missing and the notes, in sentences."""
        gaps = [
            f"{modality} missing in {counted(number, 'turn')}: {reason}"
            for (modality, reason), number in self.missing.items()
        ]
        return gaps + [f"{modality}: {note}" for modality, notes in self.notes.items() for note in notes]


def with_features(
    dialogues: Sequence[TranscribedDialogue],
    extractors: Sequence[Extractor],
    cache: Path | None = None,
    progress: Progress | None = None,
    clips: Sequence[Clip] | None = None,
) -> Extraction:
    """Dialogues with the vectors of all extractors; what cannot be extracted is missing.

    Args:
        dialogues: without features.
        extractors: of different modalities.
        cache: folder of the cache; ``None`` for none.
        progress: see `extract`.
        clips: what is known of each turn; by default its words alone.
    """
    turns = [turn for dialogue in dialogues for turn in dialogue.turns]
    clips = [Clip(turn.text) for turn in turns] if clips is None else clips
    missing: Counter[tuple[str, str]] = Counter()
    notes: dict[str, Sequence[str]] = {}
    for extractor in extractors:
        store = None if cache is None else VectorCache(cache, extractor.provenance)
        found = extract(extractor, clips, store, progress=progress)
        if store is not None:
            store.close()
        notes[extractor.modality] = found.notes
        for number, vector in enumerate(found.vectors):
            if isinstance(vector, Missing):
                missing[extractor.modality, vector.reason] += 1
            else:
                features = {**turns[number].features, extractor.modality: vector}
                turns[number] = replace(turns[number], features=features)
    rest = iter(turns)
    featured = [replace(d, turns=tuple(next(rest) for _ in d.turns)) for d in dialogues]
    return Extraction(featured, missing, notes)


def featured_dialogues(
    transcript: Transcript,
    extractors: Sequence[Extractor],
    widths: Mapping[str, int],
    cache: Path | None = None,
    note: Callable[[str], None] | None = None,
    clips: Sequence[Clip] | None = None,
) -> list[Dialogue]:
    """Dialogues of a transcript as a model reads them.

    Args:
        transcript: any.
        extractors: see `model_extractors`.
        widths: features per modality of the model.
        cache: folder of the cache; ``None`` for none.
        note: called with each line of what is missing or was cut.
        clips: what is known of each turn; by default its words alone.
    """
    done = with_features(transcript.dialogues, extractors, cache, clips=clips)
    if note is not None:
        for line in done.lines():
            note(line)
    return [Dialogue.from_utterances(each.id, each.turns, widths=widths) for each in done.dialogues]

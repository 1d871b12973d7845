"""Features of transcripts: a corpus to train on, dialogues to predict."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import JsonValue, ValidationError

from graphmer.corpora.assemble import Assembly
from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.cards import MELD, polarity
from graphmer.corpora.header import HEADER, read_header
from graphmer.corpora.problems import Findings
from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.errors import CheckpointError, CorpusError
from graphmer.features import Clip, Extractor, Missing, Provenance, TextExtractor, VectorCache, extract
from graphmer.reprs import counted
from graphmer.training.model_file import TrainedModel
from graphmer.transcripts import ReadingOptions, TranscribedDialogue, Transcript, read_transcript

ExtractorSettings = Mapping[str, JsonValue]
"""Settings of an extractor, as they are in its provenance; those left out are as by default."""


def _text_extractor(model: str, device: str, settings: ExtractorSettings) -> Extractor:
    precision = settings.get("precision", "auto")
    return TextExtractor(model, device, precision)  # type: ignore[arg-type]  # checked by the extractor


EXTRACTORS: Mapping[str, Callable[[str, str, ExtractorSettings], Extractor]] = {"text": _text_extractor}
"""Makers of extractors by modality, from the name of a model, a device and settings."""


def make_extractor(modality: str, model: str, device: str, settings: ExtractorSettings) -> Extractor:
    """An extractor of a modality.

    Raises:
        ConfigError: if it cannot be loaded.
    """
    return EXTRACTORS[modality](model, device, settings)


_ENDINGS = (".csv", ".txt", ".vtt", ".srt")
_PARTS = {"train": "train", "dev": "val", "val": "val", "valid": "val", "validation": "val", "test": "test"}

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


def read_transcripts(source: Path, options: ReadingOptions) -> dict[Path, Transcript]:
    """Transcripts of a file, or of all files in a folder that end like one.

    Raises:
        CorpusError: if there is none, or one is invalid.
    """
    paths = [source]
    if source.is_dir():
        paths = sorted(path for path in source.iterdir() if path.suffix.lower() in _ENDINGS)
        if not paths:
            raise CorpusError(
                f"{source}: has no transcript ({', '.join(_ENDINGS)}). Name a file or its folder."
            )
    return {path: read_transcript(path, options) for path in paths}


def with_features(
    dialogues: Sequence[TranscribedDialogue],
    extractors: Sequence[Extractor],
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Extraction:
    """Dialogues with the vectors of all extractors; what cannot be extracted is missing.

    Args:
        dialogues: without features.
        extractors: of different modalities.
        cache: folder of the cache; ``None`` for none.
        progress: see `extract`.
    """
    turns = [turn for dialogue in dialogues for turn in dialogue.turns]
    missing: Counter[tuple[str, str]] = Counter()
    notes: dict[str, Sequence[str]] = {}
    for extractor in extractors:
        store = None if cache is None else VectorCache(cache, extractor.provenance)
        found = extract(extractor, [Clip(turn.text) for turn in turns], store, progress=progress)
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


def corpus_of(
    transcripts: Mapping[Path, Transcript],
    extractors: Sequence[Extractor],
    name: str,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> tuple[InMemoryCorpus, Extraction]:
    """Corpus of labelled transcripts.

    The names of files say the part of the official split: ``train``, ``dev`` (or ``val``) and ``test``. Of
    several files, the name of the file comes before the ids.

    Args:
        transcripts: by file.
        extractors: of different modalities.
        name: of the corpus.
        cache: folder of the cache; ``None`` for none.
        progress: see `extract`.

    Raises:
        CorpusError: if no turn has a label, or a dialogue is invalid.
    """
    dialogues: list[TranscribedDialogue] = []
    parts: dict[str, str] = {}
    for path, transcript in transcripts.items():
        prefix = f"{path.stem}/" if len(transcripts) > 1 else ""
        part = next((_PARTS[word] for word in re.split("[^a-z]+", path.stem.lower()) if word in _PARTS), None)
        for dialogue in transcript.dialogues:
            dialogues.append(_prefixed(dialogue, prefix))
            parts |= {} if part is None else {dialogues[-1].id: part}
    names = tuple(sorted({str(t.emotion) for d in dialogues for t in d.turns if t.emotion is not None}))
    if not names:
        raise CorpusError(
            f"{next(iter(transcripts))}: no turn has a label, so nothing can be learned from it. To predict "
            "its emotions: graphmer predict RUN FILE."
        )
    done = with_features(dialogues, extractors, cache, progress)
    provenance = {extractor.modality: extractor.provenance for extractor in extractors}
    widths = {modality: found.width for modality, found in provenance.items()}
    labels, findings = LabelSpace(names, polarity=polarity(names)), Findings()
    assembly = Assembly(labels, widths, findings)
    built = [assembly.dialogue(dialogue.id, dialogue.turns, dialogue.id) for dialogue in done.dialogues]
    findings.raise_errors()
    card = replace(_card(transcripts, name), extractors=provenance)
    return assembly.corpus(card, labels, [each for each in built if each is not None], parts), done


def model_extractors(trained: TrainedModel, models: Mapping[str, str], device: str) -> list[Extractor]:
    """The extractors of the corpus that a model was trained on.

    Args:
        trained: model.
        models: place of the extractor's model by modality, where it is another one than in training.
        device: on which they compute.

    Raises:
        CheckpointError: if the model does not know its extractors, or one here is another one.
    """
    found: list[Extractor] = []
    for modality, stored in model_provenance(trained).items():
        if modality not in EXTRACTORS:
            continue
        extractor = make_extractor(modality, models.get(modality, stored.model), device, stored.settings)
        _require_same(stored, extractor.provenance, modality, extractor.provenance.model)
        found.append(extractor)
    if not found:
        raise CheckpointError(
            "The model does not know the extractors of its features. Train it on a corpus of `graphmer "
            "features`, or give it dialogues with features (JSON)."
        )
    return found


def model_provenance(trained: TrainedModel) -> dict[str, Provenance]:
    """Extractors of the features that a model was trained on, by modality; empty if unknown.

    Raises:
        CheckpointError: if they cannot be read.
    """
    try:
        stored = dict(trained.facts.get("extractors", {}))
        return {modality: Provenance.model_validate(each) for modality, each in stored.items()}
    except (TypeError, ValueError, ValidationError) as error:
        problem = " ".join(str(error).split())
        raise CheckpointError(f"The model's extractors cannot be read ({problem}). Train it again.") from None


def require_same_extractors(trained: TrainedModel, dialogues: Path) -> None:
    """Refuse a file of a corpus whose vectors are of other extractors than the model's.

    Vectors of a file that is in no corpus have no provenance and are taken as they are.

    Raises:
        CheckpointError: if an extractor differs.
    """
    if not (dialogues.parent / HEADER).is_file():
        return
    header = read_header(dialogues.parent)
    if dialogues.name not in header.dialogues:
        return
    stored = model_provenance(trained)
    for modality, found in header.card.extractors.items():
        if modality in stored:
            _require_same(stored[modality], found, modality, str(dialogues))


def featured_dialogues(
    transcript: Transcript,
    extractors: Sequence[Extractor],
    widths: Mapping[str, int],
    cache: Path | None = None,
    note: Callable[[str], None] | None = None,
) -> list[Dialogue]:
    """Dialogues of a transcript as a model reads them.

    Args:
        transcript: any.
        extractors: see `model_extractors`.
        widths: features per modality of the model.
        cache: folder of the cache; ``None`` for none.
        note: called with each line of what is missing or was cut.
    """
    done = with_features(transcript.dialogues, extractors, cache)
    if note is not None:
        for line in done.lines():
            note(line)
    return [Dialogue.from_utterances(each.id, each.turns, widths=widths) for each in done.dialogues]


def _require_same(stored: Provenance, found: Provenance, modality: str, where: str) -> None:
    if stored.digest != found.digest:
        raise CheckpointError(
            f"{where}: {modality} features are of {found}; the model was trained on {stored}. Use that "
            "extractor."
        )


def _prefixed(dialogue: TranscribedDialogue, prefix: str) -> TranscribedDialogue:
    turns = tuple(turn if turn.id is None else replace(turn, id=prefix + turn.id) for turn in dialogue.turns)
    return TranscribedDialogue(prefix + dialogue.id, turns)


def _card(transcripts: Mapping[Path, Transcript], name: str) -> Card:
    is_meld = all(transcript.format == "MELD's CSV" for transcript in transcripts.values())
    return replace(MELD, counts={}) if is_meld else Card(name)

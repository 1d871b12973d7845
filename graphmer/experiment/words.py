"""Features of transcripts: a corpus to train on, dialogues to predict."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from pydantic import JsonValue, ValidationError

from graphmer.corpora.assemble import Assembly
from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.cards import EDIREF, EMOCONTEXT, EMORYNLP, IEMOCAP, MELD, RECCON, polarity
from graphmer.corpora.header import HEADER, read_header
from graphmer.corpora.problems import Findings, collecting
from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.errors import CheckpointError, CorpusError
from graphmer.experiment.recordings import clips_of, has_recordings
from graphmer.features import (
    Clip,
    Extractor,
    FunctionalsExtractor,
    Library,
    Missing,
    Provenance,
    SpeechNetworkExtractor,
    TextExtractor,
    VectorCache,
    extract,
)
from graphmer.features.tuned import TunedExtractor, dialogue_digest, is_tuned
from graphmer.reprs import counted
from graphmer.training.model_file import TrainedModel
from graphmer.transcripts import (
    ReadingOptions,
    TranscribedDialogue,
    Transcript,
    folder_format,
    read_transcript,
)

ExtractorSettings = Mapping[str, JsonValue]
"""Settings of an extractor, as they are in its provenance; those left out are as by default."""


def _text_extractor(model: str, device: str, settings: ExtractorSettings) -> Extractor:
    if is_tuned(Path(model)):
        return TunedExtractor(Path(model), device)
    precision = settings.get("precision", "auto")
    return TextExtractor(model, device, precision)  # type: ignore[arg-type]  # checked by the extractor


def _audio_extractor(model: str, device: str, settings: ExtractorSettings) -> Extractor:
    if model in get_args(Library):
        return FunctionalsExtractor(model)  # type: ignore[arg-type]
    return SpeechNetworkExtractor(model, device, settings.get("layer", -1))  # type: ignore[arg-type]


EXTRACTORS: Mapping[str, Callable[[str, str, ExtractorSettings], Extractor]] = {
    "text": _text_extractor,
    "audio": _audio_extractor,
}
"""Makers of extractors by modality, from the name of a model, a device and settings."""


def make_extractor(modality: str, model: str, device: str, settings: ExtractorSettings) -> Extractor:
    """An extractor of a modality.

    Raises:
        ConfigError: if it cannot be loaded.
    """
    return EXTRACTORS[modality](model, device, settings)


PUBLISHED: Mapping[str, Card] = {
    "MELD's CSV": MELD,
    "MELD's dyadic CSV": MELD,
    "EmoryNLP's CSV": EMORYNLP,
    "EDiReF's JSON": EDIREF,
    "RECCON's JSON": RECCON,
    "EmoContext's table": EMOCONTEXT,
    "IEMOCAP's EmoEvaluation": IEMOCAP,
}
"""Cards of published corpora by the name of their format."""

ENDINGS = (
    ".csv",
    ".tsv",
    ".xlsx",
    ".txt",
    ".vtt",
    ".srt",
    ".json",
    ".jsonl",
    ".eaf",
    ".textgrid",
    ".cha",
)
"""Endings of transcripts in a folder."""

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


@dataclass(frozen=True)
class LabelledDialogues:
    """Dialogues of transcripts to learn from.

    Args:
        dialogues: without features.
        parts: part of the official split by id, where it is known.
        names: of the emotions, in the order of the classes.
        clips: what is known of each turn, in the order of the dialogues.
    """

    dialogues: Sequence[TranscribedDialogue]
    parts: Mapping[str, str]
    names: tuple[str, ...]
    clips: Sequence[Clip]


def read_transcripts(source: Path, options: ReadingOptions) -> dict[Path, Transcript]:
    """Transcripts of a file, of a folder that is a corpus, or of all files in a folder that end like one.

    Raises:
        CorpusError: if there is none, or one is invalid.
    """
    paths = [source]
    if source.is_dir() and folder_format(source) is None:
        paths = sorted(path for path in source.iterdir() if path.suffix.lower() in ENDINGS)
        if not paths:
            raise CorpusError(
                f"{source}: has no transcript ({', '.join(ENDINGS)}). Name a file or its folder."
            )
    return {path: read_transcript(path, options) for path in paths}


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


def corpus_of(
    transcripts: Mapping[Path, Transcript],
    extractors: Sequence[Extractor],
    name: str,
    cache: Path | None = None,
    progress: Progress | None = None,
    findings: Findings | None = None,
) -> tuple[InMemoryCorpus, Extraction]:
    """Corpus of labelled transcripts.

    The names of files say the part of the official split: ``train``, ``dev`` (or ``val``) and ``test``. Of
    several files, the name of the file comes before the ids.

    Args:
        transcripts: by file; for their recordings see `clips_of`.
        extractors: of different modalities.
        name: of the corpus.
        cache: folder of the cache; ``None`` for none.
        progress: see `extract`.
        findings: collector of all problems; if omitted, errors raise.

    Raises:
        CorpusError: if no turn has a label, none has a recording where audio is extracted, a dialogue is
            invalid, or it trained an encoder.
    """
    labelled = labelled_dialogues(transcripts)
    for extractor in extractors:
        if isinstance(extractor, TunedExtractor):
            _require_unseen(extractor, labelled.dialogues)
    if any(extractor.modality == "audio" for extractor in extractors) and not has_recordings(labelled.clips):
        raise CorpusError(
            f"{next(iter(transcripts))}: no recording is beside it. Put call.wav beside call.vtt, or "
            "clips named by the ids of the turns into a folder of the transcript's name."
        )
    done = with_features(labelled.dialogues, extractors, cache, progress, labelled.clips)
    provenance = {extractor.modality: extractor.provenance for extractor in extractors}
    return corpus_with_features(labelled, done, provenance, transcripts, name, findings), done


def labelled_dialogues(transcripts: Mapping[Path, Transcript]) -> LabelledDialogues:
    """Dialogues of labelled transcripts, with the official split; see `corpus_of`.

    Raises:
        CorpusError: if no turn has a label.
    """
    dialogues: list[TranscribedDialogue] = []
    parts: dict[str, str] = {}
    clips: list[Clip] = []
    for path, transcript in transcripts.items():
        prefix = f"{path.stem}/" if len(transcripts) > 1 else ""
        part = next((_PARTS[word] for word in re.split("[^a-z]+", path.stem.lower()) if word in _PARTS), None)
        clips += clips_of(path, transcript)
        for dialogue in transcript.dialogues:
            dialogues.append(_prefixed(dialogue, prefix))
            parts |= {} if part is None else {dialogues[-1].id: part}
    names = tuple(sorted({str(t.emotion) for d in dialogues for t in d.turns if t.emotion is not None}))
    if not names:
        raise CorpusError(
            f"{next(iter(transcripts))}: no turn has a label, so nothing can be learned from it. To predict "
            "its emotions: graphmer predict RUN FILE."
        )
    return LabelledDialogues(dialogues, parts, names, clips)


def corpus_with_features(
    labelled: LabelledDialogues,
    done: Extraction,
    extractors: Mapping[str, Provenance],
    transcripts: Mapping[Path, Transcript],
    name: str,
    findings: Findings | None = None,
) -> InMemoryCorpus:
    """Corpus of labelled dialogues whose turns have features.

    Args:
        labelled: split and names of the emotions.
        done: the same dialogues with features.
        extractors: of the features, by modality.
        transcripts: that the dialogues are from.
        name: of the corpus.
        findings: collector of all problems; if omitted, errors raise.

    Raises:
        CorpusError: if a dialogue is invalid.
    """
    widths = {modality: found.width for modality, found in extractors.items()}
    labels = LabelSpace(labelled.names, polarity=polarity(labelled.names))
    with collecting(findings) as found:
        assembly = Assembly(labels, widths, found)
        built = [assembly.dialogue(each.id, each.turns, each.id, each.session) for each in done.dialogues]
    card = replace(_card(transcripts, name), extractors=extractors)
    return assembly.corpus(card, labels, [each for each in built if each is not None], labelled.parts)


def model_extractors(
    trained: TrainedModel, models: Mapping[str, str], device: str, without: Collection[str] = ()
) -> list[Extractor]:
    """The extractors of the corpus that a model was trained on.

    Args:
        trained: model.
        models: place of the extractor's model by modality, where it is another one than in training.
        device: on which they compute.
        without: modalities that the input has not.

    Raises:
        CheckpointError: if the model does not know its extractors, or one here is another one.
    """
    known = {name: each for name, each in model_provenance(trained).items() if name in EXTRACTORS}
    if not known:
        raise CheckpointError(
            "The model does not know the extractors of its features. Train it on a corpus of `graphmer "
            "features`, or give it dialogues with features (JSON)."
        )
    found: list[Extractor] = []
    for modality, stored in known.items():
        if modality in without:
            continue
        extractor = make_extractor(modality, models.get(modality, stored.model), device, stored.settings)
        _require_same(stored, extractor.provenance, modality, extractor.provenance.model)
        found.append(extractor)
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


def _require_same(stored: Provenance, found: Provenance, modality: str, where: str) -> None:
    if stored.digest != found.digest:
        raise CheckpointError(
            f"{where}: {modality} features are of {found}; the model was trained on {stored}. Use that "
            "extractor."
        )


def _require_unseen(extractor: TunedExtractor, dialogues: Sequence[TranscribedDialogue]) -> None:
    """Refuse to encode dialogues by networks that saw their labels."""
    seen = set(extractor.tuning.dialogues)
    known = [d.id for d in dialogues if dialogue_digest(turn.text for turn in d.turns) in seen]
    if known:
        raise CorpusError(
            f"{counted(len(known), 'dialogue')}, such as {known[0]}, trained the encoder, which saw their "
            "labels. Use the corpus that `graphmer features tune` wrote, or leave them out."
        )


def _prefixed(dialogue: TranscribedDialogue, prefix: str) -> TranscribedDialogue:
    if not prefix:
        return dialogue
    turns = tuple(
        replace(
            turn,
            id=None if turn.id is None else prefix + turn.id,
            reply_to=None if turn.reply_to is None else prefix + turn.reply_to,
            causes=None if turn.causes is None else tuple(prefix + id for id in turn.causes),
        )
        for turn in dialogue.turns
    )
    return replace(dialogue, id=prefix + dialogue.id, turns=turns)


def _card(transcripts: Mapping[Path, Transcript], name: str) -> Card:
    """Card of the corpus that all files are of, without counts: a file is a part of it."""
    formats = {transcript.format for transcript in transcripts.values()}
    known = PUBLISHED.get(formats.pop()) if len(formats) == 1 else None
    return Card(name) if known is None else replace(known, counts={})

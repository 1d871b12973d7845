"""Corpora of transcripts whose text encoder is tuned to the emotions of their training part."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from graphmer.corpora.base import InMemoryCorpus
from graphmer.errors import CorpusError
from graphmer.experiment.extraction import Extraction, Progress, with_features
from graphmer.experiment.words import LabelledDialogues, corpus_with_features, labelled_dialogues
from graphmer.features import Clip
from graphmer.features.cross_fitting import LabelledTexts, dialogue_parts, tune
from graphmer.features.text import TextExtractor
from graphmer.features.tuned import TunedExtractor, dialogue_digest
from graphmer.features.tuning import TuningSettings
from graphmer.transcripts import TranscribedDialogue, Transcript


def tuned_corpus(
    transcripts: Mapping[Path, Transcript],
    name: str,
    folder: Path,
    model: str,
    settings: TuningSettings,
    device: str = "cpu",
    cache: Path | None = None,
    tuning: Progress = lambda done, total: None,
    extraction: Progress | None = None,
) -> tuple[InMemoryCorpus, Extraction]:
    """Corpus with a modality ``text`` of log-probabilities of the emotions, by networks tuned on it.

    Each training dialogue is encoded by the network that it is left out of; all others by the mean of the
    networks. Validation and test parts are not read in tuning.

    Args:
        transcripts: by file; see `labelled_dialogues`.
        name: of the corpus.
        folder: of the tuned encoder; networks that are in it are kept.
        model: encoder to begin with; see `TextExtractor`.
        settings: of the tuning.
        device: on which it computes.
        cache: folder of the cache of features; ``None`` for none.
        tuning: progress of the tuning, in texts over networks and epochs.
        extraction: progress of the extraction; see `extract`.

    Raises:
        CorpusError: if there is no training part with labels, or a dialogue is invalid.
        ConfigError: if the folder is of another tuning.
    """
    labelled = labelled_dialogues(transcripts)
    training = [dialogue for dialogue in labelled.dialogues if labelled.parts.get(dialogue.id) == "train"]
    if not training:
        raise CorpusError(
            "No transcript is the training part. Give its file a name with the word train, such as train.csv."
        )
    parts = dialogue_parts([dialogue.id for dialogue in training], settings.folds)
    examples = _examples(TextExtractor(model, device, "float32"), training, labelled.names, parts)
    tune(folder, model, labelled.names, examples, settings, device, tuning)
    mean = TunedExtractor(folder, device)
    rest = [dialogue for dialogue in labelled.dialogues if dialogue.id not in parts]
    encoded = [with_features(rest, [mean], cache, extraction)]
    for part in range(settings.folds):
        left_out = [dialogue for dialogue in training if parts[dialogue.id] == part]
        network = TunedExtractor(folder, device, [part + 1])
        encoded.append(with_features(left_out, [network], cache, extraction))
    done = _joined(labelled, encoded)
    return corpus_with_features(labelled, done, {"text": mean.provenance}, transcripts, name), done


def _examples(
    extractor: TextExtractor,
    dialogues: Sequence[TranscribedDialogue],
    emotions: Sequence[str],
    parts: Mapping[str, int],
) -> LabelledTexts:
    """Labelled turns with words."""
    rows = [
        (content, emotions.index(turn.emotion), parts[dialogue.id])
        for dialogue in dialogues
        for turn in dialogue.turns
        if turn.emotion is not None and isinstance(content := extractor.content(Clip(turn.text)), str)
    ]
    if not rows:
        raise CorpusError("No turn of the training part has both words and a label.")
    texts, targets, numbers = zip(*rows, strict=True)
    digests = [dialogue_digest(turn.text for turn in dialogue.turns) for dialogue in dialogues]
    return LabelledTexts(texts, np.array(targets, dtype=np.int64), np.array(numbers, dtype=np.int64), digests)


def _joined(labelled: LabelledDialogues, encoded: Sequence[Extraction]) -> Extraction:
    """One extraction, in the order of the dialogues."""
    found = {dialogue.id: dialogue for each in encoded for dialogue in each.dialogues}
    missing = sum((each.missing for each in encoded), start=Counter[tuple[str, str]]())
    notes = {"text": [note for each in encoded for note in each.notes.get("text", ())]}
    return Extraction([found[dialogue.id] for dialogue in labelled.dialogues], missing, notes)

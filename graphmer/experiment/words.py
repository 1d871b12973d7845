"""Labelled transcripts as a corpus to train on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graphmer.corpora.assemble import Assembly
from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.cards import EDIREF, EMOCONTEXT, EMORYNLP, IEMOCAP, MELD, RECCON, polarity
from graphmer.corpora.problems import Findings, collecting
from graphmer.dialogue import LabelSpace
from graphmer.errors import CorpusError
from graphmer.experiment.extraction import Extraction, Progress, with_features
from graphmer.experiment.recordings import clips_of, has_recordings
from graphmer.features import Clip, Extractor, Provenance
from graphmer.features.tuned import TunedExtractor, dialogue_digest
from graphmer.reprs import counted
from graphmer.transcripts import (
    ReadingOptions,
    TranscribedDialogue,
    Transcript,
    folder_format,
    read_transcript,
)

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
    ".sbv",
    ".ass",
    ".docx",
    ".json3",
    ".json",
    ".jsonl",
    ".eaf",
    ".textgrid",
    ".cha",
)
"""Endings of transcripts in a folder."""

_PARTS = {"train": "train", "dev": "val", "val": "val", "valid": "val", "validation": "val", "test": "test"}


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

"""Corpora in the layout of MERBench.

::

    label-6way.npz                          whole_corpus, or train_corpus, val_corpus, test_corpus, ...
    transcription-engchi-polish.csv         name, chinese, english
    features/<NAME>-UTT/<utterance>.npy     (D,), or <NAME>-FRA/... with frames
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphmer.characters import repaired
from graphmer.corpora.assemble import Assembly, NanPolicy, ZerosPolicy
from graphmer.corpora.base import InMemoryCorpus
from graphmer.corpora.feature_folders import FeatureFolder, usual_width
from graphmer.corpora.merbench_labels import Clip, Naming, clips_of, naming_of, read_sentences
from graphmer.corpora.object_arrays import load_objects
from graphmer.corpora.pooling import Pooling
from graphmer.corpora.problems import Findings, collecting, did_you_mean
from graphmer.dialogue import Dialogue, Utterance
from graphmer.errors import CorpusError

_PARTS = {"train": "train", "val": "val", "test": "test", "test1": "test", "test2": "test", "test3": "test"}
_TRANSCRIPTS = ("transcription-engchi-polish.csv", "transcription-engchi.csv", "transcription.csv")


def label_files(root: Path) -> list[str]:
    """Names of the label files in a folder."""
    return sorted(path.name for path in root.glob("label*.npz"))


def read_merbench(
    root: str | Path,
    features: Mapping[str, str],
    labels: str | None = None,
    *,
    nan: NanPolicy = "missing",
    zeros: ZerosPolicy = "keep",
    pooling: Pooling = "mean",
    findings: Findings | None = None,
) -> InMemoryCorpus:
    """Read a corpus in the layout of MERBench.

    Clips are grouped into dialogues by their names. The speaker of IEMOCAP is a letter of the name; clips of
    a video have one speaker; those of MELD are unknown, because the layout does not have them.

    Args:
        root: folder with the label file and ``features/``.
        features: folder below ``features/`` by modality, ``{"audio": "chinese-hubert-large-UTT"}``.
        labels: file name of the labels; may be omitted if there is only one.
        nan: meaning of a vector with NaN or infinity.
        zeros: meaning of a vector of zeros.
        pooling: reduction of frame-level features.
        findings: collector of all problems; if omitted, errors raise.

    Raises:
        CorpusError: if a file has another layout, or a modality has no files.
    """
    root = Path(root)
    with collecting(findings) as found:
        clips = clips_of(_parts(root, labels), root)
        naming = naming_of(clips)
        sentences = read_sentences(root, _TRANSCRIPTS, naming.language, found)
        speakers = {clip.name: clip.speaker for clip in clips}
        vectors = {
            modality: FeatureFolder(root / "features" / folder, modality, found, pooling).vectors(speakers)
            for modality, folder in features.items()
        }
        widths = {
            modality: usual_width([vector for vector, _ in by_name.values()])
            for modality, by_name in vectors.items()
            if by_name
        }
        assembly = Assembly(naming.labels, widths, found, nan, zeros=zeros)
        reading = _Reading(root, naming, vectors, sentences, assembly)
        groups: dict[tuple[str, str], list[Clip]] = defaultdict(list)
        for clip in clips:
            groups[clip.dialogue, clip.part].append(clip)
        parts_of = Counter(name for name, _ in groups)
        dialogues: list[Dialogue] = []
        parts: dict[str, str] = {}
        for (name, part), members in groups.items():
            id = f"{part}/{name}" if parts_of[name] > 1 else name
            dialogue = reading.dialogue(id, sorted(members, key=lambda clip: clip.order))
            dialogues += [] if dialogue is None else [dialogue]
            parts |= {id: _PARTS[part]} if part in _PARTS else {}
        return assembly.corpus(naming.card, naming.labels, dialogues, parts)


def _parts(root: Path, labels: str | None) -> dict[str, Any]:
    """Contents of the label file by part; ``whole`` if it has none."""
    files = label_files(root)
    if labels is None and len(files) != 1:
        raise CorpusError(
            f"{root}: has {len(files)} files label*.npz ({', '.join(files)}). Name one: --label, or `labels`."
        )
    name = labels or files[0]
    if name not in files:
        raise CorpusError(f"{root / name}: no such label file. {did_you_mean(name, files)}")
    content = load_objects(root / name)
    known = {"whole_corpus", *(f"{part}_corpus" for part in _PARTS)}
    unknown = sorted(content.keys() - known)
    if unknown or not content:
        described = repr(unknown[0]) if unknown else "none"
        raise CorpusError(
            f"{root / name}: must hold {', '.join(sorted(known))}; got {described}. Write it again."
        )
    return {key.removesuffix("_corpus"): clips for key, clips in content.items()}


@dataclass(frozen=True)
class _Reading:
    """What the turns of a corpus are built from."""

    root: Path
    naming: Naming
    vectors: Mapping[str, Mapping[str, tuple[Any, str]]]
    sentences: Mapping[str, str]
    assembly: Assembly

    def dialogue(self, id: str, clips: list[Clip]) -> Dialogue | None:
        turns = [self._turn(clip) for clip in clips]
        return self.assembly.dialogue(id, turns, str(self.root), clips[0].session)

    def _turn(self, clip: Clip) -> Utterance:
        read = {
            modality: self.assembly.vector(*(by_name[clip.name][0], modality, by_name[clip.name][1]))
            for modality, by_name in self.vectors.items()
            if clip.name in by_name
        }
        return Utterance(
            speaker=clip.speaker,
            features={modality: vector for modality, vector in read.items() if vector is not None},
            emotion=self.assembly.emotion(self.naming.emotion(clip), clip.name),
            id=clip.name,
            text=repaired(self.sentences.get(clip.name, "")) or None,
        )

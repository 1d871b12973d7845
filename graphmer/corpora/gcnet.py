"""Reader of the file layout of GCNet, MoMKE, HARDY-MER and SDR-GNN.

::

    IEMOCAP/IEMOCAP_features_raw_4way.pkl                 labels, 6 fields (7 with validation ids for CMU)
    IEMOCAP/features/<NAME>/<utterance>.npy               (D,), (1, D) or (time, D)
    IEMOCAP/features/<NAME>/<utterance>/compress_F.npy    or a folder of faces
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from graphmer.corpora.assemble import Assembly, NanPolicy, ZerosPolicy
from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.cards import CMU_MOSEI, CMU_MOSI, IEMOCAP
from graphmer.corpora.feature_folders import FeatureFolder, usual_width
from graphmer.corpora.gcnet_labels import (
    FOUR,
    IEMOCAP_DIALOGUE,
    SIX,
    LabelFile,
    emotion,
    read_labels,
    with_context,
)
from graphmer.corpora.pooling import Pooling
from graphmer.corpora.problems import Findings, collecting
from graphmer.dialogue import Dialogue, LabelSpace, Utterance
from graphmer.errors import CorpusError

_IEMOCAP_LABELLED = {FOUR: 5531, SIX: 7433}

_Vectors = Mapping[str, tuple[NDArray[Any], str]]


def read_gcnet(
    root: str | Path,
    labels: str,
    features: Mapping[str, str],
    *,
    context: str | None = None,
    nan: NanPolicy = "missing",
    zeros: ZerosPolicy = "keep",
    pooling: Pooling = "mean",
    findings: Findings | None = None,
) -> InMemoryCorpus:
    """Read a corpus in the layout of GCNet.

    The type of labels is inferred from the file: integers are the 4 or 6 classes of IEMOCAP, other
    numbers scores in [-3, 3]. A file with 7 fields has a validation set, a file with 6 fields does not.

    **Differences from the reference loaders**: an utterance has one vector per modality, from its own
    speaker; an absent file or face is a missing modality, not a vector of zeros; dialogue ids of a split are
    sorted.

    Args:
        root: folder of the corpus, which contains the label files and ``features/``.
        labels: file name of the label pickle.
        features: folder below ``features/`` by modality, ``{"audio": "wav2vec-large-c-UTT"}``.
        context: a second label pickle, such as the 6-way one for 4-way labels. Its additional utterances
            become unlabelled turns, in the order of this file.
        nan: meaning of a vector with NaN or infinity.
        zeros: meaning of a vector of zeros.
        pooling: reduction of frame-level features; the mean is that of GCNet's reader.
        findings: collector of all problems; if omitted, errors raise.

    Raises:
        CorpusError: if a file has another layout, a modality has no files, or widths differ.
    """
    root = Path(root)
    if not root.is_dir():
        raise CorpusError(
            f"{root}: no such folder. Request IEMOCAP at {IEMOCAP.url} or CMU-MOSI at {CMU_MOSI.url}; label "
            "files and features in this layout come from github.com/zeroQiaoba/GCNet."
        )
    with collecting(findings) as found:
        file = read_labels(root / labels, found)
        space = file.labels()
        if context is not None:
            file = with_context(file, read_labels(root / context, found), found)
        speakers = {row.id: row.speaker for row in file.rows()}
        vectors: dict[str, _Vectors] = {
            modality: FeatureFolder(root / "features" / folder, modality, found, pooling).vectors(speakers)
            for modality, folder in features.items()
        }
        widths = {
            modality: usual_width([vector for vector, _ in by_id.values()])
            for modality, by_id in vectors.items()
            if by_id
        }
        assembly = Assembly(space, widths, found, nan, zeros=zeros)
        dialogues = _dialogues(file, space, vectors, assembly)
        return assembly.corpus(_card(dialogues, space), space, dialogues, file.parts)


def _dialogues(
    file: LabelFile, space: LabelSpace, vectors: Mapping[str, _Vectors], assembly: Assembly
) -> list[Dialogue]:
    dialogues = []
    for id, rows in file.dialogues.items():
        turns = []
        for row in rows:
            read = {
                modality: assembly.vector(by_id[row.id][0], modality, by_id[row.id][1])
                for modality, by_id in vectors.items()
                if row.id in by_id
            }
            turns.append(
                Utterance(
                    speaker=row.speaker or id,
                    features={modality: vector for modality, vector in read.items() if vector is not None},
                    emotion=assembly.emotion(emotion(row.label, space), row.id),
                    id=row.id,
                    text=row.text or None,
                )
            )
        session = IEMOCAP_DIALOGUE.match(id)
        dialogue = assembly.dialogue(id, turns, str(file.path), session[1] if session else None)
        dialogues += [] if dialogue is None else [dialogue]
    return dialogues


def _card(dialogues: list[Dialogue], space: LabelSpace) -> Card:
    if not space.is_score:
        counts = {"dialogues": IEMOCAP.counts["dialogues"], "labelled": _IEMOCAP_LABELLED[space.names]}
        return replace(IEMOCAP, counts=counts)
    return CMU_MOSI if len(dialogues) <= CMU_MOSI.counts["dialogues"] else CMU_MOSEI

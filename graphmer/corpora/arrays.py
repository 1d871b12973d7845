"""Reader of corpora in one ``.npz`` file of aligned arrays, with one row per utterance.

Arrays: ``dialogue_ptr [B + 1]`` (dialogue ``i`` is rows ``ptr[i]:ptr[i + 1]``), ``dialogue_id [B]``,
``utt_id [N]``, ``speaker [N]``, one array ``[N]`` per label with ``<label>_names`` for classes (-1
unlabelled) or without for scores (NaN unlabelled), one matrix ``[N, D]`` per feature set, or ``[N, T, D]``
with frames of zeros or of NaN as padding, with an optional ``<name>_avail [N]``, and optionally
``start_s [N]``, ``end_s [N]`` (seconds), ``session`` and ``split`` (one entry per dialogue or per utterance).
Files with pickled objects are refused.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphmer.corpora.array_file import ArrayFile, open_arrays
from graphmer.corpora.assemble import Assembly, NanPolicy, ZerosPolicy
from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.cards import KNOWN, SCORE_INTERVAL, polarity
from graphmer.corpora.pooling import Pooling
from graphmer.corpora.problems import Findings, collecting
from graphmer.dialogue import Dialogue, Emotion, LabelSpace, Utterance
from graphmer.errors import CorpusError


def read_arrays(
    path: str | Path,
    label: str,
    modalities: Mapping[str, Sequence[str]],
    *,
    texts: str | Path | None = None,
    nan: NanPolicy = "missing",
    zeros: ZerosPolicy = "keep",
    pooling: Pooling = "error",
    aliases: Mapping[str, str] | None = None,
    card: Card | None = None,
    findings: Findings | None = None,
) -> InMemoryCorpus:
    """Read a corpus from aligned arrays.

    A class name is shortened to the text before a bracket: ``happy(+excited)`` becomes ``happy``.

    Args:
        path: ``.npz`` file.
        label: name of the array of annotations. Integers with ``<label>_names`` are classes; other numbers
            are scores in [-3, 3].
        modalities: arrays of each modality, ``{"audio": ["audio_egemaps", "audio_prosody"]}``. Several arrays
            are concatenated; the modality is available where all of them are.
        texts: JSONL file of transcripts, one dialogue per line: ``{"utterances": [{"id", "text"}]}``.
        nan: meaning of a vector with NaN or infinity.
        zeros: meaning of a vector of zeros.
        pooling: reduction of frame-level features.
        aliases: names to use in place of those in the file, ``{name in the file: class}``; several of them
            may become one class.
        card: provenance; if omitted, the card of a known corpus with the name of the file.
        findings: collector of all problems; if omitted, errors raise.

    Raises:
        CorpusError: if a file or an array is missing, or arrays are inconsistent.
    """
    path = Path(path)
    with collecting(findings) as found, open_arrays(path) as arrays:
        rows = ArrayFile(path, arrays)
        names, emotions = rows.labels(label, aliases or {})
        labels = LabelSpace(names, polarity=polarity(names)) if names else LabelSpace(interval=SCORE_INTERVAL)
        features = {modality: rows.features(keys, pooling) for modality, keys in modalities.items()}
        widths = {modality: matrix.shape[1] for modality, (matrix, _) in features.items()}
        assembly = Assembly(labels, widths, found, nan, zeros=zeros)
        transcripts = _transcripts(Path(texts), rows.ids, found) if texts else {}
        turns = _turns(rows, emotions, features, transcripts, assembly)
        return assembly.corpus(
            card or KNOWN.get(path.stem, Card(path.stem, licence="unknown", citation="unknown")),
            labels,
            _dialogues(rows, turns, assembly),
            {} if rows.split is None else rows.parts(),
        )


def _turns(
    rows: ArrayFile,
    emotions: Sequence[Emotion],
    features: Mapping[str, tuple[NDArray[np.float32], NDArray[np.bool_]]],
    transcripts: Mapping[str, str],
    assembly: Assembly,
) -> list[Utterance]:
    speakers = rows.per_utterance("speaker").tolist()
    start, end = rows.seconds("start_s"), rows.seconds("end_s")
    turns = []
    for row, id in enumerate(rows.ids):
        vectors = {
            modality: assembly.vector(matrix[row], modality, id)
            for modality, (matrix, available) in features.items()
            if available[row]
        }
        turns.append(
            Utterance(
                speaker=str(speakers[row]),
                features={modality: vector for modality, vector in vectors.items() if vector is not None},
                emotion=assembly.emotion(emotions[row], id),
                id=id,
                text=transcripts.get(id),
                start=start[row],
                end=end[row],
            )
        )
    return turns


def _dialogues(rows: ArrayFile, turns: Sequence[Utterance], assembly: Assembly) -> list[Dialogue]:
    built = [
        assembly.dialogue(
            id, turns[first:last], str(rows.path), rows.session[number] if rows.session else None
        )
        for number, (id, (first, last)) in enumerate(zip(rows.dialogue_ids, rows.bounds, strict=True))
    ]
    return [dialogue for dialogue in built if dialogue is not None]


def _transcripts(path: Path, ids: Sequence[str], findings: Findings) -> dict[str, str]:
    if not path.is_file():
        raise CorpusError(f"{path}: no such file. Give the JSONL with the transcripts, or leave it out.")
    texts: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        texts |= _transcripts_of_line(line, f"{path}:{number}")
    for id in sorted(texts.keys() - set(ids)):
        findings.note("a transcript belongs to no utterance", id, "Not read.")
    for id in ids:
        if id not in texts:
            findings.warning("an utterance has no transcript", id, "Read without text.")
    return texts


def _transcripts_of_line(line: str, where: str) -> dict[str, str]:
    try:
        turns = json.loads(line)["utterances"]
        return {str(turn["id"]): str(turn["text"]) for turn in turns if turn["text"] is not None}
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            f"{where}: must be {{'utterances': [{{'id', 'text'}}]}} ({error!r}). Correct the line."
        ) from None

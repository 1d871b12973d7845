"""Writer of corpora in graphmer's format."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from torch import Tensor

from graphmer.corpora.base import Corpus
from graphmer.corpora.header import HEADER, Header, header_of
from graphmer.corpora.integrity import write_checksums
from graphmer.dialogue import Dialogue
from graphmer.storage import replacing, require_new

_DIALOGUES = "dialogues.jsonl"


def write_dataset(corpus: Corpus, path: str | Path, *, extractors: Mapping[str, str] | None = None) -> None:
    """Write a corpus as a folder that `read_dataset` reads without loss.

    The folder is first written to a temporary folder with the same parent and then renamed, so that it
    appears either completely or not at all. ``checksums.sha256`` in it has the checksums of the other files.

    Args:
        corpus: corpus to write.
        path: new folder; must not exist, or be empty.
        extractors: descriptions of the extractors by modality; their `Provenance` is in the card.

    Raises:
        CorpusError: if `path` is in use, or the corpus cannot be expressed in the format.
    """
    target = Path(path)
    require_new(target)
    header = header_of(corpus, extractors or {}, dialogues=(_DIALOGUES,))
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as partial:
        partial.mkdir()
        _write(corpus, header, partial)
        write_checksums(partial, [HEADER, _DIALOGUES, *(f"{modality}.npy" for modality in corpus.widths)])


def _write(corpus: Corpus, header: Header, folder: Path) -> None:
    content = header.model_dump(mode="json", exclude_defaults=True) | {"dialogues": list(header.dialogues)}
    (folder / HEADER).write_text(
        yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    part = {id: name for name, ids in corpus.official.items() for id in ids}
    with ExitStack() as files:
        lines = files.enter_context((folder / _DIALOGUES).open("w", encoding="utf-8"))
        rows = {
            modality: _Rows(files.enter_context((folder / f"{modality}.npy").open("wb")), shape)
            for modality, shape in _shapes(corpus).items()
        }
        for dialogue in corpus.dialogues:
            line: dict[str, Any] = {"id": dialogue.id}
            line |= {"split": part[dialogue.id]} if dialogue.id in part else {}
            line |= {} if dialogue.session is None else {"session": dialogue.session}
            line["utterances"] = list(_utterances(dialogue, rows))
            lines.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")


def _shapes(corpus: Corpus) -> dict[str, tuple[int, int]]:
    """Shape of the feature matrix of each modality: number of available utterances, and width."""
    count = torch.zeros(len(corpus.widths), dtype=torch.long)
    for dialogue in corpus.dialogues:
        count += dialogue.available.sum(dim=0)
    return {
        m: (number, width) for number, (m, width) in zip(count.tolist(), corpus.widths.items(), strict=True)
    }


class _Rows:
    """``.npy`` matrix written row by row, so that a corpus may be larger than memory."""

    def __init__(self, file: BinaryIO, shape: tuple[int, int]) -> None:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        self._file = file
        self._written = 0

    def append(self, row: NDArray[np.float32]) -> int:
        """Append a row and return its number."""
        self._file.write(np.ascontiguousarray(row, dtype="<f4").tobytes())
        self._written += 1
        return self._written - 1


def _utterances(dialogue: Dialogue, rows: Mapping[str, _Rows]) -> Iterator[dict[str, Any]]:
    matrices = {modality: matrix.numpy() for modality, matrix in dialogue.features.items()}
    available = dialogue.available.tolist()
    reply_to = dialogue.reply_to.tolist()
    for position, id in enumerate(dialogue.utterance_ids):
        features = {}
        for column, (modality, matrix) in enumerate(matrices.items()):
            if available[position][column]:
                features[modality] = f"{modality}.npy#{rows[modality].append(matrix[position])}"
        turn = {
            "id": id,
            "speaker": dialogue.speakers[int(dialogue.speaker[position])],
            "text": dialogue.text[position],
            "start": _seconds(dialogue.start[position]),
            "end": _seconds(dialogue.end[position]),
            "label": dialogue.emotion[position],
            "reply_to": dialogue.utterance_ids[reply_to[position]] if reply_to[position] >= 0 else None,
            "causes": _causes(dialogue, position),
            "features": features,
        }
        yield {key: value for key, value in turn.items() if value is not None}


def _causes(dialogue: Dialogue, position: int) -> list[str] | None:
    causes = dialogue.causes.get(position)
    return None if causes is None else [dialogue.utterance_ids[cause] for cause in causes]


def _seconds(time: Tensor) -> float | None:
    """Shortest decimal number that is equal to the float32 value."""
    seconds = np.float32(time.item())
    return None if np.isnan(seconds) else float(str(seconds))

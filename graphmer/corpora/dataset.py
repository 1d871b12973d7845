"""Corpora in graphmer's format: a folder with ``dataset.yaml``, dialogues as JSON lines, feature matrices.

::

    name: My calls
    licence: internal
    labels: {names: [calm, angry], polarity: {angry: -1}}      # or {interval: [-3, 3]}
    modalities: {audio: {width: 3, extractor: openSMILE 3.0}}
    dialogues: [calls.jsonl]

    {"id": "call1", "split": "train", "utterances": [{"speaker": "Ann", "label": "calm",
     "features": {"audio": [0.1, 2.0, 0.3]}}, {"speaker": "Bob", "features": {"audio": "audio.npy#0"}}]}

Each JSON object is one line of the file; `graphmer.corpora.records` defines its fields.
"""

from collections.abc import Mapping
from pathlib import Path

from graphmer.corpora.assemble import Assembly, NanPolicy, ZerosPolicy
from graphmer.corpora.base import InMemoryCorpus
from graphmer.corpora.header import HEADER, read_header
from graphmer.corpora.integrity import verify_checksums
from graphmer.corpora.jsonl import VectorFiles, read_dialogues, read_lines
from graphmer.corpora.mapped import MappedFiles
from graphmer.corpora.pooling import Pooling
from graphmer.corpora.problems import Findings, collecting
from graphmer.corpora.write import write_dataset
from graphmer.dialogue import Dialogue
from graphmer.errors import CorpusError

__all__ = ["read_dataset", "read_dialogues", "write_dataset"]


def read_dataset(
    path: str | Path,
    *,
    nan: NanPolicy = "missing",
    zeros: ZerosPolicy = "keep",
    pooling: Pooling = "error",
    aliases: Mapping[str, str] | None = None,
    mapped: bool = False,
    findings: Findings | None = None,
) -> InMemoryCorpus:
    """Read a corpus from a folder in graphmer's format.

    Files with a checksum in ``checksums.sha256``, as written by `write_dataset`, are verified first.

    Args:
        path: folder that contains ``dataset.yaml``.
        nan: meaning of a vector with NaN or infinity.
        zeros: meaning of a vector of zeros.
        pooling: reduction of frame-level features.
        aliases: other names of classes, ``{alias: class}``, added to those in ``dataset.yaml``.
        mapped: keep the features on disk and read them on access, for corpora larger than memory. The
            features must be in matrices, as written by `write_dataset`.
        findings: collector of all problems; if omitted, errors raise.

    Raises:
        CorpusError: if a file does not match its checksum, or the corpus is invalid; the message names file,
            line, field, value and remedy.
    """
    folder = Path(path)
    verify_checksums(folder)
    header = read_header(folder)
    labels = header.label_space(str(folder / HEADER))
    with collecting(findings) as found:
        try:
            assembly = Assembly(
                labels,
                header.widths,
                found,
                nan,
                zeros=zeros,
                pooling=pooling,
                aliases={**header.labels.aliases, **(aliases or {})},
            )
        except ValueError as error:
            raise CorpusError(f"{folder / HEADER}: labels: {error}") from None
        dialogues: list[Dialogue] = []
        parts: dict[str, str] = {}
        used = {HEADER, *header.dialogues}
        for name in header.dialogues:
            files = VectorFiles((folder / name).parent)
            mapped_files = MappedFiles(files.folder) if mapped else None
            for dialogue, part in read_lines(folder / name, assembly, files, mapped_files):
                if dialogue is not None:
                    dialogues.append(dialogue)
                    parts |= {} if part is None else {dialogue.id: part}
            used |= {(files.folder / file).relative_to(folder).as_posix() for file in files.used}
        _note_extra_files(folder, used, found)
        return assembly.corpus(header.card, labels, dialogues, parts)


def _note_extra_files(folder: Path, used: set[str], findings: Findings) -> None:
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if file.suffix in {".npy", ".jsonl"} and name not in used:
            findings.note("file without any reference to it", name, "Not read.")

"""Writer of corpora as Parquet: one file, or a folder of shards."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from graphmer.corpora.base import Corpus
from graphmer.corpora.header import Header, header_of
from graphmer.corpora.integrity import write_checksums
from graphmer.corpora.parquet.files import PARQUET, load_pyarrow
from graphmer.corpora.parquet.schema import PREFIX, schema_of
from graphmer.dialogue import Dialogue
from graphmer.errors import CorpusError
from graphmer.storage import replacing, require_new

GROUP = 2**19
"""Bytes of features in a row group: what is decoded to read one dialogue from disk."""

SHARD = 2**28
"""Bytes of features in a shard of a folder."""

_PAGE = 2**17


def write_parquet(corpus: Corpus, path: str | Path, *, extractors: Mapping[str, str] | None = None) -> None:
    """Write a corpus as Parquet that `read_parquet` reads without loss.

    It is written to a temporary place first and appears either completely or not at all. One row group is in
    memory at a time; dialogues that are read lazily are read as they are written.

    Args:
        corpus: corpus to write.
        path: with the ending ``.parquet`` one file, which is replaced; else a new folder, or an empty one,
            with shards of at most about 256 MiB in ``data/`` and their checksums.
        extractors: descriptions of the extractors by modality; their `Provenance` is in the card.

    Raises:
        CorpusError: if `path` is in use, or the corpus cannot be expressed in the format.
        ConfigError: if pyarrow is not installed.
    """
    target = Path(path)
    load_pyarrow()
    header = header_of(corpus, extractors or {})
    one_file = target.suffix.lower() == PARQUET
    if not one_file:
        require_new(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as partial:
        if one_file:
            _write(corpus, header, partial, corpus.dialogues)
            return
        (partial / "data").mkdir(parents=True)
        shards = _shards(corpus)
        names = [f"data/turns-{number:05d}-of-{len(shards):05d}{PARQUET}" for number in range(len(shards))]
        for name, shard in zip(names, shards, strict=True):
            _write(corpus, header, partial / name, (corpus.dialogues[i] for i in shard))
        write_checksums(partial, names)


def _shards(corpus: Corpus) -> list[range]:
    """Positions of the dialogues of each shard; at least one shard."""
    turn = 4 * sum(corpus.widths.values())
    place, sizes = 0, []
    for dialogue in corpus.dialogues:
        sizes.append(place // SHARD)
        place += len(dialogue) * turn
    ends = [0]
    for _, members in groupby(sizes):
        ends.append(ends[-1] + len(list(members)))
    bounds = list(pairwise(ends)) or [(0, 0)]
    return [range(begin, end) for begin, end in bounds]


def _write(
    corpus: Corpus, header: Header, path: Path, dialogues: "Iterator[Dialogue] | Sequence[Dialogue]"
) -> None:
    """Write one file, in row groups that end with a dialogue where the next one does not fit."""
    arrow = load_pyarrow()
    schema = schema_of(header)
    part = {id: name for name, ids in corpus.official.items() for id in ids}
    rows = max(1, GROUP // max(1, 4 * sum(corpus.widths.values())))
    settings = {"use_dictionary": False, "write_statistics": False, "write_page_checksum": True}
    with arrow.parquet.ParquetWriter(
        path, schema, compression="none", data_page_size=_PAGE, **settings
    ) as writer:
        waiting: list[Any] = []

        def flush() -> None:
            writer.write_table(arrow.Table.from_batches(waiting, schema), row_group_size=rows)
            waiting.clear()

        for dialogue in dialogues:
            if waiting and sum(map(len, waiting)) + len(dialogue) > rows:
                flush()
            try:
                waiting.append(_batch(dialogue, part.get(dialogue.id), schema))
            except UnicodeEncodeError as error:
                raise CorpusError(
                    f"dialogue {dialogue.id!r}: holds no valid Unicode ({error}), so it cannot be Parquet. "
                    "Correct the text."
                ) from None
        flush()


def _batch(dialogue: Dialogue, part: str | None, schema: Any) -> Any:
    """Rows of a dialogue as a record batch."""
    arrow = load_pyarrow()
    ids, count = dialogue.utterance_ids, len(dialogue)
    values: dict[str, Any] = {
        "dialogue": [dialogue.id] * count,
        "turn": range(count),
        "speaker": [dialogue.speakers[number] for number in dialogue.speaker.tolist()],
        "label": dialogue.emotion,
        "id": ids,
        "text": dialogue.text,
        "reply_to": [ids[place] if place >= 0 else None for place in dialogue.reply_to.tolist()],
        "causes": [
            [ids[cause] for cause in dialogue.causes[turn]] if turn in dialogue.causes else None
            for turn in range(count)
        ],
        "split": [part] * count,
        "session": [dialogue.session] * count,
    }
    columns = {name: arrow.array(values[name], schema.field(name).type) for name in values}
    for name, times in (("start", dialogue.start), ("end", dialogue.end)):
        columns[name] = arrow.array(times.numpy(), arrow.float32(), from_pandas=True)
    for column, (modality, matrix) in enumerate(dialogue.features.items()):
        missing = ~dialogue.available[:, column].numpy()
        rows = np.where(missing[:, None], np.float32(0), matrix.numpy())
        columns[PREFIX + modality] = arrow.FixedSizeListArray.from_arrays(
            arrow.array(rows.ravel()), type=schema.field(PREFIX + modality).type, mask=arrow.array(missing)
        )
    return arrow.record_batch([columns[name] for name in schema.names], schema=schema)

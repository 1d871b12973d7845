"""Retrieval index over the training utterances of one fold."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from graphmer.dialogue import Dialogue
from graphmer.retrieval.feature_index import FeatureIndex
from graphmer.retrieval.rows import Key
from graphmer.retrieval.store import EXACT, Metric
from graphmer.retrieval.table import NeighbourTable
from graphmer.typing import Available


class RetrievalIndex:
    """Nearest-neighbour index over the training utterances of one fold, one FAISS index per modality.

    An utterance is identified by (dialogue id, utterance id). Rows are in order of insertion; when a row is
    removed, the later rows move up. A search never returns an utterance of the query's own dialogue. After
    any sequence of `add`, `update` and `remove` the neighbours are those of a newly built index. Exceptions
    are ties and, above `exact` utterances, the approximation by clusters.

    Args:
        widths: features per modality, ``{modality: D_m}``.
        metric: ``cosine`` or ``l2``, for all modalities or by modality.
        fingerprint: fingerprint of the fold (`fold_fingerprint`); `load` compares it.
        exact: number of utterances up to which a search compares all of them; above it, a search compares
            those of the nearest clusters.

    Raises:
        ValueError: if the metric is unknown or given for other modalities.

    Example:
        >>> from graphmer.dialogue import Utterance
        >>> from graphmer.retrieval import fold_fingerprint
        >>> dialogues = [
        ...     Dialogue.from_utterances(name, [Utterance("Ann", {"text": row}) for row in rows])
        ...     for name, rows in {"a": [[1.0, 0], [0, 1]], "b": [[2.0, 1], [1, 3]]}.items()
        ... ]
        >>> index = RetrievalIndex.build(dialogues, "cosine", fingerprint=fold_fingerprint(dialogues, "demo"))
        >>> index.table(k=1).neighbours[:, 0, 0].tolist()
        [2, 3, 0, 1]
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        metric: Metric | Mapping[str, Metric],
        *,
        fingerprint: str,
        exact: int = EXACT,
    ) -> None:
        self.fingerprint = fingerprint
        self._index = FeatureIndex(widths, metric, exact=exact)

    @classmethod
    def build(
        cls,
        dialogues: Sequence[Dialogue],
        metric: Metric | Mapping[str, Metric] = "cosine",
        *,
        fingerprint: str,
        exact: int = EXACT,
    ) -> "RetrievalIndex":
        """Index of standardised dialogues; arguments as for the class.

        Raises:
            ValueError: if there is no dialogue, modalities differ, or an id occurs twice.
        """
        if not dialogues:
            raise ValueError("A retrieval index needs at least one dialogue; got none.")
        widths = {m: rows.shape[1] for m, rows in dialogues[0].features.items()}
        index = cls(widths, metric, fingerprint=fingerprint, exact=exact)
        index._append([(dialogue, list(range(len(dialogue)))) for dialogue in dialogues])
        return index

    def __len__(self) -> int:
        return len(self._index)

    @property
    def widths(self) -> dict[str, int]:
        """Features per modality, ``{modality: D_m}``."""
        return self._index.widths

    @property
    def metric(self) -> dict[str, Metric]:
        """Metric by modality."""
        return self._index.metric

    @property
    def exact(self) -> int:
        """Number of utterances up to which a search compares all of them."""
        return self._index.exact

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of the axis ``M``."""
        return self._index.modalities

    @property
    def ids(self) -> tuple[Key, ...]:
        """Dialogue id and utterance id of each row."""
        return self._index.rows.ids

    def add(self, dialogue: Dialogue, utterances: Iterable[str] | None = None) -> None:
        """Append utterances of a dialogue.

        Args:
            dialogue: the dialogue.
            utterances: ids of the utterances; ``None`` for all.

        Raises:
            ValueError: if an utterance is indexed already or is not in the dialogue, or the index is
                memory-mapped.
        """
        self._append([(dialogue, _positions(dialogue, utterances))])

    def update(self, dialogue: Dialogue, utterances: Iterable[str] | None = None) -> None:
        """Replace the features and the available modalities of utterances; their rows stay.

        Args:
            dialogue: the dialogue with the new features.
            utterances: ids of the utterances; ``None`` for all of the dialogue.

        Raises:
            ValueError: if an utterance is not indexed or is not in the dialogue, or the index is
                memory-mapped.
        """
        self._index.check_writable()
        positions = _positions(dialogue, utterances)
        features, available = _rows_of(self.widths, [(dialogue, positions)])
        ids = [dialogue.utterance_ids[position] for position in positions]
        self._index.update(self._index.rows.find(dialogue.id, ids), features, available)

    def remove(self, dialogue: str, utterances: Iterable[str] | None = None) -> None:
        """Remove utterances; the later rows move up.

        Args:
            dialogue: id of the dialogue.
            utterances: ids of the utterances; ``None`` for all of the dialogue.

        Raises:
            ValueError: if an utterance or the dialogue is not indexed, or the index is memory-mapped.
        """
        self._index.check_writable()
        if utterances is None:
            rows = self._index.rows.of_dialogue(dialogue)
            if len(rows) == 0:
                raise ValueError(f"Dialogue {dialogue!r} has no utterance in the index to remove.")
        else:
            rows = self._index.rows.find(dialogue, dict.fromkeys(utterances))
        self._index.remove(rows)

    def table(self, k: int) -> NeighbourTable:
        """The k nearest utterances of other dialogues, for every indexed utterance and modality.

        The table holds -1 where there are fewer than k neighbours.

        Raises:
            ValueError: if k is below 1.
        """
        return self._index.table(k)

    def search(self, dialogues: Sequence[Dialogue], k: int, scale: Tensor) -> NeighbourTable:
        """The k nearest indexed utterances of every query utterance, for every modality it has.

        Args:
            dialogues: dialogues of the queries, standardised (and encoded) as the indexed ones. Indexed
                utterances of a dialogue with the same id are excluded.
            k: neighbours per modality.
            scale: scale of the training part's table, so that no result depends on the other queries.

        Shapes:
            scale ``[M]``.

        Raises:
            ValueError: if k is below 1, no dialogue is given, or modalities differ.
        """
        if not dialogues:
            raise ValueError("A search needs at least one dialogue; got none.")
        features, available = _rows_of(self.widths, [(d, list(range(len(d)))) for d in dialogues])
        ids = [(dialogue.id, utterance) for dialogue in dialogues for utterance in dialogue.utterance_ids]
        found = self._index.search(features, available, [dialogue for dialogue, _ in ids], k)
        return NeighbourTable(tuple(ids), self.modalities, *found, scale)

    def save(self, folder: Path) -> None:
        """Write the index into a folder, atomically: the folder holds the old index or the new one.

        Raises:
            OSError: if the disk is full or cannot be written to.
        """
        self._index.save(folder, self.fingerprint)

    @classmethod
    def load(cls, folder: Path, *, fingerprint: str, mapped: bool = False) -> "RetrievalIndex":
        """Read an index that `save` wrote.

        Args:
            folder: folder of the index.
            fingerprint: fingerprint of the fold that the index must belong to.
            mapped: memory-map the vectors, so that a search reads only those it needs; the index is then
                read-only. Its files are verified once, now, which reads them as a whole;
                damage that comes later is not noticed.

        Raises:
            CheckpointError: if files are missing, damaged, of a newer format, do not belong together, or
                belong to another fold.
        """
        loaded = FeatureIndex.load(folder, fingerprint, mapped=mapped)
        index = cls(loaded.widths, loaded.metric, fingerprint=fingerprint, exact=loaded.exact)
        index._index = loaded
        return index

    def _append(self, parts: Sequence[tuple[Dialogue, list[int]]]) -> None:
        features, available = _rows_of(self.widths, parts)
        keys = [(d.id, d.utterance_ids[position]) for d, positions in parts for position in positions]
        self._index.add(keys, features, available)


def _rows_of(
    widths: Mapping[str, int], parts: Sequence[tuple[Dialogue, list[int]]]
) -> tuple[dict[str, Tensor], Available]:
    """Features ``{m: [R, D_m]}`` and available modalities ``[R, M]`` of turns of dialogues.

    Raises:
        ValueError: if a dialogue has other modalities or widths.
    """
    for dialogue, _ in parts:
        found = {m: rows.shape[1] for m, rows in dialogue.features.items()}
        if list(found.items()) != list(widths.items()):
            raise ValueError(
                f"Dialogue {dialogue.id!r} must have the modalities and widths of the index, "
                f"{dict(widths)}, in this order; got {found}."
            )
    features = {m: torch.cat([d.features[m][positions].cpu() for d, positions in parts]) for m in widths}
    return features, torch.cat([dialogue.available[positions] for dialogue, positions in parts]).cpu()


def _positions(dialogue: Dialogue, utterances: Iterable[str] | None) -> list[int]:
    """Positions of utterances in their dialogue; ``None`` for all."""
    if utterances is None:
        return list(range(len(dialogue)))
    position = {utterance: number for number, utterance in enumerate(dialogue.utterance_ids)}
    wanted = list(dict.fromkeys(utterances))
    unknown = [utterance for utterance in wanted if utterance not in position]
    if unknown:
        raise ValueError(f"Dialogue {dialogue.id!r} has no utterance {unknown[0]!r}.")
    return [position[utterance] for utterance in wanted]

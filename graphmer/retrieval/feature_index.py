"""Nearest-neighbour index over the features of utterances, one FAISS index per modality."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor

from graphmer.retrieval.files import read_description, readable, verify_vectors, write_index
from graphmer.retrieval.nearest import nearest
from graphmer.retrieval.rows import Key, Rows
from graphmer.retrieval.store import EXACT, Metric, VectorStore, prepared
from graphmer.retrieval.table import NeighbourTable, mean_distances
from graphmer.typing import Available


class FeatureIndex:
    """One FAISS index per modality over utterances that are given as feature tensors.

    An utterance is identified by (dialogue id, utterance id). Rows are in order of insertion; when a row is
    removed, the later rows move up. A search never returns an utterance of the query's own dialogue.

    Args:
        widths: features per modality, ``{modality: D_m}``.
        metric: ``cosine`` or ``l2``, for all modalities or by modality.
        exact: number of utterances up to which a search compares all of them; above it, a search compares
            those of the nearest clusters.

    Raises:
        ValueError: if the metric is unknown or given for other modalities.
    """

    def __init__(
        self, widths: Mapping[str, int], metric: Metric | Mapping[str, Metric], *, exact: int = EXACT
    ) -> None:
        self.widths = dict(widths)
        self.metric = _by_modality(widths, metric)
        self.exact = exact
        self.rows = Rows(len(widths))
        self._stores = {m: VectorStore(width, self.metric[m], exact) for m, width in widths.items()}
        self._mapped = False

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of the axis ``M``."""
        return tuple(self.widths)

    def add(self, keys: Sequence[Key], features: Mapping[str, Tensor], available: Available) -> None:
        """Append utterances.

        Args:
            keys: dialogue id and utterance id of each utterance.
            features: features by modality; rows of a missing modality are not read.
            available: available modalities of each utterance.

        Shapes:
            features ``{m: [R, D_m]}``; available ``[R, M]``.

        Raises:
            ValueError: if an utterance is indexed already, or the index is memory-mapped.
        """
        self.check_writable()
        prepared_features = self._prepared(features, available)
        self._store(self.rows.append(list(keys), available), prepared_features)

    def update(self, rows: Tensor, features: Mapping[str, Tensor], available: Available) -> None:
        """Replace the features and the available modalities of rows; their positions stay.

        Args:
            rows: long ``[R]``.
            features: new features by modality, ``{m: [R, D_m]}``.
            available: new available modalities, ``[R, M]``.

        Raises:
            ValueError: if the index is memory-mapped.
        """
        self.check_writable()
        prepared_features = self._prepared(features, available)
        self._delete(rows)
        self.rows.available[rows] = available
        self._store(rows, prepared_features)

    def remove(self, rows: Tensor) -> None:
        """Remove rows, long ``[R]``; the later rows move up.

        Raises:
            ValueError: if the index is memory-mapped.
        """
        self.check_writable()
        self._delete(rows)
        self.rows.remove(rows)

    def table(self, k: int) -> NeighbourTable:
        """The k nearest utterances of other dialogues, for every indexed utterance and modality.

        The table holds -1 where there are fewer than k neighbours.

        Raises:
            ValueError: if k is below 1.
        """
        rows = self.rows
        features = {
            m: store.vectors(rows.numbers[rows.having(column)])
            for column, (m, store) in enumerate(self._stores.items())
        }
        neighbours, measured = nearest(self._stores, rows, features, rows.available, rows.dialogues, k=k)
        scale = mean_distances(neighbours, measured)
        return NeighbourTable(rows.ids, self.modalities, neighbours, measured, scale)

    def search(
        self, features: Mapping[str, Tensor], available: Available, dialogues: Sequence[str], k: int
    ) -> tuple[Tensor, Tensor]:
        """The k nearest indexed utterances of query utterances, and their distances.

        Args:
            features: features of the queries by modality; rows of a missing modality are not read.
            available: available modalities of each query.
            dialogues: dialogue id of each query; indexed utterances of this dialogue are excluded.
            k: neighbours per modality.

        Shapes:
            features ``{m: [N, D_m]}``; available ``[N, M]``; returns neighbours ``[N, M, k]`` and distances
            ``[N, M, k, M]`` as in `NeighbourTable`.

        Raises:
            ValueError: if k is below 1.
        """
        own = torch.tensor([self.rows.dialogue_number(dialogue) for dialogue in dialogues])
        return nearest(self._stores, self.rows, self._prepared(features, available), available, own, k=k)

    def save(self, folder: Path, fingerprint: str) -> None:
        """Write the index and the fingerprint of its fold into a folder, atomically.

        Raises:
            OSError: if the disk is full or cannot be written to.
        """
        description = {
            "fingerprint": fingerprint,
            "exact": self.exact,
            "modalities": [
                {"name": m, "width": width, "metric": self.metric[m]} for m, width in self.widths.items()
            ],
            "rows": self.rows.to_json(),
        }
        write_index(folder, description, list(self._stores.values()))

    @classmethod
    def load(cls, folder: Path, fingerprint: str, *, mapped: bool) -> "FeatureIndex":
        """Read an index that `save` wrote.

        Args:
            folder: folder of the index.
            fingerprint: fingerprint of the fold that the index must belong to.
            mapped: memory-map the vectors; the index is then read-only. The files are verified once, now,
                which reads them as a whole.

        Raises:
            CheckpointError: if files are missing, damaged, of a newer format, do not belong together, or
                belong to another fold.
        """
        description = read_description(folder, fingerprint)
        with readable(folder):
            found = description["modalities"]
            index = cls(
                {modality["name"]: modality["width"] for modality in found},
                {modality["name"]: modality["metric"] for modality in found},
                exact=description["exact"],
            )
            index.rows = Rows.from_json(len(found), description["rows"])
            index._mapped = mapped
            for column, ((name, checksum), store) in enumerate(
                zip(description["files"].items(), index._stores.values(), strict=True)
            ):
                verify_vectors(folder / name, checksum)
                store.read(folder / name, mapped=mapped)
                expected = len(index.rows.having(column))
                if len(store) != expected:
                    raise ValueError(f"{name} holds {len(store)} vectors instead of {expected}")
        return index

    def check_writable(self) -> None:
        """Raise a `ValueError` if the index is memory-mapped."""
        if self._mapped:
            raise ValueError("A memory-mapped index cannot be changed; load it with `mapped=False`.")

    def _store(self, rows: Tensor, prepared_features: Mapping[str, Tensor]) -> None:
        for column, (modality, store) in enumerate(self._stores.items()):
            having = rows[self.rows.available[rows, column]]
            if len(having):
                store.add(self.rows.numbers[having], prepared_features[modality])

    def _delete(self, rows: Tensor) -> None:
        for column, store in enumerate(self._stores.values()):
            having = rows[self.rows.available[rows, column]]
            if len(having):
                store.remove(self.rows.numbers[having])

    def _prepared(self, features: Mapping[str, Tensor], available: Available) -> dict[str, Tensor]:
        """Prepared features of the utterances that have the modality, ``{m: [N_m, D_m]}``."""
        return {
            m: prepared(features[m][available[:, column]], self.metric[m])
            for column, m in enumerate(self.widths)
        }


def _by_modality(widths: Mapping[str, int], metric: Metric | Mapping[str, Metric]) -> dict[str, Metric]:
    metrics = dict.fromkeys(widths, metric) if isinstance(metric, str) else dict(metric)
    if set(metrics) != set(widths):
        raise ValueError(f"`metric` must name the modalities {sorted(widths)}; got {sorted(metrics)}.")
    for modality, name in metrics.items():
        if name not in get_args(Metric):
            raise ValueError(f"`metric` of {modality!r} must be 'cosine' or 'l2'; got {name!r}.")
    return metrics

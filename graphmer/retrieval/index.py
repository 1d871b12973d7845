"""The training utterances of one fold, searchable by any of their modalities, and kept up to date."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor

from graphmer.dialogue import Dialogue
from graphmer.retrieval.files import read_description, readable, write_index
from graphmer.retrieval.nearest import nearest
from graphmer.retrieval.rows import Key, Rows
from graphmer.retrieval.store import EXACT, Metric, VectorStore, prepared
from graphmer.retrieval.table import NeighbourTable, mean_distances
from graphmer.typing import Available


def fold_fingerprint(dialogues: Iterable[Dialogue], corpus: str) -> str:
    """Hash of the ids of the training utterances, in any order, and of what else decides their features.

    Args:
        dialogues: the training part.
        corpus: fingerprint of the corpus, extended by the encoder's settings where features are encoded.
    """
    digest = hashlib.blake2b(corpus.encode(), digest_size=16)
    for dialogue, utterance in sorted((d.id, utterance) for d in dialogues for utterance in d.utterance_ids):
        digest.update(f"\0{dialogue}\0{utterance}".encode())
    return digest.hexdigest()


class RetrievalIndex:
    """One FAISS index per modality over the training utterances of one fold.

    Utterances are known by (dialogue id, utterance id). Their rows are in the order in which they came and
    close up when one is removed. No search returns an utterance of the dialogue that is searched for. After
    any sequence of `add`, `update` and `remove` the neighbours are those of an index built afresh, up to
    ties and, above `exact` utterances, up to the clusters.

    Args:
        widths: features per modality, ``{modality: D_m}``.
        metric: ``cosine`` or ``l2``, for all modalities or by modality.
        fingerprint: of the fold (`fold_fingerprint`); `load` compares it.
        exact: utterances up to which a search compares all; above, those of the nearest clusters.

    Example:
        >>> from graphmer.dialogue import Utterance
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
        self.widths = dict(widths)
        self.metric = _by_modality(widths, metric)
        self.fingerprint = fingerprint
        self.exact = exact
        self._stores = {m: VectorStore(width, self.metric[m], exact) for m, width in widths.items()}
        self._rows = Rows(len(widths))
        self._mapped = False

    @classmethod
    def build(
        cls,
        dialogues: Sequence[Dialogue],
        metric: Metric | Mapping[str, Metric] = "cosine",
        *,
        fingerprint: str,
        exact: int = EXACT,
    ) -> "RetrievalIndex":
        """An index of standardised dialogues; arguments as for the class.

        Raises:
            ValueError: if there is no dialogue, modalities differ, or an id occurs twice.
        """
        if not dialogues:
            raise ValueError("A retrieval index needs at least one dialogue; got none.")
        widths = {m: rows.shape[1] for m, rows in dialogues[0].features.items()}
        index = cls(widths, metric, fingerprint=fingerprint, exact=exact)
        index._insert([(dialogue, list(range(len(dialogue)))) for dialogue in dialogues])
        return index

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of the axis ``M``."""
        return tuple(self.widths)

    @property
    def ids(self) -> tuple[Key, ...]:
        """Dialogue id and utterance id of each row."""
        return self._rows.ids

    def add(self, dialogue: Dialogue, utterances: Iterable[str] | None = None) -> None:
        """Add utterances of a dialogue (all by default) at the end.

        Raises:
            ValueError: if one is there already, is no turn of the dialogue, or the index is memory-mapped.
        """
        self._insert([(dialogue, _positions(dialogue, utterances))])

    def add_rows(self, keys: Sequence[Key], features: Mapping[str, Tensor], available: Available) -> None:
        """Add utterances of any dialogues at the end, given as tensors.

        Args:
            keys: dialogue id and utterance id of each.
            features: by modality; rows without it are not read.
            available: which modalities each has.

        Shapes:
            features ``{m: [R, D_m]}``; available ``[R, M]``.

        Raises:
            ValueError: if one is there already, or the index is memory-mapped.
        """
        self._check_changeable()
        stored = self._as_stored(features, available)
        self._put_in(self._rows.append(list(keys), available), stored)

    def update(self, dialogue: Dialogue, utterances: Iterable[str] | None = None) -> None:
        """Give utterances (all of the dialogue by default) other features or modalities; rows stay.

        Raises:
            ValueError: if one is not there, is no turn of the dialogue, or the index is memory-mapped.
        """
        self._check_changeable()
        positions = _positions(dialogue, utterances)
        features, available = _rows_of(self.widths, [(dialogue, positions)])
        rows = self._rows.find(dialogue.id, [dialogue.utterance_ids[position] for position in positions])
        self._take_out(rows)
        self._rows.available[rows] = available
        self._put_in(rows, self._as_stored(features, available))

    def remove(self, dialogue: str, utterances: Iterable[str] | None = None) -> None:
        """Remove utterances, by default all of the dialogue; the rows after them move up.

        Args:
            dialogue: id of the dialogue.
            utterances: ids.

        Raises:
            ValueError: if one (or the dialogue) is not there, or the index is memory-mapped.
        """
        self._check_changeable()
        if utterances is None:
            rows = self._rows.of_dialogue(dialogue)
            if len(rows) == 0:
                raise ValueError(f"Dialogue {dialogue!r} has no utterance in the index to remove.")
        else:
            rows = self._rows.find(dialogue, dict.fromkeys(utterances))
        self._take_out(rows)
        self._rows.remove(rows)

    def table(self, k: int) -> NeighbourTable:
        """The k nearest other utterances of every indexed utterance, by every modality.

        Raises:
            ValueError: if k is below 1. Where there are fewer than k, the rest is -1.
        """
        features = {
            m: store.vectors(self._rows.numbers[self._rows.having(column)])
            for column, (m, store) in enumerate(self._stores.items())
        }
        rows = self._rows
        neighbours, measured = nearest(self._stores, rows, features, rows.available, rows.dialogues, k=k)
        scale = mean_distances(neighbours, measured)
        return NeighbourTable(self.ids, self.modalities, neighbours, measured, scale)

    def search(self, dialogues: Sequence[Dialogue], k: int, scale: Tensor) -> NeighbourTable:
        """The k nearest indexed utterances of any utterances, by every modality these have.

        Args:
            dialogues: standardised (and encoded) as the indexed ones. Utterances of an indexed dialogue with
                the same id are no neighbours.
            k: neighbours per modality.
            scale: of the training part's table, so that no result depends on what else is searched for.

        Shapes:
            scale ``[M]``.

        Raises:
            ValueError: if k is below 1, no dialogue is given, or modalities differ.
        """
        if not dialogues:
            raise ValueError("A search needs at least one dialogue; got none.")
        features, available = _rows_of(self.widths, [(d, list(range(len(d)))) for d in dialogues])
        ids = [(dialogue.id, utterance) for dialogue in dialogues for utterance in dialogue.utterance_ids]
        found = self.nearest_to(features, available, [dialogue for dialogue, _ in ids], k)
        return NeighbourTable(tuple(ids), self.modalities, *found, scale)

    def nearest_to(
        self, features: Mapping[str, Tensor], available: Available, dialogues: Sequence[str], k: int
    ) -> tuple[Tensor, Tensor]:
        """The k nearest indexed utterances, and how far they are, of utterances given as tensors.

        Args:
            features: by modality; rows without it are not read.
            available: which modalities each utterance has.
            dialogues: id of the dialogue of each; indexed utterances of it are no neighbours.
            k: neighbours per modality.

        Shapes:
            features ``{m: [N, D_m]}``; available ``[N, M]``; returns what `NeighbourTable` calls neighbours
            ``[N, M, k]`` and distances ``[N, M, k, M]``.

        Raises:
            ValueError: if k is below 1.
        """
        own = torch.tensor([self._rows.dialogue_number(dialogue) for dialogue in dialogues])
        return nearest(self._stores, self._rows, self._as_stored(features, available), available, own, k=k)

    def save(self, folder: Path) -> None:
        """Write the index into a folder, which then holds the old index or the new one, never a mixture.

        Raises:
            OSError: if the disk is full or cannot be written to.
        """
        description = {
            "fingerprint": self.fingerprint,
            "exact": self.exact,
            "modalities": [
                {"name": m, "width": width, "metric": self.metric[m]} for m, width in self.widths.items()
            ],
            "rows": self._rows.to_json(),
        }
        write_index(folder, description, list(self._stores.values()))

    @classmethod
    def load(cls, folder: Path, *, fingerprint: str, mapped: bool = False) -> "RetrievalIndex":
        """Read what `save` wrote.

        Args:
            folder: where it was saved.
            fingerprint: of the fold it must belong to.
            mapped: leave the vectors on disk and read those that a search touches; the index then cannot be
                changed.

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
                fingerprint=fingerprint,
                exact=description["exact"],
            )
            index._rows = Rows.from_json(len(found), description["rows"])
            index._mapped = mapped
            for column, (name, store) in enumerate(
                zip(description["files"], index._stores.values(), strict=True)
            ):
                store.read(folder / name, mapped=mapped)
                expected = len(index._rows.having(column))
                if len(store) != expected:
                    raise ValueError(f"{name} holds {len(store)} vectors instead of {expected}")
        return index

    def _insert(self, parts: Sequence[tuple[Dialogue, list[int]]]) -> None:
        features, available = _rows_of(self.widths, parts)
        keys = [(d.id, d.utterance_ids[position]) for d, positions in parts for position in positions]
        self.add_rows(keys, features, available)

    def _put_in(self, rows: Tensor, features: Mapping[str, Tensor]) -> None:
        for column, (modality, store) in enumerate(self._stores.items()):
            having = rows[self._rows.available[rows, column]]
            if len(having):
                store.add(self._rows.numbers[having], features[modality])

    def _take_out(self, rows: Tensor) -> None:
        for column, store in enumerate(self._stores.values()):
            having = rows[self._rows.available[rows, column]]
            if len(having):
                store.remove(self._rows.numbers[having])

    def _as_stored(self, features: Mapping[str, Tensor], available: Available) -> dict[str, Tensor]:
        """Features of the utterances that have a modality, as they are stored and searched."""
        return {
            m: prepared(features[m][available[:, column]], self.metric[m])
            for column, m in enumerate(self.widths)
        }

    def _check_changeable(self) -> None:
        if self._mapped:
            raise ValueError("A memory-mapped index cannot be changed; load it with `mapped=False`.")


def _rows_of(
    widths: Mapping[str, int], parts: Sequence[tuple[Dialogue, list[int]]]
) -> tuple[dict[str, Tensor], Available]:
    """Features of some turns of dialogues, and which of them have which modality.

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
    if utterances is None:
        return list(range(len(dialogue)))
    position = {utterance: number for number, utterance in enumerate(dialogue.utterance_ids)}
    wanted = list(dict.fromkeys(utterances))
    unknown = [utterance for utterance in wanted if utterance not in position]
    if unknown:
        raise ValueError(f"Dialogue {dialogue.id!r} has no utterance {unknown[0]!r}.")
    return [position[utterance] for utterance in wanted]


def _by_modality(widths: Mapping[str, int], metric: Metric | Mapping[str, Metric]) -> dict[str, Metric]:
    metrics = dict.fromkeys(widths, metric) if isinstance(metric, str) else dict(metric)
    if set(metrics) != set(widths):
        raise ValueError(f"`metric` must name the modalities {sorted(widths)}; got {sorted(metrics)}.")
    for modality, name in metrics.items():
        if name not in get_args(Metric):
            raise ValueError(f"`metric` of {modality!r} must be 'cosine' or 'l2'; got {name!r}.")
    return metrics

"""Utterances, and dialogues as aligned tensors on one node axis."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from graphmer.dialogue.labels import Emotion
from graphmer.reprs import counted, short_repr
from graphmer.typing import Available, Features


@dataclass(frozen=True)
class Utterance:
    """Turn of a dialogue. A missing modality is an absent key in `features`, never a vector of zeros.

    Args:
        speaker: name of the speaker; only compared within the dialogue.
        features: one vector ``[D_m]`` (tensor, array or list) per recorded modality.
        emotion: annotation: a class name, a score, or ``None`` if unlabelled.
        id: unique within the corpus; ``<dialogue>_<position>`` if omitted.
        text: transcript.
        start: start time, in seconds from the start of the recording.
        end: end time, in seconds from the start of the recording.
        reply_to: id of the turn that this turn replies to.
        causes: ids of the turns that cause this turn's emotion, which may include itself; empty if no turn of
            the dialogue does, ``None`` if not annotated.
        raw: what the file has in place of `text`, where reading removes codes of transcription.
    """

    speaker: str
    features: Mapping[str, Any] = field(default_factory=dict)
    emotion: Emotion = None
    id: str | None = None
    text: str | None = None
    start: float | None = None
    end: float | None = None
    reply_to: str | None = None
    causes: tuple[str, ...] | None = None
    raw: str | None = None


@dataclass(frozen=True, eq=False)
class LazyFeatures(Mapping[str, Features]):
    """Features of a dialogue that are computed on each access and not cached.

    Args:
        turns: number of turns, ``N``.
        make: function that returns the features of a modality, ``{m: () -> [N, D_m]}``.
    """

    turns: int
    make: Mapping[str, Callable[[], Features]]

    def __getitem__(self, modality: str) -> Features:
        return self.make[modality]()

    def __iter__(self) -> Iterator[str]:
        return iter(self.make)

    def __len__(self) -> int:
        return len(self.make)


@dataclass(frozen=True, eq=False)
class Dialogue:
    """Dialogue: turns in temporal order, aligned on one node axis ``N``.

    Args:
        id: unique within the corpus.
        utterance_ids: one id per turn.
        speakers: names of the speakers, in the order of their first turns.
        speaker: index into `speakers` of each turn.
        features: one matrix per modality; rows of turns without the modality are ignored.
        available: whether a turn has a modality; columns in the order of `features`.
        emotion: annotation of each turn, ``None`` if unlabelled.
        text: transcript of each turn, ``None`` if unknown.
        start: start time of each turn in seconds, NaN if unknown.
        end: end time of each turn in seconds, NaN if unknown.
        reply_to: position of the turn that a turn replies to, -1 if unknown.
        session: recording session, for leave-one-session-out splits.
        causes: positions of the turns that cause the emotion of a turn, by the position of that turn; turns
            without this annotation are left out.
        recorded: modalities that a turn has or that a protocol hides; ``None`` where nothing is hidden.

    Shapes:
        speaker ``[N]``; features ``{m: [N, D_m]}``; available, recorded ``[N, M]``; start, end, reply_to
        ``[N]``.

    Raises:
        ValueError: if it has no turns, ids are not unique, or lengths differ.
    """

    id: str
    utterance_ids: tuple[str, ...]
    speakers: tuple[str, ...]
    speaker: Tensor
    features: Mapping[str, Features]
    available: Available
    emotion: tuple[Emotion, ...]
    text: tuple[str | None, ...]
    start: Tensor
    end: Tensor
    reply_to: Tensor
    session: str | None = None
    causes: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    recorded: Available | None = None

    def __post_init__(self) -> None:
        length = len(self.utterance_ids)
        if length == 0:
            raise ValueError(f"Dialogue {self.id!r} has no utterances; a dialogue needs at least one.")
        if len(set(self.utterance_ids)) != length:
            twice = sorted({i for i in self.utterance_ids if self.utterance_ids.count(i) > 1})
            raise ValueError(
                f"Dialogue {self.id!r} has utterance ids that occur twice: {twice[:3]}; ids must be unique."
            )
        if self.available.shape != (length, len(self.features)):
            raise ValueError(
                f"Dialogue {self.id!r}: `available` must have shape {(length, len(self.features))}, "
                f"got {tuple(self.available.shape)}."
            )
        for name, rows in self._rows().items():
            if rows != length:
                raise ValueError(f"Dialogue {self.id!r}: {name!r} must have {length} rows, got {rows}.")

    def _rows(self) -> dict[str, int]:
        """Number of rows of every tensor that needs one row per turn."""
        rows = {"speaker": len(self.speaker), "start": len(self.start)}
        if isinstance(self.features, LazyFeatures):
            return rows | {"features": self.features.turns}
        return rows | {modality: len(matrix) for modality, matrix in self.features.items()}

    def __len__(self) -> int:
        return len(self.utterance_ids)

    def __repr__(self) -> str:
        shares = self.available.float().mean(dim=0).tolist()
        size = counted(len(self), "turn"), counted(len(self.speakers), "speaker")
        has = (f"{name} {100 * share:.0f} %" for name, share in zip(self.features, shares, strict=True))
        return short_repr(self, self.id, *size, *has)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of the columns of `available`."""
        return tuple(self.features)

    @property
    def present(self) -> Available:
        """Modalities that were recorded, whether they are hidden or not, ``[N, M]``."""
        return self.available if self.recorded is None else self.recorded

    def with_available(self, available: Available) -> "Dialogue":
        """Copy in which modalities that are False in ``available`` ``[N, M]`` are hidden, too."""
        return replace(self, available=self.available & available, recorded=self.present)

    def never_recorded(self, lost: Available) -> "Dialogue":
        """Copy in which modalities that are True in ``lost`` ``[N, M]`` count as never recorded."""
        recorded = None if self.recorded is None else self.recorded & ~lost
        return replace(self, available=self.available & ~lost, recorded=recorded)

    def with_modalities(self, widths: Mapping[str, int]) -> "Dialogue":
        """Copy with these modalities in this order; modalities that it lacks are missing in every turn."""
        never = torch.zeros(len(self), dtype=torch.bool)

        def aligned(mask: Available) -> Available:
            column = dict(zip(self.features, mask.T, strict=True))
            return torch.stack([column.get(modality, never) for modality in widths], dim=1)

        return replace(
            self,
            features={m: self.features.get(m, torch.zeros(len(self), width)) for m, width in widths.items()},
            available=aligned(self.available),
            recorded=None if self.recorded is None else aligned(self.recorded),
        )

    def unlabelled(self) -> "Dialogue":
        """Copy without annotations."""
        return replace(self, emotion=(None,) * len(self), causes={})

    @classmethod
    def from_utterances(
        cls,
        id: str,
        utterances: Sequence[Utterance],
        *,
        widths: Mapping[str, int] | None = None,
        session: str | None = None,
        first: int = 0,
    ) -> "Dialogue":
        """Build a dialogue from its turns.

        Args:
            id: id of the dialogue.
            utterances: turns in temporal order.
            widths: features per modality, ``{modality: D_m}``; inferred from the turns if omitted, in the
                order of first occurrence. Needed if a modality may be missing in every turn.
            session: recording session.
            first: number of the first of these turns, for ids and messages, if other turns precede it.

        Raises:
            ValueError: if there are no turns, a width is wrong, a modality, `reply_to` or a cause is unknown,
                or an id occurs twice.

        Example:
            >>> turns = [Utterance("Ann", {"text": [1.0, 2.0]}, "joy"), Utterance("Bob")]
            >>> demo = Dialogue.from_utterances("demo", turns)
            >>> demo.available.tolist(), demo.speakers
            ([[True], [False]], ('Ann', 'Bob'))
        """
        found = _widths(utterances) if widths is None else dict(widths)
        features, available = _align(id, utterances, found, first)
        return cls.from_columns(
            id,
            utterance_ids=[turn.id or f"{id}_{position}" for position, turn in enumerate(utterances, first)],
            speaker=[turn.speaker for turn in utterances],
            features=features,
            available=available,
            emotion=[turn.emotion for turn in utterances],
            text=[turn.text for turn in utterances],
            start=_seconds([turn.start for turn in utterances]),
            end=_seconds([turn.end for turn in utterances]),
            reply_to=[turn.reply_to for turn in utterances],
            causes=[turn.causes for turn in utterances],
            session=session,
        )

    @classmethod
    def from_columns(
        cls,
        id: str,
        *,
        utterance_ids: Sequence[str],
        speaker: Sequence[str],
        features: Mapping[str, Features],
        available: Available,
        emotion: Sequence[Emotion],
        text: Sequence[str | None],
        start: Tensor,
        end: Tensor,
        reply_to: Sequence[str | None],
        causes: Sequence[Sequence[str] | None],
        session: str | None = None,
    ) -> "Dialogue":
        """Build a dialogue from columns with one entry per turn.

        Args:
            id: id of the dialogue.
            utterance_ids: id of each turn.
            speaker: name of the speaker of each turn.
            features: one matrix per modality.
            available: whether a turn has a modality.
            emotion: annotation of each turn.
            text: transcript of each turn.
            start: start time of each turn in seconds, NaN if unknown.
            end: end time of each turn in seconds, NaN if unknown.
            reply_to: id of the turn that a turn replies to.
            causes: ids of the turns that cause the emotion of a turn; ``None`` if not annotated.
            session: recording session.

        Shapes:
            features ``{m: [N, D_m]}``; available ``[N, M]``; start, end ``[N]``.

        Raises:
            ValueError: if there are no turns, lengths differ, `reply_to` or a cause is unknown, or an id
                occurs twice.
        """
        number = {name: place for place, name in enumerate(dict.fromkeys(speaker))}
        ids = tuple(utterance_ids)
        return cls(
            id=id,
            utterance_ids=ids,
            speakers=tuple(number),
            speaker=torch.tensor([number[name] for name in speaker], dtype=torch.long),
            features=features,
            available=available,
            emotion=tuple(emotion),
            text=tuple(text),
            start=start,
            end=end,
            reply_to=_positions(id, ids, reply_to),
            session=session,
            causes=_causes(id, ids, causes),
        )


def _seconds(times: list[float | None]) -> Tensor:
    return torch.tensor([float("nan") if time is None else time for time in times], dtype=torch.float32)


def _positions(dialogue: str, ids: tuple[str, ...], reply_to: Sequence[str | None]) -> Tensor:
    if not any(name is not None for name in reply_to):
        return torch.full((len(reply_to),), -1)
    position = {name: number for number, name in enumerate(ids)}
    unknown = [name for name in reply_to if name is not None and name not in position]
    if unknown:
        raise ValueError(
            f"Dialogue {dialogue!r}: `reply_to` names {unknown[0]!r}, which is not a turn of this dialogue."
        )
    return torch.tensor([-1 if name is None else position[name] for name in reply_to], dtype=torch.long)


def _causes(
    dialogue: str, ids: tuple[str, ...], named: Sequence[Sequence[str] | None]
) -> dict[int, tuple[int, ...]]:
    causes = {turn: names for turn, names in enumerate(named) if names is not None}
    if not causes:
        return {}
    position = {name: number for number, name in enumerate(ids)}
    unknown = [name for names in causes.values() for name in names if name not in position]
    if unknown:
        raise ValueError(
            f"Dialogue {dialogue!r}: `causes` names {unknown[0]!r}, which is not a turn of this dialogue."
        )
    return {turn: tuple(sorted({position[name] for name in names})) for turn, names in causes.items()}


def _widths(utterances: Sequence[Utterance]) -> dict[str, int]:
    widths: dict[str, int] = {}
    for turn in utterances:
        for modality, vector in turn.features.items():
            widths.setdefault(modality, len(vector))
    return widths


def _align(
    dialogue: str, utterances: Sequence[Utterance], widths: Mapping[str, int], first: int
) -> tuple[dict[str, Features], Available]:
    features = {modality: torch.zeros(len(utterances), width) for modality, width in widths.items()}
    available = torch.zeros(len(utterances), len(widths), dtype=torch.bool)
    column = {modality: number for number, modality in enumerate(widths)}
    for position, turn in enumerate(utterances):
        for modality, vector in turn.features.items():
            where = f"Turn {first + position} of dialogue {dialogue!r}"
            if modality not in column:
                raise ValueError(f"{where}: unknown modality {modality!r}; known are {list(column)}.")
            row = torch.as_tensor(vector, dtype=torch.float32)
            if row.shape != (widths[modality],):
                raise ValueError(
                    f"{where}: {modality!r} must have shape ({widths[modality]},), got {tuple(row.shape)}."
                )
            if not bool(torch.isfinite(row).all()):
                raise ValueError(
                    f"{where}: {modality!r} holds NaN or infinity; leave the modality out instead."
                )
            features[modality][position] = row
            available[position, column[modality]] = True
    return features, available

"""Streaming: a dialogue that is predicted turn by turn."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from graphmer.dialogue import Dialogue, Emotion, Utterance
from graphmer.graph.stream import StreamedEdges
from graphmer.inference.prediction import predictions, turn_records
from graphmer.inference.reader import DialogueReader, Reading
from graphmer.inference.turn_record import TurnRecord
from graphmer.training.model_file import TrainedModel


class DialogueStream:
    """A dialogue that is predicted turn by turn, as it comes in; made by `Predictor.stream`.

    The prediction of a turn is that of `Predictor.predict` for the whole dialogue, to rounding. Each turn may
    have any modalities, or none, and a modality that arrives late may be added with `correct`.

    A model whose experts have an `attention_window` and whose edges have limits takes the same time for each
    turn, however long the dialogue is. Edges from a speaker's own turns are counted in turns of that speaker,
    which may be long ago; they are exact.

    Args:
        trained: a causal model of a system that streams.
        device: of the model.
        id: of the dialogue.
        speakers: names of the speakers, where they are known; others may join with any turn.
        corrections: how many of the latest turns may still be corrected. The more, the more is cached.

    Raises:
        ValueError: if the system does not stream, the model is not causal, has an edge rule that cannot
            follow a dialogue, retrieves training utterances, estimates reliability, or `corrections` is
            negative.

    Example:
        >>> import graphmer as gm
        >>> stream = gm.load("runs/live").stream()  # doctest: +SKIP
        >>> stream.append(gm.Utterance("Ann", {"text": vector})).emotion  # doctest: +SKIP
        'happy'
    """

    def __init__(
        self,
        trained: TrainedModel,
        device: torch.device,
        id: str = "stream",
        *,
        speakers: Sequence[str] = (),
        corrections: int = 20,
    ) -> None:
        if corrections < 0:
            raise ValueError(f"`corrections` must be a number of turns >= 0; got {corrections}.")
        if not trained.system.streams:
            raise ValueError(f"The system {trained.system.name} cannot stream; predict the whole dialogue.")
        if trained.model.retrieval_memory is not None:
            raise ValueError(
                "A model that retrieves training utterances cannot stream; train one with `retrieval.test` "
                "false."
            )
        if getattr(trained.settings.network, "reliability", 0):
            raise ValueError(
                "A model that estimates reliability cannot stream; train one with `model.reliability` 0."
            )
        self.id = id
        self.emotions: dict[str, list[Emotion]] = {speaker: [] for speaker in speakers}
        self._trained = trained
        self._corrections = corrections
        self._reader = DialogueReader(
            trained.model, StreamedEdges(trained.build), corrections=corrections, device=device
        )
        self._ids: list[str] = []
        self._turn: dict[str, int] = {}
        self._latest: dict[int, Utterance] = {}

    def __len__(self) -> int:
        return len(self._reader)

    def append(self, utterance: Utterance) -> TurnRecord:
        """Prediction of the next turn. Its annotation and the turn it replies to are not read.

        Raises:
            ValueError: on an unknown modality, a wrong width, a value that is not finite, or a repeated id;
                the stream can continue without that turn.
        """
        turn = len(self)
        dialogue = self._standardised([utterance], turn)
        id = dialogue.utterance_ids[0]
        if id in self._turn:
            raise ValueError(
                f"Turn {turn} of dialogue {self.id!r}: the id {id!r} occurs twice; ids must be unique."
            )
        (record,) = self._read(dialogue)
        self._ids.append(id)
        self._turn[id] = turn
        self._latest[turn] = replace(utterance, id=id)
        self._latest.pop(turn - self._corrections, None)
        return record

    def correct(self, turn: int | str, features: Mapping[str, Any]) -> list[TurnRecord]:
        """Give a turn modalities that arrived late, or better ones; all else it has stays.

        Args:
            turn: its number or id; one of the latest `corrections` turns.
            features: one vector ``[D_m]`` for each modality that is new or changed.

        Returns:
            the new predictions of that turn and of all after it.

        Raises:
            ValueError: if there is no such turn, it is too long ago, or as `append`; the stream is unchanged
                then.
        """
        number = self._turn.get(turn, -1) if isinstance(turn, str) else turn
        if not 0 <= number < len(self):
            raise ValueError(f"Dialogue {self.id!r} has no turn {turn!r} yet; it has {len(self)} turns.")
        if number not in self._latest:
            raise ValueError(
                f"Turn {turn!r} of dialogue {self.id!r} can no longer be corrected; only the latest "
                f"{self._corrections} can. Open the stream with more `corrections`."
            )
        utterances = [self._latest[later] for later in range(number, len(self))]
        utterances[0] = replace(utterances[0], features={**utterances[0].features, **features})
        dialogue = self._standardised(utterances, number)
        self._reader.truncate(number)
        for utterance in reversed(utterances):
            self.emotions[utterance.speaker].pop()
        self._latest[number] = utterances[0]
        return self._read(dialogue)

    def _standardised(self, utterances: Sequence[Utterance], first: int) -> Dialogue:
        trained = self._trained
        plain = [replace(utterance, emotion=None, reply_to=None, causes=None) for utterance in utterances]
        widths = trained.widths
        dialogue = Dialogue.from_utterances(self.id, plain, widths=widths, first=first)
        return trained.encoded(trained.standardiser(dialogue))

    def _read(self, dialogue: Dialogue) -> list[TurnRecord]:
        names = [dialogue.speakers[number] for number in dialogue.speaker.tolist()]
        for name in names:
            self.emotions.setdefault(name, [])
        speakers = tuple(self.emotions)
        reading = self._reader.read(dialogue, [speakers.index(name) for name in names])
        joined = self._joined(dialogue, reading, speakers)
        (prediction,) = predictions(self._trained, [joined], reading.graph, reading.output, reading.chain)
        self._reader.keep(reading)
        found = list(turn_records(prediction, self._trained.labels))[-reading.new :]
        for record in found:
            self.emotions[record.speaker].append(record.emotion)
        turns = reading.turns[-reading.new :]
        return [replace(record, turn=turn) for record, turn in zip(found, turns, strict=True)]

    def _joined(self, dialogue: Dialogue, reading: Reading, speakers: tuple[str, ...]) -> Dialogue:
        """New turns after the earlier ones that they are compared with, which have speakers only."""
        before = len(reading.turns) - reading.new

        def below(rows: Tensor) -> Tensor:
            return pad(rows, (0, 0) * (rows.ndim - 1) + (before, 0))

        return replace(
            dialogue,
            utterance_ids=tuple(self._ids[turn] for turn in reading.turns[:before]) + dialogue.utterance_ids,
            speakers=speakers,
            speaker=reading.graph.speaker.cpu(),
            features={modality: below(rows) for modality, rows in dialogue.features.items()},
            available=below(dialogue.available),
            emotion=(None,) * len(reading.turns),
            text=(None,) * before + dialogue.text,
            start=below(dialogue.start),
            end=below(dialogue.end),
            reply_to=torch.full((len(reading.turns),), -1),
        )

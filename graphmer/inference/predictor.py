"""A trained model that reads new dialogues."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch_geometric.data import Batch

from graphmer.dialogue import Dialogue, Emotion
from graphmer.dialogue.missing import MissingProtocol
from graphmer.errors import CheckpointError, GraphmerError
from graphmer.graph import DialogueGraph, EdgeRule
from graphmer.inference.information_gain import (
    FILE,
    ExpectedInformationGain,
    Help,
    ModalitySet,
    Only,
    subsets,
)
from graphmer.inference.what_if import WhatIf, modalities_of, set_name
from graphmer.nn.chain import ChainCache
from graphmer.nn.output import ModelOutput
from graphmer.training.model_file import TrainedModel, load_model

if TYPE_CHECKING:
    from graphmer.inference.stream import DialogueStream


@dataclass(frozen=True, eq=False)
class DialoguePrediction:
    """What a model says of each turn of one dialogue.

    Attributes:
        dialogue: what the model read: its modalities in its order (encoded, where it reads encoded features),
            without annotations.
        emotion: most probable emotion of each turn, or its score. A model with a decoder decides the turns of
            a speaker together, so that it need not be the largest of `probability`.
        probability: of each class ``[N, C]``; the score ``[N, 1]`` where the target is one.
        change: probability that the emotion differs from that of the speaker's previous turn, ``[N]``; NaN on
            a first turn and for scores.
        router: weight of (utterance, input modality, expert), ``[N, M, M]``; zero where the input is missing.
        change_called: whether `change` reaches the threshold fitted on validation, bool ``[N]``, false on a
            first turn. It may contradict the emotions. ``None`` for a model that judges changes by its
            emotions only, which has neither a change head nor a decoder.
    """

    dialogue: Dialogue
    emotion: tuple[Emotion, ...]
    probability: Tensor
    change: Tensor
    router: Tensor
    change_called: Tensor | None = None


class Predictor:
    """A trained model with its normalisation, graph and labels.

    Args:
        trained: what a run folder holds.
        device: where it computes.
        gains: what a missing modality would be expected to add; ``None`` where that was not measured.
    """

    def __init__(
        self,
        trained: TrainedModel,
        device: torch.device | str = "cpu",
        gains: ExpectedInformationGain | None = None,
    ) -> None:
        self.trained = trained
        self.gains = gains
        self.device = torch.device(device)
        self.model = trained.model.to(self.device).eval()

    def predict(self, dialogue: Dialogue) -> DialoguePrediction:
        """Emotions, probabilities and router weights of one dialogue; annotations are not read.

        Modalities may come in any order, and ones missing throughout may be left out.

        Raises:
            ValueError: if a modality is unknown to the model or has another width.
        """
        return next(self.predict_many([dialogue]))

    def predict_many(
        self, dialogues: Iterable[Dialogue], *, missing: MissingProtocol | None = None, nodes: int = 2000
    ) -> Iterator[DialoguePrediction]:
        """Predictions of dialogues in their order; only one batch of them is in memory at a time.

        Where a dialogue is faulty, those before it are answered first.

        Args:
            dialogues: any number, read as they are needed.
            missing: what to hide from the model.
            nodes: utterances from which on a batch is complete.

        Raises:
            ValueError: as `predict`.
        """
        return self._answers((self._seen(dialogue, missing) for dialogue in dialogues), nodes)

    def what_if(self, dialogue: Dialogue) -> WhatIf:
        """What would be said of a dialogue without some of its modalities, and which missing one would help.

        Raises:
            ValueError: as `predict`.

        Example:
            ``gm.load("runs/iemocap").what_if(dialogue).under["t"].emotion`` are the emotions from text alone.
        """
        return next(self.what_if_many([dialogue]))

    def what_if_many(
        self, dialogues: Iterable[Dialogue], *, missing: MissingProtocol | None = None, nodes: int = 2000
    ) -> Iterator[WhatIf]:
        """`what_if` of dialogues in their order, all sets of modalities in shared batches.

        Args:
            dialogues: any number, read as they are needed.
            missing: what to hide from the model before anything else.
            nodes: utterances from which on a batch is complete; each set counts.

        Raises:
            ValueError: as `predict`.
        """
        waiting: deque[list[str]] = deque()

        def views() -> Iterator[Dialogue]:
            for dialogue in dialogues:
                seen = self._seen(dialogue, missing)
                sets = subsets(modalities_of(seen))
                waiting.append([set_name(chosen, seen.modalities) for chosen in sets])
                yield from (Only(chosen).apply(seen, seed=0) for chosen in sets)

        answers = self._answers(views(), nodes)
        for first in answers:
            names = waiting.popleft()
            under = {names[0]: first, **{name: next(answers) for name in names[1:]}}
            actual = under[names[-1]]
            turns = range(len(actual.dialogue))
            yield WhatIf(actual, under, tuple(self.help(modalities_of(actual.dialogue, t)) for t in turns))

    def help(self, available: ModalitySet) -> Help:
        """The missing modality that would be expected to help a turn with these most."""
        if self.trained.labels.is_score:
            return Help(None, None, 0, "a score has no entropy")
        if self.gains is None:
            return Help(None, None, 0, f"the model has no {FILE}; train it again")
        return self.gains.best(available)

    def _seen(self, dialogue: Dialogue, missing: MissingProtocol | None) -> Dialogue:
        """The dialogue as the model reads it."""
        standard = self.trained.standardiser(self._aligned(dialogue))
        # damage meets the features, not what the encoder reads from them
        return self.trained.encoded(standard if missing is None else missing.apply(standard, seed=0))

    def _answers(self, dialogues: Iterator[Dialogue], nodes: int) -> Iterator[DialoguePrediction]:
        """Predictions batch by batch; a fault of the source is raised after all before it is answered."""
        failure: Exception | None = None
        while failure is None:
            waiting: list[Dialogue] = []
            try:
                while sum(map(len, waiting)) < nodes:
                    waiting.append(next(dialogues))
            except (StopIteration, GraphmerError, ValueError) as error:
                failure = error
            if waiting:
                yield from self._predict_batch(waiting)
        if not isinstance(failure, StopIteration):
            raise failure

    def _predict_batch(self, dialogues: list[Dialogue]) -> Iterator[DialoguePrediction]:
        batch = Batch.from_data_list([self.trained.build(dialogue) for dialogue in dialogues]).to(self.device)
        with torch.inference_mode():
            output = self.model(batch)
        return self.answers(dialogues, batch, output)

    def answers(
        self,
        dialogues: Sequence[Dialogue],
        batch: DialogueGraph,
        output: ModelOutput,
        memory: ChainCache | None = None,
    ) -> Iterator[DialoguePrediction]:
        """What the model's output says of each dialogue.

        Args:
            dialogues: what the model read, standardised.
            batch: their graphs.
            output: what the model said of them.
            memory: what a causal decoder knows of earlier turns; it is completed.
        """
        labels = self.trained.labels
        called: Tensor | None = None
        with torch.inference_mode():
            if labels.is_score:
                probability = output.emotion_logits.float().cpu()
                emotion, change = probability.squeeze(1), torch.full((len(probability),), torch.nan)
            else:
                said = self.model.decide(output, batch, memory=memory)
                probability, emotion, change = said.probability.cpu(), said.emotion.cpu(), said.change.cpu()
                called = said.changed.cpu() if self.model.knows_change else None
        decided, router = labels.decode(emotion), output.mixture.weight.float().cpu()
        begin = 0
        for dialogue in dialogues:
            turns = slice(begin, begin + len(dialogue))
            begin += len(dialogue)
            yield DialoguePrediction(
                dialogue,
                tuple(decided[turns]),
                probability[turns],
                change[turns],
                router[turns],
                None if called is None else called[turns],
            )

    def stream(
        self, id: str = "stream", *, speakers: Sequence[str] = (), corrections: int = 20
    ) -> "DialogueStream":
        """A dialogue that is read turn by turn, as it comes in; see `DialogueStream`.

        Args:
            id: what to call it.
            speakers: who takes part, where that is known; others may join with any turn.
            corrections: how many of the latest turns may still be corrected.

        Raises:
            ValueError: if the model hears later turns, or has an edge rule that cannot follow a dialogue.
        """
        from graphmer.inference.stream import DialogueStream

        return DialogueStream(self, id, speakers=speakers, corrections=corrections)

    def _aligned(self, dialogue: Dialogue) -> Dialogue:
        """The dialogue with the model's modalities in the model's order and without annotations."""
        widths = self.trained.widths
        for modality, rows in dialogue.features.items():
            if modality not in widths:
                raise ValueError(
                    f"Dialogue {dialogue.id!r} has the modality {modality!r}; the model knows "
                    f"{list(widths)}. Rename it or leave it out."
                )
            if rows.shape[1] != widths[modality]:
                raise ValueError(
                    f"Dialogue {dialogue.id!r}: {modality!r} must have width {widths[modality]}, "
                    f"got {rows.shape[1]}. Use the features the model was trained on."
                )
        return dialogue.unlabelled().with_modalities(widths)


def load(
    run: str | Path,
    *,
    fold: int | None = None,
    seed: int | None = None,
    device: torch.device | str = "cpu",
    rules: Mapping[str, EdgeRule] | None = None,
) -> Predictor:
    """A predictor from a run folder.

    Args:
        run: folder that `graphmer train` made.
        fold: which fold's model, counted from 1; the first one there when left out.
        seed: which seed's model; the first one there when left out.
        device: where it computes.
        rules: edge rules of one's own, if the model was trained with some.

    Raises:
        CheckpointError: if there is no such run, fold or seed, or a file is damaged.
    """
    folder = model_folder(Path(run), fold, seed)
    gains = ExpectedInformationGain.load(folder / FILE) if (folder / FILE).is_file() else None
    return Predictor(load_model(folder, rules), device, gains)


def model_folder(run: Path, fold: int | None = None, seed: int | None = None) -> Path:
    """Folder of one trained model within a run.

    Raises:
        CheckpointError: if the run has no finished model of that fold and seed.
    """
    wanted = f"fold{'*' if fold is None else fold}-seed{'*' if seed is None else seed}"
    found = sorted((path.parent for path in run.glob(f"{wanted}/model.json")), key=_numbers)
    if not found:
        there = sorted(path.parent.name for path in run.glob("fold*-seed*/model.json"))
        raise CheckpointError(
            f"{run}: no finished model {wanted}; there are {there or 'none'}. Name a run folder that "
            "`graphmer train` finished."
        )
    return found[0]


def _numbers(folder: Path) -> tuple[int, int]:
    fold, seed = folder.name.removeprefix("fold").split("-seed")
    return int(fold), int(seed)

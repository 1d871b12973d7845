"""Predictor: a trained model applied to new dialogues."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from graphmer.dialogue import Dialogue
from graphmer.dialogue.missing import MissingProtocol
from graphmer.errors import CheckpointError, GraphmerError
from graphmer.graph import EdgeRule
from graphmer.inference.acquisition import Acquisition, acquisitions
from graphmer.inference.information_gain import FILE, ExpectedInformationGain, Help
from graphmer.inference.leaving_out import explained
from graphmer.inference.modality_sets import ModalitySet, Only, modalities_of, subsets
from graphmer.inference.pack import EXTRACTORS, downloaded, unpacked
from graphmer.inference.pattern import PatternShift
from graphmer.inference.prediction import DialoguePrediction, predictions
from graphmer.inference.stream import DialogueStream
from graphmer.inference.threads import in_threads
from graphmer.inference.what_if import WhatIf, set_name
from graphmer.reprs import counted, short_repr
from graphmer.systems import SYSTEMS, System
from graphmer.training.model_file import TrainedModel, load_model

NODES = 1000
"""Utterances from which on a batch is complete; what a network makes of more leaves a processor's cache."""


class Predictor:
    """A trained model with its normalisation, graph and labels.

    Args:
        trained: content of a run folder.
        device: on which it computes.
        gain: expected information gain of missing modalities; ``None`` where it was not measured.

    Attributes:
        shift: counts of the missing patterns that were read, of a model that reads them; ``None`` for others.
    """

    def __init__(
        self,
        trained: TrainedModel,
        device: torch.device | str = "cpu",
        gain: ExpectedInformationGain | None = None,
    ) -> None:
        self.trained = trained
        self.gain = gain
        self.shift = PatternShift.of(trained)
        self.device = torch.device(device)
        self.model = trained.model.to(self.device).eval()

    @classmethod
    def load(cls, run: str | Path, **choices: Any) -> "Predictor":
        """The same as `graphmer.load`."""
        return load(run, **choices)

    def __repr__(self) -> str:
        labels, widths = self.trained.labels, self.trained.widths
        facts = ["score" if labels.is_score else counted(len(labels.names), "emotion")]
        facts += [f"{modality} {width}" for modality, width in widths.items()]
        facts += ["causal"] * self.trained.build.causal + [str(self.device)]
        return short_repr(self, str(self.trained.facts.get("corpus", "given dialogues")), *facts)

    def ignore_pattern(self) -> None:
        """Predict without the missing pattern from now on: where it has other reasons than in training.

        Raises:
            ValueError: if the model reads none.
        """
        if self.shift is None:
            raise ValueError(
                "The model reads no missing pattern; it was trained without `model.missing_pattern`."
            )
        self.shift.pattern.ignored = True

    def predict(self, dialogue: Dialogue) -> DialoguePrediction:
        """Emotions, probabilities and router weights of one dialogue; annotations are not read.

        Modalities may come in any order, and ones missing throughout may be left out.

        Raises:
            ValueError: if a modality is unknown to the model or has another width.
        """
        return next(self.predict_many([dialogue]))

    def predict_many(
        self,
        dialogues: Iterable[Dialogue],
        *,
        missing: MissingProtocol | None = None,
        nodes: int = NODES,
        workers: int = 1,
    ) -> Iterator[DialoguePrediction]:
        """Predictions of dialogues in their order; only few batches of them are in memory at a time.

        Before the error of a faulty dialogue is raised, the dialogues before it are predicted.

        Args:
            dialogues: any number, read as they are needed.
            missing: protocol that masks modalities.
            nodes: utterances from which on a batch is complete.
            workers: batches that are predicted at a time, each by one thread of its own; the predictions are
                the same. 1 predicts in the calling thread, with torch's number of threads.

        Raises:
            ValueError: as `predict`.
        """
        return self._batches((self._input(dialogue, missing) for dialogue in dialogues), nodes, workers)

    def what_if(self, dialogue: Dialogue) -> WhatIf:
        """Predictions of a dialogue without some of its modalities, and the missing one of most expected use.

        Raises:
            ValueError: as `predict`.

        Example:
            ``gm.load("runs/iemocap").what_if(dialogue).under["t"].emotion`` are the emotions from text alone.
        """
        return next(self.what_if_many([dialogue]))

    def what_if_many(
        self, dialogues: Iterable[Dialogue], *, missing: MissingProtocol | None = None, nodes: int = NODES
    ) -> Iterator[WhatIf]:
        """`what_if` of dialogues in their order, all sets of modalities in shared batches.

        Args:
            dialogues: any number, read as they are needed.
            missing: protocol that masks modalities first.
            nodes: utterances from which on a batch is complete; each set counts.

        Raises:
            ValueError: as `predict`, or if the system has no predictions without some modalities.
        """
        self._require_what_if()
        waiting: deque[list[str]] = deque()

        def views() -> Iterator[Dialogue]:
            for dialogue in dialogues:
                seen = self._input(dialogue, missing)
                sets = subsets(modalities_of(seen))
                waiting.append([set_name(chosen, seen.modalities) for chosen in sets])
                yield from (Only(chosen).apply(seen, seed=0) for chosen in sets)

        found = self._batches(views(), nodes)
        for first in found:
            names = waiting.popleft()
            under = {names[0]: first, **{name: next(found) for name in names[1:]}}
            actual = under[names[-1]]
            turns = range(len(actual.dialogue))
            yield WhatIf(actual, under, tuple(self.help(modalities_of(actual.dialogue, t)) for t in turns))

    def leave_out_many(
        self, dialogues: Iterable[Dialogue], *, missing: MissingProtocol | None = None, nodes: int = NODES
    ) -> Iterator[DialoguePrediction]:
        """Predictions with the turns that speak for each change and emotion, found by leaving turns out.

        A turn that is left out is there without any modality. What is explained is the probability of the
        change where the predicted emotion changes, and else that of the predicted emotion. A dialogue of
        ``N`` turns is predicted ``N + 1`` times, in shared batches.

        Args:
            dialogues: any number, read as they are needed.
            missing: protocol that masks modalities first.
            nodes: utterances from which on a batch is complete.

        Raises:
            ValueError: as `predict`, or for a system without such predictions, or a model of scores.
        """
        self._require_what_if()
        if self.trained.labels.is_score:
            raise ValueError("Leaving turns out explains classes; this model predicts a score.")
        waiting: deque[list[int]] = deque()

        def views() -> Iterator[Dialogue]:
            for dialogue in dialogues:
                seen = self._input(dialogue, missing)
                turns = seen.available.any(dim=1).nonzero()[:, 0].tolist()
                waiting.append(turns)
                yield seen
                rows = torch.arange(len(seen))
                yield from (seen.with_available((rows != turn)[:, None]) for turn in turns)

        found = self._batches(views(), nodes)
        for full in found:
            without = {turn: next(found) for turn in waiting.popleft()}
            yield explained(full, without)

    def acquire_many(
        self,
        dialogues: Iterable[Dialogue],
        costs: Mapping[str, float],
        budget: float,
        *,
        missing: MissingProtocol | None = None,
        nodes: int = NODES,
    ) -> Iterator[Acquisition]:
        """Which missing modalities to acquire under a budget, for which turns; see `acquisitions`.

        All dialogues are read first, of which only the entropies stay in memory.

        Args:
            dialogues: any number.
            costs: of modalities, > 0; 1 for each that is left out.
            budget: largest sum of costs.
            missing: protocol that masks modalities first.
            nodes: utterances from which on a batch is complete.

        Raises:
            ValueError: as `predict`, if a cost or the budget is invalid, or the model has no gains.
        """
        self._require_what_if()
        if self.trained.labels.is_score:
            raise ValueError("Gains of information are those of classes; this model predicts a score.")
        if self.gain is None or not self.gain.reveals:
            raise ValueError(f"The model has no gains of revealed modalities in {FILE}; train it again.")
        unknown = [modality for modality in costs if modality not in self.trained.widths]
        if unknown:
            raise ValueError(f"No modality {unknown[0]!r}; the model has {list(self.trained.widths)}.")
        every = {modality: float(costs.get(modality, 1.0)) for modality in self.trained.widths}
        found = self.predict_many(dialogues, missing=missing, nodes=nodes)
        return acquisitions(found, self.gain.reveals, every, budget)

    def _require_what_if(self) -> None:
        system = self.trained.system
        if not system.what_if:
            raise ValueError(f"The system {system.name} makes no predictions without some modalities.")

    def help(self, available: ModalitySet) -> Help:
        """The missing modality of the largest expected information gain for a turn with these."""
        if self.trained.labels.is_score:
            return Help(None, None, 0, "a score has no entropy")
        if self.gain is None:
            return Help(None, None, 0, f"the model has no {FILE}; train it again")
        return self.gain.best(available)

    def _input(self, dialogue: Dialogue, missing: MissingProtocol | None) -> Dialogue:
        """The dialogue as the network reads it."""
        standard = self.trained.standardiser(self._aligned(dialogue))
        if self.shift is not None:
            self.shift.add(standard)
        # damage applies to the features, before the encoder reads them
        return self.trained.encoded(standard if missing is None else missing.apply(standard, seed=0))

    def _batches(
        self, dialogues: Iterator[Dialogue], nodes: int, workers: int = 1
    ) -> Iterator[DialoguePrediction]:
        """Predictions batch by batch; an error of the source is raised after the predictions before it."""
        failure: Exception | None = None

        def complete() -> Iterator[list[Dialogue]]:
            nonlocal failure
            while failure is None:
                waiting: list[Dialogue] = []
                size = 0
                try:
                    while size < nodes:
                        waiting.append(next(dialogues))
                        size += len(waiting[-1])
                except (StopIteration, GraphmerError, ValueError) as error:
                    failure = error
                if waiting:
                    yield waiting

        for found in in_threads(self._predict_batch, complete(), workers):
            yield from found
        if failure is not None and not isinstance(failure, StopIteration):
            raise failure

    def _predict_batch(self, dialogues: list[Dialogue]) -> list[DialoguePrediction]:
        batch = self.trained.build.joined(dialogues).to(self.device)
        with torch.inference_mode():
            output = self.model(batch)
            causes = None if self.model.cause_head is None else self.model.causes(output, batch).cpu()
        return list(predictions(self.trained, dialogues, batch, output, causes=causes))

    def stream(
        self, id: str = "stream", *, speakers: Sequence[str] = (), corrections: int = 20
    ) -> DialogueStream:
        """A dialogue that is predicted turn by turn, as it comes in; see `DialogueStream`.

        Args:
            id: of the dialogue.
            speakers: names of the speakers, where they are known; others may join with any turn.
            corrections: how many of the latest turns may still be corrected.

        Raises:
            ValueError: if the system or the model cannot stream, or an edge rule cannot follow a dialogue.
        """
        return DialogueStream(self.trained, self.device, id, speakers=speakers, corrections=corrections)

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
    systems: Mapping[str, System] = SYSTEMS,
) -> Predictor:
    """A predictor from a run folder, a pack, or the Hugging Face hub.

    Args:
        run: folder that `graphmer train` made, file that `graphmer pack` made, or the id of a repository on
            the hub with such a file, ``graphmer.zip``.
        fold: which fold's model, counted from 1; the first one there when left out.
        seed: which seed's model; the first one there when left out.
        device: on which it computes.
        rules: custom edge rules, if the model was trained with some.
        systems: systems by name, with custom ones.

    Raises:
        CheckpointError: if there is no such run, fold or seed, or a file is damaged.
    """
    path = Path(run) if Path(run).exists() else downloaded(str(run)) or Path(run)
    packed = path.is_file()
    if packed and (fold, seed) != (None, None):
        raise CheckpointError(f"{run}: a pack holds one model. Leave fold and seed out.")
    folder = unpacked(path) if packed else model_folder(path, fold, seed)
    trained = load_model(folder, rules, systems)
    if packed:
        trained = replace(trained, facts=_unpacked_facts(trained.facts, folder))
    gain = ExpectedInformationGain.load(folder / FILE) if (folder / FILE).is_file() else None
    return Predictor(trained, device, gain)


def _unpacked_facts(facts: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Facts of a packed model, in which extractors that are in the pack have their place there."""
    extractors = dict(facts.get("extractors", {}))
    for modality, stored in extractors.items():
        own = folder / EXTRACTORS / modality
        if not own.is_dir():
            continue
        one, further = own / Path(stored["model"]).name, stored.get("files", {})
        places = {setting: str(own / Path(place).name) for setting, place in further.items()}
        extractors[modality] = {**stored, "model": str(one if one.is_file() else own), "files": places}
    return {**facts, "extractors": extractors} if extractors else dict(facts)


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

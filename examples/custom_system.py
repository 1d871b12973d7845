"""A system that is not part of graphmer: a bidirectional GRU over the dialogue, trained in two stages.

Trains on simulated dialogues for about a minute (no figure says anything about real speech), evaluates under
all missing-modality conditions, stores the run, loads it and predicts a dialogue.

    python examples/custom_system.py
"""

import sys
from pathlib import Path
from typing import Literal

import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence, unpack_sequence

import graphmer as gm


class GruSettings(gm.NetworkSettings):
    """Settings of the system, the only definition of each."""

    system: Literal["bigru"] = "bigru"
    width: int = 64
    reconstruction: float = 0.2


class GruNetwork(gm.Network):
    """Bidirectional GRU over the turns, whose missing modalities are zeros."""

    def __init__(self, settings: GruSettings, signature: gm.Signature) -> None:
        super().__init__(settings, signature)
        self.width = 2 * settings.width
        self.gru = nn.GRU(sum(signature.widths.values()), settings.width, bidirectional=True)
        self.reconstruct = nn.ModuleDict({m: nn.Linear(self.width, d) for m, d in signature.widths.items()})
        self.emotion = nn.Linear(self.width, signature.outputs)

    def forward(self, graph: gm.DialogueGraph) -> gm.NetworkOutput:
        available = graph.available[:, :, None].unbind(1)
        masked = [graph[m].where(has, 0.0) for m, has in zip(self.modalities, available, strict=True)]
        turns = torch.unique_consecutive(graph.dialogue, return_counts=True)[1]
        dialogues = torch.cat(masked, dim=1).split(turns.tolist())
        states = unpack_sequence(self.gru(pack_sequence(dialogues, enforce_sorted=False))[0])
        state = torch.cat(states)
        return gm.NetworkOutput(
            self.emotion(state), state, {m: head(state) for m, head in self.reconstruct.items()}
        )


def reconstruction(model: gm.EmotionModel, graph: gm.DialogueGraph, output: gm.NetworkOutput) -> torch.Tensor:
    """Error of what was recorded and is masked."""
    features = {m: graph[m] for m in model.modalities}
    return gm.reconstruction_loss(output.reconstruction, features, graph.available, graph.present)


def pretrain(model: gm.EmotionModel, graph: gm.DialogueGraph, targets: gm.TrainingTargets) -> gm.LossTerms:
    """Stage 1: reconstruction alone."""
    return gm.LossTerms.weighted({"reconstruction": (1.0, reconstruction(model, graph, model(graph)))})


def classify(model: gm.EmotionModel, graph: gm.DialogueGraph, targets: gm.TrainingTargets) -> gm.LossTerms:
    """Stage 2: the losses of the logits and of the heads, with the reconstruction."""
    output = model(graph)
    terms = gm.prediction_losses(model, output, graph, targets)
    weight = model.network.settings.reconstruction
    return gm.LossTerms.weighted({**terms, "reconstruction": (weight, reconstruction(model, graph, output))})


BIGRU = gm.System(
    GruSettings,
    GruNetwork,
    objectives={
        "pretrain": gm.Objective(pretrain, trains=("network.gru", "network.reconstruct"), uses_targets=False),
        "classify": gm.Objective(classify),
    },
    stages=(
        gm.StageSettings(name="pretraining", objective="pretrain", epochs=3, mask="sets"),
        gm.StageSettings(name="training", objective="classify", epochs=20, mask="mixed"),
    ),
)


def main(runs: Path, *settings: str) -> gm.DialoguePrediction:
    """Train, evaluate, store, load and predict."""
    systems = {**gm.SYSTEMS, "bigru": BIGRU}
    chosen = ["name=bigru", "model={system: bigru}", "graph=none", "training.stages=null", "folds=[1]"]
    file = Path(__file__).with_name("simulated.yaml")
    run = gm.Run.begin(gm.load_config(file, [*chosen, *settings], systems), runs, systems=systems)
    scores = run.train()
    for row in scores.summary():
        if row.metric == "wa":
            print(f"SIMULATED {row.condition}: WA {100 * row.mean:.1f} %")
    predictor = gm.load(run.folder.path, systems=systems)
    return predictor.predict(run.components.corpus.dialogues[0])


if __name__ == "__main__":
    print(main(Path("runs"), *sys.argv[1:]))

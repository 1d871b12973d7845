"""One module from the features of a dialogue to its emotions: what is exported."""

import torch
from torch import Tensor, nn

from graphmer.export.chain import ChainInference, by_speaker
from graphmer.graph import DialogueGraph
from graphmer.nn.network import NetworkOutput
from graphmer.training.model_file import TrainedModel

GRAPH = ("edge_index", "edge_type")
"""Inputs of a model that reads edges."""

DECISION = ("probability", "emotion", "change", "changed")
"""Outputs of a model of classes."""

SCORE = ("score",)
"""Outputs of a model of scores."""


class DialogueModel(nn.Module):
    """Normalisation, network, decoder, change head and calibration of a trained model, for one dialogue.

    Inputs are a dictionary: each modality by its name, ``[N, D_m]`` as recorded, of which rows that are not
    available may hold anything; ``available`` bool ``[N, M]``; ``speaker`` long ``[N]``, a number for each
    speaker, from 0; and for a model that reads edges ``edge_index`` ``[2, E]`` and ``edge_type`` ``[E]``.

    Outputs are a dictionary as well: ``probability`` ``[N, C]``; ``emotion`` long ``[N]``; ``change``
    ``[N]``, NaN on a speaker's first turn; ``changed`` bool ``[N]``, whether it reaches the threshold. For
    scores: ``score`` ``[N]``.

    Args:
        trained: the model.
    """

    def __init__(self, trained: TrainedModel) -> None:
        super().__init__()
        self.model = trained.model
        self.is_score = trained.labels.is_score
        standardiser = trained.standardiser
        self.limit = standardiser.limit
        self.modalities = tuple(trained.widths)
        for m, modality in enumerate(self.modalities):
            self.register_buffer(f"mean_{m}", standardiser.mean[modality])
            self.register_buffer(f"deviation_{m}", standardiser.deviation[modality])

    def forward(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        graph = self._graph(inputs)
        output: NetworkOutput = self.model.network(graph)
        if self.is_score:
            return dict(zip(SCORE, (output.logits.float()[:, 0],), strict=True))
        return self._decided(self.model.adjusted(output, graph), output.state, inputs["speaker"])

    def _graph(self, inputs: dict[str, Tensor]) -> DialogueGraph:
        available, speaker = inputs["available"], inputs["speaker"]
        standard = {
            modality: self._standardised(m, inputs[modality]).where(available[:, m, None], 0)
            for m, modality in enumerate(self.modalities)
        }
        edges = {name: inputs[name] for name in GRAPH if name in inputs}
        return DialogueGraph(
            available=available,
            present=available,
            speaker=speaker,
            position=torch.arange(speaker.shape[0], device=speaker.device),
            num_nodes=speaker.shape[0],
            **edges,
            **standard,
        )

    def _standardised(self, m: int, rows: Tensor) -> Tensor:
        scaled = (rows - self.get_buffer(f"mean_{m}")) / self.get_buffer(f"deviation_{m}")
        return scaled.clamp(-self.limit, self.limit)

    def _decided(self, logits: Tensor, state: Tensor, speaker: Tensor) -> dict[str, Tensor]:
        """The same as `EmotionModel.decide`, by operators that every runtime has."""
        calibration = self.model.calibration
        order, first = by_speaker(speaker)
        place = order.argsort()
        previous = order.roll(1)[place]
        if self.model.decoder is not None:
            chain = ChainInference(self.model.decoder, logits, speaker)
            probability, emotion, change = chain.marginal, chain.best, chain.change
        else:
            probability = (logits / calibration.emotion).softmax(dim=1)
            emotion = logits.argmax(dim=1)
            change = 1 - (probability * probability[previous]).sum(dim=1)
        if self.model.change_head is not None:
            change = (self.model.change_head(state, state[previous]).float() / calibration.change).sigmoid()
        change = torch.where(first[place], torch.nan, change)
        changed = change >= calibration.threshold
        return dict(zip(DECISION, (probability, emotion, change, changed), strict=True))

"""Model of the emotions of a dialogue: the network of any system with its heads."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from graphmer.dialogue.change import previous_turn, speaker_ids
from graphmer.graph import DialogueGraph
from graphmer.nn.calibration import Calibration
from graphmer.nn.chain import ChainCache, ChainDecoder
from graphmer.nn.change_head import ChangeHead
from graphmer.nn.decision import Decision
from graphmer.nn.heads import HeadSettings
from graphmer.nn.network import Network, NetworkOutput


class EmotionModel(nn.Module):
    """Network with heads: chain decoder, change head and calibration, the same for every system.

    Args:
        network: of any system.
        heads: decoder and change head.

    Attributes:
        retrieval_memory: appends retrieved training utterances to a batch in evaluation; training adds its
            own. ``None`` for none.
    """

    def __init__(self, network: Network, heads: HeadSettings) -> None:
        super().__init__()
        signature = network.signature
        self.network = network
        self.decoder = (
            ChainDecoder(signature.outputs, causal=signature.causal) if heads.decoder == "chain" else None
        )
        self.change_head = ChangeHead(network.width, heads.dropout) if heads.change else None
        self.calibration = Calibration()
        self.retrieval_memory: Callable[[DialogueGraph], DialogueGraph] | None = None

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of the columns of ``available``."""
        return self.network.modalities

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        """Output of the network for the utterances of a batch."""
        if self.retrieval_memory is None or self.training:
            output: NetworkOutput = self.network(graph)
            return output
        extended: NetworkOutput = self.network(self.retrieval_memory(graph))
        return extended.first(graph.num_nodes)

    @property
    def predicts_change(self) -> bool:
        """Whether a head predicts changes: the change head, or the decoder, which has pairs of turns."""
        return self.change_head is not None or self.decoder is not None

    def calibrate(self, calibration: Calibration) -> None:
        """Correct all probabilities from now on."""
        self.calibration = calibration
        if self.decoder is not None:
            self.decoder.temperature = calibration.emotion

    def adjusted(self, output: NetworkOutput, graph: DialogueGraph) -> Tensor:
        """Logits of the classes with the bias of the calibration, float ``[N, C]``.

        Turns without any modality are left as they are: a bias would make a rare class of each of them.
        """
        logits = output.logits.float()
        if not self.calibration.bias:
            return logits
        present = graph.available.any(dim=1, keepdim=True)
        return logits + present * logits.new_tensor(self.calibration.bias)

    def probabilities(self, output: NetworkOutput, graph: DialogueGraph) -> Tensor:
        """Probability of each emotion: the decoder's marginals, or the softmax of the logits without one.

        Args:
            output: of the network for `graph`; of classes, not a score.
            graph: the same batch.

        Shapes:
            returns float ``[N, C]``.
        """
        logits = self.adjusted(output, graph)
        if self.decoder is None:
            return (logits / self.calibration.emotion).softmax(dim=1)
        return self.decoder(logits, graph.speaker, graph.dialogue).marginal.exp()

    def change_logits(self, output: NetworkOutput, previous: Tensor) -> Tensor:
        """Logits of the change head for each turn and the one it is compared with, before calibration.

        Args:
            output: of the network; the model must have a change head.
            previous: position of the turn to compare with, -1 where there is none.

        Shapes:
            previous long ``[N]``; returns float ``[N]``, NaN where there is nothing to compare with.
        """
        assert self.change_head is not None  # callers check
        turns = (previous >= 0).nonzero()[:, 0]
        logits = self.change_head(output.state[turns], output.state[previous[turns]])
        return logits.new_full(previous.shape, torch.nan).index_copy(0, turns, logits)

    def decide(
        self,
        output: NetworkOutput,
        graph: DialogueGraph,
        annotated: Tensor | None = None,
        *,
        cache: ChainCache | None = None,
    ) -> Decision:
        """Emotions and changes of emotion of each turn.

        Without a decoder, two turns are taken as independent: ``P(change) = 1 - sum_c p_previous(c) p(c)``.

        Args:
            output: of the network for `graph`; of classes, not a score.
            graph: the same batch.
            annotated: turns that a later turn of the speaker may be compared with: in a test, the annotated
                ones; all turns when left out.
            cache: state of a causal decoder at earlier turns; its NaN rows are filled in.

        Shapes:
            annotated bool ``[N]``.
        """
        logits, dialogue = self.adjusted(output, graph), graph.dialogue
        comparable = torch.ones_like(dialogue, dtype=torch.bool) if annotated is None else annotated
        previous = previous_turn(speaker_ids(graph.speaker, dialogue), comparable)
        if self.decoder is not None:
            chain = self.decoder(logits, graph.speaker, dialogue, comparable, cache=cache)
            emotion = self.decoder.viterbi(logits, graph.speaker, dialogue, cache=cache)
            probability, derived = chain.marginal.exp(), chain.change
        else:
            probability = (logits / self.calibration.emotion).softmax(dim=1)
            emotion = logits.argmax(dim=1)
            derived = 1 - (probability * probability[previous]).sum(dim=1)
            derived = derived.where(previous >= 0, torch.nan)
        change = derived
        if self.change_head is not None:
            change = (self.change_logits(output, previous).float() / self.calibration.change).sigmoid()
        return Decision(probability, emotion, change, derived, change >= self.calibration.threshold)

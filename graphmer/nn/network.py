"""Interface of the networks of all systems."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor, nn

from graphmer.dialogue import Dialogue
from graphmer.graph import DialogueGraph
from graphmer.settings import Positive, Settings


class Signature(Settings):
    """Inputs and outputs that a network is built for."""

    widths: dict[str, Positive]
    """Features per modality, in the order of the columns of ``available``."""
    outputs: Positive
    """Number of classes ``C``, or 1 for a score."""
    relations: tuple[str, ...] = ()
    """Names of the graph's relations, in the order that numbers them."""
    causal: bool = False
    """Whether the output of a turn may depend on no later turn."""


class NetworkSettings(Settings):
    """Settings of one system; each system defines its own subclass, with the ``Literal`` of its name."""

    system: str
    """Name of the system in `graphmer.systems.SYSTEMS`."""


@dataclass(frozen=True)
class NetworkOutput:
    """Outputs of a network for the utterances of a batch.

    Attributes:
        logits: of the classes ``[N, C]``, before a decoder, or the score ``[N, 1]``.
        state: representation of each utterance, which the heads read, ``[N, D]``.
        reconstruction: standardised features, ``{m: [N, D_m]}``; empty for a network that reconstructs none.
        router: weights of (utterance, input modality, expert), ``[N, M, M]``, zero where the input is
            missing; ``None`` for a network without a router.
    """

    logits: Tensor
    state: Tensor
    reconstruction: dict[str, Tensor] = field(default_factory=dict)
    router: Tensor | None = None

    def first(self, count: int) -> "NetworkOutput":
        """Outputs for the first utterances."""
        rebuilt = {modality: rows[:count] for modality, rows in self.reconstruction.items()}
        router = None if self.router is None else self.router[:count]
        return NetworkOutput(self.logits[:count], self.state[:count], rebuilt, router)


class Network(nn.Module):
    """Base class of the network of a system: dialogue graphs to logits and states.

    A network reads a modality of an utterance only where it is ``available`` in the graph, and does
    not let a dialogue depend on what it is batched with (`DialogueGraph.dialogue`). What its modules are must
    follow from settings and signature alone, so that stored weights fit.

    Args:
        settings: of the system.
        signature: inputs and outputs.

    Attributes:
        width: ``D`` of the states; set by the subclass.
    """

    width: int

    def __init__(self, settings: NetworkSettings, signature: Signature) -> None:
        super().__init__()
        self.settings = settings
        self.signature = signature

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of the columns of ``available``."""
        return tuple(self.signature.widths)

    def prepare(self, train: Sequence[Dialogue]) -> None:
        """Compute, before training, what follows from the training dialogues without gradients.

        Args:
            train: standardised training dialogues, as they were recorded.
        """

    def filled(self, graph: DialogueGraph) -> dict[str, Tensor]:
        """Features with zeros where a modality is not available, ``{m: [N, D_m]}``."""
        available = graph.available[:, :, None].unbind(1)
        # selected, not multiplied by zero: rows that are not available may hold NaN
        return {m: graph[m].where(column, 0.0) for m, column in zip(self.modalities, available, strict=True)}

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        """Logits, states and further outputs for every utterance of a batch of dialogue graphs."""
        raise NotImplementedError(f"{type(self).__name__} must define `forward`.")

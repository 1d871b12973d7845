"""What a model is made of, as plain values that a checkpoint can carry."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphmer.nn.averages import NeighborhoodAverages
from graphmer.nn.chain import ChainDecoder
from graphmer.nn.messages import MessagePassing
from graphmer.nn.mixture import ExpertMixture
from graphmer.nn.model import EmotionModel


@dataclass(frozen=True)
class MessageSettings:
    """Message passing: see `MessagePassing`."""

    width: int = 128
    depth: int = 3
    convolution: str = "rgcn"
    heads: int = 4
    dropout: float = 0.3


@dataclass(frozen=True)
class ModelSettings:
    """Everything needed to build an `EmotionModel`; see there and `ExpertMixture` for the meaning.

    Args:
        widths: features per modality, in the order of the columns of ``available``.
        outputs: ``C``, or 1 for a score.
        relations: names of the graph's relations, in their order.
        messages: ``None`` for plain MoMKE.
        neighborhood_averages: decay lengths in turns of `NeighborhoodAverages`, ``None`` for no decay; empty for none of it.
        decoder: ``chain`` for a `ChainDecoder` after the emotion logits, or ``none``.
        change_head: judge changes of emotion from pairs of turns.
    """

    widths: Mapping[str, int]
    outputs: int
    relations: tuple[str, ...] = ()
    width: int = 256
    depth: int = 4
    heads: int = 2
    dropout: float = 0.5
    block: str = "reference"
    positions: bool = False
    router_logit_dropout: float = 0.5
    causal: bool = False
    context: int | None = None
    recency: bool = False
    neighborhood_averages: tuple[float | None, ...] = ()
    reconstruct: bool = False
    messages: MessageSettings | None = None
    decoder: str = "none"
    change_head: bool = False

    def build(self) -> EmotionModel:
        """A model with fresh weights, drawn from torch's global generator.

        Raises:
            ValueError: if the settings do not fit together.
        """
        mixture = ExpertMixture(
            self.widths,
            width=self.width,
            depth=self.depth,
            heads=self.heads,
            dropout=self.dropout,
            block=self.block,
            positions=self.positions,
            router_logit_dropout=self.router_logit_dropout,
            causal=self.causal,
            context=self.context,
            recency=self.recency,
        )
        return EmotionModel(
            mixture,
            self.outputs,
            messages=self._messages(),
            neighborhood_averages=self._surroundings(),
            dropout=self.dropout,
            reconstruct=self.widths if self.reconstruct else None,
            decoder=self._decoder(),
            change_head=self.change_head,
        )

    def _decoder(self) -> ChainDecoder | None:
        if self.decoder not in ("none", "chain"):
            raise ValueError(f"`decoder` must be 'none' or 'chain'; got {self.decoder!r}.")
        return None if self.decoder == "none" else ChainDecoder(self.outputs, causal=self.causal)

    def _surroundings(self) -> NeighborhoodAverages | None:
        if not self.neighborhood_averages:
            return None
        return NeighborhoodAverages(self.widths, self.width, self.neighborhood_averages, causal=self.causal)

    def _messages(self) -> MessagePassing | None:
        settings = self.messages
        if settings is None:
            return None
        return MessagePassing(
            len(self.widths) * self.width,
            settings.width,
            settings.depth,
            len(self.relations),
            convolution=settings.convolution,
            heads=settings.heads,
            dropout=settings.dropout,
        )

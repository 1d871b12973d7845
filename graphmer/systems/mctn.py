"""MCTN: multimodal cyclic translation network (AAAI 2019), over utterance vectors."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import pad

from graphmer.graph import DialogueGraph
from graphmer.nn.losses import LossTerms, emotion_loss
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.nn.padding import PaddedDialogues
from graphmer.nn.targets import TrainingTargets
from graphmer.nn.translator import Seq2Seq
from graphmer.settings import Fraction, Width
from graphmer.systems.objectives import prediction_losses
from graphmer.systems.system import Objective, StageSettings, System
from graphmer.typing import UNLABELLED


class MctnSettings(NetworkSettings):
    """Settings of MCTN; the weights of the losses are those of the released code."""

    system: Literal["mctn"] = "mctn"
    """Name of the system."""
    width: Width = 64
    """Width ``W`` of encoders, decoders and states."""
    priority: tuple[str, ...] = ("text", "audio")
    """Modalities in the order in which they are preferred as the source and as targets; others follow in
    their own order."""
    translation: Annotated[float, Field(ge=0)] = 0.1
    """Weight of the error of each translation."""
    cycle: Annotated[float, Field(ge=0)] = 0.1
    """Weight of the error of the translation back to the source."""
    forcing: Fraction = 0.5
    """Probability that a decoder reads the true last turn, while training."""


class TranslationChain(nn.Module):
    """Translations of one source modality into the others, one after the other.

    The first translator reads the source, each further one the encoder states of the one before; those of the
    last encoder are the joint representation. Source and first target are padded to a common width, so
    that the first translator can also translate back.

    Args:
        widths: features of the source and of its targets, in the order of translation.
        width: width ``W`` of the translators.
    """

    def __init__(self, widths: list[int], width: int) -> None:
        super().__init__()
        self.common = max(widths[:2])
        first = Seq2Seq(self.common, width, self.common)
        self.translators = nn.ModuleList([first, *(Seq2Seq(width, width, d) for d in widths[2:])])

    def widen(self, features: Tensor) -> Tensor:
        """Features of source or first target, with zeros up to the common width."""
        return pad(features, (0, self.common - features.shape[-1]))

    def forward(self, source: Tensor, layout: PaddedDialogues) -> list[Tensor]:
        """Encoder states ``[L, B, W]`` of each translator; the last ones are the joint representation."""
        states = [self.widen(source)]
        for translator in self.translators:
            states.append(translator.encode(states[-1], layout))  # type: ignore[operator]
        return states[1:]


class MctnNetwork(Network):
    """Multimodal cyclic translation network (Pham et al., AAAI 2019, https://arxiv.org/abs/1812.07809).

    A source modality is translated into a target, back into itself (``L_cycle``), and on into a second one;
    ``E = enc_1(x^S)``, ``J = enc_2(E)``, ``logits = W J + b``. Targets are only needed for training.

    This is an adaptation: the original reads the words of one utterance; here an utterance is a vector, the
    dialogue is the sequence, and there is one prediction a turn. The encoder reads later turns.

    Differences from the released code:
        - one network holds a chain for every source modality, trained together, not one model for each;
          the logits of a turn are those of its available modality of highest priority, and of the first one
          where nothing is available. Each chain reads its modality wherever it is available, zeros elsewhere;
        - a pair of modalities is therefore read by its source; targets follow the priority;
        - with two modalities there is no second translator and ``J = E``; with more than three, further
          targets are chained in the same way;
        - each turn has a linear head instead of a pooled LSTM;
        - targets count only where they were recorded;
        - decoders carry their state and read their own last output, except for a share of true ones while
          training; recurrence runs over turns, not over the samples of a batch; all gates are distinct.

    Args:
        settings: of the network.
        signature: inputs and outputs.

    Raises:
        ValueError: if there are fewer than two modalities.
    """

    def __init__(self, settings: MctnSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        if len(signature.widths) < 2:
            raise ValueError("The system mctn translates between modalities; it needs at least two.")
        self.width = settings.width
        named = [m for m in settings.priority if m in signature.widths]
        self.order = list(dict.fromkeys([*named, *signature.widths]))
        self.chains = nn.ModuleDict()
        self.heads = nn.ModuleDict()
        for source in self.order:
            widths = [signature.widths[m] for m in self.route(source)]
            self.chains[source] = TranslationChain(widths, settings.width)
            self.heads[source] = nn.Linear(settings.width, signature.outputs)

    def route(self, source: str) -> list[str]:
        """The source, and its targets in the order of translation."""
        return [source, *(m for m in self.order if m != source)]

    def encode(self, graph: DialogueGraph, layout: PaddedDialogues) -> dict[str, list[Tensor]]:
        """Encoder states of every chain, ``[L, B, W]`` for each of its translators."""
        features = self.filled(graph)
        return {m: chain(layout.pad(features[m]), layout) for m, chain in self.chains.items()}

    def select(
        self, graph: DialogueGraph, states: dict[str, list[Tensor]], layout: PaddedDialogues
    ) -> tuple[NetworkOutput, dict[str, Tensor]]:
        """Output of the network, and the logits ``[N, C]`` of every chain."""
        joint = {m: layout.rows(chain[-1]) for m, chain in states.items()}
        logits = {m: head(joint[m]) for m, head in self.heads.items()}
        available = graph.available[:, [self.modalities.index(m) for m in self.order]]
        source = available.to(torch.uint8).argmax(dim=1)  # the first one, also where there is none
        turn = torch.arange(len(source), device=source.device)
        chosen, state = (torch.stack([rows[m] for m in self.order])[source, turn] for rows in (logits, joint))
        return NetworkOutput(chosen, state), logits

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        layout = PaddedDialogues.of(graph.dialogue, steps_first=True)
        return self.select(graph, self.encode(graph, layout), layout)[0]


def translation_losses(
    network: MctnNetwork, graph: DialogueGraph, states: dict[str, list[Tensor]], layout: PaddedDialogues
) -> dict[str, Tensor]:
    """Mean squared errors per feature of the translations and of the cycles, each summed over the chains.

    Only what was recorded is a target: a turn without it does not count.

    Args:
        network: with the chains.
        graph: a batch of training dialogues.
        states: of `MctnNetwork.encode`.
        layout: of the batch.
    """
    settings: MctnSettings = network.settings  # type: ignore[assignment]
    present = dict(zip(network.modalities, graph.present.unbind(1), strict=True))
    truth = {m: graph[m].where(present[m][:, None], 0.0) for m in network.modalities}
    forcing = settings.forcing if network.training else 0.0
    translated = cycled = torch.zeros((), device=graph.available.device)

    def decoded(translator: Seq2Seq, encoded: Tensor, modality: str, target: Tensor) -> Tensor:
        known = layout.pad(present[modality])
        return translator.decode(encoded, layout, layout.pad(target), known, forcing)

    def error(found: Tensor, modality: str) -> Tensor:
        off = layout.rows(found)[:, : truth[modality].shape[1]] - truth[modality]
        known = present[modality]
        return (off.square().mean(dim=1) * known).sum() / known.sum().clamp_min(1)

    for source, chain in network.chains.items():
        first: Seq2Seq = chain.translators[0]  # type: ignore[index, assignment]
        for number, target in enumerate(network.route(source)[1:]):
            wanted = chain.widen(truth[target]) if number == 0 else truth[target]  # type: ignore[operator]
            translator = chain.translators[number]  # type: ignore[index]
            found = decoded(translator, states[source][number], target, wanted)  # type: ignore[arg-type]
            translated = translated + error(found, target)
            if number == 0:
                inside = found * layout.inside[:, :, None]
                wanted = chain.widen(truth[source])  # type: ignore[operator]
                back = decoded(first, first.encode(inside, layout), source, wanted)
                cycled = cycled + error(back, source)
    return {"translation": translated, "cycle": cycled}


def loss(model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets) -> LossTerms:
    """Losses of the logits and the heads, of every chain's own logits, and of the translations.

    ``sources`` is the mean over the chains of the emotion loss of the turns that have the chain's source;
    without it a chain would only learn from the turns in which its source is the best one.
    """
    network: MctnNetwork = model.network  # type: ignore[assignment]
    settings: MctnSettings = network.settings  # type: ignore[assignment]
    layout = PaddedDialogues.of(graph.dialogue, steps_first=True)
    states = network.encode(graph, layout)
    output, logits = network.select(graph, states, layout)
    terms = prediction_losses(model, output, graph, targets)
    unlabelled = torch.nan if graph.emotion.is_floating_point() else UNLABELLED
    sources = [
        emotion_loss(rows, graph.emotion.where(graph.available[:, network.modalities.index(m)], unlabelled))
        for m, rows in logits.items()
    ]
    terms["sources"] = (1.0, torch.stack(sources).mean())
    if settings.translation or settings.cycle:
        errors = translation_losses(network, graph, states, layout)
        terms["translation"] = (settings.translation, errors["translation"])
        terms["cycle"] = (settings.cycle, errors["cycle"])
    return LossTerms.weighted(terms)


MCTN = System(
    MctnSettings,
    MctnNetwork,
    objectives={"translation": Objective(loss)},
    stages=(StageSettings(name="translation", objective="translation", epochs=30, mask="mixed"),),
)
"""A source modality is translated into the others; the encoder states predict the emotion."""

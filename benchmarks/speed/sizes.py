"""The model and the dialogues at the sizes of the field: IEMOCAP with four emotions."""

from collections.abc import Sequence
from functools import cache
from statistics import NormalDist

import numpy as np
import torch
from torch_geometric.data import Batch

from graphmer.dialogue import Dialogue, LabelSpace, Utterance
from graphmer.dialogue.missing import MissingProtocol
from graphmer.graph import GraphBuilder, TemporalWindow
from graphmer.graph.dataset import GraphDataset
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Signature
from graphmer.systems.graphmer import GraphmerSettings
from graphmer.systems.model import ModelSettings
from graphmer.systems.momke import MomkeSettings

WIDTHS = {"audio": 512, "text": 1024, "video": 1024}
BATCH = 16
"""Dialogues in a batch of the reference."""
NODES = 600
"""Utterances in a batch of ours: about as many dialogues."""
WINDOWS = {"context": TemporalWindow(past=10, future=10)}


LABELS = LabelSpace(("happy", "sad", "neutral", "angry"))


def lengths() -> list[int]:
    """Turns of 151 dialogues: 5 to 110, 36.6 on average, log-normal.

    Their spread is chosen so that in random batches of 16, padded to the longest, 54 % of the positions are
    real, as in IEMOCAP.
    """
    normal = [NormalDist().inv_cdf((number + 0.5) / 151) for number in range(151)]
    scale = np.exp(0.39 * np.array(normal))
    drawn = np.rint(36.6 * scale / scale.mean()).astype(int)
    drawn[0], drawn[-1] = 5, 110
    return np.random.default_rng(0).permutation(drawn).tolist()


@cache
def dialogues() -> tuple[Dialogue, ...]:
    """Dialogues of these lengths between two speakers, all modalities there, features drawn at random."""
    draw = np.random.default_rng(0)
    return tuple(_dialogue(f"d{number}", turns, draw) for number, turns in enumerate(lengths()))


def _dialogue(id: str, turns: int, draw: np.random.Generator) -> Dialogue:
    emotions = draw.choice(LABELS.names, turns).tolist()
    vectors = {
        modality: draw.standard_normal((turns, width), np.float32) for modality, width in WIDTHS.items()
    }
    utterances = [
        Utterance(
            "AB"[turn % 2], {modality: rows[turn] for modality, rows in vectors.items()}, emotions[turn]
        )
        for turn in range(turns)
    ]
    return Dialogue.from_utterances(id, utterances)


@cache
def part(window: bool = False) -> GraphDataset:
    """All dialogues as graphs, without edges or with windows of ten turns."""
    return GraphDataset(dialogues(), GraphBuilder(WINDOWS if window else {}, LABELS))


def model(*, graph: bool = False) -> EmotionModel:
    """MoMKE at its published size, or the same with averages and messages over ten turns each way."""
    torch.manual_seed(0)
    network = GraphmerSettings(neighborhood_averages=(6.0, None)) if graph else MomkeSettings()
    relations = GraphBuilder(WINDOWS if graph else {}, LABELS).relations
    signature = Signature(widths=WIDTHS, outputs=LABELS.outputs, relations=relations)
    return ModelSettings(network=network, signature=signature).build()


def seen(protocol: MissingProtocol, *, window: bool = False) -> list[Batch]:
    """All graphs, masked by a protocol."""
    return part(window).masked(protocol, 0)


def random_batches(graphs: Sequence[Batch], dialogues: int, seed: int) -> list[list[Batch]]:
    """The reference's batches: dialogues in a random order, cut every `BATCH` of them."""
    order = torch.randperm(len(graphs), generator=torch.Generator().manual_seed(seed)).tolist()[:dialogues]
    return [[graphs[i] for i in order[begin : begin + BATCH]] for begin in range(0, len(order), BATCH)]


def useful_flops(batch: Batch, model: EmotionModel) -> int:
    """Multiplications and additions of the forward matrix products that the plain model cannot do without.

    Per available (utterance, modality): its projection, its router, and in each layer of each expert the
    queries, keys and values, attention to what its dialogue has, and the two linear maps. Per utterance: the
    joint layer and the head. A training step takes three times as many.
    """
    width, joint = model.network.mixture.width, model.network.joint.linear.in_features
    experts = len(model.modalities)
    layers = experts * len(model.network.mixture.experts[0].layers)
    tokens = batch.available.sum(dim=0)
    total = len(batch.available) * 2 * joint * (joint + model.network.emotion.out_features)
    for modality, count in zip(model.modalities, tokens.tolist(), strict=True):
        per_token = 2 * width * (WIDTHS[modality] + width + experts) + layers * 2 * 5 * width * width
        total += count * per_token
    lengths = torch.zeros(int(batch.batch[-1]) + 1, experts).index_add(
        0, batch.batch, batch.available.float()
    )
    return total + int(lengths.square().sum()) * layers * 4 * width

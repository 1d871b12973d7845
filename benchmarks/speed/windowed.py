"""The model of examples/iemocap.yaml with windows everywhere, and dialogues of any length."""

from pathlib import Path

import torch

from graphmer.config.load import load_config
from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.standardise import Standardiser
from graphmer.graph import GraphBuilder
from graphmer.nn.network import Signature
from graphmer.systems import SYSTEMS
from graphmer.systems.model import ModelSettings
from graphmer.training.model_file import TrainedModel

EXAMPLE = Path(__file__).parents[2] / "examples" / "iemocap.yaml"
WINDOW = 20
WIDTHS = {"audio": 512, "text": 1024, "video": 1024}
LABELS = LabelSpace(("happy", "sad", "neutral", "angry"))


def windowed(*, causal: bool, decoder: str = "none") -> TrainedModel:
    """An untrained model of the example's size whose experts attend to 20 turns, as far as messages go."""
    torch.manual_seed(0)
    config = load_config(EXAMPLE)
    graph = config.graph
    assert graph is not None
    build = GraphBuilder({name: rule.build() for name, rule in graph.rules.items()}, LABELS, causal=causal)
    signature = Signature(widths=WIDTHS, outputs=LABELS.outputs, relations=build.relations, causal=causal)
    settings = ModelSettings(
        network=config.model.model_copy(update={"attention_window": WINDOW}),
        signature=signature,
        heads=config.heads.model_copy(update={"decoder": decoder}),
    )
    system = SYSTEMS[config.model.system]
    standardiser = Standardiser.identity(WIDTHS)
    return TrainedModel(settings.build().eval(), settings, LABELS, standardiser, build, {}, system)


def dialogue(turns: int) -> Dialogue:
    """Two speakers in any order, features drawn at random, seven modalities in ten there."""
    draw = torch.Generator().manual_seed(turns)
    emotion = torch.randint(0, 4, (turns,), generator=draw)
    unknown = torch.full((turns,), torch.nan)
    return Dialogue(
        id="long",
        utterance_ids=tuple(map(str, range(turns))),
        speakers=("A", "B"),
        speaker=torch.randint(0, 2, (turns,), generator=draw),
        features={m: torch.randn(turns, width, generator=draw) for m, width in WIDTHS.items()},
        available=torch.rand(turns, len(WIDTHS), generator=draw) < 0.7,
        emotion=tuple(LABELS.names[number] for number in emotion.tolist()),
        text=(None,) * turns,
        start=unknown,
        end=unknown,
        reply_to=torch.full((turns,), -1),
    )

"""The model of examples/iemocap.yaml with windows everywhere, and dialogues of any length."""

from pathlib import Path

import torch

from graphmer.config.load import load_config
from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.standardise import Standardiser
from graphmer.experiment.components import edge_rule
from graphmer.graph import GraphBuilder
from graphmer.nn.messages import MessagePassingSettings
from graphmer.training.model_file import TrainedModel
from tests.models import model_settings

EXAMPLE = Path(__file__).parents[2] / "examples" / "iemocap.yaml"
CONTEXT = 20
WIDTHS = {"audio": 512, "text": 1024, "video": 1024}
LABELS = LabelSpace(("happy", "sad", "neutral", "angry"))


def windowed(*, causal: bool, decoder: str = "none") -> TrainedModel:
    """An untrained model of the example's size whose experts hear 20 turns, as its message passing does."""
    torch.manual_seed(0)
    config = load_config(EXAMPLE)
    graph = config.graph
    assert graph is not None
    rules = {name: edge_rule(rule) for name, rule in graph.rules.items()}
    build = GraphBuilder(rules, LABELS, causal=causal)
    settings = model_settings(
        WIDTHS,
        LABELS.outputs,
        build.relations,
        causal=causal,
        message_passing=MessagePassingSettings(**graph.model_dump(exclude={"rules"})),
        **{**config.model.model_dump(), "context": CONTEXT, "decoder": decoder},
    )
    return TrainedModel(settings.build().eval(), settings, LABELS, Standardiser.identity(WIDTHS), build, {})


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

"""DialogueGCN, MMGCN and COGMEN: counts of the released code and what every graph system promises."""

from pathlib import Path

import pytest
import torch

import graphmer as gm
from graphmer.errors import ConfigError
from graphmer.graph import GraphBuilder, TemporalWindow
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Signature
from graphmer.nn.targets import TrainingTargets
from graphmer.systems import SYSTEMS
from graphmer.systems.cogmen import CogmenNetwork, CogmenSettings, DialogueTransformer
from graphmer.systems.dialoguegcn import DialogueAttention, DialogueGcnNetwork, DialogueGcnSettings
from graphmer.systems.mmgcn import MmgcnNetwork, MmgcnSettings
from graphmer.systems.model import ModelSettings
from graphmer.systems.objectives import prediction_loss
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

ROOT = Path(__file__).parents[2]
BUILD = GraphBuilder({"context": TemporalWindow(2, 2)}, LABELS)
SHARED = {"audio": 512, "text": 1024, "video": 1024}
NAMES = ["dialoguegcn", "mmgcn", "cogmen"]
every_system = pytest.mark.parametrize("name", NAMES)


def builder(name: str) -> GraphBuilder:
    return BUILD if SYSTEMS[name].uses_graph else GraphBuilder({}, LABELS)


def model(name: str, outputs: int = 4, **settings) -> EmotionModel:
    torch.manual_seed(0)
    described = {
        "network": {"system": name, "width": 6, **settings},
        "signature": {"widths": WIDTHS, "outputs": outputs, "relations": builder(name).relations},
    }
    return ModelSettings.model_validate(described).build().eval()


def logits(made: EmotionModel, *dialogues, name: str) -> torch.Tensor:
    return made(batched(dialogues, builder(name))).logits


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("widths", "released"),
    [
        ({"text": 100}, 1_348_046),
        # layer one of the LSTM: 2460 more inputs to the 4 x 100 gates of two directions
        (SHARED, 1_348_046 + 2 * 400 * 2460),
    ],
)
def test_dialoguegcn_has_the_used_parameters_of_the_released_code(widths, released):
    relations = GraphBuilder({"context": TemporalWindow(10, 10)}).relations
    with torch.device("meta"):
        made = DialogueGcnNetwork(
            DialogueGcnSettings(), Signature(widths=widths, outputs=6, relations=relations)
        )
    # three attentions that are never used: bilinear, linear, and one of a hidden layer
    released -= (200 * 200 + 200) + 200 + (3 * (200 * 200 + 200) + 400)
    # the attention of the paper in place of one score for each of 110 turn numbers
    released += 200 * 200 - 200 * 110
    # four relations in place of eight, each of 30 coefficients
    assert count(made) == released - 4 * 30


def test_mmgcn_has_the_used_parameters_of_the_released_code():
    signature = Signature(widths={"audio": 1582, "text": 100, "video": 342}, outputs=6)
    with torch.device("meta"):
        made = MmgcnNetwork(MmgcnSettings(depth=64), signature)
    square = 200 * 200 + 200
    # never used: edge attentions, layers before and behind the graph, embeddings, gates of the fusion
    unused = 200 * 200 + (square + 200 + 3 * square + 400)
    unused += 3 * square + (900 * 100 + 100) + (100 * 6 + 6)
    unused += 3 * 200 + 3 * 2 * 200
    unused += 3 * (300 * 100 + 100) + 3 * (900 + 1)
    # the convolved and the initial state have weights of their own there
    assert count(made) == 2_702_015 - unused - 64 * 100 * 100


def test_cogmen_has_about_the_parameters_of_the_released_code():
    relations = GraphBuilder({"context": TemporalWindow(5, 5)}).relations
    with torch.device("meta"):
        transformer = DialogueTransformer(1380, 6, 2, 2048, 0.5)
        made = CogmenNetwork(CogmenSettings(), Signature(widths=SHARED, outputs=6, relations=relations))
    # with the linear layer behind it, 26.7 million
    assert count(transformer) + 1380 * 100 + 100 == 26_707_196
    # eight relations there, four here: 0.37 million without those
    assert count(made.relational) + count(made.attention) + 4 * 100 * 100 == 372_900
    inner = 200
    layer = 4 * (inner * inner + inner) + 2 * 4 * inner * inner + 5 * inner + 4 * inner
    rest = (2560 * inner + inner) + (inner * 100 + 100) + 2 * 700 + (700 * 100 + 100) + (100 * 6 + 6)
    assert count(made) == 2 * layer + rest + 372_900 - 4 * 100 * 100


def test_attention_over_the_dialogue_is_a_softmax_of_bilinear_scores():
    torch.manual_seed(0)
    attention, state = DialogueAttention(3), torch.randn(5, 3)
    found = attention(state, torch.tensor([0, 0, 2, 2, 2]))
    for turns in (slice(0, 2), slice(2, 5)):
        rows = state[turns]
        for place, row in enumerate(rows):
            weight = torch.stack([attention.query(row) @ other for other in rows]).softmax(dim=0)
            torch.testing.assert_close(found[turns][place], weight @ rows)


@every_system
def test_neither_padding_nor_the_rest_of_the_batch_changes_anything(name):
    made, dialogue = model(name), talk("ABBA", ["at", "", "v", "atv"])
    alone = logits(made, dialogue, name=name)
    for seed in (1, 2):
        others = [talk("AB" * 10, id="long", seed=seed), talk("C", id="short", seed=seed)]
        found = logits(made, others[0], dialogue, others[1], name=name)[20:24]
        torch.testing.assert_close(found, alone, rtol=1e-5, atol=1e-5)


@every_system
def test_what_is_not_available_changes_nothing(name):
    made, graph = model(name), batched(ragged(), builder(name))
    before = made(graph).logits
    for column, modality in enumerate(WIDTHS):
        graph[modality] = graph[modality].where(graph.available[:, column, None], torch.nan)
    assert torch.equal(made(graph).logits, before)


@every_system
def test_who_speaks_matters_and_how_speakers_are_called_does_not(name):
    made = model(name)
    expected = logits(made, talk("ABBA"), name=name)
    assert torch.equal(logits(made, talk("BAAB"), name=name), expected)
    for speakers in ("ABAB", "AAAA"):
        assert not torch.allclose(logits(made, talk(speakers), name=name), expected, atol=1e-5)


@every_system
@pytest.mark.parametrize("outputs", [4, 1])
@pytest.mark.parametrize("speakers", ["A", "AAA", "ABCDE"])
def test_short_dialogues_of_any_number_of_speakers_with_nothing_available_can_be_trained(
    name, speakers, outputs
):
    graph = batched([talk(speakers, [""] * len(speakers))], builder(name))
    graph.emotion = torch.zeros(len(speakers), dtype=torch.float if outputs == 1 else torch.long)
    made = model(name, outputs).train()
    prediction_loss(made, graph, TrainingTargets()).total.backward()
    assert all(p.grad.isfinite().all() for p in made.parameters() if p.grad is not None)


@every_system
def test_two_modalities_are_enough(name):
    torch.manual_seed(0)
    widths = {"audio": 3, "text": 5}
    signature = {"widths": widths, "outputs": 4, "relations": builder(name).relations}
    made = ModelSettings.model_validate({"network": {"system": name, "width": 4}, "signature": signature})
    graph = batched([talk("AB", widths=widths)], builder(name))
    assert made.build()(graph).logits.isfinite().all()


def test_in_the_graph_of_mmgcn_a_modality_that_is_missing_sends_nothing():
    """Where text is missing, audio reads other audio, but no zeros of the text of its own turn."""
    made = model("mmgcn", dropout=0.0)
    graph = batched([talk("AB", ["av", "atv"])], builder("mmgcn"))
    with torch.no_grad():
        made.network.encode["text"].bias.normal_()
    nodes = made.network.encoded(graph)
    assert nodes[0, 1].any()  # the node has features all the same
    before = made.network(graph).state.view(2, 3, 18)[:, 0]  # of audio
    with torch.no_grad():
        made.network.speaker.weight[0] += 1.0  # reaches the text of the first turn alone
    after = made.network(graph).state.view(2, 3, 18)[:, 0]
    assert torch.equal(after, before)


def run(folder: Path, name: str, *settings: str) -> gm.Run:
    small = (
        f"model={{system: {name}, width: 6}}",
        "data.simulation={dialogues: 10, widths: {audio: 12, text: 12}}",
        "training.stages=[{name: only, objective: emotion, epochs: 2}]",
        "folds=[1]",
        *(() if SYSTEMS[name].uses_graph else ("graph=null",)),
    )
    file = ROOT / "examples" / "simulated.yaml"
    begun = gm.Run.begin(gm.load_config(file, [f"name={name}", *small, *settings]), folder)
    begun.train()
    return begun


@every_system
def test_heads_curriculum_and_supports_work_with_it(name, tmp_path):
    begun = run(
        tmp_path,
        name,
        "heads={decoder: chain, change: true}",
        "curriculum={distillation: 1.0, teacher: {width: 8, epochs: 1}}",
        "retrieval={k: 2, form: mixup}",
    )
    expected = {"emotion", "support", "chain", "change", "distillation"}
    assert expected - {"support"} <= set(begun.folder.records()[-1]["losses"]) <= expected
    dialogue = begun.components.corpus.dialogues[0]
    predicted, again = (gm.load(begun.folder.path).predict(dialogue) for _ in range(2))
    assert torch.equal(predicted.probability, again.probability)


@every_system
def test_a_causal_one_is_refused(name, tmp_path):
    with pytest.raises(ConfigError, match=f"The system {name} reads later turns; set `causal` to false"):
        run(tmp_path, name, "causal=true")


def test_mmgcn_without_its_contextual_modality_is_refused_by_name(tmp_path):
    message = "The system mmgcn has `contextual: video`; the modalities are audio, text"
    with pytest.raises(ConfigError, match=message):
        run(tmp_path, "mmgcn", "model={system: mmgcn, width: 6, contextual: video}")


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="`heads` must divide twice the `width`; got 5 heads for width 6"):
        CogmenSettings(width=6, heads=5)

"""MCTN against loops over single dialogues, and the promises of every system."""

from pathlib import Path

import pytest
import torch

import graphmer as gm
from graphmer.graph import GraphBuilder
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Signature
from graphmer.nn.padding import PaddedDialogues
from graphmer.nn.targets import TrainingTargets
from graphmer.nn.translator import Seq2Seq
from graphmer.systems.mctn import MctnNetwork, MctnSettings, loss, translation_losses
from graphmer.systems.model import ModelSettings
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

ROOT = Path(__file__).parents[2]
BUILD = GraphBuilder({}, LABELS)
SHARED = {"audio": 512, "text": 1024, "video": 1024}


def network(widths=WIDTHS, outputs: int = 4, **settings) -> MctnNetwork:
    torch.manual_seed(0)
    signature = Signature(widths=widths, outputs=outputs)
    return MctnNetwork(MctnSettings(**{"width": 6, **settings}), signature).eval()


def model(outputs: int = 4, **settings) -> EmotionModel:
    torch.manual_seed(0)
    described = {
        "network": {"system": "mctn", "width": 6, **settings},
        "signature": {"widths": WIDTHS, "outputs": outputs},
    }
    return ModelSettings.model_validate(described).build()


def translated(translator: Seq2Seq, rows: torch.Tensor, dialogue: torch.Tensor) -> torch.Tensor:
    layout = PaddedDialogues.of(dialogue, steps_first=True)
    return layout.rows(translator.decode(translator.encode(layout.pad(rows), layout), layout))


def test_a_translation_does_not_depend_on_padding_or_on_other_dialogues():
    torch.manual_seed(0)
    translator, rows = Seq2Seq(3, 4, 5), torch.randn(9, 3)
    together = translated(translator, rows, torch.tensor([0, 0, 1, 2, 2, 2, 2, 2, 2]))
    for begin, end in ((0, 2), (2, 3), (3, 9)):
        alone = translated(translator, rows[begin:end], torch.zeros(end - begin, dtype=torch.long))
        torch.testing.assert_close(together[begin:end], alone)


def test_the_decoder_carries_its_state_and_reads_its_own_last_output():
    torch.manual_seed(0)
    translator, encoded = Seq2Seq(3, 4, 5), torch.randn(3, 1, 4)
    layout = PaddedDialogues.of(torch.zeros(3, dtype=torch.long), steps_first=True)
    last, hidden = torch.zeros(1, 5), (torch.zeros(1, 4), torch.zeros(1, 4))
    for found in translator.decode(encoded, layout):
        score = translator.score(torch.tanh(translator.key(encoded[:, 0]) + translator.query(hidden[0])))
        read = (score.softmax(dim=0) * encoded[:, 0]).sum(dim=0, keepdim=True)
        hidden = translator.cell(torch.cat([last, read], dim=1), hidden)
        last = translator.leave(hidden[0])
        torch.testing.assert_close(found, last)


def test_teacher_forcing_reads_only_true_turns_that_are_known():
    torch.manual_seed(0)
    translator, encoded, truth = Seq2Seq(3, 4, 5), torch.randn(3, 1, 4), torch.randn(3, 1, 5)
    layout = PaddedDialogues.of(torch.zeros(3, dtype=torch.long), steps_first=True)
    free = translator.decode(encoded, layout)
    unknown = translator.decode(encoded, layout, truth, torch.zeros(3, 1, dtype=torch.bool), 1.0)
    forced = translator.decode(encoded, layout, truth, torch.ones(3, 1, dtype=torch.bool), 1.0)
    assert torch.equal(free, unknown)
    assert torch.equal(free[0], forced[0])
    assert not torch.allclose(free[1], forced[1])


def test_the_chain_of_text_has_the_parameters_of_its_layers():
    with torch.device("meta"):
        made = MctnNetwork(MctnSettings(), Signature(widths=SHARED, outputs=4))

    def lstm(inputs: int) -> int:
        return 4 * 64 * (inputs + 64 + 2)

    def translator(inputs: int, outputs: int) -> int:
        attention = 64 * 64 + 64 * 65 + 64
        return 2 * lstm(inputs) + attention + lstm(outputs + 64) + 65 * outputs

    assert made.route("text") == ["text", "audio", "video"]
    found = sum(parameter.numel() for parameter in made.chains["text"].parameters())
    assert found == translator(1024, 1024) + translator(64, 1024)


def test_a_turn_is_read_by_its_available_modality_of_highest_priority():
    made = network()
    assert made.order == ["text", "audio", "video"]
    graph = batched([talk("ABABA", ["atv", "av", "v", "", "t"])], BUILD)
    layout = PaddedDialogues.of(graph.dialogue, steps_first=True)
    output, logits = made.select(graph, made.encode(graph, layout), layout)
    for turn, source in enumerate(["text", "audio", "video", "text", "text"]):
        assert torch.equal(output.logits[turn], logits[source][turn])
    assert network(priority=("video",)).order == ["video", "audio", "text"]


def test_what_has_a_better_source_takes_no_part_in_a_complete_dialogue():
    made, graph = network(), batched([talk("ABAB")], BUILD)
    before = made(graph).logits
    graph["video"] = graph["video"] + 1
    assert torch.equal(made(graph).logits, before)


@pytest.mark.parametrize("widths", [{"audio": 3, "text": 5}, {**WIDTHS, "pose": 2}])
def test_two_and_four_modalities_are_chained(widths):
    made = network(widths)
    has = "atvp" if "pose" in widths else "at"
    graph = batched([talk("ABA", [has, "a", ""], widths=widths)], BUILD)
    assert all(len(chain.translators) == len(widths) - 1 for chain in made.chains.values())
    layout = PaddedDialogues.of(graph.dialogue, steps_first=True)
    errors = translation_losses(made, graph, made.encode(graph, layout), layout)
    assert made(graph).logits.shape == (3, 4)
    assert all(error.isfinite() and error > 0 for error in errors.values())


def test_one_modality_is_refused():
    with pytest.raises(ValueError, match="mctn translates between modalities; it needs at least two"):
        network({"text": 5})


def test_what_was_never_recorded_is_no_target_and_what_is_masked_is_one():
    made, graph = network(), batched(ragged(), BUILD)
    layout = PaddedDialogues.of(graph.dialogue, steps_first=True)
    states = made.encode(graph, layout)
    before = translation_losses(made, graph, states, layout)
    for column, modality in enumerate(WIDTHS):
        graph[modality] = graph[modality].where(graph.present[:, column, None], torch.nan)
    graph.available = torch.zeros_like(graph.available)
    after = translation_losses(made, graph, states, layout)
    assert before == after


@pytest.mark.parametrize("outputs", [4, 1])
def test_every_parameter_gets_a_gradient(outputs):
    made, graph = model(outputs), batched(ragged(), BUILD)
    graph.emotion = torch.linspace(-3, 3, 17) if outputs == 1 else torch.arange(17) % 4
    loss(made, graph, TrainingTargets()).total.backward()
    without = [name for name, p in made.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


@pytest.mark.parametrize("outputs", [4, 1])
@pytest.mark.parametrize("speakers", ["A", "AAA", "ABCDE"])
def test_short_dialogues_with_nothing_recorded_are_finite(speakers, outputs):
    graph = batched([talk(speakers, [""] * len(speakers))], BUILD)
    graph.emotion = torch.zeros(len(speakers), dtype=torch.float if outputs == 1 else torch.long)
    terms = loss(model(outputs), graph, TrainingTargets())
    assert terms.total.isfinite()
    assert terms.parts["translation"] == terms.parts["cycle"] == 0


def test_it_is_trained_evaluated_stored_loaded_and_predicts(tmp_path):
    small = (
        "name=mctn",
        "model={system: mctn, width: 6}",
        "graph=null",
        "data.simulation={dialogues: 10, widths: {audio: 12, text: 12}}",
        "training.stages=[{name: only, objective: translation, epochs: 2}]",
        "folds=[1]",
    )
    begun = gm.Run.begin(gm.load_config(ROOT / "examples" / "simulated.yaml", small), tmp_path)
    begun.train()
    assert set(begun.folder.records()[-1]["losses"]) == {"emotion", "sources", "translation", "cycle"}
    dialogue = begun.components.corpus.dialogues[0]
    predicted, again = (gm.load(begun.folder.path).predict(dialogue) for _ in range(2))
    assert torch.equal(predicted.probability, again.probability)

"""The MRAN-style system: its terms by hand, and what every system promises."""

import math
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cosine_similarity

import graphmer as gm
from graphmer.errors import ConfigError
from graphmer.graph import GraphBuilder
from graphmer.nn.losses import reconstruction_loss
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Signature
from graphmer.nn.targets import TrainingTargets
from graphmer.systems.model import ModelSettings
from graphmer.systems.mran_style import MranStyleNetwork, MranStyleSettings, loss
from graphmer.typing import UNLABELLED
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

ROOT = Path(__file__).parents[2]
BUILD = GraphBuilder({}, LABELS)


def model(outputs: int = 4, widths=WIDTHS, **settings) -> EmotionModel:
    torch.manual_seed(0)
    network = {"system": "mran_style", "width": 8, **settings}
    described = {"network": network, "signature": {"widths": widths, "outputs": outputs}}
    return ModelSettings.model_validate(described).build().eval()


@pytest.mark.parametrize("outputs", [6, 1])
def test_it_has_about_a_million_parameters(outputs):
    signature = Signature(widths={"audio": 512, "text": 1024, "video": 1024}, outputs=outputs)
    with torch.device("meta"):
        made = MranStyleNetwork(MranStyleSettings(), signature)
    there = 2560 * 128 + 3 * 128 + 3 * 2 * 128  # projections
    there += (3 + 3 + 8) * 128  # missing tokens, modalities, 2^3 missing indices
    there += 2 * (4 * (128 * 128 + 128) + 2 * 128 * 256 + 256 + 128 + 4 * 128)  # transformer
    there += 2560 * 128 + 2560  # rebuilt features
    there += 2 * (128 * 128 + 128)  # into the space of the text
    there += 6 * 128 if outputs == 6 else 2 * 128 + 128 + 1
    assert sum(p.numel() for p in made.parameters()) == there
    assert 900_000 < there < 1_100_000


def test_a_missing_modality_has_its_token_and_each_set_of_modalities_its_index():
    made = model().network
    graph = batched([talk("AAAA", ["atv", "av", "t", ""])], BUILD)
    tokens = made.tokens(graph)
    audio = made.project["audio"](graph.audio[0])
    torch.testing.assert_close(tokens[0, 0], audio + made.modality[0] + made.missing_index.weight[7])
    missing = made.missing[1] + made.modality[1] + made.missing_index.weight[5]
    torch.testing.assert_close(tokens[1, 1], missing)
    for row, index in ((2, 2), (3, 0)):
        expected = made.missing[0] + made.modality[0] + made.missing_index.weight[index]
        torch.testing.assert_close(tokens[row, 0], expected)


def test_classes_are_similarities_to_their_embeddings_averaged_over_the_modalities():
    made, graph = model(temperature=0.5), batched(ragged(), BUILD)
    aligned, _ = made.network.encode(graph)
    found = made(graph).logits
    for turn in (0, 7):
        for emotion in range(4):
            similar = [cosine_similarity(g, made.network.emotions[emotion], dim=0) for g in aligned[turn]]
            torch.testing.assert_close(found[turn, emotion], sum(similar) / 3 / 0.5)


def test_only_the_other_modalities_are_projected_into_the_space_of_the_anchor():
    assert set(model().network.align) == {"audio", "video"}
    assert set(model(anchor="video").network.align) == {"audio", "text"}


def test_the_alignment_is_zero_at_the_annotated_emotion_and_ignores_what_has_no_label():
    made = model().network
    emotion = torch.tensor([2, 0, UNLABELLED])
    aligned = 3 * made.emotions[[2, 0, 1]][:, None].expand(-1, 3, -1)
    assert made.alignment(aligned, emotion).item() == pytest.approx(0, abs=1e-6)
    assert made.alignment(-aligned, emotion).item() == pytest.approx(2 * 3)  # two off, three modalities
    assert made.alignment(aligned, torch.full((3,), UNLABELLED)) == 0


def test_scores_are_aligned_with_their_polarity_and_zero_has_none():
    made = model(outputs=1).network
    aligned = made.emotions[[0, 1, 1, 1]][:, None].expand(-1, 3, -1)
    assert made.alignment(aligned, torch.tensor([-2.0, 0.5, 0.0, math.nan])).item() == pytest.approx(
        0, abs=1e-6
    )
    assert made.alignment(aligned, torch.tensor([2.0, -0.5, 0.0, math.nan])) > 0


@pytest.mark.parametrize("outputs", [4, 1])
def test_the_loss_is_the_weighted_sum_of_its_terms(outputs):
    graph = batched(ragged(), BUILD)
    graph.available = graph.available & (torch.arange(17) % 4 > 0)[:, None]
    graph.emotion = torch.linspace(-3, 3, 17) if outputs == 1 else torch.arange(17) % 4
    made = model(outputs, reconstruction=2.0, alignment=3.0)
    found = loss(made, graph, TrainingTargets())
    parts = found.parts
    assert set(parts) == {"emotion", "reconstruction", "alignment"}
    expected = parts["emotion"] + 2 * parts["reconstruction"] + 3 * parts["alignment"]
    torch.testing.assert_close(found.total.detach(), expected)
    rebuilt = made(graph).reconstruction
    features = {m: graph[m] for m in WIDTHS}
    error = reconstruction_loss(rebuilt, features, graph.available, graph.present)
    torch.testing.assert_close(parts["reconstruction"], error.detach())
    found.total.backward()
    assert [name for name, p in made.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("outputs", [4, 1])
def test_with_nothing_available_it_predicts_all_the_same(outputs):
    graph = batched([talk("A", [""])], BUILD)
    graph.emotion = torch.zeros(1, dtype=torch.float if outputs == 1 else torch.long)
    assert loss(model(outputs), graph, TrainingTargets()).total.isfinite()


def test_every_turn_is_read_by_itself():
    made = model()
    whole = made(batched([talk("ABA", ["at", "v", "atv"])], BUILD)).logits
    alone = made(batched([talk("A", ["at"])], BUILD)).logits
    torch.testing.assert_close(whole[:1], alone, rtol=1e-5, atol=1e-5)


def test_any_number_of_modalities_from_two():
    for widths in ({"text": 3, "audio": 2}, {"text": 3, "audio": 2, "video": 2, "hands": 4}):
        graph = batched([talk("AB", widths=widths)], BUILD)
        assert model(widths=widths)(graph).logits.isfinite().all()


def run(folder: Path, *settings: str) -> gm.Run:
    small = (
        "model={system: mran_style, width: 8}",
        "data.simulation={dialogues: 10, widths: {audio: 12, text: 12}}",
        "training.stages=[{name: only, objective: alignment, epochs: 2}]",
        "folds=[1]",
        "graph=null",
    )
    file = ROOT / "examples" / "simulated.yaml"
    begun = gm.Run.begin(gm.load_config(file, ["name=mran_style", *small, *settings]), folder)
    begun.train()
    return begun


def test_heads_and_curriculum_work_with_a_causal_one_that_is_stored_and_loaded(tmp_path):
    begun = run(
        tmp_path,
        "causal=true",
        "heads={decoder: chain, change: true}",
        "curriculum={distillation: 1.0, teacher: {width: 8, epochs: 1}}",
    )
    expected = {"emotion", "chain", "change", "distillation", "reconstruction", "alignment"}
    assert set(begun.folder.records()[-1]["losses"]) == expected
    dialogue = begun.components.corpus.dialogues[0]
    predicted, again = (gm.load(begun.folder.path).predict(dialogue) for _ in range(2))
    assert torch.equal(predicted.probability, again.probability)


def test_without_its_anchor_it_is_refused_by_name(tmp_path):
    message = "The system mran_style has `anchor: video`; the modalities are audio, text"
    with pytest.raises(ConfigError, match=message):
        run(tmp_path, "model={system: mran_style, width: 8, anchor: video}")


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="`heads` must divide `width`; got 3 heads for width 8"):
        MranStyleSettings(width=8, heads=3)

"""The reimplementation of GSDNet: its spectra, its parameters, and the promises of every system."""

from pathlib import Path

import pytest
import torch

import graphmer as gm
from graphmer.errors import ConfigError
from graphmer.graph import GraphBuilder
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Signature
from graphmer.nn.spectral import SpectralBasis, structural_graph
from graphmer.nn.targets import TrainingTargets
from graphmer.systems import gsdnet_style
from graphmer.systems.gsdnet_style import GsdnetStyleNetwork, GsdnetStyleSettings, dialogues_with, loss
from graphmer.systems.model import ModelSettings
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

ROOT = Path(__file__).parents[2]
BUILD = GraphBuilder({}, LABELS)
SHARED = {"audio": 512, "text": 1024, "video": 1024}
SMALL = {"width": 8, "modes": 8, "hidden": 12, "steps": 5, "dropout": 0.0}


def model(outputs: int = 4, **settings) -> EmotionModel:
    torch.manual_seed(0)
    described = {
        "network": {"system": "gsdnet_style", **SMALL, **settings},
        "signature": {"widths": WIDTHS, "outputs": outputs},
    }
    return ModelSettings.model_validate(described).build().eval()


def test_it_has_the_parameters_of_its_parts():
    """The parameters of the paper are not known; the design is of one to three million."""
    with torch.device("meta"):
        made = GsdnetStyleNetwork(GsdnetStyleSettings(), Signature(widths=SHARED, outputs=4))
    w, h, k, time, features = 128, 256, 16, 64, sum(SHARED.values())
    encoders = features * w + 3 * 3 * w
    score = ((2 * k + 3) * h + h) + 2 * (time * 2 * h + 2 * h) + 2 * (h * h + h) + (h * k + k)
    imagination = 3 * 2 * (w * w + w)
    layer = 2 * 2 * w + (3 * w * w + 3 * w) + (w * w + w) + (2 * w * w + 2 * w) + (2 * w * w + w)
    fusion = 3 * w + layer + 2 * w
    context = 2 * 4 * ((3 * w * w + w * w + 2 * w) + (2 * w * w + w * w + 2 * w))
    decoders = features * w + features
    expected = encoders + 2 * w + score + imagination + fusion + context + decoders + 2 * w * 4 + 4
    assert expected == 2_025_620
    assert sum(parameter.numel() for parameter in made.parameters()) == expected


def test_with_the_spectrum_of_the_structural_graph_it_is_a_fixed_graph_smoother(monkeypatch):
    network = model().network
    graph = batched([talk("ABBA", ["atv", "at", "", "v"]), talk("AAB", ["a", "a", "t"], seed=1)], BUILD)
    monkeypatch.setattr(network, "sample", lambda basis, spectrum, pairs: basis.values[pairs[:, 0]])
    states = network.encode(graph, graph.available)
    basis = SpectralBasis.of(graph.speaker, graph.dialogue, 8)
    completed = network.complete(states, graph.available, basis)
    for begin, end in ((0, 4), (4, 7)):
        turns = slice(begin, end)
        count = graph.available[turns].sum(dim=1, keepdim=True).clamp_min(1)
        mean = states[turns].sum(dim=1) / count
        smoothed = structural_graph(graph.speaker[turns]).float() @ mean
        for m, imagine in enumerate(network.imaginations.values()):
            there = graph.available[turns, m, None]
            expected = torch.where(there, states[turns, m], imagine(smoothed))
            torch.testing.assert_close(completed[turns, m], expected, rtol=1e-4, atol=1e-5)


def test_signs_of_eigenvectors_do_not_matter(monkeypatch):
    made, graph = model(), batched([talk("ABBA" * 5, ["at"] * 20), *ragged()], BUILD)
    expected = made(graph).logits
    signs = torch.where(torch.rand(8) < 0.5, -1.0, 1.0)
    original = SpectralBasis.of

    def flipped(*args) -> SpectralBasis:
        basis = original(*args)
        basis.vectors.mul_(signs)
        return basis

    monkeypatch.setattr(SpectralBasis, "of", flipped)
    torch.testing.assert_close(made(graph).logits, expected)


def test_a_dialogue_that_is_complete_needs_no_sample():
    made, graph = model(), batched([talk("ABBA"), talk("A")], BUILD)
    made.network.noise.fill_(torch.nan)
    assert made(graph).logits.isfinite().all()


def test_who_speaks_matters_and_how_speakers_are_called_does_not():
    made, has = model(), ["at", "a", "v", "atv"]
    expected = made(batched([talk("ABBA", has)], BUILD)).logits
    assert torch.equal(made(batched([talk("BAAB", has)], BUILD)).logits, expected)
    for speakers in ("ABAB", "AAAA"):
        found = made(batched([talk(speakers, has)], BUILD)).logits
        assert not torch.allclose(found, expected, atol=1e-5)


def test_the_noise_depends_on_the_seed_alone():
    graph = batched([talk("ABBA", ["a"] * 4)], BUILD)
    one = model()(graph).logits
    torch.manual_seed(5)
    assert torch.equal(model()(graph).logits, one)
    assert not torch.allclose(model(noise_seed=1)(graph).logits, one, atol=1e-6)


def test_the_context_reaches_a_turn_that_has_nothing():
    made, has = model(), ["atv", "", "atv"]
    first = batched([talk("ABA", has)], BUILD)
    changed = batched([talk("ABA", has)], BUILD)
    changed.text[0] += 3
    one, other = made(first), made(changed)
    assert not torch.allclose(one.reconstruction["video"][1], other.reconstruction["video"][1], atol=1e-4)


def test_the_score_is_learned_for_dialogues_with_a_masked_turn_only(monkeypatch):
    seen = []

    def watched(process, score, clean, time, noise):
        seen.append(clean)
        return score(clean, time).square().sum(dim=1)

    monkeypatch.setattr(gsdnet_style, "score_matching_loss", watched)
    made = model()
    graph = batched([talk("AB"), talk("AAB", ["at"] * 3, seed=1), talk("BA", ["av"] * 2, seed=2)], BUILD)
    graph.available[3, 1] = False  # text in the second dialogue
    made.network.score_loss(graph)
    [clean] = seen
    graph.available = graph.present
    basis = SpectralBasis.of(graph.speaker, graph.dialogue, 8)
    states = made.network.encode(graph, graph.present)
    torch.testing.assert_close(clean, basis.spectrum(states[:, 1])[1:2])
    assert made.network.score_loss(graph) == 0


def test_dialogues_are_found_by_any_of_their_turns():
    basis = SpectralBasis.of(torch.zeros(5, dtype=torch.long), torch.tensor([0, 0, 2, 2, 5]), 2)
    turns = torch.tensor([[0, 0], [1, 0], [0, 0], [0, 0], [1, 1]]).bool()
    assert dialogues_with(turns, basis).tolist() == [[0, 0], [2, 0], [2, 1]]


@pytest.mark.parametrize("outputs", [4, 1])
@pytest.mark.parametrize("speakers", ["A", "AAA", "ABCDE", "AB" * 20])
def test_dialogues_of_any_length_and_speakers_with_nothing_available_are_finite(speakers, outputs):
    graph = batched([talk(speakers, [""] * len(speakers))], BUILD)
    graph.emotion = torch.zeros(len(speakers), dtype=torch.float if outputs == 1 else torch.long)
    terms = loss(model(outputs), graph, TrainingTargets())
    assert terms.total.isfinite()
    assert terms.parts["reconstruction"] == terms.parts["score"] == 0


def test_a_single_modality_is_refused():
    with pytest.raises(ValueError, match="gsdnet_style needs two or more modalities"):
        GsdnetStyleNetwork(GsdnetStyleSettings(), Signature(widths={"text": 3}, outputs=4))


def run(folder: Path, *settings: str) -> gm.Run:
    small = (
        "model={system: gsdnet_style, width: 8, hidden: 8, steps: 3}",
        "data.simulation={dialogues: 10, widths: {audio: 12, text: 12}}",
        "training.stages=[{name: only, objective: completion, epochs: 2}]",
        "folds=[1]",
        "graph=null",
    )
    file = ROOT / "examples" / "simulated.yaml"
    begun = gm.Run.begin(gm.load_config(file, ["name=gsdnet_style", *small, *settings]), folder)
    begun.train()
    return begun


def test_it_is_trained_evaluated_stored_loaded_and_predicts(tmp_path):
    begun = run(tmp_path)
    assert set(begun.folder.records()[-1]["losses"]) == {"emotion", "score", "reconstruction"}
    dialogue = begun.components.corpus.dialogues[0]
    predicted, again = (gm.load(begun.folder.path).predict(dialogue) for _ in range(2))
    assert torch.equal(predicted.probability, again.probability)


def test_heads_curriculum_and_supports_work_with_it(tmp_path):
    begun = run(
        tmp_path,
        "heads={decoder: chain, change: true}",
        "curriculum={distillation: 1.0, teacher: {width: 8, epochs: 1}}",
        "retrieval={k: 2, form: mixup}",
    )
    expected = {"emotion", "support", "chain", "change", "distillation", "score", "reconstruction"}
    assert expected - {"support"} <= set(begun.folder.records()[-1]["losses"]) <= expected


def test_a_causal_one_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="The system gsdnet_style reads later turns; set `causal` to false"):
        run(tmp_path, "causal=true")

"""CPM-Nets against figures worked out by hand, a loop of gradient steps, and the promises of every system."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import graphmer as gm
from graphmer.dialogue import LabelSpace
from graphmer.graph import GraphBuilder
from graphmer.nn.latent_fit import LatentFit
from graphmer.nn.network import Signature
from graphmer.systems.cpm_nets import CpmNetsNetwork, CpmNetsSettings, fit_cpm_nets, hinge
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

ROOT = Path(__file__).parents[2]
BUILD = GraphBuilder({}, LABELS)
SHARED = {"audio": 512, "text": 1024, "video": 1024}


def unfitted(labels=LABELS, **settings) -> CpmNetsNetwork:
    torch.manual_seed(0)
    signature = Signature(widths=WIDTHS, outputs=labels.outputs)
    return CpmNetsNetwork(CpmNetsSettings(**{"width": 4, **settings}), signature)


def fitted(labels=LABELS, train=None, **settings) -> CpmNetsNetwork:
    made = unfitted(labels, **settings)
    train = train or [talk("AB" * 10, id="train", seed=20), *ragged()]
    fit_cpm_nets(made, train, [talk("ABAB", id="check", seed=9)], labels)
    return made


def test_the_hinge_gives_the_figures_worked_out_by_hand():
    code = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 2.0]])
    assert hinge(code, torch.tensor([0, 0, 1, 1]), 2).tolist() == [0, 1.5, 0, 0]


def test_a_class_with_one_example_or_none_divides_by_nothing():
    code = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], requires_grad=True)
    loss = hinge(code, torch.tensor([0, 0, 2]), 4).sum()
    loss.backward()
    assert loss.isfinite()
    assert code.grad.isfinite().all()


@pytest.mark.parametrize(("width", "expected"), [(128, 330_240), (512, 1_313_280)])
def test_it_has_the_decoders_of_the_released_code(width, expected):
    with torch.device("meta"):
        made = CpmNetsNetwork(CpmNetsSettings(width=width), Signature(widths=SHARED, outputs=4))
    assert sum(parameter.numel() for parameter in made.parameters()) == expected


@pytest.mark.parametrize("step_size", [1.0, 0.3])
def test_a_code_is_that_of_a_loop_of_gradient_steps(step_size):
    torch.manual_seed(0)
    latent = LatentFit(WIDTHS, 6)
    features = {m: torch.randn(3, d) for m, d in WIDTHS.items()}
    available = torch.tensor([[True, True, False], [False, False, True], [True, True, True]])
    found = latent.fit(features, available, 25, step_size)
    for row in range(3):
        weights = [
            latent.decoders[m].weight for m, there in zip(WIDTHS, available[row], strict=True) if there
        ]
        curvature = 2 * torch.linalg.eigvalsh(sum(w.T @ w for w in weights))[-1].detach()
        code = torch.zeros(1, 6, requires_grad=True)
        for _ in range(25):
            decoded = latent(code)
            kept = [m for m, there in zip(WIDTHS, available[row], strict=True) if there]
            error = sum((decoded[m] - features[m][row]).square().sum() for m in kept)
            (gradient,) = torch.autograd.grad(error, code)
            code = (code - step_size / curvature * gradient).detach().requires_grad_()
        torch.testing.assert_close(found[row], code[0], rtol=1e-4, atol=1e-4)


def test_more_steps_come_closer_to_what_is_available():
    latent = LatentFit(WIDTHS, 4)
    features = {m: torch.randn(8, d) for m, d in WIDTHS.items()}
    available = torch.rand(8, 3) > 0.3
    codes = [latent.fit(features, available, steps, 1.0) for steps in (1, 10, 1000)]
    errors = torch.stack([latent.error(code, features, available).sum() for code in codes])
    assert (errors.diff() < 0).all()


def test_fitting_a_code_works_in_inference_mode_and_leaves_gradients_alone():
    made, graph = fitted(), batched(ragged(), BUILD)
    with torch.inference_mode():
        inside = made(graph).logits
    assert torch.equal(inside, made(graph).logits)
    assert all(parameter.grad is None for parameter in made.parameters())


def test_logits_depend_on_nothing_but_the_utterance_itself():
    made = fitted()
    together = made(batched(ragged(), BUILD)).logits
    alone = [made(batched([dialogue], BUILD)).logits for dialogue in ragged()]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-5, atol=1e-5)
    graph = batched(ragged(), BUILD)
    for column, modality in enumerate(WIDTHS):
        graph[modality] = graph[modality].where(graph.available[:, column, None], torch.nan)
    assert torch.equal(made(graph).logits, together)


def test_logits_are_mean_similarities_and_nothing_available_is_similar_to_nothing():
    made, graph = fitted(), batched([talk("AB", ["atv", ""])], BUILD)
    output = made(graph)
    mean = made.total / made.count[:, None]
    torch.testing.assert_close(output.logits, output.state @ mean.T)
    assert output.logits[1].tolist() == [0, 0, 0, 0]


def test_a_class_that_training_never_showed_is_never_predicted():
    train = [talk("AAA", id="train", seed=1)]  # sad, neutral, angry
    made = fitted(train=train)
    assert made.count.tolist() == [0, 1, 1, 1]
    assert (made(batched(ragged(), BUILD)).logits[:, 0] < -1e8).all()


def test_utterances_without_a_label_shape_the_decoders_and_not_the_classes():
    train = [talk("AB" * 5, id="train", seed=1)]
    more = replace(talk("AB" * 5, id="more", seed=2), emotion=(None,) * 10)
    one, two = fitted(train=train), fitted(train=[*train, more])
    assert torch.equal(one.count, two.count)
    assert not torch.allclose(one.latent.decoders["text"].weight, two.latent.decoders["text"].weight)


def test_scores_are_learnt_from_codes():
    labels = LabelSpace(interval=(-3.0, 3.0))
    weight = torch.tensor([1.0, -1.0, 0.5])

    def telling(name, seed):
        made = talk("AB" * 40, id=name, seed=seed)
        score = (made.features["audio"] @ weight).clamp(-3, 3)
        return replace(made, emotion=tuple(score.tolist()))

    made = unfitted(labels, width=12)
    fit_cpm_nets(made, [telling("train", 1)], [telling("check", 2)], labels)
    test = telling("test", 3)
    found = made(GraphBuilder({}, labels)(test)).logits
    target = labels.encode(test.emotion)
    assert found.shape == (80, 1)
    assert (found[:, 0] - target).abs().mean() < 0.5 * (target - target.mean()).abs().mean()


def test_fitting_again_gives_the_same_network():
    one, two = fitted().state_dict(), fitted().state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_part_without_labels_is_refused(part):
    silent, whole = talk("AB").unlabelled(), talk("AB")
    parts = ([silent], [whole]) if part == "train" else ([whole], [silent])
    with pytest.raises(ValueError, match="labelled utterances for training and for validation"):
        fit_cpm_nets(unfitted(), *parts, LABELS)


def test_it_is_fitted_evaluated_stored_loaded_and_predicts(tmp_path):
    small = (
        "name=cpm",
        "model={system: cpm_nets, width: 6}",
        "graph=null",
        "data.simulation={dialogues: 10, widths: {audio: 12, text: 12}}",
        "training.stages=null",
        "folds=[1]",
    )
    begun = gm.Run.begin(gm.load_config(ROOT / "examples" / "simulated.yaml", small), tmp_path)
    begun.train()
    dialogue = begun.components.corpus.dialogues[0]
    predicted, again = (gm.load(begun.folder.path).predict(dialogue) for _ in range(2))
    assert torch.equal(predicted.probability, again.probability)

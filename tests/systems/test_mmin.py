"""MMIN, IF-MMIN and CIF-MMIN: equations, counts of the released code, and the promises of every system."""

from pathlib import Path

import pytest
import torch

import graphmer as gm
from graphmer.graph import GraphBuilder
from graphmer.nn.alignment import cmd, decoupled_nce
from graphmer.nn.model import EmotionModel
from graphmer.nn.targets import TrainingTargets
from graphmer.systems.cif_mmin import contrast_loss
from graphmer.systems.if_mmin import alignment_loss
from graphmer.systems.imagination import recorded_error
from graphmer.systems.model import ModelSettings
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

ROOT = Path(__file__).parents[2]
BUILD = GraphBuilder({}, LABELS)
SHARED = {"audio": 512, "text": 1024, "video": 1024}
NAMES = ("mmin", "if_mmin", "cif_mmin")
SHARES = {"mmin": ("encoders",), "if_mmin": ("encoders", "invariant"), "cif_mmin": ("encoders", "consistent")}
every_system = pytest.mark.parametrize("name", NAMES)


def model(name: str, outputs: int = 4, widths=WIDTHS, **settings) -> EmotionModel:
    torch.manual_seed(0)
    described = {
        "network": {"system": name, "width": 8, **settings},
        "signature": {"widths": widths, "outputs": outputs},
    }
    return ModelSettings.model_validate(described).build().eval()


def masked(outputs: int = 4, dialogues=None):
    """A batch in which some of what was recorded is masked."""
    graph = batched(ragged() if dialogues is None else dialogues, BUILD)
    count = graph.num_nodes
    hidden = torch.arange(count)[:, None] % torch.tensor([2, 3, 4][: graph.available.shape[1]]) == 0
    graph.available = graph.available & ~hidden
    graph.emotion = torch.linspace(-3, 3, count) if outputs == 1 else torch.arange(count) % outputs
    return graph


def objective(name: str, stage: str):
    return gm.SYSTEMS[name].objectives[stage]


def loss(made: EmotionModel, graph, stage: str = "imagination"):
    return objective(made.network.settings.system, stage).loss(made, graph, TrainingTargets())


ENCODERS = 427_136
CASCADE = 5 * 279_744 + 295_680


@pytest.mark.parametrize(
    ("name", "student", "teacher"),
    [
        ("mmin", 3_874_052, ENCODERS + 66_308),
        ("if_mmin", 2_212_676, ENCODERS + 33_024 + 768 * 128 + 128 + 16_512 + 516),
        # projections: two layers and a normalisation for each modality
        ("cif_mmin", 2_614_980, 2 * ENCODERS + 66_308 + 3 * (2 * 16_512 + 256)),
    ],
)
def test_students_have_the_parameters_of_the_released_code(name, student, teacher):
    with torch.device("meta"):
        network = model(name, widths=SHARED, width=128).network
    counted = {True: 0, False: 0}
    for parameter_name, parameter in network.named_parameters():
        counted[parameter_name.startswith("teacher.")] += parameter.numel()
    assert counted == {False: student, True: teacher}
    assert sum(parameter.numel() for parameter in network.cascade.parameters()) == CASCADE


def test_mmin_classifies_from_the_codes_of_what_is_available():
    made, graph = model("mmin"), masked()
    network = made.network
    codes = network.cascade(network.encoders(network.filled(graph)).flatten(1)).codes
    torch.testing.assert_close(made(graph).logits, network.classifier(codes).logits)


def test_if_mmin_injects_the_invariant_features_of_one_shared_encoder():
    made, graph = model("if_mmin"), masked()
    network = made.network
    embedding = network.encoders(network.filled(graph))
    invariant = torch.cat([network.invariant(embedding[:, m]) for m in range(3)], dim=1)
    codes = network.cascade(embedding.flatten(1), invariant).codes
    torch.testing.assert_close(made(graph).logits, network.classifier(codes).logits)
    assert not network.cascade.skip


def test_cif_mmin_classifies_the_sum_of_embedding_and_imagination():
    made, graph = model("cif_mmin"), masked()
    network, features = made.network, made.network.filled(graph)
    embedding, consistent = network.encoders(features).flatten(1), network.consistent(features).flatten(1)
    imagined = network.cascade(embedding, consistent).imagined
    torch.testing.assert_close(made(graph).logits, network.classifier(embedding + imagined).logits)
    assert network.cascade.skip


@every_system
@pytest.mark.parametrize("target", ["reverse", "full"])
def test_an_available_modality_is_imagined_as_the_target_asks(name, target):
    network, graph = model(name, target=target).network, masked()
    encoders = network.teacher.encoders
    zeros = encoders({m: torch.zeros(1, width) for m, width in WIDTHS.items()})
    found = network.target(graph) if name == "mmin" else network.targets(graph)[0]
    for m, modality in enumerate(WIDTHS):
        hidden = graph.present[:, m] & ~graph.available[:, m]
        seen = graph.available[:, m]
        truth = encoders.encoder[modality](graph[modality])
        assert hidden.any()
        assert seen.any()
        torch.testing.assert_close(found[hidden, m], truth[hidden])
        other = truth[seen] if target == "full" else zeros[:, m].expand(int(seen.sum()), -1)
        torch.testing.assert_close(found[seen, m], other)


@pytest.mark.parametrize("name", ["if_mmin", "cif_mmin"])
def test_the_target_of_invariant_features_is_the_teachers_of_all_modalities(name):
    network, graph = model(name).network, masked()
    teacher = network.teacher
    features = {m: graph[m].where(graph.present[:, [k]], 0.0) for k, m in enumerate(WIDTHS)}
    expected = (
        teacher.invariant(teacher.encoders(features)) if name == "if_mmin" else teacher.consistent(features)
    )
    torch.testing.assert_close(network.targets(graph)[1], expected)


def test_only_recorded_modalities_have_an_error():
    present = torch.tensor([[True, False], [True, True]])
    target = torch.zeros(2, 2, 4)
    found = torch.tensor([[1.0, 100.0], [2.0, 3.0]])[:, :, None].expand(2, 2, 4)
    assert recorded_error(found, target, present).item() == pytest.approx((1 + 4 + 9) / 3)
    assert recorded_error(found.flatten(1), target, present).item() == pytest.approx((1 + 4 + 9) / 3)
    assert recorded_error(found, target, torch.zeros_like(present)) == 0


@every_system
def test_what_was_never_recorded_changes_no_loss(name):
    made, graph = model(name), masked()
    for stage in ("teacher", "imagination"):
        before = loss(made, graph, stage).total
        for column, modality in enumerate(WIDTHS):
            graph[modality] = graph[modality].where(graph.present[:, [column]], torch.nan)
        assert torch.equal(loss(made, graph, stage).total, before)


def test_the_discrepancy_is_the_mean_over_pairs_of_the_utterances_that_have_each():
    torch.manual_seed(0)
    features = torch.randn(4, 3, 5)
    has = torch.tensor([[1, 1, 0], [1, 0, 1], [1, 1, 1], [0, 1, 1]], dtype=torch.bool)
    a, t, v = (features[has[:, m], m] for m in range(3))
    torch.testing.assert_close(alignment_loss(features, has), (cmd(a, t) + cmd(a, v) + cmd(t, v)) / 3)


def test_contrastive_losses_have_the_weights_of_the_paper():
    torch.manual_seed(0)
    a, t, v = views = list(torch.randn(3, 6, 5))
    everything = torch.ones(6, 3, dtype=torch.bool)
    expected = 0.25 * decoupled_nce(t, v) + 0.25 * decoupled_nce(t, a) + 0.5 * decoupled_nce(v, a)
    torch.testing.assert_close(contrast_loss(views, everything, tuple(WIDTHS)), expected)
    pairs = [torch.eye(2)] * 3
    assert contrast_loss(pairs, everything[:2], tuple(WIDTHS)).item() == pytest.approx(-2.71828, abs=1e-5)
    # a pair compares the utterances that have both of its modalities
    has = torch.arange(6)[:, None] >= torch.tensor([0, 2, 0])
    expected = 0.25 * decoupled_nce(t[2:], v[2:]) + 0.25 * decoupled_nce(t[2:], a[2:])
    expected = expected + 0.5 * decoupled_nce(v, a)
    torch.testing.assert_close(contrast_loss(views, has, tuple(WIDTHS)), expected)


@every_system
@pytest.mark.parametrize("outputs", [4, 1])
@pytest.mark.parametrize("stage", ["teacher", "imagination"])
def test_a_stage_trains_all_of_the_teacher_or_all_of_the_student(name, outputs, stage):
    made, graph = model(name, outputs), masked(outputs)
    loss(made.train(), graph, stage).total.backward()
    moved = {key for key, p in made.named_parameters() if p.grad is not None and p.grad.any()}
    keys = {key for key, _ in made.named_parameters()}
    assert moved == {key for key in keys if key.startswith("network.teacher.") == (stage == "teacher")}
    assert moved == {key for key in keys if key.startswith(objective(name, stage).trains)}


@every_system
def test_the_student_starts_from_the_encoders_of_the_teacher_and_does_not_share_them(name):
    made, graph = model(name), masked()
    network = made.network
    objective(name, "imagination").start(made)
    for part in SHARES[name]:
        student, teacher = getattr(network, part), getattr(network.teacher, part)
        for one, other in zip(student.parameters(), teacher.parameters(), strict=True):
            assert torch.equal(one, other)
            assert one is not other
        assert f"network.{part}" in objective(name, "imagination").trains
    assert loss(made, graph).total.isfinite()


@every_system
def test_targets_have_no_dropout_while_the_student_is_trained(name):
    made, graph = model(name).train(), masked()
    find = made.network.target if name == "mmin" else lambda g: torch.cat(made.network.targets(g))
    assert torch.equal(find(graph), find(graph))
    assert made.network.teacher.training


@every_system
def test_each_turn_is_read_by_itself(name):
    made = model(name)
    dialogue = talk("ABCAB", ["atv", "a", "", "tv", "v"])
    whole = made(batched([dialogue], BUILD)).logits
    part = made(batched([talk("ABC", ["atv", "a", ""])], BUILD)).logits
    torch.testing.assert_close(part, whole[:3])
    assert torch.equal(made(batched([talk("AAAAA", ["atv", "a", "", "tv", "v"])], BUILD)).logits, whole)


@every_system
@pytest.mark.parametrize("outputs", [4, 1])
@pytest.mark.parametrize("speakers", ["A", "AAA", "ABCDE"])
def test_short_dialogues_with_nothing_recorded_are_finite(name, outputs, speakers):
    graph = masked(outputs, [talk(speakers, [""] * len(speakers))])
    for stage in ("teacher", "imagination"):
        terms = loss(model(name, outputs), graph, stage)
        assert terms.total.isfinite()
    assert terms.parts["imagination"] == 0


@every_system
@pytest.mark.parametrize("count", [2, 4])
def test_it_takes_any_number_of_modalities_from_two(name, count):
    widths = dict(list({"audio": 3, "video": 4, "pulse": 2, "text": 5}.items())[:count])
    made = model(name, widths=widths)
    graph = batched([talk("ABAB", widths=widths)], BUILD)
    graph.available = torch.arange(4)[:, None] % count != torch.arange(count)
    for stage in ("teacher", "imagination"):
        terms = loss(made, graph, stage)
        terms.total.backward()
        assert terms.total.isfinite()
    assert made.network.cascade.transform[0].in_features == count * 8


@every_system
def test_a_single_modality_is_refused(name):
    with pytest.raises(ValueError, match=f"The system {name} .* must have at least two; got text"):
        model(name, widths={"text": 5})


def run(name: str, folder: Path, *settings: str) -> gm.Run:
    small = (
        f"model={{system: {name}, width: 6}}",
        "graph=none",
        "data.simulation={dialogues: 10, widths: {audio: 12, text: 12}}",
        "training.stages=[{name: teacher, objective: teacher, epochs: 1, mask: complete}, "
        "{name: imagination, objective: imagination, epochs: 2, mask: partial}]",
        "folds=[1]",
    )
    file = ROOT / "examples" / "simulated.yaml"
    begun = gm.Run.begin(gm.load_config(file, [f"name={name}", *small, *settings]), folder)
    begun.train()
    return begun


TERMS = {
    "mmin": ({"teacher"}, {"emotion", "imagination", "cycle"}),
    "if_mmin": ({"teacher", "alignment"}, {"emotion", "imagination", "invariance"}),
    "cif_mmin": ({"teacher", "contrast"}, {"emotion", "imagination", "invariance"}),
}


@every_system
def test_it_is_trained_evaluated_stored_loaded_and_predicts(name, tmp_path):
    begun = run(name, tmp_path, "causal=true")
    epochs = [set(record["losses"]) for record in begun.folder.records()]
    assert epochs == [TERMS[name][0], TERMS[name][1], TERMS[name][1]]
    dialogue = begun.components.corpus.dialogues[0]
    predicted, again = (gm.load(begun.folder.path).predict(dialogue) for _ in range(2))
    assert predicted.router is None
    assert torch.equal(predicted.probability, again.probability)


@every_system
def test_heads_curriculum_and_supports_work_with_it(name, tmp_path):
    begun = run(
        name,
        tmp_path,
        "heads={decoder: chain, change: true}",
        "curriculum={distillation: 1.0, teacher: {width: 8, epochs: 1}}",
        "retrieval={k: 2, form: mixup}",
    )
    expected = TERMS[name][1] | {"support", "chain", "change", "distillation"}
    assert expected - {"support"} <= set(begun.folder.records()[-1]["losses"]) <= expected

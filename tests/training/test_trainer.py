import copy
import math

import pytest
import torch
from lightning_fabric import Fabric

from graphmer.curriculum.curriculum import Curriculum
from graphmer.curriculum.pacing import Pacing
from graphmer.dialogue import Complete, Mixed
from graphmer.errors import CheckpointError
from graphmer.graph import GraphBuilder, TemporalWindow
from graphmer.graph.dataset import GraphDataset
from graphmer.nn.messages import MessagePassingSettings
from graphmer.systems import Objective
from graphmer.systems.experts import OBJECTIVES, mixing_loss
from graphmer.training.distillation import teacher_logits
from graphmer.training.optimization import DECODER_PACE
from graphmer.training.stage import Stage
from graphmer.training.trainer import Optimization, Selected, Trainer, derived_seed
from tests.models import model_settings
from tests.talks import LABELS, WIDTHS, ragged, talk

BUILD = GraphBuilder({"near": TemporalWindow(1, 1)}, LABELS)
STAGES = (
    Stage("experts", 2, OBJECTIVES["unimodal"], Complete(), select=False),
    Stage("mixing", 3, OBJECTIVES["mixing"], Mixed()),
)


class InterruptionError(Exception):
    pass


def tiny(width: int = 8, seed: int = 0):
    torch.manual_seed(seed)
    messages = MessagePassingSettings(width=8, depth=1, heads=2)
    return model_settings(
        WIDTHS, 4, BUILD.relations, width=width, depth=1, reconstruction=0.1, message_passing=messages
    ).build()


def train() -> GraphDataset:
    return GraphDataset([*ragged(), *(talk("ABAB", id=str(n), seed=n) for n in range(4))], BUILD)


def trainer(seed: int = 1, state=None, **settings) -> Trainer:
    optimization = Optimization(**{"learning_rate": 0.01, "batch_nodes": 12, **settings})
    return Trainer(Fabric(accelerator="cpu", devices=1), optimization, seed=seed, state=state)


def weights(model) -> dict[str, torch.Tensor]:
    return copy.deepcopy(model.state_dict())


def equal(one, other) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def ignore(_) -> None:
    pass


class Scores:
    """Gives out scores in turn, and remembers the weights that got them."""

    def __init__(self, *scores: float) -> None:
        self.scores = scores
        self.weights = []

    def __call__(self, model) -> float:
        self.weights.append(weights(model))
        return self.scores[len(self.weights) - 1]


def test_the_model_is_left_with_the_weights_of_the_best_epoch():
    model, scores = tiny(), Scores(0.2, 0.9, 0.5)
    selected = trainer().fit(model, STAGES, train(), scores, ignore)
    assert selected == Selected(4, 0.9)
    assert equal(weights(model), scores.weights[1])
    assert not equal(weights(model), scores.weights[2])


def test_of_equal_scores_the_first_is_kept():
    assert trainer().fit(tiny(), STAGES, train(), Scores(0.5, 0.5, 0.5), ignore).epoch == 3


def test_the_last_epoch_can_be_kept_instead():
    model, scores = tiny(), Scores(0.2, 0.9, 0.5)
    assert trainer().fit(model, STAGES, train(), scores, ignore, keep_last=True) == Selected(5, 0.5)
    assert equal(weights(model), scores.weights[2])


def test_every_epoch_is_told():
    told = []
    trainer().fit(tiny(), STAGES, train(), Scores(0.2, 0.9, 0.5), told.append)
    assert [(e.stage, e.number, e.score, e.best) for e in told] == [
        ("experts", 1, None, False),
        ("experts", 2, None, False),
        ("mixing", 3, 0.2, True),
        ("mixing", 4, 0.9, True),
        ("mixing", 5, 0.5, False),
    ]
    assert list(told[0].losses) == list(WIDTHS)
    assert list(told[-1].losses) == ["emotion", "reconstruction"]
    assert all(math.isfinite(loss) for epoch in told for loss in epoch.losses.values())


def test_training_lowers_the_loss():
    told = []
    stage = Stage("mixing", 15, OBJECTIVES["mixing"], Complete())
    trainer(schedule="constant").fit(tiny(), [stage], train(), lambda model: 0.0, told.append)
    assert told[-1].losses["emotion"] < 0.8 * told[0].losses["emotion"]


def trained(seed: int) -> dict[str, torch.Tensor]:
    model = tiny()
    trainer(seed).fit(model, STAGES, train(), lambda model: 0.0, ignore, keep_last=True)
    return weights(model)


def test_one_seed_gives_one_result_and_another_seed_another():
    one = trained(1)
    torch.rand(7)  # what else draws from the global generator does not matter
    assert equal(one, trained(1))
    assert not equal(one, trained(2))


def test_the_global_generator_is_left_as_it_was():
    model = tiny()
    before = torch.get_rng_state()
    trainer().fit(model, STAGES, train(), lambda model: 0.0, ignore)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("settings", [{}, {"optimizer": "adam"}, {"ema": 0.9}])
@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_a_run_continued_after_an_interruption_equals_one_never_interrupted(after, settings, tmp_path):
    def score(model) -> float:
        return -abs(model.network.emotion.weight.sum().item())

    whole = tiny()
    expected = trainer(**settings).fit(whole, STAGES, train(), score, ignore)

    def interrupt(epoch) -> None:
        if epoch.number == after:
            raise InterruptionError

    state = tmp_path / "state.safetensors"
    with pytest.raises(InterruptionError):
        trainer(state=state, **settings).fit(tiny(), STAGES, train(), score, interrupt)
    told, continued = [], tiny(seed=99)
    selected = trainer(state=state, **settings).fit(continued, STAGES, train(), score, told.append)
    assert [epoch.number for epoch in told] == [*range(after + 1, 6)]
    assert selected == expected
    assert equal(weights(continued), weights(whole))


def distilled(objective) -> Stage:
    curriculum = Curriculum(train(), None, None, Pacing(), distillation_weight=1.0)
    return Stage("mixing", 3, objective, Mixed(), curriculum=curriculum)


def test_a_run_with_distillation_from_its_moving_average_can_be_continued(tmp_path):
    stages = (STAGES[0], distilled(OBJECTIVES["mixing"]))
    whole, continued = tiny(), tiny()
    trainer(ema=0.9).fit(whole, stages, train(), lambda model: 0.0, ignore)

    def interrupt(epoch) -> None:
        if epoch.number == 4:
            raise InterruptionError

    again = {"state": tmp_path / "state.safetensors", "ema": 0.9}
    with pytest.raises(InterruptionError):
        trainer(**again).fit(tiny(), stages, train(), lambda model: 0.0, interrupt)
    trainer(**again).fit(continued, stages, train(), lambda model: 0.0, ignore)
    assert equal(weights(continued), weights(whole))


def test_the_teacher_is_the_moving_average_and_reads_complete_dialogues():
    """With one step an epoch, its teacher is the average after the epoch before."""
    seen = []

    def spy(model, graph, targets):
        seen.append((graph.clone(), targets))
        return mixing_loss(model, graph, targets)

    trained = tiny()
    averaged = []
    trainer(ema=0.9, batch_nodes=1000).fit(
        trained,
        (STAGES[0], distilled(Objective(spy))),
        train(),
        lambda model: averaged.append(weights(model)) or 0.0,
        ignore,
    )
    teacher = tiny().eval()
    for kept, (graph, targets) in zip(averaged[:2], seen[1:], strict=True):
        teacher.load_state_dict(kept)
        torch.testing.assert_close(targets.teacher_logits, teacher_logits(teacher, graph))
        assert (graph.present & ~graph.available).any()


def test_the_moving_average_of_the_weights_is_validated_and_kept():
    """With one competing step the mean is that step's weights; later it lags behind them."""
    averaged = []

    def score(model) -> float:
        averaged.append(weights(model))
        return float(len(averaged))

    plain, smoothed = tiny(), tiny()
    trainer().fit(plain, STAGES, train(), score, ignore)
    raw, averaged = averaged, []
    trainer(ema=0.9).fit(smoothed, STAGES, train(), score, ignore)
    assert equal(weights(smoothed), averaged[-1])
    assert not equal(averaged[-1], raw[-1])


def test_the_state_of_another_model_is_refused(tmp_path):
    state = tmp_path / "state.safetensors"
    trainer(state=state).fit(tiny(), STAGES, train(), Scores(0.2, 0.9, 0.5), ignore)
    with pytest.raises(CheckpointError, match=r"holds the state of another model. Resume with the run's own"):
        trainer(state=state).fit(tiny(width=16), STAGES, train(), Scores(0.2, 0.9, 0.5), ignore)


def test_a_loss_that_is_not_finite_stops_the_run_before_its_state_is_kept(tmp_path):
    state = tmp_path / "state.safetensors"
    with pytest.raises(
        FloatingPointError, match=r"loss of epoch 1 is not finite. Lower `learning_rate` \(now"
    ):
        trainer(state=state, learning_rate=1e30, schedule="constant").fit(
            tiny(), STAGES[1:], train(), lambda model: 0.0, ignore
        )
    assert not state.exists()


def test_the_last_stage_must_compete():
    with pytest.raises(ValueError, match="No stage competes for the best validation score"):
        trainer().fit(tiny(), STAGES[:1], train(), lambda model: 0.0, ignore)


def test_the_cosine_schedule_rises_for_its_warmup_and_falls_to_zero():
    plan = Optimization(learning_rate=0.1, schedule="cosine")
    assert plan.rate(0, 10) == pytest.approx(0.1 * 0.0005)
    assert plan.rate(1, 10) == pytest.approx(0.1 * 0.5005 * 0.5 * (1 + math.cos(math.pi / 10)))
    assert plan.rate(5, 10) == pytest.approx(0.05)
    assert plan.rate(10, 10) == pytest.approx(0.0)
    rates = [plan.rate(epoch / 4, 10) for epoch in range(8, 41)]
    assert rates == sorted(rates, reverse=True)


def test_the_constant_schedule_stays():
    plan = Optimization(learning_rate=0.1, schedule="constant")
    assert {plan.rate(epoch, 10) for epoch in (0, 0.5, 5, 10)} == {0.1}


@pytest.mark.parametrize(("name", "kind"), [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam)])
def test_the_optimizer_has_its_settings(name, kind):
    made = Optimization(learning_rate=0.2, weight_decay=0.3, optimizer=name).make(tiny())
    assert type(made) is kind
    assert (made.defaults["lr"], made.defaults["weight_decay"]) == (0.2, 0.3)


def test_a_decoder_learns_faster_than_the_rest():
    model = model_settings(WIDTHS, 4, width=8, depth=1, decoder="chain").build()
    made = Optimization().make(model)
    weights, decoder = (group["params"] for group in made.param_groups)
    assert {id(parameter) for parameter in decoder} == {id(p) for p in model.decoder.parameters()}
    assert len(weights) + len(decoder) == len(list(model.parameters()))
    assert [group["pace"] for group in made.param_groups] == [1.0, DECODER_PACE]
    (group,) = Optimization().make(model_settings(WIDTHS, 4, width=8, depth=1).build()).param_groups
    assert group["pace"] == 1.0


def test_the_steps_of_a_decoder_are_longer_by_its_pace():
    """The first step of Adam is the learning rate, whatever the gradient."""
    model = model_settings(WIDTHS, 4, width=8, depth=1, decoder="chain").build()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    one = [Stage("mixing", 1, OBJECTIVES["mixing"], Complete())]
    settings = {"learning_rate": 1e-3, "weight_decay": 0.0, "schedule": "constant", "batch_nodes": 1000}
    trainer(**settings).fit(model, one, train(), lambda model: 0.0, ignore)
    moved = {name: (tensor - before[name]).abs().max() for name, tensor in model.state_dict().items()}
    assert moved["decoder.transition"].item() == pytest.approx(1e-3 * DECODER_PACE, rel=1e-3)
    assert moved["network.emotion.weight"].item() == pytest.approx(1e-3, rel=1e-3)


def test_derived_seeds_depend_on_every_part_and_on_the_process_on_nothing():
    assert derived_seed("epoch", 1, 2) == derived_seed("epoch", 1, 2)
    seeds = {
        derived_seed(*parts) for parts in [("epoch", 1, 2), ("epoch", 1, 3), ("epoch", 12), ("fold", 1, 2)]
    }
    assert len(seeds) == 4
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derived_seed("epoch", 1, 1) == 51157087820116866


def test_a_stage_moves_only_the_parameters_that_it_trains():
    model = tiny()
    before = weights(model)
    one = Stage("head", 1, Objective(mixing_loss, trains=("network.emotion",)), Complete())
    trainer().fit(model, [one], train(), lambda model: 0.0, ignore)
    moved = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved == {"network.emotion.weight", "network.emotion.bias"}
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_stage_that_trains_nothing_is_named():
    stage = Stage("head", 1, Objective(mixing_loss, trains=("network.head",)), Complete())
    with pytest.raises(
        ValueError, match=r"Stage 'head' trains parameters whose names begin with network.head"
    ):
        trainer().fit(tiny(), [stage], train(), lambda model: 0.0, ignore)


def test_a_hand_over_comes_before_the_first_epoch_of_its_stage_and_not_again(tmp_path):
    calls = []

    def start(model) -> None:
        calls.append(len(calls))
        model.network.emotion.bias.fill_(7.0)

    stages = (STAGES[0], Stage("mixing", 3, Objective(mixing_loss, start=start), Mixed()))
    state = tmp_path / "state.safetensors"

    def interrupt(epoch) -> None:
        if epoch.number == 4:
            raise InterruptionError

    with pytest.raises(InterruptionError):
        trainer(state=state).fit(tiny(), stages, train(), lambda model: 0.0, interrupt)
    assert calls == [0]
    continued, whole = tiny(), tiny()
    trainer(state=state).fit(continued, stages, train(), lambda model: 0.0, ignore)
    assert calls == [0]
    trainer().fit(whole, stages, train(), lambda model: 0.0, ignore)
    assert equal(weights(continued), weights(whole))
    assert abs(whole.network.emotion.bias - 7).max() < 1

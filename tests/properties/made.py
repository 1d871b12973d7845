"""Small models of all systems, and what the tests of their properties do with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric

from graphmer.dialogue import Complete, Dialogue, LabelSpace, Mixed
from graphmer.dialogue.standardise import Standardiser
from graphmer.graph import Adjacent, GraphBuilder, SameSpeaker, TemporalWindow
from graphmer.graph.dataset import GraphDataset
from graphmer.nn.calibration import Calibration
from graphmer.nn.messages import CONVOLUTIONS, MessagePassingSettings
from graphmer.systems import SYSTEMS, System
from graphmer.systems.experts import OBJECTIVES
from graphmer.systems.model import ModelSettings
from graphmer.training.model_file import TrainedModel
from graphmer.training.stage import Stage
from graphmer.training.trainer import Optimization, Trainer
from tests.models import model_settings
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

RULES = {"near": TemporalWindow(2, 2), "own": SameSpeaker(), "reply": Adjacent()}
SCORES = LabelSpace(interval=(-3.0, 3.0))


def scored(dialogue: Dialogue) -> Dialogue:
    """The dialogue with a score for each turn instead of a class."""
    return replace(dialogue, emotion=tuple(float(turn % 5 - 2) for turn in range(len(dialogue))))


@dataclass(frozen=True, eq=False)
class Made:
    """How one model is made: its settings, its convolution if it passes messages, its system if another."""

    convolution: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    system: str | None = None
    labels: LabelSpace = LABELS

    @property
    def declared(self) -> System:
        return SYSTEMS[self.system or ("momke" if self.convolution is None else "graphmer")]

    @property
    def build(self) -> GraphBuilder:
        rules = RULES if self.declared.uses_graph else {}
        return GraphBuilder(rules, self.labels, causal=self.settings.get("causal", False))

    @property
    def described(self) -> ModelSettings:
        relations, outputs = self.build.relations, self.labels.outputs
        if self.system is not None:
            own = {"system": self.system, "relations": relations, **sized(self.declared)}
            return model_settings(WIDTHS, outputs, **own, **self.settings)
        messages = None
        if self.convolution is not None:
            messages = MessagePassingSettings(
                width=8, depth=2, convolution=self.convolution, heads=2, dropout=0.3
            )
        size = {"width": 8, "depth": 2, "relations": relations, "message_passing": messages}
        return model_settings(WIDTHS, outputs, **size, **self.settings)

    def dialogues(self, found: list[Dialogue]) -> list[Dialogue]:
        """The dialogues with annotations that the model can learn."""
        return [scored(dialogue) for dialogue in found] if self.labels.is_score else found

    @property
    def stages(self) -> list[Stage]:
        """Its stages, each of few epochs."""
        if self.system is not None:
            objectives = SYSTEMS[self.system].objectives
            return [Stage(name, 2, objective, Mixed()) for name, objective in objectives.items()]
        return [
            Stage("experts", 1, OBJECTIVES["unimodal"], Complete(), select=False),
            Stage("mixing", 2, OBJECTIVES["mixing"], Mixed()),
        ]

    def trained(self, standardiser: Standardiser) -> TrainedModel:
        return TrainedModel(
            self.model(), self.described, self.labels, standardiser, self.build, {}, self.declared
        )

    def model(self, seed: int = 0):
        torch.manual_seed(seed)
        made = self.described.build().eval()
        if made.decoder is not None:  # an untrained one does nothing
            for parameter in made.decoder.parameters():
                torch.nn.init.normal_(parameter)
        for name, buffer in made.named_buffers():
            if name.endswith("averages.prior"):  # of zeros, which shrink nothing
                buffer.fill_(2.0)
            if name.endswith("pattern.informative"):  # of zeros, which tell nothing
                buffer.fill_(1.0)
        for name, parameter in made.named_parameters():
            if ".missing_pattern." in name:
                torch.nn.init.normal_(parameter)
        if not self.labels.is_score:  # the bias of logit adjustment
            made.calibrate(Calibration(bias=tuple(0.5 * number for number in range(self.labels.outputs))))
        if self.declared.fit is not None:  # an empty one predicts nothing
            parts = [[talk("AB" * 4, id=str(n), seed=n) for n in numbers] for numbers in (range(4), (4, 5))]
            self.declared.fit(made.network, *map(self.dialogues, parts), self.labels)
        return made


def sized(system: System) -> dict[str, int]:
    """The width of a small network; logistic regression has none."""
    return {"width": 8} if "width" in system.settings.model_fields else {}


REPAIRS = {"reliability": 0.5, "realign": 1, "denoise": True}
"""Settings of the parts that handle damaged features."""

MODELS = {
    "momke": Made(),
    "preln": Made(settings={"block": "preln"}),
    "positions": Made(settings={"positions": True}),
    **{name: Made(name) for name in CONVOLUTIONS},
    "reconstruction": Made("rgcn", {"block": "preln", "reconstruction": 0.5}),
    "reliability": Made("rgcn", REPAIRS),
    "reliability without messages": Made(settings={**REPAIRS, "neighborhood_averages": (2.0,)}),
    "chain": Made("rgcn", {"decoder": "chain"}),
    "chain without messages": Made(settings={"decoder": "chain", "block": "preln"}),
    "windowed": Made("rgcn", {"attention_window": 2, "block": "preln", "positions": True}),
    "windowed reference": Made(settings={"attention_window": 1}),
    "recency": Made("rgcn", {"alibi": True, "block": "preln", "positions": True}),
    "neighborhood_averages": Made("rgcn", {"neighborhood_averages": (2.0, None), "block": "preln"}),
    "neighborhood_averages without messages": Made(
        settings={"neighborhood_averages": (None, 1.0), "average_shrinkage": True}
    ),
    "missing pattern": Made("rgcn", {"missing_pattern": True, "decoder": "chain", "change": True}),
    "missing pattern without messages": Made(settings={"missing_pattern": True}),
    "change head": Made("rgcn", {"change": True}),
    "chain with change head": Made(settings={"decoder": "chain", "change": True}),
    "gcnet with averages": Made(settings={"neighborhood_averages": (2.0, None)}, system="gcnet"),
    **{
        f"{name} with heads": Made(settings={"decoder": "chain", "change": True}, system=name)
        for name in ("gcnet", "mmin", "imder", "gsdnet_style")
    },
    # graphmer is there with each convolution
    **{name: Made(system=name) for name in SYSTEMS if name not in ("momke", "graphmer")},
}
CAUSAL = {
    "causal momke": Made(settings={"causal": True, "positions": True}),
    **{f"causal {name}": Made(name, {"causal": True, "block": "preln"}) for name in CONVOLUTIONS},
    "causal windowed": Made("rgcn", {"causal": True, "attention_window": 2, "block": "preln"}),
    "causal missing pattern": Made("rgcn", {"causal": True, "missing_pattern": True}),
    "causal recency": Made("rgcn", {"causal": True, "alibi": True, "block": "preln"}),
    "causal windowed recency": Made("rgcn", {"causal": True, "attention_window": 2, "alibi": True}),
    "causal neighborhood_averages": Made(
        "rgcn",
        {
            "causal": True,
            "attention_window": 2,
            "neighborhood_averages": (0.5, None),
            "average_shrinkage": True,
        },
    ),
    "causal windowed reference": Made(
        "transformer", {"causal": True, "attention_window": 1, "decoder": "chain"}
    ),
    "causal chain": Made("rgcn", {"causal": True, "block": "preln", "decoder": "chain"}),
    "causal change head": Made("rgcn", {"causal": True, "block": "preln", "change": True}),
    **{
        f"causal {name}": Made(settings={"causal": True}, system=name)
        for name, system in SYSTEMS.items()
        if system.causal and name not in ("momke", "graphmer")
    },
}
STREAMING = {name: made for name, made in CAUSAL.items() if made.declared.streams}
FITTED = [name for name, system in SYSTEMS.items() if system.fit is not None]
CANNOT = {
    "test_restoring_the_best_epoch_restores_its_weights": dict.fromkeys(FITTED, "there are no epochs"),
    "test_another_seed_gives_another_result": dict.fromkeys(FITTED, "the fit draws no random numbers"),
    "test_every_parameter_gets_a_gradient_in_the_stage_that_trains_it": dict.fromkeys(
        FITTED, "there are no stages"
    ),
}
"""Models that cannot have a property, with the reason, by the name of its test; the test has to fail."""


def over(models: Mapping[str, Made]) -> Callable[..., Any]:
    """Decorator that runs a test for each model, and expects it to fail for those in `CANNOT`."""

    def parametrized(test: Callable[..., None]) -> Any:
        reasons = CANNOT.get(test.__name__, {})
        assert reasons.keys() <= models.keys(), f"CANNOT names unknown models for {test.__name__}"
        marks = {
            name: pytest.mark.xfail(reason=reason, raises=AssertionError, strict=True)
            for name, reason in reasons.items()
        }
        cases = [pytest.param(made, id=name, marks=marks.get(name, ())) for name, made in models.items()]
        return pytest.mark.parametrize("made", cases)(test)

    return parametrized


def said(model, build: GraphBuilder, *dialogues: Dialogue) -> torch.Tensor:
    """Logits of each turn, or with a decoder what it makes of them, as log-probabilities; and the change."""
    batch = batched(dialogues, build)
    output = model(batch)
    if model.decoder is None and model.change_head is None:
        return output.logits
    decision = model.decide(output, batch)
    emotion = output.logits if model.decoder is None else decision.probability.log()
    return torch.cat([emotion, decision.change.nan_to_num(-1.0)[:, None]], dim=1)


def fit(made: Made, seed: int, validate) -> dict[str, torch.Tensor]:
    """Weights after a short training of all stages, from the same initial weights."""
    model = made.model()
    if made.declared.fit is not None:
        return model.state_dict()
    trainer = Trainer(
        Fabric(accelerator="cpu", devices=1), Optimization(learning_rate=0.01, batch_nodes=12), seed=seed
    )
    part = GraphDataset(made.dialogues(ragged()), made.build)
    trainer.fit(model, made.stages, part, validate, lambda epoch: None)
    return model.state_dict()


@cache
def weights(made: Made, seed: int) -> dict[str, torch.Tensor]:
    """Weights after a short training in which all epochs are equally good."""
    return fit(made, seed, lambda model: 0.0)

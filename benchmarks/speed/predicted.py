"""Models and inputs of the benchmark of predicting, and the comparison of what two checkouts predict."""

import json
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).parents[2]
CONFIGS = {
    "simulated": (ROOT / "examples" / "simulated.yaml", ()),
    "recipe": (ROOT / "configs" / "recipe.yaml", ("data.root=.",)),
}
"""Configuration of each model, and what it needs to be read."""

FIGURES = 1.5e-4
"""Difference of two numbers with four decimals that rounding explains."""


def prepare(folder: Path, dialogues: int, larger: int) -> int:
    """The models and their inputs; the number of turns of the smaller one."""
    from graphmer.corpora.base import InMemoryCorpus
    from graphmer.corpora.dataset import write_dataset
    from graphmer.corpora.parquet.write import write_parquet
    from graphmer.corpora.simulate import simulate

    drawn = simulate(0, sessions=(dialogues // 5 * larger,) * 5)
    every = list(drawn.dialogues)

    def part(chosen: list[Any]) -> InMemoryCorpus:
        return InMemoryCorpus(drawn.card, drawn.labels, drawn.widths, chosen, {}, "")

    few = every[::larger]
    write_dataset(part(few), folder / "corpus")
    lines = (folder / "corpus" / "dialogues.jsonl").read_text().splitlines()
    (folder / "corpus" / "one.jsonl").write_text(lines[0] + "\n")
    for name, chosen in (("corpus", few), ("larger", every)):
        write_parquet(part(chosen), folder / f"{name}.parquet")
    for model in CONFIGS:
        _save(folder / model / "fold1-seed1", model, drawn, few)
    return sum(map(len, few))


def _save(target: Path, model: str, drawn: Any, few: list[Any]) -> None:
    """Write a model with fresh weights."""
    from graphmer.config.load import load_config
    from graphmer.dialogue.standardise import Standardiser
    from graphmer.graph import GraphBuilder
    from graphmer.nn.network import Signature
    from graphmer.systems import SYSTEMS
    from graphmer.systems.model import ModelSettings
    from graphmer.training.model_file import TrainedModel, save_model

    path, overrides = CONFIGS[model]
    config = load_config(path, overrides)
    assert config.graph is not None
    build = GraphBuilder({name: rule.build() for name, rule in config.graph.rules.items()}, drawn.labels)
    signature = Signature(widths=drawn.widths, outputs=drawn.labels.outputs, relations=build.relations)
    settings = ModelSettings(network=config.model, signature=signature, heads=config.heads)
    torch.manual_seed(0)
    network, standardiser = settings.build().eval(), Standardiser.fit(few[:20])
    system = SYSTEMS[config.model.system]
    target.mkdir(parents=True)
    save_model(target, TrainedModel(network, settings, drawn.labels, standardiser, build, {}, system))


def rows_apart(now: Path, before: Path) -> str:
    """How far apart two files of predictions are, in words; they must be the same to rounding."""
    pairs = [
        (one, other)
        for line, earlier in zip(_lines(now), _lines(before), strict=True)
        for one, other in zip(line["turns"], earlier["turns"], strict=True)
    ]
    emotions = sum(one["emotion"] != other["emotion"] for one, other in pairs)
    largest = max(
        abs(one["probability"][name] - value)
        for one, other in pairs
        for name, value in other["probability"].items()
    )
    assert largest < FIGURES, largest
    assert emotions <= len(pairs) // 1000, emotions
    return (
        f"{emotions} of {len(pairs):,} emotions differ, and probabilities by {largest:.4f} at most, which is "
        "the last digit that is written"
    )


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

"""Runs as columns of a comparison, read without their corpus."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any, cast

import torch

from graphmer.config.load import load_config
from graphmer.config.schema import Config
from graphmer.errors import CheckpointError, ConfigError
from graphmer.evaluation.gathering import masks_digest
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.scores import Scores
from graphmer.experiment.fold import predictions_path
from graphmer.report.comparable import check_comparable
from graphmer.report.comparison import Column, Comparison, Facts
from graphmer.systems import SYSTEMS, System
from graphmer.training.description import read_description
from graphmer.training.run_folder import RunFolder

TEACHER = "network.teacher."
"""Beginning of the names of the parameters of a teacher that only training reads."""

FACTS = "facts"
"""Key of the facts in the `meta` of stored scores."""


def compare_runs(
    runs: Mapping[str, Path] | Sequence[Path],
    *,
    title: str = "Comparison",
    against: str | None = None,
    metrics: Sequence[str] = (),
    systems: Mapping[str, System] = SYSTEMS,
) -> Comparison:
    """Compare finished runs.

    Args:
        runs: run folders, or files of scores, by name; as a list, they are named by their configurations.
        title: of the tables and the page.
        against: name of the run that differences are from; the first one by default.
        metrics: keys of the metrics; WA, or the MAE of a score, by default.
        systems: systems by name, with custom ones.

    Raises:
        CheckpointError: if a run is not finished, or cannot be read.
        IncomparableError: if corpus, split, masks or selection differ.
        ConfigError: if there are not two runs, or a name or metric is not known.
    """
    paths = list(runs.values()) if isinstance(runs, Mapping) else list(runs)
    if len(paths) < 2:
        raise ConfigError(f"A comparison needs two or more runs; got {len(paths)}. Name another one.")
    columns = [column_of(path, systems) for path in paths]
    names = list(runs) if isinstance(runs, Mapping) else unique_names(columns, paths)
    columns = [replace(column, name=name) for column, name in zip(columns, names, strict=True)]
    check_comparable(columns)
    try:
        return Comparison.of(columns, title=title, reference=against, metrics=metrics)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def column_of(path: Path, systems: Mapping[str, System] = SYSTEMS) -> Column:
    """A run, or stored scores, as a column.

    Args:
        path: a run folder, or a file of scores: one of `store_column`, or one that `graphmer evaluate` wrote
            into a run folder.
        systems: systems by name, with custom ones.

    Raises:
        CheckpointError: if it cannot be read, or a model is not trained yet.
    """
    folder, file = (path.parent, path) if path.is_file() else (path, path / "scores.json")
    if path.is_file():
        scores = Scores.from_json(file)
        if FACTS in scores.meta or not (folder / "config.yaml").is_file():
            return Column(str(scores.meta["title"]), scores, _stored_facts(scores))
    run = RunFolder(folder)
    run.warn_if_edited()
    config = load_config(folder / "config.yaml", systems=systems)
    if not file.is_file():
        raise CheckpointError(
            f"{path}: not all its models are trained. Continue with `graphmer train --resume {path}`."
        )
    scores = Scores.from_json(file)
    facts = _stored_facts(scores) | _facts(run, config, scores, systems)
    if "masks" not in facts and not path.is_file():
        facts["masks"] = _masks(folder, scores)
    return Column(config.name, scores, facts)


def _stored_facts(scores: Scores) -> Facts:
    """Facts that a file of scores holds."""
    masks = Facts(masks=scores.meta["masks"]) if "masks" in scores.meta else Facts()
    return masks | cast("Facts", scores.meta.get(FACTS, {}))


def _masks(folder: Path, scores: Scores) -> dict[str, str]:
    """Digests of the masks, of a run whose scores were stored without them."""
    paths = [folder / f"fold{fold}-seed{scores.seeds[0]}" for fold in scores.folds]
    return {
        condition: masks_digest(Predictions.load(predictions_path(path, condition)) for path in paths)
        for condition in scores.conditions
    }


def store_column(column: Column, path: Path) -> None:
    """Write scores, name and facts of a column to a file that `column_of` reads.

    Args:
        column: of a comparison.
        path: of the file; replaced atomically if it exists.
    """
    meta = {**column.scores.meta, "title": column.name, FACTS: dict(column.facts)}
    replace(column.scores, meta=meta).to_json(path)


def unique_names(columns: Sequence[Column], paths: Sequence[Path]) -> list[str]:
    """A name for each column: its own, the one of its system, the one of its folder, or a numbered one.

    The first of these kinds is taken under which all that share a name differ.

    Args:
        columns: named by their configurations.
        paths: of the runs.
    """
    names = [column.name for column in columns]
    others = (
        [column.facts.get("system", column.name) for column in columns],
        [path.resolve().stem if path.is_file() else path.resolve().name for path in paths],
        [f"{column.name} ({number})" for number, column in enumerate(columns, 1)],
    )
    for kind in others:
        for name in _repeated(names):
            places = [place for place, each in enumerate(names) if each == name]
            new = {kind[place] for place in places}
            if len(new) == len(places) and not new & ({*names} - {name}):
                for place in places:
                    names[place] = kind[place]
    return names


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _facts(folder: RunFolder, config: Config, scores: Scores, systems: Mapping[str, System]) -> Facts:
    """What a run folder tells of protocol and costs."""
    paths = {
        (seed, fold): folder.path / f"fold{fold}-seed{seed}" for seed in scores.seeds for fold in scores.folds
    }
    results = {(seed, fold): folder.result(fold, seed) for seed, fold in paths}
    first = scores.seeds[0]
    facts = Facts(
        system=config.model.system,
        split=f"{config.split.scheme}, {config.split.validation:g} for validation",
        validation_parts={
            fold: results[first, fold]["validation_part"]
            for fold in scores.folds
            if "validation_part" in results[first, fold]
        },
        regime=_regime(config, systems),
        training_seconds=round(fmean(_training_seconds(folder, results)), 2),
        machine=_machine(folder.environment),
    )
    seeds = {result["mask_seed"] for result in results.values() if "mask_seed" in result}
    if len(seeds) == 1:
        facts["mask_seed"] = seeds.pop()
    if all("predict_seconds" in result for result in results.values()):
        taken = sum(result["predict_seconds"] for result in results.values())
        predicted = sum(result["predicted_utterances"] for result in results.values())
        facts["prediction_seconds"] = round(taken / predicted, 9)
    facts["parameters"], facts["teacher_parameters"] = parameters(next(iter(paths.values())), systems)
    return facts


def parameters(folder: Path, systems: Mapping[str, System] = SYSTEMS) -> tuple[int, int]:
    """Number of parameters of a stored model, each counted once, and of those the ones of its teacher.

    A system that is fitted without stages has its values in buffers; they count instead.

    Args:
        folder: holds ``model.json``.
        systems: systems by name, with custom ones.

    Returns:
        the number without the teacher, and that of the teacher.
    """
    described = read_description(folder / "model.json", systems)
    with torch.device("meta"):
        model = described.model.build(systems)
    found: dict[str, torch.Tensor] = dict(model.named_parameters())
    if systems[described.model.network.system].fit is not None:
        found |= {name: each for name, each in model.named_buffers() if each.is_floating_point()}
    sizes = {name: each.numel() for name, each in found.items()}
    teacher = sum(size for name, size in sizes.items() if name.startswith(TEACHER))
    return sum(sizes.values()) - teacher, teacher


def _regime(config: Config, systems: Mapping[str, System]) -> str:
    if systems[config.model.system].fit is not None:
        return "its own fit"
    return ", then ".join(dict.fromkeys(stage.mask for stage in config.stages(systems)))


def _training_seconds(folder: RunFolder, results: Mapping[tuple[int, str], Mapping[str, Any]]) -> list[float]:
    """Seconds of each model: of its process without the test, or, if it was continued, of all its epochs."""
    epochs: Counter[tuple[int, str]] = Counter()
    for record in folder.records():
        epochs[record["seed"], str(record["fold"])] += record["seconds"]
    return [
        max(result["seconds"] - result.get("predict_seconds", 0), epochs[key])
        for key, result in results.items()
    ]


def _machine(environment: Mapping[str, Any]) -> str:
    return ", ".join(
        str(environment[name]) for name in ("device", "processor", "platform") if name in environment
    )

"""What a report shows of a run, gathered as JSON values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch

from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.conditions import conditions, protocol
from graphmer.dialogue.palette import codes, colours
from graphmer.errors import CheckpointError
from graphmer.evaluation.change_scores import ChangeScores
from graphmer.evaluation.gathering import Key
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.scores import Scores
from graphmer.experiment.run import Run
from graphmer.graph import DialogueGraph
from graphmer.inference import DialoguePrediction, Predictor, WhatIf, load
from graphmer.inference.information_gain import Help, subsets
from graphmer.inference.what_if import set_name
from graphmer.report.hardness import FILE, hardness_counts
from graphmer.report.matrices import matrices
from graphmer.report.measures import measures
from graphmer.report.provenance import corpus_facts, training_curves
from graphmer.report.published import published_values
from graphmer.report.timelines import PredictedTurns, Timeline, evenly, timeline

Weights = list[float | None]
"""Weight of each expert for one input."""

FORMAT = "graphmer report"
"""Name of the content of a page."""
_DIALOGUES = 6


def finished(run: Run) -> Run:
    """The same run.

    Raises:
        CheckpointError: if one of its models has not been trained yet.
    """
    if run.unfinished:
        raise CheckpointError(
            f"{run.folder.path}: {len(run.unfinished)} models are not trained yet. Continue with "
            f"`graphmer train --resume {run.folder.path}`."
        )
    return run


def report_content(run: Run, *, transcripts: bool = False) -> dict[str, Any]:
    """Everything that the page and the figures show.

    Scores and matrices come from the predictions stored when the models were tested. Timelines and router
    weights are those of the first fold's and seed's model, which reads its test dialogues once more.

    Args:
        run: all its models are trained.
        transcripts: whether to include the text of the turns.

    Raises:
        CheckpointError: if a model or its predictions cannot be read.
    """
    predictions, components = finished(run).kept(), run.components
    labels, scores, published = components.corpus.labels, run.scores(predictions), run.published
    predictor = load(run.folder.path, device=run.fabric.device)
    facts = predictor.trained.facts
    tested = set(components.folds[facts["fold"]].test)
    dialogues = [dialogue for dialogue in components.corpus.dialogues if dialogue.id in tested]
    sets = modality_sets(predictor, components.modalities)
    return {
        "format": FORMAT,
        "title": scores.meta["title"],
        "simulated": run.simulated,
        "selection": scores.meta["selection"],
        "labels": label_values(labels),
        "modalities": components.modalities,
        **sets,
        "measures": measures(scores, change_scores(predictions, scores), run.bayes(components.protocols)),
        "published": None if published is None else published_values(scores, published),
        "matrices": None if labels.is_score else matrices(predictions, labels),
        "router": router_weights(predictor, dialogues),
        "hardness": hardness_counts(
            run.folder.fold(facts["fold"], facts["seed"]) / FILE, sets["sets"], components.modalities
        ),
        "relations": components.build.relations,
        "timelines": predicted_timelines(
            predictor,
            [dialogues[position] for position in evenly(len(dialogues), _DIALOGUES)],
            transcripts=transcripts,
        ),
        "model": dict(facts),
        "training": training_curves(run.folder.records()),
        "corpus": corpus_facts(components.corpus),
        "config": (run.folder.path / "config.yaml").read_text(encoding="utf-8"),
        "environment": run.folder.environment,
    }


def change_scores(predictions: Mapping[Key, Predictions], scores: Scores) -> ChangeScores | None:
    """Scores of the changes of emotion; ``None`` for a corpus of scores."""
    if scores.labels.is_score:
        return None
    return ChangeScores.from_predictions(predictions, scores.labels)


def router_weights(predictor: Predictor, dialogues: Sequence[Dialogue]) -> dict[str, list[Weights]] | None:
    """Mean weight of each expert (column) for each input modality (row), by the set that may be seen.

    Args:
        predictor: a trained model.
        dialogues: of the test part.

    Returns:
        a row for each modality by the name of the set; rows of modalities that no turn has hold ``None``.
        ``None`` for a network without a router.
    """
    if not dialogues or predictor.predict(dialogues[0]).router is None:
        return None
    modalities = tuple(predictor.trained.settings.signature.widths)
    return {
        name: _mean_weights(predictor.predict_many(dialogues, missing=protocol(name, modalities)))
        for name in conditions(modalities)
    }


def _mean_weights(predictions: Iterable[DialoguePrediction]) -> list[Weights]:
    found = list(predictions)
    router = torch.cat([each.router for each in found if each.router is not None])
    there = torch.cat([each.dialogue.available for each in found])
    rows: list[Weights] = []
    for row in range(there.shape[1]):
        mean = router[there[:, row], row].mean(dim=0)  # NaN where no turn has the modality
        rows.append([None if weight != weight else round(weight, 4) for weight in mean.tolist()])
    return rows


def label_values(labels: LabelSpace) -> dict[str, Any]:
    """Emotions with their colours and codes."""
    return {
        "names": labels.names,
        "interval": labels.interval,
        "colours": colours(labels.names),
        "codes": codes(labels.names),
    }


def modality_sets(predictor: Predictor, modalities: tuple[str, ...]) -> dict[str, Any]:
    """``sets`` of modalities by name, and what would ``help`` most where only these are available."""
    sets = {set_name(chosen, modalities): chosen for chosen in subsets(modalities)}
    return {
        "sets": sets,
        "help": {name: _in_words(predictor.help(chosen)) for name, chosen in sets.items()},
    }


def predicted_timelines(
    predictor: Predictor, dialogues: Sequence[Dialogue], *, transcripts: bool
) -> list[dict[str, Any]]:
    """Dialogues and their predictions under every set of their modalities.

    Args:
        predictor: a trained model.
        dialogues: with features.
        transcripts: whether to include the text of the turns.
    """
    labels, build = predictor.trained.labels, predictor.trained.build
    aligned = [dialogue.with_modalities(predictor.trained.widths) for dialogue in dialogues]
    return [
        timeline(_shown(dialogue, found, build(dialogue)), labels, build.relations, transcripts=transcripts)
        for dialogue, found in zip(aligned, predictor.what_if_many(dialogues), strict=True)
    ]


def _shown(dialogue: Dialogue, found: WhatIf, graph: DialogueGraph) -> Timeline:
    return Timeline(
        dialogue=dialogue,
        under={name: _predicted_turns(each) for name, each in found.under.items()},
        router=found.actual.router,
        graph=graph,
    )


def _predicted_turns(prediction: DialoguePrediction) -> PredictedTurns:
    return PredictedTurns(prediction.emotion, prediction.probability, prediction.change)


def _in_words(help: Help) -> str:
    if help.modality is None:
        return help.note
    return f"{help.modality} (expected entropy drop {help.entropy_drop:.2f} bits)"

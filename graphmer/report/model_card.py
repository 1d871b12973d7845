"""Model card of a trained model, in Markdown."""

from collections.abc import Mapping
from typing import Any

from graphmer.evaluation.metrics import classification, regression
from graphmer.evaluation.predictions import Predictions
from graphmer.report.sheet import Sheet
from graphmer.training.model_file import TrainedModel

_HEADER = "---\nlibrary_name: graphmer\ntags: [emotion-recognition, conversation, missing-modalities]\n---\n"


def model_card(trained: TrainedModel, predicted: Mapping[str, Predictions], pack: str) -> str:
    """What the model reads and answers, what it was trained on, and how well it did on its test part.

    Args:
        trained: model.
        predicted: its predictions of the test part by condition.
        pack: name of the packed file, for the commands.
    """
    facts, labels = trained.facts, trained.labels
    corpus = str(facts.get("corpus", "given dialogues"))
    answers = f"a score from {labels.interval[0]:g} to {labels.interval[1]:g}" if labels.interval else None
    parts = [
        _HEADER,
        f"# {trained.system.name} trained on {corpus}\n",
        "Recognises the emotion of each turn of a dialogue, and changes of emotion, when modalities are "
        "missing.\n",
    ]
    if facts.get("simulated"):
        parts.append("**Trained on SIMULATED dialogues: its predictions do not apply to real speech.**\n")
    parts += [
        "## Use\n",
        f"```bash\npip install graphmer\ngraphmer predict {pack} dialogues.jsonl --format table\n```\n",
        "## What it reads and answers\n",
        *(f"- {line}" for line in _modalities(trained)),
        f"- Answers: {answers or ', '.join(labels.names)}.",
        "- Reads only earlier turns.\n" if trained.build.causal else "- Reads earlier and later turns.\n",
        "## Training\n",
        *(f"- {line}" for line in _training(trained)),
        "\n## Scores\n",
        _scores(trained, predicted) if predicted else "Not stored with the run.\n",
        "## Limits\n",
        "Emotions here are what annotators of the training corpus perceived, with its labels, languages and "
        "speakers. The model does not know what a person feels; do not decide about people by it.\n",
    ]
    return "\n".join(parts)


def _modalities(trained: TrainedModel) -> list[str]:
    extractors = dict(trained.facts.get("extractors", {}))
    lines = []
    for modality, width in trained.widths.items():
        by = extractors.get(modality)
        origin = f" by {by['extractor']} ({by['version']}; sha256 {by['sha256'][:12]})" if by else ""
        lines.append(f"{modality}: {width} features{origin}; may be missing in any turn.")
    return lines


def _training(trained: TrainedModel) -> list[str]:
    facts: Mapping[str, Any] = trained.facts
    terms = dict(facts.get("terms", {}))
    parameters = sum(parameter.numel() for parameter in trained.model.parameters())
    lines = [
        f"Corpus: {facts.get('corpus', 'given dialogues')}; licence: {terms.get('licence', 'not stated')}.",
        f"Cite: {terms['citation']}" if "citation" in terms else "",
        f"Corpus from {terms['url']}" if "url" in terms else "",
        f"System {trained.system.name}, {parameters:,} parameters; fold {facts.get('fold', '-')}, seed "
        f"{facts.get('seed', '-')}, epoch {facts.get('epoch', '-')} of those compared; selection: "
        f"{facts.get('selection', '-')}.",
    ]
    return [line for line in lines if line]


def _scores(trained: TrainedModel, predicted: Mapping[str, Predictions]) -> str:
    """Scores of the test part under each condition."""
    labels = trained.labels
    rows = []
    for condition, found in predicted.items():
        known = found.labelled()
        if labels.is_score:
            errors = regression(known.target, known.predicted)
            figures = f"{errors['mae']:.3f}", f"{errors['pearson']:.3f}"
        else:
            metrics = classification(known.target, known.predicted, labels.outputs)
            figures = f"{100 * metrics['wa']:.1f}", f"{100 * metrics['weighted_f1']:.1f}"
        rows.append((condition, *figures, str(len(known))))
    measures = ("MAE", "Pearson correlation") if labels.is_score else ("WA in %", "weighted F1 in %")
    modalities = ", ".join(f"{name[0]} is {name}" for name in trained.widths)
    note = (
        "The test part of this model's fold, read once, after selection. A condition names the modalities "
        f"that are available ({modalities}), or the rate of missing ones."
    )
    return Sheet("Test part", ("condition", *measures, "turns"), tuple(rows), (note,)).markdown()

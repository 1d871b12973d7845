"""Causes of emotions on RECCON, and triggers of a change on EDiReF.

    graphmer features RECCON data/reccon && graphmer features tune RECCON data/reccon_tuned
    graphmer features MELD data/meld_text && graphmer features EDIREF data/edireef
    python -m benchmarks.accuracy.causes reccon data/reccon --tuned data/reccon_tuned --seeds 1 2 3
    python -m benchmarks.accuracy.causes edireef data/reccon --meld data/meld_text --edireef data/edireef

On RECCON the systems are rules, the place of a turn alone (a threshold on how often a turn at this
distance, of the same or another speaker, is a cause), the graph model with a cause head
(`examples/reccon.yaml`) on frozen features and with the tuned networks' log-probabilities beside them, and
the same model without its cause head, by leaving turns out. On EDiReF no model has seen a trigger: the graph
model was trained on the emotions of MELD's training part, the cause head on RECCON. Results go to
``benchmarks/results/causes_*.json``.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import average_precision_score

from benchmarks.accuracy.run import RESULTS, rounded
from benchmarks.accuracy.runs import WORK, Quiet, opened
from graphmer.config.load import load_config
from graphmer.corpora.dataset import read_dataset, write_dataset
from graphmer.dialogue import Dialogue
from graphmer.dialogue.conditions import protocol
from graphmer.evaluation.cause_scores import CauseScores, cause_values
from graphmer.evaluation.causes import CAUSE_RULES, rule_counts
from graphmer.inference import DialoguePrediction, Predictor, load
from graphmer.inference.causes import left_out

EXAMPLE = Path(__file__).parents[2] / "examples" / "reccon.yaml"
CONDITIONS = ("t", "drop:0.5")
NO_CAUSES = ("heads.cause=false",)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=("reccon", "edireef"))
    parser.add_argument("reccon", type=Path, help="RECCON with frozen features")
    parser.add_argument("--tuned", type=Path, help="RECCON with tuned features; left out by default")
    parser.add_argument("--meld", type=Path, help="MELD with frozen features, for EDiReF")
    parser.add_argument("--edireef", type=Path, help="EDiReF with frozen features")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.name == "reccon":
        scores, ranked, run = reccon(options.reccon, options.tuned, options.seeds)
        store("reccon", scores, run, ranked)
    else:
        store("edireef", *edireef(options.meld, options.edireef, options.reccon, options.seeds))


def reccon(
    frozen: Path, tuned: Path | None, seeds: Sequence[int]
) -> tuple[dict[str, CauseScores], dict[str, float], Any]:
    """Scores of the systems on RECCON's validation part, their average precision, and the last run."""
    corpora: dict[str, tuple[Path, tuple[str, ...]]] = {"cause head, frozen": (frozen, ())}
    if tuned is not None:
        both = WORK / "causes" / "frozen_and_tuned"
        if not both.exists():
            joined(frozen, tuned, both)
        corpora["cause head, frozen and tuned"] = (both, ("model.offset=text",))
    scores: dict[str, CauseScores] = {}
    ranked: dict[str, float] = {}
    run: Any = None
    for system, (root, settings) in corpora.items():
        found: dict[tuple[int, str, str], Any] = {}
        for seed in seeds:
            run = trained(system, root, seed, settings)
            found |= {key: each for key, each in run.kept().items() if key[2] in CONDITIONS}
        scores[system] = run.cause_scores(found)
        ranked[system] = float(np.mean([ranking(found[seed, "1", "t"], tested(run)) for seed in seeds]))
        if system == "cause head, frozen":
            scores["leaving out, frozen"] = by_leaving_out(run, tested(run), seeds)
            scores["place alone"], ranked["place alone"] = place_alone(run)
    return scores, ranked, run


def edireef(
    meld: Path, episodes: Path, reccon: Path, seeds: Sequence[int]
) -> tuple[dict[str, CauseScores], Any]:
    """Scores of the systems on the triggers of EDiReF's validation part, and the last run."""
    dialogues = [each for each in read_dataset(episodes).dialogues if each.causes]
    runs = [trained("meld", meld, seed, NO_CAUSES) for seed in seeds]
    heads = [trained("cause head, frozen", reccon, seed) for seed in seeds]
    scores = {
        **{
            f"leaving out{which}, trained on MELD's emotions": scored(
                dialogues,
                [left_out_of_changes(load(run.folder.path), dialogues, others=others) for run in runs],
                seeds,
            )
            for which, others in {"": False, " others": True}.items()
        },
        "cause head, trained on RECCON": scored(
            dialogues,
            [by_head(load(run.folder.path), dialogues) for run in heads],
            seeds,
        ),
    }
    return scores, runs[-1]


def trained(system: str, root: Path, seed: int, settings: Sequence[str] = ()) -> Any:
    given = [f"data.root={root.resolve()}", *settings, f"seeds=[{seed}]"]
    folder = WORK / "causes" / f"{system.replace(', ', '_').replace(' ', '_')}-seed{seed}"
    run = opened(load_config(EXAMPLE, given), folder)
    run.train(Quiet(system))
    return run


def joined(frozen: Path, tuned: Path, target: Path) -> None:
    """Write a corpus whose text features are tuned log-probabilities followed by frozen features."""
    corpus, other = read_dataset(frozen), read_dataset(tuned)
    known = {dialogue.id: dialogue.features["text"] for dialogue in other.dialogues}
    dialogues = [
        replace(each, features={"text": torch.cat([known[each.id], each.features["text"]], dim=1)})
        for each in corpus.dialogues
    ]
    widths = {"text": corpus.widths["text"] + other.widths["text"]}
    card = replace(corpus.card, extractors={})
    write_dataset(replace(corpus, dialogues=dialogues, widths=widths, card=card), target)


def tested(run: Any) -> list[Dialogue]:
    (fold,) = run.components.folds.values()
    return [each for each in run.components.corpus.dialogues if each.id in set(fold.test)]


def ranking(predicted: Any, dialogues: Sequence[Dialogue]) -> float:
    """Average precision of the predicted probabilities over all counted pairs of turns."""
    row = {key: number for number, key in enumerate(predicted.keys)}
    probability = predicted.cause.tolist()

    def score(dialogue: Dialogue, source: int, turn: int) -> float:
        known = probability[row[dialogue.id, dialogue.utterance_ids[turn]]]
        return known[turn - source] if turn - source < len(known) else 0.0

    return average_precision(dialogues, score)


def average_precision(dialogues: Sequence[Dialogue], score: Callable[[Dialogue, int, int], float]) -> float:
    pairs = [
        (source in causes, score(dialogue, source, turn))
        for dialogue in dialogues
        for turn, causes in dialogue.causes.items()
        for source in range(turn + 1)
    ]
    return float(average_precision_score(*zip(*pairs, strict=True)))


def place_alone(run: Any) -> tuple[CauseScores, float]:
    """A threshold on the frequency of causes by distance and speaker, both of the training part.

    Also returns the average precision of that frequency.
    """
    (fold,) = run.components.folds.values()
    parts: tuple[list[Dialogue], list[Dialogue]] = ([], [])
    for dialogue in run.components.corpus.dialogues:
        if dialogue.id in set(fold.train) | set(fold.validation):
            parts[0].append(dialogue)
        elif dialogue.id in set(fold.test):
            parts[1].append(dialogue)
    places: dict[tuple[int, bool], list[bool]] = {}
    for dialogue in parts[0]:
        for turn, causes in dialogue.causes.items():
            for source in range(turn + 1):
                places.setdefault(place(dialogue, source, turn), []).append(source in causes)
    share = {key: sum(found) / len(found) for key, found in places.items() if len(found) >= 20}

    def caller(threshold: float) -> Callable[[Dialogue, int], set[int]]:
        return lambda dialogue, turn: {
            source for source in range(turn + 1) if share.get(place(dialogue, source, turn), 0) >= threshold
        }

    def f1(threshold: float) -> float:
        hits, false, missed, _ = rule_counts(parts[0], caller(threshold)).sum(axis=0)
        return float(2 * hits / (2 * hits + false + missed))

    best = max(sorted(set(share.values())), key=f1)
    annotated = [each for each in parts[1] if each.causes]
    counts = rule_counts(annotated, caller(best))[None, None]
    ranked = average_precision(annotated, lambda dialogue, *pair: share.get(place(dialogue, *pair), 0.0))
    return with_rules(annotated, counts, CONDITIONS[:1], (0,)), ranked


def place(dialogue: Dialogue, source: int, turn: int) -> tuple[int, bool]:
    return turn - source, bool(dialogue.speaker[source] == dialogue.speaker[turn])


def by_leaving_out(run: Any, dialogues: Sequence[Dialogue], seeds: Sequence[int]) -> CauseScores:
    """The last run's model, its cause head unused."""
    annotated = [each for each in dialogues if each.causes]
    predictor = load(run.folder.path)
    counts = []
    for condition in CONDITIONS:
        missing = protocol(condition, ("text",))
        found = predictor.leave_out_many([each.unlabelled() for each in annotated], missing=missing)
        counts.append(counted(annotated, found))
    return with_rules(annotated, np.array([counts]), CONDITIONS, (seeds[-1],))


def left_out_of_changes(
    predictor: Predictor, dialogues: Sequence[Dialogue], *, others: bool
) -> list[np.ndarray]:
    """Counts under each condition: turns without which the probability of the known change falls most.

    Args:
        predictor: of emotions.
        dialogues: each ends in a change.
        others: leave out only turns that are not compared: neither the last one nor its speaker's previous.
    """
    counts = []
    for condition in CONDITIONS:
        missing = protocol(condition, ("text",))
        shown = [missing.apply(dialogue.unlabelled(), 0) for dialogue in dialogues]
        left = [candidates(dialogue, others=others) for dialogue in dialogues]
        found = (each.change for each in predictor.predict_many(views(shown, left)))
        causes = {}
        for dialogue, turns in zip(dialogues, left, strict=True):
            full = next(found)
            without = {turn: next(found) for turn in turns}
            causes[dialogue.id] = left_out(full, without, window=len(dialogue))
        counts.append(called(dialogues, causes))
    return counts


def candidates(dialogue: Dialogue, *, others: bool) -> list[int]:
    last = len(dialogue) - 1
    same = [turn for turn in range(last) if dialogue.speaker[turn] == dialogue.speaker[last]]
    compared = {last, *same[-1:]} if others else set()
    return [turn for turn in range(len(dialogue)) if turn not in compared]


def views(shown: Sequence[Dialogue], left: Sequence[Sequence[int]]) -> Iterator[Dialogue]:
    """Each dialogue, followed by itself without each of some turns."""
    for dialogue, turns in zip(shown, left, strict=True):
        yield dialogue
        rows = torch.arange(len(dialogue))
        yield from (dialogue.with_available((rows != turn)[:, None]) for turn in turns)


def by_head(predictor: Predictor, dialogues: Sequence[Dialogue]) -> list[np.ndarray]:
    """Counts under each condition of a cause head that was trained on another corpus."""
    plain = [each.unlabelled() for each in dialogues]
    return [
        counted(dialogues, predictor.predict_many(plain, missing=protocol(condition, ("text",))))
        for condition in CONDITIONS
    ]


def counted(dialogues: Sequence[Dialogue], predictions: Iterable[DialoguePrediction]) -> np.ndarray:
    return called(dialogues, {found.dialogue.id: found.causes for found in predictions})


def called(dialogues: Sequence[Dialogue], causes: Mapping[str, Any]) -> np.ndarray:
    return rule_counts(dialogues, lambda dialogue, turn: {each for each, _ in causes[dialogue.id].of(turn)})


def scored(
    dialogues: Sequence[Dialogue], counts: Sequence[Sequence[np.ndarray]], seeds: Sequence[int]
) -> CauseScores:
    return with_rules(dialogues, np.array(counts), CONDITIONS, tuple(seeds))


def with_rules(
    dialogues: Sequence[Dialogue], counts: np.ndarray, conditions: Sequence[str], seeds: Sequence[int]
) -> CauseScores:
    rules = {name: rule_counts(dialogues, call) for name, call in CAUSE_RULES.items()}
    return CauseScores(tuple(conditions), tuple(seeds), counts, rules)


def store(
    name: str, scores: Mapping[str, CauseScores], run: Any, ranked: Mapping[str, float] | None = None
) -> None:
    first = next(iter(scores.values()))
    values = {system: cause_values(each) for system, each in scores.items()}
    result: dict[str, Any] = {
        "measure": "causes",
        "environment": run.folder.environment,
        "dialogues": first.counts.shape[2],
        "pairs": first.pairs,
        "causes": first.causes,
        "rules": next(iter(values.values()))["rules"],
        "systems": {
            system: {
                "seeds": each["seeds"],
                "conditions": each["conditions"],
                "gains": each["gains"],
                "average_precision": (ranked or {}).get(system),
            }
            for system, each in values.items()
        },
    }
    target = RESULTS / f"causes_{name}.json"
    target.write_text(json.dumps(rounded(result), indent=1) + "\n")
    for system, each in values.items():
        for condition, row in each["conditions"].items():
            print(f"{system:42} {condition:9}", *(f"{key} {row[key]['mean']:.3f}" for key in row))
    print(f"Stored: {target}")


if __name__ == "__main__":
    main()

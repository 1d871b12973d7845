import json
import math
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from graphmer.dialogue import LabelSpace
from graphmer.dialogue.conditions import protocol
from graphmer.errors import CheckpointError, ConfigError, CorpusError
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.scores import Scores
from graphmer.experiment.fold import FoldTraining
from graphmer.inference import load
from graphmer.report.table import condition_table
from graphmer.storage import PARTIAL
from graphmer.training.state import TrainingState
from tests.experiment.tiny import (
    SIZES,
    WIDTHS,
    Silent,
    arrays_of,
    begin,
    labels_of,
    reopen,
    vector_path,
    write_corpus,
    write_own,
)
from tests.talks import LABELS, talk


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One run over all folds, for the tests that only look at it."""
    folder = tmp_path_factory.mktemp("finished")
    run = begin(folder, write_corpus(folder / "corpus"))
    return run, run.train(Silent())


def weights(run, fold=1, seed=1):
    return load_file(run.folder.path / f"fold{fold}-seed{seed}" / "model.safetensors")


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_run_folder_says_what_was_asked_and_on_what(finished):
    run, _ = finished
    assert "format: gcnet" in (run.folder.path / "config.yaml").read_text()
    facts = read(run.folder.path / "environment.json")
    assert facts["versions"]["torch"] == torch.__version__
    assert {"commit", "platform", "processor", "threads"} <= facts.keys()
    assert facts["fingerprint"] == run.components.corpus.fingerprint
    assert facts["device"] == "cpu"
    assert facts["corpus"] == "IEMOCAP"
    assert facts["simulated"] is False


def test_the_log_has_a_line_for_every_epoch(finished):
    run, _ = finished
    lines = [json.loads(line) for line in (run.folder.path / "log.jsonl").read_text().splitlines()]
    assert [(line["fold"], line["number"]) for line in lines] == [
        (f, e) for f in (1, 2, 3) for e in range(1, 5)
    ]
    assert [line["stage"] for line in lines[:4]] == ["experts", "mixing", "mixing", "mixing"]
    assert [line["score"] is None for line in lines[:4]] == [True, False, False, False]


def test_every_model_has_its_weights_description_and_result(finished):
    run, _ = finished
    for fold in (1, 2, 3):
        folder = run.folder.path / f"fold{fold}-seed1"
        names = {path.name for path in folder.iterdir()}
        assert names == {"model.safetensors", "model.json", "predictions", "result.json", "what_if.json"}
        result = read(folder / "result.json")
        assert (result["fold"], result["seed"], result["selection"]) == (fold, 1, "validation")
        assert result["epoch"] in (2, 3, 4)
        assert read(folder / "model.json")["facts"]["validation"] == result["validation"]


def test_predictions_carry_targets_and_the_masks_that_were_evaluated(finished):
    run, _ = finished
    folder = run.folder.path / "fold1-seed1" / "predictions"
    assert {path.stem for path in folder.iterdir()} == {"a", "t", "at", "rate_0.5"}
    stored = arrays_of(folder / "t.npz")
    turns = sum(SIZES[0])
    assert stored["available"].tolist() == [[False, True]] * turns
    assert stored["target"].tolist() == [
        label for id, row in labels_of().items() if "Ses01" in id for label in row
    ]
    assert stored["output"].shape == (turns, 4)
    half = arrays_of(folder / "rate_0.5.npz")["available"]
    assert half.any(axis=1).all()
    assert not half.all()


def test_scores_hold_every_condition_and_dialogue(finished):
    run, scores = finished
    stored = Scores.from_json(run.folder.path / "scores.json")
    assert stored.conditions == ("a", "t", "at", "rate:0.5")
    assert len(stored.dialogue_ids) == 9
    assert np.array_equal(stored.counts, scores.counts)
    assert stored.counts[0, 0].sum() == sum(map(sum, SIZES))
    assert condition_table(stored).title == "tiny"


def test_the_same_seed_gives_the_same_scores_bit_for_bit_and_another_seed_others(finished, tmp_path):
    run, _ = finished
    root = run.components.config.data.root
    again = begin(tmp_path, root, folds=[1])
    again.train(Silent())
    assert same(weights(run), weights(again))
    for path in (run.folder.path / "fold1-seed1" / "predictions").iterdir():
        other = again.folder.path / "fold1-seed1" / "predictions" / path.name
        assert np.array_equal(arrays_of(path)["output"], arrays_of(other)["output"])
    other = begin(tmp_path, root, folds=[1], seeds=[2])
    other.train(Silent())
    assert other.folder.path.name == "tiny-2"
    assert not same(weights(run), weights(other, seed=2))


def test_folds_and_seeds_can_be_chosen(tmp_path):
    run = begin(tmp_path, write_corpus(tmp_path / "corpus"), folds=[3, 2], seeds=[4, 7])
    scores = run.train(Silent())
    assert sorted(path.name for path in run.folder.path.glob("fold*")) == [
        "fold2-seed4",
        "fold2-seed7",
        "fold3-seed4",
        "fold3-seed7",
    ]
    assert scores.seeds == (4, 7)
    assert set(scores.folds) == {"2", "3"}
    assert not same(weights(run, 2, 4), weights(run, 2, 7))


TRAIN = """
import sys, time
from pathlib import Path
from tests.experiment.tiny import Silent, reopen
class Slow(Silent):
    def on_epoch_end(self, fold, seed, epoch):
        time.sleep(0.2)
reopen(Path(sys.argv[1])).train(Slow())
"""


def test_a_run_that_was_killed_and_continued_has_the_weights_of_one_that_never_was(tmp_path):
    root = write_corpus(tmp_path / "corpus")
    whole, broken = (begin(tmp_path, root, folds=[1, 2], training__clip=0.5) for _ in range(2))
    whole.train(Silent())
    arguments = [sys.executable, "-c", TRAIN, str(broken.folder.path)]
    process = subprocess.Popen(arguments, cwd=Path(__file__).parents[2])
    log = broken.folder.path / "log.jsonl"
    give_up = time.monotonic() + 300
    while not log.exists() or len(log.read_text().splitlines()) < 6:  # in the middle of the second fold
        assert process.poll() is None
        assert time.monotonic() < give_up
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (broken.folder.path / "fold2-seed1" / "state.safetensors").is_file()
    assert not (broken.folder.path / "fold2-seed1" / "result.json").exists()
    continued = reopen(broken.folder.path)
    assert continued.unfinished == [(1, 2)]
    scores = continued.train(Silent())
    for fold in (1, 2):
        assert same(weights(whole, fold), weights(continued, fold))
    stored = Scores.from_json(whole.folder.path / "scores.json")
    assert np.array_equal(stored.counts, scores.counts)
    assert not (broken.folder.path / "fold2-seed1" / "state.safetensors").exists()
    assert epochs_logged(continued) == epochs_logged(whole)


def epochs_logged(run):
    return sorted((record["fold"], record["number"]) for record in run.folder.records())


@pytest.mark.parametrize("stored", [True, False])
def test_the_log_of_a_continued_run_has_each_epoch_once(stored, tmp_path, monkeypatch):
    run = begin(tmp_path, write_corpus(tmp_path / "corpus"), folds=[1])
    original = TrainingState.save

    def interrupt(state, path, seed):
        if stored or state.epoch < 2:
            original(state, path, seed)
        if state.epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(TrainingState, "save", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run.train(Silent())
    assert epochs_logged(run) == [(1, 1), (1, 2)]
    continued = reopen(run.folder.path)
    continued.train(Silent())
    assert epochs_logged(continued) == [(1, 1), (1, 2), (1, 3), (1, 4)]


def test_a_run_that_is_continued_removes_what_a_killed_process_left(tmp_path):
    run = begin(tmp_path, write_corpus(tmp_path / "corpus"), folds=[1])
    run.train(Silent())
    left = [run.folder.fold(1, 1) / "state.safetensors", run.folder.path / PARTIAL.replace("*", "abc")]
    left[0].touch()
    left[1].mkdir()
    reopen(run.folder.path).train(Silent())
    assert not [path for path in left if path.exists()]


def test_a_finished_run_that_is_continued_trains_nothing(finished, monkeypatch):
    run, scores = finished
    monkeypatch.setattr(FoldTraining, "train", None)
    assert np.array_equal(reopen(run.folder.path).train(Silent()).counts, scores.counts)


def test_a_run_whose_corpus_has_changed_is_refused(tmp_path):
    root = write_corpus(tmp_path / "corpus")
    run = begin(tmp_path, root)
    path = vector_path(root, "wav", "Ses02F_d0_F000")
    np.save(path, np.load(path) + 1)
    with pytest.raises(
        CheckpointError, match=r"IEMOCAP on disk is not what this run was trained on. Restore"
    ):
        reopen(run.folder.path)


def test_a_run_without_its_environment_is_refused(tmp_path):
    run = begin(tmp_path, write_corpus(tmp_path / "corpus"))
    (run.folder.path / "environment.json").unlink()
    with pytest.raises(CheckpointError, match=r"environment.json: cannot be read \(No such file"):
        reopen(run.folder.path)


def test_a_finished_run_is_evaluated_under_new_conditions(finished):
    run, scores = finished
    opened = reopen(run.folder.path)
    protocols = opened.components.named(["ta", "burst:2", "noise:0.5", "speaker:t"], "--conditions")
    found = opened.scores(opened.predict(protocols))
    assert found.conditions == ("at", "burst:2", "noise:0.5", "speaker:t")
    whole = scores.conditions.index("at")
    assert np.array_equal(found.counts[:, 0], scores.counts[:, whole])


def test_the_models_of_another_run_are_refused(finished, tmp_path):
    run, _ = finished
    other = begin(tmp_path, run.components.config.data.root, folds=[1], model__width=16)
    other.train(Silent())
    there = other.folder.path / "fold1-seed1"
    mine = run.folder.path / "fold1-seed1"
    for name in ("model.json", "model.safetensors"):
        (there / name).write_bytes((mine / name).read_bytes())
    with pytest.raises(CheckpointError, match=r"fold1-seed1/model.json: another model than .* describes"):
        other.predict({"at": protocol("at", ("audio", "text"))})
    (there / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        other.predict({"at": protocol("at", ("audio", "text"))})


def test_an_unfinished_model_cannot_be_evaluated(tmp_path):
    run = begin(tmp_path, write_corpus(tmp_path / "corpus"))
    with pytest.raises(CheckpointError, match=r"model.json: not there. Name a run folder that .* finished"):
        run.predict(run.components.protocols)


def test_test_labels_do_not_touch_the_selected_weights(tmp_path):
    labels = labels_of()
    scrambled = {id: row[::-1] if "Ses01" in id else row for id, row in labels.items()}
    runs = [
        begin(tmp_path / name, write_corpus(tmp_path / name / "corpus", rows), folds=[1])
        for name, rows in {"true": labels, "scrambled": scrambled}.items()
    ]
    scores = [run.train(Silent()) for run in runs]
    assert same(weights(runs[0]), weights(runs[1]))
    assert not np.array_equal(scores[0].counts, scores[1].counts)


def test_test_features_touch_neither_normalisation_nor_weights(tmp_path):
    root = write_corpus(tmp_path / "corpus")
    runs = [begin(tmp_path, root, folds=[1])]
    for path in (root / "features").glob("*/Ses01*.npy"):
        np.save(path, np.load(path) * 100)
    runs.append(begin(tmp_path, root, folds=[1]))
    for run in runs:
        run.train(Silent())
    described = [read(run.folder.path / "fold1-seed1" / "model.json") for run in runs]
    assert described[0]["normalisation"] == described[1]["normalisation"]
    assert same(weights(runs[0]), weights(runs[1]))


def test_an_epoch_chosen_on_the_test_fold_is_called_so_everywhere(tmp_path):
    run = begin(tmp_path, write_corpus(tmp_path / "corpus"), folds=[1], training__selection="test_oracle")
    scores = run.train(Silent())
    assert condition_table(scores).title == "tiny, test_oracle"
    assert read(run.folder.path / "scores.json")["meta"]["selection"] == "test_oracle"
    assert read(run.folder.path / "fold1-seed1" / "result.json")["selection"] == "test_oracle"
    assert load(run.folder.path).trained.facts["selection"] == "test_oracle"


def test_the_last_epoch_can_be_kept(tmp_path):
    run = begin(tmp_path, write_corpus(tmp_path / "corpus"), folds=[1], training__selection="last")
    scores = run.train(Silent())
    assert read(run.folder.path / "fold1-seed1" / "result.json")["epoch"] == 4
    assert scores.meta["selection"] == "last"


def test_simulated_dialogues_are_called_so_everywhere(tmp_path):
    run = begin(tmp_path, folds=[1])
    scores = run.train(Silent())
    folder = run.folder.path
    assert condition_table(scores).title == "SIMULATED: tiny"
    assert read(folder / "scores.json")["meta"]["simulated"] is True
    assert read(folder / "environment.json")["simulated"] is True
    assert read(folder / "fold1-seed1" / "result.json")["simulated"] is True
    assert read(folder / "fold1-seed1" / "model.json")["facts"]["simulated"] is True
    assert run.bayes(run.components.protocols).keys() == {"a", "t", "at", "rate:0.5"}


def test_the_number_of_simulated_dialogues_and_their_modalities_are_those_asked_for(tmp_path):
    run = begin(tmp_path, data__simulation={"dialogues": 11, "widths": {"video": 13}})
    assert len(run.components.corpus.dialogues) == 11
    assert len(run.components.folds) == 5
    assert run.components.corpus.widths == {"video": 13}


@pytest.mark.parametrize(
    ("simulation", "message"),
    [
        ({"widths": {"smell": 12}}, r"data.simulation.widths: must name some of audio.*; got 'smell'"),
        ({"widths": {"text": 3}}, r"data.simulation: A modality must have a width >= 12.*got 3"),
        ({"dialogues": 4}, r"data.simulation.dialogues: .*greater than or equal to 5; got 4"),
    ],
)
def test_an_impossible_simulation_is_a_mistake_in_the_configuration(simulation, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        begin(tmp_path, data__simulation=simulation)


def test_a_class_without_training_examples_is_refused_before_anything_is_trained(tmp_path):
    labels = {id: [c % 3 for c in row] for id, row in labels_of().items()}
    labels |= {id: [3, *row[1:]] for id, row in labels.items() if "Ses03" in id}
    with pytest.raises(CorpusError, match=r"Fold 'session3': the class 'angry' has no training example"):
        begin(tmp_path, write_corpus(tmp_path / "corpus", labels))
    assert not (tmp_path / "runs").exists()


def test_a_modality_that_no_training_turn_has_is_refused_before_anything_is_trained(tmp_path):
    root = write_corpus(tmp_path / "corpus")
    for path in (root / "features" / "wav").glob("Ses0[13]*"):
        path.unlink()
    with pytest.raises(CorpusError, match=r"Fold 'session2': no training utterance has the modality 'audio'"):
        begin(tmp_path, root)
    assert not (tmp_path / "runs").exists()


def test_naturally_missing_modalities_stay_missing(tmp_path):
    root = write_corpus(tmp_path / "corpus")
    gone = [
        *(root / "features" / "wav").glob("Ses01F_d0*"),
        *(root / "features" / "bert").glob("Ses01F_d0*F002*"),
    ]
    for path in gone:
        path.unlink()
    run = begin(tmp_path, root, folds=[1])
    run.train(Silent())
    stored = Predictions.load(run.folder.path / "fold1-seed1" / "predictions" / "at.npz")
    rows = [n for n, (dialogue, _) in enumerate(stored.keys) if dialogue == "Ses01F_d0"]
    assert stored.available[rows].tolist() == [[False, True], [False, True], [False, False]]


def own_corpus(tmp_path, dialogues, labels=LABELS, parts=None):
    return write_own(tmp_path / "corpus", dialogues, labels, WIDTHS, parts)


def own(folder, root, **changes):
    return begin(folder, **({"data": {"format": "graphmer", "root": str(root)}} | changes))


def test_dialogues_of_five_speakers_one_speaker_and_one_turn_run_end_to_end(tmp_path):
    said = ("ABCDEABCDE", "AAAAA", "B", "ABABAB")
    dialogues = [
        talk(speakers, id=f"s{session}d{number}", seed=session + number, widths=WIDTHS, session=str(session))
        for session in (1, 2, 3)
        for number, speakers in enumerate(said)
    ]
    run = own(tmp_path, own_corpus(tmp_path, dialogues))
    scores = run.train(Silent())
    assert scores.counts[0, 0].sum() == 3 * sum(map(len, said))


def test_unlabelled_turns_are_never_counted(tmp_path):
    dialogues = [
        talk("ABABAB", id=f"s{session}d{n}", seed=session + n, widths=WIDTHS, session=str(session))
        for session in (1, 2, 3)
        for n in range(3)
    ]
    dialogues = [replace(d, emotion=(None, *d.emotion[1:])) for d in dialogues]
    run = own(tmp_path, own_corpus(tmp_path, dialogues))
    scores = run.train(Silent())
    assert (scores.counts[0].sum(axis=(1, 2, 3)) == 9 * 5).all()


def test_a_fold_whose_test_part_is_unlabelled_is_refused_before_anything_is_trained(tmp_path):
    dialogues = [
        talk("ABABAB", id=f"s{session}d{n}", seed=session + n, widths=WIDTHS, session=str(session))
        for session in (1, 2, 3)
        for n in range(3)
    ]
    dialogues = [replace(d, emotion=(None,) * 6) if d.session == "2" else d for d in dialogues]
    with pytest.raises(CorpusError, match="Fold 'session2': no utterance of its test part is labelled"):
        own(tmp_path, own_corpus(tmp_path, dialogues))


def test_scores_are_learnt_and_reported_end_to_end(tmp_path):
    labels = LabelSpace(interval=(-3.0, 3.0))
    dialogues = [talk("AAAAAA", id=f"v{n}", seed=n, widths=WIDTHS) for n in range(8)]
    dialogues = [replace(d, emotion=(-2.5, -1.0, 0.0, None, 1.25, 3.0)) for d in dialogues]
    parts = {f"v{n}": ("train", "train", "train", "val", "test")[n % 5] for n in range(8)}
    run = own(tmp_path, own_corpus(tmp_path, dialogues, labels, parts), split__scheme="official")
    scores = run.train(Silent())
    assert scores.labels == labels
    sheet = condition_table(scores)
    assert sheet.header[2:4] == ("MAE", "r")
    assert read(run.folder.path / "fold1-seed1" / "result.json")["validation"] < 0
    said = Predictions.load(run.folder.path / "fold1-seed1" / "predictions" / "a.npz").output
    assert said.shape[1] == 1


def test_heads_are_left_out_for_scores_and_that_is_said(tmp_path, caplog):
    labels = LabelSpace(interval=(-3.0, 3.0))
    dialogues = [replace(talk("AA", id=f"v{n}", widths=WIDTHS), emotion=(-1.0, 2.0)) for n in range(8)]
    parts = {f"v{n}": ("train", "train", "train", "val", "test")[n % 5] for n in range(8)}
    root = own_corpus(tmp_path, dialogues, labels, parts)
    run = own(tmp_path, root, split__scheme="official", heads__decoder="chain", heads__change=True)
    run.train(Silent())
    assert "left out, because the label of" in caplog.text
    trained = load(run.folder.path).trained
    assert not trained.settings.heads.trained
    assert trained.model.decoder is trained.model.change_head is None


def test_a_decoder_is_trained_evaluated_and_loaded(tmp_path):
    run = begin(tmp_path, write_corpus(tmp_path / "corpus"), folds=[1], heads__decoder="chain")
    run.train(Silent())
    assert "chain" in json.loads((run.folder.path / "log.jsonl").read_text().splitlines()[-1])["losses"]
    trained = load(run.folder.path).trained
    assert trained.settings.heads.decoder == "chain"
    assert trained.model.decoder.transition.any()
    said = Predictions.load(run.folder.path / "fold1-seed1" / "predictions" / "at.npz").output
    torch.testing.assert_close(said.sum(dim=1), torch.ones(len(said)))


def test_a_change_head_is_trained_calibrated_and_scored(tmp_path):
    run = begin(tmp_path, write_corpus(tmp_path / "corpus"), folds=[1], heads__change=True)
    scores = run.train(Silent())
    assert "change" in json.loads((run.folder.path / "log.jsonl").read_text().splitlines()[-1])["losses"]
    assert len(scores.calibration_error[0]) == len(scores.conditions)
    folder = run.folder.path / "fold1-seed1"
    calibration = read(folder / "model.json")["calibration"]
    assert set(calibration) == {"bias", "emotion", "change", "threshold"}
    trained = load(run.folder.path).trained
    assert trained.model.calibration.model_dump(mode="json") == calibration
    said = Predictions.load(folder / "predictions" / "at.npz")
    eligible = ~torch.isnan(said.change)
    assert said.changed[eligible].tolist() == (said.change[eligible] >= calibration["threshold"]).tolist()
    again = run.predict({"at": run.components.protocols["at"]})[1, "1", "at"]
    torch.testing.assert_close(again.change, said.change, equal_nan=True)


def test_features_can_be_left_as_they_are(tmp_path):
    run = begin(tmp_path, write_corpus(tmp_path / "corpus"), folds=[1], data__normalise="none")
    run.train(Silent())
    stored = read(run.folder.path / "fold1-seed1" / "model.json")["normalisation"]
    assert stored == {
        "mean": {m: [0.0] * d for m, d in WIDTHS.items()},
        "deviation": {m: [1.0] * d for m, d in WIDTHS.items()},
        "limit": None,
    }


def test_training_that_diverges_says_so(tmp_path):
    root = write_corpus(tmp_path / "corpus")
    run = begin(tmp_path, root, training__learning_rate=1e30, training__clip=None, training__batch_nodes=500)
    with pytest.raises(FloatingPointError, match=r"not finite|must be finite"):
        run.train(Silent())


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"evaluation__others": ["brst:4"]},
            ConfigError,
            "evaluation.others: Unknown .* Did you mean 'burst:'",
        ),
        ({"evaluation__conditions": ["atv"]}, ConfigError, "evaluation.conditions: Unknown .*'atv'"),
        ({"evaluation__conditions": []}, ConfigError, "evaluation.conditions: must name at least one"),
        ({"folds": [4]}, ConfigError, r"folds: there is no fold 4; the split has \[1, 2, 3\]"),
        (
            {"graph__rules": {"a/b": {"rule": "adjacent"}}},
            ConfigError,
            "graph.rules: .* hold no '/'; got 'a/b'",
        ),
        (
            {"model": {"system": "momke", "offset": "text"}, "graph": None, "encoder": "input"},
            ConfigError,
            "`encoder` input changes the features that `model.offset` adds as they are; got text",
        ),
        (
            {"model": {"system": "momke", "offset": "txt"}, "graph": None},
            ConfigError,
            "model: `offset` must be a modality that begins with a feature for each",
        ),
        ({"data__features": {"position": "wav"}}, ConfigError, "'position' has a reserved name; rename it"),
        ({"seeds": []}, ConfigError, "seeds: .*at least 1 item"),
        ({"name": "../elsewhere"}, ConfigError, "name: .*match pattern"),
        ({"split__scheme": "official", "data__labels": "no.pkl"}, CorpusError, "no such label file"),
    ],
)
def test_what_cannot_be_run_is_refused_before_a_folder_is_made(changes, error, message, tmp_path):
    root = write_corpus(tmp_path / "corpus")
    with pytest.raises(error, match=message):
        begin(tmp_path, root, **changes)
    assert not (tmp_path / "runs").exists()


def test_a_corpus_of_one_modality_is_selected_with_dropped_turns_too(tmp_path):
    both = begin(tmp_path / "two", write_corpus(tmp_path / "two" / "files"), folds=[1])
    assert list(both.components.selecting) == ["a", "t", "at"]
    labels = LabelSpace(names=("h", "s"), polarity={"h": 1, "s": -1})
    dialogues = [replace(talk("AB", id=f"v{n}", widths={"text": 4}), emotion=("h", "s")) for n in range(8)]
    parts = {f"v{n}": ("train", "train", "train", "val", "test")[n % 5] for n in range(8)}
    root = write_own(tmp_path / "corpus", dialogues, labels, {"text": 4}, parts)
    one = own(tmp_path, root, split__scheme="auto")
    assert list(one.components.selecting) == ["t", "drop:0.5"]
    assert list(one.components.folds) == [1]


def test_a_small_corpus_is_passed_more_often_for_enough_updates(tmp_path):
    stages = [
        {"name": "experts", "objective": "unimodal", "epochs": 2, "mask": "complete"},
        {"name": "mixing", "objective": "mixing", "epochs": 3, "updates": 20, "mask": "varied"},
    ]
    root = write_corpus(tmp_path / "corpus")
    run = begin(tmp_path, root, folds=[1], training__stages=stages, training__batch_nodes=10)
    trained = sum(len(d) for d in run.components.corpus.dialogues if d.id in run.components.folds[1].train)
    assert [stage.epochs for stage in run.components.stages] == [2, math.ceil(20 / math.ceil(trained / 10))]
    run = begin(tmp_path / "other", root, folds=[1], training__stages=stages, training__batch_nodes=1)
    assert [stage.epochs for stage in run.components.stages] == [2, 3]


def test_a_run_with_logit_adjustment_and_shrunk_averages_predicts_what_it_stored(tmp_path):
    settings = {"model__neighborhood_averages": [2], "model__average_shrinkage": True}
    run = begin(
        tmp_path, write_corpus(tmp_path / "corpus"), folds=[1], training__logit_adjustment=True, **settings
    )
    run.train(Silent())
    trained = load(run.folder.path).trained
    assert len(trained.model.calibration.bias) == 4
    assert trained.model.network.neighborhood_averages.prior.gt(0).all()
    again = run.predict({"at": run.components.protocols["at"]})[1, "1", "at"]
    said = Predictions.load(run.folder.path / "fold1-seed1" / "predictions" / "at.npz")
    torch.testing.assert_close(again.output, said.output)

import errno
import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.experiment.tiny import begin, labels_of, vector_path, write_config, write_corpus

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Corpus in a working directory of its own."""
    monkeypatch.chdir(tmp_path)
    return write_corpus(tmp_path / "corpus")


def written(root, **changes):
    return write_config(root.parent / "tiny.yaml", root, **changes)


def test_a_run_ends_in_a_table_that_fits_80_columns_and_names_its_folder(root, graphmer):
    outcome = graphmer("train", written(root))
    assert outcome.code == 0
    assert "IEMOCAP: 9 dialogues, 36 turns, audio 3, text 4; 3 folds;" in outcome.out
    assert "fold 3 seed 1: epoch" in outcome.out
    assert "weighted F1" in outcome.out
    assert "SIMULATED" not in outcome.out
    assert "…" not in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert outcome.out.endswith("Run folder: runs/tiny\n")
    assert "macro F1" in (root.parent / "runs" / "tiny" / "scores.md").read_text()
    change = json.loads((root.parent / "runs" / "tiny" / "change.json").read_text())
    assert change["histories"]["predicted"]["eligible"] == 36 - 9 * 2


def test_folds_seeds_and_settings_come_from_the_command_line(root, graphmer):
    outcome = graphmer(
        "train", written(root), "--folds", "2", "--seeds", "4,7", "--set", "training.stages.1.epochs=1"
    )
    assert outcome.code == 0
    run = root.parent / "runs" / "tiny"
    assert sorted(path.name for path in run.glob("fold*")) == ["fold2-seed4", "fold2-seed7"]
    assert len((run / "log.jsonl").read_text().splitlines()) == 4


def test_models_can_be_trained_in_parallel(root, graphmer):
    outcome = graphmer("train", written(root), "--jobs", "2")
    assert outcome.code == 0
    lines = [line for line in outcome.out.splitlines() if " chosen, validation " in line]
    assert sorted(line[:13] for line in lines) == [f"fold {n} seed 1" for n in (1, 2, 3)]
    assert [line[-8:] for line in lines] == [f"[{n} of 3]" for n in (1, 2, 3)]
    assert (root.parent / "runs/tiny/scores.json").is_file()


def test_the_profiler_refuses_several_jobs(root, graphmer):
    outcome = graphmer("train", written(root), "--jobs", "2", "--profile")
    assert outcome.complaint == "--jobs: must be 1 with --profile; got 2."


def test_an_absent_corpus_is_an_error_with_its_source(root, graphmer):
    outcome = graphmer("train", written(root, data__root="/no/where"))
    assert outcome.complaint.startswith(
        "/no/where: no such folder. Request IEMOCAP at https://sail.usc.edu/iemocap/"
    )


def test_an_absent_corpus_is_simulated_on_request_and_marked_everywhere(root, graphmer):
    simulation = {"dialogues": 5, "widths": {"audio": 12, "text": 12}}
    absent = {"data__root": "/no/where", "data__when_absent": "simulate", "data__simulation": simulation}
    outcome = graphmer("train", written(root, **absent), "--folds", "1")
    assert outcome.code == 0
    assert outcome.out.startswith(" SIMULATED DATA: ")
    assert "SIMULATED: tiny" in outcome.out
    assert "share" in outcome.out
    run = root.parent / "runs" / "tiny"
    assert json.loads((run / "environment.json").read_text())["simulated"] is True
    titles = [line for line in (run / "scores.md").read_text().splitlines() if line.startswith("**")]
    assert titles
    assert all(title.startswith("**SIMULATED: ") for title in titles)


def test_an_unknown_field_is_named_with_the_most_similar_one(root, graphmer):
    path = written(root, training__learning_rat=1)
    assert graphmer("train", path).complaint == (
        f"{path}: training.learning_rat: unknown field. Did you mean 'learning_rate'?"
    )


def test_several_mistakes_are_reported_together_each_on_its_line(root, graphmer):
    outcome = graphmer(
        "train",
        written(
            root,
            causl=True,
            model__depth=0,
            model__message_passing={"convolution": "rgat", "heads": 3, "width": 8},
        ),
    )
    assert outcome.code == 2
    lines = outcome.err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("error: ") for line in lines)
    assert "causl: unknown field. Did you mean 'causal'?" in outcome.err
    assert "model.depth: " in outcome.err
    assert "model.message_passing: `heads` must divide `width`; got 3 heads for width 8." in outcome.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--folds", "9"], "folds: there is no fold 9; the split has [1, 2, 3]."),
        (["--folds", "one"], "--folds: must be numbers such as 1,2 or the word all; got one."),
        (["--seeds", "0"], "--seeds: must be at least 1; got 0."),
        (["--seeds", "x"], "--seeds: must be a number of seeds or a list such as 4,7; got x."),
        (["--device", "tpu"], "--device: must be auto, cpu, cuda or cuda:<number>; got tpu."),
        (["--device", "cpu:1"], "--device: must be auto, cpu, cuda or cuda:<number>; got cpu:1."),
        (["--set", "model.heads=3"], "model: `heads` must divide `width`; got 3 heads for width 8."),
        (["--set", "graph=none", "--set", "model.positions=true", "--set", "model.width=7",
          "--set", "model.heads=1"], "`width` must be even where `positions` are added"),
        (["--set", "evaluation.others=[brust:3]"], "evaluation.others: Unknown missing-modality protocol"),
        (["--set", "training.stages.0.mask=rats"], "training.stages.0.mask: Unknown missing-modality"),
        (["--set", "name=a/b"], "name: "),
        (["--runs", "tiny.yaml"], "--runs: must be a folder; tiny.yaml is a file."),
        (["--set", "data.features.video=face"], "modality 'video': there is no such folder"),
        (["--resume", "runs/tiny"], "--resume: continues a run as it was begun; omit CONFIG"),
    ],
)  # fmt: skip
def test_a_mistake_on_the_command_line_is_one_clear_line(arguments, message, root, graphmer):
    assert message in graphmer("train", written(root), *arguments).complaint
    assert not (root.parent / "runs").exists()


def test_a_missing_device_is_one_clear_line(root, graphmer, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    outcome = graphmer("train", written(root), "--device", "cuda")
    assert outcome.complaint == (
        "--device cuda: this machine or this build of torch has no CUDA device. Use cpu."
    )
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    outcome = graphmer("train", written(root), "--device", "cuda:2")
    assert outcome.complaint == "--device cuda:2: CUDA devices here are 0 to 1."


def test_no_configuration_is_one_clear_line(graphmer):
    assert graphmer("train").complaint.startswith("CONFIG: must be given, such as examples/iemocap.yaml")


def test_a_missing_configuration_file_is_one_clear_line(graphmer):
    assert graphmer("train", "no.yaml").complaint.startswith(
        "no.yaml: cannot be read (No such file or directory)"
    )


def spoil_width(root):
    np.save(vector_path(root, "wav", "Ses01F_d0_F000"), np.zeros(7))


def spoil_dialogue(root):
    write_corpus(root, labels_of() | {"Ses01F_d9": []})


def spoil_pickle(root):
    (root / "labels.pkl").write_bytes((root / "labels.pkl").read_bytes()[:50])


def spoil_layout(root):
    (root / "labels.pkl").write_bytes(pickle.dumps([1, 2, 3]))


def spoil_vector(root):
    vector_path(root, "bert", "Ses01F_d0_F000").write_bytes(b"\x93NUMPY broken")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_width, "Ses01F_d0_F000.npy: 'audio' must have 3 values, got 7. Extract it again"),
        (spoil_dialogue, "labels.pkl: dialogue 'Ses01F_d9' has no utterances. Add turns or remove it."),
        (spoil_pickle, "labels.pkl: damaged, or not a pickle"),
        (spoil_layout, "labels.pkl: a label file must have 6 fields (IEMOCAP) or 7"),
        (spoil_vector, "Ses01F_d0_F000.npy: 'text': damaged feature file"),
    ],
)
def test_a_damaged_corpus_is_one_clear_line_that_names_the_file(spoil, message, root, graphmer):
    spoil(root)
    assert message in graphmer("train", written(root)).complaint
    assert not (root.parent / "runs").exists()


class Hostile:
    def __reduce__(self):
        return os.mkdir, ("executed",)


def test_a_hostile_pickle_is_refused_and_not_run(root, graphmer):
    (root / "labels.pkl").write_bytes(pickle.dumps(({"d": Hostile()}, {}, {}, {}, [], [])))
    assert "mkdir. Nothing was run." in graphmer("train", written(root)).complaint
    assert not Path("executed").exists()


def test_features_that_are_not_finite_are_counted_and_missing_or_an_error(root, graphmer, caplog):
    for name in ("Ses01F_d0_F000", "Ses01F_d0_M001"):
        np.save(vector_path(root, "wav", name), np.array([np.nan, 0, 0]))
    caplog.set_level(logging.WARNING)
    assert graphmer("train", written(root), "--folds", "1").code == 0
    assert "'audio' holds NaN or infinity. Treated as missing. (2 in all)" in caplog.text
    with np.load(root.parent / "runs/tiny/fold1-seed1/predictions/at.npz") as stored:
        assert stored["available"].sum(axis=0).tolist() == [10, 12]
    outcome = graphmer("train", written(root, data__not_finite="error"))
    assert "'audio' holds NaN or infinity. Repair the vectors" in outcome.complaint


def test_a_folder_that_is_not_a_run_cannot_be_resumed(root, graphmer):
    assert graphmer("train", "--resume", root).complaint == (
        f"{root}: no run folder (it has no config.yaml). Name one that `graphmer train` made."
    )


def test_the_state_of_another_model_cannot_be_resumed(root, graphmer):
    run = begin(root.parent, root, folds=[1])
    other = begin(root.parent, root, folds=[1], model__width=16)

    class Callback:
        def on_fold_start(self, fold, seed, epochs): ...
        def on_epoch_end(self, fold, seed, epoch):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        other.train(Callback())
    run.folder.fold(1, 1)
    state = "fold1-seed1/state.safetensors"
    (run.folder.path / state).write_bytes((other.folder.path / state).read_bytes())
    assert (
        "state.safetensors: holds the state of another model"
        in graphmer("train", "--resume", run.folder.path).complaint
    )
    (run.folder.path / state).write_bytes(b"broken")
    assert "not a readable graphmer checkpoint" in graphmer("train", "--resume", run.folder.path).complaint


def test_a_run_whose_corpus_is_gone_cannot_be_resumed(root, graphmer):
    run = begin(root.parent, root)
    root.rename(root.parent / "elsewhere")
    assert f"{root}: no such folder" in graphmer("train", "--resume", run.folder.path).complaint


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_an_unwritable_disk_is_one_clear_line_and_the_run_can_be_resumed(number, root, graphmer, monkeypatch):
    original = Path.replace

    def refuse(path, target):
        if target.name == "model.json":
            raise OSError(number, os.strerror(number), str(path), None, str(target))
        return original(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refuse)
        outcome = graphmer("train", written(root), "--folds", "1")
    assert outcome.complaint.startswith(
        f"runs/tiny/fold1-seed1/model.json: {os.strerror(number)}. Nothing was"
    )
    assert not (root.parent / "runs/tiny/fold1-seed1/result.json").exists()
    assert graphmer("train", "--resume", "runs/tiny").code == 0


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="mounts a small disk")
def test_a_full_disk_is_one_clear_line_and_the_run_can_be_resumed(root, graphmer):
    disk = root.parent / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("may not mount")
    try:
        outcome = graphmer("train", written(root), "--folds", "1", "--runs", disk)
        assert "No space left on device. Nothing was half-written" in outcome.complaint
        assert str(disk) in outcome.complaint
        assert not list(disk.rglob(".*"))
        for line in (disk / "tiny" / "log.jsonl").read_text().splitlines():
            json.loads(line)
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        assert graphmer("train", "--resume", disk / "tiny").code == 0
        again = graphmer("train", written(root), "--folds", "1", "--runs", root.parent / "other")
        assert again.code == 0
        one, other = (
            load_file(p / "tiny/fold1-seed1/model.safetensors") for p in (disk, root.parent / "other")
        )
        assert all(torch.equal(one[name], other[name]) for name in one)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)  # weights may still be mapped


def test_a_resumed_run_keeps_its_precision(root, graphmer, monkeypatch):
    from graphmer.cli import train

    run = begin(root.parent, root, folds=[1], training__precision="bf16-mixed")
    requested = []

    def record(device, precision):
        requested.append(precision)
        return original(device, precision)

    original = train.make_fabric
    monkeypatch.setattr(train, "make_fabric", record)
    assert graphmer("train", "--resume", run.folder.path).code == 0
    assert requested == ["bf16-mixed"]


def test_an_interruption_prints_how_to_continue_and_ends_with_130(root):
    path = written(root, training__stages=[{"name": "mixing", "objective": "mixing", "epochs": 100000}])
    # tests in the background of a shell ignore this signal, and so do the processes they start
    handling = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    process = subprocess.Popen(
        [sys.executable, "-c", handling + "runpy.run_module('graphmer', run_name='__main__')", "train", path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    log = root.parent / "runs" / "tiny" / "log.jsonl"
    deadline = time.monotonic() + 300
    while not (log.exists() and log.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert err == "error: interrupted; continue with: graphmer train --resume runs/tiny\n"

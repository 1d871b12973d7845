"""Whatever a file holds, reading it gives its content or a `GraphmerError`, and nothing else."""

import json
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import strategies as st

from graphmer.config.load import load_config
from graphmer.corpora.arrays import read_arrays
from graphmer.corpora.bare import read_bare
from graphmer.corpora.dataset import read_dataset, read_dialogues, write_dataset
from graphmer.corpora.gcnet import read_gcnet
from graphmer.corpora.problems import Findings, examine
from tests.corpora.test_gcnet import CMU, FOUR_WAY
from tests.experiment.tiny import settings as tiny_settings
from tests.properties.mutations import altered, as_json, damaged, dialogues, fuzz, survives

pytestmark = pytest.mark.fuzz

WIDTHS = {"audio": 3, "text": 2}
HEADER = {
    "name": "chats",
    "labels": {"names": ["calm", "angry"], "polarity": {"angry": -1}, "aliases": {"mad": "angry"}},
    "modalities": {"audio": {"width": 3}, "text": {"width": 2, "extractor": "x"}},
    "counts": {"dialogues": 2},
}
TURNS = [
    {"id": "u0", "speaker": "Ann", "label": "calm", "start": 0.5, "end": 1, "features": {"text": [0.5, 1]}},
    {"id": "u1", "speaker": 7, "label": "mad", "text": "hm", "features": {"audio": [1, 2, 3], "text": None}},
    {"speaker": "Ann", "reply_to": "u0", "features": {"text": [[0.5, 1], [2, 3]], "audio": "audio.npy#1"}},
]
CHATS = [{"id": "a", "split": "train", "session": 1, "utterances": TURNS}, {"id": 2, "utterances": TURNS[:1]}]
ARRAYS = {
    "dialogue_ptr": np.array([0, 2, 3]),
    "dialogue_id": np.array(["a", "b"]),
    "utt_id": np.array(["a0", "a1", "b0"]),
    "speaker": np.array(["Ann", "Bob", "Ann"]),
    "label": np.array([0, -1, 1]),
    "label_names": np.array(["calm", "angry"]),
    "audio": np.ones((3, 2, 2)),
    "start_s": np.array([0.5, np.nan, 2.0]),
    "split": np.array(["train", "dev"]),
}


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def lines(chats) -> bytes:
    return b"\n".join(as_json(chat) for chat in chats)


def read_chats(path: Path) -> None:
    survives(lambda: list(read_dialogues(path, WIDTHS)))
    survives(lambda: list(read_dialogues(path, WIDTHS, pooling="mean", zeros="missing", findings=Findings())))
    survives(lambda: examine(lambda found: read_bare(path, pooling="max", findings=found)))


@fuzz("round trip")
def test_valid_dialogues_come_back_as_they_were(data, place):
    chats = data.draw(dialogues(WIDTHS))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "dataset.yaml").write_text(yaml.safe_dump(HEADER))
        (folder / "dialogues.jsonl").write_bytes(lines(chats))
        corpus = read_dataset(folder)
        write_dataset(corpus, folder / "again")
        again = read_dataset(folder / "again")
    assert again.fingerprint == corpus.fingerprint
    assert [d.id for d in again.dialogues] == [chat["id"] for chat in chats]
    for dialogue, chat in zip(again.dialogues, chats, strict=True):
        for number, turn in enumerate(chat["utterances"]):
            assert dialogue.available[number].tolist() == [m in turn["features"] for m in WIDTHS]
            for modality, vector in turn["features"].items():
                assert dialogue.features[modality][number].tolist() == vector


@fuzz("mutation")
def test_damaged_dialogues(data, place):
    np.save(place / "audio.npy", np.ones((2, 3)))
    path = place / "chats.jsonl"
    array = data.draw(st.booleans())
    path.write_bytes(data.draw(damaged(as_json(CHATS) if array else lines(CHATS))))
    read_chats(path)


@fuzz("mutation")
def test_dialogues_of_other_content(data, place):
    np.save(place / "audio.npy", np.ones((2, 3)))
    path = place / "chats.jsonl"
    path.write_bytes(lines(data.draw(altered(CHATS))))
    read_chats(path)


@fuzz("mutation")
def test_headers_of_other_content(data, place):
    folder = place / "dataset"
    folder.mkdir(exist_ok=True)
    np.save(folder / "audio.npy", np.ones((2, 3)))
    (folder / "dialogues.jsonl").write_bytes(lines(CHATS))
    text = as_json(data.draw(altered(HEADER)))
    (folder / "dataset.yaml").write_bytes(data.draw(damaged(text)) if data.draw(st.booleans()) else text)
    survives(lambda: examine(lambda found: read_dataset(folder, pooling="last", findings=found)))


@fuzz("mutation")
def test_damaged_vectors(data, place):
    folder = place / "vectors"
    folder.mkdir(exist_ok=True)
    np.save(folder / "audio.npy", np.ones((2, 3)))
    (folder / "audio.npy").write_bytes(data.draw(damaged((folder / "audio.npy").read_bytes())))
    turns = [{"speaker": "A", "features": {"audio": reference}} for reference in ("audio.npy#1", "audio.npy")]
    (folder / "chats.jsonl").write_bytes(lines([{"id": "a", "utterances": turns}]))
    read_chats(folder / "chats.jsonl")


@fuzz("mutation")
def test_damaged_arrays(data, place):
    path = place / "arrays.npz"
    changed = dict(ARRAYS)
    key = data.draw(st.sampled_from(sorted(changed)))
    other = data.draw(
        st.sampled_from([None, *changed.values(), np.array(1), np.array([2.0**70, -1]), np.array("x")])
    )
    if data.draw(st.booleans()):
        changed |= {key: other} if other is not None else {}
    elif key:
        del changed[key]
    (np.savez_compressed if data.draw(st.booleans()) else np.savez)(path, **changed)
    if data.draw(st.booleans()):
        path.write_bytes(data.draw(damaged(path.read_bytes())))
    survives(
        lambda: examine(
            lambda found: read_arrays(path, "label", {"audio": ["audio"]}, pooling="mean", findings=found)
        )
    )


@fuzz("mutation")
def test_damaged_label_pickles_and_feature_files(data, place):
    folder = place / "gcnet"
    (folder / "features" / "wav").mkdir(parents=True, exist_ok=True)
    for name in ("Ses02F_x_F000", "Ses02F_x_M000", "Ses01M_y_M000", "v_1"):
        np.save(folder / "features" / "wav" / f"{name}.npy", np.ones((2, 3)))
    labels = data.draw(st.sampled_from([FOUR_WAY, CMU]))
    content = pickle.dumps(labels, protocol=data.draw(st.integers(0, 5)))
    file = folder / "features" / "wav" / "Ses02F_x_F000.npy"
    if data.draw(st.booleans()):
        file.write_bytes(data.draw(damaged(file.read_bytes())))
    else:
        content = data.draw(damaged(content))
    (folder / "four.pkl").write_bytes(content)
    survives(lambda: examine(lambda found: read_gcnet(folder, "four.pkl", {"audio": "wav"}, findings=found)))


@fuzz("mutation")
def test_configurations_of_other_content(data, place):
    path = place / "tiny.yaml"
    text = json.dumps(data.draw(altered(tiny_settings()))).encode()
    path.write_bytes(data.draw(damaged(text)) if data.draw(st.booleans()) else text)
    survives(lambda: load_config(path))

import json
import os
from pathlib import Path

import numpy as np
import pytest

from graphmer.corpora.arrays import read_arrays
from graphmer.corpora.dataset import read_dataset, write_dataset
from graphmer.errors import CorpusError

MODALITIES = {"audio": ["low", "high"], "text": ["words"]}


def _file(tmp_path, **changes):
    arrays = {
        "dialogue_ptr": np.array([0, 2, 3]),
        "dialogue_id": np.array(["a", "b"]),
        "utt_id": np.array(["a0", "a1", "b0"]),
        "speaker": np.array(["Ann", "Bob", "Ann"]),
        "label4": np.array([0, -1, 1], dtype=np.int8),
        "label4_names": np.array(["happy(+excited)", "sad"]),
        "label_score": np.array([0.5, np.nan, -3.0], dtype=np.float32),
        "low": np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float16),
        "low_avail": np.array([True, False, True]),
        "high": np.array([[7.0], [8.0], [9.0]]),
        "high_avail": np.array([True, True, False]),
        "words": np.array([[1.0], [np.nan], [3.0]]),
        "start_s": np.array([0.5, np.nan, 2.0], dtype=np.float32),
        "session": np.array([1, 1, 2]),
        "split": np.array(["train", "dev"]),
    } | changes
    path = tmp_path / "tiny.npz"
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def test_arrays_become_dialogues(tmp_path):
    corpus = read_arrays(_file(tmp_path), "label4", MODALITIES)
    first, second = corpus.dialogues
    assert corpus.widths == {"audio": 3, "text": 1}
    assert corpus.labels.names == ("happy", "sad")
    assert corpus.labels.polarity == {"happy": 1, "sad": -1}
    assert first.emotion == ("happy", None)
    assert first.features["audio"].tolist() == [[1, 2, 7], [0, 0, 0]]
    assert first.available.tolist() == [[True, True], [False, False]]
    assert second.available.tolist() == [[False, True]]
    assert (first.speakers, first.session, second.session) == (("Ann", "Bob"), "1", "2")
    assert first.start[0] == 0.5
    assert first.start.isnan().tolist() == [False, True]
    assert corpus.official == {"train": ("a",), "val": ("b",)}
    assert corpus.card.licence == "unknown"


def test_frames_are_pooled_without_their_padding(tmp_path):
    frames = np.zeros((3, 3, 2))
    frames[0, :2] = [[1, 4], [3, 0]]
    frames[1] = np.nan
    path = _file(tmp_path, words=frames)
    for pooling, expected in (("mean", [2, 2]), ("max", [3, 4]), ("last", [3, 0])):
        corpus = read_arrays(path, "label4", {"text": ["words"]}, pooling=pooling)
        assert corpus.dialogues[0].features["text"].tolist() == [expected, [0, 0]]
        assert [d.available.tolist() for d in corpus.dialogues] == [[[True], [False]], [[False]]]
    with pytest.raises(CorpusError, match=r"features 'words' has frames, .* Set `pooling` to mean"):
        read_arrays(path, "label4", {"text": ["words"]})


def test_aliases_rename_and_join_classes(tmp_path):
    path = _file(tmp_path, label4=np.array([0, 1, 2]), label4_names=np.array(["Angry", "sad", "fury"]))
    corpus = read_arrays(path, "label4", MODALITIES, aliases={"Angry": "anger", "fury": "anger"})
    assert corpus.labels.names == ("anger", "sad")
    assert [d.emotion for d in corpus.dialogues] == [("anger", "sad"), ("anger",)]
    with pytest.raises(
        CorpusError, match=r"alias 'angry' is no name in 'label4_names'\. Did you mean 'Angry'"
    ):
        read_arrays(path, "label4", MODALITIES, aliases={"angry": "anger"})


def test_a_float_label_is_a_score(tmp_path):
    corpus = read_arrays(_file(tmp_path, split=None, session=None), "label_score", MODALITIES)
    assert corpus.labels.interval == (-3.0, 3.0)
    assert [d.emotion for d in corpus.dialogues] == [(0.5, None), (-3.0,)]
    assert corpus.dialogues[0].session is None
    assert corpus.official == {}


def test_transcripts_come_from_a_jsonl(tmp_path):
    turns = [{"id": "a0", "text": "hi"}, {"id": "b0", "text": None}]
    (tmp_path / "texts.jsonl").write_text(json.dumps({"utterances": turns}) + "\n")
    corpus = read_arrays(_file(tmp_path), "label4", MODALITIES, texts=tmp_path / "texts.jsonl")
    assert corpus.dialogues[0].text == ("hi", None)
    (tmp_path / "texts.jsonl").write_text("{}\n")
    with pytest.raises(CorpusError, match=r"texts\.jsonl:1: must be"):
        read_arrays(_file(tmp_path), "label4", MODALITIES, texts=tmp_path / "texts.jsonl")
    with pytest.raises(CorpusError, match="no such file"):
        read_arrays(_file(tmp_path), "label4", MODALITIES, texts=tmp_path / "absent.jsonl")


@pytest.mark.parametrize(
    ("changes", "label", "message"),
    [
        ({}, "label", r"no label 'label'\. Did you mean 'label4'"),
        ({"words": None}, "label4", r"no array 'words'\. Known are"),
        ({"speaker": np.array(["Ann"])}, "label4", r"'speaker' must have 3 rows .* got shape \(1,\)"),
        ({"words": np.zeros(3)}, "label4", r"features 'words' must be numbers of shape \(N, D\)"),
        ({"label4": np.array([0, 1, 2])}, "label4", r"must lie in -1 \(unlabelled\) to 1, got 0 to 2"),
        ({"label4": np.zeros((3, 2))}, "label4", r"must have shape \(N,\)"),
        ({"label_score": np.array([0, 0, 9.0])}, "label_score", r"must lie in \[-3\.0, 3\.0\]; got 9"),
        ({"split": np.array(["train", "tset"])}, "label4", r"'split' holds 'tset'\. Did you mean 'test'"),
        ({"dialogue_ptr": np.array([0, 3, 2])}, "label4", "must start at 0 and never decrease"),
        ({"utt_id": np.array(["a", "a", "b"])}, "label4", "utterance ids that occur twice"),
        ({"words": np.array([{}] * 3, dtype=object)}, "label4", "cannot be read .* Save plain arrays"),
    ],
)
def test_invalid_arrays_are_named(tmp_path, changes, label, message):
    with pytest.raises(CorpusError, match=message):
        read_arrays(_file(tmp_path, **changes), label, MODALITIES)


def test_files_that_are_not_npz_are_named(tmp_path):
    (tmp_path / "bad.npz").write_text("text")
    with pytest.raises(CorpusError, match="not a readable"):
        read_arrays(tmp_path / "bad.npz", "label4", MODALITIES)
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(CorpusError, match="several named arrays"):
        read_arrays(tmp_path / "one.npy", "label4", MODALITIES)
    with pytest.raises(CorpusError, match="no such file"):
        read_arrays(tmp_path / "absent.npz", "label4", MODALITIES)


@pytest.fixture
def corpora():
    """The folder with the licensed corpora."""
    folder = Path(os.environ.get("GRAPHMER_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (folder / "iemocap" / "iemocap.npz").is_file():
        pytest.skip(f"no corpora in {folder}; set GRAPHMER_DATA")
    return folder


@pytest.mark.corpus
def test_iemocap_survives_conversion(tmp_path, corpora):
    modalities = {"audio": ["audio_egemaps", "audio_prosody"], "nonverbal": ["nonverbal"]}
    corpus = read_arrays(corpora / "iemocap" / "iemocap.npz", "label4", modalities)
    assert (len(corpus.dialogues), sum(map(len, corpus.dialogues))) == (120, 7869)
    assert corpus.widths == {"audio": 55, "nonverbal": 8}
    write_dataset(corpus, tmp_path / "out")
    assert read_dataset(tmp_path / "out").fingerprint == corpus.fingerprint

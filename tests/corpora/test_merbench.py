import os

import numpy as np
import pytest

from graphmer.corpora.merbench import read_merbench
from graphmer.corpora.problems import Findings
from graphmer.errors import CorpusError


def folder(root, transcript="name,chinese,english\n", name="label-6way.npz", **corpora):
    """A corpus in which each clip has sound, and the first one frames of video."""
    for modality in ("hubert-UTT", "clip-FRA"):
        (root / "features" / modality).mkdir(parents=True, exist_ok=True)
    np.savez_compressed(root / name, **corpora)
    for corpus in corpora.values():
        for position, clip in enumerate(corpus):
            np.save(root / "features" / "hubert-UTT" / f"{clip}.npy", np.full(3, position, dtype=np.float32))
            if position == 0:
                np.save(root / "features" / "clip-FRA" / f"{clip}.npy", np.array([[1.0, 2.0], [3.0, 4.0]]))
    (root / "transcription-engchi-polish.csv").write_text(transcript, encoding="utf-8-sig")
    return root


FEATURES = {"audio": "hubert-UTT", "video": "clip-FRA"}


def test_iemocap_of_merbench_has_speakers_and_sessions_in_its_names(tmp_path):
    names = ["Ses05F_impro01_M000", "Ses05F_impro01_F000", "Ses02M_script01_1_F003"]
    whole = {name: {"emo": np.int64(n), "val": -10} for name, n in zip(names, (0, 4, 2), strict=True)}
    rows = 'name,chinese,english\nSes05F_impro01_M000,你好,"Hello, you"\n'
    corpus = read_merbench(folder(tmp_path, rows, whole_corpus=whole), FEATURES)
    first, second = corpus.dialogues
    assert (first.id, first.session, first.speakers) == ("Ses05F_impro01", "5", ("M", "F"))
    assert (second.id, second.session) == ("Ses02M_script01_1", "2")
    assert first.emotion == ("happy", "excited")
    assert first.text == ("Hello, you", None)
    assert first.available.tolist() == [[True, True], [True, False]]
    assert first.features["video"][0].tolist() == [2.0, 3.0]
    assert (corpus.official, corpus.card.name) == ({}, "IEMOCAP")


def test_melds_numbers_of_classes_are_those_of_merbench(tmp_path):
    train = {f"train_dia0_utt{n}": {"emo": emo, "val": -10} for n, emo in ((10, 0), (9, 3))}
    test = {"test_dia0_utt0": {"emo": 6, "val": -10.0}}
    corpus = read_merbench(folder(tmp_path, train_corpus=train, test_corpus=test), FEATURES)
    assert corpus.dialogues[0].utterance_ids == ("train_dia0_utt9", "train_dia0_utt10")
    assert corpus.dialogues[0].emotion == ("neutral", "anger")
    assert corpus.dialogues[0].speakers == ("unknown",)
    assert corpus.dialogues[1].emotion == ("surprise",)
    assert corpus.official == {"train": ("train_dia0",), "test": ("test_dia0",)}


def test_every_number_of_melds_classes_has_its_name_in_merbench(tmp_path):
    train = {f"train_dia0_utt{n}": {"emo": n, "val": -10} for n in range(7)}
    corpus = read_merbench(folder(tmp_path, train_corpus=train), {"audio": "hubert-UTT"})
    names = ("anger", "joy", "sadness", "neutral", "disgust", "fear", "surprise")
    assert corpus.dialogues[0].emotion == names


def test_mer2023_has_names_of_classes_single_clips_and_three_test_sets(tmp_path):
    corpora = {
        f"{part}_corpus": {f"sample_0000000{n}": {"emo": emo, "val": val}}
        for n, (part, emo, val) in enumerate(
            [
                ("train", "happy", "1.5"),
                ("test1", "worried", "-0.5"),
                ("test2", "", "-10"),
                ("test3", "sad", -10),
            ]
        )
    }
    rows = "name,chinese,english\nsample_00000000,你好,Hello\n"
    corpus = read_merbench(folder(tmp_path, rows, **corpora), {"audio": "hubert-UTT"})
    assert corpus.card.name == "MER2023"
    assert [dialogue.emotion for dialogue in corpus.dialogues] == [
        ("happy",),
        ("worried",),
        (None,),
        ("sad",),
    ]
    assert corpus.dialogues[0].text == ("你好",)
    assert corpus.official["test"] == ("sample_00000001", "sample_00000002", "sample_00000003")


def test_scores_of_merbench_are_sentiments_and_minus_ten_is_absent(tmp_path):
    train = {f"abc_d_{n}": {"emo": 0, "val": val} for n, val in ((10, 2.4), (2, -10), (1, -3.0))}
    corpus = read_merbench(folder(tmp_path, train_corpus=train), {"audio": "hubert-UTT"})
    (dialogue,) = corpus.dialogues
    assert (dialogue.id, dialogue.speakers, dialogue.emotion) == ("abc_d", ("abc_d",), (-3.0, None, 2.4))
    assert (corpus.card.name, corpus.labels.interval) == ("CMU-MOSI", (-3.0, 3.0))


def test_a_video_in_two_parts_is_two_dialogues(tmp_path):
    parts = {"train_corpus": {"v_1": {"emo": 0, "val": 0.4}}, "val_corpus": {"v_2": {"emo": 0, "val": -1.0}}}
    corpus = read_merbench(folder(tmp_path, **parts), {"audio": "hubert-UTT"})
    assert (corpus.card.name, corpus.labels.interval) == ("CH-SIMS", (-1.0, 1.0))
    assert corpus.official == {"train": ("train/v",), "val": ("val/v",)}


def test_of_several_label_files_one_is_named(tmp_path):
    four = {"Ses01F_x_F000": {"emo": 3, "val": -10}}
    folder(tmp_path, name="label-4way.npz", whole_corpus=four)
    folder(tmp_path, whole_corpus={"Ses01F_x_F000": {"emo": 5, "val": -10}})
    with pytest.raises(CorpusError, match=r"has 2 files label\*\.npz \(label-4way\.npz, label-6way\.npz\)"):
        read_merbench(tmp_path, FEATURES)
    assert read_merbench(tmp_path, FEATURES, "label-4way.npz").dialogues[0].emotion == ("angry",)
    with pytest.raises(CorpusError, match=r"label-5way\.npz: no such label file\. Did you mean"):
        read_merbench(tmp_path, FEATURES, "label-5way.npz")


def test_a_folder_of_features_that_is_not_there_is_reported(tmp_path):
    folder(tmp_path, whole_corpus={"Ses01F_x_F000": {"emo": 1, "val": -10}})
    findings = Findings()
    corpus = read_merbench(tmp_path, {"audio": "hubrt-UTT"}, findings=findings)
    assert dict(corpus.widths) == {}
    assert "Did you mean 'hubert-UTT'?" in str(findings.errors[0])


class Hostile:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def test_objects_in_labels_are_refused_and_not_run(tmp_path):
    folder(tmp_path, whole_corpus={})
    np.savez(tmp_path / "label-6way.npz", whole_corpus={"a": Hostile(tmp_path / "ran")})
    with pytest.raises(CorpusError, match=r"contains posix\.mkdir"):
        read_merbench(tmp_path, FEATURES)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("corpora", "message"),
    [
        ({"whole_corpus": {"a": {"val": 1}}}, "whole_corpus: a: must have 'emo' and 'val'"),
        ({"whole_corpus": {"a": {"emo": 1, "val": "x"}}}, "val: must be a number"),
        ({"whole_corpus": {"a": {"emo": [1], "val": 1}}}, "emo: must be a number or a name"),
        ({"whole_corpus": {"a": {"emo": -1}}}, "highest class number must be from 0 to 999; got -1"),
        ({"whole_corpus": {"a": {"emo": 2**62}}}, "highest class number must be from 0 to 999"),
        ({"whole_corpus": {}}, "has no clip"),
        ({"all_corpus": {}}, "got 'all_corpus'"),
        ({"whole_corpus": [1, 2]}, "got none"),
        ({"train_corpus": {"a": {"emo": 1}}, "val_corpus": {"a": {"emo": 1}}}, "is also in train_corpus"),
    ],
)
def test_invalid_labels_are_named(tmp_path, corpora, message):
    np.savez(tmp_path / "label.npz", **corpora)
    with pytest.raises(CorpusError, match=message):
        read_merbench(tmp_path, FEATURES)

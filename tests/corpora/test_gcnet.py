import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from graphmer.corpora.gcnet import read_gcnet
from graphmer.corpora.problems import examine
from graphmer.errors import CorpusError

FEATURES = {"audio": "wav", "video": "face"}

FOUR_WAY = (
    {"Ses02F_x": ["Ses02F_x_F000", "Ses02F_x_M000"], "Ses01M_y": ["Ses01M_y_M000"]},
    {"Ses02F_x": [0, 3], "Ses01M_y": [1]},
    {"Ses02F_x": ["F", "M"], "Ses01M_y": ["M"]},
    {"Ses02F_x": ["hi", ""], "Ses01M_y": ["no"]},
    {"Ses02F_x"},
    {"Ses01M_y"},
)

SIX_WAY = (
    {"Ses01M_y": ["Ses01M_y_M000"], "Ses02F_x": ["Ses02F_x_F000", "Ses02F_x_F001", "Ses02F_x_M000"]},
    {"Ses01M_y": [1], "Ses02F_x": [4, 5, 3]},
    {"Ses01M_y": ["M"], "Ses02F_x": ["F", "F", "M"]},
    {"Ses01M_y": ["no"], "Ses02F_x": ["hi", "well", ""]},
    ["Ses01M_y"],
    ["Ses02F_x"],
)

CMU = (
    {"v": ["v_1", "v_2"], "w": ["w_1"]},
    {"v": [np.float64(2.4), 0.0], "w": np.array([-3.0])},
    {"v": ["", ""], "w": [""]},
    {"v": np.array(["a", "b"]), "w": np.array(["c"])},
    {"w"},
    set(),
    ["v"],
)


def _root(tmp_path, *, labels=FOUR_WAY, features=None):
    """A folder in GCNet's layout; `features` adds or replaces files, ``None`` removes one."""
    (tmp_path / "four.pkl").write_bytes(pickle.dumps(labels, protocol=4))
    (tmp_path / "six.pkl").write_bytes(pickle.dumps(SIX_WAY, protocol=2))
    files = {
        "wav/Ses02F_x_F000": [1, 2],
        "wav/Ses02F_x_F001": [[3, 4]],
        "wav/Ses02F_x_M000": [[5, 6], [7, 10]],
        "wav/Ses01M_y_M000": [9, 9],
        "face/Ses02F_x_F000/compress_F": [1.0],
        "face/Ses02F_x_F000/compress_M": [2.0],
        "face/Ses02F_x_M000/compress_F": [3.0],
        "face/Ses01M_y_M000/part1_M": [[4.0], [6.0]],
        "face/Ses01M_y_M000/part2_M": [7.0],
    } | (features or {})
    for name, values in files.items():
        path = tmp_path / "features" / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        if values is not None:
            np.save(path, np.array(values))
    return tmp_path


def test_four_classes_with_sessions_speakers_and_sorted_splits(tmp_path):
    corpus = read_gcnet(_root(tmp_path), "four.pkl", FEATURES)
    first, second = corpus.dialogues
    assert corpus.labels.names == ("happy", "sad", "neutral", "angry")
    assert corpus.labels.polarity == {"happy": 1, "sad": -1, "neutral": 0, "angry": -1}
    assert (first.emotion, second.emotion) == (("happy", "angry"), ("sad",))
    assert (first.session, second.session, first.speakers) == ("2", "1", ("F", "M"))
    assert first.text == ("hi", None)
    assert corpus.official == {"train": ("Ses02F_x",), "test": ("Ses01M_y",)}
    assert (corpus.card.name, corpus.card.counts["labelled"]) == ("IEMOCAP", 5531)


def test_features_are_averaged_over_time_and_faces_are_those_of_the_speaker(tmp_path):
    corpus = read_gcnet(_root(tmp_path), "four.pkl", FEATURES)
    first, second = corpus.dialogues
    assert corpus.widths == {"audio": 2, "video": 1}
    assert first.features["audio"].tolist() == [[1, 2], [6, 8]]
    assert first.available.tolist() == [[True, True], [True, False]]
    assert first.features["video"][0].tolist() == [1]
    assert second.features["video"].tolist() == [[6]]


def test_frames_are_pooled_as_asked_or_refused(tmp_path):
    root = _root(tmp_path)
    for pooling, expected in (("max", [7, 10]), ("last", [7, 10])):
        corpus = read_gcnet(root, "four.pkl", {"audio": "wav"}, pooling=pooling)
        assert corpus.dialogues[0].features["audio"][1].tolist() == expected
    with pytest.raises(CorpusError, match=r"M000\.npy: 'audio' has frames, .* \(`data\.pooling`"):
        read_gcnet(root, "four.pkl", {"audio": "wav"}, pooling="error")


def test_six_classes_are_recognised_by_their_numbers(tmp_path):
    corpus = read_gcnet(_root(tmp_path), "six.pkl", {"audio": "wav"})
    assert corpus.labels.names[4:] == ("excited", "frustrated")
    assert corpus.dialogues[1].emotion == ("excited", "frustrated", "angry")
    assert corpus.card.counts["labelled"] == 7433


def test_context_keeps_other_turns_unlabelled_in_their_order(tmp_path):
    corpus = read_gcnet(_root(tmp_path), "four.pkl", {"audio": "wav"}, context="six.pkl")
    first = corpus.dialogues[0]
    assert first.utterance_ids == ("Ses02F_x_F000", "Ses02F_x_F001", "Ses02F_x_M000")
    assert first.emotion == ("happy", None, "angry")
    assert first.text[1] == "well"
    assert first.features["audio"][1].tolist() == [3, 4]
    assert corpus.official["train"] == ("Ses02F_x",)


def test_context_must_contain_every_labelled_turn(tmp_path):
    with pytest.raises(CorpusError, match=r"Ses02F_x_F001: not in the context file four\.pkl"):
        read_gcnet(_root(tmp_path), "six.pkl", {"audio": "wav"}, context="four.pkl")


def test_cmu_files_have_scores_and_one_speaker(tmp_path):
    features = {"wav/v_1": [1.0], "wav/v_2": [2.0], "wav/w_1": [3.0]}
    root = _root(tmp_path, labels=list(CMU), features=features)
    corpus = read_gcnet(root, "four.pkl", {"audio": "wav"})
    first, second = corpus.dialogues
    assert corpus.labels.interval == (-3.0, 3.0)
    assert (first.emotion, second.emotion) == ((2.4, 0.0), (-3.0,))
    assert (first.speakers, first.session, first.text) == (("v",), None, ("a", "b"))
    assert corpus.official == {"train": ("w",), "test": ("v",)}
    assert corpus.card.name == "CMU-MOSI"


def test_the_validation_ids_of_cmu_come_before_those_of_the_test(tmp_path):
    labels = [*CMU[:4], set(), ["w"], {"v"}]
    features = {"wav/v_1": [1.0], "wav/v_2": [2.0], "wav/w_1": [3.0]}
    corpus = read_gcnet(_root(tmp_path, labels=labels, features=features), "four.pkl", {"audio": "wav"})
    assert corpus.official == {"val": ("w",), "test": ("v",)}


def test_features_of_an_utterance_must_be_there_once(tmp_path):
    root = _root(tmp_path, features={"wav/Ses02F_x_M000/part_M": [5, 6]})
    with pytest.raises(
        CorpusError, match=r"Ses02F_x_M000: 'audio' has both a file and a folder\. Remove one"
    ):
        read_gcnet(root, "four.pkl", {"audio": "wav"})


def test_missing_files_are_missing_modalities_and_logged_once(tmp_path, caplog):
    root = _root(tmp_path)
    (root / "features" / "wav" / "Ses02F_x_F000.npy").unlink()
    (root / "features" / "wav" / "Ses01M_y_M000.npy").unlink()
    corpus = read_gcnet(root, "four.pkl", {"audio": "wav"})
    assert corpus.dialogues[0].available.tolist() == [[False], [True]]
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "Ses02F_x_F000, Ses01M_y_M000: 'audio' has no file. Treated as missing. (2 in all)"
    ]


def test_a_face_folder_without_the_speaker_is_missing(tmp_path):
    root = _root(tmp_path, features={"face/Ses01M_y_M000/part1_M": [1.0]})
    _, problems = examine(lambda found: read_gcnet(root, "four.pkl", FEATURES, findings=found))
    assert "Ses02F_x_M000: 'video' has no face of the speaker. Treated as missing." in map(str, problems)


def test_an_empty_folder_or_file_is_missing(tmp_path):
    root = _root(tmp_path, features={"wav/Ses02F_x_F000": np.zeros((0, 2)), "face/Ses02F_x_F000/none": None})
    for face in (root / "features" / "face" / "Ses02F_x_F000").iterdir():
        face.unlink()
    corpus = read_gcnet(root, "four.pkl", FEATURES)
    assert corpus.dialogues[0].available.tolist() == [[False, False], [True, False]]


def test_nan_is_missing_or_an_error(tmp_path):
    root = _root(tmp_path, features={"wav/Ses02F_x_F000": [np.nan, 1], "wav/Ses01M_y_M000": float("nan")})
    corpus = read_gcnet(root, "four.pkl", {"audio": "wav"})
    assert [d.available.tolist() for d in corpus.dialogues] == [[[False], [True]], [[False]]]
    with pytest.raises(CorpusError, match=r"Ses02F_x_F000\.npy, .*'audio' holds NaN or infinity"):
        read_gcnet(root, "four.pkl", {"audio": "wav"}, nan="error")


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"wav/Ses02F_x_M000": [1, 2, 3]}, r"Ses02F_x_M000\.npy: 'audio' must have 2 values, got 3"),
        ({"wav/Ses02F_x_M000": 4.0}, r"Ses02F_x_M000\.npy: 'audio' must have 2 values, got \(\)"),
        ({"wav/Ses02F_x_M000": np.zeros((2, 2, 2))}, r"must be numbers of shape \(D,\) or \(time, D\)"),
        ({"wav/Ses02F_x_M000": ["a", "b"]}, r"must be numbers"),
    ],
)
def test_invalid_feature_files_are_named(tmp_path, features, message):
    with pytest.raises(CorpusError, match=message):
        read_gcnet(_root(tmp_path, features=features), "four.pkl", {"audio": "wav"})


def test_a_damaged_feature_file_is_named(tmp_path):
    root = _root(tmp_path)
    (root / "features" / "wav" / "Ses02F_x_M000.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(CorpusError, match=r"Ses02F_x_M000\.npy: 'audio': damaged feature file"):
        read_gcnet(root, "four.pkl", {"audio": "wav"})


def test_faces_of_different_width_are_named(tmp_path):
    root = _root(tmp_path, features={"face/Ses01M_y_M000/part1_M": [1.0, 2.0]})
    with pytest.raises(CorpusError, match="Ses01M_y_M000: 'video': widths of the faces differ"):
        read_gcnet(root, "four.pkl", FEATURES)


def test_a_modality_without_files_is_an_error_that_names_the_folders(tmp_path):
    root = _root(tmp_path)
    with pytest.raises(CorpusError, match=r"no such folder.*Did you mean 'wav'\? Folders there: face, wav"):
        read_gcnet(root, "four.pkl", {"audio": "wave"})
    (root / "features" / "other").mkdir()
    with pytest.raises(CorpusError, match=r"no file of any utterance; looked for Ses02F_x_F000\.npy"):
        read_gcnet(root, "four.pkl", {"audio": "other"})


def test_a_missing_root_is_an_error_with_the_source_of_the_corpus(tmp_path):
    with pytest.raises(CorpusError, match=r"no such folder\. Request IEMOCAP at https://sail"):
        read_gcnet(tmp_path / "absent", "four.pkl", FEATURES)


def test_a_missing_label_file_is_an_error_with_a_suggestion(tmp_path):
    with pytest.raises(CorpusError, match=r"no such label file\. Did you mean 'four\.pkl'"):
        read_gcnet(_root(tmp_path), "for.pkl", FEATURES)


def _changed(field, value):
    return tuple(value if number == field else content for number, content in enumerate(FOUR_WAY))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (FOUR_WAY[:5], "6 fields .* or 7 .*, got 5"),
        ("text", "6 fields .* or 7"),
        (42, "got int"),
        (_changed(3, ["hi"]), "field 'sentences' must be a dict by dialogue, got list"),
        (_changed(1, FOUR_WAY[2]), r"must be numbers, got \['F', 'M'\].*speakers before labels"),
        (
            _changed(1, {"Ses02F_x": [0], "Ses01M_y": [1]}),
            "Ses02F_x: lists of a dialogue must be equally long",
        ),
        (_changed(1, {"Ses02F_x": [0, 7], "Ses01M_y": [1]}), "Ses02F_x_M000: unknown emotion 'class 7'"),
        (_changed(1, {"Ses02F_x": [0.5, 7], "Ses01M_y": [1]}), r"must lie in \[-3\.0, 3\.0\]; got 7"),
        (_changed(4, {"ghost"}), "ghost: part 'train' names a dialogue that four.pkl does not contain"),
        (_changed(5, {"Ses02F_x"}), "Ses02F_x: dialogue is in two parts, 'train' and 'test'"),
        (_changed(0, {"Ses02F_x": ["u", "u"], "Ses01M_y": ["z"]}), "utterance ids that occur twice"),
        (
            tuple(f | {"e": []} if isinstance(f, dict) else f for f in FOUR_WAY),
            "dialogue 'e' has no utterances",
        ),
    ],
)
def test_invalid_label_files_are_named(tmp_path, labels, message):
    with pytest.raises(CorpusError, match=message):
        read_gcnet(_root(tmp_path, labels=labels), "four.pkl", {"audio": "wav"})


def test_a_check_reports_all_problems(tmp_path):
    root = _root(
        tmp_path,
        labels=_changed(1, {"Ses02F_x": [0, 7], "Ses01M_y": [1]}),
        features={"wav/Ses02F_x_M000": [1, 2, 3], "wav/Ses02F_x_F000": [np.inf, 0]},
    )
    corpus, problems = examine(
        lambda found: read_gcnet(root, "four.pkl", {"audio": "wav", "video": "fase"}, findings=found)
    )
    assert corpus.widths == {"audio": 2}
    text = "\n".join(f"{problem.severity} {problem}" for problem in problems)
    for expected in (
        "unknown emotion 'class 7'",
        "must have 2 values, got 3",
        "no such folder",
        "NaN",
        "F001: 'audio' of",
    ):
        assert expected in text


@pytest.fixture
def corpora():
    """The folder with the licensed corpora."""
    folder = Path(os.environ.get("GRAPHMER_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (folder / "gcnet_layout").is_dir():
        pytest.skip(f"no corpora in {folder}; set GRAPHMER_DATA")
    return folder / "gcnet_layout"


@pytest.mark.corpus
def test_iemocap_with_context_is_read_whole(corpora):
    features = {
        "audio": "audio-egemaps47-prosody8-z",
        "text": "text-minilm384",
        "nonverbal": "nonverbal-disnv8-z",
    }
    corpus = read_gcnet(
        corpora / "IEMOCAP",
        "IEMOCAP_features_raw_4way.pkl",
        features,
        context="IEMOCAP_features_raw_6way.pkl",
    )
    emotions = [emotion for dialogue in corpus.dialogues for emotion in dialogue.emotion]
    assert (len(corpus.dialogues), len(emotions), len(emotions) - emotions.count(None)) == (120, 5810, 4290)
    assert corpus.widths == {"audio": 55, "text": 384, "nonverbal": 8}
    assert all(bool(dialogue.available.all()) for dialogue in corpus.dialogues)


@pytest.mark.corpus
def test_mosi_scores_are_read_whole(corpora):
    features = {"audio": "audio-opensmile73-z", "text": "text-minilm384", "video": "video-c3d100-z"}
    corpus = read_gcnet(corpora / "CMUMOSI", "CMUMOSI_features_raw_2way.pkl", features)
    assert (len(corpus.dialogues), sum(map(len, corpus.dialogues))) == (20, 492)
    assert corpus.labels.is_score

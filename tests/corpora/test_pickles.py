import pickle
import sys
import types

import numpy as np
import pytest

from graphmer.corpora.pickles import is_pickle, read_pickled
from graphmer.corpora.problems import Findings
from graphmer.errors import CorpusError

A, B = "Ses01F_impro01", "Ses05M_script02_1"
IDS = {B: [f"{B}_M000"], A: [f"{A}_F000", f"{A}_M000"]}
SPEAKERS = {B: ["M"], A: ["F", "M"]}
LABELS = {B: [5], A: [0, 4]}
SENTENCES = {B: ["So?"], A: ["company\x92s", "well"]}


def vectors(width, ids=IDS, start=0.0, array=True):
    count, found = start, {}
    for id, turns in ids.items():
        rows = np.arange(len(turns) * width, dtype=np.float32).reshape(-1, width) + count
        found[id] = rows if array else [list(map(float, row)) for row in rows]
        count += 100
    return found


TEXT, AUDIO, VIDEO = vectors(2), vectors(3, start=1, array=False), vectors(4, start=2)
IEMOCAP = [IDS, SPEAKERS, LABELS, TEXT, AUDIO, VIDEO, SENTENCES, [A], [B]]


def written(folder, content, protocol=4, name="features.pkl"):
    path = folder / name
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def read(folder, content, **options):
    return read_pickled(written(folder, content), **options)


def emotions(corpus):
    return {dialogue.id: dialogue.emotion for dialogue in corpus.dialogues}


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("container", [tuple, list])
def test_iemocap_of_conv_emotion_has_speakers_before_labels(tmp_path, protocol, container):
    corpus = read_pickled(written(tmp_path, container(IEMOCAP), protocol))
    assert corpus.card.name == "IEMOCAP"
    assert corpus.labels.names == ("happy", "sad", "neutral", "angry", "excited", "frustrated")
    assert emotions(corpus) == {B: ("frustrated",), A: ("happy", "excited")}
    first = corpus.dialogues[1]
    assert first.speakers == ("F", "M")
    assert first.session == "1"
    assert first.text == ("company\u2019s", "well")
    assert first.utterance_ids == tuple(IDS[A])
    assert dict(corpus.widths) == {"audio": 3, "text": 2, "video": 4}
    np.testing.assert_array_equal(first.features["audio"].numpy(), AUDIO[A])
    np.testing.assert_array_equal(first.features["video"].numpy(), VIDEO[A])
    assert corpus.official == {"train": (A,), "test": (B,)}


def test_ids_of_a_split_may_be_a_set_and_are_sorted(tmp_path):
    content = [*IEMOCAP[:7], {B, A}, set()]
    assert read(tmp_path, content).official == {"train": (A, B)}


def test_a_tenth_field_is_not_read(tmp_path):
    assert read(tmp_path, [*IEMOCAP, {"x": 1}]).fingerprint == read(tmp_path, IEMOCAP).fingerprint


def test_iemocap_with_four_classes_has_four(tmp_path):
    content = [*IEMOCAP[:2], {B: [3], A: [0, 2]}, *IEMOCAP[3:]]
    assert read(tmp_path, content).labels.names == ("happy", "sad", "neutral", "angry")


MELD_IDS = {0: ["a", "b"], 1: ["c"], 2: ["d"]}
ONE_HOT = {0: [[0, 1, 0], [1, 0, 0]], 1: [[0, 0, 1]], 2: [[0, 0, 0]]}
MELD_LABELS = {0: [0, 6], 1: [4], 2: np.array([1])}
MELD_SENTENCES = {0: ["a", "b"], 1: ["c"], 2: ["d"]}
SENTIMENTS = {0: [0, 2], 1: [1], 2: [1]}


def test_meld_without_video_is_told_from_meld_with_video_by_its_contents(tmp_path):
    text, audio, video = (vectors(n, MELD_IDS) for n in (2, 3, 4))
    without = (MELD_IDS, ONE_HOT, MELD_LABELS, text, audio, MELD_SENTENCES, [1, 0], [2], SENTIMENTS)
    corpus = read(tmp_path, without)
    assert corpus.card.name == "MELD"
    assert dict(corpus.widths) == {"audio": 3, "text": 2}
    assert emotions(corpus) == {"0": ("neutral", "anger"), "1": ("joy",), "2": ("surprise",)}
    assert [dialogue.speakers for dialogue in corpus.dialogues] == [
        ("speaker 1", "speaker 0"),
        ("speaker 2",),
        ("unknown",),
    ]
    assert corpus.official == {"train": ("0", "1"), "test": ("2",)}
    assert corpus.dialogues[0].session is None
    with_video = (MELD_IDS, ONE_HOT, MELD_LABELS, text, audio, video, MELD_SENTENCES, [1, 0], [2], None)
    assert dict(read(tmp_path, with_video).widths) == {"audio": 3, "text": 2, "video": 4}
    assert emotions(read(tmp_path, with_video)) == emotions(corpus)


ALL = {0: list(range(7))}
MELD_NAMES = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
EMORYNLP_NAMES = ("Joyful", "Mad", "Peaceful", "Neutral", "Sad", "Powerful", "Scared")


def test_every_number_of_a_class_has_its_name(tmp_path):
    words, speakers, parts = {0: ["a"] * 7}, {0: [[1, 0]] * 7}, ([0], [], [])
    text = vectors(2, ALL)
    meld = (ALL, speakers, ALL, text, text, words, [0], [], ALL)
    assert emotions(read(tmp_path, meld))["0"] == MELD_NAMES
    assert emotions(read(tmp_path, [speakers, ALL, ALL, words, *parts]))["0"] == MELD_NAMES
    scene = "1_15_1"
    content = [{scene: ["0"] * 7}, {scene: ALL[0]}, {scene: ["a"] * 7}, [scene], [], []]
    corpus = read(tmp_path, content)
    assert (corpus.card.name, emotions(corpus)[scene]) == ("EmoryNLP", EMORYNLP_NAMES)


def test_words_that_python_2_wrote_are_in_latin_1_and_mis_decoded_marks_are_repaired(tmp_path):
    old = written(tmp_path, [*IEMOCAP[:6], {B: ["So?"], A: ["QQQQ", "well"]}, [A], [B]], protocol=2)
    content = old.read_bytes()
    assert content.count(b"X\x04\0\0\0QQQQ") == 1
    old.write_bytes(content.replace(b"X\x04\0\0\0QQQQ", b"U\x04it\x92s"))  # a byte string
    assert read_pickled(old).dialogues[1].text == ("it\u2019s", "well")


def test_features_of_meld_by_turn_say_where_the_labels_are(tmp_path):
    with pytest.raises(CorpusError, match=r"MELD's features by turn, without labels and speakers"):
        read(tmp_path, [{"0_0": np.ones(3)}, {"0_1": np.ones(3)}, {"2_0": np.ones(3)}])


def test_avec_has_scores(tmp_path):
    labels = {B: [0.5], A: [-1.2, 0.0]}
    speakers = {B: ["user"], A: ["user", "operator"]}
    corpus = read(tmp_path, [IDS, speakers, labels, TEXT, AUDIO, VIDEO, SENTENCES, [A], [B]])
    assert corpus.card.name == "AVEC"
    assert corpus.dialogues[1].speakers == ("user", "operator")
    assert corpus.labels.interval == (-2.0, 1.0)
    assert emotions(corpus)[A] == (-1.2, 0.0)


DAILY = {"d1": ["0", "1", "0"], "d2": ["0"]}


@pytest.mark.parametrize(
    ("neutral", "other", "name"), [(0, 1, "anger"), (1, 0, "happiness"), (3, 0, "fear"), (3, 6, "sadness")]
)
@pytest.mark.parametrize("unused", [[], [{"d1": [3, 4, 5], "d2": [1]}]])
def test_numbers_of_dailydialogs_classes_follow_from_the_most_frequent_one(
    tmp_path, neutral, other, name, unused
):
    labels = {"d1": [neutral, other, neutral], "d2": [neutral]}
    content = [DAILY, vectors(2, DAILY), *unused, {"d1": [1, 2, 1], "d2": [3]}, labels, ["d1"], [], ["d2"]]
    corpus = read(tmp_path, content)
    assert corpus.card.name == "DailyDialog"
    assert emotions(corpus)["d1"] == ("neutral", name, "neutral")
    assert corpus.official == {"train": ("d1",), "val": ("d2",)}


def test_classes_of_dailydialog_without_a_neutral_majority_keep_their_numbers(tmp_path):
    labels = {"d1": [2, 5, 6], "d2": [0]}
    content = [DAILY, vectors(2, DAILY), {"d1": [1, 2, 1], "d2": [3]}, labels, ["d1"], [], ["d2"]]
    findings = Findings()
    assert emotions(read(tmp_path, content, findings=findings))["d1"] == ("class 2", "class 5", "class 6")
    assert findings.problems[0].what.startswith("classes without names")


def cosmic(labels=LABELS, speakers=SPEAKERS, ids=IDS, sentences=SENTENCES, parts=None):
    layers = [vectors(2, ids, start=n, array=n % 2 == 0) for n in range(4)]
    first = next(iter(ids))
    return [speakers, labels, *layers, sentences, *(parts or ([first], [], set(list(ids)[1:])))]


def test_cosmic_puts_test_before_validation_and_text_is_the_mean_of_its_layers(tmp_path):
    corpus = read(tmp_path, cosmic(parts=([A], [B], [])))
    assert corpus.official == {"train": (A,), "test": (B,)}
    assert dict(corpus.widths) == {"text": 2}
    np.testing.assert_allclose(corpus.dialogues[1].features["text"], vectors(2)[A] + 1.5)
    assert emotions(corpus)[A] == ("happy", "excited")
    assert read(tmp_path, cosmic(parts=([A], [], [B]))).official == {"train": (A,), "val": (B,)}


def test_meld_of_cosmic_has_a_field_of_sentiments(tmp_path):
    speakers, labels, *rest = cosmic(MELD_LABELS, ONE_HOT, MELD_IDS, MELD_SENTENCES)
    corpus = read(tmp_path, (speakers, labels, SENTIMENTS, *rest))
    assert corpus.card.name == "MELD"
    assert emotions(corpus) == {"0": ("neutral", "anger"), "1": ("joy",), "2": ("surprise",)}
    assert corpus.official == {"train": ("0",), "val": ("1", "2")}


def test_emorynlp_and_dailydialog_of_cosmic_are_told_apart_by_their_ids(tmp_path):
    scenes = {"1_15_1": ["a", "b"], "10_2_3": ["c"]}
    labels, speakers = {"1_15_1": [0, 6], "10_2_3": [2]}, {"1_15_1": ["0", "1"], "10_2_3": ["0"]}
    corpus = read(tmp_path, cosmic(labels, speakers, scenes, scenes))
    assert corpus.card.name == "EmoryNLP"
    assert emotions(corpus) == {"1_15_1": ("Joyful", "Scared"), "10_2_3": ("Peaceful",)}
    assert corpus.labels.polarity["Mad"] == -1
    daily = read(tmp_path, cosmic({"d1": [1, 0, 1], "d2": [1]}, DAILY, DAILY, DAILY))
    assert daily.card.name == "DailyDialog"
    assert emotions(daily)["d1"] == ("neutral", "happiness", "neutral")


@pytest.mark.parametrize("sentiments", [[], [SENTIMENTS]])
def test_cosmics_files_without_features_have_words_only(tmp_path, sentiments):
    content = [ONE_HOT, MELD_LABELS, *sentiments, MELD_SENTENCES, [0], [1], [2]]
    if not sentiments:
        content[:3] = [SPEAKERS, LABELS, SENTENCES]
        content[-3:] = [A], [B], []
    corpus = read(tmp_path, content)
    assert dict(corpus.widths) == {}
    assert corpus.official["train"] == ((A,) if not sentiments else ("0",))
    assert corpus.dialogues[0].text[0] == ("So?" if not sentiments else "a")


def test_comet_features_name_the_file_to_use_instead(tmp_path):
    with pytest.raises(CorpusError, match=r"COMET features.*roberta\.pkl"):
        read(tmp_path, [vectors(2)] * 9)


@pytest.fixture
def sample():
    """Class of COGMEN's samples, in a package that is gone when the file is read."""
    modules = {name: types.ModuleType(name) for name in ("cogmen", "cogmen.Sample")}

    class Sample:
        pass

    Sample.__module__, Sample.__qualname__ = "cogmen.Sample", "Sample"
    modules["cogmen.Sample"].Sample = Sample
    sys.modules.update(modules)

    def make(vid, **changes):
        made = Sample()
        made.__dict__ |= {
            "vid": vid,
            "speaker": SPEAKERS[vid],
            "label": LABELS[vid],
            "text": TEXT[vid],
            "audio": AUDIO[vid],
            "visual": list(VIDEO[vid]),
            "sentence": SENTENCES[vid],
            "sbert_sentence_embeddings": np.ones((len(LABELS[vid]), 5), dtype=np.float32),
        } | changes
        return made

    yield make
    for name in modules:
        del sys.modules[name]


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
def test_cogmens_samples_are_read_without_importing_cogmen(tmp_path, sample, protocol, monkeypatch):
    path = written(tmp_path, {"train": [sample(A)], "dev": [], "test": [sample(B)]}, protocol)
    monkeypatch.delitem(sys.modules, "cogmen")
    monkeypatch.setitem(sys.modules, "cogmen.Sample", None)
    corpus = read_pickled(path)
    assert emotions(corpus) == {A: ("happy", "excited"), B: ("frustrated",)}
    assert dict(corpus.widths) == {"audio": 3, "text": 2, "video": 4, "sentence": 5}
    assert corpus.official == {"train": (A,), "test": (B,)}


def test_overlapping_windows_of_cogmen_are_refused(tmp_path, sample):
    with pytest.raises(CorpusError, match=r"Ses01F_impro01.*has several samples.*split_utterances"):
        read(tmp_path, {"train": [sample(A), sample(A)], "dev": [], "test": []})


def test_a_class_of_another_package_is_refused_beside_cogmens(tmp_path, sample):
    with pytest.raises(CorpusError, match=r"contains types\.SimpleNamespace"):
        read(tmp_path, {"train": [sample(A), types.SimpleNamespace()]})


def mmsa(ids, **changes):
    n = len(ids)
    audio = np.ones((n, 4, 3), dtype=np.float32)
    audio[:, 2:] = 0
    audio[0, 1] = -np.inf
    mask = np.zeros((n, 3, 5))
    mask[:, 1, :2] = 1
    text = np.ones((n, 5, 2), dtype=np.float32) * np.arange(5)[None, :, None]
    return {
        "raw_text": [f"text {id}" for id in ids],
        "audio": audio,
        "vision": np.arange(n * 6 * 2, dtype=np.float64).reshape(n, 6, 2) + 1,
        "id": ids,
        "text": text,
        "text_bert": mask,
        "vision_lengths": [2] * n,
        "audio_lengths": np.full(n, 4),
        "annotations": ["Positive"] * n,
        "classification_labels": np.full(n, 2.0),
        "regression_labels": np.linspace(-3, 3, n),
    } | changes


PARTS = {
    "train": mmsa(["v1$_$10", "v1$_$9", "v$_$2$_$0"]),
    "valid": mmsa(["v3$_$1"]),
    "test": mmsa(["v4$_$1"]),
}


def test_clips_of_mmsa_are_sorted_by_number_within_their_video(tmp_path):
    corpus = read(tmp_path, PARTS)
    assert corpus.card.name == "CMU-MOSI"
    assert [dialogue.id for dialogue in corpus.dialogues] == ["v1", "v$_$2", "v3", "v4"]
    first = corpus.dialogues[0]
    assert first.utterance_ids == ("v1$_$9", "v1$_$10")
    assert first.speakers == ("v1",)
    assert first.emotion == (0.0, -3.0)
    assert first.text == ("text v1$_$9", "text v1$_$10")
    assert corpus.official == {"train": ("v$_$2", "v1"), "val": ("v3",), "test": ("v4",)}
    assert corpus.labels.interval == (-3.0, 3.0)


def test_padding_of_mmsa_is_no_frame_and_minus_infinity_is_zero(tmp_path):
    findings = Findings()
    corpus = read(tmp_path, PARTS, findings=findings)
    assert dict(corpus.widths) == {"audio": 3, "text": 2, "video": 2}
    later, earlier = corpus.dialogues[0].features["audio"].tolist()
    assert (later, earlier) == ([1, 1, 1], [1, 1, 1])  # the frame of -inf becomes padding
    assert corpus.dialogues[0].features["text"].tolist()[0] == [1, 1]  # of frames 0 and 1, frame 0 is zeros
    video = PARTS["train"]["vision"][1, :2].mean(axis=0)
    np.testing.assert_allclose(corpus.dialogues[0].features["video"][0], video)
    (note,) = [problem for problem in findings.problems if "infinity" in problem.what]
    assert note.where == ("v1$_$10", "v3$_$1", "v4$_$1")


def test_an_utterance_of_mmsa_without_any_frame_lacks_the_modality(tmp_path):
    part = mmsa(["v1$_$0", "v1$_$1"])
    part["vision"][1] = 0
    corpus = read(tmp_path, {"train": part})
    column = list(corpus.widths).index("video")
    assert corpus.dialogues[0].available[:, column].tolist() == [True, False]


def test_sims_has_scores_of_one_and_its_videos_may_be_in_several_parts(tmp_path):
    part = {f"regression_labels_{m}": [0.5] for m in "TAV"} | {"regression_labels": [0.8]}
    content = {"train": mmsa(["v1$_$0001"], **part), "test": mmsa(["v1$_$0002"], **part)}
    findings = Findings()
    corpus = read(tmp_path, content, findings=findings)
    assert corpus.card.name == "CH-SIMS"
    assert corpus.labels.interval == (-1.0, 1.0)
    assert corpus.official == {"train": ("train/v1",), "test": ("test/v1",)}
    assert any(problem.what == "video in several parts" for problem in findings.problems)
    assert emotions(read(tmp_path, content, label="regression_labels_A"))["train/v1"] == (0.5,)


@pytest.mark.parametrize(
    ("label", "names", "emotion"),
    [
        ("annotations", ("Positive",), "Positive"),
        ("classification_labels", ("negative", "neutral", "positive"), "positive"),
    ],
)
def test_classes_of_mmsa_can_be_chosen(tmp_path, label, names, emotion):
    corpus = read(tmp_path, PARTS, label=label)
    assert corpus.labels.names == names
    assert emotions(corpus)["v3"] == (emotion,)


def test_the_pickle_of_a_single_sample_is_one_unlabelled_utterance(tmp_path):
    part = mmsa(["x$_$0"])
    content = {key: part[key][0] for key in ("raw_text", "audio", "vision", "text", "text_bert")}
    corpus = read(tmp_path, content)
    (dialogue,) = corpus.dialogues
    assert (dialogue.text, dialogue.emotion) == (("text x$_$0",), (None,))
    assert dialogue.available.tolist() == [[True, True, True]]
    assert corpus.official == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"audio": np.ones((1, 3))}, r"train: 'audio' must be numbers of shape \(N, T, D\)"),
        ({"regression_labels": [7.0]}, r"score must lie in \[-3\.0, 3\.0\]; got 7"),
        ({"id": ["v1"]}, r"features\.pkl: train\[0\]: an id must be a text such as"),
    ],
)
def test_invalid_fields_of_mmsa_are_named(tmp_path, change, message):
    with pytest.raises(CorpusError, match=message):
        read(tmp_path, {"train": mmsa(["v1$_$0"], **change)})
    with pytest.raises(CorpusError, match=r"no label 'emotion'. Known are annotations"):
        read(tmp_path, {"train": mmsa(["v1$_$0"])}, label="emotion")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([IDS, LABELS, SPEAKERS, SENTENCES, {A}, {B}], "a label file in GCNet's layout"),
        ({"a": 1}, "It holds a dict; known are conv-emotion"),
        ([SPEAKERS, LABELS], "It holds 2 fields: texts, whole numbers"),
        (5, "It holds a int"),
    ],
)
def test_other_pickles_say_what_they_hold(tmp_path, content, message):
    with pytest.raises(CorpusError, match=message):
        read(tmp_path, content)


def test_a_named_format_is_required(tmp_path):
    with pytest.raises(CorpusError, match="no layout of COSMIC"):
        read(tmp_path, IEMOCAP, format="cosmic")
    with pytest.raises(CorpusError, match="has one kind of label, 'x' cannot be chosen"):
        read(tmp_path, IEMOCAP, label="x")


def test_lists_of_different_lengths_unknown_classes_and_absent_dialogues_are_reported(tmp_path):
    findings = Findings()
    content = [IDS, SPEAKERS, {B: [9], A: [0]}, *IEMOCAP[3:7], [A, B, "Ses02F_x"], [B]]
    read(tmp_path, content, findings=findings)
    found = "\n".join(map(str, findings.problems))
    assert f"features.pkl: {A}: lists of a dialogue must be equally long; got 1 labels, 2 speakers" in found
    assert "unknown emotion 'class 9'" in found
    assert f"{B}: dialogue is in two parts, 'train' and 'test'" in found
    assert "Ses02F_x: part 'train' names a dialogue that is not in the file" in found


def test_a_dialogue_without_utterances_is_left_out_with_a_warning(tmp_path):
    content = [field | {"Ses01F_empty": []} if isinstance(field, dict) else field for field in IEMOCAP]
    findings = Findings()
    assert len(read(tmp_path, content, findings=findings).dialogues) == 2
    assert [str(problem) for problem in findings.problems] == [
        "features.pkl: Ses01F_empty: dialogue without utterances. Left out."
    ]


def test_pickles_are_recognised_by_their_first_bytes(tmp_path):
    assert is_pickle(written(tmp_path, IEMOCAP, 4, "data.bin"))
    assert is_pickle(written(tmp_path, IEMOCAP, 0, "data.pkl"))
    (tmp_path / "talk.txt").write_text("Ann: hi\n")
    assert not is_pickle(tmp_path / "talk.txt")
    assert not is_pickle(tmp_path)

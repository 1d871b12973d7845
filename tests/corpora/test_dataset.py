import json

import numpy as np
import pytest
import torch

from graphmer.corpora.assemble import Assembly
from graphmer.corpora.base import Card
from graphmer.corpora.dataset import read_dataset, read_dialogues, write_dataset
from graphmer.corpora.header import read_header
from graphmer.corpora.problems import Findings, examine
from graphmer.dialogue import LabelSpace, Utterance
from graphmer.errors import CorpusError

HEADER = """
name: calls
licence: internal
labels: {names: [calm, angry], polarity: {angry: -1}}
modalities: {audio: {width: 2, extractor: by hand}, text: {width: 1}}
dialogues: [calls.jsonl]
"""


def _folder(tmp_path, *lines, header=HEADER):
    (tmp_path / "dataset.yaml").write_text(header)
    (tmp_path / "calls.jsonl").write_text("".join(f"{_line(line)}\n" for line in lines))
    return tmp_path


def _line(line):
    return line if isinstance(line, str) else json.dumps(line)


def _dialogue(id="d", **turn):
    return {"id": id, "utterances": [{"speaker": "Ann", "label": "calm", **turn}]}


def _corpus(labels, emotions):
    assembly = Assembly(labels, {"audio": 3, "video": 2, "text": 1}, Findings())
    rng = np.random.default_rng(0)
    first = [
        Utterance(
            "Zoë",
            {"audio": rng.normal(size=3), "text": [1 / 3]},
            emotions[0],
            "a0",
            "Grüße #1",
            start=976.059,
            end=1e-7,
        ),
        Utterance("Bob", {"text": [-0.0]}, None, "a1", reply_to="a0", causes=("a0", "a1")),
        Utterance("Zoë", {}, emotions[1], "a2", ""),
    ]
    dialogues = [
        assembly.dialogue("a", first, "", session="1"),
        assembly.dialogue("b", [Utterance("Bob", {"audio": rng.normal(size=3)}, emotions[1], "b0")], ""),
    ]
    card = Card("tiny", "none", "someone", url="u", note="n", counts={"dialogues": 2}, simulated=True)
    return assembly.corpus(card, labels, dialogues, {"a": "train", "b": "test"})


@pytest.mark.parametrize(
    ("labels", "emotions"),
    [
        (LabelSpace(("calm", "angry"), polarity={"angry": -1}), ["calm", "angry"]),
        (LabelSpace(interval=(-3.0, 3.0)), [0.1, -2.4000000953674316]),
    ],
)
def test_writing_and_reading_is_lossless(tmp_path, labels, emotions):
    corpus = _corpus(labels, emotions)
    write_dataset(corpus, tmp_path / "new" / "out", extractors={"audio": "openSMILE 3"})
    again = read_dataset(tmp_path / "new" / "out")
    for field in ("card", "labels", "widths", "official", "fingerprint"):
        assert getattr(again, field) == getattr(corpus, field)
    assert list(again.widths) == list(corpus.widths)
    for one, other in zip(corpus.dialogues, again.dialogues, strict=True):
        for field in ("id", "utterance_ids", "speakers", "emotion", "text", "session", "causes"):
            assert getattr(one, field) == getattr(other, field)
        for field in ("speaker", "available", "start", "end", "reply_to"):
            torch.testing.assert_close(
                getattr(one, field), getattr(other, field), rtol=0, atol=0, equal_nan=True
            )
        for modality in corpus.widths:
            assert torch.equal(one.features[modality], other.features[modality])
    assert read_header(tmp_path / "new" / "out").modalities["audio"].extractor == "openSMILE 3"


def test_writing_never_replaces_a_nonempty_folder(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CorpusError, match="must not exist or be an empty folder"):
        write_dataset(_corpus(LabelSpace(("calm", "angry")), ["calm", "angry"]), tmp_path)
    (tmp_path / "empty").mkdir()
    write_dataset(_corpus(LabelSpace(("calm", "angry")), ["calm", "angry"]), tmp_path / "empty")
    assert sorted(path.name for path in (tmp_path / "empty").iterdir()) == [
        "audio.npy",
        "checksums.sha256",
        "dataset.yaml",
        "dialogues.jsonl",
        "text.npy",
        "video.npy",
    ]


def test_a_failed_write_leaves_no_files(tmp_path):
    corpus = _corpus(LabelSpace(interval=(-3.0, 3.0)), [0.5, float("nan")])
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_dataset(corpus, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_features_can_be_inline_a_matrix_row_or_a_file(tmp_path):
    np.save(tmp_path / "audio.npy", np.array([[1, 2], [3, 4]]))
    (tmp_path / "clips").mkdir()
    np.save(tmp_path / "clips" / "one.npy", np.array([[5.0, 6.0]]))
    turns = [
        {"speaker": "Ann", "features": {"audio": [0.5, 1], "text": [7]}},
        {"speaker": "Bob", "features": {"audio": "audio.npy#1"}},
        {"speaker": "Ann", "features": {"audio": "clips/one.npy"}},
        {"speaker": "Bob", "label": None},
    ]
    corpus = read_dataset(_folder(tmp_path, "\ufeff" + json.dumps({"id": "d", "utterances": turns}), ""))
    dialogue = corpus.dialogues[0]
    assert dialogue.features["audio"].tolist() == [[0.5, 1], [3, 4], [5, 6], [0, 0]]
    assert dialogue.available.tolist() == [[True, True], [True, False], [True, False], [False, False]]
    assert dialogue.emotion == (None,) * 4
    assert dialogue.utterance_ids == ("d_0", "d_1", "d_2", "d_3")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"calls\.jsonl:2: no valid JSON"),
        (b"\xff".decode("latin1"), r"calls\.jsonl:2: no valid JSON"),
        ({"id": "d", "turns": []}, r"calls\.jsonl:2: turns: unknown field\. Known are"),
        (_dialogue(speeker="x"), r"utterances\[0\]\.speeker: unknown field\. Did you mean 'speaker'"),
        ({"id": "d", "utterances": [{}]}, r"utterances\[0\]\.speaker: required field is absent"),
        (_dialogue(start="1.5"), r'utterances\[0\]\.start: .*valid number; got "1\.5"'),
        (_dialogue(label=["calm"]), r"utterances\[0\]\.label: must be a class name, a score, or null"),
        (_dialogue(label="clam"), r"utterances\[0\]\.label: unknown emotion 'clam'\. Did you mean 'calm'"),
        (_dialogue(label=1), r"unknown emotion 1\. Known are calm, angry"),
        (_dialogue(features={"adio": [1]}), r"unknown modality 'adio'\. Did you mean 'audio'"),
        (
            _dialogue(features={"audio": {}}),
            r"features\.audio: must be a list of numbers or of frames, .*leave the key out",
        ),
        (_dialogue(features={"audio": ["1", "2"]}), r"features\.audio: must be a list of numbers"),
        (_dialogue(features={"audio": [1]}), r"features\.audio: 'audio' must have 2 values, got 1"),
        (_dialogue(features={"audio": "a.npy#0"}), r"there is no file .*a\.npy"),
        (_dialogue(features={"audio": "../a.npy#0"}), r"must be a path inside"),
        (_dialogue(features={"audio": "audio.npy#9"}), r"of shape \(1, 2\) has no row 9"),
        (_dialogue(features={"audio": "objects.npy#0"}), r"is not a readable \.npy"),
        ({"id": "d", "utterances": []}, r"dialogue 'd' has no utterances"),
        (
            {"id": "d", "split": "dev", "utterances": []},
            r"split: must be 'train', 'val' or 'test'; got .dev.",
        ),
        (_dialogue("first"), r"dialogue id 'first' occurs twice"),
        ({"id": "d", "utterances": [{"speaker": "Ann", "id": "u"}] * 2}, r"ids that occur twice: \['u'\]"),
        (_dialogue(reply_to="nobody"), r"`reply_to` names 'nobody'"),
        (_dialogue(causes=["nobody"]), r"`causes` names 'nobody'"),
    ],
)
def test_an_invalid_line_is_named_with_field_value_and_remedy(tmp_path, line, message):
    np.save(tmp_path / "audio.npy", np.zeros((1, 2)))
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    first = {"id": "first", "utterances": [{"speaker": "Ann", "id": "u0", "label": "calm"}]}
    with pytest.raises(CorpusError, match=message):
        read_dataset(_folder(tmp_path, first, line))


def test_a_check_reports_all_problems_of_all_lines(tmp_path):
    np.save(tmp_path / "unused.npy", np.zeros((1, 2)))
    folder = _folder(
        tmp_path,
        _dialogue("a", features={"audio": [1, float("nan")], "text": [1]}),
        _dialogue("b", label="clam", features={"audio": [1]}),
        "{",
        _dialogue("a"),
    )
    corpus, problems = examine(lambda found: read_dataset(folder, findings=found))
    assert [dialogue.id for dialogue in corpus.dialogues] == ["a", "b"]
    assert corpus.dialogues[0].available.tolist() == [[False, True]]
    assert [problem.severity for problem in problems] == ["error"] * 4 + ["warning"] * 3 + ["note"]
    text = "\n".join(map(str, problems))
    for expected in (
        "jsonl:2: utterances[0].label",
        "jsonl:2: utterances[0].features.audio",
        "jsonl:3",
        "jsonl:4",
    ):
        assert expected in text
    assert "jsonl:1: utterances[0].features.audio: 'audio' holds NaN or infinity. Treated as missing." in text
    assert "unused.npy: file without any reference to it" in text


def test_aliases_are_those_of_the_header_and_those_given(tmp_path):
    header = HEADER.replace("polarity: {angry: -1}", "aliases: {mad: angry, 1: calm}")
    folder = _folder(
        tmp_path,
        *(_dialogue(str(label), label=label) for label in ("MAD", 1, "Quiet", "calm ")),
        header=header,
    )
    corpus = read_dataset(folder, aliases={"quiet": "calm"})
    assert [d.emotion for d in corpus.dialogues] == [("angry",), ("calm",), ("calm",), ("calm",)]
    with pytest.raises(CorpusError, match=r"unknown emotion 'Quiet'"):
        read_dataset(folder)


def test_nan_can_be_refused(tmp_path):
    folder = _folder(tmp_path, _dialogue(features={"audio": [1, float("nan")]}))
    with pytest.raises(CorpusError, match="holds NaN or infinity"):
        read_dataset(folder, nan="error")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (HEADER + "licens: x\n", r"dataset\.yaml: licens: unknown field\. Did you mean 'licence'"),
        ("name: x\n", "labels: required field is absent"),
        (
            HEADER.replace("width: 2", "width: 0"),
            r"modalities\.audio\.width: must be greater than 0; got 0\.",
        ),
        (HEADER.replace("names: [calm, angry]", "names: [calm, calm]"), "labels: Class names must differ"),
        (
            HEADER.replace("calls.jsonl", "call.jsonl"),
            r"no such file of dialogues\. Did you mean 'calls\.jsonl'",
        ),
        (
            HEADER.replace("width: 2", "width: 1" + "0" * 300),
            r"width: must be less than or equal to 1000000; got 10{59}\.\.\.",
        ),
        (HEADER.replace("width: 2", "width: 1" + "0" * 9000), r"no valid YAML \(Exceeds the limit"),
        (
            HEADER.replace(
                "{names: [calm, angry], polarity: {angry: -1}}", "{interval: [0, 1" + "0" * 400 + "]}"
            ),
            r"labels",
        ),
        (
            HEADER.replace("polarity: {angry: -1}", "aliases: {mad: angy}"),
            r"dataset\.yaml: labels: the alias 'mad' must .* got 'angy'\. Did you mean 'angry'",
        ),
        (HEADER + "counts: {dialogues: 0x1" + "0" * 9000 + "}\n", r"counts\.dialogues: must be less than"),
        (HEADER.replace("angry: -1}", "angry: 1" + "0" * 30 + "}"), r"polarity\.angry: must be less than"),
        (
            HEADER.replace("{names: [calm, angry], polarity: {angry: -1}}", "{interval: [0, .inf]}"),
            r"interval",
        ),
        ("a: [", "no valid YAML"),
        ("", "must be a valid dictionary"),
    ],
)
def test_an_invalid_header_is_named_with_field_and_remedy(tmp_path, header, message):
    with pytest.raises(CorpusError, match=message):
        read_dataset(_folder(tmp_path, header=header))


def test_a_folder_without_a_header_is_named(tmp_path):
    with pytest.raises(CorpusError, match=r"dataset\.yaml: no such file"):
        read_dataset(tmp_path)


def test_dialogues_are_streamed_one_by_one(tmp_path):
    folder = _folder(tmp_path, _dialogue("a", label="anything"), _dialogue("b"), "{")
    stream = read_dialogues(folder / "calls.jsonl", {"text": 1})
    assert [next(stream).id, next(stream).id] == ["a", "b"]
    with pytest.raises(CorpusError, match=r"calls\.jsonl:3: no valid JSON"):
        next(stream)


def test_a_stream_with_a_collector_continues_after_errors(tmp_path):
    folder = _folder(tmp_path, "{", _dialogue("b"))
    findings = Findings()
    assert [d.id for d in read_dialogues(folder / "calls.jsonl", {}, findings=findings)] == ["b"]
    assert len(findings.errors) == 1

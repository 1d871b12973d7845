import json
import logging

import pytest
import torch

from graphmer.corpora.assemble import Assembly
from graphmer.corpora.base import Card
from graphmer.corpora.dataset import read_dataset
from graphmer.corpora.problems import Findings, Problem, collecting, did_you_mean, examine
from graphmer.dialogue import LabelSpace, Utterance
from graphmer.errors import CorpusError

CARD = Card("tiny", licence="none", citation="none", counts={"dialogues": 5})


def _corpus(findings, emotions, widths=None):
    space = LabelSpace(("joy", "anger"))
    assembly = Assembly(space, widths or {"text": 2}, findings)
    turns = [Utterance("Ann", {"text": [1.0, 2.0]}, emotion) for emotion in emotions]
    dialogue = assembly.dialogue("d", turns, "here")
    return assembly.corpus(CARD, space, [dialogue], {})


def test_equal_problems_are_merged_and_errors_come_first():
    findings = Findings()
    findings.note("n", "a", "kept")
    for place in "abcde":
        findings.error("wrong", place, "Mend it.")
    assert [problem.severity for problem in findings.problems] == ["error", "note"]
    assert findings.errors[0] == Problem("error", "wrong", tuple("abcde"), "Mend it.")
    assert str(findings.errors[0]) == "a, b, c and 2 more: wrong. Mend it."


def test_without_a_collector_errors_raise_at_the_end():
    def read():
        with collecting(None) as found:
            for number in range(7):
                found.error(f"wrong {number}", "file", "Mend it.")

    with pytest.raises(CorpusError, match=r"wrong 0(.|\n)*wrong 4(.|\n)*2 more kinds of error"):
        read()


def test_without_a_collector_warnings_are_logged_once_with_their_count(caplog):
    with caplog.at_level(logging.INFO), collecting(None) as found:
        for place in "abcd":
            found.warning("'video' has no file", place, "Treated as missing.")
    assert [record.getMessage() for record in caplog.records] == [
        "a, b, c and 1 more: 'video' has no file. Treated as missing. (4 in all)"
    ]


def test_examine_reports_missing_classes_and_modalities():
    corpus, problems = examine(lambda found: _corpus(found, ["joy", None, "joy"], {"text": 2, "video": 3}))
    assert len(corpus.dialogues) == 1
    assert [(p.what, p.where) for p in problems] == [
        ("class without examples", ("anger",)),
        ("modality that no utterance has", ("video",)),
        ("the published corpus has 5 dialogues, this one 1", ()),
    ]


def test_a_corpus_without_labels_is_an_error():
    _, problems = examine(lambda found: _corpus(found, [None]))
    assert problems[0].severity == "error"
    assert problems[0].what == "no utterance is labelled"
    _, problems = examine(lambda found: _corpus(found, [None]), for_training=False)
    assert [problem.severity for problem in problems if problem.what == "no utterance is labelled"] == [
        "warning"
    ]


def test_examine_reports_files_that_cannot_be_read():
    def read(found):
        raise CorpusError("no such folder.")

    corpus, problems = examine(read)
    assert corpus is None
    assert str(problems[0]) == "no such folder. Nothing beyond this point was read."


def test_assembly_reports_each_kind_of_problem_and_continues():
    findings = Findings()
    assembly = Assembly(LabelSpace(("joy", "anger")), {"text": 2}, findings)
    assert assembly.vector([1, 2, 3], "text", "a") is None
    assert assembly.vector([1, float("nan")], "text", "b") is None
    assert assembly.vector([1, 1e300], "text", "b") is None
    assert assembly.emotion("angr", "c") is None
    assert assembly.dialogue("d", [], "f:1") is None
    assert assembly.dialogue("d", [Utterance("Ann", id="u")], "f:2") is None
    assert assembly.dialogue("e", [Utterance("Ann", id="u")], "f:3") is not None
    assert assembly.dialogue("g", [Utterance("Ann", id="u"), Utterance("Bob", id="u")], "f:4") is None
    assert assembly.dialogue("h", [Utterance("Ann", id="v", reply_to="w")], "f:5") is None
    text = "\n".join(map(str, findings.problems))
    for expected in (
        "a: 'text' must have 2 values, got 3",
        "b, b: 'text' holds NaN or infinity. Treated as missing.",
        "c: unknown emotion 'angr'. Did you mean 'anger'?",
        "f:1: dialogue 'd' has no utterances",
        "f:2: dialogue id 'd' occurs twice",
        "f:4: Dialogue 'g' has utterance ids that occur twice: ['u']",
        "f:5: Dialogue 'h': `reply_to` names 'w'",
    ):
        assert expected in text


def test_nan_can_be_an_error():
    findings = Findings()
    Assembly(None, {"text": 1}, findings, "error").vector([float("inf")], "text", "a")
    assert findings.errors[0].what == "'text' holds NaN or infinity"
    with pytest.raises(ValueError, match="`nan` must be"):
        Assembly(None, {}, findings, "skip")


def test_a_score_outside_the_interval_is_reported():
    findings = Findings()
    assembly = Assembly(LabelSpace(interval=(-3.0, 3.0)), {}, findings)
    assert assembly.emotion(1, "a") == 1.0
    assert assembly.emotion(4.0, "b") is None
    assert "must lie in [-3.0, 3.0]; got 4.0" in str(findings.errors[0])


def test_the_fingerprint_depends_on_available_values_only():
    one, same, other = (_corpus(Findings(), emotions) for emotions in (["joy"], ["joy"], ["anger"]))
    assert one.fingerprint == same.fingerprint != other.fingerprint
    masked = one.dialogues[0].with_available(torch.zeros(1, 1, dtype=torch.bool))
    assembly = Assembly(one.labels, one.widths, Findings())
    before = assembly.corpus(CARD, one.labels, [masked], {}).fingerprint
    masked.features["text"][0] = 9
    assert assembly.corpus(CARD, one.labels, [masked], {}).fingerprint == before != one.fingerprint


def test_a_similar_name_is_suggested():
    assert did_you_mean("audoi", ["audio", "text"]) == "Did you mean 'audio'?"
    assert did_you_mean("x", []) == "There are none."


def test_a_check_names_times_that_run_backwards_and_vectors_of_zeros(tmp_path):
    (tmp_path / "dataset.yaml").write_text(
        "{name: my chats, labels: {names: [h]}, modalities: {text: {width: 2}, audio: {width: 1}}}"
    )
    times = [(5.0, 4.0), (1.0, 9.0), (None, None), (6.0, 7.0)]
    turns = [
        {
            "id": f"u{i}",
            "speaker": "A",
            "label": "h",
            "start": start,
            "end": end,
            "features": {"text": [i, 0]},
        }
        for i, (start, end) in enumerate(times)
    ]
    turns[3]["features"]["audio"] = [1.0]
    (tmp_path / "dialogues.jsonl").write_text(json.dumps({"id": "d", "utterances": turns}))
    corpus, problems = examine(lambda found: read_dataset(tmp_path, findings=found))
    assert corpus.card.licence == ""
    assert {(problem.what, problem.where) for problem in problems} == {
        ("turn that ends before it starts", ("d: u0",)),
        ("turn that starts before an earlier turn", ("d: u1",)),
        ("'text' is all zeros", ("d: u0",)),
    }


def test_labels_are_matched_in_other_case_and_spaces_and_by_their_aliases():
    findings = Findings()
    space = LabelSpace(("very happy", "anger", "B", "b"))
    assembly = Assembly(space, {}, findings, aliases={"furious": "anger", "1": "anger"})
    labels = [" Very  Happy", "very_happy", "ANGER", "Furious", 1, "B", "b"]
    assert [assembly.emotion(label, "u") for label in labels] == [
        *["very happy"] * 2,
        *["anger"] * 3,
        "B",
        "b",
    ]
    assert {problem.severity for problem in findings.problems} == {"note"}
    assert assembly.emotion("b ", "u") is None
    assert "Or name it in `labels.aliases`" in str(findings.errors[0])
    with pytest.raises(
        ValueError, match=r"alias 'x' must stand for a class; got 'angry'\. Did you mean 'anger'"
    ):
        Assembly(space, {}, findings, aliases={"x": "angry"})
    with pytest.raises(ValueError, match="alias 'b' is itself a class"):
        Assembly(space, {}, findings, aliases={"b": "anger"})

import csv
import io
import json

import pytest

from graphmer.errors import CorpusError
from tests.transcripts.test_read import read

DIALOGUE = [
    {"author": "Ann", "text": "I got the job!", "start": 0, "end": 1.5},
    {"author": "Bob:", "text": "Great.", "start": 1.5, "duration": 0.5},
    {"author": "Ann", "text": "", "start": 2.0, "end": 3.0},
]


def region(first, label, last=None, tag="emotion", key="paragraphlabels", end=5):
    value = {
        "start": str(first),
        "end": str(first if last is None else last),
        "startOffset": 0,
        "endOffset": end,
        "text": "I",
        key: [label] if isinstance(label, str) else label,
    }
    return {"id": "x", "from_name": tag, "to_name": "dialogue", "type": key, "value": value}


def annotation(*results, by=1, cancelled=False):
    return {"id": by, "completed_by": by, "was_cancelled": cancelled, "result": list(results)}


def export(*annotations, id=7, dialogue=DIALOGUE, **fields):
    task = {"id": id, "annotations": list(annotations), "drafts": [], "data": {"dialogue": dialogue}}
    return json.dumps([task | fields])


def rows(*labels, id=7):
    """A CSV with one row for each annotation."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["annotation_id", "annotator", "created_at", "id", "dialogue", "emotion", "lead_time"])
    for number, regions in enumerate(labels):
        values = json.dumps([each["value"] for each in regions])
        writer.writerow([number, "a@b.c", "2026", id, json.dumps(DIALOGUE), values, "1.5"])
    return table.getvalue()


def emotions(transcript):
    return [turn.emotion for turn in transcript.dialogues[0].turns]


def test_regions_label_the_turns_that_they_touch(tmp_path):
    found = read(tmp_path, export(annotation(region(0, "joy", last=1))))
    assert emotions(found) == ["joy", "joy", None]
    turns = found.dialogues[0].turns
    assert [(t.speaker, t.text, t.start, t.end) for t in turns] == [
        ("Ann", "I got the job!", 0.0, 1.5),
        ("Bob", "Great.", 1.5, 2.0),
        ("Ann", None, 2.0, 3.0),
    ]
    assert (found.format, found.dialogues[0].id) == ("Label Studio", "7")
    ends_before = read(tmp_path, export(annotation(region(0, "joy", last=1, end=0))))
    assert emotions(ends_before) == ["joy", None, None]


def test_choices_for_each_region_are_labels(tmp_path):
    whole = {"from_name": "topic", "type": "choices", "value": {"choices": ["work"]}}
    found = read(tmp_path, export(annotation(region(1, "calm", key="choices"), whole)))
    assert emotions(found) == [None, "calm", None]
    assert found.report.left_out["result that is no label of a turn"] == 1


def test_annotators_who_disagree_are_refused_unless_the_majority_is_asked_for(tmp_path):
    two = [annotation(region(0, "joy")), annotation(region(0, "fear"), region(1, "calm"), by=2)]
    with pytest.raises(CorpusError, match=r"task 7, turn 1: annotators disagree: joy \(1\), fear \(1\)"):
        read(tmp_path, export(*two))
    tie = read(tmp_path, export(*two), annotators="majority")
    assert emotions(tie) == [None, "calm", None]
    assert tie.report.left_out["label without a majority"] == 1
    third = annotation(region(0, "fear"), by=3)
    assert emotions(read(tmp_path, export(*two, third), annotators="majority")) == ["fear", "calm", None]
    cancelled = annotation(region(0, "joy"), by=4, cancelled=True)
    found = read(tmp_path, export(two[1], cancelled))
    assert emotions(found) == ["fear", "calm", None]
    assert found.report.left_out["cancelled annotation"] == 1


def test_half_a_surrogate_pair_in_an_export_is_replaced(tmp_path):
    dialogue = [{"author": "A\ud800", "text": "so \udc00"}]
    found = read(tmp_path, export(annotation(region(0, "j\ud800")), id="x\ud800", dialogue=dialogue))
    (turn,) = found.dialogues[0].turns
    facts = (found.dialogues[0].id, turn.speaker, turn.text, turn.emotion)
    assert facts == ("x\ufffd", "A\ufffd", "so \ufffd", "j\ufffd")


def test_other_lists_of_a_task_are_no_dialogue(tmp_path):
    task = json.loads(export(annotation(region(0, "joy"))))
    task[0]["data"]["options"] = [{"value": "a"}]
    assert emotions(read(tmp_path, json.dumps(task))) == ["joy", None, None]


def test_a_turn_with_several_labels_of_one_annotator_has_none(tmp_path):
    found = read(tmp_path, export(annotation(region(0, "joy"), region(0, "fear"), region(1, ["a", "b"]))))
    assert emotions(found) == [None, None, None]
    assert found.report.left_out["ambiguous label"] == 2


def test_csv_tsv_and_json_min_have_a_record_for_each_annotation(tmp_path):
    table = rows([region(0, "joy")], [region(0, "joy"), region(1, "calm")])
    assert emotions(read(tmp_path, table)) == ["joy", "calm", None]
    parsed = list(csv.reader(io.StringIO(table)))
    tabs = io.StringIO()
    csv.writer(tabs, delimiter="\t").writerows(parsed)
    assert emotions(read(tmp_path, tabs.getvalue())) == ["joy", "calm", None]
    records = [
        {
            "id": 7,
            "annotation_id": n,
            "annotator": n,
            "dialogue": DIALOGUE,
            "emotion": [region(n, "joy")["value"]],
        }
        for n in range(2)
    ]
    assert emotions(read(tmp_path, json.dumps(records))) == ["joy", "joy", None]


def test_a_cell_with_a_long_dialogue_is_read_and_leaves_the_limit_of_cells_as_it_was(tmp_path):
    limit = csv.field_size_limit()
    long = [{"author": "Ann", "text": "word " * 40_000}]
    table = rows([region(0, "joy")]).replace(
        json.dumps(DIALOGUE).replace('"', '""'), json.dumps(long).replace('"', '""')
    )
    assert emotions(read(tmp_path, table)) == ["joy"]
    assert csv.field_size_limit() == limit


def test_labels_of_several_tags_need_one_that_is_called_emotion(tmp_path):
    acts = [region(0, "statement", tag="act"), region(0, "joy")]
    assert emotions(read(tmp_path, export(annotation(*acts)))) == ["joy", None, None]
    with pytest.raises(CorpusError, match="has labels of the tags act, mood; which are the emotions"):
        read(tmp_path, export(annotation(acts[0], region(0, "joy", tag="mood"))))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            export(annotation(region(3, "joy"))),
            r"start of a label must be the number of a turn, below 3; got '3'",
        ),
        (export(annotation(region("/div[1]", "joy"))), r"must be the number of a turn"),
        (export(annotation(region(1, "joy", last=0))), r"a label ends before it starts \(turns 1 to 0\)"),
        (export(annotation(), dialogue="Ann: hi"), r"must have one list of turns .* got none"),
        (export(annotation(), dialogue=[{"author": "Ann"}]), r"task 7, turn 1: must have a text"),
        (
            export(annotation(), dialogue=[{"text": "a", "start": "x"}]),
            r"turn 1: start: must be a number of sec",
        ),
        (
            export(annotation(), dialogue=[{"text": "a", "start": 2, "end": 1}]),
            r"turn 1: ends before it starts",
        ),
        (export(annotation(), dialogue=[{"text": "a"}]), r"task 7: no turn has the name of a speaker"),
        (export({"completed_by": 1}), r"an annotation has no list of results"),
        (export(annotation())[:-9], r":1: no valid JSON"),
        (json.dumps(json.loads(export(annotation())) * 2), r"task 7 is there twice"),
        ("[" + export(annotation()) + "]", r"task 1 must be an object"),
        (rows([])[:-9] + '"', r"no valid CSV|another number of fields"),
        (rows([]).partition("\n")[0] + "\n", r"has no task"),
    ],
)
def test_a_faulty_export_is_one_line(tmp_path, content, message):
    with pytest.raises(CorpusError, match=message) as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)

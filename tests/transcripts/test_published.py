import json

import pytest

from graphmer.errors import CorpusError
from graphmer.transcripts import ReadingOptions, read_transcript
from graphmer.transcripts.published_table import table_rows
from graphmer.transcripts.text_file import TextFile


def read(folder, content, name="file.any", **options):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_transcript(path, ReadingOptions(**options))


def turns(transcript, number=0):
    return [(turn.speaker, turn.text, turn.emotion) for turn in transcript.dialogues[number].turns]


def causes(transcript, number=0):
    return [turn.causes for turn in transcript.dialogues[number].turns]


DYADIC = (
    "Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Old_Dialogue_ID,Old_Utterance_ID,Season,"
    "Episode,StartTime,EndTime\n"
    'You\x92re a genius!,Chandler,joy,positive,2,1,1,1,4,4,"0:12:32,334","00:12:33,960"\n'
    '"Aww, man!",Joey,sadness,negative,2,0,1,2,4,4,"00:12:34,211","00:12:37,505"\n'
    'Hey.,Phoebe,neutral,neutral,0,3,1,4,4,4,"0:12:43,012","0:12:44,074"\n'
)


def test_a_header_with_an_open_quote_is_one_line(tmp_path):
    path = tmp_path / "train_sent_emo.csv"
    path.write_text('Utterance,Speaker,"Emot"ion\nHi,Ann,joy\n')
    with pytest.raises(CorpusError, match=r"csv:1: no valid CSV .* Correct the header"):
        list(table_rows(TextFile.opened(path), ("Utterance",)))


def test_the_dyadic_edition_of_meld_is_ordered_by_its_own_numbers(tmp_path):
    found = read(tmp_path, DYADIC)
    assert found.format == "MELD's dyadic CSV"
    assert [dialogue.id for dialogue in found.dialogues] == ["dia0", "dia2"]
    assert turns(found, 1) == [("Joey", "Aww, man!", "sadness"), ("Chandler", "You\u2019re a genius!", "joy")]
    assert [turn.id for turn in found.dialogues[1].turns] == ["dia2_utt0", "dia2_utt1"]
    assert found.dialogues[1].turns[1].start == pytest.approx(752.334)


EMORY = (
    "Utterance,Speaker,Emotion,Scene_ID,Utterance_ID,Season,Episode,Start_Time,End_Time\n"
    "\"Aww, thank you. Uh Rach?\",['Monica Geller'],Scared,1,6,1,15,00:01:29.798,00:01:33.383\n"
    "Yeah?,\"['Rachel Green', 'Joey Tribbiani']\",Neutral,1,4,1,15,00:01:34.177,00:01:35.219\n"
    "Talk to me.,['Steve (drug addict)'],Neutral,1,1,2,15,00:09:30.403,00:09:34.823\n"
    'Hm.,["Ann\'s aunt"],Mad,1,1,1,2,00:00:00.5,00:00:01.25\n'
)


def test_scenes_of_emorynlp_are_dialogues_and_its_speakers_are_read_from_lists(tmp_path):
    found = read(tmp_path, EMORY)
    assert found.format == "EmoryNLP's CSV"
    assert [dialogue.id for dialogue in found.dialogues] == ["1_2_1", "1_15_1", "2_15_1"]
    assert turns(found, 0) == [("Ann's aunt", "Hm.", "Mad")]
    assert turns(found, 1) == [
        ("Rachel Green, Joey Tribbiani", "Yeah?", "Neutral"),
        ("Monica Geller", "Aww, thank you. Uh Rach?", "Scared"),
    ]
    assert turns(found, 2)[0][0] == "Steve (drug addict)"
    assert (found.dialogues[0].turns[0].start, found.dialogues[0].turns[0].end) == (0.5, 1.25)
    assert found.dialogues[1].turns[0].id == "1_15_1_4"


def test_times_of_emorynlp_that_cannot_be_read_are_left_out_and_counted(tmp_path):
    found = read(tmp_path, EMORY.split("\n")[0] + "\nHm.,['Ann'],Mad,1,1,1,2,soon,00:00:01.5\n")
    assert (found.dialogues[0].turns[0].start, found.dialogues[0].turns[0].end) == (None, 1.5)
    assert found.report.lines() == ["left out: 1 time that cannot be read"]


@pytest.mark.parametrize("speaker", ["Ann", "[]", "[1]", "['']", "__import__('os').getcwd()", "[" * 900])
def test_speakers_of_emorynlp_that_are_no_list_of_names_are_refused(tmp_path, speaker):
    row = f'Hm.,"{speaker}",Mad,1,1,1,2,,\n'
    with pytest.raises(CorpusError, match=r"file\.any:2: Speaker: must "):
        read(tmp_path, EMORY.split("\n")[0] + "\n" + row)


def test_an_utterance_number_that_occurs_twice_names_both_rows(tmp_path):
    row = "Hm.,['Ann'],Mad,1,7,1,2,,\n"
    with pytest.raises(
        CorpusError, match=r"file\.any:3: utterance 7 of dialogue \(1, 2, 1\) is also in line 2"
    ):
        read(tmp_path, EMORY.split("\n")[0] + "\n" + row + row)


def episode(id="utterance_0", triggers=(0.0, "1.0", float("nan")), key="triggers"):
    return {
        "episode": id,
        "speakers": ["Ross", "Joey", "Ross"],
        "emotions": ["neutral", "joy", "anger"],
        "utterances": ["You\u0092re it!", "Hm.", "No!"],
        key: list(triggers),
    }


def test_triggers_of_edireef_are_the_causes_of_the_last_turn(tmp_path):
    content = [episode(), episode("utterance_1", ["0", "1.0", 1])]
    found = read(tmp_path, json.dumps(content))
    assert found.format == "EDiReF's JSON"
    assert turns(found) == [
        ("Ross", "You\u2019re it!", "neutral"),
        ("Joey", "Hm.", "joy"),
        ("Ross", "No!", "anger"),
    ]
    assert causes(found) == [None, None, ("utterance_0_1",)]
    assert causes(found, 1)[-1] == ("utterance_1_1", "utterance_1_2")
    assert found.report.repaired == 2
    assert found.report.notes == ["triggers without a value, taken for none: 1"]


def test_test_files_of_edireef_call_the_triggers_labels_and_other_files_have_none(tmp_path):
    found = read(tmp_path, json.dumps([episode(triggers=["1", "0.0", 0], key="labels")]))
    assert causes(found) == [None, None, ("utterance_0_0",)]
    without = episode()
    del without["triggers"]
    assert causes(read(tmp_path, json.dumps([without]))) == [None, None, None]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"triggers": [0, 1]},
            "equally long and not empty; got 3 speakers, 3 emotions, 3 utterances, 2 trig",
        ),
        ({"triggers": [0, 1, 2]}, "episode 0: triggers: must be 0 or 1; got 2"),
        ({"speakers": ["A", None, "B"]}, "episode 0, turn 1: must be a text; got None"),
        ({"emotions": "joy"}, "episode 0: emotions: must be a list; got 'joy'"),
        ({"episode": []}, "episode: must be a name; got list"),
    ],
)
def test_invalid_episodes_of_edireef_are_named(tmp_path, change, message):
    with pytest.raises(CorpusError, match=message):
        read(tmp_path, json.dumps([episode() | change]))


def said(turn, emotion="neutral", evidence=None, speaker="A"):
    found = {"turn": turn, "speaker": speaker, "utterance": f"turn {turn}", "emotion": emotion}
    return found if evidence is None else found | {"expanded emotion cause evidence": evidence}


def test_evidence_of_reccon_counts_turns_from_one_and_latent_causes_are_none(tmp_path):
    talk = [said(2, "anger", [1, 2, "b"], "B"), said(1), said(3, "joy", ["b"]), said(4, "joy", [])]
    found = read(tmp_path, json.dumps({"tr_1": [talk]}, indent=4))
    assert found.format == "RECCON's JSON"
    assert [turn.text for turn in found.dialogues[0].turns] == ["turn 1", "turn 2", "turn 3", "turn 4"]
    assert causes(found) == [None, ("tr_1_1", "tr_1_2"), (), ()]


def test_misspelt_classes_of_reccon_are_corrected_only_where_the_file_has_the_class(tmp_path):
    daily = {"tr_1": [[said(1, "happiness", [1]), said(2, "excited", [1]), said(3, "angry", [1])]]}
    found = read(tmp_path, json.dumps(daily))
    assert [emotion for *_, emotion in turns(found)] == ["happiness", "happiness", "angry"]
    assert found.report.notes == ["label 'excited' read as 'happiness': 1"]
    iemocap = {"Ses05F_impro01": [[said(1, "excited", [1]), said(2, "happy", [1])]]}
    assert [emotion for *_, emotion in turns(read(tmp_path, json.dumps(iemocap)))] == ["excited", "happy"]


def test_a_cause_outside_its_dialogue_is_left_out_and_counted(tmp_path):
    found = read(tmp_path, json.dumps({"a": [[said(1, "joy", [1, 9])]]}))
    assert causes(found) == [("a_1",)]
    assert found.report.lines() == ["left out: 1 cause that is no turn of its dialogue"]


@pytest.mark.parametrize(
    ("talk", "message"),
    [
        ([[said(1), said(1)]], r"a\[1\]: turn: must be a number of its own; got 1"),
        ([[said(1)], [said(1)]], "a: must hold one list of turns"),
        (
            [[said(1, "joy", ["c"])]],
            "a, turn 1: expanded emotion cause evidence: must be numbers of turns or 'b'",
        ),
        ([[said(1, None)]], "a, turn 1: emotion: must be a text; got None"),
    ],
)
def test_invalid_dialogues_of_reccon_are_named(tmp_path, talk, message):
    with pytest.raises(CorpusError, match=message):
        read(tmp_path, json.dumps({"a": talk, "b": [[said(1, "joy", [1])]]}))


def test_chats_of_emocontext_have_three_turns_and_their_quotation_marks_stay(tmp_path):
    content = (
        "id\tturn1\tturn2\tturn3\tlabel\n"
        "0\tDon't worry  I'm \"girl\thmm how\tWhat's ur name?\tothers\n"
        "7\tWhen did I?\tsaw\t😡\tangry\n"
    )
    found = read(tmp_path, content)
    assert found.format == "EmoContext's table"
    assert turns(found) == [
        ("A", "Don't worry I'm \"girl", None),
        ("B", "hmm how", None),
        ("A", "What's ur name?", "others"),
    ]
    assert turns(found, 1)[2] == ("A", "😡", "angry")
    assert found.dialogues[1].turns[2].id == "7_turn3"


def test_emocontext_without_labels_is_read_and_a_row_with_another_number_of_fields_is_named(tmp_path):
    header = "id\tturn1\tturn2\tturn3\n"
    assert turns(read(tmp_path, header + "0\ta\tb\tc\n"))[2] == ("A", "c", None)
    with pytest.raises(CorpusError, match=r"file\.any:3: must have 4 fields between tabs; got 3"):
        read(tmp_path, header + "0\ta\tb\tc\n1\ta\tb\n")


EVALUATION = (
    "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
    "[6.9002 - 9.1500]\tSes05F_impro01_M000\txxx\t[2.5000, 2.5000, 2.5000]\n"
    "C-E2:\tNeutral; Anger;\t()\n"
    "A-M3:\tval  3; act  2; dom  2;\t()\n\n"
    "[6.2901 - 8.2357]\tSes05F_impro01_F000\tang\t[2.5000, 2.5000, 2.5000]\n"
    "[10.0 - 11.0] Ses05F_impro01_F001 ang\n"
)
WORDS = (
    "Ses05F_impro01_F000 [006.2901-008.2357]: Excuse me.\n"
    "Ses05F_impro01_M000 [006.9002-009.1500]: Do you\n"
    "Ses05F_impro01_MXX0 [009.2000-009.5000]: Mhm.\n"
    "M: Hello?\n"
)


def iemocap(folder, evaluation=EVALUATION, session=5, name="Ses05F_impro01"):
    dialog = folder / f"Session{session}" / "dialog"
    (dialog / "EmoEvaluation" / "Categorical").mkdir(parents=True, exist_ok=True)
    (dialog / "transcriptions").mkdir(exist_ok=True)
    (dialog / "EmoEvaluation" / f"{name}.txt").write_text(evaluation)
    (dialog / "EmoEvaluation" / f"._{name}.txt").write_bytes(b"\0\5\26\7")
    (dialog / "EmoEvaluation" / "Categorical" / f"{name}_e2_cat.txt").write_text("x")
    (dialog / "transcriptions" / f"{name}.txt").write_text(WORDS)
    return folder


def test_iemocaps_turns_are_ordered_by_time_and_the_speaker_is_not_the_captured_actor(tmp_path):
    found = read_transcript(iemocap(tmp_path))
    assert found.format == "IEMOCAP's EmoEvaluation"
    assert turns(found) == [("F", "Excuse me.", "angry"), ("M", "Do you", None)]
    (dialogue,) = found.dialogues
    assert (dialogue.id, dialogue.session) == ("Ses05F_impro01", "5")
    assert [turn.id for turn in dialogue.turns] == ["Ses05F_impro01_F000", "Ses05F_impro01_M000"]
    assert (dialogue.turns[0].start, dialogue.turns[1].end) == (6.2901, 9.15)


def test_turns_of_other_emotions_or_none_stay_as_unlabelled_context(tmp_path):
    lines = "".join(
        f"[{n}.0 - {n}.5]\tSes05F_impro01_F00{n}\t{code}\t[2.5, 2.5, 2.5]\n"
        for n, code in enumerate(("oth", "xxx", "hap", "exc", "fru", "sur", "fea", "dis", "neu", "sad"))
    )
    found = read_transcript(iemocap(tmp_path, lines))
    assert [emotion for *_, emotion in turns(found)] == [
        *(None, None, "happy", "excited", "frustrated", "surprise", "fear", "disgust", "neutral", "sad")
    ]


def test_lines_of_iemocap_that_cannot_be_read_are_counted(tmp_path):
    report = read_transcript(iemocap(tmp_path)).report
    assert dict(report.left_out) == {
        "line of an evaluation that cannot be read": 1,
        "line of a transcription that cannot be read": 1,
        "transcribed turn without an evaluation": 1,
    }


def test_a_single_session_and_absent_transcriptions_are_read(tmp_path):
    iemocap(tmp_path)
    session = tmp_path / "Session5"
    (session / "dialog" / "transcriptions" / "Ses05F_impro01.txt").unlink()
    found = read_transcript(session)
    assert turns(found) == [("F", None, "angry"), ("M", None, None)]
    assert found.report.notes == ["no transcription of Ses05F_impro01"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\tang\t", "\tabc\t", r"Ses05F_impro01\.txt:7: Ses05F_impro01_F000 has an unknown emotion, 'abc'"),
        ("_M000", "_F000", "Ses05F_impro01_F000 is evaluated twice"),
        ("Ses05F_impro01_M000", "Ses05F_impro02_M000", "must be a turn such as Ses05F_impro01_F000"),
    ],
)
def test_invalid_evaluations_are_named(tmp_path, old, new, message):
    with pytest.raises(CorpusError, match=message):
        read_transcript(iemocap(tmp_path, EVALUATION.replace(old, new)))


def convokit(folder, *records):
    (folder / "utterances.jsonl").write_text("\n".join(map(json.dumps, records)))
    (folder / "corpus.json").write_text("{}")
    (folder / "vectors.bow.p").write_bytes(b"never opened")
    return folder


def utterance(id, speaker="ann", reply_to=None, timestamp=None, conversation="c", **meta):
    return {
        "id": id,
        "conversation_id": conversation,
        "text": f"text of {id}",
        "speaker": speaker,
        "meta": meta,
        "reply-to": reply_to,
        "timestamp": timestamp,
        "vectors": [],
    }


def ids(transcript):
    return [turn.id for turn in transcript.dialogues[0].turns]


def test_turns_of_convokit_are_ordered_by_time_and_keep_their_replies(tmp_path):
    records = [
        utterance("b", reply_to="a", timestamp="20", mood="sad"),
        utterance("a", timestamp=3, mood=None),
    ]
    found = read_transcript(convokit(tmp_path, *records), ReadingOptions(label="mood"))
    assert found.format == "ConvoKit's corpus"
    assert turns(found) == [("ann", "text of a", None), ("ann", "text of b", "sad")]
    assert [turn.reply_to for turn in found.dialogues[0].turns] == [None, "a"]
    assert found.dialogues[0].turns[0].start is None
    assert found.report.left_out["file of vectors"] == 1


def test_without_times_turns_of_convokit_follow_their_replies_else_the_file(tmp_path):
    records = [utterance("c", reply_to="b"), utterance("d", reply_to="a"), utterance("b", reply_to="a")]
    found = read_transcript(convokit(tmp_path, *records, utterance("a", timestamp=5)))
    assert ids(found) == ["a", "d", "b", "c"]
    circle = [utterance("c", reply_to="b"), utterance("b", reply_to="c"), utterance("a")]
    assert ids(read_transcript(convokit(tmp_path, *circle))) == ["a", "c", "b"]


def test_keys_of_older_convokit_corpora_are_read(tmp_path):
    old = {"id": "a", "root": "r", "user": "ann", "text": "hi", "reply_to": "gone", "timestamp": None}
    found = read_transcript(convokit(tmp_path, old))
    assert found.dialogues[0].id == "r"
    assert turns(found) == [("ann", "hi", None)]
    assert found.dialogues[0].turns[0].reply_to is None
    assert found.report.left_out["reply to an utterance outside its conversation"] == 1


def test_a_label_that_no_utterance_has_and_one_that_is_not_chosen_name_the_keys(tmp_path):
    folder = convokit(tmp_path, utterance("a", mood="sad", score=1))
    with pytest.raises(CorpusError, match=r"no utterance has 'mod' in its meta\. Known are mood, score"):
        read_transcript(folder, ReadingOptions(label="mod"))
    assert "one of mood, score" in read_transcript(folder).report.notes[0]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("[]", r"utterances\.jsonl:1: must be an object; got list"),
        ("{", r"utterances\.jsonl:1: no valid JSON"),
        (json.dumps(utterance("a", speaker=None)), "speaker: must be a text; got None"),
        (json.dumps(utterance("a", timestamp="noon")), "timestamp: must be a number; got 'noon'"),
        (json.dumps(utterance("a")) + "\n" + json.dumps(utterance("a")), "the id 'a' occurs twice"),
    ],
)
def test_invalid_lines_of_convokit_are_named(tmp_path, record, message):
    convokit(tmp_path)
    (tmp_path / "utterances.jsonl").write_text(record)
    with pytest.raises(CorpusError, match=message):
        read_transcript(tmp_path)


def test_a_folder_of_no_corpus_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="a folder of no known corpus"):
        read_transcript(tmp_path)

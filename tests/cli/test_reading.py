"""Every format of transcripts on the command line: `data check` and `predict`."""

import json

import pytest
from typer.testing import CliRunner

from graphmer.cli.app import app
from graphmer.errors import ConfigError, CorpusError
from graphmer.experiment import Run, extractors
from tests.experiment.test_words import written as write_meld
from tests.experiment.tiny import Silent, config
from tests.features.fake import LetterExtractor
from tests.transcripts import test_json as docs, test_speakers
from tests.transcripts.test_read import CHAT, TEAMS
from tests.transcripts.test_tables import table, workbook

MANY = {
    "chat.txt": CHAT,
    "call.vtt": TEAMS,
    "call.csv": table(),
    "call.tsv": table("\t"),
    "call.rttm": test_speakers.RTTM,
    "turns.jsonl": docs.lines(docs.TURNS),
    "dialogues.json": json.dumps([{"id": "d", "utterances": docs.TURNS}]),
    "whisperx.json": json.dumps(docs.WHISPERX),
    "amazon.json": json.dumps(
        docs.amazon(
            items=docs.ITEMS, channel_labels={"channels": [{"channel_label": "ch_0", "items": docs.ITEMS}]}
        )
    ),
}


def command(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)], env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def put(folder, name):
    path = folder / name
    path.write_text(MANY[name])
    return path


@pytest.mark.parametrize("name", MANY)
def test_check_prints_one_table_of_a_transcript(tmp_path, name):
    result = command("data", "check", put(tmp_path, name))
    assert result.exit_code == 0, result.output
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.output.splitlines()]
    kinds = {cells[0] for cells in lines if len(cells) == 3}
    assert {"speaker", "counted", "merged"} <= kinds
    assert ["counted", "turns without text"] in [cells[:2] for cells in lines]


def test_check_names_what_was_taken_merged_left_out_and_noted(tmp_path):
    path = tmp_path / "call.csv"
    path.write_text("Who;Said;Begin;End;Room\nAnn;a;0,5;1\nann ;b;1;2\nann;c;2;3\n;;;\n")
    names = tmp_path / "names.yaml"
    names.write_text("Bob: [ann]\n")
    shown = command("data", "check", path).output
    for expected in (
        "speaker: column 'Who'",
        "times: seconds, decimal comma",
        "separator: semicolon",
        "empty row",
        "columns that are not read: 'Room'",
        "names that may be one person: 'Ann', 'ann'",
    ):
        assert expected in shown
    assert (
        "2 turns of 'ann' given to 'Bob'" in command("data", "check", path, "--merge-speakers", names).output
    )


def test_check_of_a_workbook_with_given_columns(tmp_path):
    path = tmp_path / "interviews.xlsx"
    workbook(path, {"turns": [["Person (a, b)", "Answer"], ["Ann", "a"], ["Bob", "b"]]})
    with pytest.raises(CorpusError, match="Name them: --columns text=COLUMN,speaker=COLUMN"):
        command("data", "check", path)
    given = "speaker=Person (a, b),text=Answer"
    assert "text: column 'Answer'" in command("data", "check", path, "--columns", given).output
    for wrong in ("who=x", "text", "text=Answer,text=Answer"):
        with pytest.raises(ConfigError, match="--columns: must be ROLE=COLUMN"):
            command("data", "check", path, "--columns", wrong)


def test_check_of_whisper_with_rttm(tmp_path):
    path, talk = tmp_path / "call.json", put(tmp_path, "call.rttm")
    path.write_text(json.dumps(docs.WHISPER))
    with pytest.raises(CorpusError, match="Say who speaks: --speakers"):
        command("data", "check", path)
    assert "Ann" in command("data", "check", path, "--rttm", talk).output
    assert "alternate" not in command("data", "check", path, "--speakers", "alternate").output


@pytest.fixture(scope="module", name="run")
def _run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extractors, "EXTRACTORS", {"text": lambda *arguments: LetterExtractor(arguments[0])})
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        (folder / "csv").mkdir()
        for part, dialogues in (("train", 6), ("dev", 3), ("test", 2)):
            write_meld(folder / "csv", part, dialogues)
        command("features", folder / "csv", folder / "corpus", "--text", "letters")
        data = {"format": "graphmer", "root": str(folder / "corpus")}
        settings = config(folder / "config", data=data, split={"scheme": "official"})
        run = Run.begin(settings, folder / "runs")
        run.train(Silent())
        yield run.folder.path


@pytest.mark.parametrize("name", MANY)
def test_predict_reads_every_format(tmp_path, run, name):
    result = command("predict", run, put(tmp_path, name), "--format", "table")
    assert result.exit_code == 0, result.output
    assert "emotion" in result.output
    assert {"joy", "anger"} & set(result.output.split())


def test_a_large_file_of_no_format_is_refused_by_the_command_from_its_beginning(tmp_path):
    path = tmp_path / "prose.txt"
    path.write_text("so it went on\n")
    with path.open("r+b") as file:
        file.seek(2**17)
        file.write(b"\xff\0" * 100)
        file.truncate(2**30)
    result = CliRunner().invoke(app, ["data", "check", str(path)])
    assert isinstance(result.exception, CorpusError)
    assert "no known format of transcripts" in str(result.exception) or "binary file" in str(result.exception)

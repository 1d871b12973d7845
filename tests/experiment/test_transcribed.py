import pytest
from typer.testing import CliRunner

from graphmer.cli.app import app
from graphmer.errors import ConfigError, CorpusError
from graphmer.experiment import Components, Run, words
from graphmer.inference import load
from tests.experiment.test_words import written
from tests.experiment.tiny import Silent, config
from tests.features.fake import LetterExtractor

SETTINGS = {"split": {"scheme": "official"}, "features": {"text": "letters"}}


@pytest.fixture(name="meld")
def _meld(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(words, "EXTRACTORS", {"text": lambda model, device, settings: LetterExtractor(model)})
    (tmp_path / "csv").mkdir()
    for part, dialogues in (("train", 6), ("dev", 3), ("test", 2)):
        written(tmp_path / "csv", part, dialogues)
    return tmp_path / "csv"


def settings(folder, root, **changes):
    return config(folder, data={"format": "transcripts", "root": str(root)}, **{**SETTINGS, **changes})


def without_extractors(monkeypatch):
    monkeypatch.setattr(words, "EXTRACTORS", {})


def test_a_run_of_transcripts_keeps_its_corpus_and_needs_no_extractor_again(meld, tmp_path, monkeypatch):
    begun = Run.begin(settings(tmp_path / "config", meld), tmp_path / "runs")
    without_extractors(monkeypatch)
    meld.rename(tmp_path / "gone")
    moved = begun.folder.path.rename(tmp_path / "runs" / "moved")
    run = Run.reopen(moved)
    assert run.components.corpus.fingerprint == begun.components.corpus.fingerprint
    run.train(Silent())
    facts = load(moved).trained.facts
    assert facts["extractors"]["text"] == LetterExtractor().provenance.model_dump()
    assert Run.reopen(moved).kept()


def test_turns_without_a_label_are_left_out_where_the_configuration_says_so(meld, tmp_path):
    table = meld / "train_sent_emo.csv"
    table.write_text(table.read_text().replace("aaa,A,joy", "aaa,A,"))
    data = {"format": "transcripts", "root": str(meld), "unlabelled": "drop"}
    run = Run.begin(config(tmp_path / "config", data=data, **SETTINGS), tmp_path / "runs")
    assert all(
        emotion is not None for dialogue in run.components.corpus.dialogues for emotion in dialogue.emotion
    )
    assert sum(map(len, run.components.corpus.dialogues)) == 41
    again = Run.reopen(run.folder.path)
    assert again.components.corpus.fingerprint == run.components.corpus.fingerprint


def test_one_command_extracts_and_trains_in_parallel(meld, tmp_path):
    settings(tmp_path / "config", meld, seeds=[1, 2])
    command = [
        "train",
        str(tmp_path / "config" / "tiny.yaml"),
        "--runs",
        str(tmp_path / "runs"),
        "--jobs",
        "2",
    ]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "text missing in 11 turns: no words" in result.output
    assert "text features of letters letters" in result.output
    (run,) = (tmp_path / "runs").iterdir()
    assert len(list(run.glob("fold1-seed*/result.json"))) == 2
    assert (run / "corpus" / "dataset.yaml").is_file()


def test_a_second_run_takes_vectors_from_the_cache(meld, tmp_path, monkeypatch):
    made = []

    def maker(model, device, settings):
        made.append(LetterExtractor(model))
        return made[-1]

    monkeypatch.setattr(words, "EXTRACTORS", {"text": maker})
    chosen = settings(tmp_path / "config", meld)
    fingerprints = {Components(chosen).corpus.fingerprint for _ in range(2)}
    assert len(fingerprints) == 1
    assert made[0].seen
    assert not made[1].seen


def test_a_folder_of_an_encoder_is_relative_to_the_configuration(meld, tmp_path):
    (tmp_path / "config" / "encoder").mkdir(parents=True)
    chosen = settings(tmp_path / "config", meld, features={"text": "encoder"})
    assert chosen.features.text == str(tmp_path / "config" / "encoder")


def test_features_and_transcripts_belong_together(meld, tmp_path):
    with pytest.raises(ConfigError, match="transcripts needs `features`, such as"):
        settings(tmp_path / "config", meld, features=None)
    with pytest.raises(ConfigError, match=r"got `data\.format` simulated: leave them out"):
        config(tmp_path / "config", data={"format": "simulated"}, features={"text": "minilm"})


def test_transcripts_that_are_not_there_are_one_line(meld, tmp_path):
    with pytest.raises(CorpusError, match="no such file"):
        Components(settings(tmp_path / "config", tmp_path / "absent"))

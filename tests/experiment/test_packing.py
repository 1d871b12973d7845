"""Packed models: one file that predicts what its run predicts."""

import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from zipfile import ZipFile

import pytest
from typer.testing import CliRunner

import graphmer as gm
from graphmer.cli.app import app
from graphmer.corpora.dataset import write_dataset
from graphmer.errors import CheckpointError
from graphmer.experiment import Run, extractors
from graphmer.experiment.packing import pack
from graphmer.experiment.words import corpus_of, read_transcripts
from graphmer.transcripts import ReadingOptions
from tests.experiment.test_words import written
from tests.experiment.tiny import Silent, config
from tests.features.fake import LetterExtractor

CHAT = "Ann: aaa\nBob: b bb\nAnn:\nBob: cd\n"


@pytest.fixture(name="cache", autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setattr(
        extractors, "EXTRACTORS", {"text": lambda model, device, settings: LetterExtractor(model)}
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(name="trained", scope="module")
def _trained(tmp_path_factory):
    """A folder with a trained run, the encoder of its features, and a chat."""
    folder = tmp_path_factory.mktemp("packing")
    (folder / "encoder" / "part").mkdir(parents=True)
    (folder / "encoder" / "part" / "weights").write_bytes(b"of the encoder")
    (folder / "csv").mkdir()
    for part, dialogues in (("train", 6), ("dev", 3), ("test", 2)):
        written(folder / "csv", part, dialogues)
    transcripts = read_transcripts(folder / "csv", ReadingOptions())
    corpus, _ = corpus_of(transcripts, [LetterExtractor(str(folder / "encoder"))], "mine")
    write_dataset(corpus, folder / "corpus")
    data = {"format": "graphmer", "root": str(folder / "corpus")}
    run = Run.begin(config(folder / "config", data=data, split={"scheme": "official"}), folder / "runs")
    run.train(Silent())
    (folder / "chat.txt").write_text(CHAT)
    return folder, run.folder.path


@pytest.fixture(name="run")
def _run(trained, tmp_path):
    folder, run = trained
    shutil.copy(folder / "chat.txt", tmp_path)
    return shutil.copytree(run, tmp_path / "run")


def predicted(model, chat):
    result = CliRunner().invoke(app, ["predict", str(model), str(chat)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return [line for line in result.output.splitlines() if line.startswith("{")]


def test_a_pack_predicts_what_the_run_predicts_where_neither_run_nor_encoder_are(run, trained, tmp_path):
    before = predicted(run, tmp_path / "chat.txt")
    pack(run, tmp_path / "model.zip")
    shutil.rmtree(run)
    encoder = trained[0] / "encoder"
    encoder.rename(trained[0] / "elsewhere")
    assert predicted(tmp_path / "model.zip", tmp_path / "chat.txt") == before
    (trained[0] / "elsewhere").rename(encoder)
    predictor = gm.Predictor.load(tmp_path / "model.zip")
    kept = predictor.trained.facts["extractors"]["text"]["model"]
    assert (tmp_path / "cache") in (tmp_path / kept).parents
    assert (tmp_path / kept / "part" / "weights").read_bytes() == b"of the encoder"


def test_a_pack_holds_no_pickle_and_a_card_with_scores_and_licence(run, tmp_path):
    pack(run, tmp_path / "model.zip")
    with ZipFile(tmp_path / "model.zip") as archive:
        names = archive.namelist()
        card = archive.read("README.md").decode()
    assert names[0] == "README.md"
    assert set(names[1:]) <= {
        "model.json", "model.safetensors", "what_if.json", "extractors/text/part/weights",
    }  # fmt: skip
    assert "licence: GPL-3.0" in card
    assert "| t | " in card
    assert "graphmer predict model.zip" in card
    assert "anger, joy" in card


def test_the_same_model_makes_the_same_bytes(run, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        pack(run, tmp_path / folder / "model.zip")
    assert (tmp_path / "a" / "model.zip").read_bytes() == (tmp_path / "b" / "model.zip").read_bytes()


def test_every_flipped_byte_is_found(run, tmp_path):
    path = tmp_path / "model.zip"
    pack(run, path)
    content = path.read_bytes()
    for place in (*range(0, len(content), len(content) // 60), len(content) - 1, len(content) - 70):
        damaged = bytearray(content)
        damaged[place] ^= 4
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=r"no pack, or a damaged one"):
            gm.load(path)
    path.write_bytes(content[:-1000])
    with pytest.raises(CheckpointError, match=r"no pack, or a damaged one"):
        gm.load(path)


def test_a_file_that_is_no_pack_is_refused_in_one_line(run, tmp_path):
    with pytest.raises(CheckpointError, match=r"chat.txt: no pack.*graphmer pack RUN"):
        gm.load(tmp_path / "chat.txt")
    with ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("../outside", "x")
    with pytest.raises(CheckpointError, match="does not match its checksum"):
        gm.load(tmp_path / "other.zip")


def test_a_pack_has_one_model(run, tmp_path):
    pack(run, tmp_path / "model.zip", fold=1, seed=1)
    with pytest.raises(CheckpointError, match="a pack holds one model"):
        gm.load(tmp_path / "model.zip", fold=1)
    with pytest.raises(CheckpointError, match="no finished model fold7"):
        pack(run, tmp_path / "other.zip", fold=7)
    assert not (tmp_path / "other.zip").exists()


def test_the_command_says_what_it_packed(run, tmp_path):
    result = CliRunner().invoke(app, ["pack", str(run), str(tmp_path / "model.zip")])
    assert result.exit_code == 0
    assert "fold 1, seed 1" in result.output
    assert "licence: GPL-3.0" in result.output


class _Hub(SimpleHTTPRequestHandler):
    """Answers as a hub that has one file, with the headers that its client asks for."""

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.replace("/user/model/resolve/main", ""))

    def end_headers(self) -> None:
        self.send_header("ETag", '"1"')
        self.send_header("X-Repo-Commit", "c" * 40)
        super().end_headers()

    def log_message(self, *arguments: object) -> None: ...


def test_a_model_comes_from_the_hub_by_its_id(run, tmp_path, monkeypatch):
    constants = pytest.importorskip("huggingface_hub.constants", reason="needs huggingface_hub")
    (tmp_path / "served").mkdir()
    pack(run, tmp_path / "served" / "graphmer.zip")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Hub, directory=str(tmp_path / "served")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    try:
        assert gm.load("user/model").trained.labels.names == ("anger", "joy")
        with pytest.raises(CheckpointError, match=r"user/none: .*no graphmer.zip of that name"):
            gm.load("user/none")
    finally:
        server.shutdown()
        server.server_close()


def test_a_mistyped_run_is_not_looked_for_on_the_hub(run):
    with pytest.raises(CheckpointError, match="no finished model"):
        gm.load(run.parent / "tinny")

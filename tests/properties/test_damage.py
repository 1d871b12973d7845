"""No damage to a file that graphmer wrote goes unnoticed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from graphmer.checksums import write_json
from graphmer.corpora.dataset import read_dataset
from graphmer.corpora.integrity import CHECKSUMS
from graphmer.curriculum.hardness import VIEWS, Hardness
from graphmer.dialogue import LabelSpace
from graphmer.errors import CheckpointError, CorpusError
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.scores import Scores
from graphmer.experiment.tuning import read_tuned
from graphmer.inference.information_gain import ExpectedInformationGain
from graphmer.report.hardness import hardness_counts
from graphmer.retrieval import RetrievalIndex
from graphmer.training.checkpoint import load_tensors, save_tensors
from tests.experiment.tiny import write_own
from tests.retrieval.test_index import FOLD, built, chats
from tests.talks import LABELS, WIDTHS, ragged

Read = Callable[[Path], object]


def _predictions() -> Predictions:
    return Predictions(
        condition="at",
        dialogue_ids=("d0", "d1"),
        dialogue=torch.tensor([0, 0, 1]),
        utterance_ids=("u0", "u1", "u2"),
        target=torch.tensor([1, 0, 0]),
        output=torch.tensor([[0.2, 0.8], [0.6, 0.4], [0.3, 0.7]]),
        available=torch.ones(3, 2, dtype=torch.bool),
    )


def _scores() -> Scores:
    return Scores.from_predictions(
        {(1, "1", "at"): _predictions()},
        labels=LabelSpace(("calm", "angry")),
        modalities=("audio", "text"),
        meta={"title": "Zürich", "simulated": False, "selection": "validation"},
    )


def _hardness() -> Hardness:
    views = {name: torch.rand(2, 4) if name in {"direct", "value"} else torch.rand(2) for name in VIEWS}
    return Hardness(("d0", "d0"), ("u0", "u1"), **views)


def _gains() -> ExpectedInformationGain:
    return ExpectedInformationGain(("audio", "text"), {(("audio",), "text"): (0.5, 7)})


SETS = {"a": ("audio",), "t": ("text",), "at": ("audio", "text")}
TUNED = {"settings": {"k": 3, "support": 0.5, "initial_fraction": 0.4}, "trials": [[0.25]]}
STATE = ({"a": torch.arange(6.0).reshape(2, 3), "n": torch.tensor(3)}, {"epoch": 1, "selected": None})

FILES: dict[str, tuple[Callable[[Path], None], Read]] = {
    "at.npz": (lambda path: _predictions().save(path), Predictions.load),
    "hardness.npz": (lambda path: _hardness().save(path), Hardness.load),
    "shown.npz": (
        lambda path: _hardness().save(path),
        lambda path: hardness_counts(path, SETS, ("audio", "text")),
    ),
    "scores.json": (lambda path: _scores().to_json(path), Scores.from_json),
    "what_if.json": (lambda path: _gains().save(path), ExpectedInformationGain.load),
    "tuned.json": (lambda path: write_json(path, TUNED), read_tuned),
    "state.safetensors": (lambda path: save_tensors(path, *STATE), load_tensors),
}


def damaged(content: bytes) -> Iterator[bytes]:
    """Content with one flipped bit, in the first and last bytes and at places between, and cut off."""
    size = len(content)
    places = {*range(0, size, max(1, size // 40)), *range(max(0, size - 110), size, 4), 1, 2, size - 1}
    for place in sorted(places):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        yield bytes(flipped)
        yield content[:place]


def assert_noticed(file: Path, read: Callable[[], object], error: type[Exception]) -> None:
    """Every damage to a file raises the error in one line that names it, or its index, and a remedy."""
    content = file.read_bytes()
    read()
    for other in damaged(content):
        file.write_bytes(other)
        with pytest.raises(error, match=r"\. \S.*\.$") as raised:
            read()
        named = file.parent if file.suffix == ".faiss" or file.name == CHECKSUMS else file
        assert str(named) in str(raised.value)
        assert "\n" not in str(raised.value)
    file.write_bytes(content)
    read()


@pytest.mark.parametrize("name", FILES)
def test_damage_to_a_file_of_a_run_is_noticed(name, tmp_path):
    path = tmp_path / name
    write, read = FILES[name]
    write(path)
    assert_noticed(path, lambda: read(path), CheckpointError)


@pytest.mark.parametrize("mapped", [False, True])
def test_damage_to_a_retrieval_index_is_noticed(mapped, tmp_path):
    built(chats()).save(tmp_path)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 4
    for file in files:
        assert_noticed(
            file, lambda: RetrievalIndex.load(tmp_path, fingerprint=FOLD, mapped=mapped), CheckpointError
        )


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize(
    "name", ["dataset.yaml", "dialogues.jsonl", "audio.npy", "text.npy", "video.npy", CHECKSUMS]
)
def test_damage_to_a_written_corpus_is_noticed(name, mapped, tmp_path):
    folder = write_own(tmp_path / "own", ragged(), LABELS, WIDTHS)
    assert name in {file.name for file in folder.iterdir()}
    assert_noticed(folder / name, lambda: read_dataset(folder, mapped=mapped), CorpusError)


def test_a_file_of_a_corpus_that_is_gone_is_named(tmp_path):
    folder = write_own(tmp_path / "own", ragged(), LABELS, WIDTHS)
    (folder / "text.npy").unlink()
    with pytest.raises(CorpusError, match=r"text\.npy: cannot be read \(No such file or directory\)"):
        read_dataset(folder)

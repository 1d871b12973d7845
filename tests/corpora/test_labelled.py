"""Corpora without their unlabelled turns."""

import pytest
import torch

from graphmer.config.data import DataConfig
from graphmer.config.schema import Config
from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.dataset import write_dataset
from graphmer.corpora.labelled import labelled_turns
from graphmer.dialogue import Dialogue, LabelSpace, Utterance
from graphmer.errors import CorpusError
from graphmer.experiment.reading import read_corpus

WIDTHS = {"text": 2}


def corpus(*dialogues: Dialogue, **parts: tuple[str, ...]) -> InMemoryCorpus:
    return InMemoryCorpus(Card("c"), LabelSpace(("joy", "fear")), WIDTHS, dialogues, parts, "0123abcd")


def spoken(id: str = "d") -> Dialogue:
    turns = [
        Utterance("Bob", {"text": [1.0, 2.0]}, None, id="a"),
        Utterance("Ann", {}, "joy", id="b", reply_to="a"),
        Utterance("Cid", {"text": [3.0, 4.0]}, None, id="c"),
        Utterance("Bob", {"text": [5.0, 6.0]}, "fear", "d", None, 3.0, 4.0, "b", causes=("a", "b")),
    ]
    return Dialogue.from_utterances(id, turns, widths=WIDTHS, session="1")


def silent(id: str) -> Dialogue:
    return Dialogue.from_utterances(id, [Utterance("Ann", {"text": [0.0, 1.0]})], widths=WIDTHS)


def test_labelled_turns_keep_their_contents_and_the_others_leave_no_trace() -> None:
    (found,) = labelled_turns(corpus(spoken())).dialogues
    assert found.utterance_ids == ("b", "d")
    assert found.speakers == ("Ann", "Bob")
    assert found.speaker.tolist() == [0, 1]
    assert found.available.tolist() == [[False], [True]]
    assert found.features["text"][1].tolist() == [5.0, 6.0]
    assert found.emotion == ("joy", "fear")
    assert found.reply_to.tolist() == [-1, 0]
    assert found.causes == {1: (0,)}
    assert found.start[1] == 3.0
    assert found.session == "1"


def test_a_dialogue_without_labels_leaves_its_part_of_the_split() -> None:
    whole = corpus(spoken("d"), silent("e"), train=("d", "e"), test=("e",))
    found = labelled_turns(whole)
    assert found.official == {"train": ("d",), "test": ()}
    assert found.fingerprint != whole.fingerprint


def test_a_corpus_without_labels_is_refused() -> None:
    with pytest.raises(CorpusError, match="no turn has a label"):
        labelled_turns(corpus(silent("e")))


@pytest.mark.parametrize("mapped", [False, True])
def test_unlabelled_turns_are_context_or_left_out_as_the_configuration_says(tmp_path, mapped: bool) -> None:
    write_dataset(corpus(spoken()), tmp_path / "c")
    lengths = {}
    for unlabelled in ("context", "drop"):
        data = DataConfig(format="graphmer", root=tmp_path / "c", unlabelled=unlabelled, mapped=mapped)
        (dialogue,) = read_corpus(Config(name="c", data=data, model={"system": "momke"})).dialogues
        lengths[unlabelled] = len(dialogue)
        assert torch.equal(dialogue.features["text"][-1], torch.tensor([5.0, 6.0]))
    assert lengths == {"context": 4, "drop": 2}

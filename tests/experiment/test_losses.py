from dataclasses import replace

import pytest
import torch

from graphmer.config.load import load_config
from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.simulate import SimulatedCorpus
from graphmer.dialogue import LabelSpace
from graphmer.errors import ConfigError
from graphmer.experiment import Components
from graphmer.experiment.losses import lossy
from tests.talks import LABELS, WIDTHS, talk

LAW = "mnar:v@sad=0.9,v=0.2"


def corpus(labels: LabelSpace = LABELS, talks=None) -> InMemoryCorpus:
    found = talks or [talk("ABABABAB", id=str(n), seed=n) for n in range(100)]
    return InMemoryCorpus(Card("made"), labels, WIDTHS, found, {}, "00ff")


def test_a_corpus_loses_modalities_by_the_emotions_of_its_turns():
    found = lossy(corpus(), LAW)
    present = torch.cat([dialogue.present for dialogue in found.dialogues])
    sad = torch.tensor([emotion == "sad" for d in found.dialogues for emotion in d.emotion])
    assert present[:, :2].all()
    assert (~present[sad, 2]).double().mean() == pytest.approx(0.9, abs=0.06)
    assert (~present[~sad, 2]).double().mean() == pytest.approx(0.2, abs=0.06)
    assert found.fingerprint != "00ff"
    assert lossy(corpus(), LAW).fingerprint == found.fingerprint


def test_unlabelled_turns_lose_at_the_mean_rate_of_the_corpus():
    talks = [talk("ABABABAB", id=str(n), seed=n) for n in range(300)]
    talks[1:] = [replace(d, emotion=(None,) * len(d)) for d in talks[1:]]
    found = lossy(corpus(talks=talks), LAW)
    present = torch.cat([dialogue.present for dialogue in found.dialogues[1:]])
    assert (~present[:, 2]).double().mean() == pytest.approx(0.25 * 0.9 + 0.75 * 0.2, abs=0.04)


def test_other_protocols_lose_modalities_as_if_they_had_not_been_recorded():
    found = lossy(corpus(), "fixed:at")
    assert not any(dialogue.present[:, 2].any() for dialogue in found.dialogues)
    assert all(dialogue.recorded is None for dialogue in found.dialogues)


@pytest.mark.parametrize(
    ("losses", "message"),
    [("noise:1", "'noise:1' corrupts them"), ("mnar:v@sda=0.5", "Did you mean 'sad'"), ("mnr:1", "Unknown")],
)
def test_what_is_no_loss_is_refused(losses, message):
    with pytest.raises(ValueError, match=message):
        lossy(corpus(), losses)


def test_a_law_of_emotions_does_not_suit_scores():
    talks = [replace(d, emotion=(1.0,) * len(d)) for d in corpus().dialogues]
    with pytest.raises(ValueError, match="needs emotions; the labels are scores"):
        lossy(corpus(LabelSpace(interval=(-3, 3)), talks), LAW)


def simulated(tmp_path, *settings: str) -> Components:
    path = tmp_path / "config.yaml"
    path.write_text(
        "name: x\ndata: {format: simulated, simulation: {dialogues: 10}}\nmodel: {system: momke}\n"
    )
    return Components(load_config(path, list(settings)))


def test_the_simulated_corpus_knows_the_law_of_a_configuration(tmp_path):
    found = simulated(tmp_path, f"data.losses='{LAW}'").corpus
    assert isinstance(found, SimulatedCorpus)
    assert found.law.name == LAW
    assert simulated(tmp_path, "data.losses='rate:0.5'").corpus.law is None
    assert simulated(tmp_path).corpus.law is None


def test_a_mask_that_depends_on_emotions_is_checked_against_the_labels(tmp_path):
    components = simulated(tmp_path, f"evaluation.others=['{LAW}']")
    assert LAW in components.protocols
    assert components.protocols[LAW].prior.keys() == {"happy", "sad", "neutral", "angry"}
    with pytest.raises(ConfigError, match=r"evaluation\.others: .*'sda' is no emotion"):
        _ = simulated(tmp_path, "evaluation.others=['mnar:v@sda=0.5']").protocols
    with pytest.raises(ConfigError, match=r"data\.losses: .*'sda' is no emotion"):
        simulated(tmp_path, "data.losses='mnar:v@sda=0.5'")

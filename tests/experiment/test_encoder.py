"""The model reads encoded features: in training, in the test, and of new dialogues."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from graphmer.dialogue import Utterance
from graphmer.dialogue.corruption import Noise
from graphmer.errors import CheckpointError, ConfigError
from graphmer.experiment.estimator import EmotionClassifier
from graphmer.inference import load
from graphmer.training.model_file import load_model
from graphmer.training.trainer import derived_seed
from tests.experiment.test_mapped import on_disk, own
from tests.experiment.tiny import WIDTHS, Interrupted, Silent, begin, labels_of, reopen, write_corpus
from tests.talks import talk
from tests.training.test_model_file import edited

HARDY = {
    "curriculum__teacher": {"width": 8, "epochs": 1},
    "curriculum__initial_fraction": 0.5,
    "retrieval__k": 2,
}
CAUSAL = {"graph__rules": {"near": {"rule": "window", "past": 1, "future": 0}}, "causal": True}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoded")
    run = begin(folder, write_corpus(folder / "corpus"), folds=[1], encoder="input", **CAUSAL)
    run.train(Silent())
    return run


def model_of(run):
    return run.folder.path / "fold1-seed1"


def test_the_model_has_the_encoded_widths_and_is_given_plain_ones(finished):
    trained = load_model(model_of(finished))
    assert trained.settings.signature.widths == {"audio": 3 + 4, "text": 4 + 4}
    assert trained.widths == WIDTHS
    assert trained.encoding.encoder(talk("AB", widths=WIDTHS)).features["audio"].shape == (2, 7)


def test_what_is_rebuilt_are_the_encoded_features(tmp_path):
    mixing = {"name": "mixing", "objective": "mixing", "epochs": 1}
    changes = {"model__reconstruction": 1.0, "training__stages": [mixing]}
    run = begin(tmp_path, write_corpus(tmp_path / "corpus"), encoder="input", **changes)
    fold = run.components.fold_data(run.components.folds[1], 1)
    assert [rows.shape[1] for rows in fold.train[0].features.values()] == [7, 8]
    rebuilt = run.components.model()(run.components.build(fold.train[0])).reconstruction
    assert [rows.shape[1] for rows in rebuilt.values()] == [7, 8]


def test_testing_again_and_predicting_say_what_the_test_said(finished):
    complete = finished.kept()[1, "1", "at"].output
    again = reopen(finished.folder.path).predict({"at": finished.components.protocols["at"]})
    torch.testing.assert_close(again[1, "1", "at"].output, complete)
    predictor, tested = load(finished.folder.path), set(finished.components.folds[1].test)
    said = {d.id: predictor.predict(d) for d in finished.components.corpus.dialogues if d.id in tested}
    fold = finished.components.fold_data(finished.components.folds[1], derived_seed("teacher", 1, 1))
    for dialogue in fold.test:
        for modality, rows in dialogue.features.items():
            torch.testing.assert_close(said[dialogue.id].dialogue.features[modality], rows)
    assert sum(len(each.emotion) for each in said.values()) == len(complete)


def test_a_stream_says_what_the_prediction_of_the_whole_says(finished):
    predictor = load(finished.folder.path)
    dialogue = talk("ABAB", ["at", "a", "", "t"], id="call", widths=WIDTHS)
    stream = predictor.stream("call")
    said = []
    for turn, name in enumerate(dialogue.utterance_ids):
        has = [m for c, m in enumerate(WIDTHS) if dialogue.available[turn, c]]
        spoken = dialogue.speakers[int(dialogue.speaker[turn])]
        utterance = Utterance(spoken, {m: dialogue.features[m][turn] for m in has}, id=name)
        said.append(list(stream.append(utterance).probability.values()))
    whole = predictor.predict(dialogue).probability
    torch.testing.assert_close(torch.tensor(said), whole, atol=1e-5, rtol=0)


def test_what_if_says_the_same_as_leaving_modalities_out(finished):
    predictor = load(finished.folder.path)
    dialogue = talk("ABA", id="call", widths=WIDTHS)
    alone = replace(
        dialogue, features={"text": dialogue.features["text"]}, available=dialogue.available[:, 1:]
    )
    found = predictor.what_if(dialogue).under["t"].probability
    torch.testing.assert_close(found, predictor.predict(alone).probability, atol=1e-6, rtol=0)


def test_noise_is_added_before_the_encoder_reads(finished):
    predictor, dialogue = load(finished.folder.path), talk("ABA", id="call", widths=WIDTHS)
    (found,) = predictor.predict_many([dialogue], missing=Noise(1.0))
    trained = predictor.trained
    noisy = trained.encoding(Noise(1.0).apply(trained.standardiser(dialogue), seed=0))
    clean = predictor.predict(dialogue).dialogue.features["text"]
    assert torch.equal(found.dialogue.features["text"], noisy.features["text"])
    assert not torch.equal(found.dialogue.features["text"][:, 4:], clean[:, 4:])


def test_labels_of_the_test_part_change_nothing(finished, tmp_path):
    labels = labels_of()
    scrambled = {id: row[::-1] if id.startswith("Ses01") else row for id, row in labels.items()}
    changes = {"folds": [1], "encoder": "both", **HARDY}
    files = []
    for name, given in (("true", labels), ("scrambled", scrambled)):
        run = begin(tmp_path / name, write_corpus(tmp_path / name / "corpus", given), **changes)
        run.train(Silent())
        files.append(load_file(model_of(run) / "model.safetensors"))
    assert any(name.startswith("encoding/") for name in files[0])
    assert all(torch.equal(files[0][name], files[1][name]) for name in files[0])


def test_every_use_trains_another_model(tmp_path):
    root, kept = write_corpus(tmp_path / "corpus"), {}
    for use in ("none", "retrieval", "input", "both"):
        run = begin(tmp_path / use, root, folds=[1], encoder=use, **HARDY)
        run.train(Silent())
        kept[use] = load_file(model_of(run) / "model.safetensors")
        assert (load_model(model_of(run)).encoding is not None) == (use in ("input", "both"))
    last = {use: weights["network.emotion.weight"] for use, weights in kept.items()}
    assert not any(torch.equal(last[a], last[b]) for a in last for b in last if a < b)


def test_a_run_continues_to_the_same_bits(finished, tmp_path):
    again = begin(tmp_path, finished.components.config.data.root, folds=[1], encoder="input", **CAUSAL)

    with pytest.raises(KeyboardInterrupt):
        again.train(Interrupted())
    reopen(again.folder.path).train(Silent())
    one, other = (load_file(model_of(run) / "model.safetensors") for run in (finished, again))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_model_without_its_encoder_is_refused(finished, tmp_path):
    for name in ("model.json", "model.safetensors"):
        (tmp_path / name).write_bytes((model_of(finished) / name).read_bytes())
    edited(tmp_path, lambda content: content.update(encoding=None))
    with pytest.raises(CheckpointError, match=r"`normalisation.mean` must have the widths"):
        load_model(tmp_path)


def test_the_estimator_encodes_too():
    talks = [talk("ABAB", id=f"d{n}", seed=n, widths=WIDTHS) for n in range(8)]
    model = EmotionClassifier(width=8, epochs=1, settings={"encoder": "input"}, validation=0.3).fit(talks)
    assert model.predictor_.trained.settings.signature.widths == {"audio": 7, "text": 8}
    assert len(model.predict(talks[:1])[0]) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoder": "both"}, "`encoder` both needs a `retrieval` section"),
        ({"encoder": "retrieval"}, "`encoder` retrieval needs a `retrieval` section"),
        ({"encoder": "input", "data__normalise": "none"}, "standardises the input of the network"),
        ({"encoder": "input", "evaluation__others": ["noise:1"]}, "evaluation.others: damage would come after"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        begin(tmp_path, write_corpus(tmp_path / "corpus"), **changes)


def test_features_on_disk_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"needs features in memory; got `data.mapped` true"):
        begin(tmp_path, **on_disk(own(tmp_path / "own"), mapped=True), encoder="input")

import numpy as np
import pytest
import torch

from graphmer.errors import ConfigError
from graphmer.features import Clip, TextExtractor, cross_fitting
from graphmer.features.cross_fitting import LabelledTexts, dialogue_parts, tune
from graphmer.features.temperature import fit_temperature, log_loss
from graphmer.features.tuned import TunedExtractor, read_fitted
from graphmer.features.tuning import TuningSettings
from tests.features.tiny import tiny_encoder

WORDS = ("good", "nice", "fine", "bad", "sad", "poor", "day", "night", "week")
SETTINGS = TuningSettings(folds=2, epochs=3, learning_rate=5e-3, batch=8)


@pytest.fixture(name="encoder", scope="module")
def _encoder(tmp_path_factory):
    return tiny_encoder(tmp_path_factory.mktemp("tiny"), WORDS)


def examples(shuffled=False, count=120):
    """Texts whose first word tells the class, in two parts."""
    draw = np.random.default_rng(0)
    targets = draw.integers(0, 2, count)
    texts = [f"{WORDS[3 * t + draw.integers(3)]} {WORDS[6 + draw.integers(3)]}" for t in targets]
    labels = draw.permutation(targets) if shuffled else targets
    return LabelledTexts(texts, labels, np.arange(count) % 2)


def silent(done, total):
    pass


def left_out_accuracy(folder, found):
    hits = []
    for part in range(2):
        network = TunedExtractor(folder, networks=[part + 1])
        rows = (found.parts == part).nonzero()[0]
        vectors = np.stack(network.vectors([found.texts[row] for row in rows]))
        hits += list(vectors.argmax(axis=1) == found.targets[rows])
    return np.mean(hits), len(hits)


def test_networks_predict_the_part_that_they_left_out(encoder, tmp_path):
    tune(tmp_path, str(encoder), ("joy", "anger"), examples(), SETTINGS, "cpu", silent)
    accuracy, _ = left_out_accuracy(tmp_path, examples())
    assert accuracy > 0.95
    assert all(read_fitted(tmp_path, number).log_loss < 0.3 for number in (1, 2))


def test_with_shuffled_labels_nothing_is_learned_of_the_part_that_was_left_out(encoder, tmp_path):
    found = examples(shuffled=True)
    tune(tmp_path, str(encoder), ("joy", "anger"), found, SETTINGS, "cpu", silent)
    accuracy, count = left_out_accuracy(tmp_path, found)
    share = max(np.bincount(found.targets)) / count
    assert accuracy < share + 1.96 * np.sqrt(share * (1 - share) / count)
    assert all(read_fitted(tmp_path, number).log_loss > 0.65 for number in (1, 2))  # log 2 is 0.693


def test_no_network_reads_the_labels_of_the_part_that_it_leaves_out(encoder, tmp_path):
    one = TuningSettings(folds=2, epochs=1, learning_rate=5e-3, batch=8)
    found = examples()
    targets = np.where(found.parts == 0, 1 - found.targets, found.targets)
    other = LabelledTexts(found.texts, targets, found.parts)
    for name, data in (("a", found), ("b", other)):
        tune(tmp_path / name, str(encoder), ("joy", "anger"), data, one, "cpu", silent)
    first, second = (TunedExtractor(tmp_path / name, networks=[1]) for name in "ab")
    temperatures = [each.fitted[0].temperature for each in (first, second)]
    vectors = [each.vectors(["good day"])[0] for each in (first, second)]
    logits = [(v - v.mean()) * t for v, t in zip(vectors, temperatures, strict=True)]
    assert np.allclose(*logits, atol=1e-5)  # temperatures are fitted on the part, weights are not


def test_the_vectors_are_the_mean_of_calibrated_log_probabilities(encoder, tmp_path):
    tune(tmp_path, str(encoder), ("joy", "anger"), examples(), SETTINGS, "cpu", silent)
    every = TunedExtractor(tmp_path)
    texts = ["good day", "bad"]
    single = [np.stack(TunedExtractor(tmp_path, networks=[n]).vectors(texts)) for n in (1, 2)]
    assert np.allclose(np.exp(single[0]).sum(axis=1), 1, atol=1e-5)
    assert np.allclose(np.stack(every.vectors(texts)), np.mean(single, axis=0), atol=1e-5)
    assert every.provenance.width == 2
    assert every.content(Clip("good\u2026")) == "good..."


def test_an_interrupted_tuning_goes_on_with_the_next_network(encoder, tmp_path, monkeypatch):
    arguments = (str(encoder), ("joy", "anger"), examples(), SETTINGS, "cpu")
    tune(tmp_path / "whole", *arguments, silent)
    trained, fitted = [], cross_fitting._fitted

    def broken(model, classes, found, settings, part, *rest):
        trained.append(part)
        if trained == [0, 1]:
            raise KeyboardInterrupt
        return fitted(model, classes, found, settings, part, *rest)

    monkeypatch.setattr(cross_fitting, "_fitted", broken)
    with pytest.raises(KeyboardInterrupt):
        tune(tmp_path / "parts", *arguments, silent)
    with pytest.raises(ConfigError, match=r"network_2.*is missing.*goes on where it stopped"):
        TunedExtractor(tmp_path / "parts")
    tune(tmp_path / "parts", *arguments, silent)
    assert trained == [0, 1, 1]
    whole, parts = (TunedExtractor(tmp_path / name).provenance for name in ("whole", "parts"))
    assert whole.digest == parts.digest


def test_progress_counts_the_texts_of_all_networks_and_epochs(encoder, tmp_path):
    seen = []
    few = examples(count=20)
    tune(tmp_path, str(encoder), ("joy", "anger"), few, SETTINGS, "cpu", lambda *now: seen.append(now))
    assert seen[0] == (0, 60)
    assert seen[-1] == (60, 60)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize(
    "change", [{"settings": TuningSettings(folds=2, epochs=1)}, {"emotions": ("joy", "fear")}, {"count": 40}]
)
def test_a_folder_of_another_tuning_is_refused(encoder, tmp_path, change):
    few = {"emotions": ("joy", "anger"), "settings": SETTINGS, "count": 20}

    def run(emotions, settings, count):
        tune(tmp_path, str(encoder), emotions, examples(count=count), settings, "cpu", silent)

    run(**few)
    with pytest.raises(ConfigError, match="of other texts, labels, encoder or settings"):
        run(**few | change)


def test_a_folder_with_other_files_is_left_alone(encoder, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="Choose another name"):
        tune(tmp_path, str(encoder), ("joy", "anger"), examples(), SETTINGS, "cpu", silent)


def test_other_networks_are_another_extractor_and_their_place_is_not(encoder, tmp_path):
    for seed in (0, 1):
        settings = SETTINGS.model_copy(update={"seed": seed, "epochs": 1})
        tune(tmp_path / str(seed), str(encoder), ("joy", "anger"), examples(), settings, "cpu", silent)
    first = TunedExtractor(tmp_path / "0").provenance
    assert TunedExtractor(tmp_path / "1").provenance.digest != first.digest
    assert TunedExtractor(tmp_path / "0", networks=[1]).provenance.digest != first.digest
    (tmp_path / "0").rename(tmp_path / "moved")
    assert TunedExtractor(tmp_path / "moved").provenance.digest == first.digest


def test_parts_have_equal_size_and_depend_on_ids_alone():
    ids = [f"dia{number}" for number in range(10)]
    parts = dialogue_parts(ids, 3)
    assert sorted(np.bincount(list(parts.values()))) == [3, 3, 4]
    assert dialogue_parts(ids[::-1] * 2, 3) == parts
    with pytest.raises(ConfigError, match="at most the number of training dialogues, 10; got 11"):
        dialogue_parts(ids, 11)


def test_the_temperature_undoes_a_scale():
    draw = torch.Generator().manual_seed(0)
    logits = torch.randn(4000, 3, generator=draw)
    targets = torch.multinomial(logits.softmax(dim=1), 1, generator=draw)[:, 0].numpy()
    scaled = (logits * 4).numpy()
    assert fit_temperature(scaled, targets) == pytest.approx(4, rel=0.1)
    assert log_loss(scaled, targets, 4.0) < log_loss(scaled, targets)


def test_the_encoder_itself_is_not_changed(encoder, tmp_path):
    before = TextExtractor(str(encoder)).provenance.digest
    tune(tmp_path, str(encoder), ("joy", "anger"), examples(count=20), SETTINGS, "cpu", silent)
    assert TextExtractor(str(encoder)).provenance.digest == before

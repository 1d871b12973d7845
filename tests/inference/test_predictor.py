import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from graphmer.dialogue import Dialogue, LabelSpace, Utterance
from graphmer.dialogue.standardise import Standardiser
from graphmer.errors import CheckpointError, CorpusError
from graphmer.graph import GraphBuilder, SameSpeaker, TemporalWindow
from graphmer.inference import Predictor, load
from graphmer.inference.predictor import model_folder
from graphmer.nn.calibration import Calibration
from graphmer.nn.messages import MessagePassingSettings
from graphmer.systems import SYSTEMS
from graphmer.training.model_file import TrainedModel, save_model
from tests.models import model_settings
from tests.talks import LABELS, WIDTHS, ragged, talk

HERE = Path(__file__).parents[2]


def trained(labels: LabelSpace = LABELS, **described: Any) -> TrainedModel:
    torch.manual_seed(0)
    build = GraphBuilder({"near": TemporalWindow(2, 1), "own": SameSpeaker()}, labels)
    messages = MessagePassingSettings(width=8, depth=1, heads=2)
    size = {"width": 8, "depth": 1, "message_passing": messages}
    settings = model_settings(WIDTHS, labels.outputs, build.relations, **size, **described)
    return TrainedModel(
        settings.build(), settings, labels, Standardiser.fit(ragged()), build, {}, SYSTEMS["graphmer"]
    )


def saved(run: Path, *names: str) -> Path:
    for name in names:
        (run / name).mkdir(parents=True)
        save_model(run / name, trained())
    return run


def answers(run: str) -> list[torch.Tensor]:
    predictor = load(run)
    return [predictor.predict(dialogue).probability for dialogue in ragged()]


def test_a_new_process_with_another_hash_seed_says_the_same(tmp_path):
    run = saved(tmp_path / "run", "fold1-seed1")
    code = (
        "import sys, torch; from tests.inference.test_predictor import answers; "
        "torch.save(answers(sys.argv[1]), sys.argv[2])"
    )
    env = {**os.environ, "PYTHONHASHSEED": "4242", "PYTHONPATH": str(HERE)}
    subprocess.run([sys.executable, "-c", code, str(run), str(tmp_path / "said")], check=True, env=env)
    for said, again in zip(answers(str(run)), torch.load(tmp_path / "said"), strict=True):
        assert torch.equal(said, again)


def test_a_prediction_says_everything_of_every_turn():
    dialogue = talk("ABA", ["atv", "", "t"])
    found = Predictor(trained()).predict(dialogue)
    assert found.dialogue.id == "d"
    assert found.dialogue.utterance_ids == dialogue.utterance_ids
    assert torch.equal(found.dialogue.available, dialogue.available)
    torch.testing.assert_close(found.probability.sum(dim=1), torch.ones(3))
    assert found.emotion == tuple(LABELS.names[number] for number in found.probability.argmax(dim=1))
    torch.testing.assert_close(found.router.sum(dim=2), dialogue.available.float())


def test_the_short_form_says_what_the_model_reads_and_predicts():
    parts = trained()
    assert repr(Predictor(parts)) == "Predictor('given dialogues', 4 emotions, audio 3, text 5, video 4, cpu)"
    parts.build.causal = True
    named = replace(parts, facts={"corpus": "IEMOCAP"}, labels=LabelSpace(interval=(-1.0, 1.0)))
    assert repr(Predictor(named)) == "Predictor('IEMOCAP', score, audio 3, text 5, video 4, causal, cpu)"


def test_a_prediction_knows_its_labels_and_whether_its_model_is_of_simulated_dialogues():
    dialogue = talk("AB")
    assert Predictor(trained()).predict(dialogue).labels == LABELS
    marked = [Predictor(replace(trained(), facts={"simulated": each})) for each in (True, False)]
    assert [each.predict(dialogue).simulated for each in marked] == [True, False]


@pytest.mark.parametrize("described", [{"decoder": "chain"}, {"change": True}])
def test_a_change_is_called_at_the_threshold_fitted_on_validation(described):
    parts = trained(**described)
    change = Predictor(parts).predict(talk("ABAABBA", seed=3)).change
    threshold = float(change.nanmedian())
    parts.model.calibrate(Calibration(threshold=threshold))
    found = Predictor(parts).predict(talk("ABAABBA", seed=3))
    assert found.change_called.tolist() == [bool(value >= threshold) for value in change]
    assert 0 < found.change_called.sum() < 5


def test_a_model_without_a_part_that_judges_changes_calls_none():
    assert Predictor(trained()).predict(talk("ABA")).change_called is None


def test_a_decoder_decides_the_turns_of_a_speaker_together():
    parts = trained(decoder="chain")
    with torch.no_grad():
        parts.model.decoder.transition.copy_(50 * torch.eye(4))
    first, second = Predictor(parts).predict_many([talk("ABAABBA", seed=3), talk("AAA", seed=4)])
    for found, speakers in ((first, "ABAABBA"), (second, "AAA")):
        kept = set(zip(speakers, found.emotion, strict=True))
        assert len(kept) == len(set(speakers))
        torch.testing.assert_close(found.probability.sum(dim=1), torch.ones(len(speakers)))
        graph = parts.build(parts.standardiser(talk("AAA", seed=4)))
    alone = parts.model(graph).logits.softmax(1)
    assert not torch.allclose(second.probability, alone, atol=1e-2)


def test_a_change_head_says_how_likely_a_change_is():
    parts = trained(change=True)
    dialogue = talk("ABA")
    found = Predictor(parts).predict(dialogue)
    assert torch.isnan(found.change).tolist() == [True, True, False]
    graph = parts.build(parts.standardiser(dialogue))
    h = parts.model(graph).state
    torch.testing.assert_close(found.change[2:], parts.model.change_head(h[2:], h[:1]).sigmoid().detach())


def test_a_score_is_predicted_as_a_number():
    found = Predictor(trained(LabelSpace(interval=(-3.0, 3.0)))).predict(talk("AB").unlabelled())
    assert found.probability.shape == (2, 1)
    assert list(found.emotion) == found.probability.squeeze(1).tolist()


def test_annotations_are_not_read():
    predictor, dialogue = Predictor(trained()), talk("ABBA")
    said = predictor.predict(dialogue)
    other = replace(dialogue, emotion=("no emotion the model knows", None, 3.0, "sad"))
    again = predictor.predict(other)
    assert said.emotion == again.emotion
    assert torch.equal(said.probability, again.probability)


def test_modalities_may_come_in_any_order_and_be_left_out_where_missing_throughout():
    predictor, dialogue = Predictor(trained()), talk("ABA", ["tv", "v", "t"])
    said = predictor.predict(dialogue)
    other = predictor.predict(dialogue.with_modalities({"video": 4, "text": 5}))
    assert torch.equal(said.probability, other.probability)
    assert torch.equal(said.dialogue.available, other.dialogue.available)


def test_a_dialogue_with_nothing_at_all_is_answered():
    silent = Dialogue.from_utterances("silent", [Utterance("A"), Utterance("B")])
    found = Predictor(trained()).predict(silent)
    assert found.probability.isfinite().all()
    assert not found.dialogue.available.any()
    assert not found.router.any()


def test_an_unknown_modality_is_named():
    with pytest.raises(ValueError, match=r"'d' has the modality 'smell'; the model knows \['audio'"):
        Predictor(trained()).predict(talk("AB", widths={"text": 5, "smell": 2}))


def test_a_wrong_width_is_named():
    with pytest.raises(ValueError, match=r"'text' must have width 5, got 7. Use the features"):
        Predictor(trained()).predict(talk("AB", widths={"text": 7}))


def test_what_is_read_is_standardised_as_in_training():
    parts = trained()
    dialogue = talk("ABA")
    said = Predictor(parts).predict(dialogue).probability
    alone = parts.model(parts.build(parts.standardiser(dialogue))).logits.softmax(dim=1)
    torch.testing.assert_close(said, alone)


def test_fold_and_seed_are_chosen_by_number(tmp_path):
    run = saved(tmp_path, "fold10-seed1", "fold2-seed3", "fold2-seed1")
    assert model_folder(run).name == "fold2-seed1"
    assert model_folder(run, fold=10).name == "fold10-seed1"
    assert model_folder(run, seed=3).name == "fold2-seed3"
    with pytest.raises(CheckpointError, match=r"no finished model fold3-seed\*; there are \['fold10-seed1'"):
        model_folder(run, fold=3)


def test_a_folder_without_models_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"there are none. Name a run folder"):
        load(tmp_path / "nowhere")


def test_several_threads_predict_the_same_bit_for_bit_in_order():
    predictor = Predictor(trained())
    dialogues = [talk("ABAB"[: 1 + n % 4], id=str(n), seed=n) for n in range(30)]
    threads = torch.get_num_threads()
    plain, found = (list(predictor.predict_many(dialogues, nodes=5, workers=workers)) for workers in (1, 3))
    assert torch.get_num_threads() == threads
    assert [each.dialogue.id for each in found] == [str(n) for n in range(30)]
    for one, other in zip(plain, found, strict=True):
        assert torch.equal(one.probability, other.probability)
        assert torch.equal(one.change.nan_to_num(), other.change.nan_to_num())
        assert one.emotion == other.emotion


def test_an_error_is_raised_after_the_predictions_before_it_by_several_threads_too():
    def dialogues():
        yield from (talk("AB", id=str(n)) for n in range(7))
        raise CorpusError("line 8: wrong")

    many = Predictor(trained()).predict_many(dialogues(), nodes=3, workers=2)
    assert [next(many).dialogue.id for _ in range(7)] == [str(n) for n in range(7)]
    with pytest.raises(CorpusError, match="line 8"):
        next(many)


def test_predicting_imports_nothing_slow_that_it_does_not_need():
    unneeded = "scipy.stats", "sklearn", "matplotlib", "pandas", "pyarrow", "ray"
    code = f"import sys, graphmer.inference; print([name for name in {unneeded} if name in sys.modules])"
    command = [sys.executable, "-W", "ignore", "-c", code]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "[]\n"

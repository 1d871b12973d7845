import json

import pytest
import torch
from safetensors.torch import load_file

from graphmer.curriculum.hardness import Hardness
from graphmer.errors import ConfigError
from graphmer.evaluation.predictions import Predictions
from graphmer.experiment.neighbors import neighbors
from graphmer.inference import load
from tests.experiment.tiny import SIZES, Interrupted, Silent, begin, labels_of, reopen, write_corpus
from tests.talks import talk

HARDY = {
    "curriculum__teacher": {"width": 8, "epochs": 2},
    "curriculum__initial_fraction": 0.5,
    "retrieval__k": 3,
}


def weights(run, fold=1):
    return load_file(run.folder.path / f"fold{fold}-seed1" / "model.safetensors")


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hardy")
    run = begin(folder, write_corpus(folder / "corpus"), folds=[1], **HARDY, retrieval__form="graph")
    run.train(Silent())
    return run


def test_hardness_is_kept_with_the_run_and_knows_the_training_part_only(finished):
    found = Hardness.load(finished.folder.path / "fold1-seed1" / "hardness.npz")
    assert set(found.dialogues) == set(finished.components.folds[1].train)
    assert ((found.value > 0) & (found.value < 1)).all()
    assert found.value[:, 1].std() > 0.01
    assert "Hardest and easiest" in (finished.folder.path / "fold1-seed1" / "hardness.md").read_text()


def test_the_loss_of_the_supports_is_logged_in_the_last_stage_only(finished):
    lines = [json.loads(line) for line in (finished.folder.path / "log.jsonl").read_text().splitlines()]
    assert ["support" in line["losses"] for line in lines] == [False, True, True, True]


def test_a_model_trained_with_supports_predicts_without(finished):
    assert finished.components.settings.signature.relations[-1] == "support/retrieved"
    said = load(finished.folder.path).predict(talk("ABA", widths={"audio": 3, "text": 4}))
    assert len(said.emotion) == 3


def test_a_model_may_hear_training_utterances_in_the_test_too(finished, tmp_path):
    root = finished.components.config.data.root
    retrieval = {"retrieval__form": "graph", "retrieval__test": True}
    run = begin(tmp_path, root, folds=[1], **HARDY, **retrieval)
    run.train(Silent())
    saved = load(run.folder.path)
    assert set(saved.trained.retrieval_memory.dialogues) <= set(run.components.folds[1].train)
    tested = run.components.fold_data(run.components.folds[1], 0).test
    found = Predictions.load(run.folder.path / "fold1-seed1" / "predictions" / "at.npz")
    with torch.inference_mode():
        said = [
            saved.model.decide(saved.model(graph), graph).probability
            for graph in map(saved.trained.build, tested)
        ]
    torch.testing.assert_close(torch.cat(said), found.output, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="cannot stream; train one with"):
        saved.stream()


def test_hearing_supports_in_the_test_needs_a_graph_that_has_them(tmp_path):
    root = write_corpus(tmp_path / "corpus")
    with pytest.raises(ConfigError, match="`test` needs the `form` graph"):
        begin(tmp_path, root, **HARDY, retrieval__test=True)
    with pytest.raises(ConfigError, match="finds supports by the input of the network"):
        begin(tmp_path, root, **HARDY, retrieval__form="graph", retrieval__test=True, encoder="retrieval")


def test_a_run_with_a_curriculum_repeats_and_continues_to_the_same_bits(finished, tmp_path):
    root = finished.components.config.data.root
    again = begin(tmp_path, root, folds=[1], **HARDY, retrieval__form="graph")

    with pytest.raises(KeyboardInterrupt):
        again.train(Interrupted())
    reopen(again.folder.path).train(Silent())
    assert same(weights(finished), weights(again))


def test_labels_of_the_test_part_change_nothing(finished, tmp_path):
    labels = labels_of()
    scrambled = {id: row[::-1] if id.startswith("Ses01") else row for id, row in labels.items()}
    other = begin(
        tmp_path, write_corpus(tmp_path / "corpus", scrambled), folds=[1], **HARDY, retrieval__form="graph"
    )
    other.train(Silent())
    assert same(weights(finished), weights(other))


def test_a_curriculum_trains_another_model_than_none(finished, tmp_path):
    root = finished.components.config.data.root
    paced = begin(
        tmp_path, root, folds=[1], curriculum__initial_fraction=0.4, curriculum__teacher={"epochs": 1}
    )
    plain = begin(tmp_path, root, folds=[1])
    paced.train(Silent())
    plain.train(Silent())
    assert not same(weights(paced), weights(plain))


def test_without_hardness_no_teacher_is_trained_and_all_supports_are_taken(finished, tmp_path):
    root = finished.components.config.data.root
    run = begin(tmp_path, root, folds=[1], curriculum__hardness="none", retrieval__k=2)
    run.train(Silent())
    assert not (run.folder.path / "fold1-seed1" / "hardness.npz").exists()


def test_settings_that_are_tuned_are_those_of_the_result_whatever_was_given_for_them(finished, tmp_path):
    root = finished.components.config.data.root
    run = begin(tmp_path / "one", root, folds=[1], **HARDY, curriculum__tuning=1)
    run.train(Silent())
    twice = {"retrieval__k": 2 * HARDY["retrieval__k"], "curriculum__support": 2.0}
    other = begin(tmp_path / "other", root, folds=[1], **{**HARDY, **twice}, curriculum__tuning=1)
    other.train(Silent())
    assert same(weights(run), weights(other))
    folder = run.folder.path / "fold1-seed1"
    kept = json.loads((folder / "tuned.json").read_text())
    assert kept["settings"] == json.loads((folder / "result.json").read_text())["curriculum"]
    assert len(kept["trials"]) >= 6
    assert 1 <= kept["settings"]["k"] <= 20


def test_an_encoder_of_the_fold_finds_other_supports(finished, tmp_path):
    root = finished.components.config.data.root
    run = begin(tmp_path, root, folds=[1], **HARDY, retrieval__form="graph", encoder="retrieval")
    run.train(Silent())
    assert not same(weights(finished), weights(run))


def test_supports_are_annotated_and_of_other_dialogues_and_of_both_modalities():
    talks = [talk("ABABAB", id=f"d{n}", seed=n) for n in range(6)]
    talks[1] = talks[1].unlabelled()
    keys = [d.id for d in talks for _ in d.utterance_ids]
    every = torch.ones(len(keys))
    supports = neighbors(talks, "cosine", 8, "test")(4)

    def found(*columns):
        kept = torch.zeros(len(keys), 3, dtype=torch.bool)
        kept[:, list(columns)] = True
        return supports(kept, every)

    both, audio, text = found(0, 1), found(0), found(1)
    assert (both >= 0).all()
    assert all(keys[n] != keys[row] != "d1" for n, rows in enumerate(both.tolist()) for row in rows)
    from_audio = [
        set(b) & set(a) - set(t)
        for b, a, t in zip(*map(torch.Tensor.tolist, (both, audio, text)), strict=True)
    ]
    from_text = [
        set(b) & set(t) - set(a)
        for b, a, t in zip(*map(torch.Tensor.tolist, (both, audio, text)), strict=True)
    ]
    assert sum(map(len, from_audio)) > 10
    assert sum(map(len, from_text)) > 10


def test_supports_apart_are_the_nearest_of_other_sessions():
    talks = [talk("ABABAB", id=f"d{n}", seed=n, session="xyx"[n % 3]) for n in range(6)]
    session = [d.session for d in talks for _ in d.utterance_ids]
    text = torch.zeros(36, 3, dtype=torch.bool)
    text[:, 1] = True
    everywhere = neighbors(talks, "l2", 36, "test")(36)(text, torch.ones(36))
    apart = neighbors(talks, "l2", 5, "test", sessions_apart=True)(5)(text, torch.ones(36))
    assert (apart >= 0).all()
    for row, (near, found) in enumerate(zip(everywhere.tolist(), apart.tolist(), strict=True)):
        assert found == [other for other in near if other >= 0 and session[other] != session[row]][:5]


def test_a_curriculum_may_teach_by_distillation_alone(tmp_path):
    root = write_corpus(tmp_path / "corpus")
    settings = {"curriculum__distillation": 1.0, "curriculum__teacher": {"width": 8, "epochs": 1}}
    run = begin(tmp_path, root, folds=[1], training__ema=0.9, **settings)
    run.train(Silent())
    lines = [json.loads(line) for line in (run.folder.path / "log.jsonl").read_text().splitlines()]
    assert ["distillation" in line["losses"] for line in lines] == [False, True, True, True]
    assert all("support" not in line["losses"] for line in lines)
    plain = begin(tmp_path, root, name="plain", folds=[1], training__ema=0.9)
    plain.train(Silent())
    assert not same(weights(run), weights(plain))


def test_one_session_has_no_supports_of_others(tmp_path):
    two = write_corpus(tmp_path / "corpus", labels_of(SIZES[:2]))
    with pytest.raises(
        ConfigError, match=r"retrieval\.exclude: must be .* fold 'session1' are of session 2 alone"
    ):
        begin(tmp_path, two, **HARDY, retrieval__exclude="session")


def test_harder_utterances_have_more_supports():
    talks = [talk("ABABAB", id=f"d{n}", seed=n) for n in range(4)]
    hard = torch.linspace(0.05, 1, 24)
    rows = neighbors(talks, "l2", 5, "test")(5)(torch.ones(24, 3, dtype=torch.bool), hard)
    assert (rows >= 0).sum(dim=1).tolist() == [-(-round(1e4 * h * 5) // 10000) for h in hard.tolist()]


def test_more_supports_than_utterances_are_all_there_are():
    talks = [talk("AB", id="one"), talk("ABA", id="two", seed=1)]
    rows = neighbors(talks, "cosine", 50, "test")(50)(torch.ones(5, 3, dtype=torch.bool), torch.ones(5))
    assert (rows >= 0).sum(dim=1).tolist() == [3, 3, 2, 2, 2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"retrieval__k": 3}, "`retrieval` needs a `curriculum`"),
        ({"curriculum__support": 1.0}, "changes nothing at `initial_fraction` 1"),
        ({"curriculum__hardness": "none", "curriculum__initial_fraction": 0.5}, "need a `hardness`"),
        (
            {
                "curriculum__support": 1.0,
                "retrieval__form": "graph",
                "graph": "none",
                "model": {"system": "momke", "width": 8, "depth": 1},
            },
            "needs a `graph` to link supports into",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        begin(tmp_path, write_corpus(tmp_path / "corpus"), **changes)

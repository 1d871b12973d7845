import numpy as np

from tests.experiment.tiny import vector_path, write_config, write_corpus
from tests.memory import limited_memory


def test_a_valid_experiment_is_summarised_in_80_columns(graphmer, tmp_path):
    path = write_config(tmp_path / "tiny.yaml", write_corpus(tmp_path / "corpus"))
    outcome = graphmer("check", path)
    assert outcome.code == 0
    assert "IEMOCAP: dialogues (turns)" in outcome.out
    assert "session1" in outcome.out
    assert "modalities: audio (3), text (4)" in outcome.out
    assert "labels: happy, sad, neutral, angry" in outcome.out
    assert "near/past/intra" in outcome.out
    assert "stages: experts (1 epochs, complete), mixing (3 epochs, mixed)" in outcome.out
    assert outcome.out.endswith("no problems found.\n")
    assert "…" not in outcome.out
    assert not (tmp_path / "runs").exists()


def test_a_simulated_corpus_is_marked(graphmer, tmp_path):
    outcome = graphmer("check", write_config(tmp_path / "tiny.yaml"))
    assert outcome.out.startswith(" SIMULATED DATA ")


def test_an_experiment_without_a_graph_is_plain_momke(graphmer, tmp_path):
    path = write_config(tmp_path / "tiny.yaml")
    outcome = graphmer("check", path, "--set", "graph=none", "--set", "model={system: momke}")
    assert "system: momke" in outcome.out
    assert "relations: none" in outcome.out


def test_mistakes_that_would_stop_training_are_found(graphmer, tmp_path):
    root = write_corpus(tmp_path / "corpus")
    path = write_config(tmp_path / "tiny.yaml", root)
    unknown = graphmer("check", path, "--set", "evaluation.others=[nois:1]")
    assert "evaluation.others: Unknown missing-modality protocol 'nois:1'" in unknown.complaint
    assert "folds: there is no fold 7" in graphmer("check", path, "--set", "folds=[7]").complaint
    for file in (root / "features" / "wav").glob("Ses0[13]*"):
        file.unlink()
    assert "no training utterance has the modality 'audio'" in graphmer("check", path).complaint


def test_damaged_features_are_named(graphmer, tmp_path):
    root = write_corpus(tmp_path / "corpus")
    np.save(vector_path(root, "bert", "Ses01F_d0_F000"), np.zeros((2, 2, 2)))
    outcome = graphmer("check", write_config(tmp_path / "tiny.yaml", root))
    assert "Ses01F_d0_F000.npy: 'text' must be numbers of shape (D,) or (time, D)" in outcome.complaint


def test_a_model_larger_than_the_memory_is_refused_before_it_is_built(graphmer, tmp_path):
    sizes = {"model__width": 16_384, "model__depth": 200}
    config = write_config(tmp_path / "tiny.yaml", write_corpus(tmp_path / "corpus"), **sizes)
    with limited_memory(2**30):
        line = graphmer("check", config).complaint
    assert line.startswith("model: its weights would take ")
    assert line.endswith("Choose smaller widths or fewer layers.")

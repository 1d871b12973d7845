import numpy as np

from tests.experiment.tiny import vector_path, write_config, write_corpus


def test_a_sound_experiment_is_summed_up_in_80_columns(graphmer, tmp_path):
    path = write_config(tmp_path / "tiny.yaml", write_corpus(tmp_path / "corpus"))
    said = graphmer("check", path)
    assert said.code == 0
    assert "IEMOCAP: dialogues (turns)" in said.out
    assert "session1" in said.out
    assert "modalities: audio (3), text (4)" in said.out
    assert "labels: happy, sad, neutral, angry" in said.out
    assert "near/past/intra" in said.out
    assert "stages: experts (1 epochs, complete), mixing (3 epochs, mixed)" in said.out
    assert said.out.endswith("nothing wrong found.\n")
    assert "…" not in said.out
    assert not (tmp_path / "runs").exists()


def test_a_simulated_corpus_is_called_so(graphmer, tmp_path):
    said = graphmer("check", write_config(tmp_path / "tiny.yaml"))
    assert said.out.startswith(" SIMULATED DATA ")


def test_an_experiment_without_a_graph_is_plain_momke(graphmer, tmp_path):
    path = write_config(tmp_path / "tiny.yaml")
    assert "relations: none: plain MoMKE" in graphmer("check", path, "--set", "graph=none").out


def test_mistakes_that_training_would_stumble_over_are_found(graphmer, tmp_path):
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
    said = graphmer("check", write_config(tmp_path / "tiny.yaml", root))
    assert "Ses01F_d0_F000.npy: 'text' must be numbers of shape (D,) or (time, D)" in said.complaint

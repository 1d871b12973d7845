"""Training of the models of a run on a Ray cluster of several nodes, on one machine."""

import pytest
import torch

from graphmer.cluster import connected, train_on_ray
from graphmer.experiment import Run
from tests.experiment.tiny import Silent, begin, write_corpus
from tests.ray_cluster import kill_a_node, needs_ray


@pytest.mark.slow
@needs_ray
@pytest.mark.filterwarnings("ignore")
def test_models_are_those_of_one_process_although_a_node_dies(cluster, tmp_path):
    root = write_corpus(tmp_path / "corpus")
    changes = {"folds": [1, 2, 3], "seeds": [1, 2]}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    alone, run = begin(tmp_path / "alone", root, **changes), begin(tmp_path / "ray", root, **changes)
    alone.train(Silent())

    killer = kill_a_node(cluster, lambda: list(run.folder.path.glob("fold*/model.json")))
    with connected(cluster.address):
        assert train_on_ray(run) == 6
    killer.join()

    again = Run.reopen(run.folder.path)
    assert again.unfinished == []
    again.train(Silent())
    scores = [(each.folder.path / "scores.json").read_text() for each in (alone, again)]
    assert scores[0] == scores[1]
    for seed, number in run.models:
        weights = (each.folder.fold(number, seed) / "model.safetensors" for each in (alone, run))
        first, second = (path.read_bytes() for path in weights)
        assert first == second
    torch.set_num_threads(threads)

"""What would have caught features that were fine-tuned with the labels of the test part."""

import torch
from lightning_fabric import Fabric

from graphmer.config.load import dump_config
from graphmer.corpora.simulate import simulate
from graphmer.experiment import Parts, Run
from graphmer.training.run_folder import RunFolder
from tests.experiment.tiny import Silent, config


def test_from_noise_nothing_can_be_learnt_with_everything_on(tmp_path):
    """Features and emotions are independent here; 600 utterances of four equally frequent emotions.

    Accuracy must be that of guessing, within 4 standard errors. Features from an encoder that saw the labels
    of the test part reach 0.73 so.
    """
    corpus = simulate(
        4,
        prior=dict.fromkeys(("happy", "sad", "neutral", "angry"), 1.0),
        widths={"audio": 12, "text": 12},
        separation={"audio": 0.0, "text": 0.0},
        inertia=0.0,
        contagion=0.0,
        sessions=(10, 10, 10),
        turns=(20, 20),
        mean_turns=20,
    )
    settings = config(
        tmp_path,
        curriculum__teacher={"width": 8, "epochs": 2},
        curriculum__opening=0.5,
        retrieval={"k": 3, "encoder": "fold", "form": "graph"},
        training__batch_nodes=60,
        training__learning_rate=5e-3,
        evaluation__rates=[],
    )
    folder = RunFolder.create(tmp_path / "runs", "noise", dump_config(settings), {})
    run = Run(Parts(settings, corpus), folder, Fabric(accelerator="cpu"))
    run.train(Silent())
    for (_, _, condition), found in run.kept().items():
        assert condition in ("a", "t", "at")
        assert len(found) == 200
    for condition in ("a", "t", "at"):
        parts = [found for (_, _, name), found in run.kept().items() if name == condition]
        right = torch.cat([found.output.argmax(dim=1) == found.target for found in parts])
        assert abs(float(right.float().mean()) - 0.25) < 4 * (0.25 * 0.75 / len(right)) ** 0.5

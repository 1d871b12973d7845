"""Programs of torch.export against the predictor, for every model that can be exported."""

from collections.abc import Iterator

import pytest
import torch

from graphmer.dialogue import Dialogue
from graphmer.dialogue.standardise import Standardiser
from graphmer.errors import ConfigError
from graphmer.export.files import export, program
from graphmer.inference import Predictor
from graphmer.training.model_file import TrainedModel
from tests.properties.made import MODELS, REPAIRS, Made
from tests.talks import ragged, talk

TALKS = [
    *ragged(),
    talk("ABCDEFGHAB", ["atv", "", "t", "a", "v", "at", "tv", "", "a", "t"], id="many speakers", seed=9),
    talk("A" * 30, ["atv", "t"] * 15, id="one speaker", seed=10),
]
STANDARDISER = Standardiser.fit(TALKS)


def inputs_of(trained: TrainedModel, dialogue: Dialogue) -> dict[str, torch.Tensor]:
    """Inputs of an exported model, NaN where a modality is missing."""
    graph = trained.build(dialogue)
    features = {
        name: dialogue.features[name].where(has, torch.nan)
        for name, has in zip(trained.widths, dialogue.available[:, :, None].unbind(1), strict=True)
    }
    edges = {"edge_index": graph.edge_index, "edge_type": graph.edge_type}
    return {
        **features,
        "available": dialogue.available,
        "speaker": dialogue.speaker,
        **(edges if trained.system.uses_graph else {}),
    }


def equal(trained: TrainedModel, found: dict[str, torch.Tensor], dialogue: Dialogue) -> None:
    expected = Predictor(trained).predict(dialogue)
    if trained.labels.is_score:
        torch.testing.assert_close(found["score"], expected.probability[:, 0], rtol=0, atol=1e-5)
        return
    close = {"rtol": 0, "atol": 1e-5, "equal_nan": True}
    torch.testing.assert_close(found["probability"], expected.probability, **close)
    torch.testing.assert_close(found["change"], expected.change, **close)
    assert trained.labels.decode(found["emotion"]) == list(expected.emotion)
    if expected.change_called is not None:
        assert found["changed"].tolist() == expected.change_called.tolist()


def exportable() -> Iterator[str]:
    return (
        name
        for name, made in MODELS.items()
        if made.declared.exports and not REPAIRS.keys() & made.settings.keys()
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", exportable())
def test_a_program_predicts_what_graphmer_does(name):
    trained = MODELS[name].trained(STANDARDISER)
    run = program(trained).module()

    for dialogue in TALKS:
        equal(trained, run(inputs_of(trained, dialogue)), dialogue)


@pytest.mark.parametrize("name", [name for name, made in MODELS.items() if not made.declared.exports])
def test_what_cannot_be_exported_is_refused_before_anything_is_written(name, tmp_path):
    trained = MODELS[name].trained(STANDARDISER)

    with pytest.raises(ConfigError, match=f"The system {trained.system.name} cannot be exported"):
        export(trained, tmp_path / "model.pt2", "torch")

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", REPAIRS)
def test_a_model_that_repairs_damage_is_refused(name, tmp_path):
    trained = Made("rgcn", {name: REPAIRS[name]}).trained(STANDARDISER)

    with pytest.raises(ConfigError, match=f"A model with `model.{name}` cannot be exported"):
        export(trained, tmp_path / "model.pt2", "torch")

    assert not list(tmp_path.iterdir())


def test_a_stored_program_is_the_same(tmp_path):
    trained = MODELS["chain with change head"].trained(STANDARDISER)

    export(trained, tmp_path / "model.pt2", "torch")

    run = torch.export.load(tmp_path / "model.pt2").module()
    for dialogue in TALKS:
        equal(trained, run(inputs_of(trained, dialogue)), dialogue)

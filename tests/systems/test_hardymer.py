"""HARDY-MER as a system: the whole method by its name, the network of momke, other settings if given."""

from pathlib import Path

import pytest
import torch

from graphmer.config.load import checked, dump_config, load_config
from graphmer.errors import ConfigError
from graphmer.nn.network import Signature
from graphmer.systems.hardymer import HARDYMER, HardymerSettings, network
from graphmer.systems.momke import MOMKE, MomkeSettings

ROOT = Path(__file__).parents[2]
SHARED = Signature(widths={"audio": 512, "text": 1024, "video": 1024}, outputs=4)


def config(**values):
    return checked(
        {"name": "h", "data": {"format": "simulated"}, "model": {"system": "hardymer"}, **values}, "h", ROOT
    )


def test_the_name_alone_is_the_whole_method():
    made = config()
    assert made.curriculum == HARDYMER.curriculum
    assert made.retrieval == HARDYMER.retrieval
    assert made.encoder == "both"
    assert made.model.reconstruction == 1


def test_it_is_what_the_published_settings_write_out():
    published = load_config(ROOT / "configs" / "published" / "hardymer_iemocap4.yaml")
    made = load_config(ROOT / "configs" / "systems" / "hardymer_iemocap4.yaml")
    same = ("curriculum", "retrieval", "encoder", "published", "graph", "heads")
    assert {name: getattr(made, name) for name in same} == {name: getattr(published, name) for name in same}
    assert made.model.model_dump(exclude={"system"}) == published.model.model_dump(exclude={"system"})
    training = made.training.model_copy(update={"stages": HARDYMER.stages})
    assert training == published.training


def test_a_section_that_is_given_changes_only_what_it_names():
    made = config(curriculum={"teacher": {"epochs": 2}}, retrieval={"k": 3}, encoder="none")
    assert (made.curriculum.teacher.epochs, made.curriculum.teacher.width) == (2, 256)
    assert made.curriculum.hardness == HARDYMER.curriculum.hardness
    assert (made.retrieval.k, made.retrieval.form) == (3, "slots")
    assert made.encoder == "none"


def test_none_leaves_a_part_out_also_after_a_run_was_stored(tmp_path):
    made = config(curriculum="none", retrieval="none", encoder="none")
    assert made.curriculum is None
    assert made.retrieval is None
    path = tmp_path / "config.yaml"
    path.write_text(dump_config(made))
    assert load_config(path) == made
    with pytest.raises(ConfigError, match="`encoder` both needs a `retrieval` section"):
        config(curriculum="none", retrieval="none")


def test_other_systems_have_no_curriculum_unless_it_is_given():
    other = config(model={"system": "momke"}, curriculum={"initial_fraction": 0.5})
    assert other.curriculum.teacher.width == 64
    assert other.retrieval is None


def test_its_network_is_that_of_momke_with_reconstruction():
    with torch.device("meta"):
        momke = MOMKE.network(MomkeSettings(), SHARED)
        made = network(HardymerSettings(), SHARED)
    count = [sum(weights.numel() for weights in each.parameters()) for each in (momke, made)]
    # a head for each modality reads the concatenation of three states of 256
    assert count[1] - count[0] == (3 * 256 + 1) * (512 + 1024 + 1024)

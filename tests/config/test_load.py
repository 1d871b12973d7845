import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from graphmer.config.load import dump_config, load_config
from graphmer.config.renamed import RENAMED
from graphmer.config.schema import Config
from graphmer.errors import ConfigError
from graphmer.systems import SYSTEMS

SMALL = """
name: demo
data:
  format: simulated
graph:
  rules:
    context: {rule: window, past: 2, future: 0}
training:
  stages:
  - {name: experts, objective: unimodal, epochs: 2, mask: complete}
  - {name: mixing, objective: mixing, epochs: 3}
"""


def write(folder: Path, text: str = SMALL) -> Path:
    path = folder / "demo.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str, *overrides: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_config(write(folder, text), overrides)
    return caught.value.problems


def test_a_small_file_is_read_and_the_rest_has_defaults(tmp_path):
    config = load_config(write(tmp_path))
    assert config.name == "demo"
    assert (config.graph.rules["context"].past, config.graph.rules["context"].future) == (2, 0)
    assert [stage.epochs for stage in config.training.stages] == [2, 3]
    assert config.training.learning_rate == 5e-4
    assert config.seeds == (1,)
    assert config.folds is None


@pytest.mark.parametrize(
    ("field", "wrong", "message"),
    [
        ("past: 2", "pst: 2", "graph.rules.context.pst: unknown field. Did you mean 'past'?"),
        ("epochs: 3", "epoch: 3", "training.stages.1.epoch: unknown field. Did you mean 'epochs'?"),
        ("training:", "trainin: {}\ntraining:", "trainin: unknown field. Did you mean 'training'?"),
        ("format: simulated", "format: simulated\n  qqq: 1", "data.qqq: unknown field."),
    ],
)
def test_an_unknown_field_is_named_in_full_with_what_was_meant(field, wrong, message, tmp_path):
    found = problems(tmp_path, SMALL.replace(field, wrong))
    assert f"{tmp_path / 'demo.yaml'}: {message}" in found


def test_every_problem_is_told_at_once(tmp_path):
    text = SMALL.replace("past: 2", "past: -1").replace("epochs: 3", "epochs: 0")
    found = problems(tmp_path, text.replace("name: demo", "naem: demo"))
    told = "\n".join(found)
    assert len(found) == 4
    assert "graph.rules.context.past: input should be greater than or equal to 0; got -1." in told
    assert "training.stages.1.epochs: input should be greater than or equal to 1; got 0." in told
    assert "name: must be given." in told
    assert "naem: unknown field. Did you mean 'name'?" in told


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: simulated", "format: gcnet", "data: format gcnet needs `root`, `labels` and `features`."),
        ("format: simulated", "format: graphmer", "data: format graphmer needs `root`."),
        ("graph:", "model: {width: 10, heads: 3}\ngraph:", "model: `heads` must divide `width`; got 3 heads"),
        (
            "graph:",
            "model: {width: 9, heads: 3, positions: true}\ngraph:",
            "model: `width` must be even where",
        ),
        (
            "graph:",
            "model: {message_passing: {convolution: rgat, heads: 3}}\ngraph:",
            "model.message_passing: `heads` must divide `width`; got 3",
        ),
        (
            "objective: mixing",
            "objective: magic",
            "`training.stages.1.objective` must be one of the system's, unimodal, mixing; got 'magic'.",
        ),
        ("graph:", "model: {system: momke}\ngraph:", "the system momke reads no `graph`; leave it out."),
    ],
)
def test_settings_that_contradict_each_other_are_refused(old, new, message, tmp_path):
    assert message in "\n".join(problems(tmp_path, SMALL.replace(old, new)))


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_a_renamed_field_is_refused_with_its_new_name(old, new, tmp_path):
    override = old.replace("*", "1") + "=1"
    found = problems(tmp_path, SMALL, override)
    assert f"{tmp_path / 'demo.yaml'}: {old.replace('*', '1')}: was renamed; write {new}." in found


def test_a_system_that_is_no_name_is_named(tmp_path):
    (found,) = problems(tmp_path, SMALL, "model.system=[]")
    assert "`system` must be one of" in found


def test_a_system_that_does_not_exist_is_named_with_what_was_meant(tmp_path):
    (found,) = problems(tmp_path, SMALL, "model.system=momkee")
    assert (
        f"model: `system` must be one of {', '.join(SYSTEMS)}; got 'momkee'. Did you mean 'momke'?" in found
    )


def test_errors_are_those_of_the_chosen_system_alone(tmp_path):
    found = problems(tmp_path, SMALL, "model.system=momke", "graph=none", "model.message_passing.width=3")
    assert [problem.split(": ", 1)[1] for problem in found] == ["model.message_passing: unknown field."]
    (found,) = problems(tmp_path, SMALL, "model.message_passing.witdh=3")
    assert found.endswith("model.message_passing.witdh: unknown field. Did you mean 'width'?")


def test_a_system_that_is_fitted_at_once_takes_no_stages_and_no_curriculum(tmp_path):
    overrides = ("model={system: logistic}", "graph=none")
    (found,) = problems(tmp_path, SMALL, *overrides)
    assert found.endswith("the system logistic is fitted without `training.stages`; leave them out.")
    overrides += ("training.stages=null", "curriculum.distillation=1.0")
    (found,) = problems(tmp_path, SMALL, *overrides)
    assert found.endswith("the system logistic is fitted at once, without a `curriculum`; leave it out.")


def test_a_graph_is_needed_by_systems_that_read_it(tmp_path):
    (found,) = problems(tmp_path, SMALL, "graph=none")
    assert "the system graphmer needs the edge rules of a `graph`; got none. Without a graph, set" in found


def test_stages_may_be_left_to_the_system(tmp_path):
    config = load_config(write(tmp_path), ["training.stages=null"])
    assert [stage.objective for stage in config.stages(SYSTEMS)] == ["unimodal", "mixing"]


def test_training_needs_a_stage(tmp_path):
    (found,) = problems(tmp_path, SMALL, "training.stages=[]")
    assert "training.stages: " in found


def test_a_key_that_occurs_twice_is_an_error(tmp_path):
    (found,) = problems(tmp_path, SMALL + "name: again\n")
    assert "not valid YAML: key 'name' occurs twice" in found
    (found,) = problems(tmp_path, SMALL.replace("past: 2,", "past: 2, past: 3,"))
    assert "key 'past' occurs twice, line 7" in found


def test_anchors_and_merges_of_yaml_work(tmp_path):
    text = SMALL.replace("context: {", "context: &near {") + "\n"
    text = text.replace("training:", "    wide: {<<: *near, past: 9}\ntraining:")
    rules = load_config(write(tmp_path, text)).graph.rules
    assert (rules["wide"].rule, rules["wide"].past, rules["wide"].future) == ("window", 9, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: [", "not valid YAML"),
        (b"seeds: " + b"9" * 5000, "not valid YAML: Exceeds the limit"),
        (b"name: 2020-99-99", "not valid YAML: month must be"),
        (b"- a\n- b\n", "must hold fields such as `name:` and `data:`; got list"),
        (b"", "must hold fields such as `name:` and `data:`; got NoneType"),
        (b"name: \xff\xfe", r"cannot be read \(not UTF-8 text\)"),
    ],
)
def test_a_file_that_is_no_configuration_is_named(content, message, tmp_path):
    (tmp_path / "demo.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=f"demo.yaml: {message}"):
        load_config(tmp_path / "demo.yaml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(
        ConfigError, match=r"none.yaml: cannot be read \(No such file or directory\). Name a YAML"
    ):
        load_config(tmp_path / "none.yaml")


def test_environment_variables_are_read_with_and_without_defaults(tmp_path, monkeypatch):
    monkeypatch.setenv("GM_NAME", "from outside")
    monkeypatch.delenv("GM_OTHER", raising=False)
    text = SMALL.replace("name: demo", "name: ${GM_NAME} and ${GM_OTHER:-a default}")
    assert load_config(write(tmp_path, text)).name == "from outside and a default"


def test_environment_variables_that_are_not_set_are_named_all_at_once(tmp_path, monkeypatch):
    monkeypatch.delenv("GM_ONE", raising=False)
    monkeypatch.setenv("GM_TWO", "")
    text = SMALL.replace("name: demo", "name: ${GM_ONE}").replace("mask: complete", "mask: '${GM_TWO}'")
    found = problems(tmp_path, text)
    assert [problem.split(": ", 1)[1] for problem in found] == [
        "name: environment variable GM_ONE is not set. Set it, or write ${GM_ONE:-path}.",
        "training.stages.0.mask: environment variable GM_TWO is not set. Set it, or write ${GM_TWO:-path}.",
    ]


def test_settings_can_be_overridden(tmp_path):
    config = load_config(
        write(tmp_path),
        [
            "training.learning_rate=1e-4",
            "training.stages.1.epochs=7",
            "training.clip=null",
            "seeds=[1, 2, 3]",
            "folds=[2]",
            "evaluation.conditions=[at, t]",
            "graph.rules.reply={rule: adjacent}",
            "causal=true",
            "name=other",
        ],
    )
    assert config.training.learning_rate == 1e-4
    assert config.training.stages[1].epochs == 7
    assert config.training.clip is None
    assert config.seeds == (1, 2, 3)
    assert config.folds == (2,)
    assert config.evaluation.conditions == ("at", "t")
    assert list(config.graph.rules) == ["context", "reply"]
    assert config.causal
    assert config.name == "other"


def test_words_stand_for_nothing(tmp_path):
    config = load_config(
        write(tmp_path), ["graph=none", "model.system=momke", "folds=all", "evaluation.conditions=all"]
    )
    assert config.graph is None
    assert config.folds is None
    assert config.evaluation.conditions is None


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seeds", "--set seeds: must be `field.field=value`, such as"),
        ("=3", "--set =3: must be `field.field=value`, such as"),
        ("training.stages.5.epochs=3", "'5' must be a number below 2, the length of the list"),
        ("training.stages.last.epochs=3", "'last' must be a number below 2, the length of the list"),
        ("training.stages.2=3", "'2' must be a number below 2, the length of the list"),
        ("seeds=[1, 2", "--set seeds=.*: not valid YAML"),
        ("name=2020-99-99", "--set name=.*: not valid YAML: month must be"),
        ("training.learning_rat=1", "training.learning_rat: unknown field. Did you mean 'learning_rate'"),
        ("training.learning_rate=fast", "training.learning_rate: .*valid number.*; got 'fast'"),
    ],
)
def test_a_wrong_override_is_named(override, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        load_config(write(tmp_path), [override])


def test_an_override_cannot_reach_into_a_value(tmp_path):
    with pytest.raises(ConfigError, match=r"--set seeds.0.x=3: '0' is a value, not a section"):
        load_config(write(tmp_path), ["seeds=[1, 2]", "seeds.0.x=3"])


def test_a_rule_may_be_called_like_a_field(tmp_path):
    (found,) = problems(tmp_path, SMALL.replace("context:", "past:").replace("past: 2", "pst: 2"))
    assert found.endswith("graph.rules.past.pst: unknown field. Did you mean 'past'?")


def test_what_is_dumped_is_read_back_as_it_was(tmp_path):
    settings = [
        "graph=none",
        "model.system=momke",
        "training.clip=null",
        "seeds=[3]",
        "data.root=elsewhere",
        "training.learning_rate=1e-5",
    ]
    for overrides in ((), settings):
        config = load_config(write(tmp_path), overrides)
        (tmp_path / "other").mkdir(exist_ok=True)
        assert load_config(write(tmp_path / "other", dump_config(config))) == config


def test_the_root_is_taken_from_the_folder_of_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(Path(__file__).parent)
    assert load_config(write(tmp_path), ["data.root=corpus"]).data.root == tmp_path / "corpus"
    assert load_config(write(tmp_path), ["data.root=/somewhere"]).data.root == Path("/somewhere")
    assert load_config(write(tmp_path), ["data.root=~/corpus"]).data.root == Path("~/corpus").expanduser()


def test_a_configuration_cannot_be_changed_after_loading(tmp_path):
    config = load_config(write(tmp_path))
    with pytest.raises(ValueError, match="frozen"):
        config.name = "other"


def based(folder: Path, text: str, *, base: str = SMALL) -> Path:
    """A file in a folder of its own, whose base is beside that folder."""
    write(folder, base)
    (folder / "own").mkdir(exist_ok=True)
    path = folder / "own" / "own.yaml"
    path.write_text(f"base: ../demo.yaml\n{text}", encoding="utf-8")
    return path


def test_a_base_gives_the_settings_that_a_file_has_not(tmp_path):
    own = "name: own\ngraph: {rules: {context: {past: 5}}}\ntraining: {learning_rate: 0.1}\nseeds: [7]\n"
    config = load_config(based(tmp_path, own))
    assert (config.name, config.seeds, config.training.learning_rate) == ("own", (7,), 0.1)
    assert config.graph.rules["context"].past == 5
    assert config.graph.rules["context"].future == 0
    assert [stage.epochs for stage in config.training.stages] == [2, 3]
    stages = "training: {stages: [{name: mixing, objective: mixing, epochs: 1}]}\n"
    assert len(load_config(based(tmp_path, stages)).training.stages) == 1


def test_the_root_of_a_base_is_taken_from_its_own_folder(tmp_path, monkeypatch):
    base = SMALL.replace("simulated", "graphmer\n  root: ${CORPUS:-corpora/one}")
    path = based(tmp_path, "", base=base)
    assert load_config(path).data.root == tmp_path / "corpora" / "one"
    monkeypatch.setenv("CORPUS", "/somewhere")
    assert load_config(path).data.root == Path("/somewhere")
    assert load_config(path, ["data.root=here"]).data.root == tmp_path / "own" / "here"


@pytest.mark.parametrize(
    ("own", "base", "message"),
    [
        ("", "base: own/own.yaml", "own.yaml: is a `base` of itself"),
        ("", "qqq: 1", "own.yaml: qqq: unknown field."),
        ("", "base: [a, b]", "demo.yaml: base: must be the path of one YAML file"),
        ("", "base: nowhere.yaml", "nowhere.yaml: cannot be read"),
    ],
)
def test_a_wrong_base_is_named(own, base, message, tmp_path):
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_config(based(tmp_path, own, base=base))


def test_a_variable_that_a_base_needs_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("CORPUS", raising=False)
    base = SMALL.replace("simulated", "graphmer\n  root: ${CORPUS}")
    with pytest.raises(ConfigError, match="environment variable CORPUS is not set"):
        load_config(based(tmp_path, "", base=base))


SECTIONS = ("data", "split", "graph", "heads", "training", "curriculum", "retrieval", "evaluation")


def whole_numbers(schema: dict, field: str, place: tuple[str, ...] = ()):
    """Places of all whole numbers in a JSON schema of settings, through optional and nested sections."""

    def expand(part):
        while "$ref" in part:
            part = schema["$defs"][part["$ref"].rsplit("/", 1)[1]]
        yield part
        for option in [*part.get("anyOf", ()), *part.get("allOf", ())]:
            yield from expand(option)

    for part in expand(schema if not place else field):
        if part.get("type") == "integer" and not ({"enum", "const"} & set(part)):
            yield place, part
        for name, inner in part.get("properties", {}).items():
            yield from whole_numbers(schema, inner, (*place, name))
        if part.get("type") == "array":
            yield from whole_numbers(schema, part.get("items", {}), (*place, "[]"))


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_whole_number_of_a_system_has_bounds(name):
    found = list(whole_numbers(SYSTEMS[name].settings.model_json_schema(), {}))
    assert found or name == "logistic"
    for place, part in found:
        assert {"maximum", "exclusiveMaximum"} & set(part), place


def test_every_whole_number_of_a_configuration_has_bounds():
    for section in SECTIONS:
        annotation = Config.model_fields[section].annotation
        schema = TypeAdapter(annotation).json_schema()
        for place, part in whole_numbers(schema, schema):
            assert {"maximum", "exclusiveMaximum"} & set(part), (section, place)


@pytest.mark.parametrize("number", ["1" + "0" * 15, "1" + "0" * 300, "0x1" + "0" * 9000, "1e300", "-1"])
def test_sizes_out_of_bounds_are_one_line(tmp_path, number):
    for setting in ("model.width", "model.depth", "training.batch_nodes", "data.simulation.widths.audio"):
        (problem,) = problems(tmp_path, SMALL, f"{setting}={number}")
        assert f": {setting}" in problem.replace("model.graphmer.", "model.")
        assert "\n" not in problem
        assert len(problem) < 400

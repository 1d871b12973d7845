import pytest

from graphmer.config.claim import load_claim
from graphmer.errors import ConfigError


def written(folder, text):
    path = folder / "claim.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_runs_are_relative_to_the_file_and_one_metric_needs_no_list(tmp_path):
    claim = load_claim(written(tmp_path, "runs: {MoMKE: runs/momke, ours: /far/ours}\nmetric: ua\n"))
    assert {name: str(path) for name, path in claim.runs.items()} == {
        "MoMKE": f"{tmp_path}/runs/momke",
        "ours": "/far/ours",
    }
    assert (claim.title, claim.against, claim.metric) == ("Comparison", None, ("ua",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runs: {one: a}", "runs: Dictionary should have at least 2 items"),
        ("title: x", "runs: Field required"),
        ("runs: {a: a, b: b}\nagainsst: a", "againsst: unknown field. Did you mean 'against'"),
        ("- a", "must hold fields such as `title:` and `runs:`; got list"),
        ("runs: {a: a, a: b}", "key 'a' occurs twice"),
    ],
)
def test_a_faulty_claim_is_one_clear_line(text, message, tmp_path):
    with pytest.raises(ConfigError) as error:
        load_claim(written(tmp_path, text))
    (line,) = str(error.value).splitlines()
    assert message in line
    assert "claim.yaml" in line

from dataclasses import replace

import numpy as np
import pytest

from graphmer.dialogue import LabelSpace
from graphmer.report.comparable import IncomparableError, check_comparable, obstacles, remarks
from tests.report.comparisons import CONDITIONS, DIALOGUES, changed, column, facts


def only(*columns):
    """The only obstacle; it names both systems."""
    (line,) = obstacles(columns)
    assert line.startswith(f"{columns[0].name} and {columns[-1].name} differ in ")
    return line


def with_facts(**changes):
    return column("other", 2, known=facts(**changes))


def test_systems_of_one_protocol_have_no_obstacles():
    columns = [column("one", 1), column("two", 2), column("three", 3, seeds=1)]
    assert obstacles(columns) == []
    check_comparable(columns)


def test_another_corpus_is_named_with_both_fingerprints():
    line = only(column("one", 1), column("other", 2, fingerprint="e" * 64))
    assert "corpus: Talks (ffffffffffff) against Talks (eeeeeeeeeeee). Train both on the same files." in line


def test_other_labels_and_modalities_are_named():
    other = changed(column("other", 2), labels=LabelSpace(("happy", "sad", "angry")))
    assert "labels: happy, sad, calm against happy, sad, angry." in only(column("one", 1), other)
    other = changed(
        column("other", 2), modalities=("audio", "video"), conditions=("a", "v", "av", "rate:0.5")
    )
    assert "modalities: audio, text against audio, video." in only(column("one", 1), other)


def test_other_folds_and_other_test_dialogues_are_named():
    swapped = {"1": ("d0", "d1", "d3"), "2": ("d2", "d4")}
    first, second = obstacles([column("one", 1), changed(column("other", 2), folds=swapped)])[:2]
    assert "test dialogues of fold 1: 3 dialogues, 'd2' only here against 3 dialogues, 'd3' only" in first
    assert "test dialogues of fold 2" in second
    half = column("other", 2)
    half = changed(half, folds={"1": DIALOGUES["1"]}, counts=half.scores.counts[:, :, :3])
    assert "folds: 1, 2 against 1. Train both with the same `split` and `folds`." in only(
        column("one", 1), half
    )


def test_the_same_dialogues_in_another_order_are_the_same():
    other = column("other", 2)
    order = [2, 0, 1, 4, 3]
    folds = {"1": ("d2", "d0", "d1"), "2": ("d4", "d3")}
    other = changed(other, folds=folds, counts=other.scores.counts[:, :, order])
    assert obstacles([column("one", 1), other]) == []


def test_other_annotations_of_the_same_dialogues_are_named():
    other = column("other", 2)
    relabelled = changed(other, counts=np.ascontiguousarray(other.scores.counts[..., [1, 0, 2], :]))
    assert "annotations" in only(column("one", 1), relabelled)


def test_another_validation_part_is_named():
    line = only(column("one", 1), with_facts(split="session, 0.2 for validation"))
    assert "split: session, 0.12 for validation against session, 0.2 for validation." in line
    line = only(column("one", 1), with_facts(validation_parts={"1": "aa", "2": "cc"}))
    assert "validation dialogues of fold 2: digest bb against digest cc." in line


def test_other_masks_under_the_same_name_are_named():
    masks = {name: f"mask of {name}" for name in CONDITIONS} | {"rate:0.5": "another mask"}
    line = only(column("one", 1), with_facts(masks=masks))
    assert "the masks of rate:0.5: 0.4800 missing, digest mask of rate against 0.4800 missing" in line
    assert "Run `graphmer evaluate` for both" in line
    assert "seed of the masks: 0 against 5" in only(column("one", 1), with_facts(mask_seed=5))


def test_another_missing_fraction_is_refused_even_where_the_masks_are_not_stored():
    other = replace(changed(column("other", 2), missing=(0.5, 0.5, 0.0, 0.51)), facts={})
    assert "the masks of rate:0.5: 0.4800 missing, digest" in only(column("one", 1), other)


def test_another_selection_is_named():
    line = only(column("one", 1), column("other", 2, selection="test_oracle"))
    assert line.endswith(
        "selection: validation against test_oracle. Train both with the same `training.selection`."
    )


def test_systems_without_a_common_condition_are_refused():
    other = changed(column("other", 2), conditions=("w", "x", "y", "z"))
    (line,) = obstacles([column("one", 1), other])
    assert line.startswith("No condition is common to all (one: a, t, at, rate:0.5; other: w, x, y, z).")


def test_every_difference_from_the_first_system_is_a_line_of_the_error():
    columns = [
        column("one", 1),
        column("two", 2, selection="last", fingerprint="e" * 64),
        column("three", 3, selection="last"),
    ]
    with pytest.raises(IncomparableError) as refused:
        check_comparable(columns)
    lines = str(refused.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "one and two differ in corpus",
        "one and two differ in selection",
        "one and three differ in selection",
    ]


def test_seeds_masks_of_training_and_machines_are_remarked_not_refused():
    columns = [
        column("one", 1),
        column("two", 2, seeds=1, known=facts(regime="partial", machine="two cores")),
    ]
    assert obstacles(columns) == []
    assert remarks(columns) == [
        "The systems were not trained under the same masks: one under mixed; two under partial.",
        "The seeds differ: one 0, 1; two 0.",
        "Times were not measured on the same machine: one on one core; two on two cores.",
    ]


def test_what_could_not_be_checked_is_remarked():
    bare = replace(column("bare", 2), facts={})
    found = remarks([column("one", 1), bare])
    assert "Not stored, and so not checked: split, validation dialogues, masks of bare." in found
    assert remarks([column("one", 1), column("two", 2)]) == ["All systems were trained under mixed."]


def test_conditions_that_are_not_common_are_remarked():
    other = column("other", 2)
    other = changed(other, conditions=("a", "t"), counts=other.scores.counts[:, :2], missing=(0.5, 0.5))
    assert "Left out, as not all systems were tested under them: at, rate:0.5." in remarks(
        [column("one", 1), other]
    )

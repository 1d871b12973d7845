import pytest
import torch

from graphmer.corpora.plant import plant_hard
from graphmer.corpora.simulate import simulate

CORPUS = simulate(1, sessions=(4, 4), turns=(10, 20), mean_turns=15)


def rows_of(dialogues):
    return {
        name: {modality: rows[n] for modality, rows in dialogue.features.items()}
        for dialogue in dialogues
        for n, name in enumerate(dialogue.utterance_ids)
    }


def test_only_the_planted_utterances_are_modified():
    planted = plant_hard(CORPUS.dialogues, 0.2)
    before, after = rows_of(CORPUS.dialogues), rows_of(planted.dialogues)
    assert len(planted.noisy) + len(planted.contradicting) == round(0.2 * len(before))
    for name, rows in before.items():
        changed = sum(not torch.equal(rows[m], after[name][m]) for m in rows)
        assert changed == (3 if name in planted.noisy else int(name in planted.contradicting))


def test_a_contradiction_has_features_of_the_same_speaker_in_another_emotion():
    planted = plant_hard(CORPUS.dialogues, 0.2)
    annotated = {
        name: (d.speakers[int(d.speaker[n])], d.emotion[n])
        for d in CORPUS.dialogues
        for n, name in enumerate(d.utterance_ids)
    }
    before, after = rows_of(CORPUS.dialogues), rows_of(planted.dialogues)
    for name in planted.contradicting:
        modality = next(m for m in before[name] if not torch.equal(before[name][m], after[name][m]))
        origin = next(o for o in before if torch.equal(before[o][modality], after[name][modality]))
        assert annotated[origin][0] == annotated[name][0]
        assert annotated[origin][1] != annotated[name][1]


def test_planting_is_reproducible_and_checks_its_fraction():
    one, two = (plant_hard(CORPUS.dialogues, 0.1, seed=4) for _ in range(2))
    assert (one.noisy, one.contradicting) == (two.noisy, two.contradicting)
    with pytest.raises(ValueError, match=r"in \[0, 1\]; got 1.5"):
        plant_hard(CORPUS.dialogues, 1.5)

import torch

from graphmer.curriculum.hardness import Hardness
from graphmer.dialogue import Dialogue, Utterance
from graphmer.report.hardness_table import extremes_table, kinds_table
from tests.talks import LABELS

EMOTIONS = ["sad", "sad", "happy", None, "happy"]
DIALOGUE = Dialogue.from_utterances(
    "d",
    [Utterance("A", {"text": [0.0], "audio": [0.0]}, e, text=f"turn {n}") for n, e in enumerate(EMOTIONS)],
)
VALUE = torch.tensor([0.1, 0.9, 0.5, 0.3, 0.7])
FOUND = Hardness(
    ("d",) * 5,
    DIALOGUE.utterance_ids,
    VALUE[:, None].expand(5, 4),
    VALUE,
    VALUE,
    # neither nothing nor everything counts as a condition that hides a modality
    torch.stack([torch.ones(5), VALUE - 0.05, VALUE + 0.05, torch.zeros(5)], dim=1),
)


def test_the_extremes_come_first_with_their_text():
    table = extremes_table(FOUND, [DIALOGUE], count=2)
    assert [(row[0], row[2], row[3], row[4], row[-1]) for row in table.rows] == [
        ("hardest", "d_1", "sad", "0.90", "turn 1"),
        ("hardest", "d_4", "happy", "0.70", "turn 4"),
        ("easiest", "d_0", "sad", "0.10", "turn 0"),
        ("easiest", "d_3", "-", "0.30", "turn 3"),
    ]


def test_each_kind_of_utterance_has_its_quartiles():
    rows = {row[0]: row[1:] for row in kinds_table(FOUND, [DIALOGUE], LABELS).rows}
    assert rows == {
        "happy": ("2", "0.55", "0.60", "0.65"),
        "sad": ("2", "0.30", "0.50", "0.70"),
        "unlabelled": ("1", "0.30", "0.30", "0.30"),
        "change": ("1", "0.50", "0.50", "0.50"),
        "no change": ("2", "0.75", "0.80", "0.85"),
        "all": ("5", "0.30", "0.50", "0.70"),
    }

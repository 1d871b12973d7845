"""Predictions with speakers for tests, from one line of text or at random."""

from dataclasses import replace

import torch

from graphmer.dialogue import LabelSpace
from graphmer.evaluation.predictions import Predictions

EMOTIONS = LabelSpace(("calm", "glad", "sad"), polarity={"calm": 0, "glad": 1, "sad": -1})


def spoken(text, *, condition="at", prefix="d"):
    """``A01 B-2 | A22``: speaker, target (a dash is unlabelled), prediction; a bar separates dialogues."""
    dialogues = [part.split() for part in text.split("|")]
    words = [word for part in dialogues for word in part]
    logits = torch.nn.functional.one_hot(torch.tensor([int(word[2]) for word in words]), 3)
    return Predictions(
        condition=condition,
        dialogue_ids=tuple(f"{prefix}{number}" for number in range(len(dialogues))),
        dialogue=torch.tensor([number for number, part in enumerate(dialogues) for _ in part]),
        utterance_ids=tuple(f"u{number}" for number in range(len(words))),
        target=torch.tensor([-1 if word[1] == "-" else int(word[1]) for word in words]),
        output=(4.0 * logits).softmax(dim=1),
        available=torch.ones(len(words), 1, dtype=torch.bool),
        speaker=torch.tensor([ord(word[0]) - ord("A") for word in words]),
    )


def random_speech(seed, *, dialogues=5, speakers=3, condition="at", prefix="d"):
    """Dialogues of 1 to 14 turns; a fifth of the turns is unlabelled; outputs correlate with the targets."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 15, (dialogues,), generator=generator)
    length = int(lengths.sum())
    target = torch.randint(3, (length,), generator=generator)
    output = torch.rand(length, 3, generator=generator)
    output += torch.nn.functional.one_hot(target, 3) * torch.rand(length, 1, generator=generator)
    target[torch.rand(length, generator=generator) < 0.2] = -1
    return Predictions(
        condition=condition,
        dialogue_ids=tuple(f"{prefix}{number}" for number in range(dialogues)),
        dialogue=torch.arange(dialogues).repeat_interleave(lengths),
        utterance_ids=tuple(f"u{number}" for number in range(length)),
        target=target,
        output=output / output.sum(dim=1, keepdim=True),
        available=torch.ones(length, 1, dtype=torch.bool),
        speaker=torch.randint(speakers, (length,), generator=generator),
    )


def with_change(predictions, seed):
    """The same predictions with random direct predictions of changes."""
    generator = torch.Generator().manual_seed(seed)
    change = torch.rand(len(predictions), generator=generator)
    return replace(predictions, change=change, changed=change > 0.4)


def naive_pairs(predictions, history="predicted", *, any_speaker=False):
    """Rows ``(dialogue, previous turn, turn, annotated pair, predicted pair)`` from a backward search."""
    target, predicted = predictions.target.tolist(), predictions.predicted.tolist()
    owner = list(zip(predictions.dialogue.tolist(), predictions.speaker.tolist(), strict=True))
    rows = []
    for turn in range(len(target)):
        if target[turn] == -1:
            continue
        for k in reversed(range(turn)):
            same = owner[k][0] == owner[turn][0] and (any_speaker or owner[k] == owner[turn])
            if same and target[k] != -1:
                before = predicted[k] if history == "predicted" else target[k]
                rows.append((owner[turn][0], k, turn, (target[k], target[turn]), (before, predicted[turn])))
                break
    return rows

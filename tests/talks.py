"""Small dialogues for tests, said in one line."""

from collections.abc import Mapping, Sequence

import torch
from torch_geometric.data import Batch

from graphmer.dialogue import Dialogue, LabelSpace, Utterance
from graphmer.graph import GraphBuilder

WIDTHS = {"audio": 3, "text": 5, "video": 4}
LABELS = LabelSpace(("happy", "sad", "neutral", "angry"))


def talk(
    speakers: Sequence[str],
    has: Sequence[str] | None = None,
    *,
    id: str = "d",
    seed: int = 0,
    widths: Mapping[str, int] = WIDTHS,
    session: str | None = None,
) -> Dialogue:
    """One letter a turn: who speaks, and for each turn the initials of the modalities it has."""
    generator = torch.Generator().manual_seed(seed)
    turns = []
    for position, speaker in enumerate(speakers):
        vectors = {m: torch.randn(width, generator=generator) for m, width in widths.items()}
        kept = vectors if has is None else {m: v for m, v in vectors.items() if m[0] in has[position]}
        turns.append(Utterance(speaker, kept, LABELS.names[(position + seed) % 4]))
    return Dialogue.from_utterances(id, turns, widths=widths, session=session)


def ragged() -> list[Dialogue]:
    """Long, short, one-turn and one-speaker dialogues, complete, with gaps, and with nothing at all."""
    return [
        talk("ABABBA", ["atv", "a", "", "tv", "v", "at"], id="gaps", seed=1),
        talk("A", ["t"], id="one", seed=2),
        talk("AAB", id="whole", seed=3),
        talk("BB", ["", ""], id="nothing", seed=4),
        talk("CABCA", ["a", "a", "a", "av", "a"], id="no text", seed=5),
    ]


def batched(dialogues: Sequence[Dialogue], build: GraphBuilder) -> Batch:
    """The dialogues as one batch of graphs."""
    return Batch.from_data_list([build(dialogue) for dialogue in dialogues])

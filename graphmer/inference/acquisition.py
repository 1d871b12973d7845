"""Which missing modalities to acquire under a budget, for which turns: greedy on expected gain per cost."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from graphmer.inference.modality_sets import entropy_bits, modalities_of
from graphmer.inference.prediction import DialoguePrediction
from graphmer.inference.reveal import Reveals


@dataclass(frozen=True)
class Acquisition:
    """A modality of a turn to acquire.

    Attributes:
        dialogue: id of the dialogue.
        turn: number of the turn, from 0.
        id: id of the turn.
        modality: what to acquire.
        gain: expected information gain about the turn's emotion, in bits.
        cost: of this modality.
        total: cost of this and all before it.
    """

    dialogue: str
    turn: int
    id: str
    modality: str
    gain: float
    cost: float
    total: float


@dataclass
class _Turn:
    """What a turn has, or is planned to have, and how uncertain its emotion is then."""

    dialogue: str
    turn: int
    id: str
    has: frozenset[str]
    entropy: float


def acquisitions(
    predictions: Iterable[DialoguePrediction],
    reveals: Reveals,
    costs: Mapping[str, float],
    budget: float,
) -> Iterator[Acquisition]:
    r"""Acquisitions in their order, until no further one is worth anything or fits into the budget.

    Each step takes the modality ``m`` of the turn ``t`` with the largest

    .. math:: E[\log_2 p(y_t \mid A_t \cup \{m\}) - \log_2 p(y_t \mid A_t)] / cost_m

    given what the turn has, ``A_t``, and its entropy now, and goes on with the entropy less the gain. The
    gain is that of the turn itself: what its neighbors learn from it is not counted. A definition of this
    project.

    Args:
        predictions: of all dialogues, from what they have.
        reveals: expected gains; a modality without one is never acquired.
        costs: of each modality of the model, > 0.
        budget: largest sum of costs.

    Raises:
        ValueError: if a cost is not a number > 0, or the budget not one >= 0.
    """
    wrong = [f"{m}={cost}" for m, cost in costs.items() if not 0 < cost < float("inf")]
    if wrong or not 0 <= budget < float("inf"):
        raise ValueError(
            f"A cost must be a number > 0 and a budget one >= 0; got {wrong[0] if wrong else budget}."
        )
    turns = list(_turns(predictions))
    order = list(costs)
    heap = [entry for number, turn in enumerate(turns) for entry in _entries(number, turn, reveals, costs)]
    heapq.heapify(heap)
    total = 0.0
    while heap:
        _, number, column, gain, size = heapq.heappop(heap)
        turn, modality = turns[number], order[column]
        # an entry from before the turn's last acquisition is out of date; what is too dear now stays so
        if size != len(turn.has) or total + costs[modality] > budget * (1 + 1e-12):
            continue
        total += costs[modality]
        yield Acquisition(turn.dialogue, turn.turn, turn.id, modality, gain, costs[modality], total)
        turn.has |= {modality}
        turn.entropy -= gain
        for entry in _entries(number, turn, reveals, costs):
            heapq.heappush(heap, entry)


def _turns(predictions: Iterable[DialoguePrediction]) -> Iterator[_Turn]:
    for prediction in predictions:
        dialogue = prediction.dialogue
        for turn, entropy in enumerate(entropy_bits(prediction.probability.double()).tolist()):
            has = frozenset(modalities_of(dialogue, turn))
            yield _Turn(dialogue.id, turn, dialogue.utterance_ids[turn], has, entropy)


def _entries(
    number: int, turn: _Turn, reveals: Reveals, costs: Mapping[str, float]
) -> Iterator[tuple[float, int, int, float, int]]:
    """Heap entries of what a turn lacks: minus the gain per cost, turn, modality, gain, size of its set."""
    has = tuple(m for m in costs if m in turn.has)
    for column, (modality, cost) in enumerate(costs.items()):
        reveal = None if modality in turn.has else reveals.get((has, modality))
        gain = 0.0 if reveal is None else reveal(turn.entropy)
        if gain > 0:
            yield -gain / cost, number, column, gain, len(turn.has)

"""Folds of a corpus by dialogue: leave one session out, or the parts it comes with."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations

from graphmer.corpora.base import Corpus
from graphmer.dialogue import Dialogue
from graphmer.errors import CorpusError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fold:
    """Dialogue ids to train on, to choose a model by, and to report.

    Args:
        name: unique among the folds of an experiment.
        train: ids of the dialogues that weights are fitted to.
        validation: ids of the dialogues that select the epoch; never reported.
        test: ids of the dialogues that are reported; never selected by.

    Raises:
        ValueError: if a dialogue is in two of them.
    """

    name: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def __post_init__(self) -> None:
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        for (one, ids), (other, others) in combinations(parts.items(), 2):
            shared = sorted(set(ids) & set(others))
            if shared:
                raise ValueError(
                    f"Fold {self.name!r}: {one} and {other} must share no dialogue; both hold {shared[0]!r}"
                    f" ({len(shared)} in all). Remove it from one of them."
                )


def leave_one_session_out(corpus: Corpus, validation: float = 0.12) -> list[Fold]:
    """One fold per session, in the order of their names; the session is the test part.

    The validation dialogues come from the other sessions, from each in proportion, and are chosen by a hash
    of their ids: the choice depends on neither a seed nor the order of the corpus.

    Args:
        corpus: dialogues with sessions.
        validation: fraction of the training dialogues that is held out, in (0, 1).

    Raises:
        ValueError: if `validation` is not a fraction.
        CorpusError: if a dialogue has no session, there is only one, or too few dialogues remain.
    """
    nowhere = [dialogue.id for dialogue in corpus.dialogues if dialogue.session is None]
    if nowhere:
        raise CorpusError(
            f"{corpus.card.name}: leaving one session out needs a session for every dialogue; {len(nowhere)} "
            f"have none, e.g. {nowhere[0]!r}. Add 'session', or use the official split."
        )
    sessions = sorted({str(dialogue.session) for dialogue in corpus.dialogues})
    if len(sessions) < 2:
        raise CorpusError(
            f"{corpus.card.name}: leaving one session out needs at least two sessions, got {sessions}. Use "
            "the official split."
        )
    folds = []
    for session in sessions:
        rest = [dialogue for dialogue in corpus.dialogues if dialogue.session != session]
        train, held_out = hold_out(rest, validation)
        test = tuple(dialogue.id for dialogue in corpus.dialogues if dialogue.session == session)
        folds.append(Fold(f"session{session}", train, held_out, test))
    return folds


def official(corpus: Corpus, validation: float = 0.12) -> list[Fold]:
    """The parts a corpus comes with, as one fold.

    Without a validation part, dialogues of the training part are held out by a hash of their ids. Without a
    test part, the validation part becomes the test part and validation is held out in the same way.

    Args:
        corpus: dialogues with `official` parts.
        validation: fraction of the training dialogues that is held out where needed, in (0, 1).

    Raises:
        ValueError: if `validation` is not a fraction.
        CorpusError: if there is no training part, or neither a test nor a validation part.
    """
    parts = {part: set(ids) for part, ids in corpus.official.items() if ids}
    if "train" not in parts or not parts.keys() & {"val", "test"}:
        raise CorpusError(
            f"{corpus.card.name}: an official split needs 'train' and 'test' or 'val'; the corpus has "
            f"{sorted(parts) or 'none'}. Add 'split' to its dialogues, or leave one session out."
        )
    known = {dialogue.id for dialogue in corpus.dialogues}
    for part, ids in parts.items():
        if ids - known:
            raise CorpusError(
                f"{corpus.card.name}: part {part!r} names dialogue {min(ids - known)!r}, which the corpus "
                "does not hold. Correct the split."
            )

    def members(part: str) -> list[Dialogue]:
        return [dialogue for dialogue in corpus.dialogues if dialogue.id in parts[part]]

    test = tuple(dialogue.id for dialogue in members("test" if "test" in parts else "val"))
    if "val" in parts and "test" in parts:
        train, held_out = _ids(members("train")), _ids(members("val"))
    else:
        train, held_out = hold_out(members("train"), validation)
        reported = "test" if "test" in parts else "val"
        logger.info(
            "%s: tested on %r; %d training dialogues validate", corpus.card.name, reported, len(held_out)
        )
    return [Fold("official", train, held_out, test)]


def hold_out(dialogues: Sequence[Dialogue], fraction: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids that remain and ids held out, about `fraction` of every session and of the whole.

    Which ones depends on their ids alone.

    Raises:
        ValueError: if `fraction` is not in (0, 1).
        CorpusError: if there are fewer than two dialogues.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"`validation` must be a fraction in (0, 1); got {fraction}.")
    if len(dialogues) < 2:
        raise CorpusError(
            f"Holding out validation dialogues needs at least two to train on, got {len(dialogues)}."
        )
    sessions: dict[str | None, list[str]] = defaultdict(list)
    for dialogue in dialogues:
        sessions[dialogue.session].append(dialogue.id)
    rank: dict[str, tuple[float, str]] = {}
    for members in sessions.values():
        for position, id in enumerate(sorted(members, key=_hash)):
            rank[id] = ((position + 0.5) / len(members), _hash(id))
    count = min(max(1, round(fraction * len(dialogues))), len(dialogues) - 1)
    held_out = set(sorted(rank, key=rank.__getitem__)[:count])
    ids = _ids(dialogues)
    return tuple(id for id in ids if id not in held_out), tuple(id for id in ids if id in held_out)


def _hash(id: str) -> str:
    return sha256(id.encode()).hexdigest()


def _ids(dialogues: Sequence[Dialogue]) -> tuple[str, ...]:
    return tuple(dialogue.id for dialogue in dialogues)

"""Cross-validation folds of a corpus by dialogue: leave one session out, or the official split."""

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
    """Fold: dialogue ids of the training, validation and test sets.

    Args:
        name: unique within an experiment.
        train: ids of the training dialogues.
        validation: ids of the validation dialogues, which select the epoch.
        test: ids of the test dialogues; used for evaluation only.

    Raises:
        ValueError: if a dialogue is in two sets.
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
    """Leave-one-session-out folds, sorted by session name; the session is the test set.

    Validation dialogues are held out from the other sessions, in proportion to their sizes. They are chosen
    by a hash of their ids, independent of any seed and of the order of the corpus.

    Args:
        corpus: corpus whose dialogues have sessions.
        validation: fraction of the training dialogues that is held out for validation, in (0, 1).

    Raises:
        ValueError: if `validation` is not a fraction.
        CorpusError: if a dialogue has no session, there is only one session, or too few dialogues remain.
    """
    without = [dialogue.id for dialogue in corpus.dialogues if dialogue.session is None]
    if without:
        raise CorpusError(
            f"{corpus.card.name}: leaving one session out needs a session for every dialogue; {len(without)} "
            f"have none, e.g. {without[0]!r}. Add 'session', or use the official split."
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
    """Official split of a corpus, as one fold.

    Without a validation set, training dialogues are held out by a hash of their ids. Without a test set, the
    validation set becomes the test set, and validation dialogues are held out in the same way.

    Args:
        corpus: corpus with an `official` split.
        validation: fraction of the training dialogues that is held out if needed, in (0, 1).

    Raises:
        ValueError: if `validation` is not a fraction.
        CorpusError: if there is no training set, or neither a test nor a validation set.
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
                "does not contain. Correct the split."
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
            "%s: tested on %r; %d training dialogues are held out for validation",
            corpus.card.name,
            reported,
            len(held_out),
        )
    return [Fold("official", train, held_out, test)]


def own_split(corpus: Corpus, validation: float = 0.12) -> list[Fold]:
    """The `official` split of a corpus that has a training part, else `leave_one_session_out`."""
    split = official if corpus.official.get("train") else leave_one_session_out
    return split(corpus, validation)


def hold_out(dialogues: Sequence[Dialogue], fraction: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Remaining ids and held-out ids; about `fraction` of every session, and of all dialogues, is held out.

    The choice depends on the ids only.

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

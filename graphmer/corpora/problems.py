"""Problems of corpus files: collected or raised while reading."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from graphmer.corpora.base import Corpus
from graphmer.errors import CorpusError

logger = logging.getLogger(__name__)

Severity = Literal["error", "warning", "note"]
"""``error``: must be corrected; ``warning``: data was skipped; ``note``: information only."""

PLACES_SHOWN = 3
"""Maximum number of places in the message of a problem; further places are counted."""

ERRORS_SHOWN = 5
"""Maximum number of different errors in a `CorpusError`; further errors are counted."""


@dataclass(frozen=True)
class Problem:
    """Problem with all places where it occurs.

    Args:
        severity: whether it must be corrected.
        what: violated rule and value.
        where: affected files, lines, dialogues or utterances.
        action: remedy of an error; for other problems, how the data was handled.
    """

    severity: Severity
    what: str
    where: tuple[str, ...]
    action: str

    @property
    def places(self) -> str:
        """The first places, and the number of further places."""
        first = ", ".join(self.where[:PLACES_SHOWN])
        others = len(self.where) - PLACES_SHOWN
        return f"{first} and {others} more" if others > 0 else first

    def __str__(self) -> str:
        return f"{self.places}: {self.what}. {self.action}" if self.where else f"{self.what}. {self.action}"


class Findings:
    """Collector of the problems found by readers; equal problems are merged, with all their places.

    Example:
        >>> findings = Findings()
        >>> findings.warning("'video' has no file", "Ses01_F000", "Treated as missing.")
        >>> findings.warning("'video' has no file", "Ses01_F001", "Treated as missing.")
        >>> print(findings.problems[0])
        Ses01_F000, Ses01_F001: 'video' has no file. Treated as missing.
    """

    def __init__(self) -> None:
        self._places: dict[tuple[Severity, str, str], list[str]] = {}

    def error(self, what: str, where: str, action: str) -> None:
        self._add("error", what, where, action)

    def warning(self, what: str, where: str, action: str) -> None:
        self._add("warning", what, where, action)

    def note(self, what: str, where: str, action: str) -> None:
        self._add("note", what, where, action)

    def _add(self, severity: Severity, what: str, where: str, action: str) -> None:
        places = self._places.setdefault((severity, what, action), [])
        if where:
            places.append(where)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems: errors, then warnings, then notes, each in the order of discovery."""
        found = [
            Problem(severity, what, tuple(where), action)
            for (severity, what, action), where in self._places.items()
        ]
        return tuple(p for severity in ("error", "warning", "note") for p in found if p.severity == severity)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    def raise_errors(self) -> None:
        """Raise an error if there are any errors.

        Raises:
            CorpusError: with up to `ERRORS_SHOWN` different errors.
        """
        if not any(severity == "error" for severity, _, _ in self._places):
            return
        errors = self.errors
        lines = [str(error) for error in errors[:ERRORS_SHOWN]]
        if len(errors) > ERRORS_SHOWN:
            lines.append(
                f"... and {len(errors) - ERRORS_SHOWN} more kinds of error; `graphmer data check` lists all."
            )
        raise CorpusError("\n".join(lines))


@contextmanager
def collecting(findings: Findings | None) -> Iterator[Findings]:
    """Context manager of a collector; without one, errors are raised and warnings logged at the end."""
    if findings is not None:
        yield findings
        return
    own = Findings()
    yield own
    own.raise_errors()
    for problem in own.problems:
        level = logging.WARNING if problem.severity == "warning" else logging.INFO
        logger.log(level, "%s (%d in all)", problem, max(1, len(problem.where)))


def examine(
    read: Callable[[Findings], Corpus], *, for_training: bool = True
) -> tuple[Corpus | None, tuple[Problem, ...]]:
    """Read a whole corpus and report all its problems.

    Args:
        read: reader with bound arguments, e.g. ``lambda found: read_dataset(path, findings=found)``.
        for_training: whether a corpus without labels has an error; else it has a warning.

    Returns:
        The corpus without invalid data (``None`` if nothing could be read), and all problems.
    """
    findings = Findings()
    try:
        corpus = read(findings)
    except CorpusError as error:
        findings.error(str(error).rstrip("."), "", "Nothing beyond this point was read.")
        return None, findings.problems
    _examine_contents(corpus, findings, for_training)
    return corpus, findings.problems


def _examine_contents(corpus: Corpus, findings: Findings, for_training: bool) -> None:
    labelled = [emotion for d in corpus.dialogues for emotion in d.emotion if emotion is not None]
    if not labelled:
        report = findings.error if for_training else findings.warning
        report("no utterance is labelled", corpus.card.name, "Add labels, or use it for prediction only.")
    for name in corpus.labels.names:
        if labelled and name not in labelled:
            findings.warning(
                "class without examples", name, "Kept among the classes; remove it from the label names."
            )
    for column, modality in enumerate(corpus.widths):
        if not any(bool(d.available[:, column].any()) for d in corpus.dialogues):
            findings.warning(
                "modality that no utterance has", modality, "Kept; nothing can be learned from it."
            )
    _examine_times(corpus, findings)
    _examine_zeros(corpus, findings)
    found = {
        "dialogues": len(corpus.dialogues),
        "utterances": sum(len(d) for d in corpus.dialogues),
        "labelled": len(labelled),
    }
    for key, expected in corpus.card.counts.items():
        if key in found and found[key] != expected:
            findings.note(
                f"the published corpus has {expected} {key}, this one {found[key]}", "", "Used as it is."
            )


def _examine_times(corpus: Corpus, findings: Findings) -> None:
    for dialogue in corpus.dialogues:
        latest = float("-inf")
        for id, start, end in zip(
            dialogue.utterance_ids, dialogue.start.tolist(), dialogue.end.tolist(), strict=True
        ):
            where = f"{dialogue.id}: {id}"
            if end < start:
                findings.warning("turn that ends before it starts", where, "Kept; correct its times.")
            if start < latest:
                findings.warning(
                    "turn that starts before an earlier turn", where, "Kept; correct its start or the order."
                )
            latest = max(latest, start) if start == start else latest


def _examine_zeros(corpus: Corpus, findings: Findings) -> None:
    for dialogue in corpus.dialogues:
        for column, (modality, rows) in enumerate(dialogue.features.items()):
            zero = dialogue.available[:, column] & ~rows.any(dim=1)
            for turn in zero.nonzero().flatten().tolist():
                findings.warning(
                    f"{modality!r} is all zeros",
                    f"{dialogue.id}: {dialogue.utterance_ids[turn]}",
                    "Kept as recorded; if they stand for missing, read them with `zeros` missing.",
                )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Suggestion for an unknown name: the most similar known name, or all known names.

    Example:
        >>> did_you_mean("labl", ["label", "text"]), did_you_mean("x", ["label", "text"])
        ("Did you mean 'label'?", 'Known are label, text.')
    """
    names = [str(one) for one in known]
    close = get_close_matches(name, names, n=1)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known are {', '.join(names)}." if names else "There are none."

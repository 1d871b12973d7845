"""Labels of several annotators."""

from collections import Counter
from collections.abc import Mapping, Sequence

from graphmer.errors import CorpusError
from graphmer.transcripts.transcript import Annotators, ReadingReport


def agreed(
    labels: Sequence[Mapping[int, str]], how: Annotators, report: ReadingReport, where: str
) -> dict[int, str]:
    """One label for each turn that has one.

    Args:
        labels: of each annotator, by the number of the turn.
        how: the label of most annotators, or an error where they disagree. Without a majority, as when two
            disagree, a turn has no label.
        report: of the reading; has the number of turns without a majority.
        where: the dialogue, for messages.

    Raises:
        CorpusError: if annotators disagree and `how` is ``refuse``.
    """
    found: dict[int, str] = {}
    for turn in sorted({turn for each in labels for turn in each}):
        votes = Counter(each[turn] for each in labels if turn in each)
        if len(votes) > 1 and how == "refuse":
            names = ", ".join(f"{name} ({number})" for name, number in votes.most_common())
            raise CorpusError(
                f"{where}, turn {turn + 1}: annotators disagree: {names}. Take the label of most of "
                "them with --annotators majority, or settle it."
            )
        (label, most), *others = votes.most_common(2)
        if others and others[0][1] == most:
            report.left_out["label without a majority"] += 1
        else:
            found[turn] = label
    return found

"""Checked turns become dialogues, and dialogues a corpus: the part that every reader shares."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.problems import Findings, did_you_mean
from graphmer.dialogue import Dialogue, Emotion, LabelSpace, Utterance

NanPolicy = Literal["missing", "error"]
"""What a vector with NaN or infinity means: a missing modality, or an error."""

Vector = NDArray[np.float32]

PARTS = ("train", "val", "test")
"""Names of the parts of an official split."""


class Assembly:
    """Checks turns, builds dialogues, and joins them into a corpus.

    What cannot be used is reported to `findings` and left out, so that one pass finds every problem.

    Args:
        labels: the label space; ``None`` where labels are neither needed nor checked.
        widths: features per modality, in the order of the columns of ``available``.
        findings: where problems go.
        nan: what a vector with NaN or infinity means.
    """

    def __init__(
        self,
        labels: LabelSpace | None,
        widths: Mapping[str, int],
        findings: Findings,
        nan: NanPolicy = "missing",
    ) -> None:
        if nan not in ("missing", "error"):
            raise ValueError(f"`nan` must be 'missing' or 'error'; got {nan!r}.")
        self.labels = labels
        self.widths = dict(widths)
        self.findings = findings
        self.nan = nan
        self._dialogue_ids: set[str] = set()

    def vector(self, values: Any, modality: str, where: str) -> Vector | None:
        """Features of one turn as float32 ``[D]``, or ``None`` where they cannot be used.

        Args:
            values: a list or array of numbers.
            modality: one of `widths`.
            where: the file, or file, line and field, they were read from.
        """
        with np.errstate(over="ignore"):
            row: Vector = np.array(values, dtype=np.float32)
        if not np.isfinite(row).all():
            what = f"{modality!r} holds NaN or infinity"
            if self.nan == "missing":
                self.findings.warning(what, where, "Treated as missing.")
            else:
                self.findings.error(
                    what, where, "Repair the vectors, or treat them as missing (nan='missing')."
                )
            return None
        width = self.widths[modality]
        if row.shape != (width,):
            self.findings.error(
                f"{modality!r} must have {width} values, got {row.size if row.ndim == 1 else row.shape}",
                where,
                "Extract it again with the extractor of the others, or remove it (missing is allowed).",
            )
            return None
        return row

    def emotion(self, emotion: Emotion, where: str) -> Emotion:
        """An annotation that belongs to the label space; others are reported and become ``None``."""
        if emotion is None or self.labels is None or emotion in self.labels.names:
            return emotion
        if not self.labels.is_score:
            hint = did_you_mean(str(emotion), self.labels.names)
            self.findings.error(
                f"unknown emotion {emotion!r}", where, f"{hint} Or leave it unlabelled (null)."
            )
            return None
        try:
            self.labels.encode([emotion])
        except ValueError as error:
            self.findings.error(str(error).rstrip("."), where, "Correct it or leave it unlabelled (null).")
            return None
        return float(emotion)

    def dialogue(
        self, id: str, turns: Sequence[Utterance], where: str, session: str | None = None
    ) -> Dialogue | None:
        """A dialogue of checked turns, or ``None`` where it cannot be used."""
        if id in self._dialogue_ids:
            self.findings.error(f"dialogue id {id!r} occurs twice", where, "Give it an id of its own.")
            return None
        self._dialogue_ids.add(id)
        if not turns:
            self.findings.error(f"dialogue {id!r} has no utterances", where, "Add turns or remove it.")
            return None
        try:
            return Dialogue.from_utterances(id, turns, widths=self.widths, session=session)
        except ValueError as error:
            self.findings.error(str(error).rstrip("."), where, "Correct the dialogue.")
            return None

    def corpus(
        self, card: Card, labels: LabelSpace, dialogues: Sequence[Dialogue], parts: Mapping[str, str]
    ) -> InMemoryCorpus:
        """The corpus of `dialogues`.

        Args:
            card: provenance.
            labels: the label space of every dialogue.
            dialogues: in their order.
            parts: ``{dialogue id: part}`` of the official split; may be empty or cover some dialogues only.
        """
        official = {
            part: tuple(sorted(d.id for d in dialogues if parts.get(d.id) == part))
            for part in PARTS
            if part in parts.values()
        }
        return InMemoryCorpus(
            card=card,
            labels=labels,
            widths=self.widths,
            dialogues=tuple(dialogues),
            official={part: ids for part, ids in official.items() if ids},
            fingerprint=fingerprint(labels, self.widths, dialogues, official),
        )


def fingerprint(
    labels: LabelSpace,
    widths: Mapping[str, int],
    dialogues: Sequence[Dialogue],
    official: Mapping[str, Sequence[str]],
) -> str:
    """Hash over the contents of a corpus; the same contents in another file format hash the same."""
    digest = hashlib.sha256()
    header = [labels.names, labels.interval, sorted(labels.polarity.items()), list(widths.items())]
    digest.update(json.dumps([header, sorted((part, list(ids)) for part, ids in official.items())]).encode())
    for d in dialogues:
        names = [d.id, d.session, d.utterance_ids, d.speakers, d.speaker.tolist(), d.emotion, d.text]
        digest.update(json.dumps([names, d.reply_to.tolist()]).encode())
        available = d.available.numpy()
        digest.update(available.tobytes())
        for times in (d.start, d.end):
            digest.update(np.nan_to_num(times.numpy(), nan=-1e30).tobytes())
        for column, rows in enumerate(d.features.values()):  # NumPy: torch would start its threads for each
            digest.update(rows.numpy()[available[:, column]].tobytes())
    return digest.hexdigest()

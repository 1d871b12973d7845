"""Validation of turns, dialogues and corpora, shared by all readers."""

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
"""Meaning of a vector with NaN or infinity: a missing modality, or an error."""

Vector = NDArray[np.float32]

PARTS = ("train", "val", "test")
"""Names of the sets of an official split."""


class Assembly:
    """Validates turns, builds dialogues from them, and builds the corpus.

    Invalid data is reported to `findings` and skipped, so that a single pass finds all problems.

    Args:
        labels: label space; ``None`` to skip the validation of labels.
        widths: features per modality, in the order of the columns of ``available``.
        findings: collector of problems.
        nan: meaning of a vector with NaN or infinity.
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
        """Features of one turn as float32 ``[D]``, or ``None`` if they are invalid.

        Args:
            values: list or array of numbers.
            modality: one of `widths`.
            where: source for messages: the file, or the file, line and field.
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
        """The annotation; ``None``, with a report, if it is not in the label space."""
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
        """Dialogue of validated turns, or ``None`` if it is invalid."""
        if id in self._dialogue_ids:
            self.findings.error(f"dialogue id {id!r} occurs twice", where, "Give it a unique id.")
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
        """Build the corpus.

        Args:
            card: provenance.
            labels: label space of all dialogues.
            dialogues: dialogues in the order of the corpus.
            parts: official split, ``{dialogue id: train, val or test}``; may be empty, or cover some
                dialogues only.
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
    """Hash of the contents of a corpus, independent of the file format."""
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
        # NumPy, because torch would start threads for each matrix
        for column, rows in enumerate(d.features.values()):
            digest.update(rows.numpy()[available[:, column]].tobytes())
    return digest.hexdigest()

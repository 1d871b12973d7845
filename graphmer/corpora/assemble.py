"""Validation of turns, dialogues and corpora, shared by all readers."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.pooling import POOLING_REMEDY, Pooling, pool
from graphmer.corpora.problems import Findings, did_you_mean
from graphmer.dialogue import Dialogue, Emotion, LabelSpace, Utterance

NanPolicy = Literal["missing", "error"]
"""Meaning of a vector with NaN or infinity: a missing modality, or an error."""

ZerosPolicy = Literal["keep", "missing"]
"""Meaning of a vector of zeros: recorded features, or a missing modality."""

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
        zeros: meaning of a vector of zeros.
        pooling: reduction of frame-level features.
        aliases: other names of classes, ``{alias: class}``. Names that differ from a class in case and spaces
            only need no alias.

    Raises:
        ValueError: if a policy is unknown, or an alias stands for no class.
    """

    def __init__(
        self,
        labels: LabelSpace | None,
        widths: Mapping[str, int],
        findings: Findings,
        nan: NanPolicy = "missing",
        *,
        zeros: ZerosPolicy = "keep",
        pooling: Pooling = "error",
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        for name, value, kind in (
            ("nan", nan, NanPolicy),
            ("zeros", zeros, ZerosPolicy),
            ("pooling", pooling, Pooling),
        ):
            if value not in get_args(kind):
                allowed = " or ".join(map(repr, get_args(kind)))
                raise ValueError(f"`{name}` must be {allowed}; got {value!r}.")
        self.labels = labels
        self.widths = dict(widths)
        self.findings = findings
        self.nan = nan
        self.zeros = zeros
        self.pooling = pooling
        self._classes = _classes(labels.names if labels else (), aliases or {})
        self._dialogue_ids: set[str] = set()

    def vector(self, values: Any, modality: str, where: str) -> Vector | None:
        """Features of one turn as float32 ``[D]``, or ``None`` if they are invalid.

        Args:
            values: numbers ``[D]``, or frames ``[T, D]``, as a list or an array.
            modality: one of `widths`.
            where: source for messages: the file, or the file, line and field.
        """
        pooled = self._pooled(values, modality, where)
        if pooled is None:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            row: Vector = np.array(pooled, dtype=np.float32)
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
        if self.zeros == "missing" and not row.any():
            self.findings.warning(f"{modality!r} is all zeros", where, "Treated as missing.")
            return None
        return row

    def matrix(self, rows: NDArray[Any], modality: str) -> Vector | None:
        """Features of several turns as float32 ``[K, D]``; ``None`` unless all of them are valid.

        What is invalid is found, and reported, by `vector`.

        Args:
            rows: numbers ``[K, D]``.
            modality: one of `widths`.
        """
        if rows.shape[1] != self.widths[modality]:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            found: Vector = rows.astype(np.float32)
        whole = np.isfinite(found).all() and (self.zeros == "keep" or found.any(axis=1).all())
        return found if whole else None

    def _pooled(self, values: Any, modality: str, where: str) -> NDArray[Any] | None:
        try:
            array = np.asarray(values)
            if array.dtype.kind == "O":  # whole numbers beyond 64 bits
                array = array.astype(np.float64)
        except (TypeError, ValueError, OverflowError):
            self.findings.error(f"{modality!r} must have frames of one width", where, "Extract it again.")
            return None
        if array.dtype.kind not in "biuf":
            self.findings.error(
                f"{modality!r} must hold numbers; got {array.dtype}", where, "Extract it again."
            )
            return None
        if array.ndim != 2:
            return array
        try:
            return pool(array, self.pooling)
        except ValueError as error:
            remedy = POOLING_REMEDY if array.size else "Leave the modality out, or extract it again."
            self.findings.error(f"{modality!r} {error}", where, remedy)
            return None

    def emotion(self, emotion: Emotion, where: str) -> Emotion:
        """The annotation; ``None``, with a report, if it is not in the label space."""
        if emotion is None or self.labels is None or emotion in self.labels.names:
            return emotion
        if not self.labels.is_score:
            known = self._classes.get(normal_form(emotion))
            if known is not None:
                self.findings.note(f"label {emotion!r}", where, f"Read as {known!r}.")
                return known
            hint = did_you_mean(str(emotion), self.labels.names)
            self.findings.error(
                f"unknown emotion {emotion!r}",
                where,
                f"{hint} Or name it in `labels.aliases`, or leave it unlabelled (null).",
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


def normal_form(name: Emotion) -> str:
    """A name without its case and its spaces, underscores and hyphens.

    Example:
        >>> normal_form(" Very  Happy"), normal_form("very_happy")
        ('very happy', 'very happy')
    """
    return re.sub(r"[\s_-]+", " ", str(name)).strip().casefold()


def _classes(names: Sequence[str], aliases: Mapping[str, str]) -> dict[str, str]:
    """Class of each normal form of a name or alias; forms that two classes share are left out.

    Raises:
        ValueError: if an alias stands for no class, or is a class itself.
    """
    forms = [normal_form(name) for name in names]
    classes = {form: name for form, name in zip(forms, names, strict=True) if forms.count(form) == 1}
    for alias, name in aliases.items():
        if name not in names:
            raise ValueError(
                f"the alias {alias!r} must stand for a class; got {name!r}. {did_you_mean(name, names)}"
            )
        if alias in names and alias != name:
            raise ValueError(f"the alias {alias!r} is itself a class. Remove it from the classes.")
        classes[normal_form(alias)] = name
    return classes


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
        if d.causes:
            digest.update(json.dumps(sorted(d.causes.items())).encode())
        available = d.available.numpy()
        digest.update(available.tobytes())
        for times in (d.start, d.end):
            digest.update(np.nan_to_num(times.numpy(), nan=-1e30).tobytes())
        # NumPy, because torch would start threads for each matrix
        for column, rows in enumerate(d.features.values()):
            digest.update(rows.numpy()[available[:, column]].tobytes())
    return digest.hexdigest()

"""Schema of ``dataset.yaml``, the description of a corpus in graphmer's format."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from graphmer.corpora.assemble import PARTS
from graphmer.corpora.base import Card, Corpus
from graphmer.corpora.records import Name, describe
from graphmer.dialogue import LabelSpace
from graphmer.errors import CorpusError
from graphmer.features.provenance import Provenance

HEADER = "dataset.yaml"
"""File name of the description of the corpus."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LabelHeader(_Section):
    """Label space: either `names` or `interval`."""

    names: tuple[str, ...] = ()
    """Class names in the order of the class numbers."""
    interval: tuple[FiniteFloat, FiniteFloat] | None = None
    """Lowest and highest score."""
    polarity: dict[str, Annotated[int, Field(ge=-1, le=1)]] = {}
    """Valence of class names: -1, 0 or 1."""
    aliases: dict[Name, str] = {}
    """Other names of classes in the dialogues, ``{alias: class}``. Other case and spaces need no alias."""


class ModalityHeader(_Section):
    """One modality."""

    width: Annotated[int, Field(gt=0, le=1_000_000)]
    """Number of features."""
    extractor: str = ""
    """Provenance of the features: tool, version, settings."""
    provenance: Provenance | None = None
    """Identity of the extractor, as `graphmer features` writes it."""


class Header(_Section):
    """Contents of ``dataset.yaml``."""

    name: str
    """Name of the corpus."""
    licence: str = ""
    """Name of the licence or terms of use, if there is one."""
    citation: str = ""
    """Publication to cite."""
    url: str = ""
    """Source of the corpus."""
    note: str = ""
    """Known pitfalls."""
    counts: dict[str, Annotated[int, Field(ge=0, le=10**12)]] = {}
    """Expected ``dialogues``, ``utterances`` or ``labelled``; differences are noted by a check."""
    simulated: bool = False
    """Whether the dialogues were simulated."""
    labels: LabelHeader
    modalities: dict[Annotated[str, Field(pattern=r"^[\w.+-]+$")], ModalityHeader]
    """Modalities by name, in the order of the columns of ``available``."""
    dialogues: tuple[str, ...] = Field(default=("dialogues.jsonl",), min_length=1)
    """Files of dialogues, in order, relative to the folder."""

    @property
    def card(self) -> Card:
        """Provenance of the corpus."""
        fields = ("name", "licence", "citation", "url", "note", "counts", "simulated")
        known = {m: header.provenance for m, header in self.modalities.items() if header.provenance}
        return Card(**{field: getattr(self, field) for field in fields}, extractors=known)

    @property
    def widths(self) -> dict[str, int]:
        """Features per modality."""
        return {modality: header.width for modality, header in self.modalities.items()}

    def label_space(self, where: str) -> LabelSpace:
        """Label space of the corpus.

        Args:
            where: file of the header, for messages.

        Raises:
            CorpusError: if names and interval contradict each other.
        """
        try:
            return LabelSpace(self.labels.names, self.labels.interval, self.labels.polarity)
        except ValueError as error:
            raise CorpusError(f"{where}: labels: {error}") from None


def header_of(
    corpus: Corpus, extractors: Mapping[str, str], *, dialogues: tuple[str, ...] = ("dialogues.jsonl",)
) -> Header:
    """Header of a corpus.

    Args:
        corpus: that is written.
        extractors: descriptions of the extractors by modality; their `Provenance` is in the card.
        dialogues: files of dialogues, where there are some.

    Raises:
        CorpusError: if the corpus cannot be expressed in graphmer's formats.
    """
    card, labels = corpus.card, corpus.labels
    unknown = sorted(set(corpus.official) - set(PARTS))
    if unknown:
        raise CorpusError(f"Parts of an official split must be named {PARTS}; got {unknown[0]!r}. Rename it.")
    try:
        return Header(
            name=card.name,
            licence=card.licence,
            citation=card.citation,
            url=card.url,
            note=card.note,
            counts=dict(card.counts),
            simulated=card.simulated,
            labels=LabelHeader(names=labels.names, interval=labels.interval, polarity=dict(labels.polarity)),
            modalities={
                modality: ModalityHeader(
                    width=width,
                    extractor=extractors.get(modality, ""),
                    provenance=card.extractors.get(modality),
                )
                for modality, width in corpus.widths.items()
            },
            dialogues=dialogues,
        )
    except ValidationError as error:
        raise CorpusError(f"{card.name}: cannot be written in graphmer's format: {error}") from None


def read_header(path: str | Path) -> Header:
    """Read ``dataset.yaml`` in the folder `path`.

    Raises:
        CorpusError: if the file is invalid; the message names all invalid fields.
    """
    file = Path(path) / HEADER
    if not file.is_file():
        raise CorpusError(
            f"{file}: no such file. Give a folder with {HEADER}, or make one: `graphmer data convert`."
        )
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise CorpusError(f"{file}: no valid YAML ({' '.join(str(error).split())}). Correct it.") from None
    return checked_header(content, str(file))


def checked_header(content: object, where: str) -> Header:
    """Header of parsed content.

    Raises:
        CorpusError: if it is invalid; the message names all invalid fields.
    """
    try:
        return Header.model_validate(content)
    except ValidationError as error:
        problems = describe(error, _KNOWN)
        raise CorpusError(
            "\n".join(f"{where}: {field}: {what}. {action}" for field, what, action in problems)
        ) from None


_KNOWN = {
    1: Header.model_fields,
    2: LabelHeader.model_fields,
    3: ModalityHeader.model_fields,
    4: Provenance.model_fields,
}

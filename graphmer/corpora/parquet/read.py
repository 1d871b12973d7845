"""Reader of corpora and dialogues in Parquet and Arrow files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from graphmer.corpora.assemble import Assembly, NanPolicy, ZerosPolicy, normal_form
from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.cards import SCORE_INTERVAL, polarity
from graphmer.corpora.header import Header
from graphmer.corpora.integrity import verify_checksums
from graphmer.corpora.parquet.dialogues import read_turns
from graphmer.corpora.parquet.files import TurnFile, turn_files
from graphmer.corpora.parquet.mapped import MappedTurns
from graphmer.corpora.parquet.schema import PREFIX, Columns, read_columns, stored_header
from graphmer.corpora.problems import Findings, collecting, did_you_mean
from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.errors import CorpusError

_ROWS = 8192


def read_parquet(
    path: str | Path,
    *,
    nan: NanPolicy = "missing",
    zeros: ZerosPolicy = "keep",
    aliases: Mapping[str, str] | None = None,
    mapped: bool = False,
    findings: Findings | None = None,
) -> InMemoryCorpus:
    """Read a corpus from a Parquet file, or from a folder of Parquet or Arrow files.

    Of a folder without our header, such as one of Hugging Face ``datasets``, the classes are those of its
    ``ClassLabel``, or the names found, sorted; scores are in [-3, 3].

    Args:
        path: file, or folder of shards.
        nan: meaning of a vector with NaN or infinity.
        zeros: meaning of a vector of zeros.
        aliases: other names of classes, ``{alias: class}``.
        mapped: keep the features on disk and read them on access, for corpora larger than memory.
        findings: collector of all problems; if omitted, errors raise.

    Raises:
        CorpusError: if a file or a row is invalid; the message names file, row, column and remedy.
        ConfigError: if pyarrow is not installed.
    """
    source = Path(path)
    files = turn_files(source)
    if source.is_dir():
        verify_checksums(source)
    with collecting(findings) as found:
        columns = [read_columns(file, found) for file in files]
        header = common_header(files)
        labels = _labels(files, columns, aliases or {}) if header is None else header.label_space(str(source))
        known = {alias: name for alias, name in (aliases or {}).items() if header or name in labels.names}
        widths = _widths(files, columns, header)
        stored = {} if header is None else header.labels.aliases
        try:
            assembly = Assembly(labels, widths, found, nan, zeros=zeros, aliases={**stored, **known})
        except ValueError as error:
            raise CorpusError(f"{source}: labels: {error}") from None
        dialogues: list[Dialogue] = []
        parts: dict[str, str] = {}
        on_disk = MappedTurns(files, widths) if mapped else None
        for dialogue, part in read_turns(files, columns, assembly, mapped=on_disk):
            if dialogue is not None:
                dialogues.append(dialogue)
                parts |= {} if part is None else {dialogue.id: part}
        card = Card(source.stem) if header is None else header.card
        return assembly.corpus(card, labels, dialogues, parts)


def read_parquet_dialogues(
    path: str | Path,
    widths: Mapping[str, int],
    *,
    nan: NanPolicy = "missing",
    zeros: ZerosPolicy = "keep",
    findings: Findings | None = None,
) -> Iterator[Dialogue]:
    """Iterator over the dialogues of Parquet or Arrow files, without annotations; batch by batch.

    Args:
        path: file, or folder of shards.
        widths: features per modality, in the order of the columns of ``available``.
        nan: meaning of a vector with NaN or infinity.
        zeros: meaning of a vector of zeros.
        findings: collector of all problems; if omitted, the first invalid dialogue raises.

    Raises:
        CorpusError: as `read_parquet`, or if a modality is unknown or has another width.
    """
    with collecting(findings) as found:
        for dialogue in dialogues_of(turn_files(Path(path)), widths, found, nan=nan, zeros=zeros):
            if findings is None:
                found.raise_errors()
            if dialogue is not None:
                yield dialogue


def dialogues_of(
    files: Sequence[TurnFile],
    widths: Mapping[str, int],
    findings: Findings,
    *,
    nan: NanPolicy = "missing",
    zeros: ZerosPolicy = "keep",
) -> Iterator[Dialogue | None]:
    """Iterator over the dialogues of files without annotations; ``None`` for an invalid one.

    Arguments as those of `read_parquet_dialogues`.

    Raises:
        CorpusError: if a file is damaged, or a modality is unknown or has another width.
    """
    columns = [read_columns(file, findings) for file in files]
    for file, each in zip(files, columns, strict=True):
        _require_widths(file, each.widths, widths)
    assembly = Assembly(None, widths, findings, nan, zeros=zeros)
    for dialogue, _ in read_turns(files, columns, assembly, without=("label", "causes")):
        yield dialogue


def common_header(files: Sequence[TurnFile]) -> Header | None:
    """Header that the files share; ``None`` if they have none.

    Raises:
        CorpusError: if they are of different corpora.
    """
    headers = [stored_header(file) for file in files]
    for file, header in zip(files, headers, strict=True):
        if header != headers[0]:
            raise CorpusError(
                f"{file.path}: is of another corpus than {files[0].path}: their headers differ. Keep "
                "the files of each corpus in a folder of their own."
            )
    return headers[0]


def _require_widths(file: TurnFile, found: Mapping[str, int], widths: Mapping[str, int]) -> None:
    for modality, width in found.items():
        where = f"{file.path}: column {PREFIX + modality!r}"
        if modality not in widths:
            raise CorpusError(f"{where}: unknown modality {modality!r}. {did_you_mean(modality, widths)}")
        if width not in (0, widths[modality]):
            raise CorpusError(
                f"{where}: must have lists of {widths[modality]} numbers; got {width}. Use the features the "
                "model was trained on."
            )


def _widths(files: Sequence[TurnFile], columns: Sequence[Columns], header: Header | None) -> dict[str, int]:
    """Features per modality: those of the header, or those found."""
    if header is not None:
        for file, each in zip(files, columns, strict=True):
            for modality in header.widths:
                if modality not in each.widths:
                    raise CorpusError(
                        f"{file.path}: column {PREFIX + modality!r} is absent, which the header names. Write "
                        "the file again."
                    )
            _require_widths(file, each.widths, header.widths)
        return header.widths
    widths: dict[str, int] = {}
    for file, each in zip(files, columns, strict=True):
        for modality, width in each.widths.items():
            widths[modality] = widths.get(modality) or width or _first_length(file, PREFIX + modality)
    kept = {modality: width for modality, width in widths.items() if width}
    for file, each in zip(files, columns, strict=True):
        _require_widths(file, {m: width for m, width in each.widths.items() if m in kept}, kept)
    return kept


def _first_length(file: TurnFile, column: str) -> int:
    """Length of the first list of a column of any lengths; 0 if there is none."""
    for batch in file.batches([column], 64):
        for value in batch.column(column):
            if value.is_valid:
                return len(value)
    return 0


def _labels(files: Sequence[TurnFile], columns: Sequence[Columns], aliases: Mapping[str, str]) -> LabelSpace:
    """Label space of files without a header."""
    named = next((each.classes for each in columns if each.classes), None)
    if named is not None:
        return LabelSpace(named, polarity=polarity(named))
    known = {normal_form(alias): name for alias, name in aliases.items()}
    spelling: dict[str, str] = {}
    for name in sorted(_values(files, columns), reverse=True):
        spelling.setdefault(normal_form(name), known.get(normal_form(name), name))  # lower case first
    names = tuple(sorted(set(spelling.values())))
    return LabelSpace(names, polarity=polarity(names)) if names else LabelSpace(interval=SCORE_INTERVAL)


def _values(files: Sequence[TurnFile], columns: Sequence[Columns]) -> set[str]:
    """Names among the labels.

    Raises:
        CorpusError: if they are class numbers without names.
    """
    found: set[str] = set()
    for file, each in zip(files, columns, strict=True):
        if "label" not in each.names:
            continue
        for batch in file.batches(["label"], _ROWS):
            values = set(batch.column("label").unique().to_pylist())
            if any(isinstance(value, int) for value in values):
                raise CorpusError(
                    f"{file.path}: column 'label' has class numbers without names. Store the names of the "
                    "classes, or scores as floats."
                )
            found |= {value for value in values if isinstance(value, str)}
    return found

"""``graphmer predict``."""

from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import typer

from graphmer.cli.dialogues import Encoder, read_dialogues_for
from graphmer.cli.features import Cache, MergeGap, Roster, Unnamed, reading_options
from graphmer.cli.options import Device, ModelPath, Pooling, Zeros, make_fabric
from graphmer.errors import ConfigError


def predict(
    run: ModelPath,
    dialogues: Annotated[
        Path,
        typer.Argument(
            metavar="DIALOGUES",
            help="JSON lines, or a JSON document or array of dialogues; plain or gzip. - is standard input. "
            "Or a transcript, such as chat.txt, whose features are extracted.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="File of the predictions; the terminal by default.")
    ] = None,
    form: Annotated[
        Literal["jsonl", "csv", "table"], typer.Option("--format", help="jsonl, csv, or table for reading.")
    ] = "jsonl",
    condition: Annotated[str, typer.Option(help="Hide modalities: a, at, rate:0.5, ...")] = "complete",
    what_if: Annotated[
        bool,
        typer.Option(
            "--what-if",
            help="Also predict from every subset of the available modalities, and name the missing modality "
            "that would help most.",
        ),
    ] = False,
    raw_csv: Annotated[
        bool,
        typer.Option(
            "--raw-csv",
            help="Leave texts in CSV as they are, even if a spreadsheet would run them as formulas.",
        ),
    ] = False,
    shard: Annotated[
        str, typer.Option(metavar="I/N", help="Only every N-th dialogue, starting with the I-th.")
    ] = "1/1",
    text: Encoder = None,
    speakers: Unnamed = "refuse",
    roster: Roster = None,
    merge_gap: MergeGap = 2.0,
    cache: Cache = None,
    pooling: Pooling = None,
    zeros: Zeros = None,
    fold: Annotated[int | None, typer.Option(help="Fold of the model; the first by default.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the model; the first by default.")] = None,
    device: Device = "cpu",
) -> None:
    """Predict the emotions, and changes of emotion, of new dialogues.

    JSON lines are read and predicted one at a time, so any number of dialogues fits into memory. If one is
    invalid, the predictions of those before it are kept. Vectors that were treated as missing are counted
    at the end. Of a transcript, the features that the model was trained on are extracted first.

    \b
    examples:
      graphmer predict runs/iemocap chat.jsonl --format table
      graphmer predict runs/meld_text chat.txt --format table
      graphmer predict runs/iemocap chat.jsonl --what-if --format table
      zcat calls.jsonl.gz | graphmer predict runs/iemocap -
      graphmer predict runs/iemocap calls.jsonl --out predicted.jsonl --shard 1/4
    """  # noqa: D301
    number, shards = _read_shard(shard)
    from graphmer.cli.writers import writing
    from graphmer.dialogue.conditions import protocol
    from graphmer.inference import load

    predictor = load(run, fold=fold, seed=seed, device=make_fabric(device, "32-true").device)
    widths, labels = predictor.trained.widths, predictor.trained.labels
    try:
        missing = protocol(condition, tuple(widths))
    except ValueError as error:
        raise ConfigError(f"--condition: {error}") from None
    simulated = bool(predictor.trained.facts.get("simulated", False))
    _warn(simulated)
    options = reading_options(speakers, roster, merge_gap)
    read = read_dialogues_for(predictor, dialogues, text, cache, options, zeros=zeros, pooling=pooling)
    chosen = islice(read, number - 1, None, shards)
    predict_many = predictor.what_if_many if what_if else predictor.predict_many
    with writing(out, form, labels, simulated=simulated, raw_csv=raw_csv) as write:
        for prediction in predict_many(chosen, missing=missing):
            write(prediction)


def _read_shard(text: str) -> tuple[int, int]:
    number, _, shards = text.partition("/")
    if not (number.isdigit() and shards.isdigit() and 1 <= int(number) <= int(shards)):
        raise ConfigError(f"--shard: must be I/N with 1 <= I <= N, such as 1/4; got {text}.")
    return int(number), int(shards)


def _warn(simulated: bool) -> None:
    if simulated:
        from graphmer.cli.terminal import errors

        errors.print(
            "This model was trained on SIMULATED dialogues; its predictions do not apply to real speech.",
            style="yellow",
        )

"""``graphmer predict``."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from graphmer.cli.dialogues import (
    Encoder,
    FaceNetwork,
    Film,
    Sound,
    SoundEncoder,
    read_dialogues_for,
)
from graphmer.cli.options import Address, Device, Engine, ModelPath, Pooling, Zeros, inference_device
from graphmer.cli.reading import Cache, reads_transcripts
from graphmer.errors import ConfigError

if TYPE_CHECKING:
    from graphmer.dialogue import MissingProtocol
    from graphmer.inference import DialoguePrediction, Predictor, WhatIf
    from graphmer.transcripts import ReadingOptions


MOST_WORKERS = 4
"""Most batches that are predicted at a time: reading and writing take the time of about one of them."""


@reads_transcripts
def predict(
    run: ModelPath,
    dialogues: Annotated[
        Path,
        typer.Argument(
            metavar="DIALOGUES",
            help="JSON lines, or a JSON document or array of dialogues; plain or gzip. - is standard input. "
            "Or Parquet or a folder of it, or a transcript, such as chat.txt, whose features are extracted.",
        ),
    ],
    reading: "ReadingOptions",
    out: Annotated[
        Path | None, typer.Option(help="File of the predictions; the terminal by default.")
    ] = None,
    form: Annotated[
        Literal["jsonl", "csv", "table", "parquet", "vtt", "srt", "eaf", "textgrid"] | None,
        typer.Option(
            "--format",
            help="table for reading; vtt and srt: subtitles with emotions; eaf: ELAN; textgrid: Praat. By "
            "default by the ending of --out, else jsonl.",
        ),
    ] = None,
    condition: Annotated[str, typer.Option(help="Hide modalities: a, at, rate:0.5, ...")] = "complete",
    what_if: Annotated[
        bool,
        typer.Option(
            "--what-if",
            help="Also predict from every subset of the available modalities, and name the missing modality "
            "that would help most.",
        ),
    ] = False,
    leave_out: Annotated[
        bool,
        typer.Option(
            "--leave-out",
            help="Also name the turns that speak for each change and emotion: those without which its "
            "probability falls most. A model with a cause head names them without it.",
        ),
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option(
            help="Instead of emotions, list which missing modalities to acquire, of which turns: those of "
            "most expected gain per cost, up to this sum of costs. As table, jsonl or csv.",
        ),
    ] = None,
    cost: Annotated[
        str, typer.Option(metavar="A=1,V=3", help="With --budget: cost of each modality; 1 by default.")
    ] = "",
    ignore_pattern: Annotated[
        bool,
        typer.Option(
            "--ignore-pattern",
            help="Do not read which modalities are missing, of a model with model.missing_pattern: where "
            "they are lost for other reasons than in training.",
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
    audio: Sound = None,
    audio_model: SoundEncoder = None,
    video: Film = None,
    video_model: FaceNetwork = None,
    cache: Cache = None,
    pooling: Pooling = None,
    zeros: Zeros = None,
    fold: Annotated[int | None, typer.Option(help="Fold of the model; the first by default.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the model; the first by default.")] = None,
    device: Device = "cpu",
    engine: Engine = "local",
    address: Address = None,
) -> None:
    """Predict the emotions, and changes of emotion, of new dialogues.

    JSON lines and Parquet are read and predicted batch by batch, so any number of dialogues fits into
    memory. If one is invalid, the predictions of those before it are kept. Vectors that were treated as
    missing are counted at the end. Of a transcript, the features that the model was trained on are extracted
    first.

    \b
    examples:
      graphmer predict runs/iemocap chat.jsonl --format table
      graphmer predict runs/meld_text chat.txt --format table
      graphmer predict runs/meld_audio call.vtt --audio call.wav --format table
      graphmer predict runs/meld_text whisper.json --rttm call.rttm --format table
      graphmer predict runs/meld_text call.vtt --out call.eaf
      graphmer predict runs/iemocap chat.jsonl --what-if --format table
      graphmer predict runs/meld_text chat.txt --leave-out --format table
      graphmer predict runs/iemocap calls.jsonl --budget 20 --cost a=1,t=0.2
      zcat calls.jsonl.gz | graphmer predict runs/iemocap -
      graphmer predict runs/iemocap calls.jsonl --out predicted.jsonl --shard 1/4
      graphmer predict runs/iemocap calls.parquet --out predicted.parquet
      graphmer predict runs/iemocap calls.jsonl --out predicted --engine ray
    """  # noqa: D301
    number, shards = _read_shard(shard)
    _check_options(what_if, leave_out, ignore_pattern, budget, cost, engine)
    from graphmer.cli.writers import format_of, writing
    from graphmer.inference import load

    predictor = load(run, fold=fold, seed=seed, device=inference_device(device))
    if ignore_pattern:
        _ignore_pattern(predictor)
    labels = predictor.trained.labels
    missing = _protocol(condition, tuple(predictor.trained.widths))
    simulated = bool(predictor.trained.facts.get("simulated", False))
    _warn(simulated)
    if engine == "ray":
        if out is None or what_if or raw_csv or shards > 1 or form not in (None, "jsonl", "parquet"):
            raise ConfigError(
                "--engine ray: needs --out DIR, and --format jsonl or parquet; it has neither --shard nor "
                "--what-if nor --raw-csv."
            )
        from graphmer.cli.on_ray import Job, opened, predict_on_ray

        facts = predictor.trained.facts
        policies = (zeros or facts.get("zeros", "keep"), pooling or facts.get("pooling", "error"))
        given, to = dialogues if str(dialogues) == "-" else dialogues.absolute(), out.absolute()
        source = opened(given, to, predictor)
        model = str(run.absolute()) if run.exists() else str(run)
        job = Job(model, fold, seed, device, given, source, to, form or "jsonl", condition, *policies)
        predict_on_ray(job, predictor, address)
        return
    read = read_dialogues_for(
        predictor,
        dialogues,
        text,
        cache,
        reading,
        audio=audio,
        audio_model=audio_model,
        video=video,
        video_model=video_model,
        zeros=zeros,
        pooling=pooling,
    )
    chosen = islice(read, number - 1, None, shards)
    if budget is not None:
        from graphmer.cli.budget import plan

        plan(predictor, chosen, out, form, budget, cost, missing=missing)
        _warn_of_pattern(predictor)
        return
    found: Iterator[DialoguePrediction | WhatIf]
    if what_if:
        found = predictor.what_if_many(chosen, missing=missing)
    elif leave_out:
        found = predictor.leave_out_many(chosen, missing=missing)
    else:
        found = predictor.predict_many(chosen, missing=missing, workers=_workers(predictor))
    with writing(out, form or format_of(out), labels, simulated=simulated, raw_csv=raw_csv) as write:
        for prediction in found:
            write(prediction)
    _warn_of_pattern(predictor)


def _check_options(
    what_if: bool, leave_out: bool, ignore_pattern: bool, budget: float | None, cost: str, engine: str
) -> None:
    """Refuse options that do not go together."""
    if what_if and leave_out:
        raise ConfigError("--leave-out: is not for --what-if. Give one of them.")
    if budget is not None and (what_if or leave_out or engine == "ray"):
        raise ConfigError("--budget: is for neither --what-if nor --leave-out nor --engine ray.")
    if cost and budget is None:
        raise ConfigError("--cost: is the cost of what a --budget acquires. Give one.")
    if ignore_pattern and engine == "ray":
        raise ConfigError("--ignore-pattern: is not for --engine ray.")


def _ignore_pattern(predictor: "Predictor") -> None:
    try:
        predictor.ignore_pattern()
    except ValueError as error:
        raise ConfigError(f"--ignore-pattern: {error}") from None


def _protocol(condition: str, modalities: tuple[str, ...]) -> "MissingProtocol":
    from graphmer.dialogue import NotAtRandom
    from graphmer.dialogue.conditions import protocol

    try:
        found = protocol(condition, modalities)
    except ValueError as error:
        raise ConfigError(f"--condition: {error}") from None
    if isinstance(found, NotAtRandom):
        raise ConfigError(
            f"--condition: {condition} depends on annotated emotions, which predict does not read. Use "
            "graphmer evaluate."
        )
    return found


def _workers(predictor: "Predictor") -> int:
    """Batches that are predicted at a time: one for each thread of torch on processors."""
    import torch

    return min(torch.get_num_threads(), MOST_WORKERS) if predictor.device.type == "cpu" else 1


def _read_shard(text: str) -> tuple[int, int]:
    number, _, shards = text.partition("/")
    if not (number.isdigit() and shards.isdigit() and 1 <= int(number) <= int(shards)):
        raise ConfigError(f"--shard: must be I/N with 1 <= I <= N, such as 1/4; got {text}.")
    return int(number), int(shards)


def _warn_of_pattern(predictor: "Predictor") -> None:
    """Say where modalities are missing otherwise than in training, of a model that reads it."""
    from graphmer.cli.terminal import errors

    warning = None if predictor.shift is None else predictor.shift.warning()
    if warning is not None:
        errors.print(f"Warning: {warning}", style="yellow", highlight=False, markup=False, soft_wrap=True)


def _warn(simulated: bool) -> None:
    if simulated:
        from graphmer.cli.terminal import errors

        errors.print(
            "This model was trained on SIMULATED dialogues; its predictions do not apply to real speech.",
            style="yellow",
        )

"""``graphmer export``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from graphmer.cli.options import ModelPath

_ENDINGS = {"torch": ".pt2", "onnx": ".onnx"}


def export(
    run: ModelPath,
    form: Annotated[
        Literal["torch", "onnx"],
        typer.Option(
            "--format", help="torch: a program of torch.export. onnx: a file for ONNX Runtime and others."
        ),
    ] = "onnx",
    out: Annotated[
        Path | None, typer.Option(help="The file to write; model.onnx or model.pt2 by default.")
    ] = None,
    fold: Annotated[int | None, typer.Option(help="Fold of the model; the first by default.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the model; the first by default.")] = None,
) -> None:
    """Export a trained model as one file that predicts without graphmer.

    Normalisation, network, decoder, change head and calibration are in it. It reads one dialogue of any
    number of turns, with a mask of what is available, and its edges.

    \b
    examples:
      graphmer export runs/iemocap
      graphmer export runs/iemocap --format torch --out iemocap.pt2
    """  # noqa: D301
    from graphmer.cli.terminal import errors
    from graphmer.export import export
    from graphmer.inference import load

    trained = load(run, fold=fold, seed=seed).trained
    path = out or Path(f"model{_ENDINGS[form]}")
    export(trained, path, form)
    errors.print(
        f"Exported: {path} ({path.stat().st_size / 1e6:.1f} MB): {trained.system.name}, "
        f"fold {trained.facts.get('fold')}, seed {trained.facts.get('seed')}.",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )

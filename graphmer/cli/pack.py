"""``graphmer pack``."""

from pathlib import Path
from typing import Annotated

import typer

from graphmer.cli.options import RunPath


def pack(
    run: RunPath,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, such as model.zip.")],
    fold: Annotated[int | None, typer.Option(help="Fold of the model; the first by default.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the model; the first by default.")] = None,
) -> None:
    """Pack a trained model into one file that predicts anywhere.

    The file holds the weights, settings, labels, normalisation, a model card with the scores and the licence
    of the corpus, and the extractors' models where they are folders or files; no pickles. It has a checksum.

    \b
    examples:
      graphmer pack runs/meld_text meld.zip
      graphmer predict meld.zip chat.txt --format table
    """  # noqa: D301
    from graphmer.cli.terminal import errors
    from graphmer.experiment.packing import pack

    trained = pack(run, file, fold, seed)
    facts = trained.facts
    corpus, terms = facts.get("corpus", "given dialogues"), dict(facts.get("terms", {}))
    what = f"{trained.system.name}, fold {facts.get('fold')}, seed {facts.get('seed')}"
    size = f"{file.stat().st_size / 1e6:.1f} MB"
    licence = terms.get("licence", "not stated")
    errors.print(
        f"Packed: {file} ({size}): {what}; trained on {corpus}, licence: {licence}.",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )

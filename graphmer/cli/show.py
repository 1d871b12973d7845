"""``graphmer show``."""

from pathlib import Path
from typing import Annotated

import typer

from graphmer.cli.options import ConfigFile, Overrides


def show(
    config: ConfigFile,
    dialogue: Annotated[str, typer.Option(help="Id of the dialogue; the first one if left out.")] = "",
    missing: Annotated[str, typer.Option(help="A missing-modality protocol to look through.")] = "complete",
    png: Annotated[Path | None, typer.Option(help="Where to draw its graph.")] = None,
    overrides: Overrides = None,
) -> None:
    """Show one dialogue as the model sees it: turns, availability, edges by relation."""
    from rich.table import Column, Table

    from graphmer.cli.terminal import console
    from graphmer.config.load import load_config
    from graphmer.corpora.problems import did_you_mean
    from graphmer.errors import ConfigError, CorpusError
    from graphmer.experiment import Components

    if png is not None and png.suffix not in (".png", ".svg", ".pdf"):
        raise ConfigError(f"--png: must end in .png, .svg or .pdf; got {png}.")
    components = Components(load_config(config, overrides or []))
    known = {found.id: found for found in components.corpus.dialogues}
    if dialogue and dialogue not in known:
        meant = did_you_mean(dialogue, known)
        raise CorpusError(f"--dialogue: {components.corpus.card.name} has no dialogue {dialogue!r}. {meant}")
    recorded = known[dialogue] if dialogue else next(iter(known.values()))
    chosen = components.protocol(missing, "--missing").apply(recorded, seed=0)
    graph = components.build(chosen)
    headers = ("turn", "speaker", *chosen.modalities, "emotion", "text")
    columns = [Column(header, overflow="fold") for header in headers]
    mark = "SIMULATED: " if components.corpus.card.simulated else ""
    turns = Table(*columns, title=f"{mark}{chosen.id}, {missing}")
    for position, name in enumerate(chosen.speaker.tolist()):
        there = ["yes" if available else "-" for available in chosen.available[position].tolist()]
        emotion = chosen.emotion[position]
        turns.add_row(
            str(position),
            chosen.speakers[name],
            *there,
            "-" if emotion is None else str(emotion),
            (chosen.text[position] or "")[:60],
        )
    console.print(turns)
    counts = graph.edge_type.bincount(minlength=len(components.build.relations)).tolist()
    for relation, count in zip(components.build.relations, counts, strict=True):
        console.print(f"{count:6d} edges {relation}", highlight=False)
    if png is not None:
        from graphmer.graph.picture import draw

        draw(graph, chosen, components.build.relations, png)
        console.print(f"Drawn: {png}", highlight=False, soft_wrap=True)

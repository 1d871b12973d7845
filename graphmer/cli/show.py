"""``graphmer show``."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphmer.cli.options import ConfigFile, Overrides

if TYPE_CHECKING:
    from rich.table import Table

    from graphmer.dialogue import Dialogue

MOST_TURNS = 8
"""Turns whose incoming edges one picture has room for."""


def show(
    config: ConfigFile,
    dialogue: Annotated[str, typer.Option(help="Id of the dialogue; the first one if left out.")] = "",
    missing: Annotated[str, typer.Option(help="A missing-modality protocol to look through.")] = "complete",
    png: Annotated[Path | None, typer.Option(help="Where to draw it (.png, .svg or .pdf).")] = None,
    turn: Annotated[
        list[str] | None,
        typer.Option(help="With --png: draw the edges into this turn (number in the table, or id); repeat."),
    ] = None,
    relation: Annotated[
        list[str] | None,
        typer.Option(help="With --png: draw this relation only, or those of an edge rule, or all; repeat."),
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Show one dialogue as the model sees it: turns, availability, edges by relation."""
    from graphmer.cli.features import extracted
    from graphmer.cli.terminal import console
    from graphmer.config.load import load_config
    from graphmer.corpora.problems import did_you_mean
    from graphmer.errors import CorpusError
    from graphmer.experiment import Components
    from graphmer.experiment.reading import read_corpus

    _check_picture(png, turn, relation)
    loaded = load_config(config, overrides or [])
    components = Components(loaded, read_corpus(loaded, extracted(loaded, "cpu")))
    known = {found.id: found for found in components.corpus.dialogues}
    if dialogue and dialogue not in known:
        meant = did_you_mean(dialogue, known)
        raise CorpusError(f"--dialogue: {components.corpus.card.name} has no dialogue {dialogue!r}. {meant}")
    recorded = known[dialogue] if dialogue else next(iter(known.values()))
    chosen = components.protocol(missing, "--missing").apply(recorded, seed=0)
    relations = components.build.relations
    turns, drawn = _turns(turn or (), chosen), _relations(relation or (), relations)
    graph = components.build(chosen)
    title = f"{'SIMULATED: ' * components.corpus.card.simulated}{chosen.id}, {missing}"
    console.print(_table(chosen, title))
    counts = graph.edge_type.bincount(minlength=len(relations)).tolist()
    for name, count in zip(relations, counts, strict=True):
        console.print(f"{count:6d} edges {name}", highlight=False, markup=False)
    if png is not None:
        from graphmer.report.picture import Scene, save

        scene = Scene(chosen, recorded.available, graph, relations, components.corpus.labels)
        notes = save(scene, png, title, turns, drawn)
        for line in (*notes, f"Drawn: {png}"):
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _check_picture(png: Path | None, turn: Sequence[str] | None, relation: Sequence[str] | None) -> None:
    from graphmer.errors import ConfigError

    if png is not None and png.suffix not in (".png", ".svg", ".pdf"):
        raise ConfigError(f"--png: must end in .png, .svg or .pdf; got {png}.")
    if png is None and (turn or relation):
        option = "--turn" if turn else "--relation"
        raise ConfigError(f"{option} chooses what is drawn; say where to draw it with --png.")


def _turns(wanted: Sequence[str], dialogue: "Dialogue") -> tuple[int, ...]:
    """Positions of the turns that are meant by number or id, in the order of the dialogue."""
    from graphmer.errors import ConfigError

    ids = {name: position for position, name in enumerate(dialogue.utterance_ids)}
    found = set()
    for one in wanted:
        position = int(one) if re.fullmatch(r"[0-9]{1,9}", one) else -1
        position = position if 0 <= position < len(ids) else ids.get(one, -1)
        if position < 0:
            raise ConfigError(
                f"--turn: must be a number from 0 to {len(ids) - 1} or an id such as "
                f"{dialogue.utterance_ids[0]!r}; got {one!r}."
            )
        found.add(position)
    if len(found) > MOST_TURNS:
        raise ConfigError(
            f"--turn: at most {MOST_TURNS} turns fit into a picture; got {len(found)}. Draw several pictures."
        )
    return tuple(sorted(found))


def _relations(wanted: Sequence[str], relations: Sequence[str]) -> tuple[str, ...]:
    """Names of the relations that are meant by name, by its beginning up to a ``/``, or by ``all``."""
    from graphmer.corpora.problems import did_you_mean
    from graphmer.errors import ConfigError

    if "all" in wanted and relations:
        return tuple(relations)
    parts = {name: name.split("/") for name in relations}
    groups = dict.fromkeys(
        "/".join(part[:size]) for part in parts.values() for size in range(1, len(part) + 1)
    )
    for one in wanted:
        if one not in groups:
            raise ConfigError(f"--relation: no relation {one!r}. {did_you_mean(one, groups)}")
    return tuple(name for name in relations if any(f"{name}/".startswith(f"{one}/") for one in wanted))


def _table(dialogue: "Dialogue", title: str) -> "Table":
    from rich.table import Column, Table
    from rich.text import Text

    headers = ("turn", "speaker", *dialogue.modalities, "emotion", "text")
    table = Table(*(Column(Text(header), overflow="fold") for header in headers), title=Text(title))
    for position, name in enumerate(dialogue.speaker.tolist()):
        there = ["yes" if available else "-" for available in dialogue.available[position].tolist()]
        emotion = dialogue.emotion[position]
        text = (dialogue.text[position] or "")[:60]
        cells = [
            str(position),
            dialogue.speakers[name],
            *there,
            "-" if emotion is None else str(emotion),
            text,
        ]
        table.add_row(*map(Text, cells))
    return table

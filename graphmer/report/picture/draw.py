"""A dialogue's picture from its parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from graphmer.report.picture.canvas import LEFT, NARROWEST, RIGHT, STEP, WIDEST, stack
from graphmer.report.picture.edges import Section, incoming
from graphmer.report.picture.incoming import incoming_blocks, left_out
from graphmer.report.picture.layout import Layout, window
from graphmer.report.picture.legend import emotion_keys, heading, keys_block, notes_block
from graphmer.report.picture.matrices import matrix_blocks
from graphmer.report.picture.scene import Scene
from graphmer.report.picture.timeline import step_of, timeline
from graphmer.storage import replacing


@dataclass(frozen=True)
class Choice:
    """Which edges are drawn.

    Args:
        turns: targets whose incoming edges are drawn.
        kinds: numbers of the relations.
        matrices: whether a matrix of each relation is drawn.
    """

    turns: tuple[int, ...]
    kinds: tuple[int, ...]
    matrices: bool

    @classmethod
    def of(cls, scene: Scene, turns: Sequence[int], relations: Sequence[str]) -> "Choice":
        """What is asked for; the incoming edges of the middle turn and all matrices if nothing is.

        Args:
            scene: what is drawn.
            turns: chosen turns.
            relations: names of the chosen relations.
        """
        kinds = [kind for kind, name in enumerate(scene.relations) if not relations or name in relations]
        example = [len(scene.dialogue) // 2] if kinds and not turns and not relations else []
        return cls(tuple(turns or example), tuple(kinds), matrices=bool(relations) or not turns)


def save(
    scene: Scene, path: Path, title: str, turns: Sequence[int] = (), relations: Sequence[str] = ()
) -> tuple[str, ...]:
    """Draw a dialogue into a file whose ending chooses the format (``.png``, ``.svg``, ``.pdf``).

    Args:
        scene: what is drawn.
        path: file to write.
        title: stands above the picture.
        turns: those whose incoming edges are drawn.
        relations: names of those that are drawn; all of them if empty.

    Returns:
        what was summarised or left out, one sentence each; the picture says it as well.
    """
    figure, notes = draw(scene, title, turns, relations)
    with replacing(path) as partial:
        figure.savefig(partial, dpi=150)
    return notes


def draw(
    scene: Scene, title: str, turns: Sequence[int] = (), relations: Sequence[str] = ()
) -> tuple[Figure, tuple[str, ...]]:
    """The picture as a figure, and what was summarised or left out; arguments as in `save`.

    Turns run from left to right in rows, a lane for each speaker, coloured by their emotion, with a strip of
    availability for each modality. Below stand the incoming edges of chosen turns and one matrix for each
    chosen relation.
    """
    choice = Choice.of(scene, turns, relations)
    layout = Layout.of(len(scene.dialogue))
    columns = max(step_of(layout) * layout.per_row, STEP * len(window(0, len(scene.dialogue))))
    width = min(WIDEST, max(NARROWEST, LEFT + columns + RIGHT))
    blocks = [heading(title, 12), *timeline(scene, layout, choice.turns)]
    blocks.append(keys_block(emotion_keys(scene, layout), width, "emotions"))
    notes = _notes(scene, layout)
    for turn in choice.turns:
        edges = incoming(scene.graph, turn, choice.kinds)
        blocks += incoming_blocks(scene, turn, edges, width)
        notes += left_out(turn, edges, len(scene.dialogue))
    if choice.matrices:
        sections = _sections(scene, choice)
        blocks += [heading("Edges by relation"), *matrix_blocks(scene, sections, width)] if sections else []
        notes += _matrix_notes(scene, choice, sections)
    if notes:
        blocks.append(notes_block(notes, width))
    return stack(blocks, width), tuple(notes)


def _sections(scene: Scene, choice: Choice) -> dict[int, Section]:
    """What is shown of each chosen relation that has edges."""
    counts = scene.graph.edge_type.bincount(minlength=len(scene.relations)).tolist()
    middle = choice.turns[0] if choice.turns else len(scene.dialogue) // 2
    return {kind: Section.of(scene.graph, kind, middle) for kind in choice.kinds if counts[kind]}


def _matrix_notes(scene: Scene, choice: Choice, sections: dict[int, Section]) -> list[str]:
    notes = []
    for section in dict.fromkeys(sections.values()):
        if section.per_cell > 1:
            size = f"{section.per_cell} x {section.per_cell}"
            notes.append(
                f"A cell of a matrix of all turns stands for {size} pairs, darker where more have an edge."
            )
        elif len(section.turns) < len(scene.dialogue):
            shown = f"{section.turns[0]} to {section.turns[-1]}"
            notes.append(f"Relations between turns close to each other are drawn for turns {shown} only.")
    if absent := [scene.relations[kind] for kind in choice.kinds if kind not in sections]:
        notes.append(f"Without edges in this dialogue: {', '.join(absent)}.")
    return notes


def _notes(scene: Scene, layout: Layout) -> list[str]:
    notes = []
    if layout.per_cell > 1:
        typical = "mean score" if scene.labels.is_score else "most frequent emotion"
        notes.append(
            f"A bar stands for up to {layout.per_cell} turns of a speaker and has the colour of their "
            f"{typical}; strips are darker where more turns have the modality."
        )
    elif not layout.lettered:
        notes.append(f"{layout.turns} turns are drawn as bars, without the codes of their emotions.")
    if scene.lanes.sharing:
        notes.append(f"The {scene.lanes.sharing} speakers with the fewest turns share the last lane.")
    if not scene.relations:
        notes.append("The configuration has no graph, so there are no edges.")
    return notes

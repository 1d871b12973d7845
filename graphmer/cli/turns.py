"""A predicted dialogue as a table for reading."""

from rich.table import Table
from rich.text import Text

from graphmer.dialogue import LabelSpace
from graphmer.dialogue.conditions import short_name
from graphmer.inference import DialoguePrediction
from graphmer.inference.records import TurnRecord, turn_records

_SHADES = ("cyan", "magenta", "green", "yellow", "blue", "red", "bright_cyan", "bright_magenta")
_CAPTION = (
    "read: modalities the model had; change: probability that the speaker's emotion changed, and from what"
)


def turn_table(prediction: DialoguePrediction, labels: LabelSpace) -> Table:
    """One dialogue, a line a turn.

    Args:
        prediction: what the model said.
        labels: names the emotions.
    """
    table = Table(title=Text(prediction.dialogue.id), caption=_CAPTION, caption_justify="left")
    for name in ("turn", "speaker", "read", "emotion", "p", "change"):
        table.add_column(name, no_wrap=True)
    table.add_column("text", overflow="fold")
    for record in turn_records(prediction, labels):
        table.add_row(
            str(record.turn),
            record.speaker,
            short_name(record.available, prediction.dialogue.modalities) if record.available else "nothing",
            _emotion(record, labels),
            f"{max(record.probability.values()):.2f}" if record.probability else "",
            _change(record),
            prediction.dialogue.text[record.turn] or "",
        )
    return table


def _emotion(record: TurnRecord, labels: LabelSpace) -> Text:
    if isinstance(record.emotion, float):
        return Text(f"{record.emotion:+.2f}")
    return Text(str(record.emotion), style=_SHADES[labels.names.index(str(record.emotion)) % len(_SHADES)])


def _change(record: TurnRecord) -> str:
    if record.change is None:
        return ""
    return f"{record.change:.2f} from {record.previous}" if record.changed else f"{record.change:.2f}"

"""Tables of predicted dialogues."""

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from graphmer.characters import visible
from graphmer.dialogue import LabelSpace
from graphmer.dialogue.conditions import short_name
from graphmer.inference import DialoguePrediction, WhatIf
from graphmer.inference.prediction import turn_records
from graphmer.inference.turn_record import TurnRecord

_SHADES = ("cyan", "magenta", "green", "yellow", "blue", "red", "bright_cyan", "bright_magenta")
_CAPTION = (
    "has: modalities that the model had; p: probability of the emotion; change: probability that the "
    "speaker's emotion changed, and from what"
)
_CALLED = (
    "; called, not called: the change as classified from the probability, where it differs from the change "
    "of the predicted emotions"
)
_WHAT_IF = (
    "under other sets: prediction from only these modalities, in the whole dialogue; would help: missing "
    "modality with the largest expected decrease of the entropy of the emotion, in bits, estimated on "
    "training turns"
)


def turn_table(prediction: DialoguePrediction, labels: LabelSpace, *, simulated: bool = False) -> Table:
    """Table of a predicted dialogue, with one row per turn.

    Args:
        prediction: prediction of the dialogue.
        labels: label space of the emotions.
        simulated: whether to mark the title, because the model was trained on simulated dialogues.
    """
    caption = _CAPTION if prediction.change_called is None else _CAPTION + _CALLED
    table = _empty(prediction, caption, simulated)
    table.add_column("change", no_wrap=True)
    table.add_column("text", overflow="fold")
    for record in turn_records(prediction, labels):
        text = visible(prediction.dialogue.text[record.turn] or "")
        table.add_row(*_begin(record, prediction, labels), _change(record), Text(text))
    return table


def what_if_table(found: WhatIf, labels: LabelSpace, *, simulated: bool = False) -> Table:
    """Table of a dialogue with the prediction under every subset of the modalities of each turn.

    Args:
        found: predictions under the available modalities and under their subsets.
        labels: label space of the emotions.
        simulated: whether to mark the title, because the model was trained on simulated dialogues.
    """
    table = _empty(found.actual, _WHAT_IF, simulated)
    table.add_column("under other sets", overflow="fold")
    table.add_column("would help", overflow="fold")
    under = {name: list(turn_records(each, labels)) for name, each in found.under.items()}
    for record in turn_records(found.actual, labels):
        help = found.help[record.turn]
        sets: dict[str, list[str]] = {}
        for name in found.sets_of(record.turn):
            sets.setdefault(str(_emotion(under[name][record.turn], labels)), []).append(name)
        table.add_row(
            *_begin(record, found.actual, labels),
            "\n".join(f"{emotion}: {' '.join(names)}" for emotion, names in sets.items()),
            help.note if help.modality is None else f"{help.modality} (-{help.entropy_drop:.2f})",
        )
    return table


def _empty(prediction: DialoguePrediction, caption: str, simulated: bool) -> Table:
    mark = "SIMULATED: " if simulated else ""
    title = Text(f"{mark}{visible(prediction.dialogue.id)}")
    table = Table(title=title, caption=caption, caption_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("turn", "speaker", "has", "emotion", "p"):
        table.add_column(name, no_wrap=True)
    return table


def _begin(record: TurnRecord, prediction: DialoguePrediction, labels: LabelSpace) -> list[str | Text]:
    return [
        str(record.turn),
        Text(visible(record.speaker)),
        short_name(record.available, prediction.dialogue.modalities) if record.available else "nothing",
        _emotion(record, labels),
        f"{max(record.probability.values()):.2f}" if record.probability else "",
    ]


def _emotion(record: TurnRecord, labels: LabelSpace) -> Text:
    if isinstance(record.emotion, float):
        return Text(f"{record.emotion:+.2f}")
    return Text(str(record.emotion), style=_SHADES[labels.names.index(str(record.emotion)) % len(_SHADES)])


def _change(record: TurnRecord) -> Text:
    if record.change is None:
        return Text()
    change = f"{record.change:.2f} from {record.previous}" if record.changed else f"{record.change:.2f}"
    if record.change_called not in (None, record.changed):
        change += ", called" if record.change_called else ", not called"
    return Text(change, style="bold" if record.changed else "")

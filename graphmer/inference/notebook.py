"""A predicted dialogue as an HTML table, as notebooks show it.

The table takes text colour and background from the notebook, so that it can be read on light and on dark.
"""

from collections.abc import Sequence
from html import escape

from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.conditions import short_name
from graphmer.dialogue.palette import colours
from graphmer.inference.turn_record import TurnRecord
from graphmer.reprs import counted

MOST = 200
"""Turns that are shown; of a longer dialogue, its beginning and its end."""

_STYLE = """<style>
.graphmer-turns { overflow-x: auto; font-size: 13px; line-height: 1.45; }
.graphmer-turns table { border-collapse: collapse; border: 0; margin: .4em 0; }
.graphmer-turns table tr, .graphmer-turns table tr:hover { background: none; }
.graphmer-turns table th, .graphmer-turns table td {
  text-align: left; vertical-align: baseline; white-space: nowrap; color: inherit;
  padding: .2em .7em; border: 0; border-bottom: 1px solid rgba(128, 128, 128, .35);
}
.graphmer-turns table th { font-weight: 600; }
.graphmer-turns table td.number { text-align: right; font-variant-numeric: tabular-nums; }
.graphmer-turns table td.text {
  white-space: normal; min-width: 15em; max-width: 40em; overflow-wrap: anywhere;
}
.graphmer-turns .bar { background: rgba(128, 128, 128, .25); display: inline-block; width: 5em; }
.graphmer-turns .bar i, .graphmer-turns .chip { display: block; height: .75em; border-radius: 2px; }
.graphmer-turns .chip { display: inline-block; width: .75em; }
.graphmer-turns .quiet { opacity: .7; }
</style>"""

_COLUMNS = {
    "turn": "place in the dialogue, from 0",
    "speaker": "who speaks",
    "read": "modalities that the model had",
    "emotion": "what it predicts",
    "p": "probability of that emotion",
    "change": "probability that the speaker's emotion changed, and from what",
    "text": "the transcript",
}
"""What each column holds."""

_OF_CLASSES = ("p", "change")
"""Columns that a score does not have."""


def dialogue_html(
    dialogue: Dialogue, records: Sequence[TurnRecord], labels: LabelSpace, *, simulated: bool
) -> str:
    """A predicted dialogue as an HTML table that needs nothing else.

    Args:
        dialogue: of any length; of more than `MOST` turns the middle is left out.
        records: the predictions of its turns.
        labels: label space of the emotions.
        simulated: whether to mark it as coming from a model of simulated dialogues.
    """
    mark = "<b>SIMULATED:</b> " if simulated else ""
    facts = f"{counted(len(dialogue), 'turn')}, {counted(len(dialogue.speakers), 'speaker')}"
    head = f'{mark}<b>{escape(dialogue.id)}</b> <span class="quiet">{facts}</span>'
    columns = [name for name in _COLUMNS if not (labels.is_score and name in _OF_CLASSES)]
    header = "".join(f'<th title="{escape(_COLUMNS[name])}">{name}</th>' for name in columns)
    colour = dict(zip(labels.names, colours(labels.names), strict=True))
    hidden = len(records) - MOST
    rows = [_row(record, dialogue, colour) for record in _ends(records)]
    if hidden > 0:
        gap = f'<td colspan="{len(columns)}" class="quiet">{counted(hidden, "turn")} not shown</td>'
        rows.insert(MOST // 2, f"<tr>{gap}</tr>")
    body = "\n".join(rows)
    table = f"<table><thead><tr>{header}</tr></thead><tbody>\n{body}\n</tbody></table>"
    return f'{_STYLE}\n<div class="graphmer-turns">{head}\n{table}</div>'


def _ends(records: Sequence[TurnRecord]) -> Sequence[TurnRecord]:
    """The first and the last `MOST` / 2, or all where there are no more."""
    return records if len(records) <= MOST else [*records[: MOST // 2], *records[-MOST // 2 :]]


def _row(record: TurnRecord, dialogue: Dialogue, colour: dict[str, str]) -> str:
    read = short_name(record.available, dialogue.modalities) if record.available else "nothing"
    names = ", ".join(record.available)
    cells = [
        f'<td class="number">{record.turn}</td>',
        f"<td>{escape(record.speaker)}</td>",
        f'<td title="{escape(names)}">{escape(read)}</td>',
        *_emotion(record, colour),
        f'<td class="text">{escape(dialogue.text[record.turn] or "")}</td>',
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _emotion(record: TurnRecord, colour: dict[str, str]) -> tuple[str, ...]:
    """The cells of the emotion, its probability and the change; of a score, its one cell."""
    if isinstance(record.emotion, float):
        return (f'<td class="number">{record.emotion:+.2f}</td>',)
    name = str(record.emotion)
    probability = record.probability[name]
    all_of_them = ", ".join(f"{each} {value:.2f}" for each, value in record.probability.items())
    return (
        f'<td><span class="chip" style="background:{colour[name]}"></span> {escape(name)}</td>',
        f'<td title="{escape(all_of_them)}"><span class="bar"><i style="width:{probability:.0%};'
        f'background:{colour[name]}"></i></span> {probability:.2f}</td>',
        f"<td>{_change(record)}</td>",
    )


def _change(record: TurnRecord) -> str:
    """The change from the speaker's previous turn, and what the model calls it where that differs."""
    if record.change is None:
        return ""
    called = ""
    if record.change_called not in (None, record.changed):
        called = ", called" if record.change_called else ", not called"
    if record.changed:
        return f"<b>&#9650; from {escape(str(record.previous))}</b> {record.change:.2f}{called}"
    return f'<span class="quiet">{record.change:.2f}{called}</span>'

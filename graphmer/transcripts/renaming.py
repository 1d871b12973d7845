"""Names of speakers that a user gives in place of those of a file."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from graphmer.reprs import counted
from graphmer.transcripts.transcript import Transcript


def renamed(transcript: Transcript, names: Mapping[str, str]) -> Transcript:
    """A transcript whose speakers have other names; the report says how many turns of each.

    Args:
        transcript: as it was read; formats whose cues are merged by their speakers have renamed them before.
        names: name to use, by the name in the file.
    """
    given = Counter(turn.speaker for dialogue in transcript.dialogues for turn in dialogue.turns)
    changed = {name: number for name, number in given.items() if names.get(name, name) != name}
    if not changed:
        return transcript
    report = transcript.report
    for name, number in changed.items():
        report.notes.append(f"{counted(number, 'turn')} of {name!r} given to {names[name]!r}")
        report.speakers[names[name]] += report.speakers.pop(name)
    dialogues = []
    for dialogue in transcript.dialogues:
        turns = (replace(turn, speaker=names.get(turn.speaker, turn.speaker)) for turn in dialogue.turns)
        dialogues.append(replace(dialogue, turns=tuple(turns)))
    return replace(transcript, dialogues=dialogues)

"""Choice of the classes of labelled transcripts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from graphmer.corpora.problems import did_you_mean
from graphmer.dialogue import Emotion, Utterance
from graphmer.errors import ConfigError
from graphmer.transcripts import Transcript


def with_classes(
    transcripts: Mapping[Path, Transcript], classes: Sequence[str], aliases: Mapping[str, str]
) -> dict[Path, Transcript]:
    """Transcripts with other names of classes, and with some classes only.

    Turns of other classes stay as unlabelled context; a note says how many.

    Args:
        transcripts: by file.
        classes: names to keep; all if empty.
        aliases: name to use in place of one in the files, ``{alias: class}``.

    Raises:
        ConfigError: if no turn has one of these names.
    """
    found = {turn.emotion for each in transcripts.values() for d in each.dialogues for turn in d.turns}
    names = {str(emotion) for emotion in found if emotion is not None}
    for option, wanted, known in (
        ("--alias", aliases, names),
        ("--classes", classes, {aliases.get(name, name) for name in names}),
    ):
        unknown = [name for name in wanted if name not in known]
        if unknown:
            hint = did_you_mean(unknown[0], sorted(known))
            raise ConfigError(f"{option}: no turn is {unknown[0]!r}. {hint}")

    def chosen(turn: Utterance, dropped: Counter[str]) -> Utterance:
        name: Emotion = None if turn.emotion is None else aliases.get(str(turn.emotion), str(turn.emotion))
        if name is not None and classes and name not in classes:
            dropped[str(name)] += 1
            name = None
        return replace(turn, emotion=name)

    changed = {}
    for path, transcript in transcripts.items():
        dropped: Counter[str] = Counter()
        dialogues = [
            replace(dialogue, turns=tuple(chosen(turn, dropped) for turn in dialogue.turns))
            for dialogue in transcript.dialogues
        ]
        if dropped:
            counts = ", ".join(f"{name} ({number})" for name, number in dropped.most_common())
            transcript.report.notes.append(f"turns of other classes, now unlabelled: {counts}")
        changed[path] = replace(transcript, dialogues=dialogues)
    return changed

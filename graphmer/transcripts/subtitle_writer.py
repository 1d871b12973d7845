"""Subtitles with speakers and emotions: WebVTT and SRT."""

import html

from graphmer.errors import CorpusError
from graphmer.transcripts.timed import timed_turns
from graphmer.transcripts.transcript import TranscribedDialogue
from graphmer.transcripts.voices import plain


def webvtt(dialogue: TranscribedDialogue, remark: str = "") -> str:
    """WebVTT with a voice span for each turn and its emotion in brackets, of the class ``emotion``.

    Raises:
        CorpusError: if a turn has no times.
    """
    cues = ["WEBVTT", *([f"NOTE {remark}"] if remark else [])]
    for turn in timed_turns(dialogue, "WebVTT"):
        emotion = f"<c.emotion>[{_escaped(turn.emotion)}]</c>" if turn.emotion else ""
        words = " ".join(part for part in (_escaped(turn.text), emotion) if part)
        times = f"{_clock(turn.start)} --> {_clock(turn.end)}"
        cues.append(f"{times}\n<v {_escaped(turn.speaker)}>{words}</v>")
    return "\n\n".join(cues) + "\n"


def srt(dialogue: TranscribedDialogue, remark: str = "") -> str:
    """SRT with ``Name: text [emotion]``; name and emotion have a class, by which they are read again.

    Raises:
        CorpusError: if a turn has no times, or there is a remark, for which SRT has no place.
    """
    if remark:
        raise CorpusError(f"SRT has no place for the remark {remark}. Write vtt.")
    cues = []
    for number, turn in enumerate(timed_turns(dialogue, "SRT"), start=1):
        emotion = f'<font class="emotion">[{_escaped(turn.emotion)}]</font>' if turn.emotion else ""
        text = turn.text if plain(turn.text) == turn.text else _escaped(turn.text)
        words = " ".join(
            part
            for part in (f'<font class="speaker">{_escaped(turn.speaker)}:</font>', text, emotion)
            if part
        )
        times = f"{_clock(turn.start)} --> {_clock(turn.end)}".replace(".", ",")
        cues.append(f"{number}\n{times}\n{words}\n")
    return "\n".join(cues)


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _clock(seconds: float) -> str:
    """``hh:mm:ss.mmm``."""
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"

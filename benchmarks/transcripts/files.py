# ruff: noqa: E501 - files are written as they are
"""Long transcripts in every format, all with the same turns."""

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

WORDS = "so I said that we could meet again on the day after and talk about what had been left open"


def turns(number: int) -> Iterator[tuple[int, str, str, float, float]]:
    """Number, speaker, text, start and end of each turn."""
    for at in range(number):
        yield at, ("Ann", "Bob")[at % 2], f"{WORDS} {at}", 10.0 * at, 10.0 * at + 4


def clock(seconds: float, comma: str = ".") -> str:
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours:02}:{rest // 60:02}:{rest % 60:02}{comma}000"


def joined(line: Callable[..., str], head: str = "", end: str = "") -> Callable[[int], str]:
    return lambda number: head + "".join(line(*turn) for turn in turns(number)) + end


def document(content: Callable[[list[Any]], Any], each: Callable[..., Any]) -> Callable[[int], str]:
    return lambda number: json.dumps(content([each(*turn) for turn in turns(number)]))


def whisperx(at: int, who: str, text: str, a: float, b: float) -> Any:
    words = text.split()
    timed = [
        {"word": w, "start": a + k * 0.1, "end": a + k * 0.1 + 0.1, "score": 0.9} for k, w in enumerate(words)
    ]
    return {"start": a, "end": b, "text": f" {text}", "speaker": who, "words": timed}


def elan(number: int) -> str:
    each = list(turns(number))
    slots = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="ts{2 * at + k}" TIME_VALUE="{int(1000 * time)}"/>\n'
        for at, _, _, a, b in each
        for k, time in ((0, a), (1, b))
    )
    tiers = "".join(
        f'<TIER LINGUISTIC_TYPE_REF="u" PARTICIPANT="{name}" TIER_ID="{name}">\n'
        + "".join(
            f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{at}" TIME_SLOT_REF1="ts{2 * at}" '
            f'TIME_SLOT_REF2="ts{2 * at + 1}"><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>'
            "</ALIGNABLE_ANNOTATION></ANNOTATION>\n"
            for at, who, text, *_ in each
            if who == name
        )
        + "</TIER>\n"
        for name in ("Ann", "Bob")
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT FORMAT="3.0" VERSION="3.0">'
        f'<HEADER TIME_UNITS="milliseconds"/><TIME_ORDER>{slots}</TIME_ORDER>{tiers}'
        '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="u" TIME_ALIGNABLE="true"/></ANNOTATION_DOCUMENT>'
    )


def textgrid(number: int) -> str:
    each = list(turns(number))
    end = 10 * number
    found = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n{end}\n<exists>\n2\n'
    for name in ("Ann", "Bob"):
        intervals = [f'{a}\n{b}\n"{text}"\n' for _, who, text, a, b in each if who == name]
        found += f'"IntervalTier"\n"{name}"\n0\n{end}\n{len(intervals)}\n' + "".join(intervals)
    return found


def amazon(number: int) -> str:
    items: list[Any] = []
    segments = []
    for _, who, text, a, b in turns(number):
        times = [
            {"start_time": str(a + k * 0.1), "end_time": str(a + k * 0.1 + 0.1)}
            for k in range(len(text.split()))
        ]
        spoken = zip(times, text.split(), strict=True)
        items += [{**t, "type": "pronunciation", "alternatives": [{"content": word}]} for t, word in spoken]
        items.append({"type": "punctuation", "alternatives": [{"content": "."}]})
        parts = [{**t, "speaker_label": who} for t in times]
        segments.append({"start_time": str(a), "end_time": str(b), "speaker_label": who, "items": parts})
    labels = {"speakers": 2, "segments": segments}
    return json.dumps(
        {"jobName": "j", "results": {"transcripts": [], "speaker_labels": labels, "items": items}}
    )


def label_studio(number: int) -> str:
    dialogue = [{"author": who, "text": text} for _, who, text, *_ in turns(number)]
    results = [
        {"from_name": "emotion", "value": {"start": str(at), "end": str(at), "paragraphlabels": ["joy"]}}
        for at in range(number)
    ]
    task = {"id": 1, "data": {"dialogue": dialogue}, "annotations": [{"completed_by": 1, "result": results}]}
    return json.dumps([task])


def excel(number: int, path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("talk")
    sheet.append(["speaker", "text", "start", "end"])
    for _, who, text, a, b in turns(number):
        sheet.append([who, text, a, b])
    book.save(path)


def word(number: int, path: Path) -> None:
    texts = "".join(
        f"<w:p><w:r><w:t>{who}  {clock(a)[:8]}</w:t><w:br/><w:t>{text}</w:t></w:r></w:p>"
        for _, who, text, a, _ in turns(number)
    )
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    document = f'<w:document xmlns:w="{space}"><w:body>{texts}</w:body></w:document>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", document)


def iemocap(number: int, folder: Path) -> None:
    """Folders of IEMOCAP: a dialogue of at most a thousand turns, since their numbers have three digits."""
    for first in range(0, number, 1000):
        name = f"Ses01F_script{first // 1000:02}"
        part = list(turns(number))[first : first + 1000]
        ids = [f"{name}_{'FM'[at % 2]}{at % 1000:03}" for at, *_ in part]
        lines = [
            f"[{a:.4f} - {b:.4f}]\t{id}\tneu\t[2.5, 2.5, 2.5]\n\n"
            for id, (_, _, _, a, b) in zip(ids, part, strict=True)
        ]
        texts = [
            f"{id} [{a:.4f}-{b:.4f}]: {text}\n" for id, (_, _, text, a, b) in zip(ids, part, strict=True)
        ]
        for kind, content in (("EmoEvaluation", lines), ("transcriptions", texts)):
            place = folder / "Session1" / "dialog" / kind
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{name}.txt").write_text("".join(content))


def convokit(number: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "utterances.jsonl").open("w") as file:
        for at, who, text, a, _ in turns(number):
            reply = None if at == 0 else f"u{at - 1}"
            row = {
                "id": f"u{at}",
                "conversation_id": "u0",
                "text": text,
                "speaker": who,
                "meta": {"mood": "calm"},
            }
            file.write(json.dumps({**row, "reply-to": reply, "timestamp": a}) + "\n")
    for name in ("speakers", "conversations", "corpus", "index"):
        (folder / f"{name}.json").write_text("{}")


TEXTS: Mapping[str, Callable[[int], str]] = {
    "WebVTT": joined(
        lambda at, who, text, a, b: f"{clock(a)} --> {clock(b)}\n<v {who}>{text}</v>\n\n", "WEBVTT\n\n"
    ),
    "SRT": joined(
        lambda at, who, text, a, b: f"{at + 1}\n{clock(a, ',')} --> {clock(b, ',')}\n{who}: {text}\n\n"
    ),
    "SBV": joined(lambda at, who, text, a, b: f"{clock(a)},{clock(b)}\n{who}: {text}\n\n"),
    "SubStation Alpha": joined(
        lambda at, who, text, a, b: f"Dialogue: 0,{clock(a)},{clock(b)},Default,{who},0,0,0,,{text}\n",
        "[Script Info]\n\n[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n",
    ),
    "ELAN": elan,
    "Praat TextGrid": textgrid,
    "CHAT (TalkBank)": joined(
        lambda at, who, text, a, b: f"*{who.upper()}:\t{text} . \x15{int(1000 * a)}_{int(1000 * b)}\x15\n",
        "@UTF8\n@Begin\n@Participants:\tANN Ann Adult, BOB Bob Adult\n",
        "@End\n",
    ),
    "RTTM": joined(lambda at, who, text, a, b: f"SPEAKER call 1 {a} {b - a} <NA> <NA> {who} <NA> <NA>\n"),
    "Whisper JSON": document(
        lambda each: {"segments": each},
        lambda at, who, text, a, b: {"id": at, "start": a, "end": b, "text": text},
    ),
    "WhisperX JSON": document(lambda each: {"segments": each}, whisperx),
    "whisper.cpp JSON": document(
        lambda each: {"transcription": each},
        lambda at, who, text, a, b: {"offsets": {"from": int(1000 * a), "to": int(1000 * b)}, "text": text},
    ),
    "YouTube captions JSON": document(
        lambda each: {"wireMagic": "pb3", "events": each},
        lambda at, who, text, a, b: {
            "tStartMs": int(1000 * a),
            "dDurationMs": int(1000 * (b - a)),
            "segs": [{"utf8": f"{who}: {text}"}],
        },
    ),
    "Rev JSON": document(
        lambda each: {"monologues": each},
        lambda at, who, text, a, b: {
            "speaker": at % 2,
            "elements": [
                {"type": "text", "value": word, "ts": a, "end_ts": b, "confidence": 0.9}
                for word in text.split()
            ],
        },
    ),
    "ElevenLabs Scribe JSON": lambda number: json.dumps(
        {
            "language_code": "eng",
            "words": [
                {"text": word, "start": a, "end": b, "type": "word", "speaker_id": who}
                for _, who, text, a, b in turns(number)
                for word in text.split()
            ],
        }
    ),
    "Speechmatics JSON": lambda number: json.dumps(
        {
            "format": "2.9",
            "results": [
                {
                    "type": "word",
                    "start_time": a,
                    "end_time": b,
                    "alternatives": [{"content": word, "speaker": who, "confidence": 0.9}],
                }
                for _, who, text, a, b in turns(number)
                for word in text.split()
            ],
        }
    ),
    "IBM Watson JSON": lambda number: json.dumps(
        {
            "results": [
                {
                    "final": True,
                    "alternatives": [{"transcript": text, "timestamps": [[w, a, b] for w in text.split()]}],
                }
                for _, _, text, a, b in turns(number)
            ],
            "speaker_labels": [{"from": a, "to": b, "speaker": at % 2} for at, _, _, a, b in turns(number)],
        }
    ),
    "Amazon Transcribe JSON": amazon,
    "Amazon call analytics JSON": document(
        lambda each: {"Transcript": each},
        lambda at, who, text, a, b: {
            "ParticipantRole": who,
            "Content": text,
            "BeginOffsetMillis": 1000 * a,
            "EndOffsetMillis": 1000 * b,
        },
    ),
    "Deepgram JSON": document(
        lambda each: {"results": {"channels": [], "utterances": each}},
        lambda at, who, text, a, b: {"start": a, "end": b, "transcript": text, "speaker": at % 2},
    ),
    "AssemblyAI JSON": document(
        lambda each: {"id": "x", "audio_url": "y", "status": "completed", "utterances": each},
        lambda at, who, text, a, b: {"start": 1000 * a, "end": 1000 * b, "text": text, "speaker": who},
    ),
    "Google Speech-to-Text JSON": document(
        lambda each: {"results": each},
        lambda at, who, text, a, b: {
            "alternatives": [
                {
                    "transcript": text,
                    "words": [
                        {"word": word, "startTime": f"{a}s", "endTime": f"{b}s", "speakerTag": at % 2 + 1}
                        for word in text.split()
                    ],
                }
            ]
        },
    ),
    "Azure Speech JSON": document(
        lambda each: {"recognizedPhrases": each},
        lambda at, who, text, a, b: {
            "recognitionStatus": "Success",
            "speaker": at % 2 + 1,
            "nBest": [{"display": text}],
            "offsetInTicks": 1e7 * a,
            "durationInTicks": 1e7 * (b - a),
        },
    ),
    "MELD's CSV": joined(
        lambda at, who, text, a, b: (
            f'{at},"{text}",{who},joy,positive,{at // 20},{at % 20},1,1,"{clock(a % 3600, ",")}","{clock(a % 3600 + 4, ",")}"\n'
        ),
        "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n",
    ),
    "EmoryNLP's CSV": joined(
        lambda at, who, text, a, b: (
            f'"{text}","[\'{who}\']",Joyful,{at // 20},{at % 20},1,1,"00:00:01.0","00:00:02.0"\n'
        ),
        "Utterance,Speaker,Emotion,Scene_ID,Utterance_ID,Season,Episode,Start_Time,End_Time\n",
    ),
    "EDiReF's JSON": lambda number: json.dumps(
        [
            {
                "episode": f"e{first}",
                "speakers": ["Ann", "Bob"] * 5,
                "emotions": ["joy"] * 10,
                "utterances": [f"{WORDS} {at}" for at in range(first, first + 10)],
                "triggers": [0.0] * 10,
            }
            for first in range(0, number, 10)
        ]
    ),
    "RECCON's JSON": lambda number: json.dumps(
        {
            f"tr_{first}": [
                [
                    {
                        "turn": at + 1,
                        "speaker": "AB"[at % 2],
                        "utterance": f"{WORDS} {at}",
                        "emotion": "neutral",
                    }
                    for at in range(10)
                ]
            ]
            for first in range(0, number, 10)
        }
    ),
    "EmoContext's table": lambda number: (
        "id\tturn1\tturn2\tturn3\tlabel\n"
        + "".join(f"{at}\t{WORDS}\t{WORDS}\t{WORDS}\thappy\n" for at in range(number // 3 + 1))
    ),
    "Label Studio": label_studio,
    "JSON of turns": joined(
        lambda at, who, text, a, b: json.dumps({"speaker": who, "text": text, "start": a, "end": b}) + "\n"
    ),
    "WhatsApp": joined(
        lambda at, who, text, a, b: (
            f"{at // 1440 % 28 + 1:02}/06/23, {at // 60 % 24:02}:{at % 60:02} - {who}: {text}\n"
        )
    ),
    "text with times": joined(lambda at, who, text, a, b: f"{who}  {clock(a)[:8]}\n{text}\n\n"),
    "chat of lines `Name: text`": joined(lambda at, who, text, a, b: f"{who}: {text}\n"),
    "table (CSV, TSV)": joined(
        lambda at, who, text, a, b: f'{who},"{text}",{a},{b}\n', "speaker,text,start,end\n"
    ),
}
"""Makers of the text of a file with so many turns, by the name of the format."""

WRITERS: Mapping[str, Callable[[int, Path], None]] = {
    "Excel": excel,
    "Word": word,
    "IEMOCAP's EmoEvaluation": iemocap,
    "ConvoKit's corpus": convokit,
}
"""Writers of other files and folders."""


def write(name: str, number: int, path: Path) -> None:
    """Write a transcript of a format with so many turns."""
    if name in WRITERS:
        WRITERS[name](number, path)
    else:
        path.write_text(TEXTS[name](number), encoding="utf-8")

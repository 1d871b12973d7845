"""Writing and reading of small transcripts in tests."""

import json

from graphmer.transcripts import ReadingOptions, read_transcript


def written(folder, content, name="file.any"):
    path = folder / name
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(folder, content, name="file.any", **options):
    return read_transcript(written(folder, content, name), ReadingOptions(**options))


def turns(transcript, dialogue=0):
    return [(turn.speaker, turn.text) for turn in transcript.dialogues[dialogue].turns]


def timed(transcript, dialogue=0):
    return [(turn.speaker, turn.text, turn.start, turn.end) for turn in transcript.dialogues[dialogue].turns]

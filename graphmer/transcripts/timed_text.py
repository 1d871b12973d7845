"""Text with times in its lines: Otter, Rev, Teams, Whisper's terminal, saved chats of Zoom."""

from graphmer.errors import CorpusError
from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.timed_blocks import blocks_of, has_blocks
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript
from graphmer.transcripts.voices import Voice, accepted_names, with_names


class TimedTextFormat:
    """Blocks with ``Name 0:03``, ``Name (0:03): words``, ``[0:03] Name: words`` or ``0:03`` as first line.

    All blocks begin in the same way; see `blocks_of`. Where each block with the time first has lines below
    it, the rest of its first line is the name.
    """

    name = "text with times"

    def matches(self, head: str) -> bool:
        return has_blocks(head)

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport()
        blocks = blocks_of(file.text, report)
        if not blocks:
            raise CorpusError(f"{file.path}: has no line with a time. Write lines `[0:03] Name: text`.")
        if all(block.name is None and block.first and block.below for block in blocks):
            for block in blocks:
                block.name, block.first = block.first.rstrip(": "), ""
        for block in blocks:
            if block.name is not None and block.below[:1] == [block.name]:
                block.below.pop(0)  # Teams repeats it
        spoken = [
            (block, Voice(block.name, "\n".join(part for part in (block.first, *block.below) if part)))
            for block in blocks
        ]
        names = accepted_names([voice for _, voice in spoken], options.roster, report, once=True)
        cues = [
            Cue(voice.name, voice.text, block.start, block.end)
            for block, whole in spoken
            for voice in with_names(whole, names)
        ]
        report.taken = {"speaker": "names beside the times", "times": "times in the text"}
        found = tuple(turns(cues, options, report, str(file.path)))
        return Transcript(self.name, [TranscribedDialogue(file.path.stem, found)], report)

"""RTTM files of diarization systems: turns with speakers and times, without text."""

from dataclasses import replace

from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.diarization import is_rttm, segments_of
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript


class RttmFormat:
    """A dialogue for each recording of the file; the text of all turns is missing."""

    name = "RTTM"

    def matches(self, head: str) -> bool:
        return is_rttm(head)

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport(taken={"speaker": "field 8", "times": "start and duration in seconds"})
        found = []
        recordings = segments_of(file, report.left_out)
        if options.unnamed == "refuse" and any(s.speaker for part in recordings.values() for s in part):
            options = replace(options, unnamed="unknown")  # of a recording in which nobody is named
        for name, segments in recordings.items():
            cues = [Cue(segment.speaker, "", segment.start, segment.end) for segment in segments]
            made = turns(cues, options, report, str(file.path), recording=name)
            found.append(TranscribedDialogue(name, tuple(made)))
        report.notes.append("RTTM has no text; to name the speakers of a transcript, give it as --rttm")
        return Transcript(self.name, found, report)

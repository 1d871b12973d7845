"""ELAN's annotation documents (``.eaf``): tiers of participants."""

from collections import Counter
from itertools import chain

from graphmer.errors import CorpusError
from graphmer.transcripts import tiers
from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.elan_document import ElanDocument, Tier
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript


class ElanFormat:
    """Annotations of the tiers of utterances, whose speaker is the participant, else the id of the tier.

    A tier is named by its id, by the part of it before ``@``, or by its linguistic type. Times are those of
    the first recording: its ``TIME_ORIGIN`` is added. Emotions are those of a tier of symbolic association
    below the utterances whose id or type has the word emotion; a top tier of such a name is no speech.
    """

    name = "ELAN"

    def matches(self, head: str) -> bool:
        return "<ANNOTATION_DOCUMENT" in head

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport(
            taken={"speaker": "participants of tiers, else their ids", "times": "milliseconds"}
        )
        document = ElanDocument(file)
        read = self._read(document, options, report)
        times = document.times()
        placed: list[tuple[int, Cue]] = []
        for tier in read:
            labels, speaker = document.labels(tier), document.speaker(tier)
            for each in tier.annotations:
                cue = Cue(speaker, each.text, *times[each.id], labels.get(each.id))
                placed.append((document.place(each), cue))
        cues = [cue for _, cue in sorted(placed, key=lambda found: found[0])]  # where times are equal
        if not cues:
            raise CorpusError(f"{file.path}: has no annotation. Name a file with tiers of utterances.")
        origins = list(dict.fromkeys(document.origins))
        if len(origins) > 1:
            report.notes.append(
                f"recordings begin at different times; all are those of the first ({origins[0]} s)"
            )
        elif any(origins):
            report.notes.append(f"times are moved by TIME_ORIGIN, {origins[0]} s")
        found = tuple(turns(cues, options, report, str(file.path)))
        return Transcript(self.name, [TranscribedDialogue(file.path.stem, found)], report)

    def _read(self, document: ElanDocument, options: ReadingOptions, report: ReadingReport) -> list[Tier]:
        names = {id: (id, id.partition("@")[0], tier.type) for id, tier in document.tiers.items()}
        aligned = [tier for tier in document.top_down if tier.parent is None and tier.is_aligned]
        top = [tier.id for tier in aligned if not tier.is_of_emotions] or [tier.id for tier in aligned]
        found = [document.tiers[id] for id in tiers.chosen(names, top, options, document.path)]
        if options.roster:
            found = [tier for tier in found if document.speaker(tier) in options.roster]
        felt = [tier.id for tier in chain.from_iterable(map(document.emotion_tiers, found))]
        if felt:
            report.notes.append(f"tiers read as emotions: {', '.join(felt)}")
        used = {*felt, *(tier.id for tier in found)}
        others = Counter({id: len(tier.annotations) for id, tier in document.tiers.items() if id not in used})
        tiers.note([(tier.id, document.speaker(tier)) for tier in found], +others, report)
        return found

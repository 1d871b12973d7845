"""Corpora of words without features: whether a file or folder is one, and reading it."""

from pathlib import Path

from graphmer.corpora.base import InMemoryCorpus
from graphmer.corpora.objects import STANDARD_INPUT, is_json
from graphmer.corpora.problems import Findings
from graphmer.errors import CorpusError
from graphmer.experiment.words import ENDINGS, PUBLISHED, corpus_of, read_transcripts
from graphmer.transcripts import ReadingOptions, detected, folder_format


def has_words(source: Path) -> bool:
    """Whether a source is a transcript, a folder of them, or a corpus of words: all without features."""
    if source.is_dir():
        return folder_format(source) is not None or any(
            path.suffix.lower() in ENDINGS and has_words(path) for path in sorted(source.iterdir())
        )
    try:
        return source.is_file() and detected(source) is not None
    except CorpusError:  # binary or empty
        return False


def is_transcript(source: Path) -> bool:
    """Whether a source has words to extract features of, rather than dialogues with features (JSON, gzip)."""
    if source.is_dir():
        return folder_format(source) is not None
    if source == STANDARD_INPUT or not source.is_file():
        return False
    return not is_json(source) or has_words(source)


def is_published(source: Path) -> bool:
    """Whether a source of words is a published corpus, or a folder: rather than one transcript."""
    if source.is_dir():
        return True
    found = detected(source)
    return found is not None and found.name in PUBLISHED


def read_words(source: Path, options: ReadingOptions, name: str, findings: Findings) -> InMemoryCorpus:
    """Corpus of labelled words, which has no features.

    What was merged, left out and repaired becomes notes.

    Args:
        source: see `read_transcripts`.
        options: choices that the files cannot answer.
        name: of the corpus, if it is not known.
        findings: collector of problems.

    Raises:
        CorpusError: if a file is invalid, or no turn has a label.
    """
    transcripts = read_transcripts(source, options)
    for path, transcript in transcripts.items():
        for line in transcript.lines():
            findings.note(line, path.name, "Read so.")
    return corpus_of(transcripts, [], name, findings=findings)[0]

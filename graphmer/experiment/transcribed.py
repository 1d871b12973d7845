"""Corpora whose features a configuration extracts from transcripts."""

import logging
from collections.abc import Callable
from pathlib import Path

from graphmer.config.schema import Config
from graphmer.corpora.base import Corpus, InMemoryCorpus
from graphmer.corpora.dataset import write_dataset
from graphmer.experiment.words import Progress, corpus_of, make_extractor, read_transcripts
from graphmer.features import default_folder
from graphmer.transcripts import ReadingOptions

FOLDER = Path("corpus")
"""Folder of the extracted corpus within a run folder."""

_log = logging.getLogger(__name__)


def transcribed_corpus(
    config: Config,
    device: str = "cpu",
    progress: Progress | None = None,
    note: Callable[[str], None] = _log.info,
) -> InMemoryCorpus | None:
    """Corpus of labelled transcripts with the features of a configuration; what is extracted is cached.

    ``None`` if the configuration has no `features`, or simulates the corpus.

    Args:
        config: a checked configuration.
        device: on which extractors compute.
        progress: see `extract`.
        note: called with each line on what was read and what is missing.

    Raises:
        CorpusError: if there are no transcripts, one is invalid, or none has labels.
        ConfigError: if an extractor cannot be loaded.
    """
    if config.features is None or config.data.simulates:
        return None
    assert config.data.root is not None  # the schema has checked it
    transcripts = read_transcripts(config.data.root, ReadingOptions())
    for path, transcript in transcripts.items():
        for line in (transcript.summary, *transcript.report.lines()):
            note(f"{path.name}: {line}")
    extractor = make_extractor("text", config.features.text, device, {"precision": config.features.precision})
    note(f"text features of {extractor.provenance}")
    corpus, done = corpus_of(transcripts, [extractor], config.name, default_folder(), progress)
    for line in done.lines():
        note(line)
    return corpus


def stored(config: Config) -> Config:
    """The configuration that reads the extracted corpus from the run folder."""
    data = config.data.model_copy(update={"format": "graphmer", "root": FOLDER})
    return config.model_copy(update={"data": data, "features": None})


def store_corpus(corpus: Corpus, run: Path) -> None:
    """Write the extracted corpus into a run folder, so that the run needs neither extractor nor cache."""
    described = {modality: str(each) for modality, each in corpus.card.extractors.items()}
    write_dataset(corpus, run / FOLDER, extractors=described)
